"""Promises broken: who held what came due, and who is told."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser

from routing import notices, steps
from routing.enums import NoticeKind, StepKind, TimerState
from routing.models import Assignment, Handoff, Notice, Queue, Rep, SlaTimer, SlaTimerStep
from routing.notices import Answerable


def breach(timer: SlaTimer, *, at: datetime) -> None:
    """Mark a running timer breached by whoever held the handoff when it came due; tell people.

    Fires the breach step, exactly once: the caller has found the timer running under lock.
    Warnings that have not fired fire no more. Tells the holder who missed it, the present owner,
    and the managers of both, unless the ladder has a step for the managers; of a question, its
    owner.
    """
    if timer.handoff is not None:
        notices.write(breach_all([timer], at=at))
        return
    timer.state, timer.breached_at = TimerState.BREACHED, at
    timer.save(update_fields=["state", "breached_at"])
    steps.cancel_all([timer], kinds=[StepKind.WARN])
    steps.fire(timer, StepKind.BREACH, at=at)
    notices.tell_of_question(timer, StepKind.BREACH, at=at)


def breach_all(timers: Sequence[SlaTimer], *, at: datetime) -> list[Notice]:
    """Do `breach` for clocks of handoffs and return who is to be told, unsaved.

    A fixed number of statements, beside one for each holder who missed some.
    """
    _blame(timers)
    missed: dict[tuple[int | None, int | None], list[int]] = {}
    for timer in timers:
        timer.state, timer.breached_at = TimerState.BREACHED, at
        holder = (timer.missed_by_rep_id, timer.missed_by_queue_id)
        missed.setdefault(holder, []).append(timer.pk)
    for (rep_id, queue_id), pks in missed.items():
        SlaTimer.objects.filter(pk__in=pks).update(
            state=TimerState.BREACHED,
            breached_at=at,
            missed_by_rep=rep_id,
            missed_by_queue=queue_id,
        )
    steps.cancel_all(timers, kinds=[StepKind.WARN])
    steps.fire_all(timers, StepKind.BREACH, at=at)
    ladders = SlaTimerStep.objects.filter(
        timer__in=[timer.pk for timer in timers], kind=StepKind.MANAGER
    )
    later = set(ladders.values_list("timer_id", flat=True))
    people = Answerable()
    return [notice for timer in timers for notice in _told(timer, people, at=at, later=later)]


def answers_for_it(timer: SlaTimer, people: Answerable) -> list[AbstractBaseUser | None]:
    """Return the managers of who holds a breached clock's handoff and of who missed it."""
    return [people.manager(rep=rep, queue=queue) for rep, queue in _holders(timer)]


def _told(
    timer: SlaTimer, answerable: Answerable, *, at: datetime, later: Iterable[int]
) -> list[Notice]:
    people = [answerable.holder(rep=rep, queue=queue) for rep, queue in _holders(timer)]
    if timer.pk not in later:
        people += answers_for_it(timer, answerable)
    return notices.of_step(timer, StepKind.BREACH, NoticeKind.BREACHED, people, at=at)


def _holders(timer: SlaTimer) -> list[tuple[Rep | None, Queue | None]]:
    missed = (timer.missed_by_rep, timer.missed_by_queue)
    return [missed] if timer.handoff is None else [_owner(timer.handoff), missed]


def _owner(handoff: Handoff) -> tuple[Rep | None, Queue | None]:
    return handoff.rep, handoff.queue


def _blame(timers: Sequence[SlaTimer]) -> None:
    """Note on clocks who held the handoff when it came due; not saved."""
    segments = (
        Assignment.objects.filter(handoff__in={timer.handoff_id for timer in timers})
        .select_related("rep__user", "rep__manager", "queue__manager")
        .order_by("began_at", "pk")
    )
    held: dict[int, list[Assignment]] = {}
    for segment in segments:
        held.setdefault(segment.handoff_id, []).append(segment)
    for timer in timers:
        for segment in held.get(timer.handoff_id or 0, ()):
            is_over = segment.ended_at is not None and segment.ended_at <= timer.due_at
            if segment.began_at <= timer.due_at and not is_over:
                timer.missed_by_rep, timer.missed_by_queue = segment.rep, segment.queue
