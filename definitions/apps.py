"""App configuration."""

from django.apps import AppConfig


class DefinitionsConfig(AppConfig):
    """The ground floor."""

    name = "definitions"
    default_auto_field = "django.db.models.BigAutoField"
