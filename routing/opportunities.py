"""Deals that come of handoffs: opened by the holder, won or lost later."""

import logging
from datetime import datetime
from decimal import Decimal

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from leads import lifecycle, opportunities
from leads.enums import Cause, OpportunityStage, Stage
from leads.models import Opportunity
from leads.opportunities import OpportunityFacts
from routing import assignment, locks, timers
from routing.enums import HandoffStatus, RepKind
from routing.models import Handoff

logger = logging.getLogger(__name__)

SYSTEM = "crm_handoff"
"""System by whose name deals are known that were opened here."""


class OpportunityAlreadyClosed(Exception):
    """A deal was won or lost before."""

    def __init__(self, opportunity: Opportunity) -> None:
        super().__init__(f"This opportunity is {opportunity.stage} already.")


@transaction.atomic
def open_opportunity(
    handoff_id: int,
    *,
    name: str,
    by: AbstractBaseUser,
    at: datetime,
    amount: Decimal | None = None,
    currency: str = "",
) -> Opportunity:
    """Turn a handoff into a deal: the lead becomes an opportunity and its holder is free again.

    amount: in `currency` (ISO 4217). The holder owns the deal, or who opened it when the handoff
    waits in a queue; the SDR who held the handoff last counts as its source.

    Raises:
        Handoff.DoesNotExist: there is none of that id.
        HandoffAlreadyDecided: it is closed already.
        InvalidTransition: the lead is not where a deal can open, for example not confirmed yet.
    """
    handoff = locks.lock_open_with_lead(handoff_id)
    opportunity = opportunities.record(
        OpportunityFacts(
            system=SYSTEM,
            external_id=str(handoff.public_id),
            lead=handoff.lead,
            name=name,
            amount=amount,
            currency=currency or None,
            owner_id=handoff.rep.user_id if handoff.rep else by.pk,
            sourced_by_id=_sourced_by(handoff),
            opened_at=at,
        ),
        received_at=at,
        has_handoff=True,
    )
    _convert(handoff, at=at, by=by)
    return opportunity


@transaction.atomic
def close_opportunity(
    opportunity_id: int,
    *,
    is_won: bool,
    at: datetime,
    amount: Decimal | None = None,
    currency: str = "",
    loss_reason: str = "",
) -> Opportunity:
    """Close a deal as won or lost; its lead goes with it.

    amount: what it came to, in `currency` (ISO 4217); None leaves it as it was.

    Raises:
        Opportunity.DoesNotExist: there is none of that id.
        OpportunityAlreadyClosed: it is won or lost already.
    """
    lead_id = Opportunity.objects.values_list("lead_id", flat=True).get(pk=opportunity_id)
    lead = locks.lock_lead(lead_id)
    opportunity = Opportunity.objects.select_for_update(no_key=True).get(pk=opportunity_id)
    if opportunity.stage != OpportunityStage.OPEN:
        raise OpportunityAlreadyClosed(opportunity)
    return opportunities.record(
        OpportunityFacts(
            system=opportunity.system,
            external_id=opportunity.external_id,
            lead=lead,
            stage=OpportunityStage.WON if is_won else OpportunityStage.LOST,
            amount=amount,
            currency=currency or None,
            closed_at=at,
            loss_reason=loss_reason or None,
        ),
        received_at=at,
        has_handoff=Handoff.objects.filter(lead=lead, status=HandoffStatus.CONVERTED).exists(),
    )


@transaction.atomic
def report(facts: OpportunityFacts, *, received_at: datetime) -> Opportunity:
    """Record a deal that another system tells of, and close its lead's open handoff, if any.

    The deal counts as the handoff's where the lead had come far enough for one.
    """
    lead = locks.lock_lead(facts.lead.pk)
    handoff = Handoff.objects.filter(lead=lead, status__in=sorted(HandoffStatus.OPEN)).first()
    is_ready = lifecycle.is_allowed(
        lifecycle.process_of(lead), lead.stage, Stage.OPPORTUNITY, cause=Cause.OPPORTUNITY
    )
    opportunity = opportunities.record(
        facts, received_at=received_at, has_handoff=handoff is not None and is_ready
    )
    if handoff is not None:
        convert(handoff.pk, at=received_at)
    return opportunity


@transaction.atomic
def convert(handoff_id: int, *, at: datetime, by: AbstractBaseUser | None = None) -> Handoff:
    """Close a handoff whose lead became a deal elsewhere, for example in the CRM; return it.

    Frees the holder and stops every clock: a deal is a response.

    Raises:
        Handoff.DoesNotExist: there is none of that id.
        HandoffAlreadyDecided: it is closed already.
    """
    handoff = locks.lock_open_with_lead(handoff_id)
    _convert(handoff, at=at, by=by)
    return handoff


def _convert(handoff: Handoff, *, at: datetime, by: AbstractBaseUser | None) -> None:
    assignment.close(handoff, HandoffStatus.CONVERTED, at=at)
    timers.stop_for_conversion(handoff, at=at, by=by)
    logger.info("Handoff %s became an opportunity", handoff.pk)


def _sourced_by(handoff: Handoff) -> int | None:
    held = handoff.assignments.filter(rep__kind=RepKind.SDR).order_by("-pk")
    return held.values_list("rep__user_id", flat=True).first()
