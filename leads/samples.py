"""What the first rows of a file tell of how days and numbers in it are written."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Any, TypeVar

from leads import cells, dates
from leads.cells import Cell

ENOUGH = 0.8
"""Share of values that a way of writing must read to be offered."""

DAYS = {
    "year": ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%y-%m-%d", "%y/%m/%d", "%y.%m.%d"),
    "day": (
        *(f"%d{mark}%m{mark}{year}" for mark, year in product("/.-", ("%Y", "%y"))),
        "%d %b %Y",
        "%d %B %Y",
        "%d-%b-%Y",
        "%d-%b-%y",
        "%d. %B %Y",
    ),
    "month": (
        *(f"%m{mark}%d{mark}{year}" for mark, year in product("/.-", ("%Y", "%y"))),
        "%b %d, %Y",
        "%B %d, %Y",
        "%b %d %Y",
    ),
}
"""Ways to write a day, by what stands first."""

CLOCKS = (
    "",
    " %H:%M",
    " %H:%M:%S",
    " %H:%M:%S.%f",
    " %I:%M %p",
    " %I:%M:%S %p",
    ", %H:%M",
    ", %H:%M:%S",
    ", %I:%M %p",
)
ISO_CLOCKS = tuple(
    f"{mark}{clock}{zone}"
    for mark, clock, zone in product("T ", ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f"), ("", "%z", " %z"))
)

FIRSTS: Mapping[str, str] = {day: first for first, days in DAYS.items() for day in days}
"""What stands first in a way to write a day."""

PARTS = {
    "Y": "[0-9]{4}",
    "y": "[0-9]{2}(?![0-9])",
    "m": "[0-9]{1,2}",
    "d": "[0-9]{1,2}",
    "b": "[A-Za-z]{3}(?![A-Za-z])",
    "B": "[A-Za-z]{3,}",
}
"""How the directives of strptime in a day look."""

MARKS = ((".", ""), (",", ""), (".", ","), (",", "."), (",", " "), (".", " "), (".", "'"))
"""Marks of decimals and thousands, the plainest first."""


@dataclass(frozen=True, slots=True)
class Dates:
    """How the days of a column may be written.

    ways: each the formats of strptime that read the values together, of one way to write a day.
    is_ambiguous: the ways put different things first, so that somebody must say which is meant.
    """

    ways: tuple[tuple[str, ...], ...] = ()
    is_ambiguous: bool = False

    @property
    def formats(self) -> tuple[str, ...]:
        """The formats of all ways."""
        return tuple(form for way in self.ways for form in way)


@dataclass(frozen=True, slots=True)
class Numbers:
    """How the numbers of a column may be written.

    marks: of decimals and thousands, that read the values. is_ambiguous: some values are two
    numbers, so that somebody must say which marks are meant.
    """

    marks: tuple[tuple[str, str], ...] = ()
    is_ambiguous: bool = False


def dates_of(values: Sequence[str]) -> Dates:
    """Find how days are written.

    Args:
        values: the texts of a column that are not blank.
    """
    ways = {day: _readings(values, day) for day in FIRSTS if _is_likely(values, day)}
    best = _best({day: read for day, (read, _) in ways.items()}, len(values))
    return Dates(
        tuple(tuple(ways[day][1]) for day in best),
        is_ambiguous=len({FIRSTS[day] for day in best}) > 1,
    )


def formats_of(day: str) -> list[str]:
    """Return the formats of a day with and without a time."""
    clocks = ("", *ISO_CLOCKS, *CLOCKS[4:]) if day == "%Y-%m-%d" else CLOCKS
    return [f"{day}{clock}" for clock in clocks]


def _is_likely(values: Sequence[str], day: str) -> bool:
    """Say at a glance whether enough values begin like a day written this way."""
    pattern = "".join(
        PARTS[part] if place % 2 else re.escape(part)
        for place, part in enumerate(re.split("%(.)", day))
    )
    begins = re.compile(pattern + "(?![0-9])")
    return bool(values) and sum(map(bool, map(begins.match, values))) >= len(values) * ENOUGH


def _readings(values: Sequence[str], day: str) -> tuple[list[datetime | None], list[str]]:
    """Read values by all formats of a day; returns what they say, and the formats that did."""
    found: list[datetime | None] = [None] * len(values)
    used = []
    for form in formats_of(day):
        parse = dates.parser(form)
        read = [
            parse(text) if said is None else said for text, said in zip(values, found, strict=True)
        ]
        if read != found:
            found = read
            used.append(form)
    return found, used


def numbers_of(values: Sequence[str], *, reader: cells.Reader = cells.money) -> Numbers:
    """Find how numbers are written.

    Args:
        values: the texts of a column that are not blank.
        reader: of amounts or of counts.
    """
    ways = {
        marks: reader(Cell(column="it", decimal=marks[0], thousands=marks[1])) for marks in MARKS
    }
    found = _best(
        {marks: [_read(read, text) for text in values] for marks, read in ways.items()},
        len(values),
    )
    readings = {tuple(numbers) for numbers in found.values()}
    return Numbers(tuple(found), is_ambiguous=len(readings) > 1)


_Way = TypeVar("_Way")


def _best(ways: Mapping[_Way, list[Any]], count: int) -> dict[_Way, list[Any]]:
    """Return the ways that read most of so many values, if it is enough; None is not read."""
    counts = {way: sum(said is not None for said in read) for way, read in ways.items()}
    most = max(1, count * ENOUGH, *counts.values())
    return {way: ways[way] for way, reads in counts.items() if reads >= most}


def _read(read: Callable[[str], Any], text: str) -> Any:
    try:
        return read(text)
    except ValueError:
        return None
