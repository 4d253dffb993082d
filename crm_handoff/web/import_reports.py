"""What a file did, or would do, row by row: counts, and the rows of which something is said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from crm_handoff import reasons
from crm_handoff.web.import_fields import THINGS, Thing, labels_of
from leads import declarations
from leads.enums import ImportState, RowState
from leads.models import ImportRow, ImportRun, Lead

PAGE = 50
LONGEST_ROW = 160
"""Characters of a row that are shown of it."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure of the report."""

    key: str
    label: StrOrPromise
    about: StrOrPromise
    icon: str = ""
    tone: str = ""
    count: int = 0


TILES = (
    Tile("created", _("Created"), _("new here"), "met", "good"),
    Tile("updated", _("Updated"), _("known, and said something new")),
    Tile("merged", _("Merged"), _("known by e-mail, and got a further name")),
    Tile("unchanged", _("Unchanged"), _("known, and said nothing new")),
    Tile("duplicate", _("Duplicates"), _("said before in this file")),
    Tile("refused", _("Refused"), _("cannot be taken"), "no", "late"),
)

TABS = {
    RowState.REFUSED: (_("Refused"), _("Why it is refused")),
    RowState.UPDATED: (_("Updated"), _("What changes")),
    RowState.MERGED: (_("Merged"), _("With whom")),
    RowState.DUPLICATE: (_("Duplicates"), _("What it repeats")),
}
"""Kinds of rows that can be looked at one by one, with the head of their column."""

REPAIRED = "repaired"

MOST_LEFT = 200
"""Things that an undo left which are listed on the page."""

KINDS = {
    "leads": ngettext_lazy("lead", "leads"),
    "identities": ngettext_lazy("further name of a lead", "further names of leads"),
    "touchpoints": ngettext_lazy("touchpoint", "touchpoints"),
    "accounts": ngettext_lazy("account", "accounts"),
    "opportunities": ngettext_lazy("deal", "deals"),
    "campaigns": ngettext_lazy("campaign", "campaigns"),
    "people": ngettext_lazy("person", "people"),
    "fields": ngettext_lazy("value put back", "values put back"),
    "stages": ngettext_lazy("stage put back", "stages put back"),
}
"""What an undo speaks of: one, and several."""


@dataclass(frozen=True, slots=True)
class Tab:
    """A kind of rows to look at."""

    key: str
    label: StrOrPromise
    count: int


@dataclass(frozen=True, slots=True)
class Change:
    """A field with its old and its new value."""

    label: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the file, and what is to be said of it."""

    line: int
    said: str
    problems: Sequence[Mapping[str, str]]
    changes: Sequence[Change]
    repair: str


@dataclass(frozen=True, slots=True)
class Entry:
    """An import in the list."""

    run: ImportRun
    holds: str
    counts: Mapping[str, int]
    row_count: int | None


def entry_of(run: ImportRun) -> Entry:
    """Return an import as the list shows it."""
    thing = thing_of(run)
    counts = counts_of(run)
    holds = str(thing.label) if thing else ""
    return Entry(run, holds, counts, sum(counts.values()) or run.row_count)


def counts_of(run: ImportRun) -> dict[str, int]:
    """Return how many rows did what: of the import, before it of the check; may be empty."""
    report = run.check_report if run.state == ImportState.CHECKED else run.report
    return {tile.key: int(report.get(tile.key, 0)) for tile in TILES} if report else {}


def tiles_of(counts: Mapping[str, int]) -> list[Tile]:
    """Return the figures of a report, every kind present."""
    return [
        Tile(tile.key, tile.label, tile.about, tile.icon, tile.tone, counts.get(tile.key, 0))
        for tile in TILES
    ]


def will_change(counts: Mapping[str, int]) -> int:
    """Return how many rows would change something."""
    return sum(counts.get(key, 0) for key in ("created", "updated", "merged"))


def headline(run: ImportRun, counts: Mapping[str, int]) -> str:
    """Say in one sentence what the file does, or did."""
    changing, total = will_change(counts), sum(counts.values())
    if changing:
        said = {"some": number_format(changing), "rows": _rows(total)}
        if run.state == ImportState.CHECKED:
            return gettext("%(some)s of %(rows)s would be saved") % said
        return gettext("%(some)s of %(rows)s were saved") % said
    if not total:
        return gettext("Nothing was read")
    if counts["refused"] == total:
        return gettext("No row can be taken")
    known = total - counts["refused"]
    sentence = ngettext(
        "Nothing new: %(rows)s is known already", "Nothing new: %(rows)s are known already", known
    )
    return sentence % {"rows": _rows(known)}


def _rows(count: int) -> str:
    return ngettext("%(n)s row", "%(n)s rows", count) % {"n": number_format(count)}


def tabs_of(run: ImportRun, counts: Mapping[str, int]) -> list[Tab]:
    """Return the kinds of rows that there are something to see of."""
    tabs = [
        Tab(state.value, label, counts.get(state, 0)) for state, (label, _head) in TABS.items()
    ]
    report = run.check_report if run.state == ImportState.CHECKED else run.report
    tabs.append(Tab(REPAIRED, gettext("Mended"), int(report.get(REPAIRED, 0))))
    return [tab for tab in tabs if tab.count]


def page_of(run: ImportRun, show: str, number: str | None) -> Page[Any]:
    """Return a page of a run's rows of one kind, by line."""
    page: Page[Any] = Paginator(_shown(run, show).order_by("line", "pk"), PAGE).get_page(number)
    labels = labels_of(run.content or {})
    page.object_list = [_line(row, labels) for row in page.object_list]
    return page


def _shown(run: ImportRun, show: str) -> QuerySet[ImportRow]:
    if show == REPAIRED:
        return run.rows.exclude(repair="").exclude(state=RowState.REFUSED)
    return run.rows.filter(state=show)


def _line(row: ImportRow, labels: Mapping[str, str]) -> Line:
    said = " · ".join(str(value) for value in row.values if value)
    return Line(
        line=row.line,
        said=said if len(said) <= LONGEST_ROW else f"{said[: LONGEST_ROW - 1]}…",
        problems=row.problems or (),
        changes=[
            Change(labels.get(field, field.replace("_", " ")), str(old or ""), str(new or ""))
            for field, (old, new) in (row.changes or {}).items()
        ],
        repair=row.repair,
    )


def head_of(show: str) -> str:
    """Return the head of the column that says what there is to say."""
    return gettext("What was mended") if show == REPAIRED else str(TABS[RowState(show)][1])


def thing_of(run: ImportRun) -> Thing | None:
    """Return what a described run's rows are about, None before."""
    return THINGS[declarations.holds(run.content)] if run.content else None


def share_of(run: ImportRun) -> int | None:
    """Return how many percent of the rows are through; None while they are not counted."""
    if not run.row_count:
        return None
    return min(100, 100 * run.done_count // run.row_count)


@dataclass(frozen=True, slots=True)
class Left:
    """Something that an undo left as it is, and why; `address` of its page, if it has one."""

    kind: str
    label: str
    reason: str
    address: str


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undo took back, by kind in people's words, and what it left."""

    taken: Sequence[tuple[str, int]]
    kept_count: int
    left: Sequence[Left]

    @property
    def more_count(self) -> int:
        """Count what was left and is not listed."""
        return self.kept_count - len(self.left)


def undone_of(run: ImportRun) -> Undone:
    """Return what the undo of an import did; one query."""
    report = run.undo_report
    rows = report.get("rows", [])[:MOST_LEFT]
    ids = [row["id"] for row in rows if row["kind"] == "leads"]
    leads = dict(Lead.objects.filter(pk__in=ids).values_list("pk", "public_id"))
    return Undone(
        taken=[
            (_kind(kind, count), count) for kind, count in report.get("taken_back", {}).items()
        ],
        kept_count=sum(report.get("kept", {}).values()),
        left=[
            Left(
                kind=capfirst(_kind(row["kind"], 1)),
                label=row["label"],
                reason=capfirst(reasons.said(row["reason"])),
                address=_address(leads.get(row["id"]) if row["kind"] == "leads" else None),
            )
            for row in rows
        ],
    )


def _kind(kind: str, count: int) -> str:
    return str(KINDS[kind] % count) if kind in KINDS else kind


def _address(lead: UUID | None) -> str:
    return reverse("web:lead", args=[lead]) if lead else ""
