"""Print the canonical text of a version."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from crm_handoff.management.arguments import add_version, version_of
from definitions import versions


class Command(BaseCommand):
    """Export a version."""

    help = "Print the YAML text of a version: what was signed, or the present rows of a draft."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_version(parser, is_person_asked=False)

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(versions.canonical_text(version_of(options)), ending="")
