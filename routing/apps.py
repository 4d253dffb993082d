"""App configuration."""

from django.apps import AppConfig


class RoutingConfig(AppConfig):
    """Ownership and clocks."""

    name = "routing"
    default_auto_field = "django.db.models.BigAutoField"
