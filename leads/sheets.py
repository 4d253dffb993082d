"""The parts of an Excel workbook (XLSX), which are XML: read as a stream, without a tree."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Protocol
from xml.parsers import expat
from zipfile import ZipFile

from openpyxl.formula.translate import Translator
from openpyxl.styles.numbers import (
    BUILTIN_FORMATS,
    is_date_format,
    is_datetime,
    is_timedelta_format,
)
from openpyxl.utils import column_index_from_string
from openpyxl.utils.datetime import from_excel

from leads.records import LOST

CHUNK = 1 << 16
"""Bytes read at a time."""

MOST_ROWS = 1_048_576
"""Of a sheet, by Excel."""

ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
"""How characters are written that XML has not."""

Attributes = Mapping[str, str]

Row = tuple[int, dict[int, str]]
"""The number of a row, from 1, and its cells as text, by column, from 0."""


class PartDamaged(ValueError):
    """A part does not hold what it should."""


class Handler(Protocol):
    """Takes the elements of a part as they come, by their names without namespace."""

    def start(self, name: str, attributes: Attributes) -> None:
        """Take an element's beginning."""

    def end(self, name: str, text: str) -> None:
        """Take an element's end, with the text before it since another began or ended."""


def parse(archive: ZipFile, part: str, handler: Handler) -> Iterator[None]:
    """Hand a part over to a handler, a chunk at a step.

    Document types are refused, since nothing but attacks has them here.

    Raises:
        KeyError, ValueError, ExpatError, BadZipFile, zlib.error: it is damaged.
    """
    text: list[str] = []

    def start(name: str, attributes: Attributes) -> None:
        text.clear()
        handler.start(name.rpartition(" ")[2], attributes)

    def end(name: str) -> None:
        handler.end(name.rpartition(" ")[2], "".join(text))
        text.clear()

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text.append
    parser.StartDoctypeDeclHandler = _refuse_document_type
    with archive.open(part) as source:
        while chunk := source.read(CHUNK):
            parser.Parse(chunk, False)
            yield
        parser.Parse(b"", True)
        yield


def _refuse_document_type(*_: object) -> None:
    raise PartDamaged("has a document type.")


def read(archive: ZipFile, part: str, handler: Handler) -> None:
    """Hand all of a part over to a handler; raises like `parse`."""
    for _ in parse(archive, part, handler):
        pass


@dataclass(slots=True)
class Elements:
    """Keeps the attributes of some elements, by the element that they are in."""

    wanted: frozenset[str]
    found: list[tuple[str, str, Attributes]] = field(default_factory=list)
    path: list[str] = field(default_factory=lambda: [""])

    def start(self, name: str, attributes: Attributes) -> None:
        if name in self.wanted:
            self.found.append((self.path[-1], name, attributes))
        self.path.append(name)

    def end(self, name: str, text: str) -> None:
        self.path.pop()


@dataclass(slots=True)
class Texts:
    """Keeps the texts that cells refer to by number."""

    found: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    is_phonetic: bool = False

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "rPh":
            self.is_phonetic = True

    def end(self, name: str, text: str) -> None:
        if name == "t" and not self.is_phonetic:
            self.parts.append(text)
        elif name == "rPh":
            self.is_phonetic = False
        elif name == "si":
            self.found.append(unescaped("".join(self.parts)))
            self.parts.clear()


def unescaped(text: str) -> str:
    """Put the characters in the place of their escapes."""
    return ESCAPE.sub(_meant, text).replace("\r\n", "\n") if "_x" in text else text


def _meant(escape: re.Match[str]) -> str:
    code = int(escape[1], 16)
    return LOST if code == 0 or 0xD800 <= code <= 0xDFFF else chr(code)


def formats_of(elements: Sequence[tuple[str, str, Attributes]]) -> list[str]:
    """Return the format of instants for each style of cells, blank where it is of none.

    Args:
        elements: `numFmt` and `xf` of the workbook's styles.
    """
    codes = dict(BUILTIN_FORMATS)
    codes |= {
        int(said["numFmtId"]): said.get("formatCode", "")
        for _, name, said in elements
        if name == "numFmt"
    }
    styles = (
        codes.get(int(said.get("numFmtId", "0")), "")
        for above, name, said in elements
        if (above, name) == ("cellXfs", "xf")
    )
    return [code if is_date_format(code) else "" for code in styles]


@dataclass(slots=True, kw_only=True)
class Sheet:
    """Makes rows of a sheet's cells; those that came are in `rows`, to be taken away."""

    texts: Sequence[str]
    formats: Sequence[str]
    epoch: datetime
    rows: list[Row] = field(default_factory=list)
    number: int = 0
    column: int = -1
    cells: dict[int, str] = field(default_factory=dict)
    cell: Attributes = field(default_factory=dict)
    formula: Attributes | None = None
    value: str = ""
    written: str = ""
    is_phonetic: bool = False
    columns: dict[str, int] = field(default_factory=dict)
    shared: dict[str, Translator] = field(default_factory=dict)

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "c":
            self.cell, self.value, self.written, self.formula = attributes, "", "", None
            self._go_to(attributes.get("r", ""))
        elif name == "row":
            number = int(attributes.get("r", self.number + 1))
            if not self.number < number <= MOST_ROWS:
                raise PartDamaged("has rows out of order.")
            self.number, self.column, self.cells = number, -1, {}
        elif name == "f":
            self.formula = attributes
        elif name == "rPh":
            self.is_phonetic = True

    def _go_to(self, place: str) -> None:
        letters = place.rstrip("0123456789")
        column = self.column + 1
        if place:
            if place[len(letters) :] != str(self.number):
                raise PartDamaged("has cells in rows that are not theirs.")
            known = self.columns.get(letters)
            column = column_index_from_string(letters) - 1 if known is None else known
            self.columns[letters] = column
        if column <= self.column:
            raise PartDamaged("has cells out of order.")
        self.column = column

    def end(self, name: str, text: str) -> None:
        if name == "v" or (name == "t" and not self.is_phonetic):
            self.value += text
        elif name == "c":
            if said := self._text():
                self.cells[self.column] = said
        elif name == "row":
            self.rows += [(self.number, self.cells)] if self.cells else []
        elif name == "f":
            self.written = text
        elif name == "rPh":
            self.is_phonetic = False

    def _text(self) -> str:
        """Return the cell as text: a formula as it is written, never what it comes to."""
        if self.formula is not None:
            return self._formula(self.formula)
        kind = self.cell.get("t", "n")
        return READERS[kind](self, self.value) if self.value else ""

    def _formula(self, said: Attributes) -> str:
        kind, shared = said.get("t"), said.get("si", "")
        if kind == "dataTable":
            return "=TABLE()"
        if kind == "shared" and not self.written:
            return str(self.shared[shared].translate_formula(self.cell["r"]))
        if kind == "shared":
            self.shared[shared] = Translator(f"={self.written}", self.cell["r"])
        return f"={self.written}"

    def referred(self, value: str) -> str:
        """Return a text that stands in the workbook's table."""
        place = int(value)
        if place < 0:
            raise PartDamaged("refers to no text.")
        return self.texts[place]

    def number_or_instant(self, value: str) -> str:
        """Return a number as text, or what its format makes of it, in ISO 8601."""
        number = int(value) if value.lstrip("-").isdecimal() else float(value)
        style = int(self.cell.get("s", "0"))
        form = self.formats[style] if style < len(self.formats) else ""
        if not form:
            return _number(number)
        try:
            found = from_excel(number, self.epoch, timedelta=is_timedelta_format(form))
        except (OverflowError, ValueError):
            return _number(number)
        return _instant(found, form)


def _number(value: float) -> str:
    """Write a number with the 15 digits that Excel knows of it, never with an exponent."""
    if isinstance(value, int):
        return str(value)
    text = format(Decimal(format(value, ".15g")), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _instant(found: datetime | time | timedelta, form: str) -> str:
    """Write an instant: only the day, if the cell neither shows nor has a time of the day."""
    if isinstance(found, timedelta):
        seconds = round(found.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if isinstance(found, datetime) and is_datetime(form) == "date" and found.time() == time():
        return found.date().isoformat()
    return found.isoformat()


READERS: Mapping[str, Callable[[Sheet, str], str]] = {
    "n": Sheet.number_or_instant,
    "s": Sheet.referred,
    "b": lambda sheet, value: "true" if int(value) else "false",
    "str": lambda sheet, value: unescaped(value),
    "inlineStr": lambda sheet, value: unescaped(value),
    "e": lambda sheet, value: value,
    "d": lambda sheet, value: value,
}
"""How a cell's value is read, by its type."""
