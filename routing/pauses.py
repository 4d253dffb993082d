"""Clocks that stand still for a while, by a manager's or the system's word."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from routing import elapsed, ledger, locks, steps, stopping
from routing.calendar import Interval
from routing.enums import PauseReason, SlaEventKind, StepState, TimerState
from routing.hours import hours_in
from routing.models import Absence, Handoff, SlaTimer

OVER = """SELECT min(paused_until) FROM routing_slatimer
          WHERE paused_until <= statement_timestamp()"""
"""SQL for the instant at which the first pause ended whose clock stands still yet."""

MOST_DAYS = 30
"""So long a clock may stand still at a time."""


class ClockNotRunning(Exception):
    """Only a running clock that is not yet due can be paused, only a paused one resumed."""

    def __init__(self) -> None:
        super().__init__(_("This handoff has no clock in that state."))


class PauseWithoutLimit(ValueError):
    """A pause ends after it begins, and within 30 days."""

    def __init__(self) -> None:
        super().__init__(
            ngettext(
                "Choose when the clock goes on: after now, at most %(days)s day from now.",
                "Choose when the clock goes on: after now, at most %(days)s days from now.",
                MOST_DAYS,
            )
            % {"days": MOST_DAYS}
        )


@transaction.atomic
def pause(
    handoff_id: int,
    *,
    reason: PauseReason,
    until: datetime,
    at: datetime,
    by: AbstractBaseUser | None = None,
    note: str = "",
) -> list[SlaTimer]:
    """Halt the running clocks of a handoff and return them.

    For a manager or the system (`by` None). They go on by themselves at `until`, and fall due
    later by the business time that they stood still. note: what is to be said beside the reason,
    kept in the ledger.

    Raises:
        Handoff.DoesNotExist: there is none of that id.
        HandoffAlreadyDecided: it is closed.
        ClockNotRunning: no clock runs, or every one is past its due instant.
        PauseWithoutLimit: `until` is not after `at`, or more than 30 days later.
    """
    if not at < until <= at + timedelta(days=MOST_DAYS):
        raise PauseWithoutLimit
    handoff = locks.lock_open_handoff(handoff_id)
    running = [
        timer
        for timer in stopping.unanswered(handoff)
        if timer.state == TimerState.RUNNING and not stopping.is_overdue(timer, at=at)
    ]
    if not running:
        raise ClockNotRunning
    for timer in running:
        pauses = [*elapsed.stood_still(timer), (at, until)]
        timer.state, timer.paused_at = TimerState.PAUSED, at
        timer.paused_until, timer.pause_reason = until, reason
        _count_anew(timer, pauses, at=at)
        ledger.record(
            timer,
            SlaEventKind.PAUSED,
            at=at,
            by=by,
            reason=reason.value,
            until=until.isoformat(),
            due_at=timer.due_at.isoformat(),
            **({"note": note.strip()} if note.strip() else {}),
        )
    return running


@transaction.atomic
def resume(handoff_id: int, *, at: datetime, by: AbstractBaseUser | None = None) -> list[SlaTimer]:
    """Let the paused clocks of a handoff run on with the time that they had left; return them.

    The wall-clock backstop moves by as much as the clock stood still.

    Raises:
        Handoff.DoesNotExist: there is none of that id.
        HandoffAlreadyDecided: it is closed.
        ClockNotRunning: no clock is paused.
    """
    handoff = locks.lock_open_handoff(handoff_id)
    paused = [t for t in stopping.unanswered(handoff) if t.state == TimerState.PAUSED]
    if not paused:
        raise ClockNotRunning
    for timer in paused:
        _resume(timer, at=at, by=by)
    look_again(handoff, at=at)
    return paused


def resume_due(*, at: datetime, limit: int) -> int:
    """Let clocks run on whose pause is over; return how many handoffs had some.

    Each goes on as of its limit, however late it is looked at. One transaction a handoff; what
    another worker has locked is left to it.
    """
    over = SlaTimer.objects.filter(paused_until__lte=at).order_by("paused_until", "pk")
    handoff_ids = dict.fromkeys(over.values_list("handoff_id", flat=True)[:limit])
    return sum(_resume_due(handoff_id, at=at) for handoff_id in handoff_ids if handoff_id)


@transaction.atomic
def _resume_due(handoff_id: int, *, at: datetime) -> bool:
    try:
        handoff = locks.lock_handoff(handoff_id, skip_locked=True)
    except Handoff.DoesNotExist:
        return False
    over = [
        timer
        for timer in stopping.unanswered(handoff)
        if timer.paused_until is not None and timer.paused_until <= at
    ]
    for timer in over:
        _resume(timer, at=timer.paused_until or at, by=None)
    look_again(handoff, at=at)
    return bool(over)


def look_again(handoff: Handoff, *, at: datetime) -> None:
    """Have the leads of a rep who is away looked at anew.

    This one stayed when the absence began, since it was paused or answered then.
    """
    running = Absence.objects.filter(rep=handoff.rep_id, span__contains=at)
    running.exclude(moved_on_at=None).update(moved_on_at=None)


def _resume(timer: SlaTimer, *, at: datetime, by: AbstractBaseUser | None) -> None:
    pauses = elapsed.stood_still(timer, until=at)
    timer.state, timer.paused_at = TimerState.RUNNING, None
    timer.paused_until, timer.pause_reason = None, ""
    _count_anew(timer, pauses, at=at)
    ledger.record(timer, SlaEventKind.RESUMED, at=at, by=by, due_at=timer.due_at.isoformat())


def _count_anew(timer: SlaTimer, pauses: Sequence[Interval], *, at: datetime) -> None:
    """Move a timer and its armed steps to where its pauses bring them, and save both."""
    hours = hours_in(timer.calendar)
    plan = elapsed.plan_anew(timer, at=at, hours=hours, pauses=pauses)
    armed = timer.steps.filter(state=StepState.ARMED)
    for step in steps.moved(armed, plan, hours=hours, was_due_at=timer.due_at):
        step.save(update_fields=["due_at"])
    timer.promised_at, timer.backstop_at = plan.promised_at, plan.backstop_at
    timer.due_at = plan.due_at
    timer.save(
        update_fields=[
            "state",
            "paused_at",
            "paused_until",
            "pause_reason",
            "promised_at",
            "backstop_at",
            "due_at",
        ]
    )
