"""Clocks made due sooner by new high intent, also those that stand still.

A pause says that the lead is not to be bothered yet; who asks for a demo meanwhile asks to be.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from definitions.enums import Milestone
from definitions.models import SlaTerm
from leads.models import Evaluation
from routing import elapsed, ledger, pauses, promises, starting, steps, stopping
from routing.enums import SlaEventKind, TimerMilestone, TimerState
from routing.hours import hours_in
from routing.models import BusinessCalendar, Handoff, SlaTimer
from routing.promises import Plan
from routing.stopping import ACTIVE


@dataclass(frozen=True, slots=True)
class Offer:
    """A promise that a clock could have instead of its own."""

    term: SlaTerm
    calendar: BusinessCalendar | None
    counts_from: datetime
    plan: Plan


@transaction.atomic
def shorten(handoff: Handoff, *, evaluation: Evaluation, at: datetime) -> bool:
    """Make the response clock due sooner when new high intent promises so; never later.

    The new promise counts from when the fact that tipped the evaluation was received. Steps that
    have not fired move with it. A clock that keeps that promise already is left alone, so that
    judging a lead anew does not undo a pause.

    A paused clock goes on at `at`, with every other one of the handoff, when the new promise
    would be due before it is as things stand; it keeps its own where the time that it had left is
    over sooner. Where the response clock does not stand still, say because it was answered or
    broken, the paused ones of the handoff go on at `at`. What was known of the lead as the pause
    began does not end it.

    Returns:
        Whether the due instant moved.
    """
    known = stopping.unanswered(handoff)
    timer = _active_response(known)
    term = promises.term_for(
        handoff.version, milestone=Milestone.FIRST_RESPONSE, evaluation=evaluation
    )
    if term is None or not term.is_high_intent:
        return False
    if timer is None or timer.state != TimerState.PAUSED:
        _end_pause_of_others(handoff, known, term, at=at)
    if timer is None or term.key == timer.term_key:
        return False
    offer = _offer(timer, term, handoff=handoff, evaluation=evaluation, at=at)
    was_due_at = timer.due_at
    if offer.plan.due_at >= was_due_at or not _may_change(timer, term, handoff=handoff, at=at):
        return False
    if timer.state == TimerState.PAUSED:
        pauses.end_by_intent(handoff, known, at=at)
    if offer.plan.due_at < timer.due_at and not stopping.is_overdue(timer, at=at):
        _take(timer, offer, at=at)
    return timer.due_at < was_due_at


def _end_pause_of_others(
    handoff: Handoff, timers: Sequence[SlaTimer], term: SlaTerm, *, at: datetime
) -> None:
    """Let the paused ones of a handoff's clocks go on, when a term did not apply as they halted.

    They keep what they promise: only the response clock has a promise for high intent.
    """
    paused_at = [timer.paused_at for timer in timers if timer.paused_at is not None]
    if paused_at and not _was_known(term, handoff=handoff, at=max(paused_at)):
        pauses.end_by_intent(handoff, timers, at=at)


def _active_response(timers: Sequence[SlaTimer]) -> SlaTimer | None:
    for timer in timers:
        if timer.milestone == TimerMilestone.FIRST_RESPONSE and timer.state in ACTIVE:
            return timer
    return None


def _offer(
    timer: SlaTimer, term: SlaTerm, *, handoff: Handoff, evaluation: Evaluation, at: datetime
) -> Offer:
    """Plan a term for a clock, by the fact that tipped an evaluation, as if no pause lasted."""
    calendar = (
        promises.calendar_of(term, default=handoff.calendar) if term.is_business_time else None
    )
    counts_from = max(evaluation.tipped_at, timer.started_at)
    plan = promises.plan(
        term,
        hours=hours_in(calendar),
        start=counts_from,
        pauses=elapsed.stood_still(timer, until=at),
    )
    return Offer(term, calendar, counts_from, plan)


def _may_change(timer: SlaTimer, term: SlaTerm, *, handoff: Handoff, at: datetime) -> bool:
    """Say whether a clock may take a sooner promise: in time, or paused before that was known."""
    if timer.paused_at is None:
        return not stopping.is_overdue(timer, at=at)
    is_over = timer.paused_until is not None and timer.paused_until <= at
    return is_over or not _was_known(term, handoff=handoff, at=timer.paused_at)


def _was_known(term: SlaTerm, *, handoff: Handoff, at: datetime) -> bool:
    """Say whether a term applied by what was known of a lead at an instant; one query."""
    earlier = Evaluation.objects.filter(lead=handoff.lead_id, at__lte=at)
    known = earlier.order_by("-at", "-pk").first()
    return known is not None and term == promises.term_for(
        handoff.version, milestone=Milestone(term.milestone), evaluation=known
    )


def _take(timer: SlaTimer, offer: Offer, *, at: datetime) -> None:
    """Give a clock another promise, due sooner, and its steps with it."""
    was_due_at, calendar, plan = timer.due_at, offer.calendar, offer.plan
    starting.promise(timer, offer.term)
    timer.calendar, timer.is_business_time = calendar, calendar is not None
    timer.hours_as_of = calendar.changed_at if calendar else timer.hours_as_of
    timer.promised_at, timer.backstop_at = plan.promised_at, plan.backstop_at
    timer.due_at = plan.due_at
    timer.save()
    steps.advance(timer, plan)
    ledger.record(
        timer,
        SlaEventKind.SHORTENED,
        at=at,
        was_due_at=was_due_at.isoformat(),
        due_at=timer.due_at.isoformat(),
        term=offer.term.key,
        counts_from=offer.counts_from.isoformat(),
    )
