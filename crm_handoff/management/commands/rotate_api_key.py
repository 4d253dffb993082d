"""Replace an API key and print the new one, once."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm_handoff.clock import database_now
from crm_handoff.management.arguments import api_key, person
from crm_handoff.people import keys


class Command(BaseCommand):
    """Replace an API key by one that may do the same; both work for a while."""

    help = "Replace an API key by one that may do the same, and print the new one, once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("prefix", help="what comes after chk_ in the old key, 12 characters")
        parser.add_argument(
            "--as", required=True, dest="email", help="e-mail of the person who answers for it"
        )
        parser.add_argument(
            "--overlap-hours", type=int, default=24, help="for how long the old one works on: 24"
        )

    def handle(self, *args: Any, overlap_hours: int, **options: Any) -> None:
        if overlap_hours < 0:
            raise CommandError("--overlap-hours: 0 or more.")
        old = api_key(options)
        try:
            issued = keys.rotate(
                old,
                by=person(options),
                at=database_now(),
                overlap=timedelta(hours=overlap_hours),
            )
        except keys.KeyNotReplaceable as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(issued.token)
        self.stderr.write(f"{old} works until {old.expires_at:%Y-%m-%d %H:%M} UTC.")
