"""Shapes of values in a document: each checks one value and says what it must be instead."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import available_timezones

Shape = Callable[[Any], str]
"""Returns what the value must be, "" when it is that."""

EARLIEST_YEAR, LATEST_YEAR = 1970, 2199
"""Instants beyond these are mistakes, and their arithmetic leaves the calendar."""

LARGEST = 10**18
"""Numbers beyond it, and those without end, are no amounts of anything."""

UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
"""Seconds of each unit in which a duration is written."""

SLUG = re.compile(r"[-a-zA-Z0-9_]{1,64}\Z")
DURATION = re.compile(r"([1-9][0-9]{0,5}) (second|minute|hour|day)s?\Z")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\Z")


def text(longest: int) -> Shape:
    """Make a shape: a text of at most so many characters, not blank."""
    return lambda value: (
        ""
        if isinstance(value, str) and value.strip() and len(value) <= longest and "\0" not in value
        else f"must be a text of at most {longest} characters (quoted if it is a number)"
    )


def whole(least: int, most: int) -> Shape:
    """Make a shape: a whole number between two bounds, both included."""
    return lambda value: (
        ""
        if type(value) is int and least <= value <= most
        else f"must be {least} to {most}, whole"
    )


def choice(words: Iterable[str]) -> Shape:
    """Make a shape: one of the words."""
    allowed = [str(word) for word in words]
    return lambda value: "" if value in allowed else f"must be one of {', '.join(allowed)}"


def list_of(shape: Shape, *, is_empty_allowed: bool = True) -> Shape:
    """Make a shape: a list of values of one shape, none twice."""

    def check(value: Any) -> str:
        if not isinstance(value, list) or not (value or is_empty_allowed):
            return "must be a list" + ("" if is_empty_allowed else " that is not empty")
        wrong = next(filter(None, map(shape, value)), "")
        if wrong:
            return f"must be a list of which each {wrong}"
        return "" if len(set(value)) == len(value) else "must not name anything twice"

    return check


def number(value: Any) -> str:
    """Check for a number, whole or not."""
    is_number = type(value) in (int, float) and -LARGEST <= value <= LARGEST
    return "" if is_number else "must be a number"


def percent(value: Any) -> str:
    """Check for a percentage with at most two decimal places."""
    is_percent = not number(value) and 0 <= value <= 100 and round(value, 2) == value
    return "" if is_percent else "must be a percentage from 0 to 100 with two decimal places"


def flag(value: Any) -> str:
    """Check for true or false."""
    return "" if isinstance(value, bool) else "must be true or false"


def mapping(value: Any) -> str:
    """Check for a mapping."""
    return "" if isinstance(value, Mapping) else "must be a mapping of names to values"


def rows(value: Any) -> str:
    """Check for a list of mappings."""
    is_rows = isinstance(value, list) and all(isinstance(row, Mapping) for row in value)
    return "" if is_rows else "must be a list of mappings"


def anything(_: Any) -> str:
    """Take any value; another check follows."""
    return ""


def slug(value: Any) -> str:
    """Check for a key."""
    is_slug = isinstance(value, str) and SLUG.match(value)
    return "" if is_slug else "must be a key: letters, digits, - and _, at most 64"


def email(value: Any) -> str:
    """Check for something like an e-mail address."""
    return "" if isinstance(value, str) and EMAIL.match(value) else "must be an e-mail address"


def zone(value: Any) -> str:
    """Check for an IANA time zone."""
    is_zone = isinstance(value, str) and value in available_timezones()
    return "" if is_zone else "must be an IANA time zone"


def instant(value: Any) -> str:
    """Check for an ISO 8601 instant with its offset from UTC."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        return "must be an ISO 8601 instant with an offset, like 2026-01-13T12:00Z"
    is_near = EARLIEST_YEAR <= moment.year <= LATEST_YEAR
    return "" if is_near else f"must lie between {EARLIEST_YEAR} and {LATEST_YEAR}"


def duration(value: Any) -> str:
    """Check for a duration like `15 minutes`."""
    is_duration = isinstance(value, str) and DURATION.match(value)
    return "" if is_duration else "must be a duration like 15 minutes, 4 hours or 2 days"


def duration_of(value: str) -> timedelta:
    """Read a duration like `15 minutes`."""
    amount, unit = value.removesuffix("s").split(" ")
    return timedelta(seconds=int(amount) * UNITS[unit])


def words_of(value: timedelta) -> str:
    """Write a duration in its largest whole unit up to hours."""
    seconds = int(value.total_seconds())
    unit = next(unit for unit in ("hour", "minute", "second") if seconds % UNITS[unit] == 0)
    amount = seconds // UNITS[unit]
    return f"{amount} {unit}" if amount == 1 else f"{amount} {unit}s"


def problems(
    where: str, row: Any, fields: Mapping[str, Shape], *, required: Collection[str] = ()
) -> Iterator[str]:
    """Yield what is wrong with a mapping of fields, one sentence each; None counts as left out."""
    if not isinstance(row, Mapping):
        yield f"{where}: must be a mapping of names to values"
        return
    for name, value in row.items():
        if name not in fields:
            yield f"{where}: {name} is unknown (known: {', '.join(fields)})"
        elif value is not None and (wrong := fields[name](value)):
            yield f"{where}: {name} {wrong}"
    for name in required:
        if row.get(name) is None:
            yield f"{where}: {name} is missing"
