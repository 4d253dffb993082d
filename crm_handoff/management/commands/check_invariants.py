"""`manage.py check_invariants`: what must never be true, and is not."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.management.base import BaseCommand

from crm_handoff import invariants
from crm_handoff.clock import database_now
from routing.invariants import Check

Violated = Mapping[Check, Sequence[Mapping[str, Any]]]


class Command(BaseCommand):
    """Print the rows that violate an invariant and exit with status 1 when there are any."""

    help = "Look for what must never be true; exits 1 and lists the rows when it finds some."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        violated = invariants.violated(at=database_now())
        self.stdout.write(_as_json(violated) if options["json"] else _as_text(violated))
        if violated:
            sys.exit(1)


def _as_json(violated: Violated) -> str:
    found = {check.name: list(rows) for check, rows in violated.items()}
    return json.dumps({"checked": len(invariants.CHECKS), "violated": found}, default=str)


def _as_text(violated: Violated) -> str:
    if not violated:
        return f"All {len(invariants.CHECKS)} invariants hold."
    return "\n\n".join(
        f"{check.name}: {check.says}\n{_table(rows)}" for check, rows in violated.items()
    )


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    lines = [list(rows[0]), *([str(value) for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
