"""Text files of rows, CSV and TSV: read as a stream, where a damaged row costs itself alone."""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING, BinaryIO

from leads.records import LONGEST_VALUE, LOST, FileRefused, Layout, Record, named

if TYPE_CHECKING:
    from _csv import Reader

CHUNK = 1 << 18
"""Bytes decoded at a time."""

LONGEST_LINE = 10 * LONGEST_VALUE
"""Characters of one line; what stands beyond is not kept."""

MOST_LINES = 1_000
"""Lines that one row may take."""

WINDOW = 500
"""Lines split together, and anew after each odd one among them."""

LONGEST_SHOWN = 1_000
"""Characters kept of a line that cannot be split."""

ESCAPED = re.compile(r"'+[=+\-@\t\r＝＋－＠]")  # noqa: RUF001  # full-width forms are meant
"""What begins a value that `files.write_csv` kept from being taken for a formula."""

SEPARATOR_LINE = re.compile(r"\"?sep=(.)\"?[\r\n]*\Z", re.IGNORECASE)
"""A first line by which spreadsheets are told the delimiter."""

MIXED = re.compile(r"[^\x00-\x7f]{2}")
"""What the characters of UTF-8 look like when they are read in an encoding of one byte each."""

OPEN = "opens a quote that is not closed."
REASONS = {
    "unexpected end of data": OPEN,
    "field larger": f"has a value of more than {LONGEST_VALUE:,} characters.",
    "expected after": "has text after a closing quote.",
}


def blocks(file: BinaryIO, encoding: str) -> Iterator[str]:
    """Yield the text in blocks of whole lines; only the last may lack its line's end.

    Bytes that are no text become `LOST`. A line beyond `LONGEST_LINE` is cut there.

    Raises:
        FileRefused: the file is not written in the encoding at all.
    """
    rest, is_first = "", True
    for decoded in _decoded(file, encoding):
        text = rest + decoded
        if is_first and text:
            text, is_first = text.removeprefix("\ufeff"), False
        # A carriage return at the very end may be half of a line's end.
        end = max(text.rfind("\n"), text.rfind("\r", 0, -1)) + 1
        if end:
            yield text[:end]
        rest = text[end:][: LONGEST_LINE + 1]
    if rest:
        yield rest


def _decoded(file: BinaryIO, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    file.seek(0)
    try:
        while chunk := file.read(CHUNK):
            yield decoder.decode(chunk).replace("\0", LOST)
        yield decoder.decode(b"", final=True)
    except UnicodeError as error:
        raise FileRefused(f"The file is not written in {encoding}.") from error


def lines_of(block: str) -> list[str]:
    """Split a block at the ends of lines, which stay: Unix's, Windows' or old Macs'."""
    return io.StringIO(block, newline="").readlines()


@dataclass(slots=True)
class Splitter:
    """Splits the lines of a file into rows; empty lines, and rows without any value, are none.

    names: how many columns have a name. width: how many values a row has, those of columns at
    the end without a name included. line: the next. multiline: how many rows took several lines.
    held: lines that were read and are not split yet.
    """

    layout: Layout
    names: int = 0
    width: int = 0
    line: int = 1
    multiline: int = 0
    held: list[str] = field(default_factory=list)
    is_unicode: bool = field(init=False)
    well_formed: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        self.is_unicode = codecs.lookup(self.layout.encoding).name.startswith("utf")
        self.well_formed = _well_formed(self.layout)

    def header(self, file_blocks: Iterator[str]) -> tuple[str, ...]:
        """Read the names of the columns; the lines after them are held for `records`.

        Raises:
            FileRefused: there are none, or they are no names.
        """
        for block in file_blocks:
            self.held += lines_of(block)
            if self.line == 1 and SEPARATOR_LINE.match(self.held[0]):
                self._skip(1)
            self._skip(sum(1 for _ in takewhile(self._is_blank, self.held)))
            if self.held:
                return self._header()
        raise FileRefused("The file is empty: its first line must name the columns.")

    def _is_blank(self, line: str) -> bool:
        return not line.strip(f" \t\r\n{self.layout.delimiter}{self.layout.quote}")

    def _skip(self, count: int) -> None:
        del self.held[:count]
        self.line += count

    def _header(self) -> tuple[str, ...]:
        reader = self.reader(self.held[:MOST_LINES])
        try:
            row = next(reader)
        except csv.Error as error:
            raise FileRefused(f"Line {self.line}, the header, {_reason(error)}") from error
        if len(row) == 1:
            row = self.unwrapped(row) or row
        self._skip(reader.line_num)
        names = named([_unescaped(name) for name in row])
        self.names, self.width = len(names), len(row)
        return names

    def reader(self, lines: Sequence[str], *, strict: bool = True) -> "Reader":
        """Return a reader of rows by the layout."""
        csv.field_size_limit(LONGEST_VALUE)
        quote = self.layout.quote
        return csv.reader(
            lines,
            delimiter=self.layout.delimiter,
            quotechar=quote or None,
            quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
            skipinitialspace=True,
            strict=strict,
        )

    def records(self, file_blocks: Iterator[str]) -> Iterator[Record]:
        """Yield the rows of what is held and of the blocks that follow."""
        for block in file_blocks:
            yield from self.split(block)
        yield from self.split("", is_last=True)

    def split(self, block: str, *, is_last: bool = False) -> list[Record]:
        """Return the rows of what is held and of a block; half a row at its end is held."""
        lines, self.held = self.held + lines_of(block), []
        found: list[Record] = []
        start, is_plain = 0, self._is_plain(lines)
        while start < len(lines):
            window = lines[start : start + WINDOW] if is_plain else []
            taken = self._plain(window, found) if window else 0
            start += taken
            if taken < max(1, len(window)):
                count = self._odd(lines, start, found, is_last=is_last)
                if not count:
                    self.held = lines[start:]
                    break
                start += count
                self.line += count
        return found

    def _is_plain(self, lines: list[str]) -> bool:
        """Whether rows can be taken as they are read, if their width is right."""
        text = "".join(lines)
        return not (
            self.names < self.width
            or LOST in text
            or ("'" in text and ESCAPED.search(text))
            or (not self.is_unicode and MIXED.search(text))
            or max(map(len, lines), default=0) > LONGEST_LINE
        )

    def _plain(self, lines: list[str], found: list[Record]) -> int:
        """Add rows up to the first that is odd; returns how many lines they take."""
        reader, width, first, count = self.reader(lines), self.width, self.line, 0
        quote = self.layout.quote
        has_quotes = bool(quote) and any(quote in line for line in lines)
        try:
            for row in reader:
                end = reader.line_num
                is_odd = len(row) != width or end > count + 1
                is_odd = is_odd or (has_quotes and quote in "".join(row))
                record: Record | None = Record(first + count, tuple(row))
                if is_odd and row:
                    record = self._told(row, lines[count:end], first + count)
                if record is None:
                    break
                if row and (row[0] or any(row)):
                    found.append(record)
                count = end
        except csv.Error:
            pass  # The line is odd: it is looked at alone.
        self.line = first + count
        return count

    def _told(self, row: Sequence[str], taken: Sequence[str], line: int) -> Record | None:
        """Return a row at which reading needs not stop; None: it must be looked at alone."""
        if self._is_sound(row, taken):
            return Record(line, tuple(row))
        quote = self.layout.quote
        if len(taken) > 1 or (quote and quote in taken[0]):
            return None
        self.line = line
        return self._record(row, taken[0])

    def _is_sound(self, row: Sequence[str], taken: Sequence[str]) -> bool:
        """Whether a row is one by all rules, though it takes several lines or holds quotes."""
        if len(row) != self.width or self.well_formed.fullmatch("".join(taken)) is None:
            return False
        if len(taken) > 1:
            if self._is_doubtful(taken):
                return False
            self.multiline += 1
        return True

    def _odd(self, lines: list[str], start: int, found: list[Record], *, is_last: bool) -> int:
        """Add the row that begins at a line; returns how many lines; 0: more must be read."""
        line = lines[start]
        if len(line) > LONGEST_LINE:
            reason = f"is a line of more than {LONGEST_LINE:,} characters."
            found.append(self._damaged(line, reason))
            return 1
        try:
            row: list[str] = next(self.reader([line]), [])
        except csv.Error as error:
            if _reason(error) == OPEN:
                return self._open(lines[start : start + MOST_LINES], found, is_last=is_last)
            found.append(self._damaged(line, _reason(error)))
        else:
            if any(row):
                found.append(self._record(row, line))
        return 1

    def _open(self, lines: list[str], found: list[Record], *, is_last: bool) -> int:
        """Add the row whose first line leaves a quote open.

        It takes the lines up to the one that closes the quote, if it then has as many values as
        the header. If it has not, the quote was left open by mistake, which costs that line alone.
        """
        reader = self.reader(lines)
        try:
            row = next(reader)
        except csv.Error as error:
            if _reason(error) == OPEN and not is_last and len(lines) < MOST_LINES:
                return 0
            row = []
        if self._fitted(row) is None:
            found.append(self._damaged(lines[0], OPEN))
            return 1
        taken = lines[: reader.line_num]
        if self._is_doubtful(taken):
            reason = (
                f"opens a quote that is closed in line {self.line + len(taken) - 1}: either a "
                "value holds line breaks, or quotes are missing."
            )
            found.append(Record(self.line, tuple(row), reason))
        else:
            self.multiline += 1
            found.append(self._record(row, "".join(taken)))
        return len(taken)

    def _is_doubtful(self, lines: Sequence[str]) -> bool:
        """Whether the lines of one row may as well be rows: some are as wide as the header."""
        if not self.layout.is_multiline:
            return True
        first, *middle, last = (
            len(next(self.reader([line], strict=False), [])) == self.width for line in lines
        )
        return (self.width > 2 and any(middle)) or (self.width > 3 and first and last)

    def _fitted(self, row: Sequence[str]) -> tuple[tuple[str, ...], str] | None:
        """Return as many values as the header has, and what was mended; None: it is another count.

        There are two repairs, each with one reading: a whole row within quotes is split once
        more, and values too many that are all blank are dropped.
        """
        repair = ""
        if len(row) == 1 and self.width > 1:
            row = self.unwrapped(row)
            repair = "The whole row was within quotes: it was split once more."
        if len(row) < self.width or any(row[self.names :]):
            return None
        if len(row) > self.width and not repair:
            repair = f"{len(row) - self.width} blank values too many were dropped."
        return tuple(row[: self.names]), repair

    def unwrapped(self, row: Sequence[str]) -> list[str]:
        """Split the one value of a row that was within quotes as a whole; empty: it was not."""
        try:
            rows = list(self.reader(lines_of(row[0])))
        except csv.Error:
            return []
        return rows[0] if len(rows) == 1 and len(rows[0]) > 1 else []

    def _record(self, row: Sequence[str], raw: str) -> Record:
        fitted = self._fitted(row)
        if fitted is None:
            return Record(self.line, tuple(row), self._misfit(row))
        values, repair = fitted
        values = tuple(map(_unescaped, values))
        damage = self._damage(values)
        quote = self.layout.quote
        if quote and not damage and any(quote in value for value in row):
            damage, stray = self._stray_quotes(values, raw)
            repair = repair or stray
        return Record(self.line, values, damage, "" if damage else repair)

    def _misfit(self, row: Sequence[str]) -> str:
        if len(row) == self.width:
            return "has a value in a column without a name."
        return f"has {len(row)} value{'s' * (len(row) > 1)}, the header has {self.names}."

    def _damage(self, values: Sequence[str]) -> str:
        if any(LOST in value for value in values):
            return f"has bytes that are no text in {self.layout.encoding} (shown as {LOST})."
        if not self.is_unicode:
            for value in values:
                other = _as_utf_8(value, self.layout.encoding)
                if other != value:
                    return f"mixes encodings: “{value}” would be “{other}” in UTF-8."
        return ""

    def _stray_quotes(self, values: Sequence[str], raw: str) -> tuple[str, str]:
        """Return damage and repair of a row with quotes in values."""
        if self.well_formed.fullmatch(raw):
            return "", ""
        quote = self.layout.quote
        for value in values:
            if value.endswith(quote) and value.count(quote) % 2:
                return f"has the value {value} with a quote that nothing opens.", ""
        return "", "Quotes within a value that is not quoted were taken as they stand."

    def _damaged(self, line: str, reason: str) -> Record:
        try:
            row = next(self.reader([line.rstrip("\r\n")], strict=False), [])
        except csv.Error:
            row = [line[:LONGEST_SHOWN]]
        return Record(self.line, tuple(row), reason)


def _unescaped(value: str) -> str:
    return value[1:] if ESCAPED.match(value) else value


def _reason(error: csv.Error) -> str:
    said = str(error)
    return next(
        (reason for sign, reason in REASONS.items() if sign in said), f"is no row: {said}."
    )


def _as_utf_8(value: str, encoding: str) -> str:
    """Return what the bytes of a value are in UTF-8; itself where they are nothing."""
    if value.isascii():
        return value
    try:
        return value.encode(encoding).decode("utf-8")
    except UnicodeError:
        return value


def _well_formed(layout: Layout) -> re.Pattern[str]:
    """Make a pattern of rows in which quotes stand only around values, and doubled within."""
    if not layout.quote:
        return re.compile(".*", re.DOTALL)
    quote, delimiter = re.escape(layout.quote), re.escape(layout.delimiter)
    value = f" *(?:{quote}(?:[^{quote}]|{quote}{quote})*+{quote}|[^{quote}{delimiter}]*+)"
    return re.compile(f"{value}(?:{delimiter}{value})*+[\r\n]*")
