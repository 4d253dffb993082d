"""Handoffs from opening to close: the one door for whoever works on them."""

import logging
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from definitions.models import DefinitionVersion
from leads import lifecycle, traces
from leads.enums import Cause, Stage
from leads.models import Evaluation, Lead
from routing import (
    assignment,
    choices,
    floor,
    holders,
    locks,
    notices,
    packet,
    promises,
    shortening,
    timers,
)
from routing.answers import (
    CommentRequired,
    HandoffNotHeld,
    NothingToUndo,
    ReasonRetired,
    accept,
    reject,
    undo,
)
from routing.attempts import TooFewAttempts, attempt
from routing.choices import Choice
from routing.confirmations import (
    AttemptRequired,
    ChecklistAnswer,
    ChecklistIncomplete,
    NothingToConfirm,
    confirm,
)
from routing.enums import HandoffStatus, NoticeKind, SlaEventKind, TimerState
from routing.grace import NotYourAnswer, UndoTooLate
from routing.hours import DEFAULT_CALENDAR
from routing.locks import HandoffAlreadyDecided
from routing.models import BusinessCalendar, Handoff, Rep, SlaEvent, SlaTimer
from routing.opportunities import (
    OpportunityAlreadyClosed,
    close_opportunity,
    convert,
    open_opportunity,
)
from routing.pools import Question
from routing.territories import inputs_of

__all__ = [
    "AttemptRequired",
    "ChecklistAnswer",
    "ChecklistIncomplete",
    "CommentRequired",
    "HandoffAlreadyDecided",
    "HandoffNotHeld",
    "NoCalendar",
    "NotYourAnswer",
    "NothingToConfirm",
    "NothingToUndo",
    "OpportunityAlreadyClosed",
    "ReasonRetired",
    "TooFewAttempts",
    "UndoTooLate",
    "accept",
    "attempt",
    "close_opportunity",
    "confirm",
    "convert",
    "expire_untouched",
    "open",
    "open_opportunity",
    "reassign",
    "reject",
    "undo",
]

logger = logging.getLogger(__name__)

UNTOUCHED_FOR = timedelta(days=7)
"""Without an attempt, an acceptance or a pause a handoff lives so long."""


class Qualified(Protocol):
    """What opening needs of a judgement, as qualification gives it."""

    @property
    def lead(self) -> Lead:
        """Who was judged."""

    @property
    def version(self) -> DefinitionVersion | None:
        """By what; None when no version takes the lead."""

    @property
    def evaluation(self) -> Evaluation | None:
        """The judgement to hand over by; None: the lead's latest."""

    @property
    def tipped_at(self) -> datetime | None:
        """When the lead crossed the threshold; None: when the evaluation was tipped."""


class NoCalendar(Exception):
    """No territory covers a lead and there is no default calendar."""

    def __init__(self) -> None:
        super().__init__(f"Add a business calendar with the key “{DEFAULT_CALENDAR}”.")


@transaction.atomic(savepoint=False)
def open(judged: Qualified, *, at: datetime) -> Handoff | None:  # noqa: A001  # handoffs.open
    """Hand a qualified lead to sales; None when a handoff of it is open already.

    New high intent then makes the clock of the open one come due sooner.

    Else, in one transaction: the frozen packet, the territory, an owner who has room (or a
    queue), the decision, the clocks by the version's terms, and the notices. Locks the lead, then
    the territory, then its reps, until the transaction ends: open one handoff a transaction,
    since two that walk through several territories can wait for each other.

    Raises:
        NoFallbackQueue: no territory covers the lead and no queue is the fallback.
        NoCalendar: no territory covers the lead and there is no default calendar.
        NoTermApplies: the version promises no first response for it.
    """
    lead = locks.lock_lead(judged.lead.pk)
    version, evaluation = judged.version, judged.evaluation or lead.latest_evaluation
    if version is None or evaluation is None:
        return None
    former = [*Handoff.objects.filter(lead=lead).values_list("status", flat=True)]
    if HandoffStatus.OPEN.intersection(former):
        _heed(lead, evaluation, at=at)
        return None
    # What does not depend on the owner comes first: others wait while the territory is locked.
    contents = packet.build(lead, evaluation, version, at=at, is_first=not former)
    previous = holders.former([lead.pk])[lead.pk] if former else ()
    choice = choices.choose(Question(inputs_of(lead), evaluation, previous=previous), at=at)
    territory = choice.territory
    default = territory.calendar if territory else _default_calendar()
    handoff = Handoff.objects.create(
        lead=lead,
        version=version,
        evaluation=evaluation,
        packet=contents,
        calendar=promises.calendar_for(version, evaluation=evaluation, default=default),
        floor_missed=bool(floor.look(version, evaluation).missed),
        campaign=lead.campaign,
        source=lead.source,
        import_run_id=traces.latest_run_of(lead.pk),
        qualified_at=judged.tipped_at or evaluation.tipped_at,
        opened_at=at,
        **_owner(choice, at=at),
    )
    floor.check_handover(handoff, evaluation, at=at)
    assignment.begin(handoff, choice, at=at)
    timers.start(handoff, evaluation=evaluation, at=at)
    return handoff


@transaction.atomic
def reassign(
    handoff_id: int,
    *,
    by: AbstractBaseUser,
    at: datetime,
    rep: Rep | None = None,
    reason: str = "",
) -> Handoff:
    """Let a person give an open handoff to a rep, or route it anew; return it.

    After a breach the new owner gets a clock of their own.

    Raises:
        Handoff.DoesNotExist: there is none of that id.
        HandoffAlreadyDecided: it is closed.
        ReasonRequired: the rep is full and `reason` is blank.
        RepCannotReceive: the rep is inactive or holds it already.
    """
    handoff = locks.lock_open_handoff(handoff_id)
    assignment.assign(handoff, at=at, by=by, rep=rep, reason=reason)
    timers.restart_for_new_owner(handoff, at=at)
    return handoff


def expire_untouched(*, at: datetime, limit: int) -> list[Handoff]:
    """Recycle leads that nobody at sales touched for 7 days, and tell both sides.

    Not while a clock is paused, nor in the 7 days after that: somebody has looked at it. One
    transaction each, oldest first; what another worker has locked is left to it.
    """
    untouched = _untouched(at=at).order_by("opened_at", "pk").values_list("pk", flat=True)
    expired = (_expire(handoff_id, at=at) for handoff_id in list(untouched[:limit]))
    return [handoff for handoff in expired if handoff is not None]


def _heed(lead: Lead, evaluation: Evaluation, *, at: datetime) -> None:
    """Let new high intent shorten the clock of the lead's open handoff."""
    open_now = Handoff.objects.filter(lead=lead, status__in=sorted(HandoffStatus.OPEN))
    handoff = locks.lock_handoff(open_now.values_list("pk", flat=True).get())
    shortening.shorten(handoff, evaluation=evaluation, at=at)


def _owner(choice: Choice, *, at: datetime) -> dict[str, Any]:
    return {
        "status": HandoffStatus.ASSIGNED if choice.rep else HandoffStatus.QUEUED,
        "rep": choice.rep,
        "queue": choice.queue,
        "territory": choice.territory,
        "assigned_at": at if choice.rep else None,
    }


def _default_calendar() -> BusinessCalendar:
    calendar = BusinessCalendar.objects.filter(key=DEFAULT_CALENDAR).first()
    if calendar is None:
        raise NoCalendar
    return calendar


def _untouched(*, at: datetime) -> QuerySet[Handoff]:
    """Return what nobody touched for so long; a pause of its clock begins that time anew."""
    paused = SlaTimer.objects.filter(handoff=OuterRef("pk"), state=TimerState.PAUSED)
    resumed = SlaEvent.objects.filter(
        timer__handoff=OuterRef("pk"), kind=SlaEventKind.RESUMED, at__gt=at - UNTOUCHED_FOR
    )
    return Handoff.objects.filter(
        ~Exists(paused),
        ~Exists(resumed),
        status__in=(HandoffStatus.QUEUED, HandoffStatus.ASSIGNED),
        first_attempt_at=None,
        opened_at__lte=at - UNTOUCHED_FOR,
    )


@transaction.atomic
def _expire(handoff_id: int, *, at: datetime) -> Handoff | None:
    leads = Lead.objects.filter(handoffs=handoff_id)
    if leads.select_for_update(of=("self",), no_key=True, skip_locked=True).first() is None:
        return None
    handoff = locks.lock_with_lead(handoff_id)
    if not _untouched(at=at).filter(pk=handoff.pk).exists():
        return None
    assignment.close(handoff, HandoffStatus.EXPIRED, at=at)
    timers.cancel(handoff, at=at)
    lead = handoff.lead
    if lifecycle.is_allowed(
        lifecycle.process_of(lead), lead.stage, Stage.RECYCLED, cause=Cause.EXPIRE
    ):
        lifecycle.move(lead, Stage.RECYCLED, cause=Cause.EXPIRE, at=at)
        lifecycle.cool_off(lead, until=at)
    _tell_of_expiry(handoff, at=at)
    logger.info("Handoff %s expired untouched", handoff.pk)
    return handoff


def _tell_of_expiry(handoff: Handoff, *, at: datetime) -> None:
    version = handoff.version
    people = {
        "owner": notices.holder(rep=handoff.rep, queue=handoff.queue),
        "manager": notices.manager(rep=handoff.rep, queue=handoff.queue),
        "sales": notices.first_active(version.sales_operator, version.sales_deputy),
        "marketing": notices.first_active(version.marketing_operator, version.marketing_deputy),
    }
    told = set()
    for side, person in people.items():
        if person is None or person.pk in told:
            continue
        told.add(person.pk)
        key = f"handoff:{handoff.pk}:expired:{side}"
        notices.tell(NoticeKind.EXPIRED, recipient=person, handoff=handoff, at=at, key=key)
