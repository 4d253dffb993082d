"""Sign a version in review for one side."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from crm_handoff.management.arguments import add_version, person, version_of
from definitions import versions
from definitions.enums import Side


class Command(BaseCommand):
    """Sign a version."""

    help = "Sign the latest version of a definition for marketing or for sales."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_version(parser)
        parser.add_argument("--side", choices=Side.values, required=True)
        parser.add_argument("--comment", default="")

    def handle(self, *args: Any, side: str, comment: str, **options: Any) -> None:
        version, signer = version_of(options), person(options)
        if not signer.has_perm(f"definitions.sign_{side}"):
            raise CommandError(f"{signer.email} may not sign for {side}.")
        try:
            versions.sign(version, side=side, by=signer, at=timezone.now(), comment=comment)
        except (
            versions.VersionNotInReview,
            versions.SideAlreadySigned,
            versions.SignerMayNotSign,
        ) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{signer.email} signed {version.definition.key} {version.number} for {side}: "
            f"{version.content_hash}"
        )
