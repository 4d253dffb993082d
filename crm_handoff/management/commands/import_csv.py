"""Import a file of comma-separated values."""

import logging
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from leads import imports, mappings
from leads.enums import ImportMode
from leads.files import FileRefused
from leads.imports import Report

MOST_PRINTED = 20


@contextmanager
def quiet_leads(*, is_quiet: bool) -> Iterator[None]:
    """Leave out the log line of each single lead, which would bury the refused rows."""
    log = logging.getLogger("leads")
    before = log.level
    log.setLevel(logging.WARNING if is_quiet else before)
    try:
        yield
    finally:
        log.setLevel(before)


class Command(BaseCommand):
    help = "Import leads, touchpoints and deals from a CSV file; repeating it adds nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--mapping",
            required=True,
            help=f"What the columns mean: {', '.join(mappings.shipped())}, or a YAML file.",
        )
        parser.add_argument(
            "--mode",
            choices=ImportMode.values,
            default="",
            help="history: judge and hand off nothing; live: as if it came by the API. "
            "Default: the mapping's.",
        )
        parser.add_argument("--dry-run", action="store_true", help="Report, and save nothing.")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        is_dry_run = options["dry_run"]
        try:
            with quiet_leads(is_quiet=options["verbosity"] < 2):
                report = imports.run(
                    mappings.load(options["mapping"]),
                    file,
                    at=timezone.now(),
                    mode=options["mode"],
                    is_dry_run=is_dry_run,
                )
        except (mappings.MappingUnreadable, FileRefused) as error:
            raise CommandError(str(error)) from error
        self._print(report, is_dry_run=is_dry_run)

    def _print(self, report: Report, *, is_dry_run: bool) -> None:
        for row in report.refused[:MOST_PRINTED]:
            self.stderr.write(f"Refused: {row}")
        counts = ", ".join(f"{count:,} {change}" for change, count in report.counts.items())
        if report.counts[imports.Change.REFUSED] > MOST_PRINTED and not is_dry_run:
            self.stderr.write("More refused rows are kept with the import run.")
        self.stdout.write(f"{counts}." + (" Dry run: nothing is saved." if is_dry_run else ""))
