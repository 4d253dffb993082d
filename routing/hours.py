"""Business hours as the calculation wants them, from the rows that RevOps edit."""

import zoneinfo
from collections.abc import Iterable
from functools import lru_cache
from importlib import metadata
from pathlib import Path

from django.db import transaction

from routing.calendar import BusinessHours, Closure, Window, always_open
from routing.models import BusinessCalendar, CalendarClosure, CalendarWindow

DEFAULT_CALENDAR = "default"
"""Key of the calendar for what no territory's calendar times."""

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


def hours_in(calendar: BusinessCalendar | None) -> BusinessHours:
    """Return a calendar's hours; around the clock where there is none."""
    return AROUND_THE_CLOCK if calendar is None else hours_of(calendar)


def default_calendar() -> BusinessCalendar | None:
    """Return the default calendar; None while nobody has set it up."""
    return BusinessCalendar.objects.filter(key=DEFAULT_CALENDAR).first()


def default_hours() -> BusinessHours:
    """Return the hours of the default calendar, around the clock while nobody has set it up."""
    return hours_in(default_calendar())


@transaction.atomic
def replace_windows(calendar: BusinessCalendar, windows: Iterable[CalendarWindow]) -> None:
    """Make these new rows the weekly openings of a calendar; running clocks are counted anew."""
    calendar.windows.all().delete()
    CalendarWindow.objects.bulk_create(windows)


@transaction.atomic
def replace_closures(calendar: BusinessCalendar, closures: Iterable[CalendarClosure]) -> None:
    """Make these new rows the closures of a calendar; running clocks are counted anew."""
    calendar.closures.all().delete()
    CalendarClosure.objects.bulk_create(closures)


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
