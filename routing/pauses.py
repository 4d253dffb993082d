"""Clocks that stand still for a while, by a manager's or the system's word."""

from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from routing import calendar, ledger, promises, timers
from routing.enums import SlaEventKind, StepKind, StepState, TimerState
from routing.models import Handoff, SlaTimer


class ClockNotRunning(Exception):
    """Only a running clock that is not yet due can be paused, only a paused one resumed."""

    def __init__(self) -> None:
        super().__init__("This handoff has no clock in that state.")


@transaction.atomic
def pause(handoff: Handoff, *, at: datetime, by: AbstractBaseUser | None = None) -> list[SlaTimer]:
    """Halt the running clocks of a handoff; for a manager or the system (`by` None).

    Raises:
        ClockNotRunning: no clock runs, or every one is past its due instant.
    """
    running = [
        timer
        for timer in timers.unanswered(handoff)
        if timer.state == TimerState.RUNNING and not timers.is_overdue(timer, at=at)
    ]
    if not running:
        raise ClockNotRunning
    for timer in running:
        timer.state, timer.paused_at = TimerState.PAUSED, at
        timer.save(update_fields=["state", "paused_at"])
        ledger.record(timer, SlaEventKind.PAUSED, at=at, by=by)
    return running


@transaction.atomic
def resume(
    handoff: Handoff, *, at: datetime, by: AbstractBaseUser | None = None
) -> list[SlaTimer]:
    """Let paused clocks run on with the business time that they had left.

    The wall-clock backstop moves by as much as the clock stood still.

    Raises:
        ClockNotRunning: no clock is paused.
    """
    paused = [timer for timer in timers.unanswered(handoff) if timer.state == TimerState.PAUSED]
    if not paused:
        raise ClockNotRunning
    for timer in paused:
        _resume(timer, handoff=handoff, at=at)
        ledger.record(timer, SlaEventKind.RESUMED, at=at, by=by, due_at=timer.due_at.isoformat())
    return paused


def _resume(timer: SlaTimer, *, handoff: Handoff, at: datetime) -> None:
    """Move a paused timer and its armed steps so that each keeps its business time."""
    hours = promises.hours_for(timers.own_term(handoff, timer), handoff=handoff)
    paused_at, was_due_at = timer.paused_at or at, timer.due_at

    def later(instant: datetime, *, since: datetime, base: datetime) -> datetime:
        left = calendar.elapsed(hours, start=since, end=instant)
        return calendar.add(hours, start=base, amount=left)

    timer.promised_at = later(timer.promised_at, since=paused_at, base=at)
    if timer.backstop_at is not None:
        timer.backstop_at += at - paused_at
    timer.due_at = promises.earlier(timer.promised_at, timer.backstop_at)
    timer.state, timer.paused_at = TimerState.RUNNING, None
    timer.save(update_fields=["state", "paused_at", "promised_at", "backstop_at", "due_at"])
    for step in timer.steps.filter(state=StepState.ARMED):
        if step.kind == StepKind.WARN:
            step.due_at = min(later(step.due_at, since=paused_at, base=at), timer.due_at)
        elif step.kind == StepKind.BREACH:
            step.due_at = timer.due_at
        else:
            step.due_at = later(step.due_at, since=was_due_at, base=timer.due_at)
        step.save(update_fields=["due_at"])
