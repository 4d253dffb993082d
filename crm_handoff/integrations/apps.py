"""App configuration."""

from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    """Messages and connectors, under a label of their own."""

    name = "crm_handoff.integrations"
    label = "integrations"
    default_auto_field = "django.db.models.BigAutoField"
