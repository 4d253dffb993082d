"""When a calendar file (iCalendar, RFC 5545) says that somebody is away."""

import hashlib
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from typing import Any, Never
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events
from django.utils.translation import gettext as _

from routing.mirrors import Busy

MOST_EVENTS = 5_000
MOST_RECURRING = 500
LONGEST_NAME = 300

TOO_OFTEN = frozenset({"SECONDLY", "MINUTELY", "HOURLY"})
"""What comes back within a day is no absence, and takes forever to lay out."""

WITHIN_A_DAY = ("BYHOUR", "BYMINUTE", "BYSECOND")

NOT_AWAY = frozenset({"FREE", "TENTATIVE", "WORKINGELSEWHERE"})
OUT_OF_OFFICE = "OOF"


SECONDS = 5.0
"""Of computing, after which a calendar is given up: rules can be written that never end."""


class CalendarUnreadable(Exception):
    """The answer is no calendar, or one that is too large; says which."""


class _TooLong(BaseException):
    """Laying out took too long; no `except Exception` of the libraries swallows it."""


def busy_times(
    body: bytes,
    *,
    zone: ZoneInfo,
    begins_at: datetime,
    ends_at: datetime,
    is_out_of_office_only: bool = False,
) -> list[Busy]:
    """Return when the calendar says that its owner is away, between two instants, in order.

    That is every event that is neither free, tentative nor cancelled. Titles are not read: they
    are the person's own affair.

    zone: of whole days, and of times that name none. is_out_of_office_only: of what is merely
    busy, whole days alone.

    Raises:
        CalendarUnreadable: it is no calendar, or holds too much, or takes too long.
    """
    try:
        with _stopped_after(SECONDS):
            return _busy_times(
                body,
                zone=zone,
                begins_at=begins_at,
                ends_at=ends_at,
                is_out_of_office_only=is_out_of_office_only,
            )
    except _TooLong as error:
        raise CalendarUnreadable(_("The calendar takes too long to read.")) from error


def _busy_times(
    body: bytes,
    *,
    zone: ZoneInfo,
    begins_at: datetime,
    ends_at: datetime,
    is_out_of_office_only: bool,
) -> list[Busy]:
    calendar = _parsed(body)
    recurring = _prepare(calendar)
    try:
        query = recurring_ical_events.of(calendar, skip_bad_series=True)
        found = [
            Busy(_name(event, recurring), *_times(event, zone))
            for event in query.between(begins_at, ends_at)
            if _is_away(event, is_out_of_office_only=is_out_of_office_only)
        ]
    except Exception as error:
        # Files of strangers: the libraries raise whatever their innards do.
        raise CalendarUnreadable(_("An event of the calendar cannot be read.")) from error
    return sorted(found, key=lambda one: (one.begins_at, one.ends_at, one.external_id))


@contextmanager
def _stopped_after(seconds: float) -> Iterator[None]:
    """Stop what runs within by `_TooLong` when it has computed for too long.

    Only in the main thread, where workers and relays do their work: no other hears of signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = signal.signal(signal.SIGVTALRM, _stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, former)


def _stop(_signal: int, _frame: object) -> Never:
    raise _TooLong


def _parsed(body: bytes) -> Any:
    try:
        return icalendar.Calendar.from_ical(body)
    except Exception as error:
        # As above.
        raise CalendarUnreadable(_("The address answers with no iCalendar file.")) from error


def _prepare(calendar: Any) -> set[str]:
    """Drop what cannot be an absence; return the ids of events that come again and again."""
    events = list(calendar.walk("VEVENT"))
    if len(events) > MOST_EVENTS:
        raise CalendarUnreadable(_("The calendar has more events than can be read."))
    dropped = [event for event in events if any(map(_comes_too_often, _rules(event)))]
    calendar.subcomponents = [part for part in calendar.subcomponents if part not in dropped]
    recurring = {str(event.get("UID")) for event in events if "RRULE" in event or "RDATE" in event}
    if len(recurring) > MOST_RECURRING:
        raise CalendarUnreadable(_("The calendar has more recurring events than can be read."))
    return recurring


def _rules(event: Any) -> Iterator[Any]:
    said = event.get("RRULE")
    yield from (said if isinstance(said, list) else [said] if said else [])


def _comes_too_often(rule: Any) -> bool:
    frequencies = {str(name).upper() for name in rule.get("FREQ", [])}
    return bool(frequencies & TOO_OFTEN) or any(part in rule for part in WITHIN_A_DAY)


def _is_away(event: Any, *, is_out_of_office_only: bool) -> bool:
    status = str(event.get("X-MICROSOFT-CDO-BUSYSTATUS", "")).upper()
    if str(event.get("STATUS", "")).upper() in ("CANCELLED", "TENTATIVE") or status in NOT_AWAY:
        return False
    if status == OUT_OF_OFFICE:
        return True
    if str(event.get("TRANSP", "")).upper() == "TRANSPARENT":
        return False
    return not is_out_of_office_only or not isinstance(event.start, datetime)


def _times(event: Any, zone: ZoneInfo) -> tuple[datetime, datetime]:
    return _instant(event.start, zone), _instant(event.end, zone)


def _instant(said: date | datetime, zone: ZoneInfo) -> datetime:
    if not isinstance(said, datetime):
        said = datetime.combine(said, time(0))
    aware = said if said.tzinfo else said.replace(tzinfo=zone)
    return aware.astimezone(ZoneInfo("UTC"))


def _name(event: Any, recurring: set[str]) -> str:
    """Return what one time of an event is called, the same whenever the calendar is read."""
    name = str(event.get("UID", ""))
    place = event.get("RECURRENCE-ID")
    if (name in recurring or not name) and place is not None:
        name = f"{name}/{place.dt.isoformat()}"
    if len(name) <= LONGEST_NAME and name.isprintable():
        return name
    return hashlib.sha256(name.encode()).hexdigest()
