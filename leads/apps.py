"""App configuration."""

from django.apps import AppConfig


class LeadsConfig(AppConfig):
    """The floor of facts."""

    name = "leads"
    default_auto_field = "django.db.models.BigAutoField"
