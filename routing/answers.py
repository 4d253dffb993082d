"""Sales' answers: accept, reject, take an answer back."""

import logging
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _

from definitions.vocabulary import Dimension
from definitions.words import is_blank
from leads import lifecycle
from leads.enums import Cause, Stage
from leads.models import Lead
from routing import (
    assignment,
    attempts,
    floor,
    followups,
    locks,
    notices,
    pauses,
    rotation,
    timers,
)
from routing import roster as rosters
from routing.enums import HandoffStatus, NoticeKind, ReasonCategory
from routing.grace import UNDO_WITHIN, NotYourAnswer, UndoTooLate
from routing.models import Acceptance, Handoff, Rejection, RejectionReason, Reversal
from routing.stopping import StopCause

logger = logging.getLogger(__name__)

NO_FAULT_OF_THE_REP = frozenset(
    {ReasonCategory.DUPLICATE, ReasonCategory.COMPETITOR, ReasonCategory.INTERNAL}
)
"""Nobody could have worked these: who returns one gets the turn back that it cost."""

ACCUSED: dict[ReasonCategory, tuple[Dimension, ...]] = {
    ReasonCategory.NO_FIT: (Dimension.FIT,),
    ReasonCategory.BAD_TIMING: (),
    ReasonCategory.NO_INTENT: (Dimension.ENGAGEMENT, Dimension.INTENT),
    ReasonCategory.WRONG_PERSON: (Dimension.AUTHORITY,),
    ReasonCategory.UNREACHABLE: (),
    ReasonCategory.DUPLICATE: (),
    ReasonCategory.COMPETITOR: (),
    ReasonCategory.INTERNAL: (),
    ReasonCategory.OTHER: (),
}
"""What must change before a rejected lead returns; `reject` reads it."""


class HandoffNotHeld(Exception):
    """A handoff waits in a queue: somebody must hold it before they can accept it."""

    def __init__(self) -> None:
        super().__init__(_("This lead waits in a queue: assign it first."))


class CommentRequired(Exception):
    """A rejection says in words what is wrong."""

    def __init__(self) -> None:
        super().__init__(_("Say in a comment what is wrong: marketing learns from it."))


class ReasonRetired(Exception):
    """A reason for rejecting is kept for history only."""

    def __init__(self, reason: RejectionReason) -> None:
        super().__init__(
            _("“%(reason)s” is no longer in use: choose another reason.") % {"reason": reason}
        )


class NothingToUndo(Exception):
    """A handoff has no answer that stands, or the lead has moved on since."""

    def __init__(self) -> None:
        super().__init__(_("There is no answer here that could be taken back."))


@transaction.atomic
def accept(
    handoff_id: int, *, by: AbstractBaseUser, at: datetime, held_by: int | None = None
) -> Acceptance:
    """Take a lead for sales: the lead becomes sales accepted where its process has that stage.

    Stops an acceptance clock; the response clock runs on until the first attempt.

    held_by: the rep, by id, who held the lead as it was looked at; None: whoever holds it.

    Raises:
        Handoff.DoesNotExist: there is none of that id.
        HandoffAlreadyDecided: it is accepted or closed already, or has gone to somebody else.
        HandoffNotHeld: it waits in a queue.
    """
    handoff = locks.lock_open_with_lead(handoff_id)
    if handoff.status == HandoffStatus.ACCEPTED:
        raise locks.HandoffAlreadyDecided(handoff)
    if handoff.status == HandoffStatus.QUEUED:
        raise HandoffNotHeld
    _check_still_held(handoff, held_by)
    acceptance = Acceptance.objects.create(handoff=handoff, by_id=by.pk, at=at)
    handoff.status, handoff.accepted_at = HandoffStatus.ACCEPTED, at
    handoff.save(update_fields=["status", "accepted_at"])
    _move_if_possible(handoff.lead, Stage.SAL, cause=Cause.ACCEPT, at=at, by=by)
    timers.stop_for_acceptance(handoff, at=at, by=by)
    logger.info("Handoff %s accepted by %s", handoff.pk, by.pk)
    return acceptance


@transaction.atomic
def reject(
    handoff_id: int,
    *,
    reason: RejectionReason,
    comment: str,
    by: AbstractBaseUser,
    at: datetime,
    criterion_key: str = "",
    held_by: int | None = None,
) -> Rejection:
    """Refuse a lead: it rests for the reason's cool-off, or is disqualified where there is none.

    Closes the handoff, frees its holder, stops every clock (a rejection is a response) and tells
    marketing's operator. One that had been accepted is closed as returned, which is counted apart.

    criterion_key: the criterion of the agreement that the lead is said to miss; the recorded
        facts say at once whether they bear it out. Blank names none.
    held_by: the rep, by id, who held the lead as it was looked at; None: whoever holds it.

    Raises:
        Handoff.DoesNotExist: there is none of that id.
        CommentRequired: the comment is blank.
        ReasonRetired: the reason is not in use any more.
        NotACriterion: the agreement has no criterion of that key.
        TooFewAttempts: the reason takes more attempts than were made.
        HandoffAlreadyDecided: the handoff is closed already, has gone to somebody else, or was
            accepted so shortly before that whoever rejects cannot have seen it: taking that back
            comes first.
    """
    check_words(reason, comment)
    handoff = locks.lock_open_with_lead(handoff_id)
    _check_still_held(handoff, held_by)
    if handoff.accepted_at is not None and at - handoff.accepted_at <= UNDO_WITHIN:
        raise locks.HandoffAlreadyDecided(handoff, advice=_("Take the acceptance back first."))
    is_borne_out = floor.bears_out(handoff, criterion_key, at=at) if criterion_key else None
    rejection = Rejection(
        reason=reason,
        comment=comment.strip(),
        criterion_key=criterion_key,
        is_borne_out=is_borne_out,
        by_id=by.pk,
        at=at,
    )
    refuse(handoff, rejection, by=by)
    _tell_marketing(handoff, rejection)
    return rejection


def check_words(reason: RejectionReason, comment: str) -> None:
    """Refuse a rejection without words, or for a reason that is kept for history only.

    Raises:
        CommentRequired: the comment is blank.
        ReasonRetired: the reason is not in use any more.
    """
    if is_blank(comment):
        raise CommentRequired
    if not reason.is_active:
        raise ReasonRetired(reason)


def refuse(handoff: Handoff, rejection: Rejection, *, by: AbstractBaseUser) -> None:
    """Keep a new rejection of an open handoff, which is locked with its lead, and let both go.

    Nobody is told.

    Raises:
        TooFewAttempts: the reason takes more attempts than were made.
    """
    attempts.check_tried(handoff, reason=rejection.reason)
    turn = rotation.paid_for(handoff) if _is_justified(handoff, rejection) else None
    is_return = handoff.status == HandoffStatus.ACCEPTED
    rejection.handoff = handoff
    rejection.save(force_insert=True)
    status = HandoffStatus.RETURNED if is_return else HandoffStatus.REJECTED
    reason, at = rejection.reason, rejection.at
    assignment.close(handoff, status, at=at)
    if turn is not None:
        rotation.give_back(turn)
    _let_go(handoff.lead, reason=reason, at=at, by=by, note=rejection.comment)
    timers.stop_for_rejection(handoff, at=at, by=by)
    logger.info("Handoff %s %s by %s: %s", handoff.pk, status, by.pk, reason.key)


@transaction.atomic
def undo(handoff_id: int, *, by: AbstractBaseUser, at: datetime) -> Reversal:
    """Take back the latest answer: handoff, lead and clocks are as if it had not been given.

    The answer stays in the history beside its reversal. Whom the rejection had freed holds the
    lead again, above capacity if the place was taken meanwhile.

    Raises:
        Handoff.DoesNotExist: there is none of that id.
        NothingToUndo: no answer stands, or the lead has moved on since.
        NotYourAnswer: somebody else gave the answer.
        UndoTooLate: it was given more than 30 seconds ago.
    """
    handoff = locks.lock_with_lead(handoff_id)
    answer = standing_answer(handoff)
    if answer is None:
        raise NothingToUndo
    if answer.by_id != by.pk:
        raise NotYourAnswer
    if at - answer.at > UNDO_WITHIN:
        raise UndoTooLate
    if isinstance(answer, Rejection):
        return _undo_rejection(handoff, answer, by=by, at=at)
    return _undo_acceptance(handoff, answer, by=by, at=at)


def standing_answer(handoff: Handoff) -> Acceptance | Rejection | None:
    """Return the latest answer of a handoff that was not taken back; a rejection ends all."""
    rejection = handoff.rejections.filter(reversal=None).order_by("-pk").first()
    return rejection or handoff.acceptances.filter(reversal=None).order_by("-pk").first()


def _check_still_held(handoff: Handoff, rep_id: int | None) -> None:
    """Refuse an answer to what has gone to somebody else: they have not seen the lead yet."""
    if rep_id is not None and handoff.rep_id != rep_id:
        raise locks.HandoffAlreadyDecided(handoff, advice=_("Somebody else holds this lead."))


def _undo_acceptance(
    handoff: Handoff, answer: Acceptance, *, by: AbstractBaseUser, at: datetime
) -> Reversal:
    if handoff.status != HandoffStatus.ACCEPTED:
        raise NothingToUndo
    _move_back(handoff.lead, answer, cause=Cause.ACCEPT, at=at, by=by)
    reversal = Reversal.objects.create(acceptance=answer, by_id=by.pk, at=at)
    handoff.status, handoff.accepted_at = HandoffStatus.ASSIGNED, None
    handoff.save(update_fields=["status", "accepted_at"])
    timers.reopen(handoff, cause=StopCause.ACCEPTANCE, at=at, by=by)
    pauses.look_again(handoff, at=at)
    logger.info("Acceptance of handoff %s taken back by %s", handoff.pk, by.pk)
    return reversal


def _undo_rejection(
    handoff: Handoff, answer: Rejection, *, by: AbstractBaseUser, at: datetime
) -> Reversal:
    if Handoff.objects.filter(lead=handoff.lead, status__in=sorted(HandoffStatus.OPEN)).exists():
        raise NothingToUndo
    _move_back(handoff.lead, answer, cause=Cause.REJECT, at=at, by=by)
    reversal = Reversal.objects.create(rejection=answer, by_id=by.pk, at=at)
    turn = rotation.paid_for(handoff) if _is_justified(handoff, answer) else None
    if handoff.rep_id is None:
        handoff.status = HandoffStatus.QUEUED
    else:
        rep = rosters.lock_reps([handoff.rep_id])[handoff.rep_id]
        handoff.is_over_capacity = bool(rosters.fullness(rep, handoff.territory_id))
        was_accepted = handoff.status == HandoffStatus.RETURNED
        handoff.status = HandoffStatus.ACCEPTED if was_accepted else HandoffStatus.ASSIGNED
    handoff.closed_at = None
    handoff.save(update_fields=["status", "closed_at", "is_over_capacity"])
    if turn is not None:
        rotation.charge_again(turn)
    assignment.resume(handoff, at=at)
    followups.restore_of(handoff, cancelled_at=answer.at)
    timers.reopen(handoff, cause=StopCause.REJECTION, at=at, by=by)
    pauses.look_again(handoff, at=at)
    logger.info("Rejection of handoff %s taken back by %s", handoff.pk, by.pk)
    return reversal


def _is_justified(handoff: Handoff, rejection: Rejection) -> bool:
    """Say whether the facts are with a rejection, so that the lead was no turn of the rep's."""
    return bool(
        rejection.is_borne_out
        or handoff.floor_missed
        or rejection.reason.category in NO_FAULT_OF_THE_REP
    )


def _move_if_possible(
    lead: Lead, to: Stage, *, cause: Cause, at: datetime, by: AbstractBaseUser, note: str = ""
) -> bool:
    """Move a lead unless the CRM or another act has moved it on already; say whether it did."""
    if not lifecycle.is_allowed(lifecycle.process_of(lead), lead.stage, to, cause=cause):
        return False
    lifecycle.move(lead, to, cause=cause, at=at, by=by, note=note)
    return True


def _let_go(
    lead: Lead, *, reason: RejectionReason, at: datetime, by: AbstractBaseUser, note: str
) -> None:
    to = Stage.DISQUALIFIED if reason.cool_off is None else Stage.RECYCLED
    moved = _move_if_possible(lead, to, cause=Cause.REJECT, at=at, by=by, note=note)
    if moved and reason.cool_off is not None:
        lifecycle.cool_off(
            lead,
            until=at + reason.cool_off,
            accused=ACCUSED[ReasonCategory(reason.category)],
            is_firm=not reason.ends_early_on_intent,
        )


def _move_back(
    lead: Lead,
    answer: Acceptance | Rejection,
    *,
    cause: Cause,
    at: datetime,
    by: AbstractBaseUser,
) -> None:
    step = (
        lead.transitions.filter(cause=cause, by=answer.by_id, at=answer.at).order_by("-pk").first()
    )
    if step is None:
        return
    if lead.stage != step.to_stage:
        raise NothingToUndo
    lifecycle.move(lead, step.from_stage, cause=Cause.UNDO, at=at, by=by)


def _tell_marketing(handoff: Handoff, rejection: Rejection) -> None:
    version = handoff.version
    operator = notices.first_active(version.marketing_operator, version.marketing_deputy)
    if operator is None:
        return
    notices.tell(
        NoticeKind.REJECTED,
        recipient=operator,
        handoff=handoff,
        at=rejection.at,
        key=f"rejection:{rejection.pk}:marketing",
        detail={"reason": rejection.reason.name, "comment": rejection.comment},
    )
