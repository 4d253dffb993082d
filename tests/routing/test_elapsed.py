"""Business time used and left at any instant, pauses left out: against minutes counted one by one.

`CLOCK_CASES` says how many cases are drawn, `CLOCK_SEED` which ones; the seed is printed.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from random import Random
from zoneinfo import ZoneInfo

import holidays
import pytest

from routing import calendar, elapsed, pauses, shortening, timers
from routing.calendar import BusinessHours, CalendarNeverOpens, Closure, Interval, Window
from tests.routing import clockwork
from tests.routing.clockwork import DAY, HOUR, MINUTE, NOON
from tests.routing.test_timers import response, started

CASES = int(os.environ.get("CLOCK_CASES", "10000"))
SEED = int(os.environ.get("CLOCK_SEED", "0")) or Random().randrange(1, 10**9)

SPAN_DAYS = 12
CASES_A_CALENDAR = 100

PLACES = (
    ("Europe/Berlin", "DE", "BY", (date(2026, 3, 26), date(2026, 10, 22), date(2026, 12, 22))),
    ("America/New_York", "US", "NY", (date(2026, 3, 5), date(2026, 10, 29), date(2026, 7, 1))),
    ("Australia/Lord_Howe", "AU", "NSW", (date(2026, 4, 1), date(2026, 10, 1))),
    ("Africa/Casablanca", "MA", "", (date(2026, 2, 12), date(2026, 3, 18))),
    ("America/St_Johns", "CA", "NL", (date(2026, 3, 5), date(2026, 10, 28))),
    ("Asia/Kolkata", "IN", "MH", (date(2026, 1, 23), date(2026, 8, 12))),
)
"""Zones with a country, a part of it, and dates shortly before something odd happens there."""


def every(opens: time, closes: time, *, days: Sequence[int] = range(7)) -> tuple[Window, ...]:
    return tuple(Window(day, opens, closes) for day in days)


WEEKS = (
    every(time(0), time(0)),
    every(time(1, 30), time(22)),
    every(time(9), time(17, 30), days=range(5)),
    every(time(22), time(6), days=range(5)),
    (*every(time(8), time(12), days=range(6)), *every(time(13), time(17), days=range(5))),
    (*every(time(23, 30), time(2, 30)), *every(time(6), time(14), days=(1, 3))),
)
"""Around the clock, nearly so, an office, a night shift, a break at noon, and a jumble."""


@dataclass(frozen=True)
class Minutes:
    """The oracle: which minutes of twelve days from `begins` on are open."""

    begins: datetime
    is_open: Sequence[bool]

    def at(self, instant: datetime) -> int:
        return round((instant - self.begins) / MINUTE)

    def count(self, start: datetime, end: datetime, still: Sequence[Interval]) -> int:
        first, last = self.at(start), self.at(end)
        open_now = self._around(still)
        return sum(open_now[first:last])

    def after(self, start: datetime, amount: int, still: Sequence[Interval]) -> datetime | None:
        """Return the end of the minute that uses up an amount; None: not within these days."""
        first = self.at(start)
        used = accumulate(self._around(still)[first:])
        place = next((place for place, total in enumerate(used, 1) if total == amount), None)
        return None if place is None else start + place * MINUTE

    def _around(self, still: Sequence[Interval]) -> list[bool]:
        open_now = list(self.is_open)
        for begins, ends in still:
            for place in range(max(0, self.at(begins)), min(len(open_now), self.at(ends))):
                open_now[place] = False
        return open_now


def counted(hours: BusinessHours, begins: datetime) -> Minutes:
    """Ask of every minute, by its local wall time, whether it is open."""
    zone = ZoneInfo(hours.zone)
    free = (
        holidays.country_holidays(hours.country, subdiv=hours.subdivision or None)
        if hours.country
        else {}
    )
    minutes = []
    for place in range(SPAN_DAYS * 24 * 60):
        local = (begins + place * MINUTE).astimezone(zone)
        minutes.append(_is_open(hours, local.date(), local.hour * 60 + local.minute, free))
    return Minutes(begins, minutes)


def _is_open(hours: BusinessHours, day: date, minute: int, free: object) -> bool:
    if any(
        covers(closure.opens or time(0), closure.closes or time(0), minute + late)
        for late in (0, 1440)
        for closure in hours.closures
        if closure.on == day - timedelta(days=late // 1440)
        and (closure.opens is not None or closure.closes is not None)
    ):
        return False
    for late in (0, 1440):
        opened_on = day - timedelta(days=late // 1440)
        shut = any(c.on == opened_on and c.opens is c.closes is None for c in hours.closures)
        if shut or opened_on in free:  # type: ignore[operator]  # a dictionary of days
            continue
        for window in hours.windows:
            is_that_day = window.weekday == opened_on.weekday()
            if is_that_day and covers(window.opens, window.closes, minute + late):
                return True
    return False


def covers(opens: time, closes: time, minute: int) -> bool:
    first, last = opens.hour * 60 + opens.minute, closes.hour * 60 + closes.minute
    return first <= minute < (last if last > first else last + 1440)


def drawn(random: Random) -> tuple[BusinessHours, Minutes]:
    zone, country, part, days = random.choice(PLACES)
    day = random.choice(days)
    closures = []
    for _ in range(random.randrange(3)):
        on = day + timedelta(days=random.randrange(SPAN_DAYS))
        opens = random.randrange(0, 22)
        is_part = random.random() < 0.6
        closures.append(Closure(on, time(opens), time(opens + 1, 30)) if is_part else Closure(on))
    has_holidays = random.random() < 0.7
    hours = BusinessHours(
        zone=zone,
        windows=random.choice(WEEKS),
        country=country if has_holidays else "",
        subdivision=part if has_holidays else "",
        closures=tuple(closures),
    )
    return hours, counted(hours, datetime.combine(day, time(0), UTC))


def still(random: Random, begins: datetime) -> list[Interval]:
    """A few pauses, ascending and apart."""
    found, at = [], begins
    for _ in range(random.randrange(4)):
        at += random.randrange(1, 2_000) * MINUTE
        ends = at + random.randrange(1, 2_000) * MINUTE
        found.append((at, ends))
        at = ends
    return found


def cases(random: Random) -> Iterator[tuple[BusinessHours, Minutes, datetime, list[Interval]]]:
    for place in range(CASES):
        if place % CASES_A_CALENDAR == 0:
            hours, minutes = drawn(random)
        start = minutes.begins + random.randrange(2 * 1440) * MINUTE
        yield hours, minutes, start, still(random, start - HOUR)


def test_every_minute_agrees() -> None:
    print(f"CLOCK_SEED={SEED}")  # what it takes to draw the same cases again
    random = Random(SEED)
    for hours, minutes, start, pauses_of in cases(random):
        said = (SEED, hours, start, pauses_of)
        end = start + random.randrange(6 * 1440) * MINUTE
        used = calendar.elapsed_around(hours, start=start, end=end, pauses=pauses_of)
        assert used == minutes.count(start, end, pauses_of) * MINUTE, said
        amount = random.choice((1, 5, 15, 60, 240, 480, 1_440))
        due_at = minutes.after(start, amount, pauses_of)
        if due_at is None:
            continue
        found = calendar.add_around(hours, start=start, amount=amount * MINUTE, pauses=pauses_of)
        assert found == due_at, said


def test_an_amount_that_is_used_up_as_a_pause_begins_ends_there() -> None:
    hours = calendar.always_open()
    still_at = [(NOON + HOUR, NOON + 2 * HOUR)]

    assert calendar.add_around(hours, start=NOON, amount=HOUR, pauses=still_at) == NOON + HOUR


def test_hours_that_never_open_are_refused_around_a_pause_too() -> None:
    with pytest.raises(CalendarNeverOpens):
        calendar.add_around(
            BusinessHours("UTC", ()), start=NOON, amount=HOUR, pauses=[(NOON, NOON + HOUR)]
        )


@pytest.mark.django_db
def test_a_clock_says_what_it_used_and_what_is_left() -> None:
    handoff = started(met=())
    timer = response(handoff)

    assert elapsed.elapsed(timer, at=NOON + HOUR) == HOUR
    assert elapsed.left(timer, at=NOON + HOUR) == 3 * HOUR
    assert elapsed.elapsed(timer, at=NOON + 20 * HOUR) == 4 * HOUR, "the office has closed"


@pytest.mark.django_db
def test_a_paused_clock_uses_nothing_until_it_goes_on() -> None:
    handoff = started(met=())
    clockwork.pause(handoff, at=NOON + HOUR, until=NOON + DAY)
    timer = response(handoff)

    assert elapsed.elapsed(timer, at=NOON + 3 * HOUR) == HOUR
    assert elapsed.left(timer, at=NOON + 3 * HOUR) == 3 * HOUR
    pauses.resume(handoff.pk, at=NOON + 2 * HOUR)
    timer = response(handoff)
    assert elapsed.elapsed(timer, at=NOON + 2.5 * HOUR) == 1.5 * HOUR
    assert elapsed.left(timer, at=NOON + 2.5 * HOUR) == 2.5 * HOUR


@pytest.mark.django_db
def test_an_answered_clock_counts_no_further_than_the_answer() -> None:
    handoff = started(met=())
    timers.heed_attempt(handoff, kind="call", at=NOON + HOUR)

    assert elapsed.elapsed(response(handoff), at=NOON + 3 * HOUR) == HOUR


@pytest.mark.django_db
def test_a_shortened_clock_counts_from_the_fact_that_shortened_it() -> None:
    handoff = started(met=())
    evaluation = clockwork.judgment(
        handoff.version, lead=handoff.lead, at=NOON + HOUR, met=["demo_requested"]
    )
    shortening.shorten(handoff, evaluation=evaluation, at=NOON + HOUR)

    timer = response(handoff)

    assert elapsed.elapsed(timer, at=NOON + HOUR + 2 * MINUTE) == 2 * MINUTE
    assert elapsed.left(timer, at=NOON + HOUR + 2 * MINUTE) == 3 * MINUTE


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(4))
def test_used_and_left_come_to_the_promise_whatever_pauses_there_were(seed: int) -> None:
    random = Random(seed)
    version = clockwork.agreement({"other": {"respond_within": 40 * HOUR}})
    handoff = started(version=version)
    at = NOON
    for _ in range(random.randrange(1, 5)):
        at += random.randrange(1, 300) * MINUTE
        clockwork.pause(handoff, at=at, until=at + 20 * HOUR)
        resumed_at = at + random.randrange(1, 1_200) * MINUTE
        pauses.resume(handoff.pk, at=resumed_at)
        at = resumed_at

    timer = response(handoff)

    assert elapsed.elapsed(timer, at=at) + elapsed.left(timer, at=at) == 40 * HOUR
    assert elapsed.elapsed(timer, at=timer.due_at) == 40 * HOUR
