"""Many leads at once: the same as `intake.record_lead` for each, in a few queries."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Lower

from leads import attributes, intake, lifecycle, matching, pending
from leads.attributes import Origin
from leads.enums import Cause, Stage
from leads.intake import IdentityConflict, LeadFacts, LeadOutcome
from leads.marketing import campaigns_by_key, sources_by_key
from leads.models import AttributeChange, Lead, LeadIdentity, StageTransition

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Item:
    """Facts about one lead, and since when they hold; None: since they were received."""

    facts: LeadFacts
    effective_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A lead and the stage which, as another system says, it had reached at an instant."""

    lead_id: int
    stage: Stage
    at: datetime


Result = LeadOutcome | ValueError | IdentityConflict

_Name = tuple[str, str]
"""A system and its external id, or "" and an e-mail address in lower case."""


class LeadNotKnown(ValueError):
    """Only known leads are meant, and nobody knows this one."""


@transaction.atomic
def record(
    items: Sequence[Item],
    *,
    received_at: datetime,
    mark: bool = True,
    is_creating: bool = True,
) -> list[Result]:
    """Find or create leads and save what is new; a few queries, and some more for each change.

    New leads are created together, unless an account or a persona is said of them (or they have
    an address, and an account is said of another); these, and leads that change, go through
    `intake.record_lead` one by one. A lead may be named twice.

    Returns:
        For each item, in order, its outcome, or what `intake.record_lead` raised; LeadNotKnown
        for an unknown lead unless `is_creating`.
    """
    batch = _Batch(items, received_at=received_at, is_marking=mark)
    if not is_creating:
        return [batch.record_known(item) for item in items]
    created = batch.create_new()
    return [created.get(place) or batch.record(item) for place, item in enumerate(items)]


@transaction.atomic
def enter(entries: Sequence[Entry]) -> int:
    """Move leads that are new to the stages which they reached elsewhere; three queries.

    Leads at any other stage stay where they are. Of several entries of a lead, the first counts.

    Returns:
        How many leads moved.

    Raises:
        InvalidTransition: the lifecycle has no such step.
    """
    first = {entry.lead_id: entry for entry in reversed(entries)}
    fresh = Lead.objects.filter(pk__in=first, stage=Stage.NEW).select_related("version")
    moved = []
    for lead in fresh.order_by("pk").select_for_update(of=("self",), no_key=True):
        entry = first[lead.pk]
        process = lifecycle.process_of(lead)
        if not lifecycle.is_allowed(process, lead.stage, entry.stage, cause=Cause.EXTERNAL):
            raise lifecycle.InvalidTransition(
                process=process, from_stage=lead.stage, to_stage=entry.stage, cause=Cause.EXTERNAL
            )
        moved.append(entry)
    StageTransition.objects.bulk_create(
        StageTransition(
            lead_id=entry.lead_id,
            from_stage=Stage.NEW,
            to_stage=entry.stage,
            cause=Cause.EXTERNAL,
            at=entry.at,
        )
        for entry in moved
    )
    _set_stages(moved)
    return len(moved)


class _Batch:
    """Facts that came together, with what was known of their leads before."""

    def __init__(self, items: Sequence[Item], *, received_at: datetime, is_marking: bool) -> None:
        self.items = items
        self.received_at = received_at
        self.is_marking = is_marking
        facts = [item.facts for item in items]
        self.sources = sources_by_key(one.source for one in facts if one.source)
        self.campaigns = campaigns_by_key(one.campaign for one in facts if one.campaign)
        self.known = _known(facts)
        self.changed: set[int] = set()
        self.accounts: dict[str, int | None] = {}

    def create_new(self) -> dict[int, LeadOutcome]:
        """Create the leads that nobody knows yet; returns their outcomes by place."""
        new = {place: self._lead(self.items[place]) for place in self._new_places()}
        if not new:
            return {}
        try:
            with transaction.atomic():
                self._save(new)
        except IntegrityError:
            # Somebody else created one meanwhile: let each of them be looked for anew.
            return {}
        for place, (lead, _) in new.items():
            self.known |= dict.fromkeys(_names(self.items[place].facts), lead)
        logger.info("%s leads created together", len(new))
        return {
            place: LeadOutcome(lead, True, tuple(values)) for place, (lead, values) in new.items()
        }

    def record(self, item: Item) -> Result:
        """Record one lead that may be known; no query when nothing is new."""
        lead = self._unchanged(item)
        if lead is not None:
            return LeadOutcome(lead, False, ())
        try:
            outcome = intake.record_lead(
                item.facts,
                received_at=self.received_at,
                effective_at=item.effective_at,
                mark=self.is_marking,
            )
        except (ValueError, IdentityConflict) as error:
            return error
        self.changed.add(outcome.lead.pk)
        self.known |= dict.fromkeys(_names(item.facts), outcome.lead)
        return outcome

    def record_known(self, item: Item) -> Result:
        """Record one lead if it was known before."""
        if any(name in self.known for name in _names(item.facts)):
            return self.record(item)
        return LeadNotKnown("No such lead is known.")

    def _new_places(self) -> Iterator[int]:
        seen: set[_Name] = set()
        has_accounts = any(item.facts.account for item in self.items)
        for place, item in enumerate(self.items):
            names = set(_names(item.facts))
            # An address may belong to an account that a row above is yet to make.
            is_plain = not (item.facts.persona or item.facts.account) and not (
                has_accounts and item.facts.email
            )
            if names and is_plain and not names & (seen | self.known.keys()):
                yield place
            seen |= names

    def _lead(self, item: Item) -> tuple[Lead, dict[str, Any]]:
        values = self._values(item.facts)
        account_id = self._account_id(values["email"]) if "email" in values else None
        values |= {"account_id": account_id} if account_id else {}
        return Lead(stage_at=self.received_at, **values), values

    def _account_id(self, email: str) -> int | None:
        domain = matching.domain_of(email)
        if domain not in self.accounts:
            account = matching.account_of(email)
            self.accounts[domain] = account.pk if account else None
        return self.accounts[domain]

    def _save(self, new: dict[int, tuple[Lead, dict[str, Any]]]) -> None:
        leads = [lead for lead, _ in new.values()]
        Lead.objects.bulk_create(leads)
        LeadIdentity.objects.bulk_create(
            LeadIdentity(
                lead=lead,
                system=self.items[place].facts.system,
                external_id=intake.external_id_of(self.items[place].facts),
            )
            for place, (lead, _) in new.items()
        )
        AttributeChange.objects.bulk_create(
            change
            for place, (lead, values) in new.items()
            for change in attributes.first_changes(lead, values, origin=self._origin(place))
        )
        if self.is_marking:
            pending.mark(lead.pk for lead in leads)

    def _origin(self, place: int) -> Origin:
        item = self.items[place]
        return Origin.of(item.facts.system, self.received_at, item.effective_at)

    def _unchanged(self, item: Item) -> Lead | None:
        if item.facts.account or item.facts.persona:
            return None
        leads = [self.known.get(name) for name in _names(item.facts)]
        lead = leads[0] if leads else None
        if lead is None or lead.pk in self.changed or any(one != lead for one in leads):
            return None
        return None if attributes.differs(lead, self._values(item.facts)) else lead

    def _values(self, facts: LeadFacts) -> dict[str, Any]:
        return intake.values_of(facts, sources=self.sources, campaigns=self.campaigns)


def _names(facts: LeadFacts) -> list[_Name]:
    """Return the names by which a lead is found: its identity first, then its address."""
    external_id, address = intake.external_id_of(facts), (facts.email or "").strip().lower()
    return [(facts.system, external_id)] * bool(external_id) + [("", address)] * bool(address)


def _known(facts: Sequence[LeadFacts]) -> dict[_Name, Lead]:
    names = {name for one in facts for name in _names(one)}
    identities = LeadIdentity.objects.filter(
        system__in={system for system, _ in names if system},
        external_id__in={name for system, name in names if system},
    ).select_related("lead")
    known = {(one.system, one.external_id): one.lead for one in identities}
    addresses = [name for system, name in names if not system]
    if addresses:
        by_address = Lead.objects.exclude(email="").annotate(address=Lower("email"))
        known |= {("", lead.address): lead for lead in by_address.filter(address__in=addresses)}
    return known


def _set_stages(entries: Sequence[Entry]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE leads_lead SET stage = entry.stage, stage_at = entry.at "
            "FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[]) AS entry (id, stage, at) "
            "WHERE leads_lead.id = entry.id",
            [
                [entry.lead_id for entry in entries],
                [entry.stage for entry in entries],
                [entry.at for entry in entries],
            ],
        )
