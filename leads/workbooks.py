"""Excel workbooks (XLSX): their sheets as rows of text, with bombs kept out."""

import posixpath
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO
from xml.parsers.expat import ExpatError

from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH

from leads import sheets
from leads.records import LONGEST_VALUE, LOST, MOST_COLUMNS, FileRefused, Record, named
from leads.sheets import Elements, Row, Sheet, Texts

MOST_BYTES = 1 << 30
"""Of a workbook, unpacked."""

MOST_RATIO = 200
FROM_BYTES = 10 << 20
"""A workbook that is smaller, unpacked, may be packed at any ratio."""

MOST_TEXT_BYTES = 128 << 20
"""Of a workbook's table of texts, unpacked: it is held in memory."""

MERGED = b"mergeCell ref="
"""What a sheet's part says of each place where cells were merged."""

ENCRYPTED = 0x1
SAVE = "Save it as XLSX or CSV and send that."
DAMAGED = "This XLSX file is damaged: open it in a spreadsheet and save it anew, or as CSV."
FAULTS = (
    AttributeError,
    EOFError,
    ExpatError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What reading a damaged archive may raise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbook:
    """What a workbook says of itself.

    sheets: the part of each sheet that can be seen, by name. hidden: those of the others. texts
    and styles: blank: there are none. epoch: the day from which days are counted.
    """

    sheets: Mapping[str, str]
    hidden: Mapping[str, str]
    texts: str
    styles: str
    epoch: datetime


def names(file: BinaryIO) -> tuple[str, ...]:
    """Return the names of the sheets that can be seen.

    Raises:
        FileRefused: the workbook cannot be read.
    """
    with _opened(file) as archive:
        return tuple(_workbook(archive).sheets)


def has_merged(file: BinaryIO, sheet: str) -> bool:
    """Say whether cells of a sheet were merged: only the first of them has their value.

    Raises:
        FileRefused: the workbook cannot be read, or has no such sheet.
    """
    with _opened(file) as archive, archive.open(_part(_workbook(archive), sheet)) as source:
        before = b""
        while chunk := source.read(sheets.CHUNK):
            if MERGED in before + chunk:
                return True
            before = chunk[-len(MERGED) :]
    return False


def rows(file: BinaryIO, sheet: str) -> Iterator[Row]:
    """Yield the rows of a sheet that are not empty; blank: of the first that can be seen.

    Memory is that of the workbook's table of texts.

    Raises:
        FileRefused: the workbook cannot be read, or has no such sheet.
    """
    with _opened(file) as archive:
        workbook = _workbook(archive)
        part = _part(workbook, sheet)
        texts, styles = Texts(), Elements(frozenset({"numFmt", "xf"}))
        if workbook.texts:
            _check_texts(archive, workbook.texts)
            sheets.read(archive, workbook.texts, texts)
        if workbook.styles:
            sheets.read(archive, workbook.styles, styles)
        formats = sheets.formats_of(styles.found)
        reading = Sheet(texts=texts.found, formats=formats, epoch=workbook.epoch)
        for _ in sheets.parse(archive, part, reading):
            found, reading.rows = reading.rows, []
            yield from found


def _part(workbook: Workbook, sheet: str) -> str:
    name = sheet or next(iter(workbook.sheets), "")
    part = {**workbook.sheets, **workbook.hidden}.get(name)
    if part is None:
        raise FileRefused(f"The file has no sheet “{name}”.")
    return part


def _check_texts(archive: zipfile.ZipFile, part: str) -> None:
    if archive.getinfo(part).file_size > MOST_TEXT_BYTES:
        raise FileRefused("This workbook holds too much text: send its rows in parts, or as CSV.")


def header(found: Iterator[Row]) -> tuple[str, ...]:
    """Read the names of the columns off the first row that is not empty.

    Raises:
        FileRefused: there are none, or they are no names.
    """
    for _, cells in found:
        return named([cells.get(column, "") for column in range(max(cells) + 1)])
    raise FileRefused("The sheet is empty: its first row must name the columns.")


def records(found: Iterator[Row], width: int) -> Iterator[Record]:
    """Yield rows as wide as the header; cells that are not there are blank."""
    for number, cells in found:
        count = max(width, min(max(cells) + 1, MOST_COLUMNS))
        values = tuple([cells.get(column, "") for column in range(count)])
        yield Record(number, values, _damage(cells, width))


def _damage(cells: Mapping[int, str], width: int) -> str:
    if max(cells) >= width:
        return f"has a value beyond the {width} columns that the header names."
    if any(LOST in text for text in cells.values()):
        return f"has characters that are no text (shown as {LOST})."
    if any(len(text) > LONGEST_VALUE for text in cells.values()):
        return f"has a value of more than {LONGEST_VALUE:,} characters."
    return ""


@contextmanager
def _opened(file: BinaryIO) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(file) as archive:
            _check(archive)
            yield archive
    except FAULTS as error:
        raise FileRefused(DAMAGED) from error


def _check(archive: zipfile.ZipFile) -> None:
    """Look at what an archive says of itself, before anything is unpacked."""
    entries = archive.infolist()
    if any(entry.flag_bits & ENCRYPTED for entry in entries):
        raise FileRefused(f"This file is protected by a password. {SAVE}")
    if not any(entry.filename.startswith("xl/") for entry in entries):
        raise FileRefused(f"This file is an archive, but no XLSX. {SAVE}")
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if unpacked > MOST_BYTES or unpacked > max(FROM_BYTES, MOST_RATIO * packed):
        raise FileRefused(
            f"This file would unpack to {unpacked >> 20:,} MB: send its rows in parts, or as CSV."
        )


def _workbook(archive: zipfile.ZipFile) -> Workbook:
    main = _by_kind(_relations(archive, ""))["officeDocument"]
    if not main.endswith(".xml"):
        raise FileRefused(f"This file is a binary workbook (XLSB). {SAVE}")
    relations = _relations(archive, main)
    said = Elements(frozenset({"sheet", "workbookPr"}))
    sheets.read(archive, main, said)
    seen: dict[str, str] = {}
    hidden: dict[str, str] = {}
    epoch = WINDOWS_EPOCH
    for _, name, attributes in said.found:
        if name == "workbookPr":
            is_mac = attributes.get("date1904", "0") in ("1", "true")
            epoch = MAC_EPOCH if is_mac else WINDOWS_EPOCH
            continue
        kind, part = relations[_identity(attributes)]
        if kind == "worksheet":
            kept = seen if attributes.get("state", "visible") == "visible" else hidden
            kept[attributes["name"]] = part
    parts = _by_kind(relations)
    return Workbook(
        sheets=seen,
        hidden=hidden,
        texts=parts.get("sharedStrings", ""),
        styles=parts.get("styles", ""),
        epoch=epoch,
    )


def _identity(attributes: Mapping[str, str]) -> str:
    return next(value for name, value in attributes.items() if name.endswith(" id"))


def _relations(archive: zipfile.ZipFile, part: str) -> dict[str, tuple[str, str]]:
    """Return the kind and the part of what a part refers to, by its identity."""
    folder, name = posixpath.split(part)
    said = Elements(frozenset({"Relationship"}))
    sheets.read(archive, posixpath.join(folder, "_rels", f"{name}.rels"), said)
    return {
        one["Id"]: (
            one["Type"].rpartition("/")[2],
            posixpath.normpath(posixpath.join("/", folder, one["Target"])).lstrip("/"),
        )
        for _, _, one in said.found
    }


def _by_kind(relations: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    return dict(relations.values())
