"""The cadence that a response term promises: dated tasks for whoever receives the lead.

Each task has its place in the cadence for as long as the handoff lives. A new owner of a lead
that nobody tried yet starts over; one of a lead that was tried goes on where it stands. What comes
of an attempt decides what follows: who was reached needs no more of it, a number that is wrong is
not called again, and after no answer the next tasks keep their distance from that attempt. While
the clocks of a handoff stand still its cadence rests: what is not due yet comes after the pause.
A task that a person put on another day stays there through all of that.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet, prefetch_related_objects

from definitions import shapes
from definitions.enums import Milestone
from definitions.models import SlaTerm
from routing import calendar, elapsed, followups, promises
from routing.calendar import BusinessHours, Interval
from routing.enums import AttemptOutcome, TimerMilestone, TimerState
from routing.hours import AROUND_THE_CLOCK, hours_in, hours_of
from routing.models import Attempt, BusinessCalendar, FollowUp, Handoff, SlaTimer

logger = logging.getLogger(__name__)

BATCH = 1_000
"""So many tasks are changed by one statement."""

INSERT = """
INSERT INTO routing_followup
    (public_id, created_at, handoff_id, kind, what, due_at, cadence_step)
SELECT gen_random_uuid(), %s, task.*
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::timestamptz[], %s::smallint[]) task
"""
"""A sweep sets tens of thousands of tasks: one statement, however many."""


@dataclass(frozen=True, slots=True)
class Step:
    """One task of a cadence, due at an instant."""

    place: int
    kind: str
    what: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Promise:
    """The response term of a handoff, and until when its clocks stand still, if they do."""

    term: SlaTerm
    rests_until: datetime | None


def begin(handoff: Handoff, *, at: datetime) -> int:
    """Set the cadence's tasks for a locked handoff that a rep received; return how many changed.

    They fall due in the response term's hours, counted from the assignment, or from the end of a
    pause in which that falls. For a new owner of a lead that nobody tried yet the open ones are
    due anew, but for those that a person moved; once somebody tried, they stay as they are.
    Nothing for a handoff in a queue, or
    whose lead was reached. Doing it twice for one assignment changes nothing.
    """
    return begin_many([handoff], at=at)


@transaction.atomic(savepoint=False)
def begin_many(handoffs: Iterable[Handoff], *, at: datetime) -> int:
    """Do for many locked handoffs what `begin` does; about seven queries, however many they are.

    None when no version of theirs promises a cadence. What was read of a handoff already (its
    version, its evaluation) is not read again.
    """
    held = [one for one in handoffs if one.rep_id is not None and one.first_contact_at is None]
    promised = _promises(held)
    if not promised:
        return 0
    receivers = [handoff for handoff in held if handoff.pk in promised]
    hours = _hours(receivers, promised)
    present: dict[int, dict[int, FollowUp]] = {}
    for task in FollowUp.objects.filter(handoff__in=promised, cadence_step__isnull=False):
        present.setdefault(task.handoff_id, {})[task.cadence_step or 0] = task
    new: list[tuple[int, Step]] = []
    changed: list[FollowUp] = []
    for handoff in receivers:
        promise, received_at = promised[handoff.pk], handoff.assigned_at or at
        start = max(received_at, promise.rests_until or received_at)
        steps = _steps(promise.term, hours=hours[handoff.pk], start=start)
        tasks = present.get(handoff.pk, {})
        if not tasks or handoff.first_attempt_at is None:
            new += [(handoff.pk, step) for step in steps if step.place not in tasks]
            changed += _anew(tasks, steps, at=at)
    _insert(new, at=at)
    columns = ["kind", "what", "due_at", "cancelled_at"]
    FollowUp.objects.bulk_update(changed, columns, batch_size=BATCH)
    if new or changed:
        logger.info("%s tasks of cadences set, %s due anew", len(new), len(changed))
    return len(new) + len(changed)


def heed(handoff: Handoff, attempt: Attempt) -> int:
    """Let the cadence of a locked handoff follow what came of an attempt; return how many moved.

    Reached: the rest of it ends. Wrong number or address: its tasks of that kind end. Else, when
    the attempt did a task of the cadence, each later one keeps the distance that it had from that
    task, in the term's hours and without the pauses between, from the attempt on (from the end of
    a pause that lasts); none comes earlier than it was due before, and none moves that a person
    moved.
    """
    tasks = list(
        FollowUp.objects.filter(handoff=handoff, cadence_step__isnull=False, cancelled_at=None)
        .filter(Q(done_at=None) | Q(done_at=attempt.at))
        .order_by("cadence_step")
    )
    waiting = [task for task in tasks if task.done_at is None]
    if attempt.outcome == AttemptOutcome.REACHED:
        return _end(waiting, at=attempt.at)
    if attempt.outcome == AttemptOutcome.WRONG_CONTACT:
        return _end([task for task in waiting if task.kind == attempt.kind], at=attempt.at)
    done = next((task for task in tasks if task.done_at is not None), None)
    if done is None:
        return 0
    later = [
        task
        for task in waiting
        if task.moved_at is None and (task.cadence_step or 0) > (done.cadence_step or 0)
    ]
    return _keep_distance(handoff, later, done=done, at=attempt.at)


def rest(handoff: Handoff, *, until: datetime, instead_of: datetime, at: datetime) -> int:
    """Let the cadence of a locked handoff go on at another instant; return how many tasks moved.

    until: from when on it counts, `at` when a pause ends now. instead_of: from when on it counted
    so far, `at` when it did not rest. What is not due yet keeps its distance in the hours of the
    response clock; what is overdue by now, was set for a time in the pause, or was moved by a
    person, stays. No query when the two instants are one.
    """
    if until == instead_of:
        return 0
    tasks = list(_movable(handoff).filter(due_at__gt=at, due_at__gte=instead_of))
    if not tasks:
        return 0
    hours = _hours_of_clock(handoff)
    for task in tasks:
        distance = calendar.elapsed(hours, start=instead_of, end=task.due_at)
        due_at = calendar.add(hours, start=until, amount=distance)
        task.due_at = due_at if until < instead_of else max(due_at, task.due_at)
    FollowUp.objects.bulk_update(tasks, ["due_at"])
    logger.info("Handoff %s: %s tasks of its cadence moved by a pause", handoff.pk, len(tasks))
    return len(tasks)


def _movable(handoff: Handoff) -> QuerySet[FollowUp]:
    return followups.open_of(handoff).filter(cadence_step__isnull=False, moved_at=None)


def _hours_of_clock(handoff: Handoff) -> BusinessHours:
    """Return the hours in which a handoff's response clock counts."""
    clocks = SlaTimer.objects.filter(
        handoff=handoff, milestone=TimerMilestone.FIRST_RESPONSE
    ).exclude(state=TimerState.CANCELLED)
    clock = clocks.select_related("calendar").first()
    return hours_in(clock.calendar if clock else handoff.calendar)


def _keep_distance(
    handoff: Handoff, tasks: Sequence[FollowUp], *, done: FollowUp, at: datetime
) -> int:
    if at <= done.due_at or not tasks:
        return 0
    promised = _promises([handoff])
    if handoff.pk not in promised:
        return 0
    hours = _hours([handoff], promised)[handoff.pk]
    rests = _rests(handoff)
    start = max(at, promised[handoff.pk].rests_until or at)
    moved = []
    for task in tasks:
        distance = calendar.elapsed_around(hours, start=done.due_at, end=task.due_at, pauses=rests)
        due_at = calendar.add(hours, start=start, amount=distance)
        if due_at > task.due_at:
            task.due_at = due_at
            moved.append(task)
    FollowUp.objects.bulk_update(moved, ["due_at"])
    return len(moved)


def _rests(handoff: Handoff) -> list[Interval]:
    """Return when any clock of a handoff stood still, ascending and disjoint; two queries."""
    timers = SlaTimer.objects.filter(handoff=handoff).prefetch_related("events")
    stretches = sorted(
        stretch
        for timer in timers
        for stretch in elapsed.stood_still(timer, until=timer.stopped_at)
    )
    rests: list[Interval] = []
    for begins, ends in stretches:
        if rests and begins <= rests[-1][1]:
            rests[-1] = rests[-1][0], max(rests[-1][1], ends)
        else:
            rests.append((begins, ends))
    return rests


def _end(tasks: Sequence[FollowUp], *, at: datetime) -> int:
    keys = [task.pk for task in tasks]
    return FollowUp.objects.filter(pk__in=keys).update(cancelled_at=at) if keys else 0


def _insert(new: Sequence[tuple[int, Step]], *, at: datetime) -> None:
    if not new:
        return
    rows = [(key, step.kind, step.what, step.due_at, step.place) for key, step in new]
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [at, *map(list, zip(*rows, strict=True))])


def _anew(
    tasks: Mapping[int, FollowUp], steps: Iterable[Step], *, at: datetime
) -> Iterable[FollowUp]:
    """Yield the open tasks that are due at another time by now, or that are asked no more.

    Not those that a person moved: their words and their day were agreed with somebody.
    """
    planned = {step.place: step for step in steps}
    for place, task in tasks.items():
        if task.done_at or task.cancelled_at or task.moved_at:
            continue
        step = planned.get(place)
        if step is None:
            task.cancelled_at = at
            yield task
        elif (task.kind, task.what, task.due_at) != (step.kind, step.what, step.due_at):
            task.kind, task.what, task.due_at = step.kind, step.what, step.due_at
            yield task


def _promises(handoffs: Sequence[Handoff]) -> dict[int, Promise]:
    """Return what is promised of each handoff whose response term has a cadence, by its id.

    The term is that of its clock, which new high intent may have changed; else that of its
    evaluation.
    """
    prefetch_related_objects(handoffs, "version")
    likely = [handoff for handoff in handoffs if _may_have_a_cadence(handoff)]
    if not likely:
        return {}
    keys: dict[int, str] = {}
    limits: dict[int, datetime] = {}
    for handoff_id, milestone, key, until in _clocks(likely):
        if milestone == TimerMilestone.FIRST_RESPONSE:
            keys[handoff_id] = key
        if until is not None:
            limits[handoff_id] = max(until, limits.get(handoff_id, until))
    prefetch_related_objects([one for one in likely if one.pk not in keys], "evaluation")
    terms = {handoff.pk: _term(handoff, keys.get(handoff.pk)) for handoff in likely}
    return {
        pk: Promise(term, limits.get(pk))
        for pk, term in terms.items()
        if term is not None and term.cadence
    }


def _clocks(handoffs: Sequence[Handoff]) -> Iterable[tuple[Any, ...]]:
    """Return of the response clocks and the paused ones: handoff, milestone, term and limit."""
    keys = [handoff.pk for handoff in handoffs]
    rows = SlaTimer.objects.filter(
        Q(milestone=TimerMilestone.FIRST_RESPONSE) | Q(state=TimerState.PAUSED), handoff__in=keys
    )
    told = ("handoff_id", "milestone", "term_key", "paused_until")
    return rows.exclude(state=TimerState.CANCELLED).values_list(*told)


def _may_have_a_cadence(handoff: Handoff) -> bool:
    return any(term.cadence for term in promises.terms_of(handoff.version))


def _term(handoff: Handoff, key: str | None) -> SlaTerm | None:
    if key is None:
        return promises.term_for(
            handoff.version, milestone=Milestone.FIRST_RESPONSE, evaluation=handoff.evaluation
        )
    return next((one for one in promises.terms_of(handoff.version) if one.key == key), None)


def _hours(
    handoffs: Sequence[Handoff], promised: Mapping[int, Promise]
) -> dict[int, BusinessHours]:
    """Return the hours in which each handoff's cadence is counted, by the handoff's id."""
    terms = {handoff.pk: promised[handoff.pk].term for handoff in handoffs}
    timed = [handoff for handoff in handoffs if terms[handoff.pk].is_business_time]
    calendars = BusinessCalendar.objects.filter(
        Q(pk__in={handoff.calendar_id for handoff in timed})
        | Q(key__in={terms[handoff.pk].calendar_key for handoff in timed})
    ).prefetch_related("windows", "closures")
    by_key = {one.key: hours_of(one) for one in calendars} if timed else {}
    by_id = {one.pk: by_key[one.key] for one in calendars} if timed else {}
    return dict.fromkeys((handoff.pk for handoff in handoffs), AROUND_THE_CLOCK) | {
        handoff.pk: by_key.get(terms[handoff.pk].calendar_key) or by_id[handoff.calendar_id]
        for handoff in timed
    }


def _steps(term: SlaTerm, *, hours: BusinessHours, start: datetime) -> list[Step]:
    return [
        Step(
            place,
            task["kind"],
            task["what"],
            calendar.add(hours, start=start, amount=shapes.duration_of(task["after"])),
        )
        for place, task in enumerate(term.cadence, 1)
    ]
