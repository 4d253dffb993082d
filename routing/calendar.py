"""Business time: when a calendar is open, computed on closed UTC intervals.

One rule defines everything here: an instant is open when its local wall time lies in a window and
in no closure. So when clocks go forward, a window that opens inside the gap opens at the instant
of the jump, and one that lies wholly inside the gap does not happen; when clocks go back, the wall
times that occur twice are open (or closed) both times.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import count, pairwise
from zoneinfo import ZoneInfo

import holidays

Interval = tuple[datetime, datetime]

MIDNIGHT = time(0)
DAY = timedelta(days=1)
NOTHING = timedelta(0)

# A calendar that stays shut for longer than this is taken to be misconfigured.
LONGEST_REST_DAYS = 400


class CalendarNeverOpens(Exception):
    """A calendar has no opening for so long that no due instant can be given."""

    def __init__(self, *, start: datetime) -> None:
        super().__init__(
            f"This calendar does not open within {LONGEST_REST_DAYS} days of {start.isoformat()}."
        )


@dataclass(frozen=True, slots=True)
class Window:
    """One weekly opening, in local wall time.

    weekday: 0 is Monday. closes: exclusive; midnight means the end of the day, any other time at
    or before `opens` lies in the next day (a night shift). A window belongs to the day it opens.
    """

    weekday: int
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class Closure:
    """An own closure on a local date.

    Without times it is like a public holiday: no window opens on that day. With times it shuts
    that part of the day, whichever window it falls in; a missing time stands for the day's start
    or end, and `closes` reads as in `Window`.
    """

    on: date
    opens: time | None = None
    closes: time | None = None


class _HashedOnce:
    """Room for the hash of a frozen value, which costs more than the look-ups that it serves."""

    __slots__ = ("_hash",)
    _hash: int


@dataclass(frozen=True, slots=True)
class BusinessHours(_HashedOnce):
    """When a team works. Equal hours share one cache; keep the object where speed matters.

    zone: IANA name. country: ISO 3166-1 alpha-2, "" for no public holidays. subdivision: the
    second half of ISO 3166-2 ("BY"). On a public holiday no window opens; a night shift that
    opened the day before runs to its end, one that would open on the holiday is closed to its end.
    """

    zone: str
    windows: tuple[Window, ...]
    country: str = ""
    subdivision: str = ""
    closures: tuple[Closure, ...] = ()

    def __hash__(self) -> int:
        try:
            return self._hash
        except AttributeError:
            own = hash((self.zone, self.windows, self.country, self.subdivision, self.closures))
            object.__setattr__(self, "_hash", own)
            return own


def always_open(zone: str = "UTC") -> BusinessHours:
    """Return hours without a pause. zone: IANA name."""
    return BusinessHours(
        zone=zone,
        windows=tuple(Window(weekday, MIDNIGHT, MIDNIGHT) for weekday in range(7)),
    )


def open_intervals(hours: BusinessHours, *, start: datetime, end: datetime) -> Iterator[Interval]:
    """Yield the open intervals between two instants: UTC, ascending, disjoint, merged, clipped.

    Raises:
        ValueError: an instant is naive, or the holidays' country or subdivision is unknown.
    """
    pending: Interval | None = None
    for opens, closes in _clipped(hours, start=_utc(start), end=_utc(end)):
        if pending is not None and pending[1] == opens:
            pending = pending[0], closes
            continue
        if pending is not None:
            yield pending
        pending = opens, closes
    if pending is not None:
        yield pending


def add(hours: BusinessHours, *, start: datetime, amount: timedelta) -> datetime:
    """Return the UTC instant at which an amount of business time has passed since `start`.

    An amount used up exactly at a closing ends at that closing, not at the next opening. No amount
    gives `start` if it is open, else the next opening.

    Raises:
        CalendarNeverOpens: the calendar stays shut for more than 400 days on end.
        ValueError: `start` is naive, the amount negative, or the country or subdivision unknown.
    """
    if amount < NOTHING:
        raise ValueError("Business time cannot be negative.")
    begins = at = _utc(start)
    shut_days = 0
    for ordinal in count(at.toordinal()):
        for opens, closes in _open_on(hours, ordinal):
            if closes <= at:
                continue
            begins = max(at, opens)
            if amount <= closes - begins:
                return begins + amount
            amount -= closes - begins
            shut_days = 0
        shut_days += 1
        if shut_days > LONGEST_REST_DAYS:
            break
    raise CalendarNeverOpens(start=begins)


def elapsed(hours: BusinessHours, *, start: datetime, end: datetime) -> timedelta:
    """Return the business time between two instants; none when `end` is not after `start`.

    Raises:
        ValueError: an instant is naive, or the holidays' country or subdivision is unknown.
    """
    return sum(
        (closes - opens for opens, closes in _clipped(hours, start=_utc(start), end=_utc(end))),
        NOTHING,
    )


def add_around(
    hours: BusinessHours, *, start: datetime, amount: timedelta, pauses: Iterable[Interval]
) -> datetime:
    """Return when an amount of business time has passed since `start`, but for the pauses.

    pauses: ascending and disjoint. An amount used up exactly when a pause begins ends there.

    Raises:
        CalendarNeverOpens, ValueError: as `add` does.
    """
    for begins, ends in pauses:
        if begins > start:
            used = elapsed(hours, start=start, end=begins)
            if used and amount <= used:
                break
            amount -= used
        start = max(start, ends)
    return add(hours, start=start, amount=amount)


def elapsed_around(
    hours: BusinessHours, *, start: datetime, end: datetime, pauses: Iterable[Interval]
) -> timedelta:
    """Return the business time between two instants that lies in no pause.

    pauses: disjoint; one may reach beyond either instant.

    Raises:
        ValueError: as `elapsed` does.
    """
    lost = (
        elapsed(hours, start=max(start, begins), end=min(end, ends)) for begins, ends in pauses
    )
    return elapsed(hours, start=start, end=end) - sum(lost, NOTHING)


def is_open(hours: BusinessHours, *, at: datetime) -> bool:
    """Return whether an instant is business time; a closing instant is not.

    Raises:
        ValueError: `at` is naive, or the holidays' country or subdivision is unknown.
    """
    instant = _utc(at)
    return any(opens <= instant < closes for opens, closes in _open_on(hours, instant.toordinal()))


def _utc(instant: datetime) -> datetime:
    if instant.tzinfo is UTC:
        return instant
    if instant.tzinfo is None:
        raise ValueError("An instant needs a time zone.")
    return instant.astimezone(UTC)


def _clipped(hours: BusinessHours, *, start: datetime, end: datetime) -> Iterator[Interval]:
    for ordinal in range(start.toordinal(), end.toordinal() + 1):
        for opens, closes in _open_on(hours, ordinal):
            clipped = max(start, opens), min(end, closes)
            if clipped[0] < clipped[1]:
                yield clipped


@lru_cache(maxsize=65_536)
def _open_on(hours: BusinessHours, ordinal: int) -> tuple[Interval, ...]:
    """Return the open intervals of one UTC day, ascending and disjoint."""
    begins = datetime.combine(date.fromordinal(ordinal), MIDNIGHT, UTC)
    found: list[Interval] = []
    for segment in _steady_segments(ZoneInfo(hours.zone), begins):
        found.extend(_open_in(hours, segment))
    return tuple(found)


def _open_in(hours: BusinessHours, segment: Interval) -> Iterator[Interval]:
    """Yield what is open in a stretch of UTC throughout which the zone's offset is one."""
    zone = ZoneInfo(hours.zone)
    first = segment[0].astimezone(zone).replace(tzinfo=None)
    offset = first - segment[0].replace(tzinfo=None)
    last = first + (segment[1] - segment[0])
    for opens, closes in _wall_intervals(hours, first=first.date(), last=last.date()):
        clipped = max(first, opens), min(last, closes)
        if clipped[0] < clipped[1]:
            yield (
                (clipped[0] - offset).replace(tzinfo=UTC),
                (clipped[1] - offset).replace(tzinfo=UTC),
            )


def _steady_segments(zone: ZoneInfo, begins: datetime) -> Iterator[Interval]:
    """Split a UTC day where the zone's offset changes (at most once a day, on a full second)."""
    seconds = int(DAY.total_seconds())
    cuts = [0, seconds]
    if _offset(zone, begins, 0) != _offset(zone, begins, seconds - 1):
        before, after = 0, seconds - 1
        while after - before > 1:
            middle = (before + after) // 2
            if _offset(zone, begins, middle) == _offset(zone, begins, 0):
                before = middle
            else:
                after = middle
        cuts.insert(1, after)
    for first, last in pairwise(cuts):
        yield begins + timedelta(seconds=first), begins + timedelta(seconds=last)


def _offset(zone: ZoneInfo, begins: datetime, seconds: int) -> timedelta | None:
    return (begins + timedelta(seconds=seconds)).astimezone(zone).utcoffset()


def _wall_intervals(hours: BusinessHours, *, first: date, last: date) -> list[Interval]:
    """Return the open wall-time intervals (naive) that can touch two local dates or lie between.

    Starts a day early: that day's night shift reaches into the first date.
    """
    days = [first + index * DAY for index in range(-1, (last - first).days + 1)]
    shut_days = {closure.on for closure in hours.closures if _is_whole_day(closure)}
    found = [
        _wall_interval(day, window.opens, window.closes)
        for day in days
        if day not in shut_days and not _is_holiday(hours, day)
        for window in hours.windows
        if window.weekday == day.weekday()
    ]
    for closure in hours.closures:
        if closure.on in days and not _is_whole_day(closure):
            shut = _wall_interval(
                closure.on, closure.opens or MIDNIGHT, closure.closes or MIDNIGHT
            )
            found = [part for interval in found for part in _without(interval, shut)]
    return _merged(found)


def _is_whole_day(closure: Closure) -> bool:
    return closure.opens is None and closure.closes is None


def _wall_interval(day: date, opens: time, closes: time) -> Interval:
    last_day = day + DAY if closes <= opens else day
    return datetime.combine(day, opens), datetime.combine(last_day, closes)


def _without(interval: Interval, shut: Interval) -> Iterator[Interval]:
    for opens, closes in (
        (interval[0], min(interval[1], shut[0])),
        (max(interval[0], shut[1]), interval[1]),
    ):
        if opens < closes:
            yield opens, closes


def _merged(intervals: list[Interval]) -> list[Interval]:
    merged: list[Interval] = []
    for opens, closes in sorted(intervals):
        if merged and opens <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], closes)
        else:
            merged.append((opens, closes))
    return merged


def _is_holiday(hours: BusinessHours, day: date) -> bool:
    if not hours.country:
        return False
    return day in _public_holidays(hours.country, hours.subdivision, day.year)


@lru_cache(maxsize=4_096)
def _public_holidays(country: str, subdivision: str, year: int) -> frozenset[date]:
    try:
        found = holidays.country_holidays(country, subdiv=subdivision or None, years=year)
    except NotImplementedError as unknown:
        raise ValueError(f"No public holidays are known: {unknown}") from unknown
    return frozenset(found)
