"""Freeze a draft version for review."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from crm_handoff.agreements import rounds
from crm_handoff.management.arguments import add_version, person, version_of
from definitions import versions


class Command(BaseCommand):
    """Submit a version, and tell those who may sign it."""

    help = "Freeze the latest version of a definition, so that both sides can sign it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_version(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        version = version_of(options)
        try:
            rounds.submit(version, by=person(options), at=timezone.now())
        except (versions.VersionIsFrozen, versions.ContentInvalid) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{version.definition.key} {version.number} is in review: {version.content_hash}"
        )
