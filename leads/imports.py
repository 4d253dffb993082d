"""Files come in: received, described by a mapping, checked, saved by workers, perhaps undone."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from definitions import document
from leads import chunks, files, mappings, slices, staging
from leads.enums import ImportMode, ImportState, RowState
from leads.mappings import ColumnsMissing, FileMapping, MappingUnreadable
from leads.models import ImportRow, ImportRun
from leads.records import FileRefused, Layout, Look, Record
from leads.rows import Keys, Problem, RowRefused, row_of, stored

__all__ = [
    "WAITING",
    "ColumnsMissing",
    "Description",
    "FileRefused",
    "ImportNotInState",
    "MappingUnreadable",
    "Outcome",
    "Preview",
    "PreviewRow",
    "cancel",
    "check",
    "content_of",
    "preview",
    "receive",
    "refused_file",
    "relook",
    "run_through",
    "sample",
    "start",
    "undo",
    "work",
]

PREVIEWED = 20
"""Rows of a preview."""

SAMPLE_SIZE = 1 << 20
"""Characters of the first rows that are kept beside a file, to be shown."""

MOST_SHOWN = 1000
"""Refused rows that a command is told of; all of them are kept with the run."""

work, WAITING = slices.work, slices.WAITING


class ImportNotInState(Exception):
    """What is asked for does not go with how far the import is."""

    def __init__(self, run: ImportRun, *, wanted: str) -> None:
        self.run = run
        said = ImportState(run.state).label.lower()
        super().__init__(f"The import is {said}: it cannot be {wanted} now.")


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """A row as it would be stored: texts by section and field; or why it would be refused."""

    line: int
    stored: dict[str, str]
    problems: tuple[Problem, ...]
    repair: str


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows of a file as they would be stored; columns: every field that one has."""

    rows: tuple[PreviewRow, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an import by command did, or would do: counts of rows, and the refused ones."""

    run: ImportRun
    counts: dict[str, int]
    refused: tuple[ImportRow, ...]


@transaction.atomic
def receive(file: BinaryIO, *, name: str, by: AbstractBaseUser | None, at: datetime) -> ImportRun:
    """Keep a file in the database, and how it is written; nothing of it is saved yet.

    Raises:
        FileRefused: it is no table that can be read.
    """
    return _received(file, files.look(file), name=name, by=by, at=at)


def _received(
    file: BinaryIO, look: Look, *, name: str, by: AbstractBaseUser | None, at: datetime
) -> ImportRun:
    run = ImportRun(file_name=name[:255], started_by_id=by.pk if by else None, started_at=at)
    run.file_hash = files.digest(file)
    run.file_size = file.seek(0, 2)
    _show(run, look)
    run.save()
    chunks.store(run, file)
    return run


@transaction.atomic
def relook(run: ImportRun, layout: Layout) -> ImportRun:
    """Read a run's file as its sender says that it is written.

    Raises:
        FileRefused: it cannot be read so.
        ImportNotInState: it was checked already, or is over.
    """
    held = _held(run, ImportState.UPLOADED, ImportState.CHECKED, wanted="read anew")
    with chunks.opened(held) as file:
        _show(held, files.look(file, layout))
    held.state = ImportState.UPLOADED
    held.save(update_fields=["layout", "header", "notes", "sample", "state"])
    return held


def _show(run: ImportRun, look: Look) -> None:
    run.layout, run.header = look.layout.as_json(), list(look.header)
    run.notes = list(look.notes)
    size = 0
    run.sample = []
    for record in look.sample:
        size += sum(map(len, record.values))
        if size > SAMPLE_SIZE:
            return
        run.sample.append([*record])


def sample(run: ImportRun) -> tuple[Record, ...]:
    """Return the first rows of a run's file, as many as are kept."""
    return tuple(Record(line, tuple(values), *said) for line, values, *said in run.sample)


def preview(run: ImportRun, content: Mapping[str, Any]) -> Preview:
    """Return the first rows as a mapping would store them; three queries.

    Raises:
        MappingUnreadable: the mapping cannot be followed.
        ColumnsMissing: it speaks of columns that the file has not.
    """
    bound = mappings.read(content, key=run.mapping or run.file_name[:64]).bound(run.header)
    keys = Keys.read()
    rows = []
    for record in sample(run)[:PREVIEWED]:
        row = row_of(record, bound, keys=keys)
        rows.append(
            PreviewRow(
                record.line,
                {} if isinstance(row, RowRefused) else stored(row),
                row.problems if isinstance(row, RowRefused) else (),
                record.repair,
            )
        )
    columns = dict.fromkeys(name for row in rows for name in row.stored)
    return Preview(tuple(rows), tuple(columns))


@transaction.atomic
def check(
    run: ImportRun,
    *,
    content: Mapping[str, Any],
    mapping_key: str = "",
    mode: ImportMode,
    by: AbstractBaseUser | None,
    at: datetime,
) -> None:
    """Let workers read the file by a mapping and try what it would do; nothing is saved by that.

    The mapping's content and the mode are those by which it is imported later.

    Raises:
        MappingUnreadable: the mapping cannot be followed.
        ColumnsMissing: it speaks of columns that the file has not.
        FileRefused: it does not go with the mode, or names an unknown kind of touchpoint.
        ImportNotInState: it is at work, or over.
    """
    states = (ImportState.UPLOADED, ImportState.CHECKED, ImportState.FAILED)
    held = _held(run, *states, wanted="checked")
    if held.state == ImportState.FAILED and held.batches.exists():
        raise ImportNotInState(held, wanted="checked")
    _describe(held, content, mapping_key=mapping_key, mode=mode, at=at)
    held.state = ImportState.CHECKING
    held.started_by_id = by.pk if by else None
    held.save()


def _describe(
    run: ImportRun, content: Mapping[str, Any], *, mapping_key: str, mode: str, at: datetime
) -> None:
    mapping = mappings.read(content, key=mapping_key or run.file_name[:64])
    mapping.bound(run.header)
    staging.keys_for(mapping, mode=mode)
    run.content, run.mapping, run.mode = dict(content), mapping_key, ImportMode(mode)
    run.received_at, run.row_count, run.cancel_at = at, None, None
    run.finished_at, run.problem, run.check_report = None, "", {}


@transaction.atomic
def start(run: ImportRun, *, by: AbstractBaseUser | None, at: datetime) -> None:
    """Let workers save a file that was checked; all of it was received `at`.

    In `history` mode nothing is marked pending, so that nothing is judged, handed off, timed or
    told; leads go by cause `external` to the stages that the rows say.

    Raises:
        ImportNotInState: it was not checked, or started already.
    """
    held = _held(run, ImportState.CHECKED, wanted="started")
    held.started_by_id, held.started_at, held.received_at = by.pk if by else None, at, at
    _begin(held)


def _begin(run: ImportRun) -> None:
    """Let workers save what was staged, whatever a trial said of it."""
    tried = ImportRow.objects.filter(run=run, slice__isnull=False).exclude(state=RowState.READY)
    tried.update(state=RowState.READY, problems=None, changes=None)
    run.report = slices.told_apart(run)
    run.done_count, run.next_slice, run.state = 0, 0, ImportState.IMPORTING
    run.save()


@transaction.atomic
def cancel(run: ImportRun, *, by: AbstractBaseUser | None, at: datetime) -> None:
    """Let no more of a file be saved: at once, or after the slice that a worker is in.

    What was saved stays, and is counted by the report; it can be undone.

    Raises:
        ImportNotInState: it is over.
    """
    states = (
        ImportState.UPLOADED,
        ImportState.CHECKING,
        ImportState.CHECKED,
        ImportState.IMPORTING,
    )
    held = _held(run, *states, wanted="canceled")
    held.cancel_at = at
    held.save(update_fields=["cancel_at"])
    if held.state not in ImportState.AT_WORK or slices.is_free(held):
        slices.end(held, ImportState.CANCELED)


@transaction.atomic
def undo(run: ImportRun, *, by: AbstractBaseUser | None, at: datetime) -> None:
    """Let workers take back what an import saved and nobody touched since.

    Raises:
        ImportNotInState: it saved nothing that is known, is at work, or undone.
    """
    states = (ImportState.DONE, ImportState.CANCELED, ImportState.FAILED)
    held = _held(run, *states, wanted="undone")
    if not held.batches.exists():
        raise ImportNotInState(held, wanted="undone")
    held.state = ImportState.UNDOING
    held.undone_by_id, held.undone_at, held.done_count = by.pk if by else None, at, 0
    held.next_slice = 0
    held.save()


def _held(run: ImportRun, *states: ImportState, wanted: str) -> ImportRun:
    held = ImportRun.objects.select_for_update(no_key=True).get(pk=run.pk)
    if held.state not in states:
        raise ImportNotInState(held, wanted=wanted)
    return held


def refused_file(run: ImportRun) -> Iterator[bytes]:
    """Write the refused rows as CSV, to be mended and sent again; the last column says why."""
    refused = ImportRow.objects.filter(run=run, state=RowState.REFUSED).order_by("line")
    rows = ((row.values, *_why(row)) for row in refused.iterator())
    return files.write_refused(run.header, rows)


def _why(row: ImportRow) -> tuple[str, bool]:
    """Return why a row was refused, and whether it is the row as a whole that is wrong."""
    reasons = (
        f"{one['column']}: {one['reason']}" if one["column"] else one["reason"]
        for one in row.problems
    )
    return " ".join(reasons), not all(one["column"] for one in row.problems)


def content_of(name: str) -> dict[str, Any]:
    """Return a mapping's content: of a saved or shipped one by its key, else of a YAML file.

    Raises:
        MappingUnreadable: there is none.
    """
    path = Path(name)
    if not path.is_file():
        return mappings.content_of(name)
    try:
        return document.read(path.read_text(encoding="utf-8"))
    except (document.DocumentUnreadable, UnicodeDecodeError) as error:
        raise MappingUnreadable(f"{name}: {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """How a file is to be taken: the mapping's content and key, and the mode; blank: its own."""

    content: Mapping[str, Any]
    key: str
    mode: str = ""


def run_through(
    path: Path,
    description: Description,
    *,
    at: datetime,
    by: AbstractBaseUser | None = None,
    is_dry_run: bool = False,
    progress: Callable[[ImportRun], None] = lambda run: None,
) -> Outcome:
    """Import a file from beginning to end, in this process; workers may help.

    If it is killed once saving began, workers finish it; before that, nothing is left. A dry run
    leaves nothing either.

    Args:
        path: the file.
        description: how it is to be taken.
        at: when all of it was received.
        by: who imports it.
        is_dry_run: only say what would happen.
        progress: called after each slice.

    Raises:
        FileRefused: the file cannot be read, or not in that mode.
        MappingUnreadable: the mapping cannot be followed.
        ColumnsMissing: it speaks of columns that the file has not.
    """
    mapping = mappings.read(description.content, key=description.key)
    mode = description.mode or mapping.mode
    if not mode:
        raise FileRefused("The mapping leaves the mode open: choose history or live.")
    try:
        with path.open("rb") as file, transaction.atomic():
            run = _received(file, _looked(file, mapping), name=path.name, by=by, at=at)
            _describe(run, description.content, mapping_key=description.key, mode=mode, at=at)
            _read(run, is_dry_run=is_dry_run)
    except OSError as error:
        raise FileRefused(f"{path} cannot be read: {error.strerror}.") from error
    _finish(run, progress)
    return _outcome(run, is_dry_run=is_dry_run)


def _looked(file: BinaryIO, mapping: FileMapping) -> Look:
    look = files.look(file)
    layout = mapping.layout(look.layout)
    return look if layout == look.layout else files.look(file, layout)


def _read(run: ImportRun, *, is_dry_run: bool) -> None:
    slices.read(run, slices.way_of(run))
    if is_dry_run:
        run.state = ImportState.CHECKING
        run.save()
    else:
        _begin(run)


def _finish(run: ImportRun, progress: Callable[[ImportRun], None]) -> None:
    while run.state in ImportState.AT_WORK:
        if not slices.work(run.pk):
            # A worker is at it.
            time.sleep(0.05)
        run.refresh_from_db()
        progress(run)


def _outcome(run: ImportRun, *, is_dry_run: bool) -> Outcome:
    refused = ImportRow.objects.filter(run=run, state=RowState.REFUSED).order_by("line")
    counts = run.check_report if is_dry_run else run.report
    outcome = Outcome(run, counts, tuple(refused[:MOST_SHOWN]))
    if is_dry_run:
        run.delete()
    return outcome
