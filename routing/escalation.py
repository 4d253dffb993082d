"""What falls due on clocks, and what each step does: warn, breach, escalate, reassign."""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import InterfaceError, OperationalError, transaction

from routing import absences, assignment, locks, notices, review_tasks, steps, timers
from routing.enums import NoticeKind, StepKind
from routing.models import Handoff, Queue, Rep, SlaTimer

logger = logging.getLogger(__name__)


def fire_due(*, at: datetime, limit: int) -> int:
    """Fire what has fallen due, each step in a transaction of its own; return how many fired.

    at: the database's clock. limit: steps looked at, the longest due first. A handoff or question
    that somebody else is working on is skipped: what it owes stays armed. A step that cannot be
    fired is logged and left for the next time, so that it does not keep the others waiting.

    Raises:
        OperationalError, InterfaceError: the database failed.
    """
    due = steps.due(at=at).order_by("due_at", "pk")
    subjects = due.values_list("timer__handoff_id", "timer__review_task_id")
    return sum(_fire_all(*subject, at=at) for subject in dict.fromkeys(subjects[:limit]))


@transaction.atomic
def fire_next(handoff_id: int, *, at: datetime) -> bool:
    """Fire the first due step of a handoff with its effect; False when there is none.

    Also False when the handoff is locked: whoever has it may be about to stop the clock.
    """
    try:
        handoff = locks.lock_handoff(handoff_id, skip_locked=True)
    except Handoff.DoesNotExist:
        return False
    step = steps.due(at=at).filter(timer__handoff=handoff).order_by("due_at", "pk").first()
    if step is None:
        return False
    timer = SlaTimer.objects.select_for_update(no_key=True).get(pk=step.timer_id)
    timer.handoff = handoff
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


def _fire_all(handoff_id: int | None, task_id: int | None, *, at: datetime) -> int:
    fired = 0
    try:
        while _fire_next(handoff_id, task_id, at=at):
            fired += 1
    except (OperationalError, InterfaceError):
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


def _warn(timer: SlaTimer, handoff: Handoff, at: datetime) -> None:
    """Tell whoever holds the handoff that its time runs out."""
    steps.fire(timer, StepKind.WARN, at=at)
    person = notices.holder(rep=handoff.rep, queue=handoff.queue)
    notices.tell_of_step(timer, StepKind.WARN, NoticeKind.WARNING, [person], at=at)


def _breach(timer: SlaTimer, handoff: Handoff, at: datetime) -> None:
    timers.breach(timer, at=at)


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
    decision = assignment.assign(handoff, at=at, reason="The first response is late.")
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
    StepKind.WARN: _warn,
    StepKind.BREACH: _breach,
    StepKind.ESCALATE: _escalate,
    StepKind.REASSIGN: _reassign,
}
"""What each step does; each marks its step in the same transaction."""
