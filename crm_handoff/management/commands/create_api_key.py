"""Issue an API key and print it, once."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_slug
from django.utils.dateparse import parse_datetime

from crm_handoff.management.arguments import person
from crm_handoff.people import keys
from crm_handoff.people.models import Scope


class Command(BaseCommand):
    """Issue an API key for an integration; its clear text is printed once and kept nowhere."""

    help = "Issue an API key for an integration and print it, once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", required=True, help="what uses it: “Website forms”")
        parser.add_argument("--system", required=True, help="external system whose facts it sends")
        parser.add_argument(
            "--as", required=True, dest="email", help="e-mail of the person who answers for it"
        )
        parser.add_argument(
            "--scope",
            action="append",
            default=[],
            choices=Scope.values,
            dest="scopes",
            help="what it may be used for, given once or often; without: ingest and read",
        )
        parser.add_argument("--rate", type=int, help="calls a minute; without: the usual rate")
        parser.add_argument("--expires", help="ISO 8601 instant with its zone; without: never")

    def handle(self, *args: Any, name: str, system: str, **options: Any) -> None:
        try:
            validate_slug(system)
        except ValidationError:
            raise CommandError("--system: letters, digits, - and _ alone.") from None
        expires_at = parse_datetime(options["expires"]) if options["expires"] else None
        if options["expires"] and (expires_at is None or expires_at.tzinfo is None):
            raise CommandError("--expires: an instant such as 2027-01-31T00:00:00Z.")
        if options["rate"] is not None and options["rate"] < 1:
            raise CommandError("--rate: at least one call a minute.")
        issued = keys.issue(
            name,
            system=system,
            created_by=person(options),
            scopes=options["scopes"],
            rate_per_minute=options["rate"],
            expires_at=expires_at,
        )
        self.stdout.write(issued.token)
        self.stderr.write(f"Key {issued.key.prefix} of {system}; it is not shown again.")
