"""Files come in by a mapping: row by row, in batches, each saved whole or not at all."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import DataError, IntegrityError, connection, transaction
from django.db.models.functions import Now

from leads import attributes, batches, files, opportunities, people, touchpoints
from leads.batches import Entry, Item
from leads.enums import ImportMode
from leads.files import FileRefused
from leads.intake import LeadOutcome
from leads.lifecycle import InvalidTransition
from leads.mappings import FileMapping
from leads.models import ImportRun, Lead, Opportunity
from leads.opportunities import OpportunityFacts
from leads.people import Person
from leads.rows import Keys, Row, RowRefused, row_of

logger = logging.getLogger(__name__)

BATCH = 1000
"""Rows saved in one transaction."""

MOST_LISTED = 1000
"""Refused rows kept with the run; all of them are counted."""


class Change(StrEnum):
    """What a row did."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(slots=True)
class Report:
    """What an import did so far: rows by what they did, and the first that were refused."""

    counts: dict[Change, int] = field(default_factory=lambda: dict.fromkeys(Change, 0))
    refused: list[RowRefused] = field(default_factory=list)

    def add(self, result: Change | RowRefused) -> None:
        """Count one row."""
        if isinstance(result, RowRefused):
            self.counts[Change.REFUSED] += 1
            if len(self.refused) < MOST_LISTED:
                self.refused.append(result)
        else:
            self.counts[result] += 1

    def as_json(self) -> dict[str, Any]:
        """Return the report as an import run keeps it."""
        rows = [
            {"line": row.line, "column": row.column, "reason": row.reason} for row in self.refused
        ]
        return {change.value: count for change, count in self.counts.items()} | {"rows": rows}


@dataclass(frozen=True, slots=True)
class _Way:
    """How rows are saved: by which mapping, in which mode, received when."""

    mapping: FileMapping
    mode: ImportMode
    at: datetime

    @property
    def is_live(self) -> bool:
        """Whether what came in may qualify leads and open handoffs."""
        return self.mode == ImportMode.LIVE


def run(
    mapping: FileMapping,
    path: Path,
    *,
    at: datetime,
    mode: str = "",
    by: AbstractBaseUser | None = None,
    is_dry_run: bool = False,
) -> Report:
    """Import a file; everything in it was received `at`.

    Rows that cannot be taken are refused and the others go on. Rows are saved in batches of a
    transaction each, with the progress on an `ImportRun`: a run that was killed is simply
    repeated, since what is known already changes nothing. A dry run saves nothing, not even the
    run.

    In `history` mode nothing is marked pending, so that nothing is judged, handed off, timed or
    told; leads go by cause `external` to the stages that the rows say. Of rows about one lead at
    one instant, or about one deal, those that contradict an earlier one are refused.

    Args:
        mapping: what the columns mean.
        path: the file.
        at: the present.
        mode: blank: the mapping's.
        by: who started it.
        is_dry_run: only report what would happen.

    Raises:
        FileRefused: the file cannot be read by the mapping, or the mapping not in that mode.
    """
    way = _Way(mapping, ImportMode(mode or mapping.mode), at)
    files.check(path, mapping)
    keys = _checked_keys(way)
    if is_dry_run:
        with transaction.atomic():
            report = _read(path, way, keys=keys)
            transaction.set_rollback(True)
        return report
    kept = ImportRun.objects.create(
        mapping=mapping.key,
        file_name=path.name[:255],
        file_hash=files.digest(path),
        mode=way.mode,
        started_by_id=by.pk if by else None,
        started_at=at,
    )
    report = _read(path, way, keys=keys, kept=kept)
    ImportRun.objects.filter(pk=kept.pk).update(finished_at=Now(), report=report.as_json())
    logger.info("Import %s of %s: %s", kept.pk, path.name, report.counts)
    return report


def _checked_keys(way: _Way) -> Keys:
    if way.is_live and "stage" in way.mapping.lead.cells:
        raise FileRefused("The mapping gives leads a stage: that goes in history mode alone.")
    keys = Keys.read()
    for section in way.mapping.touchpoints:
        kind = section.cells["kind"].value
        if kind is not None and kind not in keys.kinds:
            raise FileRefused(f"The mapping's kind of touchpoint “{kind}” is not known.")
    return keys


def _read(path: Path, way: _Way, *, keys: Keys, kept: ImportRun | None = None) -> Report:
    report, said = Report(), _Said()
    records = files.records(path, way.mapping)
    while batch := list(islice(records, BATCH)):
        rows: list[Row] = []
        for record in batch:
            try:
                rows.append(said.checked(row_of(record, way.mapping, keys=keys)))
            except RowRefused as error:
                report.add(error)
        _save(rows, way, report=report, kept=kept)
    return report


class _Said:
    """What the file said above: rows that contradict it would flip back and forth for ever."""

    def __init__(self) -> None:
        self.lines: dict[tuple[Any, ...], tuple[int, int]] = {}

    def checked(self, row: Row) -> Row:
        """Return the row.

        Raises:
            RowRefused: a row above said something else of the same.
        """
        lead = (row.lead.external_id, row.lead.email, row.effective_at)
        self._check(row, ("lead", *lead), hash((row.lead, row.stage)))
        if row.deal:
            self._check(row, ("deal", row.deal["external_id"]), hash(tuple(row.deal.items())))
        return row

    def _check(self, row: Row, of: tuple[Any, ...], content: int) -> None:
        before, line = self.lines.setdefault(of, (content, row.line))
        if before != content:
            raise RowRefused(
                row.line, "", f"says something else of the same {of[0]} than line {line}."
            )


def _save(rows: Sequence[Row], way: _Way, *, report: Report, kept: ImportRun | None) -> None:
    """Save a batch with the progress of its run, in one transaction."""
    with transaction.atomic():
        # Two imports of one source take turns: each then finds what the other made.
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtext(%s))", [f"import {way.mapping.system}"]
            )
        for result in _saved(rows, way):
            report.add(result)
        if kept:
            kept.report = report.as_json()
            kept.save(update_fields=["report"])


def _saved(rows: Sequence[Row], way: _Way) -> list[Change | RowRefused]:
    """Save rows together; where one cannot be saved, halve them until it stands alone."""
    try:
        with transaction.atomic():
            return _record(rows, way)
    except RowRefused as error:
        if len(rows) == 1:
            return [error]
    except (DataError, IntegrityError) as error:
        if len(rows) == 1:
            reason = str(error).partition("\n")[0]
            return [RowRefused(rows[0].line, "", f"the database refuses it: {reason}.")]
    half = len(rows) // 2
    return [*_saved(rows[:half], way), *_saved(rows[half:], way)]


def _record(rows: Sequence[Row], way: _Way) -> list[Change | RowRefused]:
    outcomes = batches.record(
        [Item(row.lead, row.effective_at) for row in rows],
        received_at=way.at,
        mark=way.is_live,
        is_creating=not way.mapping.must_exist,
    )
    taken = [
        (row, outcome)
        for row, outcome in zip(rows, outcomes, strict=True)
        if isinstance(outcome, LeadOutcome)
    ]
    if not way.is_live:
        batches.enter(_entries(taken, way))
    changes = {row.line: _change_of(outcome) for row, outcome in taken}
    created = {Change.CREATED: _record_touchpoints(taken, way)}
    for change, lines in (*_record_deals(taken, way).items(), *created.items()):
        changes |= dict.fromkeys(lines, change)
    return [
        changes[row.line]
        if isinstance(outcome, LeadOutcome)
        else RowRefused(row.line, _identifying_column(way.mapping), str(outcome))
        for row, outcome in zip(rows, outcomes, strict=True)
    ]


_Taken = Sequence[tuple[Row, LeadOutcome]]


def _change_of(outcome: LeadOutcome) -> Change:
    if outcome.is_created:
        return Change.CREATED
    return Change.UPDATED if outcome.changed_fields else Change.UNCHANGED


def _identifying_column(mapping: FileMapping) -> str:
    cells = mapping.lead.cells
    return (cells.get("external_id") or cells["email"]).column


def _entries(taken: _Taken, way: _Way) -> list[Entry]:
    return [
        Entry(outcome.lead.pk, row.stage, row.effective_at or way.at)
        for row, outcome in taken
        if row.stage
    ]


def _record_touchpoints(taken: _Taken, way: _Way) -> set[int]:
    """Save the rows' touchpoints; returns the lines of those rows of which one is new."""
    items = [
        (row, replace(touchpoint, lead=outcome.lead.pk))
        for row, outcome in taken
        for touchpoint in row.touchpoints
    ]
    if not items:
        return set()
    outcomes = touchpoints.record(
        [touchpoint for _, touchpoint in items],
        system=way.mapping.system,
        received_at=way.at,
        mark=way.is_live,
    )
    for (row, _), outcome in zip(items, outcomes, strict=True):
        if outcome.status == touchpoints.REFUSED:
            raise RowRefused(row.line, "", outcome.reason)
    return {
        row.line
        for (row, _), outcome in zip(items, outcomes, strict=True)
        if outcome.status == touchpoints.CREATED
    }


def _record_deals(taken: _Taken, way: _Way) -> dict[Change, set[int]]:
    """Save the rows' opportunities; returns the lines of the rows whose deal changed, by how.

    Raises:
        RowRefused: a deal is known as another lead's, or its lead cannot go where it says.
    """
    deals = [(row, outcome.lead, row.deal) for row, outcome in taken if row.deal]
    lines: dict[Change, set[int]] = {Change.UPDATED: set(), Change.CREATED: set()}
    if not deals:
        return lines
    named = [
        person for *_, deal in deals for person in deal.values() if isinstance(person, Person)
    ]
    ids = people.ids_of(named, name=way.mapping.person_name or "{id}")
    known = {
        deal.external_id: deal
        for deal in Opportunity.objects.filter(
            system=way.mapping.system,
            external_id__in=[deal["external_id"] for *_, deal in deals],
        )
    }
    for row, lead, deal in deals:
        values = _deal_values(deal, ids)
        before = known.get(values.pop("external_id"))
        if before and before.lead_id != lead.pk:
            raise RowRefused(row.line, "", "the deal is known as another lead's.")
        if before and not attributes.differs(before, values):
            continue
        known[deal["external_id"]] = _record_deal(row, lead, values, way)
        lines[Change.UPDATED if before else Change.CREATED].add(row.line)
    return lines


def _deal_values(deal: Mapping[str, Any], ids: Mapping[str, int]) -> dict[str, Any]:
    return {
        f"{name}_id" if isinstance(value, Person) else name: ids[value.email]
        if isinstance(value, Person)
        else value
        for name, value in deal.items()
    }


def _record_deal(row: Row, lead: Lead, values: Mapping[str, Any], way: _Way) -> Opportunity:
    facts = OpportunityFacts(
        system=way.mapping.system,
        external_id=(row.deal or {})["external_id"],
        lead=lead,
        **values,
    )
    try:
        return opportunities.record(
            facts,
            received_at=way.at,
            effective_at=facts.closed_at or facts.opened_at,
            mark=way.is_live,
        )
    except InvalidTransition as error:
        raise RowRefused(row.line, "", str(error)) from error
