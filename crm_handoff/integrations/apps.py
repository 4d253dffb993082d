"""App configuration."""

from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    name = "crm_handoff.integrations"
    label = "integrations"
    default_auto_field = "django.db.models.BigAutoField"
