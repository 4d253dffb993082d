"""Import a file of rows."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from leads import imports, mappings
from leads.enums import ImportMode, ImportState
from leads.imports import Description, Outcome
from leads.models import ImportRow, ImportRun

MOST_PRINTED = 20
PRINTED = ("created", "updated", "merged", "unchanged", "duplicate", "refused")


class Command(BaseCommand):
    help = "Import leads, touchpoints, deals … from a CSV, TSV or XLSX file; again adds nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--mapping",
            required=True,
            help=f"What the columns mean: {', '.join(mappings.shipped())}, one that was saved, "
            "or a YAML file.",
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
        name, is_dry_run = options["mapping"], options["dry_run"]
        self.is_shown = options["verbosity"] > 1
        try:
            outcome = imports.run_through(
                file,
                Description(
                    content=imports.content_of(name),
                    key=Path(name).stem[:64],
                    mode=options["mode"],
                ),
                at=timezone.now(),
                is_dry_run=is_dry_run,
                progress=self._show,
            )
        except (
            imports.MappingUnreadable,
            imports.FileRefused,
            imports.ColumnsMissing,
        ) as error:
            raise CommandError(str(error)) from error
        self._print(outcome, is_dry_run=is_dry_run)

    def _show(self, run: ImportRun) -> None:
        if self.is_shown and run.row_count:
            self.stdout.write(f"{run.done_count:,} of {run.row_count:,} rows")

    def _print(self, outcome: Outcome, *, is_dry_run: bool) -> None:
        for row in outcome.refused[:MOST_PRINTED]:
            self.stderr.write(f"Refused: {_said(row)}")
        if outcome.counts["refused"] > MOST_PRINTED and not is_dry_run:
            self.stderr.write("More refused rows are kept with the import run.")
        if outcome.run.state in (ImportState.FAILED, ImportState.CANCELED):
            raise CommandError(f"{outcome.run.get_state_display()}. {outcome.run.problem}")
        counts = ", ".join(f"{outcome.counts[name]:,} {name}" for name in PRINTED)
        self.stdout.write(f"{counts}." + (" Dry run: nothing is saved." if is_dry_run else ""))


def _said(row: ImportRow) -> str:
    said = (
        f"{one['column']}: {one['reason']}" if one["column"] else one["reason"]
        for one in row.problems
    )
    return f"line {row.line}, {' '.join(said)}"
