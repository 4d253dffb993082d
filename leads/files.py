"""Files of rows, whatever people send: looked at by content, then read as a stream."""

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import BinaryIO

from leads import layouts, workbooks
from leads.delimited import CHUNK, ESCAPED, Splitter, blocks
from leads.records import (
    FileFormat,
    FileRefused,
    Layout,
    Look,
    Record,
    plain_name,
)

__all__ = [
    "FileFormat",
    "FileRefused",
    "Layout",
    "Look",
    "Record",
    "digest",
    "is_why",
    "look",
    "plain_name",
    "read",
    "write_csv",
    "write_refused",
]

SAMPLE = 200
"""Rows shown of a file."""

ROWS = 500
"""Rows written at a time."""

WHY = "Why refused"
"""The last column of a file of refused rows; no mapping speaks of it when it is sent again."""

UNMENDED = "Mend the row, then empty this cell."
"""Ends that column's text where nothing else tells that the row was broken: it stays refused."""

FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")  # noqa: RUF001  # as above


def look(file: BinaryIO, layout: Layout | None = None) -> Look:
    """Look at a file before it is read.

    Its format, encoding, delimiter, quote and line breaks in values are found by its content,
    whatever its name, unless `layout` declares them. All of a text file is looked at.

    Raises:
        FileRefused: it is no table that can be read; says what to do.
    """
    notes: list[str] = []
    sheets: tuple[str, ...] = ()
    if layout is None:
        if layouts.is_workbook(file):
            layout = Layout(format=FileFormat.XLSX, encoding="", delimiter="", quote="")
        else:
            layout, notes = layouts.found(file)
    if layout.format == FileFormat.XLSX:
        sheets = workbooks.names(file)
        notes += _notes_of(sheets, layout)
        if workbooks.has_merged(file, layout.sheet):
            notes.append("Cells are merged: only the first of them has their value.")
    header, records = _opened(file, layout)
    return Look(layout, header, tuple(islice(records, SAMPLE)), tuple(notes), sheets)


def _notes_of(sheets: Sequence[str], layout: Layout) -> list[str]:
    if len(sheets) < 2:
        return []
    others = ", ".join(f"“{sheet}”" for sheet in sheets if sheet != (layout.sheet or sheets[0]))
    return [f"Only the sheet “{layout.sheet or sheets[0]}” is read, not {others}."]


def read(file: BinaryIO, layout: Layout) -> Iterator[Record]:
    """Yield the rows below the header; those without any value are skipped.

    A damaged row costs itself alone: it comes with the reason, the others go on. Where a damaged
    row has exactly one reading it is mended, and says so.

    Raises:
        FileRefused: the file is not written so.
    """
    _, records = _opened(file, layout)
    return records


def _opened(file: BinaryIO, layout: Layout) -> tuple[tuple[str, ...], Iterator[Record]]:
    is_workbook = layouts.is_workbook(file)
    if is_workbook != (layout.format == FileFormat.XLSX):
        raise FileRefused(
            f"The file is {'an' if is_workbook else 'no'} XLSX: let its layout be found again."
        )
    if is_workbook:
        rows = workbooks.rows(file, layout.sheet)
        header = workbooks.header(rows)
        return header, _held_back(header, workbooks.records(rows, len(header)))
    splitter, rest = Splitter(layout), blocks(file, layout.encoding)
    header = splitter.header(rest)
    return header, _held_back(header, splitter.records(rest))


def _held_back(header: Sequence[str], records: Iterator[Record]) -> Iterator[Record]:
    """Refuse broken rows again that come back as `write_refused` wrote them."""
    place = next((at for at, name in enumerate(header) if is_why(name)), None)
    return records if place is None else (_unmended(record, place) for record in records)


def _unmended(record: Record, place: int) -> Record:
    said = "" if record.damage else record.values[place].strip()
    if not said.endswith(UNMENDED):
        return record
    return record._replace(damage=said.removesuffix(UNMENDED).strip(), repair="")


def is_why(name: str) -> bool:
    """Say whether a column is that which says why rows were refused."""
    return plain_name(name) == plain_name(WHY)


def write_refused(
    header: Sequence[str], rows: Iterable[tuple[Sequence[str], str, bool]]
) -> Iterator[bytes]:
    """Yield refused rows as CSV, to be mended and sent again; the last column says why.

    Values too many stand behind that, so that their row stays one that cannot be read. Others
    that were broken, and look whole now, stay refused until their last cell is emptied.

    Args:
        header: the file's columns; where it came back itself, its reasons are left out.
        rows: the values of each, why it was refused, and whether it was broken as a whole.
    """
    kept = [place for place, name in enumerate(header) if not is_why(name)]
    mendable = (_mendable(row, kept, len(header)) for row in rows)
    return write_csv([*(header[place] for place in kept), WHY], mendable)


def _mendable(
    row: tuple[Sequence[str], str, bool], kept: Sequence[int], width: int
) -> Sequence[str]:
    values, why, is_broken = row
    whole = [*values, *[""] * (width - len(values))]
    if is_broken and len(values) <= width:
        why = f"{why} {UNMENDED}"
    return [*(whole[place] for place in kept), why, *whole[width:]]


def write_csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    r"""Yield rows as CSV that spreadsheets open: UTF-8 with a byte order mark, CRLF.

    A value that a spreadsheet would take for a formula (it begins with =, +, -, @, a tab, a
    carriage return or a full-width form of these) gets an apostrophe, which `read` takes off.
    """
    yield "\ufeff".encode()
    lines = iter(_chained(header, rows))
    while batch := list(islice(lines, ROWS)):
        text = io.StringIO()
        writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        writer.writerows([_kept(value) for value in row] for row in batch)
        yield text.getvalue().encode()


def _chained(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[Sequence[str]]:
    yield header
    yield from rows


def _kept(value: str) -> str:
    return f"'{value}" if value.startswith(FORMULA) or ESCAPED.match(value) else value


def digest(file: BinaryIO) -> str:
    """Return the SHA-256 of a file, as hexadecimal digits."""
    seen = hashlib.sha256()
    file.seek(0)
    while chunk := file.read(CHUNK):
        seen.update(chunk)
    return seen.hexdigest()
