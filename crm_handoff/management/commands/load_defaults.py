"""Load what every installation starts with."""

from typing import Any

from django.core.management.base import BaseCommand

from crm_handoff import defaults
from crm_handoff.models import User


class Command(BaseCommand):
    help = (
        "Load kinds, title rules, reasons, calendar, queue and drafts; changes no edit of yours."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        administrator = User.objects.filter(is_superuser=True, is_active=True).first()
        defaults.load(by=administrator)
        if administrator is None:
            self.stdout.write(
                "Nobody administers the product yet: run `manage.py createsuperuser`, then "
                "`manage.py load_defaults` again for the fallback queue and the definitions."
            )
