"""Load the demo organization into an empty product."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from crm_handoff import demo, pipeline
from crm_handoff.clock import database_now


class Command(BaseCommand):
    help = "Load the demo organization and its past year into an empty product (DEMO=true only)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--weeks",
            type=int,
            choices=range(2, demo.WEEKS + 1),
            default=demo.WEEKS,
            metavar="WEEKS",
            help=f"for how long its people have worked with it, 2 to {demo.WEEKS} ({demo.WEEKS})",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("The demo has published passwords: set DEMO=true to load it.")
        if not demo.load(at=database_now(), weeks=options["weeks"]):
            self.stdout.write("There is an organization already; the demo was not loaded.")
            return
        # Loading took its time: clocks ran meanwhile.
        while pipeline.fire_due_steps():
            pass
        self.stdout.write("The demo organization is loaded.")
