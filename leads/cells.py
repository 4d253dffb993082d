"""One value of a file: the text in its column, read as what the mapping declares it to be."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from definitions.shapes import SLUG

CLOCK_DIRECTIVES = re.compile(r"%[HIcXfs]")
UNREADABLE = re.compile("[\0\udc80-\udcff]")
WHOLE = re.compile(r"[0-9]{1,10}(\.0+)?\Z")
NUMBER = re.compile(r"[-+]?[0-9]{1,12}(\.[0-9]{1,9})?\Z")
MOST = 2_147_483_647
CENT = Decimal("0.01")
MOST_MONEY = Decimal("999999999999.99")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Where a value stands in a row, or what it is in every row, and how it is written.

    column: its name in the header; blank: `value` is meant, the same in every row. table: what
    the texts of the column stand for; one that is missing stands for `otherwise`, and without
    that refuses the row. blank: what a blank stands for. prefix: put before the text. formats,
    zone, fold: how instants are written (strptime), in which zone, and which of two is meant when
    the clocks go back (0 the first, 1 the second; None refuses). decimal, thousands: the marks in
    numbers. separator: stands between the words of a list.
    """

    column: str = ""
    value: str | None = None
    table: Mapping[str, str] | None = None
    otherwise: str | None = None
    blank: str | None = None
    prefix: str = ""
    formats: tuple[str, ...] = ()
    zone: tzinfo | None = None
    fold: int | None = None
    decimal: str = "."
    thousands: str = ""
    separator: str = ";"


class CellRefused(ValueError):
    """A value cannot be taken; names its column and says why."""

    def __init__(self, column: str, reason: str) -> None:
        self.column = column
        self.reason = reason
        super().__init__(f"{column}: {reason}")


Reader = Callable[[str, Cell], Any]
"""Reads a text that is not blank; raises ValueError with the reason."""


def value_of(cell: Cell, read: Reader, row: Mapping[str, str], *, blanks: frozenset[str]) -> Any:
    """Return the value in a row, None when it is blank.

    Raises:
        CellRefused: the text is not in the table, or cannot be read.
    """
    text = _text_of(cell, row, blanks=blanks)
    if text is None:
        return None
    try:
        return read(cell.prefix + text, cell)
    except ValueError as error:
        raise CellRefused(cell.column, f"“{text}” {error}") from error


def _text_of(cell: Cell, row: Mapping[str, str], *, blanks: frozenset[str]) -> str | None:
    if not cell.column:
        return cell.value
    text = row[cell.column].strip()
    if text in blanks:
        return cell.blank
    if UNREADABLE.search(text):
        raise CellRefused(cell.column, "has bytes that are no text in the declared encoding.")
    if cell.table is None:
        return text
    found = cell.table.get(text, cell.otherwise)
    if found is None:
        raise CellRefused(cell.column, f"“{text}” is not in the mapping's table.")
    return found


def text(longest: int) -> Reader:
    """Make a reader of texts of at most so many characters."""

    def read(written: str, _: Cell) -> str:
        if len(written) > longest:
            raise ValueError(f"is longer than {longest} characters.")
        return written

    return read


def key(written: str, _: Cell) -> str:
    """Read the key of a source, a campaign, a kind."""
    if not SLUG.match(written):
        raise ValueError("is no key (letters, digits, - and _): give it one in a table.")
    return written


def email(written: str, _: Cell) -> str:
    """Read an e-mail address."""
    try:
        validate_email(written)
    except ValidationError as error:
        raise ValueError("is no e-mail address.") from error
    return written


def letters(count: int, what: str) -> Reader:
    """Make a reader of codes of so many letters, for example of countries; upper case."""
    pattern = re.compile(f"[A-Za-z]{{{count}}}\\Z")

    def read(written: str, _: Cell) -> str:
        if not pattern.match(written):
            raise ValueError(f"is no {what}.")
        return written.upper()

    return read


def one_of(words: frozenset[str]) -> Reader:
    """Make a reader of a few words."""

    def read(written: str, _: Cell) -> str:
        if written not in words:
            raise ValueError(f"is none of {', '.join(sorted(words))}: say which in a table.")
        return written

    return read


def flag(written: str, cell: Cell) -> bool:
    """Read true or false."""
    return bool(one_of(frozenset({"true", "false"}))(written, cell) == "true")


def words(written: str, cell: Cell) -> tuple[str, ...]:
    """Read a list of words, each at most 64 characters."""
    parts = tuple(part.strip() for part in written.split(cell.separator) if part.strip())
    if any(len(part) > 64 for part in parts):
        raise ValueError("has an entry that is longer than 64 characters.")
    return parts


def whole(written: str, cell: Cell) -> int:
    """Read a count; `100.0` is one hundred."""
    plain = _plain(written, cell)
    if not WHOLE.match(plain) or Decimal(plain) > MOST:
        raise ValueError("is no whole number.")
    return int(Decimal(plain))


def money(written: str, cell: Cell) -> Decimal:
    """Read an amount with at most two decimal places."""
    plain = _plain(written, cell)
    amount = Decimal(plain) if NUMBER.match(plain) else None
    if amount is None or abs(amount) > MOST_MONEY or amount != amount.quantize(CENT):
        raise ValueError("is no amount with at most two decimal places.")
    return amount


def _plain(written: str, cell: Cell) -> str:
    without = written.replace(cell.thousands, "") if cell.thousands else written
    if cell.decimal == ".":
        return without
    return without.replace(".", "?").replace(cell.decimal, ".")


def instant(written: str, cell: Cell) -> datetime:
    """Read an instant by the declared formats, all of which are tried: two readings refuse.

    A day without time is its first instant in the declared zone.
    """
    readings = {
        reading for form in cell.formats if (reading := _read_by(form, written, cell)) is not None
    }
    if not readings:
        raise ValueError(f"is not written as {' or '.join(cell.formats)}.")
    if len(readings) > 1:
        raise ValueError(f"can be read as {' and as '.join(sorted(map(str, readings)))}.")
    return readings.pop()


def _read_by(form: str, written: str, cell: Cell) -> datetime | None:
    try:
        naive = datetime.strptime(written, form)  # noqa: DTZ007  # the zone follows
    except ValueError:
        return None
    try:
        if naive.tzinfo is not None:
            return naive.astimezone(UTC)
        return _localize(naive, cell, is_day=not CLOCK_DIRECTIVES.search(form))
    except OverflowError as error:
        raise ValueError("is out of the calendar's range.") from error


def _localize(naive: datetime, cell: Cell, *, is_day: bool) -> datetime:
    first = naive.replace(tzinfo=cell.zone, fold=0)
    second = naive.replace(tzinfo=cell.zone, fold=1)
    if first.utcoffset() == second.utcoffset() or is_day:
        return first.astimezone(UTC)
    if first.astimezone(UTC).astimezone(cell.zone).replace(tzinfo=None, fold=0) != naive:
        raise ValueError(f"does not exist in {cell.zone}: the clocks went forward.")
    if cell.fold is None:
        raise ValueError(f"is two instants in {cell.zone}: say `fold: first` or `second`.")
    return (first, second)[cell.fold].astimezone(UTC)
