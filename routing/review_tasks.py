"""Questions that leads wait for: asked, escalated, answered, and no longer asked."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _

from definitions.agreement import CompiledQuestion
from definitions.enums import Side
from definitions.models import DefinitionVersion
from definitions.queries import agreement_of
from leads import assertions
from leads.models import Lead
from routing import absences, breaches, notices, steps, stopping, timers
from routing.enums import ReviewTaskState, StepKind
from routing.models import Queue, ReviewTask, SlaTimer
from routing.stopping import StopCause

logger = logging.getLogger(__name__)


class QuestionClosed(Exception):
    """A question was answered before, or the lead waits for it no longer; `task` says which."""

    def __init__(self, task: ReviewTask) -> None:
        self.task = task
        said = {
            ReviewTaskState.ANSWERED: _("This question was answered already."),
            ReviewTaskState.CANCELLED: _("This question is not asked any more."),
        }
        super().__init__(said[ReviewTaskState(task.state)])


class AnswerHoldsTooLong(ValueError):
    """An answer holds from now on, and no longer than the signed agreement lets it."""

    def __init__(self, days: int) -> None:
        self.days = days
        super().__init__(
            _("Choose a day after today, at most %(days)s days from now.") % {"days": days}
        )


class Waiting(Protocol):
    """What asking needs of a judgement, as qualification gives it."""

    @property
    def lead(self) -> Lead:
        """Who was judged."""

    @property
    def version(self) -> DefinitionVersion | None:
        """By what; None when no version takes the lead."""

    @property
    def questions(self) -> tuple[str, ...]:
        """Keys of the questions whose answers alone are missing."""


@transaction.atomic(savepoint=False)
def heed(judged: Iterable[Waiting], *, at: datetime) -> list[ReviewTask]:
    """Ask what judged leads wait for and cancel what they do not; return what was asked.

    The leads are locked by the caller. One query when nothing is asked and nothing was; a
    question that is open already stays open, with its owner and clock.
    """
    by_lead = {one.lead.pk: one for one in judged}
    rows = ReviewTask.objects.select_for_update(no_key=True).filter(
        lead__in=by_lead, state=ReviewTaskState.OPEN
    )
    asked = {(task.lead_id, task.key): task for task in rows.order_by("pk")}
    wanted = {
        (pk, question.key): (one, question)
        for pk, one in by_lead.items()
        if one.questions
        for question in _questions(one)
    }
    kept = {name for name, task in asked.items() if name in wanted and _says(task, *wanted[name])}
    for name in asked.keys() - kept:
        _cancel(asked[name], at=at)
    return [_open(*wanted[name], at=at) for name in wanted.keys() - kept]


@transaction.atomic
def answer(
    task_id: int,
    *,
    is_yes: bool,
    evidence: str,
    by: AbstractBaseUser,
    at: datetime,
    expires_at: datetime | None = None,
) -> ReviewTask:
    """Answer a question: the answer becomes a fact that holds until it expires; return the task.

    evidence: how it is known. expires_at: None for as long as the version lets an answer hold.
    Stops the clock and marks the lead pending.

    Raises:
        ReviewTask.DoesNotExist: there is none of that id.
        QuestionClosed: it was answered or cancelled before.
        EvidenceRequired: the evidence is blank.
        AnswerHoldsTooLong: it would expire at once, or after the version lets it.
    """
    task = ReviewTask.objects.select_for_update(no_key=True).get(pk=task_id)
    if task.state != ReviewTaskState.OPEN:
        raise QuestionClosed(task)
    latest = at + timedelta(days=task.valid_days)
    if expires_at is not None and not at < expires_at <= latest:
        raise AnswerHoldsTooLong(task.valid_days)
    task.assertion = assertions.record(
        task.lead,
        what=task.key,
        value=is_yes,
        evidence=evidence,
        by=by,
        at=at,
        expires_at=expires_at or latest,
    )
    clocks = stopping.unanswered_of_question(task)
    stopping.stop_each(clocks, cause=StopCause.ANSWER, at=at, by=by)
    task.state, task.closed_at, task.answered_by_id = ReviewTaskState.ANSWERED, at, by.pk
    task.save(update_fields=["state", "closed_at", "answered_by", "assertion"])
    logger.info("Question %s about lead %s answered by %s", task.key, task.lead_id, by.pk)
    return task


@transaction.atomic
def fire_next(task_id: int, *, at: datetime) -> bool:
    """Fire the first due step of a question with its effect; False when there is none.

    Also False when the question is locked: whoever has it may be about to answer it.
    """
    rows = ReviewTask.objects.select_for_update(no_key=True, skip_locked=True)
    task = rows.filter(pk=task_id).first()
    if task is None:
        return False
    step = steps.due(at=at).filter(timer__review_task=task).order_by(*steps.IN_ORDER).first()
    if step is None:
        return False
    timer = SlaTimer.objects.select_for_update(no_key=True).get(pk=step.timer_id)
    timer.review_task = task
    EFFECTS[StepKind(step.kind)](timer, task, at)
    return True


def askable(version: DefinitionVersion, side: str) -> list[AbstractBaseUser]:
    """Return who can be asked for a side, first choice first: nobody who has left, never nobody.

    The side's operator, its deputy, the author of the version, the managers of fallback queues;
    the author, too, when all of them have left.
    """
    people = [person for person in _named(version, side) if person is not None]
    return [person for person in people if person.is_active] or [version.author]


def _named(version: DefinitionVersion, side: str) -> Iterator[AbstractBaseUser | None]:
    if side == Side.MARKETING:
        yield version.marketing_operator
        yield version.marketing_deputy
    else:
        yield version.sales_operator
        yield version.sales_deputy
    yield version.author
    for queue in Queue.objects.filter(is_fallback=True).select_related("manager").order_by("pk"):
        yield queue.manager


def _present(people: Iterable[AbstractBaseUser], *, at: datetime) -> AbstractBaseUser | None:
    """Return the first who is not away, else the first."""
    chosen = list(people)
    here = (person for person in chosen if not absences.is_away(person, at=at))
    return next(here, chosen[0] if chosen else None)


def _questions(one: Waiting) -> Iterator[CompiledQuestion]:
    if one.version is not None:
        questions = agreement_of(one.version).questions
        yield from (question for question in questions if question.key in one.questions)


def _says(task: ReviewTask, one: Waiting, question: CompiledQuestion) -> bool:
    """Say whether an open task asks what the version by which its lead is judged now asks."""
    is_same = one.version is not None and task.version_id == one.version.pk
    return is_same or task.question == question.question


def _open(one: Waiting, question: CompiledQuestion, *, at: datetime) -> ReviewTask:
    version = one.version
    if version is None:
        raise ValueError("Only a version asks questions.")
    task = ReviewTask.objects.create(
        lead_id=one.lead.pk,
        version=version,
        key=question.key,
        question=question.question,
        side=question.side,
        valid_days=question.valid_days,
        owner_id=(_present(askable(version, question.side), at=at) or version.author).pk,
        opened_at=at,
    )
    timer = timers.start_for_question(task, within=question.answer_within, at=at)
    notices.tell_of_question(timer, at=at)
    logger.info("Lead %s waits for an answer to %s", task.lead_id, task.key)
    return task


def _cancel(task: ReviewTask, *, at: datetime) -> None:
    stopping.cancel_each(stopping.unanswered_of_question(task), at=at)
    task.state, task.closed_at = ReviewTaskState.CANCELLED, at
    task.save(update_fields=["state", "closed_at"])
    logger.info("Lead %s waits for an answer to %s no longer", task.lead_id, task.key)


def _warn(timer: SlaTimer, task: ReviewTask, at: datetime) -> None:
    """Remind the owner that half of the time is gone."""
    steps.fire(timer, StepKind.WARN, at=at)
    notices.tell_of_question(timer, StepKind.WARN, at=at)


def _breach(timer: SlaTimer, task: ReviewTask, at: datetime) -> None:
    breaches.breach(timer, at=at)


def _escalate(timer: SlaTimer, task: ReviewTask, at: datetime) -> None:
    """Tell one other person: the deputy of an operator, or the other way round.

    Of an owner who has left, that person takes the question over.
    """
    people = askable(task.version, task.side)
    person = _present((one for one in people if one.pk != task.owner_id), at=at)
    steps.fire(timer, StepKind.ESCALATE, at=at, to=person.pk if person else None)
    if person is None:
        return
    if not task.owner.is_active:
        task.owner_id = person.pk
        task.save(update_fields=["owner"])
    notices.tell_of_question(timer, StepKind.ESCALATE, [person], at=at)


EFFECTS: Mapping[StepKind, Callable[[SlaTimer, ReviewTask, datetime], None]] = {
    StepKind.WARN: _warn,
    StepKind.BREACH: _breach,
    StepKind.ESCALATE: _escalate,
}
"""What each step of a question's clock does; each marks its step in the same transaction."""
