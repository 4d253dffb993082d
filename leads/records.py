"""What a file of rows is made of: how it is written, its header, its rows."""

import codecs
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, NamedTuple

LONGEST_VALUE = 100_000
"""Characters of one value."""

LONGEST_NAME = 200
"""Characters of a column's name."""

MOST_COLUMNS = 1_000

LOST = "\N{REPLACEMENT CHARACTER}"
"""Stands where bytes are no text: a row that holds it is damaged."""

UNFIT = frozenset(
    {"utf-7", "unicode-escape", "raw-unicode-escape", "idna", "punycode", "undefined"}
)
"""Encodings of Python in which nobody writes files."""

EMAIL = re.compile(r"\S+@\S+\.\S+")
NUMBER = re.compile(r"[-+]?[\d.,'\s]*\d[\d.,'\s]*(E[-+]?\d+)?", re.IGNORECASE)
DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ,].*)?", re.DOTALL)
NO_NAMES = {EMAIL: "an e-mail address", DATE: "a date", NUMBER: "a number"}


class FileRefused(Exception):
    """The file as a whole cannot be read; the message says what to do."""


class FileFormat(StrEnum):
    """How rows are written down."""

    CSV = "csv"
    TSV = "tsv"
    XLSX = "xlsx"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a file is written: found by its content, or declared.

    encoding: a text encoding of Python; blank for XLSX. delimiter: one character; blank for XLSX.
    quote: one character, or blank where quotes are characters like others. is_multiline: quoted
    values hold line breaks. sheet: the name of an XLSX file's sheet; blank: its first.
    """

    format: FileFormat
    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = '"'
    is_multiline: bool = False
    sheet: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the layout as it is kept with a file."""
        return asdict(self)

    @classmethod
    def of_json(cls, said: Mapping[str, Any]) -> "Layout":
        """Read a layout that was kept or declared.

        Raises:
            FileRefused: no file can be written so.
        """
        is_known = set(said) <= set(cls.__slots__) and said.get("format") in set(FileFormat)
        if not is_known or not all(
            isinstance(value, bool if name == "is_multiline" else str)
            for name, value in said.items()
        ):
            raise FileRefused("This is no layout of a file: its format is csv, tsv or xlsx.")
        layout = cls(**{**said, "format": FileFormat(said["format"])})
        if layout.format != FileFormat.XLSX:
            _check_marks(layout)
        return layout


def _check_marks(layout: Layout) -> None:
    if len(layout.delimiter) != 1 or layout.delimiter in "\r\n \0":
        raise FileRefused("The delimiter is one character, for example “,” or “;”.")
    if len(layout.quote) > 1 or layout.quote in ("\r", "\n", " ", "\0", layout.delimiter):
        raise FileRefused('The quote is one character, for example “"”, or none.')
    try:
        "".encode(layout.encoding)
        is_fit = codecs.lookup(layout.encoding).name not in UNFIT
    except (LookupError, ValueError):
        is_fit = False
    if not is_fit:
        raise FileRefused(f"“{layout.encoding}” is no known encoding of text.")


class Record(NamedTuple):
    """A row of a file.

    line: where it begins, from 1 (XLSX: the sheet's row). values: as many as the header has;
    those that are there when the row is damaged. damage: why it is no row, a sentence; blank: it
    is one. repair: what was mended to read it, a sentence; blank: nothing.
    """

    line: int
    values: tuple[str, ...]
    damage: str = ""
    repair: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """What was found in a file, to be shown before anything is read.

    sample: its first 200 rows. notes: sentences on what is remarkable. sheets: the names of an
    XLSX file's sheets that can be seen.
    """

    layout: Layout
    header: tuple[str, ...]
    sample: tuple[Record, ...]
    notes: tuple[str, ...]
    sheets: tuple[str, ...] = ()


def plain_name(name: str) -> str:
    """Return a column's name as it is compared: spaces and case do not count."""
    return " ".join(name.split()).casefold()


def named(row: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the columns; blank ones at the end are dropped, others numbered.

    Raises:
        FileRefused: they are no names, or two are the same but for case and spaces.
    """
    names = [" ".join(name.split()) for name in row]
    while names and not names[-1]:
        del names[-1]
    if not names or len(names) > MOST_COLUMNS:
        raise FileRefused(f"A table has between 1 and {MOST_COLUMNS:,} columns with names.")
    names = [name or f"Column {place}" for place, name in enumerate(names, start=1)]
    seen: dict[str, str] = {}
    for name in names:
        _check_name(name)
        other = seen.setdefault(plain_name(name), name)
        if other is not name:
            raise FileRefused(
                f"Two columns have one name, “{other}” and “{name}”: give each its own."
            )
    return tuple(names)


def _check_name(name: str) -> None:
    if LOST in name:
        raise FileRefused(
            f"The header has bytes that are no text (“{name[:LONGEST_NAME]}”): the file is "
            "written in another encoding, or is no table."
        )
    if len(name) > LONGEST_NAME:
        raise FileRefused(
            f"The first line is no header: “{name[:40]}…” is longer than {LONGEST_NAME} "
            "characters. Is this file a table?"
        )
    for pattern, what in NO_NAMES.items():
        if pattern.fullmatch(name):
            raise FileRefused(
                f"The first line must name the columns, but “{name}” is {what}: put a header "
                "above the rows."
            )
