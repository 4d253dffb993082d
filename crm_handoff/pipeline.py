"""The story in one file: pending leads → judge → advance → hand off → clocks → notices."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import InterfaceError, OperationalError, transaction

from crm_handoff.clock import database_now
from definitions import queries, versions
from definitions.models import DefinitionVersion
from leads import pending, qualification, tipping
from leads.models import Lead
from leads.qualification import Claim, Judged
from routing import assignment, escalation, handoffs

logger = logging.getLogger(__name__)

BATCH = 25
"""Leads judged in one transaction: few enough that several workers share a rush of them."""

RESERVED_FOR = timedelta(seconds=10)
"""Longer than handing over a batch takes; when a worker is killed, so long its leads wait."""

DATABASE_FAILURES = (OperationalError, InterfaceError)
"""Not the fault of any lead: the relay waits for the database and tries again."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A lead that was judged and waits to be handed over, with the marks it was judged for."""

    judged: Judged
    mark_ids: tuple[int, ...]


def judge_pending(*, limit: int = BATCH, at: datetime | None = None) -> int:
    """Judge up to `limit` waiting leads and hand over those that qualify.

    One transaction judges the batch and hands over its first qualified lead; every other one is
    handed over in a transaction of its own, since two workers that each held several pools would
    wait for one another. Their marks stay until then, reserved for a while, so that a killed
    worker leaves them waiting and no other judges them meanwhile.

    at: None takes the database's clock once the leads are locked; an instant plays history.

    Returns:
        How many leads were judged.
    """
    try:
        with transaction.atomic():
            claims = qualification.claim(limit=limit, due_by=at)
            waiting = _judge(claims, at=at)
    except DATABASE_FAILURES:
        raise
    except Exception:
        logger.exception("A batch of leads could not be judged: judging them one by one")
        return _judge_one_by_one(limit=limit, at=at)
    for one in waiting:
        _hand_over_or_postpone(one.judged.lead.pk, at=at, waiting=one)
    return len(claims)


def _judge_one_by_one(*, limit: int, at: datetime | None) -> int:
    """Judge each lead of a batch that failed alone, so that one bad lead holds up no other."""
    with transaction.atomic():
        lead_ids = [claim.lead_id for claim in qualification.claim(limit=limit, due_by=at)]
    for lead_id in lead_ids:
        _hand_over_or_postpone(lead_id, at=at)
    return len(lead_ids)


def _hand_over_or_postpone(
    lead_id: int, *, at: datetime | None, waiting: Waiting | None = None
) -> None:
    try:
        hand_over(lead_id, at=at, waiting=waiting)
    except DATABASE_FAILURES:
        raise
    except Exception:
        logger.exception("Lead %s could not be judged: it is tried again later", lead_id)
        pending.postpone(lead_id, at=at or database_now())


def hand_over(lead_id: int, *, at: datetime | None = None, waiting: Waiting | None = None) -> None:
    """Open the handoff of one waiting lead if it qualifies, in one transaction.

    It is judged afresh, except when nothing was heard of it since it was judged (`waiting`).
    Does nothing when another worker holds the lead or has done it already.
    """
    with transaction.atomic():
        claims = qualification.claim(limit=1, lead_id=lead_id, due_by=at)
        if waiting and claims and _still_holds(waiting, claims[0]):
            _open(waiting.judged, at=at or database_now())
            qualification.finish(claims)
        else:
            _judge(claims, at=at)


def _still_holds(waiting: Waiting, claim: Claim) -> bool:
    """Say whether a claimed lead is as it was judged: no new mark, at the same stage."""
    lead = waiting.judged.lead
    same = Lead.objects.filter(
        pk=lead.pk, stage=lead.stage, latest_evaluation=lead.latest_evaluation_id
    )
    return {*claim.mark_ids} == {*waiting.mark_ids} and same.exists()


def _judge(claims: Sequence[Claim], *, at: datetime | None) -> list[Waiting]:
    """Judge what was claimed, hand over the first qualified lead, reserve and return the rest."""
    if not claims:
        return []
    instant = at or database_now()
    judged = qualification.judge([claim.lead_id for claim in claims], at=instant)
    due = [one for one in judged if one.is_handoff_due]
    if due:
        _open(due[0], at=instant)
    marks = {claim.lead_id: claim.mark_ids for claim in claims}
    waiting = [Waiting(one, marks.pop(one.lead.pk)) for one in due[1:]]
    qualification.finish(claim for claim in claims if claim.lead_id in marks)
    if waiting:
        reserved = [pk for one in waiting for pk in one.mark_ids]
        pending.reserve(reserved, until=instant + RESERVED_FOR)
    return waiting


def _open(judged: Judged, *, at: datetime) -> None:
    """Open a handoff whose clock counts from the receipt of the fact that tipped the lead."""
    if judged.version is not None:
        agreement = queries.agreement_of(judged.version)
        tipped_at = tipping.fact_received_at(judged.lead, agreement, judged.lead.stage)
        judged.tipped_at = tipped_at or judged.tipped_at
    handoffs.open(judged, at=at)


@transaction.atomic
def put_in_force(version: DefinitionVersion, *, by: AbstractBaseUser, at: datetime) -> None:
    """Activate a signed version, and have it judge the leads that came before there was one.

    Raises:
        VersionNotSigned: it does not have both signatures, or was activated before.
        VersionNotYetEffective: `at` is before its effective date.
    """
    versions.activate(version, by=by, at=at)
    waiting_count = pending.mark_unjudged()
    logger.info("%s is to judge %s leads that came before it", version, waiting_count)


def fire_due_steps(*, limit: int = 50, at: datetime | None = None) -> int:
    """Warn, breach, escalate and reassign what is due; returns how many steps fired."""
    return escalation.fire_due(at=at or database_now(), limit=limit)


def drain_queues(*, limit: int = 50) -> int:
    """Hand waiting leads to reps who have room again; returns how many."""
    return len(assignment.drain_queues(at=database_now(), limit=limit))


def expire_untouched(*, limit: int = 50) -> int:
    """Recycle handoffs that nobody touched in time; returns how many."""
    return len(handoffs.expire_untouched(at=database_now(), limit=limit))
