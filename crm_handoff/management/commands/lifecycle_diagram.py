"""Draw the lifecycles from the table of transitions."""

from collections import defaultdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from definitions.vocabulary import Process
from leads.enums import Cause, Stage
from leads.lifecycle import TRANSITIONS

PAGE = Path(settings.BASE_DIR) / "docs" / "lifecycle.md"

TITLES = {
    Process.CRITERIA_LED: "Criteria-led: the agreement's criteria make an SQL",
    Process.SALES_CONFIRMED: "Sales-confirmed: a rep's checklist makes an SQL",
}

INTRODUCTION = """\
# Lifecycle of a lead

Every lead stands at one stage, and moves only along these steps, each kept with its cause, its
instant and, where a person took it, their name. Evaluation never lowers a stage: a lead that no
longer meets the criteria is flagged instead. Beside these steps the CRM or an import may report
any stage but the first (cause “{external}”).

This page is drawn by `python manage.py lifecycle_diagram` from the table that the product follows.
"""


class Command(BaseCommand):
    """Write docs/lifecycle.md, or check that it is as drawn."""

    help = "Draw the lifecycles of leads in docs/lifecycle.md."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="Only say, by exit code 1, if it would change."
        )

    def handle(self, *args: Any, check: bool = False, **options: Any) -> None:
        drawn = page()
        if not check:
            PAGE.write_text(drawn, encoding="utf-8")
        elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != drawn:
            raise CommandError(
                "docs/lifecycle.md is not as drawn: run python manage.py lifecycle_diagram."
            )


def page() -> str:
    """Return the page: an introduction and one diagram for each process."""
    diagrams = (f"\n## {TITLES[process]}\n\n{diagram(process)}" for process in Process)
    return INTRODUCTION.format(external=Cause.EXTERNAL.label) + "".join(diagrams)


def diagram(process: Process) -> str:
    """Return the Mermaid diagram of a process; external steps are left out."""
    causes: dict[tuple[Stage, Stage], list[str]] = defaultdict(list)
    for (of, origin, cause), stages in TRANSITIONS.items():
        if of is process and cause is not Cause.EXTERNAL:
            for to in stages:
                causes[origin, to].append(str(cause.label))
    order = [*Stage]
    steps = sorted(causes, key=lambda step: (order.index(step[0]), order.index(step[1])))
    names = "\n".join(f'    state "{stage.label}" as {stage.value}' for stage in Stage)
    arrows = "\n".join(
        f"    {origin.value} --> {to.value}: {', '.join(sorted(causes[origin, to]))}"
        for origin, to in steps
    )
    return f"```mermaid\nstateDiagram-v2\n{names}\n    [*] --> new\n{arrows}\n```\n"
