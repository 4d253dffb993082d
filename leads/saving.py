"""Staged rows are saved: a slice at a time, each row whole or refused, with a ledger for undo."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import QuerySet

from leads import (
    ledgers,
    plain,
)
from leads.enums import RowState
from leads.fields import Holds
from leads.intake import external_id_of
from leads.ledgers import Mark, Written
from leads.models import ImportBatch, ImportRow, ImportRun
from leads.recording import (
    Changes,
    Done,
    Numbered,
    Result,
    RowNotTaken,
    Way,
    identifying_column,
    named,
    record,
)
from leads.records import Record
from leads.rows import Problem, RowRefused, row_of


@dataclass(slots=True)
class Saved:
    """What became of a slice.

    results: by the row's id; where the database saved rows by itself, only of those that were
    refused, and `counts` has all. batch: the unsaved ledger.
    """

    batch: ImportBatch
    results: dict[int, Result]
    counts: Counter[RowState]


def save(run: ImportRun, way: Way, *, place: int) -> Saved:
    """Save the rows of a slice, in the caller's transaction; what cannot be taken is refused.

    Two imports of one system take turns: each then finds what the other made.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext(%s))", [f"import {way.mapping.system}"]
        )
    saved = Saved(ImportBatch(run=run, slice=place), {}, Counter())
    staged = ImportRow.objects.filter(run=run, slice=place)
    if plain.is_plain(way.mapping):
        staged = _save_plain(run, way, saved)
    rows = list(staged.order_by("line"))
    if rows:
        _save_rows(rows, way, saved)
    return saved


def _save_plain(run: ImportRun, way: Way, saved: Saved) -> QuerySet[ImportRow]:
    """Let the database save what it can; returns the rows that are left."""
    place = saved.batch.slice
    rows = ImportRow.objects.filter(run=run, slice=place)
    try:
        with transaction.atomic():
            done = plain.save(
                run.pk, place, system=way.mapping.system, received_at=way.at, mark=way.is_live
            )
    except (DataError, IntegrityError):
        # One of them cannot be saved: row by row it is found out which.
        return rows
    saved.batch.touchpoints += done.touchpoint_ids
    column = identifying_column(way.mapping)
    saved.results |= {
        row_id: Result(RowState.REFUSED, problems=(Problem(column, reason),))
        for row_id, reason in done.refused.items()
    }
    saved.counts[RowState.CREATED] += done.created_count
    saved.counts[RowState.UNCHANGED] += done.unchanged_count
    saved.counts[RowState.REFUSED] += len(done.refused)
    return rows.filter(touchpoints__isnull=True)


def _save_rows(staged: Sequence[ImportRow], way: Way, saved: Saved) -> None:
    rows: list[Numbered] = []
    done = Done()
    for one in staged:
        row = row_of(Record(one.line, tuple(one.values)), way.bound, keys=way.keys)
        if isinstance(row, RowRefused):
            done.results[one.pk] = Result(RowState.REFUSED, problems=row.problems)
        else:
            rows.append((one.pk, row))
    mark = Mark.now()
    done.add(_saved(rows, way))
    _enter(done, way, saved.batch, mark)
    saved.results |= done.results
    saved.counts.update(result.state for result in done.results.values())


def _saved(rows: Sequence[Numbered], way: Way) -> Done:
    """Save rows together; where one cannot be saved, halve them until it stands alone."""
    if not rows:
        return Done()
    try:
        with transaction.atomic():
            return record(rows, way)
    except RowNotTaken as error:
        reason = str(error)
    except (DataError, IntegrityError) as error:
        reason = f"the database refuses it: {str(error).splitlines()[0]}."
    if len(rows) == 1:
        return Done({rows[0][0]: Result(RowState.REFUSED, problems=(Problem("", reason),))})
    half = len(rows) // 2
    done = _saved(rows[:half], way)
    done.add(_saved(rows[half:], way))
    return done


def _enter(done: Done, way: Way, batch: ImportBatch, mark: Mark) -> None:
    """Enter what was saved into the ledger, and tell what changed of accounts and deals."""
    batch.touchpoints += done.touchpoint_ids
    batch.leads += [outcome.lead.pk for _, _, outcome in done.leads if outcome.is_created]
    batch.campaigns += [one.campaign.pk for _, one in done.campaigns if one.is_created]
    batch.people += [one.person_id for _, one in done.people if one.is_created]
    batch.updates += [
        {"kind": kind, "id": pk, "field": name, "old": old, "new": new}
        for kind, pk, changes in (
            *(("campaign", one.campaign.pk, one.changes) for _, one in done.campaigns),
            *(("person", one.person_id, one.changes) for _, one in done.people),
        )
        for name, (old, new) in changes.items()
    ]
    if way.mapping.holds in (Holds.CAMPAIGNS, Holds.PEOPLE):
        return
    written = ledgers.written_since(
        mark, system=way.mapping.system, received_at=way.at, created=batch.leads
    )
    merged = [row.lead for _, row, outcome in done.leads if row.lead and outcome.is_merged]
    ledgers.fill(
        batch,
        written,
        mark=mark,
        lead_ids=[outcome.lead.pk for _, _, outcome in done.leads],
        names=[(facts.system, external_id_of(facts)) for facts in merged],
    )
    _tell_changes(done, written)


def _tell_changes(done: Done, written: Sequence[Written]) -> None:
    """Tell of what changed of the account of a row's lead: once, by the first row of it."""
    changed: dict[int, Changes] = {}
    for one in written:
        if one.account_id and not one.is_first:
            changed.setdefault(one.account_id, {})[one.field] = (one.old, one.new)
    for pk, row, outcome in done.leads:
        if row.lead and row.lead.account:
            changes = named(changed.pop(outcome.lead.account_id or 0, {}), "account.")
            if changes:
                before = done.results[pk]
                is_all = before.state == RowState.UNCHANGED
                state = RowState.UPDATED if is_all else before.state
                done.results[pk] = Result(state, before.changes | changes)
