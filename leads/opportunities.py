"""Deals come in."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from leads import attributes, lifecycle, pending
from leads.attributes import Origin
from leads.enums import Anomaly, Cause, OpportunityStage, Stage
from leads.models import Lead, Opportunity, StageTransition

logger = logging.getLogger(__name__)

STAGES = {
    OpportunityStage.OPEN: Stage.OPPORTUNITY,
    OpportunityStage.WON: Stage.WON,
    OpportunityStage.LOST: Stage.LOST,
}
"""The stage of a lead with a deal at that stage; total."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpportunityFacts:
    """What somebody says about a deal; None where nothing was said.

    lead: the lead it came of. amount: in `currency` (ISO 4217). owner_id: the person who closes
    it; sourced_by_id: who developed the lead. closed_at: when it was won or lost, else None.
    """

    system: str
    external_id: str
    lead: Lead
    name: str | None = None
    stage: str = OpportunityStage.OPEN
    amount: Decimal | None = None
    currency: str | None = None
    owner_id: int | None = None
    sourced_by_id: int | None = None
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    loss_reason: str | None = None


@transaction.atomic
def record(
    facts: OpportunityFacts,
    *,
    received_at: datetime,
    effective_at: datetime | None = None,
    has_handoff: bool = False,
    mark: bool = True,
) -> Opportunity:
    """Find or create the deal by its identity, save what is new, and move its lead.

    A deal of a handoff (`has_handoff`, then and ever after) moves the lead by cause
    `opportunity`, any other by `external`. One that was won before the first touchpoint, or
    without a handoff, is kept and flagged. Repeating it changes nothing.

    Raises:
        InvalidTransition: the deal is of a handoff and its lead is not where a deal can open.
    """
    origin = Origin.of(facts.system, received_at, effective_at)
    # The lead's lock also keeps two reports of one deal apart.
    lead = Lead.objects.select_for_update(no_key=True).get(pk=facts.lead.pk)
    opportunity = Opportunity.objects.filter(
        system=facts.system, external_id=facts.external_id
    ).first()
    if opportunity is None:
        values = _values(facts, received_at=received_at)
        opportunity = Opportunity(system=facts.system, external_id=facts.external_id, lead=lead)
        attributes.create(opportunity, values, origin=origin)
    else:
        values = _values(facts, received_at=opportunity.closed_at or received_at)
        attributes.update(opportunity, values, origin=origin)
    is_governed = has_handoff or _is_governed(lead)
    _flag(opportunity, is_governed=is_governed)
    _move(lead, opportunity, has_handoff=is_governed, at=received_at)
    if mark:
        pending.mark([lead.pk])
    logger.info("Opportunity %s is %s", opportunity.pk, opportunity.stage)
    return opportunity


def flag_won_before_contact(lead_ids: Iterable[int]) -> None:
    """Flag the won deals of leads that closed before the first touchpoint, and unflag others."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE leads_opportunity AS deal
            SET anomalies = array_remove(deal.anomalies, %(flag)s)
                || CASE WHEN first.early THEN ARRAY[%(flag)s::varchar] ELSE '{}' END
            FROM (
                SELECT id, stage = 'won' AND COALESCE(closed_at < (
                    SELECT min(occurred_at) FROM leads_touchpoint AS touchpoint
                    WHERE touchpoint.lead_id = opportunity.lead_id
                ), FALSE) AS early
                FROM leads_opportunity AS opportunity WHERE lead_id = ANY(%(leads)s)
            ) AS first
            WHERE first.id = deal.id AND first.early <> (%(flag)s = ANY(deal.anomalies))
            """,
            {"flag": Anomaly.WON_BEFORE_CONTACT.value, "leads": sorted(set(lead_ids))},
        )


def _flag(opportunity: Opportunity, *, is_governed: bool) -> None:
    flag_won_before_contact([opportunity.lead_id])
    opportunity.refresh_from_db(fields=["anomalies"])
    is_odd = opportunity.stage == OpportunityStage.WON and not is_governed
    if is_odd != (Anomaly.NO_HANDOFF in opportunity.anomalies):
        others = [flag for flag in opportunity.anomalies if flag != Anomaly.NO_HANDOFF]
        opportunity.anomalies = [*others, Anomaly.NO_HANDOFF.value] if is_odd else others
        opportunity.save(update_fields=["anomalies"])


def _is_governed(lead: Lead) -> bool:
    """Say whether a deal opened out of a handoff before."""
    return StageTransition.objects.filter(
        lead=lead, to_stage=Stage.OPPORTUNITY, cause=Cause.OPPORTUNITY
    ).exists()


def _move(lead: Lead, opportunity: Opportunity, *, has_handoff: bool, at: datetime) -> None:
    """Move the lead to what its deals make of it: won, else open, else lost."""
    stages = set(Opportunity.objects.filter(lead=lead).values_list("stage", flat=True))
    order = (OpportunityStage.WON, OpportunityStage.OPEN, OpportunityStage.LOST)
    target = STAGES[next(stage for stage in order if stage in stages)]
    opened_at = opportunity.opened_at or at
    if has_handoff and lead.stage not in STAGES.values():
        lifecycle.move(lead, Stage.OPPORTUNITY, cause=Cause.OPPORTUNITY, at=opened_at)
    if lead.stage == target:
        return
    is_within = has_handoff and lead.stage == Stage.OPPORTUNITY
    lifecycle.move(
        lead,
        target,
        cause=Cause.OPPORTUNITY if is_within else Cause.EXTERNAL,
        at=opportunity.closed_at or opened_at,
    )


def _values(facts: OpportunityFacts, *, received_at: datetime) -> dict[str, Any]:
    values = {
        "name": facts.name,
        "stage": facts.stage,
        "amount": facts.amount,
        "currency": facts.currency and facts.currency.upper(),
        "owner_id": facts.owner_id,
        "sourced_by_id": facts.sourced_by_id,
        "opened_at": facts.opened_at,
        "loss_reason": facts.loss_reason,
        "account_id": facts.lead.account_id,
    }
    values = {field: value for field, value in values.items() if value not in (None, "")}
    is_open = facts.stage == OpportunityStage.OPEN
    return values | {"closed_at": None if is_open else facts.closed_at or received_at}
