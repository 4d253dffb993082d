"""Running clocks counted anew when the hours of their calendar were edited.

Each clock notes of which edit its due instants know, so that one that started meanwhile is left
alone, and one that an unfinished transaction counted by the former hours is found later.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q, QuerySet

from routing import elapsed, ledger, steps, stopping
from routing.calendar import BusinessHours, CalendarNeverOpens
from routing.enums import SlaEventKind, StepState
from routing.hours import hours_of
from routing.models import (
    BusinessCalendar,
    Handoff,
    ReviewTask,
    SlaEvent,
    SlaTimer,
    SlaTimerStep,
)
from routing.promises import Plan
from routing.stopping import ACTIVE

logger = logging.getLogger(__name__)

EDITED = """SELECT min(changed_at) FROM routing_businesscalendar
            WHERE changed_at > recomputed_at"""
"""SQL for the instant of the first edit whose clocks are not all counted anew yet."""


def recount(*, at: datetime, limit: int) -> int:
    """Count clocks anew whose calendar was edited, due soonest first; return how many.

    at: the database's clock. limit: clocks in this transaction. What has fired stays, what has not
    moves, and nothing falls due before `at` that was not due by then; one that is late already is
    left as it is. What another worker has locked is left for the next time; any number of workers
    may do this at once. A calendar is done when none of its clocks is left.
    """
    edited = BusinessCalendar.objects.filter(changed_at__gt=F("recomputed_at"))
    for calendar in edited.prefetch_related("windows", "closures").order_by("changed_at", "pk"):
        counted = _recount(calendar, at=at, limit=limit)
        if counted:
            return counted
        _finish(calendar)
    return 0


def recount_stragglers(*, at: datetime, limit: int) -> int:
    """Count anew what an edit missed that was finished before; return how many.

    A transaction that was under way as the calendar was edited may have started a clock by the
    former hours after the others were counted.
    """
    behind = SlaTimer.objects.filter(state__in=ACTIVE, hours_as_of__lt=F("calendar__changed_at"))
    calendars = BusinessCalendar.objects.filter(pk__in=behind.values("calendar"))
    found = calendars.prefetch_related("windows", "closures").order_by("pk")
    return sum(_recount(calendar, at=at, limit=limit) for calendar in found)


def to_recount(calendar: BusinessCalendar) -> QuerySet[SlaTimer]:
    """Return the clocks that run or are paused by a calendar and do not know its last edit."""
    return SlaTimer.objects.filter(
        calendar=calendar, state__in=ACTIVE, hours_as_of__lt=calendar.changed_at
    )


@transaction.atomic
def _recount(calendar: BusinessCalendar, *, at: datetime, limit: int) -> int:
    ids = to_recount(calendar).order_by("due_at", "pk").values_list("pk", flat=True)[:limit]
    timers = _locked(list(ids), calendar)
    hours = hours_of(calendar)
    moved_timers: list[SlaTimer] = []
    moved_steps: list[SlaTimerStep] = []
    lines: list[SlaEvent] = []
    armed = _armed(timers)
    for timer in timers:
        was_due_at = timer.due_at
        changed = _move(timer, armed[timer.pk], hours=hours, at=at)
        if changed is None:
            continue
        moved_timers.append(timer)
        moved_steps += changed
        if changed or timer.due_at != was_due_at:
            lines.append(_line(timer, calendar, was_due_at, at=at))
    SlaTimer.objects.bulk_update(moved_timers, ["promised_at", "backstop_at", "due_at"])
    SlaTimerStep.objects.bulk_update(moved_steps, ["due_at"])
    SlaTimer.objects.filter(pk__in=[timer.pk for timer in timers]).update(
        hours_as_of=calendar.changed_at
    )
    ledger.write(lines)
    logger.info("%s clocks of calendar %s were counted anew", len(timers), calendar.key)
    return len(timers)


def _finish(calendar: BusinessCalendar) -> None:
    """Note that a calendar's edit is done, unless clocks that somebody had locked are left."""
    if to_recount(calendar).exists():
        return
    rows = BusinessCalendar.objects.filter(pk=calendar.pk, recomputed_at__lt=calendar.changed_at)
    rows.update(recomputed_at=calendar.changed_at)


def _locked(ids: Sequence[int], calendar: BusinessCalendar) -> list[SlaTimer]:
    """Lock clocks below their handoffs and questions; return those that are still to be counted.

    What somebody else has locked is left out.
    """
    clocks = SlaTimer.objects.filter(pk__in=ids)
    handoffs = Handoff.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
    held = handoffs.filter(pk__in=clocks.values("handoff")).select_related("version")
    tasks = ReviewTask.objects.select_for_update(no_key=True, skip_locked=True)
    asked = tasks.filter(pk__in=clocks.values("review_task"))
    by_handoff = {handoff.pk: handoff for handoff in held.defer("packet").order_by("pk")}
    by_task = {task.pk: task for task in asked.order_by("pk")}
    left = to_recount(calendar).select_for_update(no_key=True).filter(pk__in=ids)
    mine = left.filter(Q(handoff__in=by_handoff) | Q(review_task__in=by_task))
    timers = list(mine.prefetch_related("events").order_by("pk"))
    for timer in timers:
        timer.handoff = by_handoff.get(timer.handoff_id or 0)
        timer.review_task = by_task.get(timer.review_task_id or 0)
        timer.calendar = calendar
    return timers


def _armed(timers: Iterable[SlaTimer]) -> dict[int, list[SlaTimerStep]]:
    found: dict[int, list[SlaTimerStep]] = defaultdict(list)
    rows = SlaTimerStep.objects.filter(
        timer__in=[timer.pk for timer in timers], state=StepState.ARMED
    )
    for step in rows:
        found[step.timer_id].append(step)
    return found


def _move(
    timer: SlaTimer, armed: Iterable[SlaTimerStep], *, hours: BusinessHours, at: datetime
) -> list[SlaTimerStep] | None:
    """Move a clock and its armed steps, unsaved; return the steps that moved.

    None for one that is late already, or whose calendar would let it wait for ever.
    """
    if stopping.is_overdue(timer, at=at):
        return None
    pauses = elapsed.stood_still(timer)
    try:
        plan: Plan = elapsed.plan_anew(timer, at=at, hours=hours, pauses=pauses)
        changed = steps.moved(armed, plan, hours=hours, was_due_at=timer.due_at)
    except CalendarNeverOpens:
        logger.warning("Clock %s keeps its due instant: its calendar never opens", timer.pk)
        return None
    timer.promised_at, timer.backstop_at = plan.promised_at, plan.backstop_at
    timer.due_at = plan.due_at
    return changed


def _line(
    timer: SlaTimer, calendar: BusinessCalendar, was_due_at: datetime, *, at: datetime
) -> SlaEvent:
    return ledger.line(
        timer,
        SlaEventKind.RECOMPUTED,
        at=at,
        was_due_at=was_due_at.isoformat(),
        due_at=timer.due_at.isoformat(),
        calendar=calendar.key,
    )
