"""End an API key."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from crm_handoff.clock import database_now
from crm_handoff.management.arguments import api_key
from crm_handoff.people import keys


class Command(BaseCommand):
    """Make an API key useless at once."""

    help = "Make an API key useless at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("prefix", help="what comes after chk_ in the key, 12 characters")

    def handle(self, *args: Any, **options: Any) -> None:
        key = api_key(options)
        keys.revoke(key, at=database_now())
        self.stdout.write(f"{key} is revoked since {key.revoked_at:%Y-%m-%d %H:%M} UTC.")
