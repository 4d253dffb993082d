"""Clocks that end: kept, broken, or not counted; and an end that is taken back.

Whoever calls holds the row lock of the handoff or question, and of the timers.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.contrib.auth.models import AbstractBaseUser

from routing import breaches, ledger, steps
from routing.enums import SlaEventKind, TimerState
from routing.models import Handoff, ReviewTask, SlaTimer

ACTIVE = (TimerState.RUNNING, TimerState.PAUSED)


class StopCause(StrEnum):
    """What stopped a clock; stored in the ledger's detail."""

    ATTEMPT = "attempt"
    ACCEPTANCE = "acceptance"
    REJECTION = "rejection"
    CONVERSION = "conversion"
    ASSIGNMENT = "assignment"
    ANSWER = "answer"


def locked(handoff: Handoff) -> list[SlaTimer]:
    """Return the handoff's timers, locked, each with this very handoff."""
    return locked_of([handoff])


def locked_of(handoffs: Sequence[Handoff]) -> list[SlaTimer]:
    """Return the timers of locked handoffs, locked, each with its very handoff. One statement."""
    by_id = {handoff.pk: handoff for handoff in handoffs}
    rows = SlaTimer.objects.select_for_update(no_key=True).filter(handoff__in=by_id)
    timers = list(rows.order_by("pk"))
    for timer in timers:
        if timer.handoff_id is not None:
            timer.handoff = by_id[timer.handoff_id]
    return timers


def unanswered(handoff: Handoff) -> list[SlaTimer]:
    """Return the locked timers that an answer would still change: active, or breached so far."""
    return [timer for timer in locked(handoff) if awaits_answer(timer)]


def unanswered_of_question(task: ReviewTask) -> list[SlaTimer]:
    """Return the locked clock of a question, if an answer would still change it."""
    rows = SlaTimer.objects.select_for_update(no_key=True).filter(review_task=task)
    timers = list(rows.order_by("pk"))
    for timer in timers:
        timer.review_task = task
    return [timer for timer in timers if awaits_answer(timer)]


def awaits_answer(timer: SlaTimer) -> bool:
    """Say whether an answer would still change a timer: it is active, or breached so far."""
    if timer.state == TimerState.BREACHED:
        return timer.stopped_at is None and timer.given_up_at is None
    return timer.state in ACTIVE


def is_overdue(timer: SlaTimer, *, at: datetime) -> bool:
    """Say whether a running timer is past its due instant and its breach has yet to fire."""
    return timer.state == TimerState.RUNNING and at > timer.due_at


def stop_each(
    timers: Iterable[SlaTimer],
    *,
    cause: StopCause,
    at: datetime,
    by: AbstractBaseUser | None,
    detail: dict[str, Any] | None = None,
) -> list[SlaTimer]:
    """Stop timers as met or answered late; the ledger keeps what `restore` needs."""
    stopped = list(timers)
    for timer in stopped:
        if is_overdue(timer, at=at):
            breaches.breach(timer, at=at)
        is_late = timer.state == TimerState.BREACHED
        restored = _as_it_was(timer) | {"steps": steps.cancel(timer)}
        timer.stopped_at = at
        if not is_late:
            _leave(timer, TimerState.MET)
        _save(timer)
        happened = SlaEventKind.ANSWERED_LATE if is_late else SlaEventKind.MET
        ledger.record(timer, happened, at=at, by=by, cause=cause, **restored, **(detail or {}))
    return stopped


def stop_quietly(timers: Sequence[SlaTimer], *, cause: StopCause, at: datetime) -> None:
    """Stop timers that nobody takes back; those in time in a fixed number of statements."""
    in_time: list[SlaTimer] = []
    late: list[SlaTimer] = []
    for timer in timers:
        is_late = timer.state == TimerState.BREACHED or is_overdue(timer, at=at)
        (late if is_late else in_time).append(timer)
    stop_each(late, cause=cause, at=at, by=None)
    if not in_time:
        return
    steps.cancel_all(in_time)
    for timer in in_time:
        timer.stopped_at = at
        _leave(timer, TimerState.MET)
    SlaTimer.objects.filter(pk__in=[timer.pk for timer in in_time]).update(
        state=TimerState.MET, stopped_at=at, paused_at=None, paused_until=None, pause_reason=""
    )
    ledger.write(
        ledger.line(timer, SlaEventKind.MET, at=at, cause=cause.value) for timer in in_time
    )


def cancel_each(
    timers: Iterable[SlaTimer],
    *,
    at: datetime,
    by: AbstractBaseUser | None = None,
) -> list[SlaTimer]:
    """End timers without an answer; return those ended.

    A promise broken by now stays broken, and is waited for no longer.
    """
    cancelled = []
    for timer in timers:
        if is_overdue(timer, at=at):
            breaches.breach(timer, at=at)
        if timer.state == TimerState.BREACHED:
            steps.cancel(timer)
            timer.given_up_at = at
            timer.save(update_fields=["given_up_at"])
            continue
        cancel(timer, at=at, by=by)
        cancelled.append(timer)
    return cancelled


def cancel(timer: SlaTimer, *, at: datetime, by: AbstractBaseUser | None = None) -> None:
    """End an active timer as if it had never been promised, also one that is overdue."""
    armed = steps.cancel(timer)
    _leave(timer, TimerState.CANCELLED)
    _save(timer)
    ledger.record(timer, SlaEventKind.CANCELLED, at=at, by=by, steps=armed)


def restore(
    timer: SlaTimer, *, cause: StopCause, at: datetime, by: AbstractBaseUser | None
) -> bool:
    """Let a timer that an answer stopped go on as it was; False when something else did.

    The promise keeps its due instant, and the steps that the answer cancelled are armed again:
    what fell due meanwhile fires next.
    """
    event = timer.events.order_by("pk").last()
    if event is None or event.detail.get("cause") != cause:
        return False
    timer.stopped_at = None
    if timer.state == TimerState.MET:
        timer.state = event.detail["was"]
        timer.paused_at = _instant(event.detail["paused_at"])
        timer.paused_until = _instant(event.detail.get("paused_until"))
        timer.pause_reason = event.detail.get("pause_reason", "")
    _save(timer)
    steps.rearm(timer, event.detail["steps"])
    ledger.record(timer, SlaEventKind.REOPENED, at=at, by=by, after=cause)
    return True


def _as_it_was(timer: SlaTimer) -> dict[str, Any]:
    until = timer.paused_until
    return {
        "was": timer.state,
        "paused_at": timer.paused_at.isoformat() if timer.paused_at else None,
        "paused_until": until.isoformat() if until else None,
        "pause_reason": timer.pause_reason,
    }


def _leave(timer: SlaTimer, state: TimerState) -> None:
    timer.state = state
    timer.paused_at, timer.paused_until, timer.pause_reason = None, None, ""


def _save(timer: SlaTimer) -> None:
    timer.save(update_fields=["state", "stopped_at", "paused_at", "paused_until", "pause_reason"])


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
