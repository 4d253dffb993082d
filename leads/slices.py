"""Imports go on by slices: any worker takes the next one, a killed worker's is taken again."""

import json
import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Count, Min, Q
from django.db.models.functions import Now

from leads import ledgers, mappings, saving, staging, undo
from leads.enums import ImportMode, ImportState, RowState
from leads.mappings import Bound
from leads.models import ImportChunk, ImportRow, ImportRun
from leads.recording import Result, Way
from leads.records import FileRefused
from leads.saving import Saved
from leads.staging import StagingStopped

logger = logging.getLogger(__name__)

COUNTED = (
    RowState.CREATED,
    RowState.UPDATED,
    RowState.MERGED,
    RowState.UNCHANGED,
    RowState.DUPLICATE,
    RowState.REFUSED,
)
"""What a report counts, each row once; beside it are the rows that were `repaired`."""

PASSING = (RowState.READY, RowState.CREATED, RowState.UNCHANGED)
"""Rows of which nothing is left to say once they are saved, unless they were repaired."""

WAITING = """
SELECT statement_timestamp() FROM leads_importrun AS run
WHERE state IN ('checking', 'importing', 'undoing') AND NOT EXISTS (
    SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND objid = run.id
        AND classid::bigint = hashtext('import run')::bigint & 4294967295
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
) LIMIT 1"""
"""SQL: the present, if an import is at work that no worker is at."""

BROKEN = "Something went wrong that should not: the log says more. What was saved stays."


def work(run_id: int | None = None) -> int:
    """Do the next slice of an import that nobody else works on, in one transaction.

    A file is read in one slice, all of it or nothing; the others are tried, saved or taken back
    some thousand rows at a time. One that fails for a reason of its own ends as `failed`; with
    the database away, it is taken up again.

    Args:
        run_id: only of this import.

    Returns:
        How many rows were done, at least 1; 0: nothing waits, or others work on it.
    """
    claimed: ImportRun | None = None
    try:
        with transaction.atomic(), _quiet():
            claimed = _claimed(run_id)
            return max(1, _go_on(claimed)) if claimed else 0
    except (OperationalError, InterfaceError):
        raise
    except FileRefused as error:
        _fail(claimed, str(error))
    except Exception:
        logger.exception("Import %s failed", claimed and claimed.pk)
        _fail(claimed, BROKEN)
    return 1


def is_free(run: ImportRun) -> bool:
    """Keep workers from the import until the transaction ends; False: one is at it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtext('import run'), %s::int)", [run.pk]
        )
        return bool(cursor.fetchone()[0])


def end(run: ImportRun, state: ImportState) -> None:
    """End an import; its file and all rows of which nothing is to be said are dropped."""
    ImportChunk.objects.filter(run=run).delete()
    ImportRow.objects.filter(run=run, state__in=PASSING, repair="").delete()
    run.state = state
    run.save(update_fields=["state"])
    ImportRun.objects.filter(pk=run.pk).update(finished_at=Now(), sample=[])
    logger.info("Import %s is %s: %s", run.pk, state, run.report)


def _claimed(run_id: int | None) -> ImportRun | None:
    """Take the oldest import that is at work and free.

    By a lock beside its row, which others change meanwhile: somebody cancels it.
    """
    waiting = ImportRun.objects.filter(state__in=ImportState.AT_WORK).order_by("pk")
    for run in waiting.filter(Q(pk=run_id) if run_id else Q()):
        if is_free(run):
            run.refresh_from_db()
            if run.state in ImportState.AT_WORK:
                return run
    return None


def _fail(run: ImportRun | None, problem: str) -> None:
    if run:
        ImportRun.objects.filter(pk=run.pk).update(
            state=ImportState.FAILED, problem=problem, finished_at=Now()
        )


def _go_on(run: ImportRun) -> int:
    if run.state == ImportState.UNDOING:
        return undo.take_back(run)
    if run.cancel_at:
        end(run, ImportState.CANCELED)
        return 0
    way = way_of(run)
    if run.row_count is None:
        try:
            return read(run, way)
        except StagingStopped:
            end(run, ImportState.CANCELED)
            return 0
    return _next_slice(run, way)


def way_of(run: ImportRun) -> Way:
    """Return how a described run is saved; three queries."""
    bound = _bound(json.dumps(run.content), run.mapping, tuple(run.header))
    return Way(
        bound,
        staging.keys_for(bound.mapping, mode=run.mode),
        ImportMode(run.mode),
        run.received_at or run.started_at,
    )


@lru_cache(maxsize=4)
def _bound(content: str, key: str, header: tuple[str, ...]) -> Bound:
    """Read a mapping once for all slices of a run."""
    return mappings.read(json.loads(content), key=key).bound(header)


def read(run: ImportRun, way: Way) -> int:
    """Stage the run's file and count what is told apart by reading alone.

    Raises:
        FileRefused: it cannot be read.
        StagingStopped: somebody canceled it meanwhile.
    """

    def goes_on() -> bool:
        return ImportRun.objects.filter(pk=run.pk, cancel_at=None).exists()

    run.row_count = staging.stage(run, way.bound, keys=way.keys, goes_on=goes_on)
    run.check_report = told_apart(run)
    run.done_count = run.next_slice = 0
    run.save(update_fields=["row_count", "check_report", "done_count", "next_slice"])
    return run.row_count


def told_apart(run: ImportRun) -> dict[str, int]:
    """Count the rows that are not to be saved, and those that were repaired; two queries."""
    rows = ImportRow.objects.filter(run=run)
    found = rows.filter(slice=None).values_list("state").annotate(Count("pk"))
    report = {state.value: 0 for state in COUNTED} | dict(found)
    return report | {"repaired": rows.exclude(repair="").exclude(state=RowState.REFUSED).count()}


def _next_slice(run: ImportRun, way: Way) -> int:
    waiting = ImportRow.objects.filter(run=run, slice__gte=run.next_slice)
    place = waiting.aggregate(first=Min("slice"))["first"]
    is_trial = run.state == ImportState.CHECKING
    if place is None:
        if is_trial:
            _end_trial(run)
        else:
            end(run, ImportState.DONE)
        return 0
    with transaction.atomic():
        saved = saving.save(run, way, place=place)
        if is_trial:
            transaction.set_rollback(True)
        else:
            ledgers.keep(saved.batch)
    return _note(run, saved, place=place)


def _end_trial(run: ImportRun) -> None:
    # Who cancels in this very moment has not been heard yet.
    ended = ImportRun.objects.filter(pk=run.pk, cancel_at=None).update(state=ImportState.CHECKED)
    if not ended:
        end(run, ImportState.CANCELED)


def _note(run: ImportRun, saved: Saved, *, place: int) -> int:
    """Keep the progress of a run and what is to be said of a slice's rows; two queries."""
    _keep(saved.results)
    is_trial = run.state == ImportState.CHECKING
    report = Counter(run.check_report if is_trial else run.report)
    report.update({state.value: count for state, count in saved.counts.items()})
    setattr(run, "check_report" if is_trial else "report", dict(report))
    row_count = sum(saved.counts.values())
    run.done_count += row_count
    run.next_slice = place + 1
    run.save(update_fields=["check_report", "report", "done_count", "next_slice"])
    return row_count


def _keep(results: Mapping[int, Result]) -> None:
    said = [
        {
            "id": row_id,
            "state": result.state,
            "changes": result.changes or None,
            "problems": [problem._asdict() for problem in result.problems] or None,
        }
        for row_id, result in results.items()
    ]
    if not said:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE leads_importrow AS row
               SET state = said.state, changes = said.changes, problems = said.problems
               FROM jsonb_to_recordset(%s::jsonb)
                   AS said (id bigint, state text, changes jsonb, problems jsonb)
               WHERE row.id = said.id
                   AND (said.state IN ('updated', 'merged', 'refused') OR row.repair <> '')""",
            [json.dumps(said)],
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Leave out the log line of each single lead."""
    log = logging.getLogger("leads")
    before = log.level
    log.setLevel(logging.WARNING)
    try:
        yield
    finally:
        log.setLevel(before)
