"""What falls due on clocks, and what each step does: tell people, escalate, reassign."""

import logging
from collections.abc import Callable, Collection, Iterator
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import InterfaceError, OperationalError, transaction

from routing import absences, alarms, assignment, locks, notices, review_tasks, steps, timers
from routing.enums import NoticeKind, StepKind, TimerMilestone
from routing.models import Handoff, Queue, Rep, SlaTimer

logger = logging.getLogger(__name__)

DATABASE_FAILURES = (OperationalError, InterfaceError)
"""Not the fault of any handoff: the relay waits for the database and tries again."""

LATE = {
    TimerMilestone.FIRST_RESPONSE: "The first response is late.",
    TimerMilestone.RE_RESPONSE: "The first response is late.",
    TimerMilestone.ACCEPTANCE: "The answer is late.",
    TimerMilestone.SECOND_ATTEMPT: "The second attempt is late.",
    TimerMilestone.OUTCOME: "The outcome is late.",
    TimerMilestone.ASSIGNMENT: "It waited for an owner for too long.",
}
"""Why a lead is given to somebody else, by the promise that was broken."""


def fire_due(*, at: datetime, limit: int) -> int:
    """Fire what has fallen due, each step in one transaction with its effect; say how many fired.

    at: the database's clock. limit: steps looked at; those of high intent before others, then the
    longest due. Steps that only tell people are fired for all those handoffs at once, the others
    one by one. A handoff or question that somebody else is working on is skipped: what it owes
    stays armed. A step that cannot be fired is logged and left for the next time, so that it does
    not keep the others waiting.

    Raises:
        OperationalError, InterfaceError: the database failed.
    """
    subjects = due_subjects(at=at, limit=limit)
    handoff_ids = [handoff_id for handoff_id, _ in subjects if handoff_id is not None]
    fired = _fire_together(handoff_ids, at=at)
    owing = _owing(handoff_ids, at=at)
    rest = [subject for subject in subjects if subject[0] is None or subject[0] in owing]
    return fired + sum(_fire_all(*subject, at=at) for subject in rest)


def due_subjects(*, at: datetime, limit: int) -> list[tuple[int | None, int | None]]:
    """Return the handoffs and questions on which something is due, the most urgent first.

    Pairs of keys, one of which is None. limit: steps looked at. Two queries by index.
    """
    # By the due instant alone: of thousands that fall due at once, as an office opens, the first
    # few are read from the index.
    due = steps.due(at=at).order_by("due_at")
    subjects = due.values_list("timer__handoff_id", "timer__review_task_id")
    urgent = list(subjects.filter(is_urgent=True)[:limit])
    others = subjects.filter(is_urgent=False)[: limit - len(urgent)]
    return list(dict.fromkeys((*urgent, *others)))


@transaction.atomic
def fire_next(handoff_id: int, *, at: datetime) -> bool:
    """Fire the first due step of a handoff with its effect; False when there is none.

    Also False when the handoff is locked: whoever has it may be about to stop the clock.
    """
    try:
        handoff = locks.lock_handoff(handoff_id, skip_locked=True)
    except Handoff.DoesNotExist:
        return False
    due = steps.due(at=at).filter(timer__handoff=handoff).order_by(*steps.IN_ORDER)
    step = due.first()
    if step is None:
        return False
    timer = SlaTimer.objects.select_for_update(no_key=True).get(pk=step.timer_id)
    timer.handoff = handoff
    step.timer = timer
    if step.kind in alarms.TELLS:
        alarms.tell([step], at=at)
    else:
        EFFECTS[StepKind(step.kind)](timer, handoff, at)
    return True


def operator_for(handoff: Handoff, *, at: datetime) -> AbstractBaseUser | None:
    """Return the one person to whom sales' misses of a handoff escalate.

    The version's sales operator; the deputy when the operator has left or is away; then whoever
    manages the owner, the territory's queue, the fallback queue. When all of them are away, the
    first who has not left.
    """
    people = [person for person in _answerable(handoff) if person and person.is_active]
    present = (person for person in people if not absences.is_away(person, at=at))
    return next(present, people[0] if people else None)


def _owing(handoff_ids: Collection[int], *, at: datetime) -> set[int | None]:
    """Return the handoffs on which something is still due."""
    if not handoff_ids:
        return set()
    due = steps.due(at=at).filter(timer__handoff__in=handoff_ids)
    return set(due.values_list("timer__handoff_id", flat=True))


def _fire_together(handoff_ids: list[int], *, at: datetime) -> int:
    """Fire what only tells people; when that fails for one, all are left to be fired alone."""
    try:
        return alarms.fire(handoff_ids, at=at) if handoff_ids else 0
    except DATABASE_FAILURES:
        raise
    except Exception:
        logger.exception("Due steps could not be fired together: firing them one by one")
        return 0


def _fire_all(handoff_id: int | None, task_id: int | None, *, at: datetime) -> int:
    fired = 0
    try:
        while _fire_next(handoff_id, task_id, at=at):
            fired += 1
    except DATABASE_FAILURES:
        raise
    except Exception:
        logger.exception(
            "What is due on handoff %s or question %s could not be fired", handoff_id, task_id
        )
    return fired


def _fire_next(handoff_id: int | None, task_id: int | None, *, at: datetime) -> bool:
    if handoff_id is not None:
        return fire_next(handoff_id, at=at)
    return task_id is not None and review_tasks.fire_next(task_id, at=at)


def _answerable(handoff: Handoff) -> Iterator[AbstractBaseUser | None]:
    """Yield the people who can be escalated to, in order."""
    yield handoff.version.sales_operator
    yield handoff.version.sales_deputy
    yield notices.manager(rep=handoff.rep, queue=handoff.queue)
    if handoff.territory is not None:
        yield handoff.territory.queue.manager
    for queue in Queue.objects.filter(is_fallback=True).select_related("manager"):
        yield queue.manager


def _escalate(timer: SlaTimer, handoff: Handoff, at: datetime) -> None:
    """Tell one named person."""
    person = operator_for(handoff, at=at)
    steps.fire(timer, StepKind.ESCALATE, at=at, to=person.pk if person else None)
    notices.tell_of_step(timer, StepKind.ESCALATE, NoticeKind.ESCALATED, [person], at=at)


def _reassign(timer: SlaTimer, handoff: Handoff, at: datetime) -> None:
    """Give a handoff that its owner left unanswered to somebody else, with a clock of their own.

    Also an accepted one: accepting is no response. When nobody else may receive it, it waits in
    the queue, whose manager then has the new clock.
    """
    before = handoff.rep
    was = _name(handoff.rep, handoff.queue)
    reason = LATE[TimerMilestone(timer.milestone)]
    decision = assignment.assign(handoff, at=at, reason=reason)
    now = _name(decision.rep, decision.queue)
    steps.fire(timer, StepKind.REASSIGN, at=at, was=was, now=now, decision=decision.pk)
    if was == now:
        return
    person = notices.holder(rep=before, queue=None)
    notices.tell_of_step(timer, StepKind.REASSIGN, NoticeKind.REASSIGNED_AWAY, [person], at=at)
    timers.restart_for_new_owner(handoff, at=at)


def _name(rep: Rep | None, queue: Queue | None) -> str:
    return f"rep:{rep.pk}" if rep is not None else f"queue:{queue.pk if queue else ''}"


EFFECTS: dict[StepKind, Callable[[SlaTimer, Handoff, datetime], None]] = {
    StepKind.ESCALATE: _escalate,
    StepKind.REASSIGN: _reassign,
}
"""What steps do that do more than tell; each marks its step in the same transaction."""
