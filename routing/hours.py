"""Business hours as the calculation wants them, from the rows that RevOps edit."""

import zoneinfo
from functools import lru_cache
from importlib import metadata
from pathlib import Path

from routing.calendar import BusinessHours, Closure, Window, always_open
from routing.models import BusinessCalendar

AROUND_THE_CLOCK = always_open()
"""For promises that count wall-clock time."""


def hours_of(calendar: BusinessCalendar) -> BusinessHours:
    """Return a calendar's hours; two queries unless `windows` and `closures` were prefetched.

    Calendars of the same content share one object, and with it the cache of opened days.
    """
    windows = sorted(
        (window.weekday, window.opens, window.closes) for window in calendar.windows.all()
    )
    closures = sorted(
        ((closure.on, closure.opens, closure.closes) for closure in calendar.closures.all()),
        key=lambda closure: (closure[0], str(closure[1])),
    )
    return _hours(
        zone=calendar.time_zone,
        windows=tuple(Window(*window) for window in windows),
        country=calendar.holiday_country,
        subdivision=calendar.holiday_subdivision,
        closures=tuple(Closure(*closure) for closure in closures),
    )


@lru_cache(maxsize=1)
def tzdata_version() -> str:
    """Return the edition of the time zone database in use, for example "2025b"."""
    for folder in zoneinfo.TZPATH:
        listing = Path(folder) / "tzdata.zi"
        if listing.is_file():
            with listing.open(encoding="utf-8") as lines:
                return lines.readline().removeprefix("# version").strip()[:16]
    return metadata.version("tzdata")


@lru_cache(maxsize=1_024)
def _hours(
    *,
    zone: str,
    windows: tuple[Window, ...],
    country: str,
    subdivision: str,
    closures: tuple[Closure, ...],
) -> BusinessHours:
    return BusinessHours(
        zone=zone, windows=windows, country=country, subdivision=subdivision, closures=closures
    )
