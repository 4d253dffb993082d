"""How much business time a clock has used, and how much is left, read from its ledger."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from routing import calendar, promises
from routing.calendar import BusinessHours, Interval
from routing.enums import SlaEventKind
from routing.hours import hours_in
from routing.models import SlaTimer
from routing.promises import Plan


def elapsed(timer: SlaTimer, *, at: datetime) -> timedelta:
    """Return the business time that a clock has used at an instant, pauses left out.

    Counts from the start of the promise that holds now, in the calendar's hours of today, and no
    further than the answer. Reads the clock's ledger and its calendar.
    """
    end = at if timer.stopped_at is None else min(at, timer.stopped_at)
    return calendar.elapsed_around(
        hours_in(timer.calendar),
        start=counted_from(timer),
        end=end,
        pauses=stood_still(timer, until=end),
    )


def left(timer: SlaTimer, *, at: datetime, hours: BusinessHours | None = None) -> timedelta:
    """Return the business time from an instant until a clock falls due; none once it has.

    Of a paused clock, what is left when it goes on. hours: the calendar's, where they are at hand.
    """
    pauses = [] if timer.paused_until is None else [_pause_until(timer, timer.paused_until)]
    counted = hours or hours_in(timer.calendar)
    return calendar.elapsed_around(counted, start=at, end=timer.due_at, pauses=pauses)


def counted_from(timer: SlaTimer) -> datetime:
    """Return from when a clock's promise counts: its start, or the fact that shortened it."""
    lines = (event for event in timer.events.all() if event.kind == SlaEventKind.SHORTENED)
    latest = max(lines, key=lambda event: event.pk, default=None)
    if latest is None:
        return timer.started_at
    said = latest.detail.get("counts_from")
    return datetime.fromisoformat(said) if said else latest.at


def stood_still(timer: SlaTimer, *, until: datetime | None = None) -> list[Interval]:
    """Return when a clock was paused, ascending.

    until: where the pause that lasts is cut, unless its limit is sooner.
    """
    pauses: list[Interval] = []
    began_at = None
    for event in sorted(timer.events.all(), key=lambda event: event.pk):
        if event.kind == SlaEventKind.PAUSED:
            began_at = event.at
        elif event.kind == SlaEventKind.RESUMED and began_at is not None:
            pauses.append((began_at, event.at))
            began_at = None
    if began_at is None:
        return pauses
    limits = (until, timer.paused_until)
    ends = min((limit for limit in limits if limit is not None), default=began_at)
    return [*pauses, (began_at, max(began_at, ends))]


def plan_anew(
    timer: SlaTimer, *, at: datetime, hours: BusinessHours, pauses: Sequence[Interval]
) -> Plan:
    """Say when a clock falls due in these hours, counted from its start around its pauses.

    Nothing falls due before `at`.

    Raises:
        CalendarNeverOpens: the hours have no opening for more than a year.
    """
    return promises.plan(
        promises.term_of(timer),
        hours=hours,
        start=counted_from(timer),
        pauses=pauses,
        not_before=at,
    )


def _pause_until(timer: SlaTimer, until: datetime) -> Interval:
    began_at = timer.paused_at or until
    return began_at, max(began_at, until)
