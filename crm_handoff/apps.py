"""App configuration."""

from django.apps import AppConfig


class CrmHandoffConfig(AppConfig):
    name = "crm_handoff"
    verbose_name = "People"
    default_auto_field = "django.db.models.BigAutoField"
