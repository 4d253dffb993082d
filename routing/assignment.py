"""Owners given and taken: every handoff has one, and every change of owner a recorded reason."""

import logging
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from definitions.words import is_blank
from routing import absences, cadences, choices, followups, holders, locks, notices, timers
from routing import roster as rosters
from routing.cases import Code
from routing.choices import WHY_LENGTH, Choice
from routing.enums import HandoffStatus, NoticeKind, RuleKind
from routing.models import Absence, Assignment, Handoff, Rep, RoutingDecision
from routing.pools import Question
from routing.territories import inputs_of

logger = logging.getLogger(__name__)


class ReasonRequired(Exception):
    """A rep is full; a person may assign above capacity, but says why.

    full: how full, in words.
    """

    def __init__(self, rep: Rep, full: str) -> None:
        super().__init__(f"{rep} has {full}: say why this one goes on top.")


class RepCannotReceive(Exception):
    """A rep whom a person chose is inactive, or holds the handoff already."""


class PullNotAllowed(Exception):
    """A rep may not take this lead from its queue; the text says why."""


class NoRoom(Exception):
    """A rep who wants to take a lead is full.

    full: how full, in words.
    """

    def __init__(self, rep: Rep, full: str) -> None:
        said = _("%(rep)s has %(full)s: answer a lead before you take another.")
        super().__init__(said % {"rep": rep, "full": full})


@transaction.atomic
def assign(
    handoff: Handoff,
    *,
    at: datetime,
    by: AbstractBaseUser | None = None,
    rep: Rep | None = None,
    reason: str = "",
) -> RoutingDecision:
    """Give an open handoff to another owner and return the decision.

    rep: a person's choice, who may be above capacity when `reason` says why; None lets the rules
    choose, which never choose the present holder again. Ends the holder's segment, begins the
    new owner's, and tells the new owner, and the old one when a person took it away. Clocks are
    left alone. `handoff` is locked and brought up to date.

    Raises:
        HandoffAlreadyDecided: the handoff is not open.
        ReasonRequired: the chosen rep is full and `reason` is blank.
        RepCannotReceive: the chosen rep is inactive or holds the handoff.
    """
    handoff.refresh_from_db(from_queryset=Handoff.objects.select_for_update(no_key=True))
    if handoff.status not in HandoffStatus.OPEN:
        raise locks.HandoffAlreadyDecided(handoff)
    if rep is None:
        choice = _choose_again(handoff, at=at, reason=reason)
        return _hand_over(handoff, choice, at=at, by=by)
    choice, is_over = _persons_choice(handoff, rep, reason=reason)
    return _hand_over(handoff, choice, at=at, by=by, is_over_capacity=is_over)


@transaction.atomic
def pass_on(
    handoff: Handoff, *, at: datetime, reason: str, prefer: Rep | None = None
) -> RoutingDecision:
    """Give a locked, open handoff away because its rep is absent or left; return the decision.

    prefer: who stands in, and receives it when nothing is against it; else the rules choose, and
    never the present holder. Its clocks go on; after a breach the new owner gets one of their own.
    What sales had accepted stays accepted, unless nobody can take it.
    reason: why it moves, in words, for the decision's inputs.

    Raises:
        HandoffAlreadyDecided: the handoff is not open.
    """
    if handoff.status not in HandoffStatus.OPEN:
        raise locks.HandoffAlreadyDecided(handoff)
    choice = _choose_again(handoff, at=at, reason=reason, prefer=prefer)
    decision = _hand_over(handoff, choice, at=at, by=None, is_answer_kept=True)
    if choice.rep is not None:
        timers.restart_for_new_owner(handoff, at=at)
    return decision


@transaction.atomic
def pull(handoff_id: int, *, rep: Rep, by: AbstractBaseUser, at: datetime) -> RoutingDecision:
    """Give a waiting handoff to a rep who takes it from its territory's queue.

    The territory must let its members do so, and the rep have room. Clocks go on; after a breach
    the rep gets one of their own. No turn of the rotation is charged.

    Raises:
        NoRoom: the rep is full.
        PullNotAllowed: it does not wait any more, its territory does not allow it, the rep does
            not work there, is away or out of rotation, does not speak the language that it takes,
            or gave the lead back before.
    """
    handoff = locks.lock_handoff(handoff_id)
    held = rosters.lock_reps({rep.pk})[rep.pk]
    _check_pull(handoff, held, at=at)
    if full := rosters.fullness(held, handoff.territory_id):
        raise NoRoom(held, full)
    load = rosters.load_of(held)
    choice = Choice(
        rule=RuleKind.PULLED,
        why=f"Taken from {handoff.queue} by {held}, {load} of {held.capacity} open"[:WHY_LENGTH],
        rep=held,
        territory=handoff.territory,
        outcomes=[{"rule": RuleKind.PULLED.value, "matched": True, "why": str(handoff.queue)}],
        candidates=[_candidate(held, "")],
    )
    decision = _hand_over(handoff, choice, at=at, by=by)
    timers.restart_for_new_owner(handoff, at=at)
    return decision


def _check_pull(handoff: Handoff, rep: Rep, *, at: datetime) -> None:
    if handoff.status != HandoffStatus.QUEUED:
        raise PullNotAllowed(_("This lead does not wait any more: somebody was faster."))
    territory = handoff.territory
    if territory is None or not territory.may_pull:
        raise PullNotAllowed(_("Leads of this queue are given out, not taken."))
    works = rep.memberships.filter(territory=territory, is_active=True)
    if not (rep.is_active and rep.user.is_active and works.exists()):
        raise PullNotAllowed(_("%(rep)s does not work this territory.") % {"rep": rep})
    if absence := absences.running(rep, at=at):
        raise PullNotAllowed(_away(absence))
    if rosters.suspended([rep.pk]):
        raise PullNotAllowed(_("You are out of rotation: new leads go to others until it ends."))
    spoken = handoff.lead.language
    if territory.language_is_required and spoken and spoken not in rep.languages:
        said = _("This lead is for somebody who speaks %(language)s.")
        raise PullNotAllowed(said % {"language": rosters.language_name(spoken)})
    if rep.pk in holders.former([handoff.lead_id])[handoff.lead_id]:
        said = _("%(rep)s held this lead before, and gave it back or was late with it.")
        raise PullNotAllowed(said % {"rep": rep})


def _away(absence: Absence) -> str:
    """Tell whoever would take a lead that they are away."""
    if absence.span.upper is None:
        return _(
            "You are away until further notice: say that you are back before you take a lead."
        )
    said = _("You are away until %(until)s: say that you are back before you take a lead.")
    return said % {"until": absences.local(absence.span.upper)}


def begin(handoff: Handoff, choice: Choice, *, at: datetime) -> RoutingDecision:
    """Record how a new handoff found the owner it was saved with, and tell them.

    Its clocks start with `timers.start`; the tasks that its owner is promised for begin here.
    """
    decision = _record(handoff, choice, at=at, by=None)
    if handoff.rep_id is not None:
        cadences.begin(handoff, at=at)
    return decision


def close(handoff: Handoff, status: HandoffStatus, *, at: datetime) -> None:
    """Close a locked handoff: its holder's load falls, their segment ends, its tasks too."""
    handoff.status, handoff.closed_at = status, at
    handoff.save(update_fields=["status", "closed_at"])
    _end(handoff, at=at)
    followups.cancel_of(handoff, at=at)


def resume(handoff: Handoff, *, at: datetime) -> None:
    """Begin the last holder's segment again, when what closed the handoff is taken back."""
    last = Assignment.objects.filter(handoff=handoff).order_by("-pk")[:1].get()
    Assignment.objects.create(
        handoff=handoff, decision=last.decision, rep=last.rep, queue=last.queue, began_at=at
    )


def _choose_again(
    handoff: Handoff, *, at: datetime, reason: str = "", prefer: Rep | None = None
) -> Choice:
    """Let the rules choose for a handoff that has an owner; whoever holds it is barred."""
    question = Question(
        inputs_of(handoff.lead),
        handoff.evaluation,
        previous=holders.former([handoff.lead_id])[handoff.lead_id],
        barred=() if handoff.rep_id is None else (handoff.rep_id,),
        preferred=None if prefer is None else prefer.pk,
        territory=handoff.territory_id,
    )
    choice = choices.choose(question, at=at)
    choice.inputs["reason"] = reason
    return choice


def _persons_choice(handoff: Handoff, rep: Rep, *, reason: str) -> tuple[Choice, bool]:
    """Check a person's choice; also say whether the rep is then above capacity."""
    said = "" if is_blank(reason) else reason.strip()
    reps = rosters.lock_reps({rep.pk} | ({handoff.rep_id} if handoff.rep_id else set()))
    chosen = reps[rep.pk]
    if chosen.pk == handoff.rep_id:
        raise RepCannotReceive(f"{chosen} holds this lead already.")
    if not (chosen.is_active and chosen.user.is_active):
        raise RepCannotReceive(f"{chosen} is not active.")
    load, full = rosters.load_of(chosen), rosters.fullness(chosen, handoff.territory_id)
    if full and not said:
        raise ReasonRequired(chosen, full)
    why = f"Chosen by a person, {load} of {chosen.capacity} open"
    choice = Choice(
        rule=RuleKind.PERSON,
        why=(f"{why}: {said}" if said else why)[:WHY_LENGTH],
        rep=chosen,
        territory=handoff.territory,
        inputs={"reason": said},
        outcomes=[{"rule": RuleKind.PERSON.value, "matched": True, "why": said}],
        candidates=[_candidate(chosen, full)],
    )
    return choice, bool(full)


def _candidate(rep: Rep, full: str) -> dict[str, Any]:
    """Return a person's choice as decisions keep whoever was considered."""
    load = rosters.load_of(rep)
    return {
        "rep": rep.pk,
        "name": str(rep),
        "eligible": not full,
        "code": Code.FULL if full else Code.OK,
        "why": full or f"{load} of {rep.capacity} open",
        "open": load,
        "of": rep.capacity,
    }


def _hand_over(
    handoff: Handoff,
    choice: Choice,
    *,
    at: datetime,
    by: AbstractBaseUser | None,
    is_over_capacity: bool = False,
    is_answer_kept: bool = False,
) -> RoutingDecision:
    before = notices.holder(rep=handoff.rep, queue=None) if by else None
    if choice.rep is None:
        handoff.status = HandoffStatus.QUEUED
    elif handoff.status == HandoffStatus.QUEUED or not (by or is_answer_kept):
        handoff.status = HandoffStatus.ASSIGNED
    handoff.rep, handoff.queue, handoff.territory = choice.rep, choice.queue, choice.territory
    handoff.is_over_capacity = is_over_capacity
    handoff.assigned_at = at if choice.rep else None
    handoff.save(
        update_fields=[
            "status",
            "rep",
            "queue",
            "territory",
            "is_over_capacity",
            "assigned_at",
        ]
    )
    _end(handoff, at=at)
    decision = _record(handoff, choice, at=at, by=by)
    _heed(handoff, at=at)
    if before is not None:
        notices.tell(
            NoticeKind.REASSIGNED_AWAY,
            recipient=before,
            handoff=handoff,
            at=at,
            key=f"decision:{decision.pk}:away",
            detail={"why": decision.why},
        )
    return decision


def _end(handoff: Handoff, *, at: datetime) -> None:
    # Clocks of two machines differ a little: a segment still does not end before it began.
    running = Assignment.objects.filter(handoff=handoff, ended_at=None)
    running.update(ended_at=Greatest("began_at", Value(at)))


def _record(
    handoff: Handoff, choice: Choice, *, at: datetime, by: AbstractBaseUser | None
) -> RoutingDecision:
    decision = RoutingDecision.objects.create(
        handoff=handoff,
        at=at,
        rule=choice.rule,
        inputs=choice.inputs,
        outcomes=choice.outcomes,
        candidates=choice.candidates,
        plan_id=choice.plan_id,
        territory=choice.territory,
        rep=choice.rep,
        queue=choice.queue,
        why=choice.why,
        by_id=by.pk if by else None,
    )
    Assignment.objects.create(
        handoff=handoff, decision=decision, rep=choice.rep, queue=choice.queue, began_at=at
    )
    recipient = notices.holder(rep=choice.rep, queue=choice.queue)
    if recipient is not None:
        notices.tell(
            NoticeKind.ASSIGNED if choice.rep else NoticeKind.QUEUED,
            recipient=recipient,
            handoff=handoff,
            at=at,
            key=f"decision:{decision.pk}:owner",
            detail={"why": decision.why},
        )
    logger.info("Handoff %s goes to %s: %s", handoff.pk, choice.rep or choice.queue, choice.why)
    return decision


def _heed(handoff: Handoff, *, at: datetime) -> None:
    """Start what is promised from here on: the wait in a queue, or a rep's tasks and clocks."""
    if handoff.rep_id is None:
        timers.start_waiting(handoff, at=at)
        return
    timers.stop_waiting(handoff, at=at)
    timers.heed_assignment(handoff, at=at)
    cadences.begin(handoff, at=at)
