"""Owners given and taken: every handoff has one, and every change of owner a recorded reason."""

import logging
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Greatest

from leads.models import Lead
from routing import choices, followups, locks, notices, timers
from routing import roster as rosters
from routing.choices import WHY_LENGTH, Choice
from routing.enums import HandoffStatus, NoticeKind, RoutingRule, TimerMilestone, TimerState
from routing.models import (
    Absence,
    Assignment,
    Handoff,
    Rep,
    RoutingDecision,
    SlaTimer,
)
from routing.territories import inputs_of

logger = logging.getLogger(__name__)


class ReasonRequired(Exception):
    """A rep is full; a person may assign above capacity, but says why."""

    def __init__(self, rep: Rep) -> None:
        load = rosters.load_of(rep)
        super().__init__(f"{rep} has {load}/{rep.capacity} open: say why this one goes on top.")


class RepCannotReceive(Exception):
    """A rep whom a person chose is inactive, or holds the handoff already."""


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


def begin(handoff: Handoff, choice: Choice, *, at: datetime) -> RoutingDecision:
    """Record how a new handoff found the owner it was saved with, and tell them."""
    return _record(handoff, choice, at=at, by=None)


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


def previous_rep_ids(lead: Lead) -> set[int]:
    """Return the reps who held a lead and do no more, but for deals that they won from it."""
    held = Assignment.objects.filter(
        handoff__lead=lead, rep__isnull=False, ended_at__isnull=False
    ).exclude(handoff__status=HandoffStatus.CONVERTED)
    return {rep_id for rep_id in held.values_list("rep_id", flat=True) if rep_id is not None}


def drain_queues(*, at: datetime, limit: int) -> list[Handoff]:
    """Assign what waits in territories' queues and can go to somebody now, most urgent first.

    One transaction each; what another worker has locked is left to it. A new owner whose lead has
    waited past its response clock gets a clock of their own. Returns what was assigned.
    """
    drained = (_drain(handoff_id, at=at) for handoff_id in _assignable(at=at, limit=limit))
    return [handoff for handoff in drained if handoff is not None]


@transaction.atomic
def _drain(handoff_id: int, *, at: datetime) -> Handoff | None:
    try:
        handoff = locks.lock_handoff(handoff_id, skip_locked=True)
    except Handoff.DoesNotExist:
        return None
    if handoff.status != HandoffStatus.QUEUED:
        return None
    choice = _choose_again(handoff, at=at)
    if choice.rep is None:
        return None
    _hand_over(handoff, choice, at=at, by=None)
    timers.restart_for_new_owner(handoff, at=at)
    return handoff


def _assignable(*, at: datetime, limit: int) -> list[int]:
    """Return the queued handoffs for which some rep is free by the rules, most urgent first."""
    speaks = Q(languages__contains=[OuterRef("lead__language")])
    works_territory = Q(memberships__territory=OuterRef("territory"), memberships__is_active=True)
    is_named = Q(named_accounts__account=OuterRef("lead__account"))
    may_be_silent = Q(memberships__territory__language_is_required=False)
    free = Rep.objects.filter(
        works_territory & (may_be_silent | speaks) | is_named,
        ~Exists(Absence.objects.filter(rep=OuterRef("pk"), span__contains=at)),
        is_active=True,
        user__is_active=True,
        capacity__gt=F("open_count") + F("excess_count"),
    ).exclude(pk=Coalesce(OuterRef("last_rep"), 0))
    clock = SlaTimer.objects.filter(
        handoff=OuterRef("pk"), milestone=TimerMilestone.FIRST_RESPONSE
    ).exclude(state=TimerState.CANCELLED)
    return list(
        Handoff.objects.filter(status=HandoffStatus.QUEUED)
        .annotate(
            last_rep=Subquery(_held_last(OuterRef("pk")).values("rep")[:1]),
            due_at=Subquery(clock.values("due_at")[:1]),
        )
        .filter(Exists(free))
        .order_by("due_at", "pk")
        .values_list("pk", flat=True)[:limit]
    )


def _held_last(handoff: Any) -> QuerySet[Assignment]:
    return Assignment.objects.filter(handoff=handoff, rep__isnull=False).order_by("-pk")


def _choose_again(handoff: Handoff, *, at: datetime, reason: str = "") -> Choice:
    """Let the rules choose for a handoff that had an owner; who held it last is barred."""
    last = _held_last(handoff).values_list("rep_id", flat=True).first()
    choice = choices.choose(
        inputs_of(handoff.lead),
        at=at,
        territory=handoff.territory if handoff.territory and handoff.territory.is_active else None,
        previous_rep_ids=previous_rep_ids(handoff.lead),
        barred_rep_ids=() if last is None else (last,),
    )
    choice.inputs["reason"] = reason
    return choice


def _persons_choice(handoff: Handoff, rep: Rep, *, reason: str) -> tuple[Choice, bool]:
    """Check a person's choice; also say whether the rep is then above capacity."""
    reps = rosters.lock_reps({rep.pk} | ({handoff.rep_id} if handoff.rep_id else set()))
    chosen = reps[rep.pk]
    if chosen.pk == handoff.rep_id:
        raise RepCannotReceive(f"{chosen} holds this lead already.")
    if not (chosen.is_active and chosen.user.is_active):
        raise RepCannotReceive(f"{chosen} is not active.")
    load = rosters.load_of(chosen)
    is_over = load >= chosen.capacity
    if is_over and not reason.strip():
        raise ReasonRequired(chosen)
    candidate = {"rep": chosen.pk, "name": str(chosen), "eligible": not is_over}
    why = f"Chosen by a person, {load} of {chosen.capacity} open"
    choice = Choice(
        rule=RoutingRule.PERSON,
        why=(f"{why}: {reason.strip()}" if reason.strip() else why)[:WHY_LENGTH],
        rep=chosen,
        territory=handoff.territory,
        inputs={"reason": reason.strip()},
        outcomes=[{"rule": RoutingRule.PERSON.value, "matched": True, "why": reason.strip()}],
        candidates=[candidate | {"why": f"{load} of {chosen.capacity} open"}],
    )
    return choice, is_over


def _hand_over(
    handoff: Handoff,
    choice: Choice,
    *,
    at: datetime,
    by: AbstractBaseUser | None,
    is_over_capacity: bool = False,
) -> RoutingDecision:
    before = notices.holder(rep=handoff.rep, queue=None) if by else None
    if choice.rep is None:
        handoff.status = HandoffStatus.QUEUED
    elif handoff.status == HandoffStatus.QUEUED or by is None:
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
