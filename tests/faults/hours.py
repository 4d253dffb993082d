"""Due instants over the nights on which clocks change, beside a walk minute by minute."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from routing import calendar
from routing.calendar import BusinessHours, Window

MINUTE = timedelta(minutes=1)
DAYS = range(7)
AROUND_THE_CLOCK = tuple(Window(day, time(0), time(0)) for day in DAYS)
LATE = tuple(Window(day, time(1, 30), time(22)) for day in DAYS)
OFFICE = tuple(Window(day, time(9), time(17, 30)) for day in range(5))
NIGHTS = {
    "Europe/Berlin": ("2026-03-28T20:00+00:00", "2026-10-24T20:00+00:00"),
    "America/St_Johns": ("2026-03-07T20:00+00:00", "2026-10-31T20:00+00:00"),
    "Australia/Lord_Howe": ("2026-04-04T08:00+00:00", "2026-10-03T08:00+00:00"),
    "Africa/Casablanca": ("2026-02-14T20:00+00:00", "2026-03-21T20:00+00:00"),
    "Asia/Kolkata": ("2026-03-28T20:00+00:00",),
}
AMOUNTS = (timedelta(minutes=30), timedelta(hours=4), timedelta(hours=9, minutes=10))


def problems() -> list[str]:
    """Return how many due instants differ from the walk, and the first that does."""
    wrong = [
        f"{hours.zone} {start:%Y-%m-%d %H:%M} + {amount}: {due}, by the walk {walked}"
        for hours, start, amount in _cases()
        if (due := calendar.add(hours, start=start, amount=amount))
        != (walked := _walk(hours, start, amount))
    ]
    return [f"{len(wrong)} due instants are wrong: {wrong[0]}"] if wrong else []


def _cases() -> Iterator[tuple[BusinessHours, datetime, timedelta]]:
    for zone, nights in NIGHTS.items():
        for windows in (AROUND_THE_CLOCK, LATE, OFFICE):
            for night in nights:
                for amount in AMOUNTS:
                    yield BusinessHours(zone, windows), datetime.fromisoformat(night), amount


def _walk(hours: BusinessHours, start: datetime, amount: timedelta) -> datetime:
    """Go on by a minute until enough of them were open."""
    zone, at = ZoneInfo(hours.zone), start
    while amount > timedelta(0):
        local = at.astimezone(zone)
        amount -= MINUTE * any(
            window.weekday == local.weekday()
            and window.opens <= local.time()
            and (window.closes == time(0) or local.time() < window.closes)
            for window in hours.windows
        )
        at += MINUTE
    return at
