"""Load the demo organization into an empty product."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from crm_handoff import demo
from crm_handoff.clock import database_now


class Command(BaseCommand):
    help = "Load the demo organization into an empty product (DEMO=true only)."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("The demo has published passwords: set DEMO=true to load it.")
        if demo.load(at=database_now()):
            self.stdout.write("The demo organization is loaded.")
        else:
            self.stdout.write("There is an organization already; the demo was not loaded.")
