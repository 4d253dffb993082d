"""Clocks on handoffs and questions: started, paused, stopped, broken; all of it in the ledger.

Whoever calls holds the row lock of the handoff or question, so an answer and a breach at the same
instant have one winner. `at` decides: an answer no later than the due instant keeps the promise
even when it is processed later, unless the breach has fired already.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from definitions.enums import Milestone
from definitions.models import SlaTerm
from leads.models import Evaluation
from routing import ledger, notices, promises, steps
from routing.enums import NoticeKind, SlaEventKind, StepKind, StepState, TimerMilestone, TimerState
from routing.hours import AROUND_THE_CLOCK, default_hours, tzdata_version
from routing.models import Assignment, Handoff, ReviewTask, SlaTimer
from routing.promises import Plan

RESPONSE = (TimerMilestone.FIRST_RESPONSE, TimerMilestone.RE_RESPONSE)
ACTIVE = (TimerState.RUNNING, TimerState.PAUSED)

WARN_OF_QUESTION_AT_PCT = 50
"""Share of the time for an answer after which its owner is reminded."""


class NoTermApplies(Exception):
    """A version promises no first response for a handoff, so it cannot have a clock."""

    def __init__(self, handoff: Handoff) -> None:
        super().__init__(
            f"{handoff.version} has no SLA term for this handoff: its last term must be for "
            "everyone."
        )


class StopCause(StrEnum):
    """What stopped a clock; stored in the ledger's detail."""

    ATTEMPT = "attempt"
    ACCEPTANCE = "acceptance"
    REJECTION = "rejection"
    CONVERSION = "conversion"
    ANSWER = "answer"


@transaction.atomic(savepoint=False)
def start(handoff: Handoff, *, evaluation: Evaluation, at: datetime) -> SlaTimer:
    """Start the clocks of a new handoff, from its qualification, and return the response clock.

    Also starts an acceptance clock where the version promises acceptance in time.

    Raises:
        NoTermApplies: no first-response term of the version holds.
    """
    term = _term(handoff, Milestone.FIRST_RESPONSE, evaluation)
    if term is None:
        raise NoTermApplies(handoff)
    timer = _start(
        handoff,
        milestone=TimerMilestone.FIRST_RESPONSE,
        term=term,
        counts_from=handoff.qualified_at,
        at=at,
    )
    acceptance = _term(handoff, Milestone.ACCEPTANCE, evaluation)
    if acceptance is not None:
        _start(
            handoff,
            milestone=TimerMilestone.ACCEPTANCE,
            term=acceptance,
            counts_from=handoff.qualified_at,
            at=at,
        )
    return timer


@transaction.atomic(savepoint=False)
def start_for_question(task: ReviewTask, *, within: timedelta, at: datetime) -> SlaTimer:
    """Start the clock of a question that was just asked.

    within: business time by the default calendar; wall-clock time where there is none. It warns
    after half of it, and escalates when it is used up.
    """
    term = SlaTerm(
        key=task.key,
        respond_within=within,
        warn_at_pct=WARN_OF_QUESTION_AT_PCT,
        escalate_after=timedelta(0),
    )
    hours = default_hours()
    term.is_business_time = hours is not AROUND_THE_CLOCK
    plan = promises.plan(term, hours=hours, start=at)
    timer = _planned(term, plan, milestone=TimerMilestone.ANSWER, counts_from=at)
    timer.review_task = task
    timer.save()
    steps.arm(timer, plan)
    ledger.record(timer, SlaEventKind.STARTED, at=at, due_at=plan.due_at.isoformat())
    return timer


@transaction.atomic
def stop(
    handoff: Handoff, *, kind: str, at: datetime, by: AbstractBaseUser | None = None
) -> list[SlaTimer]:
    """Let an attempt stop the response clocks that its kind stops; return those stopped.

    In time: met. After the due instant, fired or not: breached, and answered late.
    """
    timers = [
        timer
        for timer in unanswered(handoff)
        if timer.milestone in RESPONSE and (not timer.stop_kinds or kind in timer.stop_kinds)
    ]
    return stop_each(timers, cause=StopCause.ATTEMPT, at=at, by=by, detail={"kind": kind})


@transaction.atomic
def stop_for_acceptance(
    handoff: Handoff, *, at: datetime, by: AbstractBaseUser | None = None
) -> list[SlaTimer]:
    """Stop the acceptance clock; accepting leaves the response clock running."""
    timers = [t for t in unanswered(handoff) if t.milestone == TimerMilestone.ACCEPTANCE]
    return stop_each(timers, cause=StopCause.ACCEPTANCE, at=at, by=by)


@transaction.atomic
def stop_for_rejection(
    handoff: Handoff, *, at: datetime, by: AbstractBaseUser | None = None
) -> list[SlaTimer]:
    """Stop every clock: a rejection is an answer, in time or late."""
    return stop_each(unanswered(handoff), cause=StopCause.REJECTION, at=at, by=by)


@transaction.atomic
def stop_for_conversion(
    handoff: Handoff, *, at: datetime, by: AbstractBaseUser | None = None
) -> list[SlaTimer]:
    """Stop every clock: an opportunity is an answer, in time or late."""
    return stop_each(unanswered(handoff), cause=StopCause.CONVERSION, at=at, by=by)


@transaction.atomic
def cancel(
    handoff: Handoff, *, at: datetime, by: AbstractBaseUser | None = None
) -> list[SlaTimer]:
    """End the clocks of a handoff that closes without an answer; return those cancelled.

    A promise that is broken by now is not cancelled: it stays, or becomes, breached.
    """
    return cancel_each(unanswered(handoff), at=at, by=by)


def cancel_each(
    timers: Iterable[SlaTimer],
    *,
    at: datetime,
    by: AbstractBaseUser | None = None,
) -> list[SlaTimer]:
    """End locked timers without an answer, but for promises broken by now; return those ended."""
    cancelled = []
    for timer in timers:
        if is_overdue(timer, at=at):
            breach(timer, at=at)
        armed = steps.cancel(timer)
        if timer.state == TimerState.BREACHED:
            continue
        timer.state, timer.paused_at = TimerState.CANCELLED, None
        timer.save(update_fields=["state", "paused_at"])
        ledger.record(timer, SlaEventKind.CANCELLED, at=at, by=by, steps=armed)
        cancelled.append(timer)
    return cancelled


def stop_each(
    timers: Iterable[SlaTimer],
    *,
    cause: StopCause,
    at: datetime,
    by: AbstractBaseUser | None,
    detail: dict[str, Any] | None = None,
) -> list[SlaTimer]:
    """Stop locked timers as met or answered late; the ledger keeps what `reopen` needs."""
    stopped = list(timers)
    for timer in stopped:
        if is_overdue(timer, at=at):
            breach(timer, at=at)
        is_late = timer.state == TimerState.BREACHED
        restored = {
            "was": timer.state,
            "paused_at": timer.paused_at.isoformat() if timer.paused_at else None,
            "steps": steps.cancel(timer),
        }
        timer.stopped_at = at
        if not is_late:
            timer.state, timer.paused_at = TimerState.MET, None
        timer.save(update_fields=["state", "stopped_at", "paused_at"])
        happened = SlaEventKind.ANSWERED_LATE if is_late else SlaEventKind.MET
        ledger.record(timer, happened, at=at, by=by, cause=cause, **restored, **(detail or {}))
    return stopped


@transaction.atomic
def reopen(
    handoff: Handoff,
    *,
    cause: StopCause = StopCause.REJECTION,
    at: datetime,
    by: AbstractBaseUser | None = None,
) -> list[SlaTimer]:
    """Restore the clocks that an answer stopped, as they were, and return them.

    The promise keeps its due instant, and the steps that the answer cancelled are armed again:
    what fell due meanwhile fires next.
    """
    reopened = []
    for timer in _locked(handoff):
        event = timer.events.order_by("pk").last()
        if event is None or event.detail.get("cause") != cause:
            continue
        timer.stopped_at = None
        if timer.state == TimerState.MET:
            paused_at = event.detail["paused_at"]
            timer.state = event.detail["was"]
            timer.paused_at = datetime.fromisoformat(paused_at) if paused_at else None
        timer.save(update_fields=["state", "stopped_at", "paused_at"])
        timer.steps.filter(kind__in=event.detail["steps"]).update(state=StepState.ARMED)
        ledger.record(timer, SlaEventKind.REOPENED, at=at, by=by, after=cause)
        reopened.append(timer)
    return reopened


@transaction.atomic
def restart_for_new_owner(handoff: Handoff, *, at: datetime) -> SlaTimer | None:
    """Give the new owner of a breached, unanswered handoff a clock of their own.

    It is outside the miss rate, replaces one that is still running, and does not reassign again.
    Returns None when the response clock is not breached, or was answered.
    """
    timers = unanswered(handoff)
    first = next((t for t in timers if t.milestone == TimerMilestone.FIRST_RESPONSE), None)
    if first is None or first.state != TimerState.BREACHED:
        return None
    for timer in timers:
        if timer.milestone == TimerMilestone.RE_RESPONSE:
            _replace(timer, at=at)
    return _start(
        handoff,
        milestone=TimerMilestone.RE_RESPONSE,
        term=own_term(handoff, first),
        counts_from=at,
        at=at,
    )


@transaction.atomic
def shorten(handoff: Handoff, *, evaluation: Evaluation, at: datetime) -> bool:
    """Make the running response clock due sooner when new high intent promises so; never later.

    The new promise counts from when the fact that tipped the evaluation was received. Steps that
    have not fired move with it. A clock that keeps that promise already is left alone, so that
    judging a lead anew does not undo a pause. Returns whether the due instant moved.
    """
    timer = _running_response(handoff)
    term = _term(handoff, Milestone.FIRST_RESPONSE, evaluation)
    if timer is None or term is None or not term.is_high_intent or term.key == timer.term_key:
        return False
    hours = promises.hours_for(term, handoff=handoff)
    plan = promises.plan(term, hours=hours, start=max(evaluation.tipped_at, timer.started_at))
    if plan.due_at >= timer.due_at or is_overdue(timer, at=at):
        return False
    was_due_at = timer.due_at
    _promise(timer, term)
    timer.promised_at, timer.backstop_at, timer.due_at = (
        plan.promised_at,
        plan.backstop_at,
        plan.due_at,
    )
    timer.save()
    steps.advance(timer, plan)
    ledger.record(
        timer,
        SlaEventKind.SHORTENED,
        at=at,
        was_due_at=was_due_at.isoformat(),
        due_at=timer.due_at.isoformat(),
        term=term.key,
    )
    return True


def breach(timer: SlaTimer, *, at: datetime) -> None:
    """Mark a running timer breached by whoever held the handoff when it came due; tell people.

    Fires the breach step, exactly once: the caller has found the timer running under lock. Tells
    the holder who missed it, the present owner, and the managers of both; of a question, its
    owner.
    """
    timer.state, timer.breached_at = TimerState.BREACHED, at
    handoff = timer.handoff
    if handoff is not None:
        _blame(timer)
    timer.save(update_fields=["state", "breached_at", "missed_by_rep", "missed_by_queue"])
    steps.fire(timer, StepKind.BREACH, at=at)
    if handoff is None:
        notices.tell_of_question(timer, StepKind.BREACH, at=at)
        return
    holders = [(handoff.rep, handoff.queue), (timer.missed_by_rep, timer.missed_by_queue)]
    people = [
        person(rep=rep, queue=queue)
        for rep, queue in holders
        for person in (notices.holder, notices.manager)
    ]
    notices.tell_of_step(timer, StepKind.BREACH, NoticeKind.BREACHED, people, at=at)


def _blame(timer: SlaTimer) -> None:
    """Note on a handoff's clock who held the handoff when it came due; not saved."""
    segment = (
        Assignment.objects.filter(handoff=timer.handoff_id, began_at__lte=timer.due_at)
        .exclude(ended_at__lte=timer.due_at)
        .select_related("rep__user", "rep__manager", "queue__manager")
        .order_by("-began_at", "-pk")
        .first()
    )
    if segment is not None:
        timer.missed_by_rep, timer.missed_by_queue = segment.rep, segment.queue


def own_term(handoff: Handoff, timer: SlaTimer) -> SlaTerm:
    """Return the term that a timer keeps; a version's terms are frozen while it has handoffs."""
    terms = {term.key: term for term in promises.terms_of(handoff.version)}
    return terms[timer.term_key]


def unanswered(handoff: Handoff) -> list[SlaTimer]:
    """Return the locked timers that an answer would still change: active, or breached so far."""
    return [timer for timer in _locked(handoff) if _awaits_answer(timer)]


def unanswered_of_question(task: ReviewTask) -> list[SlaTimer]:
    """Return the locked clock of a question, if an answer would still change it."""
    rows = SlaTimer.objects.select_for_update(no_key=True).filter(review_task=task)
    timers = list(rows.order_by("pk"))
    for timer in timers:
        timer.review_task = task
    return [timer for timer in timers if _awaits_answer(timer)]


def _awaits_answer(timer: SlaTimer) -> bool:
    return timer.state in ACTIVE or (
        timer.state == TimerState.BREACHED and timer.stopped_at is None
    )


def is_overdue(timer: SlaTimer, *, at: datetime) -> bool:
    """Say whether a running timer is past its due instant and its breach has yet to fire."""
    return timer.state == TimerState.RUNNING and at > timer.due_at


def _term(handoff: Handoff, milestone: Milestone, evaluation: Evaluation) -> SlaTerm | None:
    return promises.term_for(handoff.version, milestone=milestone, evaluation=evaluation)


def _locked(handoff: Handoff) -> list[SlaTimer]:
    """Return the handoff's timers, locked, each with this very handoff."""
    timers = list(
        SlaTimer.objects.select_for_update(no_key=True).filter(handoff=handoff).order_by("pk")
    )
    for timer in timers:
        timer.handoff = handoff
    return timers


def _running_response(handoff: Handoff) -> SlaTimer | None:
    for timer in unanswered(handoff):
        if (timer.milestone, timer.state) == (TimerMilestone.FIRST_RESPONSE, TimerState.RUNNING):
            return timer
    return None


def _start(
    handoff: Handoff,
    *,
    milestone: TimerMilestone,
    term: SlaTerm,
    counts_from: datetime,
    at: datetime,
) -> SlaTimer:
    """Write a timer, its steps and the first line of its ledger."""
    hours = promises.hours_for(term, handoff=handoff)
    plan = promises.plan(term, hours=hours, start=counts_from)
    timer = _planned(term, plan, milestone=milestone, counts_from=counts_from)
    timer.handoff = handoff
    timer.save()
    if milestone == TimerMilestone.RE_RESPONSE:
        plan.steps.pop(StepKind.REASSIGN, None)
    steps.arm(timer, plan)
    ledger.record(
        timer, SlaEventKind.STARTED, at=at, due_at=plan.due_at.isoformat(), term=term.key
    )
    return timer


def _planned(
    term: SlaTerm, plan: Plan, *, milestone: TimerMilestone, counts_from: datetime
) -> SlaTimer:
    """Build an unsaved timer that keeps a term as planned."""
    timer = SlaTimer(
        milestone=milestone,
        started_at=counts_from,
        promised_at=plan.promised_at,
        backstop_at=plan.backstop_at,
        due_at=plan.due_at,
        tzdata_version=tzdata_version(),
    )
    _promise(timer, term)
    return timer


def _promise(timer: SlaTimer, term: SlaTerm) -> None:
    """Copy what the promise is from its term."""
    timer.term_key = term.key
    timer.is_high_intent = term.is_high_intent
    timer.is_business_time = term.is_business_time
    timer.respond_within = term.respond_within
    timer.stop_kinds = list(term.stop_kinds)


def _replace(timer: SlaTimer, *, at: datetime) -> None:
    """Make room for the next owner's clock: a running one is cancelled, a breached one ends."""
    armed = steps.cancel(timer)
    if timer.state in ACTIVE:
        timer.state, timer.paused_at = TimerState.CANCELLED, None
        timer.save(update_fields=["state", "paused_at"])
        ledger.record(timer, SlaEventKind.CANCELLED, at=at, steps=armed)
