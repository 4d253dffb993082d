"""One value of a file: the text in its column, read as what the mapping declares it to be."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale
from django.utils.text import slugify

from definitions.shapes import SLUG
from leads import dates

SURROGATE = re.compile("[\ud800-\udfff]")
WHOLE = re.compile(r"[0-9]{1,10}(\.0+)?\Z")
NUMBER = re.compile(r"[-+]?[0-9]{1,12}(\.[0-9]{1,9})?\Z")
THREE_PLACES = re.compile(r"[-+]?[1-9][0-9]{0,2}\.[0-9]{3}\Z")
"""A number like 1.000, which is one or a thousand."""

SPACES = re.compile("[\u00a0\u2009\u202f]")
ROUNDED = re.compile(r"[-+]?[0-9]+([.,][0-9]+)?[eE]\+[0-9]+\Z")
"""How spreadsheets write long numbers."""

LONGEST_ID = 200
MOST = 2_147_483_647
CENT = Decimal("0.01")
MOST_MONEY = Decimal("999999999999.99")
INVISIBLE = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
"""What copying out of a page or a mail leaves around a text."""

MOST_KNOWN = 2_000
"""Texts of one column whose reading is remembered."""

MOST_SHOWN = 80
"""Characters of a text that a reason quotes."""

_UNREAD = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Where a value stands in a row, or what it is in every row, and how it is written.

    column: its name in the header; blank: `value` is meant, the same in every row. table: what
    the texts of the column stand for; one that is missing stands for `otherwise`, and without
    that refuses the row. blank: what a blank stands for. prefix: put before the text. slug:
    whether the text is a name that a key is made of. formats, zone, fold: how instants are written
    (strptime), in which zone, and which of two is meant when the clocks go back (0 the first, 1
    the second; None refuses). decimal, thousands: the marks in numbers. separator: stands between
    the words of a list. region: the country (ISO 3166-1 alpha-2) of telephone numbers in rows
    that name none.
    """

    column: str = ""
    value: str | None = None
    table: Mapping[str, str] | None = None
    otherwise: str | None = None
    blank: str | None = None
    prefix: str = ""
    slug: bool = False
    formats: tuple[str, ...] = ()
    zone: tzinfo | None = None
    fold: int | None = None
    decimal: str = "."
    thousands: str = ""
    separator: str = ";"
    region: str = ""

    @classmethod
    def of(cls, content: str | Mapping[str, Any]) -> "Cell":
        """Make a cell of what a mapping says; a text alone is a column."""
        if isinstance(content, str):
            return cls(column=content)
        said = {name: value for name, value in content.items() if value is not None}
        if "zone" in said:
            said["zone"] = ZoneInfo(said["zone"])
        if "formats" in said:
            said["formats"] = tuple(said["formats"])
        if "fold" in said:
            said["fold"] = ("first", "second").index(said["fold"])
        return cls(**said)


Read = Callable[[str], Any]
"""Reads a text that is not blank; raises ValueError with the rest of a sentence."""

Reader = Callable[[Cell], Read]
"""Makes the way in which the texts of a cell are read."""

Reading = Callable[[Sequence[str]], Any]
"""Returns the value in the texts of a row, None when blank; raises ValueError with a sentence."""


def reading(
    cell: Cell, reader: Reader, *, position: int | None, blanks: frozenset[str]
) -> Reading:
    """Prepare how a cell is read in every row of a file.

    Args:
        cell: what the mapping says of it.
        reader: what kind of value it is.
        position: where its column stands in a row, from 0; None without a column.
        blanks: the texts that say nothing.
    """
    meaning = _meaning(cell, reader(cell), blanks)
    if position is None:
        fixed = None if cell.value is None else reader(cell)(cell.prefix + cell.value)
        return lambda _: fixed
    known: dict[str, Any] = {}

    def read(values: Sequence[str]) -> Any:
        text = values[position]
        value = known.get(text, _UNREAD)
        if value is _UNREAD:
            value = meaning(text)
            if len(known) < MOST_KNOWN:
                known[text] = value
        return value

    return read


def _meaning(cell: Cell, read: Read, blanks: frozenset[str]) -> Read:
    def mean(written: str) -> Any:
        text: str | None = bare(written)
        if text in blanks:
            text = cell.blank
        elif cell.table is not None:
            text = _stands_for(text or "", cell)
        if text is None:
            return None
        if "\0" in text or (not text.isascii() and SURROGATE.search(text)):
            raise ValueError("has characters that are no text.")
        try:
            return read(cell.prefix + text)
        except ValueError as error:
            raise ValueError(f"{quoted(text)} {error}") from error

    return mean


def bare(text: str) -> str:
    """Return a text without the spaces and the invisible characters around it."""
    said = text.strip()
    return said if said.isascii() else said.strip(INVISIBLE).strip()


def _stands_for(text: str, cell: Cell) -> str:
    found = (cell.table or {}).get(text, cell.otherwise)
    if found is None:
        raise ValueError(f"{quoted(text)} is not in the mapping's table.")
    return found


def quoted(text: str) -> str:
    """Return a text in quotes, shortened when it is long."""
    return f"“{text}”" if len(text) <= MOST_SHOWN else f"“{text[:MOST_SHOWN]}…”"


def plain(read: Read) -> Reader:
    """Make a reader of what is read the same way in every cell."""
    return lambda _: read


def text(longest: int) -> Reader:
    """Make a reader of texts of at most so many characters."""

    def read(written: str) -> str:
        if len(written) > longest:
            raise ValueError(f"is longer than {longest} characters.")
        return written

    return plain(read)


def identifier(written: str) -> str:
    """Read the id of something in another system."""
    if len(written) > LONGEST_ID:
        raise ValueError(f"is longer than {LONGEST_ID} characters.")
    if ROUNDED.match(written):
        raise ValueError("was rounded by a spreadsheet: its last digits are lost.")
    return written


def key(cell: Cell) -> Read:
    """Read the key of a source, a campaign, a kind, or make one of its name."""

    def read(written: str) -> str:
        said = slugify(written).replace("-", "_")[:64] if cell.slug else written
        if not SLUG.match(said):
            raise ValueError("is no key (letters, digits, - and _): give it one in a table.")
        return said

    return read


def currency(written: str) -> str:
    """Read the code of a currency (ISO 4217)."""
    code = written.upper()
    if code not in Locale("en").currencies:
        raise ValueError("is no currency of ISO 4217.")
    return code


def one_of(words: Collection[str]) -> Reader:
    """Make a reader of a few words in lower case, however they are written."""

    def read(written: str) -> str:
        if written.lower() not in words:
            raise ValueError(f"is none of {', '.join(sorted(words))}: say which in a table.")
        return written.lower()

    return plain(read)


def flag(written: str) -> bool:
    """Read true or false."""
    if written.lower() not in {"true", "false"}:
        raise ValueError("is none of false, true: say which in a table.")
    return written.lower() == "true"


def zone(written: str) -> str:
    """Read the name of an IANA time zone."""
    if written not in available_timezones():
        raise ValueError("is no IANA time zone, like Europe/Berlin.")
    return written


def words(cell: Cell) -> Read:
    """Read a list of words, each at most 64 characters."""

    def read(written: str) -> tuple[str, ...]:
        parts = tuple(part.strip() for part in written.split(cell.separator) if part.strip())
        if any(len(part) > 64 for part in parts):
            raise ValueError("has an entry that is longer than 64 characters.")
        return parts

    return read


def whole(cell: Cell) -> Read:
    """Read a count; `100.0` is one hundred."""
    plainly = _number(cell)

    def read(written: str) -> int:
        digits = plainly(written)
        if not WHOLE.match(digits) or Decimal(digits) > MOST:
            raise ValueError("is no whole number.")
        return int(Decimal(digits))

    return read


def money(cell: Cell) -> Read:
    """Read an amount with at most two decimal places."""
    plainly = _number(cell)

    def read(written: str) -> Decimal:
        digits = plainly(written)
        amount = Decimal(digits) if NUMBER.match(digits) else None
        if amount is None or abs(amount) > MOST_MONEY or amount != amount.quantize(CENT):
            raise ValueError("is no amount with at most two decimal places.")
        return amount

    return read


def _number(cell: Cell) -> Callable[[str], str]:
    """Prepare to write a number with a point and without marks of thousands.

    Marks must stand before groups of three digits (two in the middle, as in India); a text in
    which they do not is returned as it is, and is no number. Raises ValueError where a mark has
    three digits behind it, since it may be meant as the other.
    """
    thousands = SPACES.sub(" ", cell.thousands)
    mark, point = re.escape(thousands), re.escape(cell.decimal)
    grouped = re.compile(
        rf"[-+]?[0-9]{{1,3}}(?:{mark}[0-9]{{2,3}})*{mark}[0-9]{{3}}({point}.*)?\Z"
    )

    unclear = "is one number or a thousand times as much: declare the marks."
    if thousands or cell.decimal != ".":
        unclear = f"has three digits behind {quoted(cell.decimal)}, the declared decimal mark."

    def plainly(written: str) -> str:
        said = SPACES.sub(" ", written)
        if thousands and grouped.match(said):
            said = said.replace(thousands, "")
        if cell.decimal != ".":
            said = said.replace(".", "?").replace(cell.decimal, ".")
        if THREE_PLACES.match(said):
            raise ValueError(unclear)
        return said

    return plainly


def day(cell: Cell) -> Read:
    """Read a day by the declared formats, all of which are tried: two readings refuse."""
    one = _by_formats(cell, lambda found, form: found.date())

    def read(written: str) -> date:
        found: date = one(written)
        return found

    return read


def instant(cell: Cell) -> Read:
    """Read an instant by the declared formats, all of which are tried: two readings refuse.

    A day without time is its first instant in the declared zone.
    """
    if str(cell.zone) == "UTC" and not any("%z" in form for form in cell.formats):
        return _by_formats(cell, lambda found, form: found.replace(tzinfo=UTC))
    days = frozenset(form for form in cell.formats if not dates.has_clock(form))
    return _by_formats(cell, lambda found, form: _localized(found, cell, is_day=form in days))


def _by_formats(cell: Cell, settle: Callable[[datetime, str], Any]) -> Read:
    parsers = [(form, dates.parser(form)) for form in cell.formats]
    first, parse_first = parsers[0]

    def read_by_one(written: str) -> Any:
        parsed = parse_first(written)
        if parsed is None:
            raise ValueError(f"is not written as {first}.")
        return settle(parsed, first)

    def read(written: str) -> Any:
        found = {
            settle(parsed, form)
            for form, parse in parsers
            if (parsed := parse(written)) is not None
        }
        if not found:
            raise ValueError(f"is not written as {' or '.join(cell.formats)}.")
        if len(found) > 1:
            raise ValueError(f"can be read as {' and as '.join(sorted(map(str, found)))}.")
        return found.pop()

    return read if len(parsers) > 1 else read_by_one


def _localized(found: datetime, cell: Cell, *, is_day: bool) -> datetime:
    try:
        if found.tzinfo is not None:
            return found.astimezone(UTC)
        return _in_zone(found, cell, is_day=is_day)
    except OverflowError as error:
        raise ValueError("is out of the calendar's range.") from error


def _in_zone(naive: datetime, cell: Cell, *, is_day: bool) -> datetime:
    first = naive.replace(tzinfo=cell.zone, fold=0)
    second = first.replace(fold=1)
    if is_day or first.utcoffset() == second.utcoffset():
        return first.astimezone(UTC)
    if first.astimezone(UTC).astimezone(cell.zone).replace(tzinfo=None, fold=0) != naive:
        raise ValueError(f"does not exist in {cell.zone}: the clocks went forward.")
    if cell.fold is None:
        raise ValueError(f"is two instants in {cell.zone}: say `fold: first` or `second`.")
    return (first, second)[cell.fold].astimezone(UTC)
