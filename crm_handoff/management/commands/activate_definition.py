"""Put a signed version in force."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from crm_handoff import pipeline
from crm_handoff.management.arguments import add_version, person, version_of
from definitions import versions


class Command(BaseCommand):
    """Activate a version."""

    help = "Put the latest version of a definition in force and retire the one that was."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_version(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        version = version_of(options)
        try:
            pipeline.put_in_force(version, by=person(options), at=timezone.now())
        except (versions.VersionNotSigned, versions.VersionNotYetEffective) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{version.definition.key} {version.number} is active.")
