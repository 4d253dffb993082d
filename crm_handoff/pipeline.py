"""The story in one file: pending leads → judge → advance → hand off → clocks → notices."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import InterfaceError, OperationalError, transaction

from crm_handoff.agreements import telling
from crm_handoff.clock import database_now
from definitions import content, queries, versions
from definitions.models import DefinitionVersion
from leads import pending, qualification, scopes, tipping
from leads.models import Lead
from leads.qualification import Claim, Judged
from routing import escalation, floor, handoffs, review_tasks, sweeps

logger = logging.getLogger(__name__)

BATCH = 25
"""Leads judged in one transaction: few enough that several workers share a rush of them."""

BACKLOG_BATCH = 500
"""The same of leads that wait for nothing but a version that came into force."""

RESERVED_FOR = timedelta(seconds=10)
"""Longer than handing over a batch takes; when a worker is killed, so long its leads wait."""

BACKLOG_RESERVED_FOR = timedelta(seconds=60)
"""The same of a batch of the backlog, between whose leads come those with fresh facts."""

QUEUE_BATCH = 500
"""Waiting leads handed out in one transaction."""

DATABASE_FAILURES = (OperationalError, InterfaceError)
"""Not the fault of any lead: the relay waits for the database and tries again."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A lead that was judged and waits to be handed over, with the marks it was judged for."""

    judged: Judged
    mark_ids: tuple[int, ...]


def judge_pending(*, limit: int = BATCH, at: datetime | None = None) -> int:
    """Judge up to `limit` waiting leads and hand over those that qualify.

    While none has fresh facts, the next of those whom a version that came into force is to judge:
    in larger batches, and before each handover of such a batch fresh facts are looked for.

    One transaction judges the batch and hands over its first qualified lead; every other one is
    handed over in a transaction of its own, since two workers that each held several pools would
    wait for one another. Their marks stay until then, reserved for a while, so that a killed
    worker leaves them waiting and no other judges them meanwhile. What waits in queues is served
    before: a place that became free is not for whoever comes just then.

    at: None takes the database's clock once the leads are locked; an instant plays history.

    Returns:
        How many leads were judged.
    """
    _serve_who_waits(at=at)
    return _judge_batch(_fresh(limit), at=at) or _judge_batch(BACKLOG, at=at)


@dataclass(frozen=True, slots=True)
class Batch:
    """Which waiting leads are judged together; `is_fresh`: none of the backlog among them."""

    limit: int
    is_fresh: bool
    reserved_for: timedelta

    def claim(self, *, at: datetime | None) -> list[Claim]:
        """Take the leads, and lock them until the transaction ends."""
        return qualification.claim(limit=self.limit, due_by=at, is_fresh=self.is_fresh)


BACKLOG = Batch(BACKLOG_BATCH, is_fresh=False, reserved_for=BACKLOG_RESERVED_FOR)


def _fresh(limit: int) -> Batch:
    return Batch(limit, is_fresh=True, reserved_for=RESERVED_FOR)


def _serve_who_waits(*, at: datetime | None) -> None:
    try:
        if sweeps.is_room_marked():
            sweeps.drain(at=at or database_now(), limit=QUEUE_BATCH)
    except DATABASE_FAILURES:
        raise
    except Exception:
        logger.exception("What waits in queues could not be handed out: new leads go before it")


def _judge_batch(batch: Batch, *, at: datetime | None) -> int:
    try:
        with transaction.atomic():
            claims = batch.claim(at=at)
            waiting = _judge(claims, at=at, reserved_for=batch.reserved_for)
    except DATABASE_FAILURES:
        raise
    except Exception:
        logger.exception("A batch of leads could not be judged: judging them one by one")
        return _judge_one_by_one(batch, at=at)
    for one in waiting:
        if not batch.is_fresh:
            _judge_batch(_fresh(BATCH), at=at)
        _hand_over_or_postpone(one.judged.lead.pk, at=at, waiting=one)
    return len(claims)


def _judge_one_by_one(batch: Batch, *, at: datetime | None) -> int:
    """Judge each lead of a batch that failed alone, so that one bad lead holds up no other."""
    with transaction.atomic():
        lead_ids = [claim.lead_id for claim in batch.claim(at=at)]
    for lead_id in lead_ids:
        if not batch.is_fresh:
            _judge_batch(_fresh(BATCH), at=at)
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


def _judge(
    claims: Sequence[Claim], *, at: datetime | None, reserved_for: timedelta = RESERVED_FOR
) -> list[Waiting]:
    """Judge what was claimed, hand over the first qualified lead, reserve and return the rest.

    What only a person can answer is asked in the same transaction, or no longer asked; handovers
    are held against the floor again.
    """
    if not claims:
        return []
    instant = at or database_now()
    judged = qualification.judge([claim.lead_id for claim in claims], at=instant)
    review_tasks.heed(judged, at=instant)
    floor.heed(judged, at=instant)
    due = [one for one in judged if one.is_handoff_due]
    if due:
        _open(due[0], at=instant)
    marks = {claim.lead_id: claim.mark_ids for claim in claims}
    waiting = [Waiting(one, marks.pop(one.lead.pk)) for one in due[1:]]
    qualification.finish(claim for claim in claims if claim.lead_id in marks)
    if waiting:
        reserved = [pk for one in waiting for pk in one.mark_ids]
        pending.reserve(reserved, until=instant + reserved_for)
    return waiting


def _open(judged: Judged, *, at: datetime) -> None:
    """Open a handoff whose clock counts from the receipt of the fact that tipped the lead."""
    if judged.version is not None:
        agreement = queries.agreement_of(judged.version)
        tipped_at = tipping.fact_received_at(judged.lead, agreement, judged.lead.stage)
        judged.tipped_at = tipped_at or judged.tipped_at
    handoffs.open(judged, at=at)


@transaction.atomic
def put_in_force(version: DefinitionVersion, *, by: AbstractBaseUser | None, at: datetime) -> None:
    """Activate a signed version, mark the leads that it concerns pending, and tell both teams.

    One transaction does all of it. Leads that sales has keep the version that judged them.

    by: None when its date came and nobody had to do it.

    Raises:
        VersionNotSigned: it does not have both signatures, or was activated before.
        VersionNotYetEffective: `at` is before its effective date.
    """
    versions.lock_definition(version)
    scope = scopes.scope_of(version, content.segment_of(version), at=at)
    versions.activate(version, by=by, at=at)
    waiting_count = scopes.mark(scope)
    telling.activated(version, at=at)
    logger.info("%s is in force: %s leads are to be judged anew", version, waiting_count)


def put_due_in_force(*, limit: int = 10, at: datetime | None = None) -> int:
    """Put signed versions in force whose date came, and those at once that have none.

    Each in a transaction of its own. One that cannot be leaves the one in force as it is, says
    why, tells RevOps and its operators, and is tried again after a minute.

    at: None takes the database's clock; an instant plays history.

    Returns:
        How many were tried.
    """
    due = queries.due_versions(at=at or database_now()).values_list("pk", flat=True)[:limit]
    return sum(_put_due_in_force(version_id, at=at) for version_id in list(due))


def _put_due_in_force(version_id: int, *, at: datetime | None) -> bool:
    """Try one version; False when somebody else has it or had it."""
    try:
        with transaction.atomic():
            instant = at or database_now()
            version = versions.claim_due(version_id, at=instant)
            if version:
                put_in_force(version, by=None, at=instant)
        return version is not None
    except DATABASE_FAILURES:
        raise
    except Exception as error:
        logger.exception("Version %s could not be put in force", version_id)
        _tell_of_failure(version_id, error, at=at or database_now())
        return True


@transaction.atomic
def _tell_of_failure(version_id: int, error: Exception, *, at: datetime) -> None:
    problem = str(error).strip().partition("\n")[0] or type(error).__name__
    version = versions.postpone(version_id, problem=problem, at=at)
    if version:
        telling.activation_failed(version, problem=problem, at=at)


def fire_due_steps(*, limit: int = 200, at: datetime | None = None) -> int:
    """Warn, breach, escalate and reassign what is due; returns how many steps fired."""
    return escalation.fire_due(at=at or database_now(), limit=limit)


def drain_queues(*, limit: int = QUEUE_BATCH) -> int:
    """Hand waiting leads to reps who have room again; returns how many."""
    return sweeps.drain(at=database_now(), limit=limit)


def expire_untouched(*, limit: int = 50) -> int:
    """Recycle handoffs that nobody touched in time; returns how many."""
    return len(handoffs.expire_untouched(at=database_now(), limit=limit))
