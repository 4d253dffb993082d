"""Many leads at once: the same as `intake.record_lead` for each, in a few queries."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

from django.db import IntegrityError, transaction
from django.db.models.functions import Lower

from leads import account_batches, attributes, duplicates, intake, matching, pending
from leads.accounts import AccountOutcome
from leads.attributes import OVERWRITE_ALL, Changes, Origin, Policies
from leads.companies import AccountItem
from leads.intake import IdentityConflict, LeadFacts, LeadOutcome
from leads.marketing import campaigns_by_key, personas_by_key, sources_by_key
from leads.models import AttributeChange, Lead, LeadIdentity

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Item:
    """Facts about one lead, and since when they hold; None: since they were received."""

    facts: LeadFacts
    effective_at: datetime | None = None


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
    policies: Policies = OVERWRITE_ALL,
    account_policies: Policies = OVERWRITE_ALL,
) -> list[Result]:
    """Find or create leads and save what is new; a few queries for any number.

    What is said of their companies is recorded first, so that every lead of the batch finds them.
    A lead may be named twice: such ones are recorded one by one, after the others.

    Returns:
        For each item, in order, its outcome, or what `intake.record_lead` raised; LeadNotKnown
        for an unknown lead unless `is_creating`.
    """
    way = _Way(
        received_at=received_at, mark=mark, policies=policies, account_policies=account_policies
    )
    batch = _Batch(items, way, is_creating=is_creating)
    results: dict[int, Result] = dict(batch.refused())
    results |= batch.record_together(batch.alone() - results.keys())
    return [results.get(place) or batch.record(place) for place in range(len(items))]


class _Keys(TypedDict):
    """Ids by key."""

    sources: Mapping[str, int]
    campaigns: Mapping[str, int]
    personas: Mapping[str, int]


class _Way(TypedDict):
    """When facts were received, and what may come of them."""

    received_at: datetime
    mark: bool
    policies: Policies
    account_policies: Policies


@dataclass(slots=True)
class _Told:
    """What one item says of a lead's own fields, and of its account."""

    values: dict[str, Any]
    origin: Origin
    account: AccountOutcome | None = None
    reason: str = ""


class _Batch:
    """Facts that came together, with what was known of their leads before."""

    def __init__(self, items: Sequence[Item], way: _Way, *, is_creating: bool) -> None:
        self.items = items
        self.way = way
        self.is_creating = is_creating
        facts = [item.facts for item in items]
        self.keys = _Keys(
            sources=sources_by_key(one.source for one in facts if one.source),
            campaigns=campaigns_by_key(one.campaign for one in facts if one.campaign),
            personas=personas_by_key(one.persona for one in facts if one.persona),
        )
        self.known = _known(facts)

    def refused(self) -> Iterator[tuple[int, Result]]:
        """Return what cannot be taken, whatever else is said."""
        for place, item in enumerate(self.items):
            names = _names(item.facts)
            if not names:
                yield place, intake.LeadNotIdentified()
            elif item.facts.persona and item.facts.persona not in self.keys["personas"]:
                yield place, intake.UnknownKey(field="persona", key=item.facts.persona)

    def alone(self) -> set[int]:
        """Return the places of those items whose lead no other item can mean or become."""
        meant = [set(self._meant(item.facts)) for item in self.items]
        counts = Counter(name for names in meant for name in names)
        return {place for place, names in enumerate(meant) if all(counts[n] == 1 for n in names)}

    def record_together(self, places: Iterable[int]) -> dict[int, Result]:
        """Record leads that have nothing to do with each other; returns results by place."""
        found: dict[int, Lead | None] = {}
        results: dict[int, Result] = {}
        for place in sorted(places):
            try:
                found[place] = self._find(self.items[place].facts)
            except (LeadNotKnown, IdentityConflict) as error:
                results[place] = error
        told, refused = self._told(found)
        results |= refused
        new = {place: one for place, one in told.items() if found[place] is None}
        results |= self._create(new)
        known = {place: (lead, told[place]) for place in told if (lead := found[place])}
        return results | self._update(known)

    def record(self, place: int) -> Result:
        """Record one lead that may be known by now."""
        item = self.items[place]
        if not self.is_creating and not any(name in self.known for name in _names(item.facts)):
            return LeadNotKnown("No such lead is known.")
        try:
            outcome = intake.record_lead(item.facts, effective_at=item.effective_at, **self.way)
        except (ValueError, IdentityConflict) as error:
            return error
        self.known |= dict.fromkeys(_names(item.facts), outcome.lead)
        return outcome

    def _meant(self, facts: LeadFacts) -> Iterator[_Name]:
        for name in _names(facts):
            yield name
            if lead := self.known.get(name):
                yield "", f"lead {lead.pk}"
                yield "", lead.email.lower() or f"lead {lead.pk}"

    def _find(self, facts: LeadFacts) -> Lead | None:
        names = _names(facts)
        leads = [lead for name in names if (lead := self.known.get(name))]
        if not leads and not self.is_creating:
            raise LeadNotKnown("No such lead is known.")
        if facts.external_id and len({lead.pk for lead in leads}) > 1:
            raise IdentityConflict(*leads)
        if not facts.external_id:
            leads.reverse()
        return leads[0] if leads else None

    def _told(
        self, found: Mapping[int, Lead | None]
    ) -> tuple[dict[int, _Told], dict[int, ValueError]]:
        """Return what items say, their companies recorded, and why others are refused."""
        told = {
            place: _Told(
                intake.values_of(self.items[place].facts, **self.keys), self._origin(place)
            )
            for place in found
        }
        employers = {
            place: employer
            for place in found
            if (
                employer := intake.employer_of(
                    self.items[place].facts, effective_at=self.items[place].effective_at
                )
            )
        }
        refused: dict[int, ValueError] = {}
        for place, outcome in zip(employers, self._employ([*employers.values()]), strict=True):
            if isinstance(outcome, ValueError):
                refused[place] = outcome
                del told[place]
            else:
                told[place].account, told[place].reason = outcome, outcome.reason
                told[place].values["account_id"] = outcome.account.pk
        self._find_employers({place: (found[place], one) for place, one in told.items()})
        return told, refused

    def _employ(self, employers: Sequence[AccountItem]) -> list[AccountOutcome | ValueError]:
        if not employers:
            return []
        return account_batches.record(
            employers,
            received_at=self.way["received_at"],
            mark=self.way["mark"],
            policies=self.way["account_policies"],
        )

    def _find_employers(self, told: Mapping[int, tuple[Lead | None, _Told]]) -> None:
        """Find the accounts of new addresses of leads that have none, by domain."""
        domains = {
            place: matching.domains_of(one.values["email"])
            for place, (lead, one) in told.items()
            if "account_id" not in one.values
            and "email" in one.values
            and (lead is None or (not lead.account_id and lead.email != one.values["email"]))
        }
        known = matching.accounts_at(name for several in domains.values() for name in several)
        for place, several in domains.items():
            if match := matching.match_at(several, known):
                one = told[place][1]
                one.values["account_id"], one.reason = match.account.pk, match.reason

    def _create(self, new: Mapping[int, _Told]) -> dict[int, Result]:
        leads = {
            place: Lead(stage_at=self.way["received_at"], account_reason=one.reason, **one.values)
            for place, one in new.items()
        }
        if not leads:
            return {}
        try:
            with transaction.atomic():
                self._save(leads, new)
        except IntegrityError:
            # Somebody else created one meanwhile: let each of them be looked for anew.
            return {}
        for place, lead in leads.items():
            self.known |= dict.fromkeys(_names(self.items[place].facts), lead)
        logger.info("%s leads created together", len(leads))
        return {
            place: LeadOutcome(lead, True, tuple(new[place].values), account=new[place].account)
            for place, lead in leads.items()
        }

    def _save(self, leads: Mapping[int, Lead], new: Mapping[int, _Told]) -> None:
        Lead.objects.bulk_create(leads.values())
        LeadIdentity.objects.bulk_create(
            self._identity(place, lead) for place, lead in leads.items()
        )
        AttributeChange.objects.bulk_create(
            change
            for place, lead in leads.items()
            for change in attributes.first_changes(
                lead, new[place].values, origin=new[place].origin
            )
        )
        self._mark(leads.values(), leads.values())

    def _update(self, known: Mapping[int, tuple[Lead, _Told]]) -> dict[int, Result]:
        unnamed = {
            place: lead
            for place, (lead, _) in known.items()
            if _names(self.items[place].facts)[0] not in self.known
        }
        if unnamed:
            LeadIdentity.objects.bulk_create(
                (self._identity(place, lead) for place, lead in unnamed.items()),
                ignore_conflicts=True,
            )
        changes = self._change(
            {
                place: (lead, one)
                for place, (lead, one) in known.items()
                if attributes.differs(lead, self._permitted(lead, one))
            }
        )
        return {
            place: LeadOutcome(
                lead,
                False,
                tuple(changes.get(place, ())),
                place in unnamed,
                changes.get(place, {}),
                one.account,
            )
            for place, (lead, one) in known.items()
        }

    def _change(self, told: Mapping[int, tuple[Lead, _Told]]) -> dict[int, Changes]:
        """Change known leads, locked only for that; returns what changed by place."""
        if not told:
            return {}
        ids = [lead.pk for lead, _ in told.values()]
        rows = Lead.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True)
        held = {lead.pk: lead for lead in rows}
        said = {place: (held[lead.pk], one) for place, (lead, one) in told.items()}
        changes = dict(
            zip(
                said,
                attributes.update_many(
                    [(lead, self._permitted(lead, one), one.origin) for lead, one in said.values()]
                ),
                strict=True,
            )
        )
        self._explain([said[place] for place in said if "account_id" in changes[place]])
        self._mark(
            [lead for place, (lead, _) in said.items() if changes[place]],
            [said[p][0] for p in said if changes[p].keys() & intake.SUSPECTED_BY],
        )
        return changes

    def _explain(self, moved: Sequence[tuple[Lead, _Told]]) -> None:
        for lead, one in moved:
            lead.account_reason = one.reason
        attributes.save_many([lead for lead, _ in moved], ["account_reason"])

    def _mark(self, changed: Iterable[Lead], suspected: Iterable[Lead]) -> None:
        duplicates.suspect([lead.pk for lead in suspected], received_at=self.way["received_at"])
        ids = [lead.pk for lead in changed]
        if ids and self.way["mark"]:
            pending.mark(ids)

    def _permitted(self, lead: Lead, told: _Told) -> dict[str, Any]:
        return attributes.permitted(lead, told.values, policies=self.way["policies"])

    def _identity(self, place: int, lead: Lead) -> LeadIdentity:
        facts = self.items[place].facts
        return LeadIdentity(
            lead=lead, system=facts.system, external_id=intake.external_id_of(facts)
        )

    def _origin(self, place: int) -> Origin:
        item = self.items[place]
        return Origin.of(item.facts.system, self.way["received_at"], item.effective_at)


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
