"""Clocks that stand still for a while, by a manager's or the system's word."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from routing import cadences, elapsed, ledger, locks, steps, stopping
from routing.calendar import Interval
from routing.enums import PauseReason, SlaEventKind, StepState, TimerState
from routing.hours import hours_in
from routing.models import Absence, Handoff, SlaTimer

OVER = """SELECT min(paused_until) FROM routing_slatimer
          WHERE paused_until <= statement_timestamp()"""
"""SQL for the instant at which the first pause ended whose clock stands still yet."""

MOST_DAYS = 30
"""So long a clock may stand still at a time."""

NEW_INTENT = "new_intent"
"""What ended a pause that nobody ended, as the ledger keeps it."""


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
    later by the business time that they stood still; so do the tasks of the handoff's cadence
    that are not due yet. note: what is to be said beside the reason, kept in the ledger.

    Raises:
        Handoff.DoesNotExist: there is none of that id.
        HandoffAlreadyDecided: it is closed.
        ClockNotRunning: no clock runs, or every one is past its due instant.
        PauseWithoutLimit: `until` is not after `at`, or more than 30 days later.
    """
    if not at < until <= at + timedelta(days=MOST_DAYS):
        raise PauseWithoutLimit
    handoff = locks.lock_open_handoff(handoff_id)
    known = stopping.unanswered(handoff)
    running = [
        timer
        for timer in known
        if timer.state == TimerState.RUNNING and not stopping.is_overdue(timer, at=at)
    ]
    if not running:
        raise ClockNotRunning
    rested_until = goes_on_at(known, at=at)
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
    cadences.rest(handoff, until=goes_on_at(known, at=at), instead_of=rested_until, at=at)
    return running


@transaction.atomic
def resume(handoff_id: int, *, at: datetime, by: AbstractBaseUser | None = None) -> list[SlaTimer]:
    """Let the paused clocks of a handoff run on with the time that they had left; return them.

    The wall-clock backstop moves by as much as the clock stood still. The tasks of its cadence
    that rested come as much sooner as the pause is shorter than it was to be.

    Raises:
        Handoff.DoesNotExist: there is none of that id.
        HandoffAlreadyDecided: it is closed.
        ClockNotRunning: no clock is paused.
    """
    handoff = locks.lock_open_handoff(handoff_id)
    paused = _end(handoff, stopping.unanswered(handoff), at=at, by=by)
    if not paused:
        raise ClockNotRunning
    return paused


@transaction.atomic
def end_by_intent(handoff: Handoff, timers: Iterable[SlaTimer], *, at: datetime) -> None:
    """Let the paused ones of a locked handoff's locked clocks run on, for new high intent came.

    The ledger says so of each. A pause that was over before ended by itself.
    """
    _end(handoff, timers, at=at, cause=NEW_INTENT)


def goes_on_at(timers: Iterable[SlaTimer], *, at: datetime) -> datetime:
    """Return when the last pause of a handoff's clocks ends; `at` where none stands still."""
    return max([at, *(timer.paused_until for timer in timers if timer.paused_until is not None)])


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
        _resume(timer, at=at)
    look_again(handoff, at=at)
    return bool(over)


def look_again(handoff: Handoff, *, at: datetime) -> None:
    """Have the leads of a rep who is away looked at anew.

    This one stayed when the absence began, since it was paused or answered then.
    """
    running = Absence.objects.filter(rep=handoff.rep_id, span__contains=at)
    running.exclude(moved_on_at=None).update(moved_on_at=None)


def _end(
    handoff: Handoff,
    timers: Iterable[SlaTimer],
    *,
    at: datetime,
    by: AbstractBaseUser | None = None,
    cause: str = "",
) -> list[SlaTimer]:
    """Let the paused ones of a handoff's clocks run on, its cadence with them; return them."""
    paused = [timer for timer in timers if timer.state == TimerState.PAUSED]
    rested_until = goes_on_at(paused, at=at)
    for timer in paused:
        _resume(timer, at=at, by=by, cause=cause)
    cadences.rest(handoff, until=at, instead_of=rested_until, at=at)
    if paused:
        look_again(handoff, at=at)
    return paused


def _resume(
    timer: SlaTimer, *, at: datetime, by: AbstractBaseUser | None = None, cause: str = ""
) -> None:
    """Let a paused clock run on from an instant, or from its limit where that was sooner."""
    limit = timer.paused_until
    is_over = limit is not None and limit <= at
    began_at = timer.paused_at or at
    # Clocks of two machines differ a little: a pause still does not end before it began.
    ended_at = max(began_at, limit if limit is not None and is_over else at)
    pauses = elapsed.stood_still(timer, until=ended_at)
    timer.state, timer.paused_at = TimerState.RUNNING, None
    timer.paused_until, timer.pause_reason = None, ""
    _count_anew(timer, pauses, at=ended_at)
    said = {"cause": cause} if cause and not is_over else {}
    due_at = timer.due_at.isoformat()
    ledger.record(timer, SlaEventKind.RESUMED, at=ended_at, by=by, due_at=due_at, **said)


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
