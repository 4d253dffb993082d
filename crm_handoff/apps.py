"""App configuration."""

import gc

from django.apps import AppConfig, apps
from django.contrib.admin import apps as django_admin
from django.db.models.signals import post_migrate


class CrmHandoffConfig(AppConfig):
    """The people of the product; keeps the roles after every migration."""

    default = True
    name = "crm_handoff"
    verbose_name = "People"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from crm_handoff.people import roles  # noqa: PLC0415 - models exist from here on

        # The last app with models: by then the permissions of all of them have been created.
        *_, last = (app for app in apps.get_app_configs() if app.models_module is not None)
        post_migrate.connect(roles.keep, sender=last, dispatch_uid="crm_handoff.roles")
        _collect_less()


def _collect_less() -> None:
    """Let the garbage collector look seldom, and never at what was loaded at the start.

    A batch of leads is many small objects without a cycle among them: walking them again and
    again cost a noticeable share of judging it.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


class HandoffAdminConfig(django_admin.AdminConfig):
    """Puts the product's own site in the place of Django's."""

    default = False
    default_site = "crm_handoff.admin_site.HandoffAdminSite"
