"""The story in one file: pending leads → judge → advance → hand off → clocks → notices."""

import logging
from collections.abc import Sequence
from datetime import datetime

from django.db import InterfaceError, OperationalError, transaction

from crm_handoff.clock import database_now
from leads import pending, qualification
from leads.qualification import Claim, Judged
from routing import assignment, escalation, handoffs

logger = logging.getLogger(__name__)

BATCH = 100
"""Leads judged in one transaction: small enough that a killed worker costs little."""

DATABASE_FAILURES = (OperationalError, InterfaceError)
"""Not the fault of any lead: the relay waits for the database and tries again."""


def judge_pending(*, limit: int = BATCH, at: datetime | None = None) -> int:
    """Judge up to `limit` waiting leads and hand over those that qualify.

    One transaction judges the batch and hands over its first qualified lead; every other one is
    handed over in a transaction of its own, since two workers that each held several pools would
    wait for one another. Their marks stay until then, so a killed worker leaves them waiting.

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
    for judged in waiting:
        _hand_over_or_postpone(judged.lead.pk, at=at)
    return len(claims)


def _judge_one_by_one(*, limit: int, at: datetime | None) -> int:
    """Judge each lead of a batch that failed alone, so that one bad lead holds up no other."""
    with transaction.atomic():
        lead_ids = [claim.lead_id for claim in qualification.claim(limit=limit, due_by=at)]
    for lead_id in lead_ids:
        _hand_over_or_postpone(lead_id, at=at)
    return len(lead_ids)


def _hand_over_or_postpone(lead_id: int, *, at: datetime | None) -> None:
    try:
        hand_over(lead_id, at=at)
    except DATABASE_FAILURES:
        raise
    except Exception:
        logger.exception("Lead %s could not be judged: it is tried again later", lead_id)
        pending.postpone(lead_id, at=at or database_now())


def hand_over(lead_id: int, *, at: datetime | None = None) -> None:
    """Judge one waiting lead afresh and open its handoff, in one transaction.

    Does nothing when another worker holds the lead or has done it already.
    """
    with transaction.atomic():
        _judge(qualification.claim(limit=1, lead_id=lead_id, due_by=at), at=at)


def _judge(claims: Sequence[Claim], *, at: datetime | None) -> list[Judged]:
    """Judge what was claimed, hand over the first qualified lead, return the others."""
    if not claims:
        return []
    instant = at or database_now()
    judged = qualification.judge([claim.lead_id for claim in claims], at=instant)
    due = [one for one in judged if one.is_handoff_due]
    if due:
        handoffs.open(due[0], at=instant)
    waiting = {one.lead.pk for one in due[1:]}
    qualification.finish(claim for claim in claims if claim.lead_id not in waiting)
    return due[1:]


def fire_due_steps(*, limit: int = 50, at: datetime | None = None) -> int:
    """Warn, breach, escalate and reassign what is due; returns how many steps fired."""
    return escalation.fire_due(at=at or database_now(), limit=limit)


def drain_queues(*, limit: int = 50) -> int:
    """Hand waiting leads to reps who have room again; returns how many."""
    return len(assignment.drain_queues(at=database_now(), limit=limit))


def expire_untouched(*, limit: int = 50) -> int:
    """Recycle handoffs that nobody touched in time; returns how many."""
    return len(handoffs.expire_untouched(at=database_now(), limit=limit))
