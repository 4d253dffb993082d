"""Deals come in."""

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from leads import accounts, attributes, lifecycle, pending
from leads.attributes import OVERWRITE_ALL, Changes, Origin, Policies
from leads.enums import Anomaly, Cause, OpportunityStage, Stage
from leads.lifecycle import InvalidTransition
from leads.models import AttributeChange, Lead, Opportunity, StageTransition

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


@dataclass(frozen=True, slots=True)
class OpportunityOutcome:
    """What became of facts about a deal; changes: what a known one's fields held and hold."""

    opportunity: Opportunity
    is_created: bool
    changes: Changes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OpportunityItem:
    """Facts about one deal among many, and since when they hold; None: since their receipt."""

    facts: OpportunityFacts
    effective_at: datetime | None = None


class OpportunityOfAnotherLead(ValueError):
    """The deal is known as another lead's."""

    def __init__(self) -> None:
        super().__init__("The deal is known as another lead's.")


Result = OpportunityOutcome | OpportunityOfAnotherLead | InvalidTransition


def record(
    facts: OpportunityFacts,
    *,
    received_at: datetime,
    effective_at: datetime | None = None,
    has_handoff: bool = False,
    mark: bool = True,
    policies: Policies = OVERWRITE_ALL,
) -> Opportunity:
    """Find or create the deal by its identity, save what is new, and move its lead.

    A deal of a handoff (`has_handoff`, then and ever after) moves the lead by cause
    `opportunity`, any other by `external`. One that was won before the first touchpoint, or
    without a handoff, is kept and flagged. Repeating it changes nothing. Of a known deal, only
    what the policies permit changes.

    Raises:
        InvalidTransition: the deal is of a handoff and its lead is not where a deal can open.
    """
    way = _Way(received_at, mark, policies)
    return _record(OpportunityItem(facts, effective_at), way, has_handoff=has_handoff).opportunity


@transaction.atomic
def record_many(
    items: Sequence[OpportunityItem],
    *,
    received_at: datetime,
    mark: bool = True,
    policies: Policies = OVERWRITE_ALL,
) -> list[Result]:
    """Do what `record` does for deals that no handoff led to; a few queries, some more a change.

    Deals that nobody knew are created together; one that is known and says nothing new costs no
    query. Those of one lead, and of a lead that a handoff led to a deal, go one by one.

    Returns:
        For each item, in order, its outcome, or why it was refused.
    """
    batch = _Batch(items, _Way(received_at, mark, policies))
    results = batch.create_new()
    return [results.get(place) or batch.record(item) for place, item in enumerate(items)]


@dataclass(frozen=True, slots=True)
class _Way:
    """When deals were received, and what may come of them."""

    received_at: datetime
    mark: bool
    policies: Policies


class _Batch:
    """Deals that came together, with what was known of them before."""

    def __init__(self, items: Sequence[OpportunityItem], way: _Way) -> None:
        self.items = items
        self.way = way
        known = Opportunity.objects.filter(
            system__in={item.facts.system for item in items},
            external_id__in={item.facts.external_id for item in items},
        )
        self.known = {(deal.system, deal.external_id): deal for deal in known}

    def create_new(self) -> dict[int, Result]:
        """Create the deals that nobody knew and move their leads; returns results by place."""
        new = self._new()
        leads = self._locked(new)
        results: dict[int, Result] = {}
        deals: dict[int, Opportunity] = {}
        steps: list[StageTransition] = []
        stages = _stages_of(leads)
        for place, item in new.items():
            lead = leads.get(item.facts.lead.pk)
            if lead is None:
                continue
            deal = Opportunity(
                system=item.facts.system,
                external_id=item.facts.external_id,
                lead=lead,
                **_values(item.facts, received_at=self.way.received_at),
            )
            try:
                steps += self._step(lead, deal, stages[lead.pk] | {deal.stage})
            except InvalidTransition as error:
                results[place] = error
                continue
            if deal.stage == OpportunityStage.WON:
                deal.anomalies = [Anomaly.NO_HANDOFF.value]
            deals[place] = deal
        self._save(deals, steps)
        self.known |= {(deal.system, deal.external_id): deal for deal in deals.values()}
        return results | {place: OpportunityOutcome(deal, True) for place, deal in deals.items()}

    def record(self, item: OpportunityItem) -> Result:
        """Record one deal that may be known; no query when nothing is new."""
        facts = item.facts
        deal = self.known.get((facts.system, facts.external_id))
        if deal is not None and deal.lead_id != facts.lead.pk:
            return OpportunityOfAnotherLead()
        if deal is not None and not attributes.differs(deal, _news(deal, facts, self.way)):
            return OpportunityOutcome(deal, False)
        try:
            outcome = _record(item, self.way)
        except InvalidTransition as error:
            return error
        self.known[facts.system, facts.external_id] = outcome.opportunity
        return outcome

    def _new(self) -> dict[int, OpportunityItem]:
        names = Counter((item.facts.system, item.facts.external_id) for item in self.items)
        leads = Counter(item.facts.lead.pk for item in self.items)
        return {
            place: item
            for place, item in enumerate(self.items)
            if (name := (item.facts.system, item.facts.external_id)) not in self.known
            and names[name] == leads[item.facts.lead.pk] == 1
        }

    def _locked(self, new: Mapping[int, OpportunityItem]) -> dict[int, Lead]:
        """Lock the leads that no handoff led to a deal; their locks keep reports apart."""
        ids = [item.facts.lead.pk for item in new.values()]
        if not ids:
            return {}
        rows = Lead.objects.select_related("version").filter(pk__in=ids).order_by("pk")
        leads = {lead.pk: lead for lead in rows.select_for_update(of=("self",), no_key=True)}
        for lead_id in _governed(leads):
            del leads[lead_id]
        return leads

    def _step(
        self, lead: Lead, deal: Opportunity, stages: Collection[str]
    ) -> Iterator[StageTransition]:
        target, process = _target(stages), lifecycle.process_of(lead)
        if lead.stage == target:
            return
        if not lifecycle.is_allowed(process, lead.stage, target, cause=Cause.EXTERNAL):
            raise InvalidTransition(
                process=process, from_stage=lead.stage, to_stage=target, cause=Cause.EXTERNAL
            )
        at = deal.closed_at or deal.opened_at or self.way.received_at
        yield StageTransition(
            lead=lead, from_stage=lead.stage, to_stage=target, cause=Cause.EXTERNAL, at=at
        )
        lead.stage, lead.stage_at = target, at
        lifecycle.end_cool_off(lead)

    def _save(self, deals: Mapping[int, Opportunity], steps: Sequence[StageTransition]) -> None:
        if not deals:
            return
        Opportunity.objects.bulk_create(deals.values())
        AttributeChange.objects.bulk_create(
            change
            for place, deal in deals.items()
            for change in attributes.first_changes(
                deal,
                _values(self.items[place].facts, received_at=self.way.received_at),
                origin=_origin(self.items[place], self.way),
            )
        )
        StageTransition.objects.bulk_create(steps)
        attributes.save_many(
            [step.lead for step in steps], ["stage", "stage_at", *lifecycle.COOL_OFF_FIELDS]
        )
        lead_ids = [deal.lead_id for deal in deals.values()]
        flag_won_before_contact(lead_ids)
        if self.way.mark:
            pending.mark(lead_ids)
            accounts.mark_leads(_customers_by(deals.values()))
        logger.info("%s opportunities created together", len(deals))


@transaction.atomic
def _record(item: OpportunityItem, way: _Way, *, has_handoff: bool = False) -> OpportunityOutcome:
    facts, origin = item.facts, _origin(item, way)
    # The lead's lock also keeps two reports of one deal apart.
    lead = Lead.objects.select_for_update(no_key=True).get(pk=facts.lead.pk)
    known = Opportunity.objects.filter(system=facts.system, external_id=facts.external_id).first()
    changes: Changes = {}
    if known is None:
        values = _values(facts, received_at=way.received_at)
        deal = Opportunity(system=facts.system, external_id=facts.external_id, lead=lead)
        attributes.create(deal, values, origin=origin)
    else:
        deal = known
        changes = attributes.update(deal, _news(deal, facts, way), origin=origin)
    is_governed = has_handoff or lead.pk in _governed([lead.pk])
    _flag(deal, is_governed=is_governed)
    _move(lead, deal, has_handoff=is_governed, at=way.received_at)
    if way.mark:
        pending.mark([lead.pk])
        accounts.mark_leads(_customers_by([deal]) if known is None else _gone_over(deal, changes))
    logger.info("Opportunity %s is %s", deal.pk, deal.stage)
    return OpportunityOutcome(deal, known is None, changes)


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


def _governed(lead_ids: Collection[int]) -> set[int]:
    """Return those leads of which a deal opened out of a handoff before; one query."""
    steps = StageTransition.objects.filter(
        lead_id__in=list(lead_ids), to_stage=Stage.OPPORTUNITY, cause=Cause.OPPORTUNITY
    )
    return set(steps.values_list("lead_id", flat=True))


def _stages_of(lead_ids: Collection[int]) -> dict[int, set[str]]:
    """Return the stages of the deals that leads have, every lead present; one query or none."""
    stages: dict[int, set[str]] = {lead_id: set() for lead_id in lead_ids}
    if stages:
        deals = Opportunity.objects.filter(lead_id__in=list(stages))
        for lead_id, stage in deals.values_list("lead_id", "stage"):
            stages[lead_id].add(stage)
    return stages


def _target(stages: Collection[str]) -> Stage:
    """Return what its deals make of a lead: won, else open, else lost."""
    order = (OpportunityStage.WON, OpportunityStage.OPEN, OpportunityStage.LOST)
    return STAGES[next(stage for stage in order if stage in stages)]


def _move(lead: Lead, opportunity: Opportunity, *, has_handoff: bool, at: datetime) -> None:
    """Move the lead to what its deals make of it."""
    target = _target(_stages_of([lead.pk])[lead.pk])
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


def _customers_by(deals: Iterable[Opportunity]) -> list[int]:
    """Return the accounts that are customers by these deals."""
    won = (deal.account_id for deal in deals if deal.stage == OpportunityStage.WON)
    return sorted({account_id for account_id in won if account_id})


def _gone_over(deal: Opportunity, changes: Changes) -> list[int]:
    """Return the accounts that a changed deal may have made customers, or no customers."""
    stages = {deal.stage, *changes.get("stage", ())}
    if OpportunityStage.WON not in stages or not changes.keys() & {"stage", "account_id"}:
        return []
    buyers = {deal.account_id, *changes.get("account_id", ())}
    return sorted(account_id for account_id in buyers if account_id)


def _origin(item: OpportunityItem, way: _Way) -> Origin:
    return Origin.of(item.facts.system, way.received_at, item.effective_at)


def _news(deal: Opportunity, facts: OpportunityFacts, way: _Way) -> dict[str, Any]:
    """Return what may change a known deal."""
    values = _values(facts, received_at=deal.closed_at or way.received_at)
    return _permitted(deal, values, policies=way.policies)


def _permitted(deal: Opportunity, values: dict[str, Any], *, policies: Policies) -> dict[str, Any]:
    """Return the values that may change a known deal: its stage and end change together."""
    permitted = attributes.permitted(deal, values, policies=policies)
    stage = permitted.setdefault("stage", deal.stage)
    if stage != deal.stage:
        return permitted | {"closed_at": values["closed_at"]}
    if values["stage"] != stage:
        permitted.pop("closed_at", None)
    return permitted


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
