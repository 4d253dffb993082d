"""New clocks: the promise copied, its steps armed, the first line of its ledger written."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from definitions.enums import StartEvent
from definitions.models import SlaTerm
from routing import ledger, promises, steps
from routing.enums import SlaEventKind, StepKind, TimerMilestone
from routing.hours import DEFAULT_CALENDAR, hours_in, tzdata_version
from routing.models import BusinessCalendar, Handoff, ReviewTask, SlaTimer
from routing.promises import Plan


@dataclass(frozen=True, slots=True)
class Start:
    """A clock that is to start: what it is of, what is promised, and from when it counts.

    event: what it counts from, kept in the ledger; None where that goes without saying.
    """

    of: Handoff | ReviewTask
    milestone: TimerMilestone
    term: SlaTerm
    counts_from: datetime
    event: StartEvent | None = None


def begin(starts: Sequence[Start], *, at: datetime) -> list[SlaTimer]:
    """Start clocks and return them, in the order given.

    Three statements whatever their number, beside those that read the calendars.

    Raises:
        CalendarNeverOpens: a calendar has no opening for more than a year.
    """
    if not starts:
        return []
    calendars = _calendars(starts)
    planned = [_planned(start, calendars) for start in starts]
    SlaTimer.objects.bulk_create(timer for timer, _ in planned)
    steps.arm(planned)
    ledger.write(
        ledger.line(timer, SlaEventKind.STARTED, at=at, **_said(start, timer))
        for start, (timer, _) in zip(starts, planned, strict=True)
    )
    return [timer for timer, _ in planned]


def promise(timer: SlaTimer, term: SlaTerm) -> None:
    """Copy what the promise is from its term; not saved."""
    timer.term_key = term.key
    timer.is_high_intent = term.is_high_intent
    timer.is_business_time = term.is_business_time
    timer.respond_within = term.respond_within
    timer.stop_kinds = list(term.stop_kinds)


def _calendars(starts: Iterable[Start]) -> list[BusinessCalendar]:
    """Read what the clocks are counted in, with windows and closures; none of wall-clock time."""
    keys, ids = set(), set()
    for start in starts:
        if not start.term.is_business_time:
            continue
        if isinstance(start.of, Handoff):
            ids.add(start.of.calendar_id)
            keys.add(start.term.calendar_key)
        else:
            keys.add(DEFAULT_CALENDAR)
    if not (keys or ids):
        return []
    rows = BusinessCalendar.objects.filter(Q(pk__in=ids) | Q(key__in=keys - {""}))
    return list(rows.prefetch_related("windows", "closures"))


def _calendar_of(start: Start, known: Iterable[BusinessCalendar]) -> BusinessCalendar | None:
    """Return the calendar in whose hours a clock is counted; None: around the clock."""
    if not start.term.is_business_time:
        return None
    by_key = {calendar.key: calendar for calendar in known}
    if not isinstance(start.of, Handoff):
        return by_key.get(DEFAULT_CALENDAR)
    own_id = start.of.calendar_id
    own = next(calendar for calendar in by_key.values() if calendar.pk == own_id)
    return by_key.get(start.term.calendar_key, own)


def _planned(start: Start, calendars: Sequence[BusinessCalendar]) -> tuple[SlaTimer, Plan]:
    """Build an unsaved timer with its plan."""
    calendar = _calendar_of(start, calendars)
    plan = promises.plan(start.term, hours=hours_in(calendar), start=start.counts_from)
    if start.milestone == TimerMilestone.RE_RESPONSE:
        plan.steps.pop((StepKind.REASSIGN, 1), None)
    timer = SlaTimer(
        milestone=start.milestone,
        started_at=start.counts_from,
        promised_at=plan.promised_at,
        backstop_at=plan.backstop_at,
        due_at=plan.due_at,
        calendar=calendar,
        tzdata_version=tzdata_version(),
    )
    if calendar is not None:
        timer.hours_as_of = calendar.changed_at
    if isinstance(start.of, Handoff):
        timer.handoff = start.of
    else:
        timer.review_task = start.of
    promise(timer, start.term)
    timer.is_business_time = calendar is not None
    return timer, plan


def _said(start: Start, timer: SlaTimer) -> dict[str, Any]:
    detail: dict[str, Any] = {"due_at": timer.due_at.isoformat()}
    if isinstance(start.of, Handoff):
        detail["term"] = start.term.key
    if start.event is not None:
        detail["from"] = start.event.value
    return detail
