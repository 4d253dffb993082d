"""Tasks about handoffs: set, moved, done, taken back, and cancelled when the handoff closes."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from definitions import words
from definitions.enums import AttemptKind
from routing import grace, locks
from routing.models import FollowUp, Handoff

logger = logging.getLogger(__name__)

EARLY = timedelta(hours=12)
"""An attempt does the tasks of its kind that are overdue or come due so soon after it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A next step with its time, and how the lead is to be contacted then."""

    what: str
    kind: AttemptKind
    due_at: datetime


class WhatRequired(Exception):
    """A task says in words what is to be done."""

    def __init__(self) -> None:
        super().__init__(_("Say what is to be done, for example “Send the offer”."))


class DueInThePast(Exception):
    """A task is for later."""

    def __init__(self) -> None:
        super().__init__(_("Choose a time that is still to come."))


class FollowUpEnded(Exception):
    """A task is done or cancelled already, or was never done when it is to be taken back."""

    def __init__(self) -> None:
        super().__init__(_("This task has changed meanwhile: look again."))


@transaction.atomic
def add(
    handoff_id: int,
    *,
    kind: AttemptKind,
    what: str,
    due_at: datetime,
    by: AbstractBaseUser | None,
    at: datetime,
) -> FollowUp:
    """Set a task about an open handoff for whoever holds it then.

    kind: how the lead is to be contacted. by: None when a cadence asks for it.

    Raises:
        Handoff.DoesNotExist: there is none of that id.
        HandoffAlreadyDecided: the handoff is closed.
        WhatRequired: `what` is blank.
        DueInThePast: `due_at` is before `at`.
    """
    if words.is_blank(what):
        raise WhatRequired
    if due_at < at:
        raise DueInThePast
    handoff = locks.lock_open_handoff(handoff_id)
    followup = FollowUp.objects.create(
        handoff=handoff,
        kind=kind,
        what=what.strip(),
        due_at=due_at,
        created_by_id=by.pk if by else None,
        created_at=at,
    )
    logger.info("Handoff %s: task %s is due %s", handoff.pk, followup.pk, due_at.isoformat())
    return followup


@transaction.atomic
def complete(followup_id: int, *, by: AbstractBaseUser, at: datetime) -> FollowUp:
    """Mark a task as done.

    Raises:
        FollowUp.DoesNotExist: there is none of that id.
        FollowUpEnded: it is done or cancelled already.
    """
    followup = _lock_open(followup_id)
    followup.done_at, followup.done_by_id = at, by.pk
    followup.save(update_fields=["done_at", "done_by"])
    logger.info("Task %s done by %s", followup.pk, by.pk)
    return followup


@transaction.atomic
def reopen(followup_id: int, *, by: AbstractBaseUser, at: datetime) -> FollowUp:
    """Take back that a task is done, for as long and by whom any answer can be taken back.

    Raises:
        FollowUp.DoesNotExist: there is none of that id.
        FollowUpEnded: it is not done, or its handoff closed since.
        NotYourAnswer: somebody else did it.
        UndoTooLate: it was done more than 30 seconds ago.
    """
    followup = _lock(followup_id)
    if followup.done_at is None or followup.handoff.closed_at is not None:
        raise FollowUpEnded
    if followup.done_by_id != by.pk:
        raise grace.NotYourAnswer
    if at - followup.done_at > grace.UNDO_WITHIN:
        raise grace.UndoTooLate
    followup.done_at = followup.done_by = None
    followup.save(update_fields=["done_at", "done_by"])
    logger.info("Task %s taken back by %s", followup.pk, by.pk)
    return followup


@transaction.atomic
def reschedule(
    followup_id: int, *, due_at: datetime, by: AbstractBaseUser, at: datetime
) -> FollowUp:
    """Move a task to another instant, where it stays: no pause or new owner moves it again.

    Raises:
        FollowUp.DoesNotExist: there is none of that id.
        FollowUpEnded: it is done or cancelled already.
        DueInThePast: `due_at` is before `at`.
    """
    if due_at < at:
        raise DueInThePast
    followup = _lock_open(followup_id)
    followup.due_at, followup.moved_at = due_at, at
    followup.save(update_fields=["due_at", "moved_at"])
    logger.info("Task %s moved to %s by %s", followup.pk, due_at.isoformat(), by.pk)
    return followup


def complete_by_attempt(
    handoff: Handoff, *, kind: AttemptKind, by: AbstractBaseUser, at: datetime
) -> int:
    """Mark as done what an attempt on a locked handoff does; return how many tasks.

    Those of its kind that are overdue or due within 12 hours: a call does today's call. Of a
    cadence it does one: two e-mails that were due are not sent by one.
    """
    due = open_of(handoff).filter(kind=kind, due_at__lte=at + EARLY)
    first = due.filter(cadence_step__isnull=False).order_by("cadence_step").values("pk")[:1]
    done = due.filter(Q(cadence_step=None) | Q(pk__in=first))
    return done.update(done_at=at, done_by_id=by.pk)


def cancel_of(handoff: Handoff, *, at: datetime) -> int:
    """Cancel what is still to be done about a locked handoff that closes; return how many."""
    return open_of(handoff).update(cancelled_at=at)


def restore_of(handoff: Handoff, *, cancelled_at: datetime) -> int:
    """Bring back what the close of a locked handoff cancelled; return how many."""
    return handoff.followups.filter(cancelled_at=cancelled_at).update(cancelled_at=None)


def open_of(handoff: Handoff) -> QuerySet[FollowUp]:
    """Return what is still to be done about a handoff."""
    return handoff.followups.filter(done_at=None, cancelled_at=None)


def _lock(followup_id: int) -> FollowUp:
    # Tasks change under their handoff's lock alone, so the row itself needs none.
    handoff_id = FollowUp.objects.values_list("handoff_id", flat=True).get(pk=followup_id)
    handoff = locks.lock_handoff(handoff_id)
    followup = FollowUp.objects.get(pk=followup_id)
    followup.handoff = handoff
    return followup


def _lock_open(followup_id: int) -> FollowUp:
    followup = _lock(followup_id)
    if followup.done_at is not None or followup.cancelled_at is not None:
        raise FollowUpEnded
    return followup
