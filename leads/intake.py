"""Where facts come in. Facts, their history and the pending mark commit in one transaction."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Lower

from leads import (
    accounts,
    arrivals,
    assertions,
    attributes,
    companies,
    duplicates,
    matching,
    opportunities,
    pending,
    touchpoints,
)
from leads.accounts import AccountOutcome, AccountOwnsItself
from leads.assertions import EvidenceRequired
from leads.attributes import OVERWRITE_ALL, Changes, Origin, Policies
from leads.companies import AccountFacts, AccountItem, AccountNotNamed, one_line
from leads.marketing import UnknownKey, campaigns_by_key, personas_by_key, sources_by_key
from leads.models import Lead
from leads.opportunities import OpportunityFacts
from leads.touchpoints import Identity, TouchpointFacts, TouchpointOutcome

__all__ = [
    "AccountFacts",
    "AccountNotNamed",
    "AccountOutcome",
    "AccountOwnsItself",
    "EvidenceRequired",
    "Identity",
    "IdentityConflict",
    "LeadFacts",
    "LeadNotIdentified",
    "LeadOutcome",
    "OpportunityFacts",
    "TouchpointFacts",
    "TouchpointOutcome",
    "UnknownKey",
    "find",
    "mark_pending",
    "record_account",
    "record_assertion",
    "record_lead",
    "record_opportunity",
    "record_touchpoints",
]

logger = logging.getLogger(__name__)

SUSPECTED_BY = frozenset({"first_name", "last_name", "account_id"})
"""Fields by which two leads look like one person."""

record_account = accounts.record
record_assertion = assertions.record
record_opportunity = opportunities.record
record_touchpoints = touchpoints.record
mark_pending = pending.mark


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadFacts:
    """What somebody says about a person; None where nothing was said.

    system, external_id: the person's name in the system that speaks; without an `external_id` it
    is derived of the e-mail address. country: ISO 3166-1 alpha-2. language: ISO 639-1.
    product_line: what the person asked for. source, campaign, persona: keys. expected_acv: annual
    contract value, in `currency` (ISO 4217).
    """

    system: str
    external_id: str = ""
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    job_title: str | None = None
    phone: str | None = None
    country: str | None = None
    region: str | None = None
    language: str | None = None
    product_line: str | None = None
    source: str | None = None
    campaign: str | None = None
    persona: str | None = None
    expected_acv: Decimal | None = None
    currency: str | None = None
    account: AccountFacts | None = None


@dataclass(frozen=True, slots=True)
class LeadOutcome:
    """What became of facts about a person; `changed_fields` is empty when all was known.

    is_merged: the lead was known by its e-mail address and got another name. changes: what the
    fields of a known lead held and hold, as JSON. account: what became of its company's facts.
    """

    lead: Lead
    is_created: bool
    changed_fields: tuple[str, ...]
    is_merged: bool = False
    changes: Changes = field(default_factory=dict)
    account: AccountOutcome | None = None


class LeadNotIdentified(ValueError):
    """Neither an external id nor an e-mail address says which lead is meant."""

    def __init__(self) -> None:
        super().__init__("A lead needs an external id or an e-mail address.")


class IdentityConflict(Exception):
    """The external id and the e-mail address name two different leads."""

    def __init__(self, by_identity: Lead, by_email: Lead) -> None:
        self.by_identity = by_identity
        self.by_email = by_email
        super().__init__("The external id and the e-mail address name two different leads.")


def record_lead(
    facts: LeadFacts,
    *,
    received_at: datetime,
    effective_at: datetime | None = None,
    mark: bool = True,
    policies: Policies = OVERWRITE_ALL,
    account_policies: Policies = OVERWRITE_ALL,
) -> LeadOutcome:
    """Find or create the lead, by identity, else by e-mail, and save what is new.

    Saves the account's facts too, or finds the account by the e-mail's domain. Sources and
    campaigns are created on sight. A changed lead is marked pending if `mark`; repeating it
    changes nothing. Of a known lead and account, only what the policies permit changes.

    Raises:
        LeadNotIdentified: there is neither an external id nor an e-mail address.
        IdentityConflict: both are there and name different leads.
        UnknownKey: nobody made the persona.
        AccountNotNamed: the account's facts say neither name nor domain.
        AccountOwnsItself: the account's parent belongs to it.
    """
    if not (facts.external_id or facts.email):
        raise LeadNotIdentified
    way = _Way(Origin.of(facts.system, received_at, effective_at), mark, policies)
    employer = employer_of(facts, effective_at=effective_at)
    if employer is None:
        return _record(facts, {}, way)
    with transaction.atomic():
        account = accounts.record_one(
            employer, received_at=received_at, mark=mark, policies=account_policies
        )
        return _record(facts, {"account_id": account.account.pk}, replace(way, account=account))


def employer_of(facts: LeadFacts, *, effective_at: datetime | None) -> AccountItem | None:
    """Return what was said of the lead's company, None when that names a mail provider alone."""
    said = facts.account
    if said is None or (said.domain and not companies.is_named(said)):
        return None
    return AccountItem(
        facts=said, system=facts.system, effective_at=effective_at, email=facts.email or ""
    )


def find(system: str, external_id: str, email: str) -> Lead | None:
    """Return the lead that an identity, else an e-mail address, names; at most two queries.

    Raises:
        IdentityConflict: the two name different leads.
    """
    address = email.strip().lower()
    by_email = None
    if address:
        by_email = (
            Lead.objects.exclude(email="").alias(key=Lower("email")).filter(key=address).first()
        )
    by_identity = Lead.objects.filter(
        identities__system=system, identities__external_id=external_id or address
    ).first()
    if external_id and by_identity and by_email and by_identity.pk != by_email.pk:
        raise IdentityConflict(by_identity, by_email)
    return by_identity if external_id and by_identity else by_email or by_identity


@dataclass(frozen=True, slots=True)
class _Way:
    """Who says it, and what may come of it."""

    origin: Origin
    mark: bool
    policies: Policies
    account: AccountOutcome | None = None

    @property
    def account_reason(self) -> str:
        """By what the account that was said of the lead was found."""
        return self.account.reason if self.account else ""


def _record(facts: LeadFacts, said: dict[str, Any], way: _Way) -> LeadOutcome:
    values = said | values_of(
        facts,
        sources=sources_by_key(filter(None, [facts.source])),
        campaigns=campaigns_by_key(filter(None, [facts.campaign])),
        personas=personas_by_key(filter(None, [facts.persona])),
    )
    try:
        lead = arrivals.create(
            values,
            external_id=external_id_of(facts),
            origin=way.origin,
            mark=way.mark,
            account_reason=way.account_reason,
        )
    except IntegrityError:
        # Somebody else created it meanwhile; any other reason leaves it missing.
        if find(facts.system, facts.external_id, facts.email or "") is None:
            raise
        lead = None
    if lead is not None:
        logger.info("Lead %s created from %s", lead.pk, facts.system)
        employed = ("account_id",) if lead.account_id and "account_id" not in values else ()
        return LeadOutcome(lead, True, (*values, *employed), account=way.account)
    with transaction.atomic():
        known = find(facts.system, facts.external_id, facts.email or "")
        if known is None:
            raise LookupError("The lead that was known a moment ago is gone.")
        return _update(known, facts, values, way)


def _update(lead: Lead, facts: LeadFacts, said: dict[str, Any], way: _Way) -> LeadOutcome:
    is_merged = _name(lead, facts)
    values, reason = employed(lead, said, reason=way.account_reason)
    if not attributes.differs(lead, attributes.permitted(lead, values, policies=way.policies)):
        return LeadOutcome(lead, False, (), is_merged, account=way.account)
    # Locked only to change it: what is known already does not wait for a worker that judges.
    lead.refresh_from_db(from_queryset=Lead.objects.select_for_update(no_key=True))
    values = attributes.permitted(lead, values, policies=way.policies)
    changes = attributes.update(lead, values, origin=way.origin)
    if "account_id" in changes:
        Lead.objects.filter(pk=lead.pk).update(account_reason=reason)
        lead.account_reason = reason
    if changes.keys() & SUSPECTED_BY:
        duplicates.suspect([lead.pk], received_at=way.origin.received_at)
    if changes and way.mark:
        pending.mark([lead.pk])
    logger.info("Lead %s changed: %s", lead.pk, ", ".join(changes))
    return LeadOutcome(lead, False, tuple(changes), is_merged, changes, way.account)


def employed(lead: Lead, said: dict[str, Any], *, reason: str) -> tuple[dict[str, Any], str]:
    """Give a known lead without an account that of its new address; returns values and reason."""
    address = said.get("email", lead.email)
    if lead.account_id or "account_id" in said or address == lead.email:
        return said, reason
    match = matching.match_account(email=address)
    return (said | {"account_id": match.account.pk}, match.reason) if match else (said, reason)


def _name(lead: Lead, facts: LeadFacts) -> bool:
    """Note under which name a system knows the lead; says whether that is new; one query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO leads_leadidentity (lead_id, system, external_id) VALUES (%s, %s, %s) "
            "ON CONFLICT (system, external_id) DO NOTHING",
            [lead.pk, facts.system, external_id_of(facts)],
        )
        return bool(cursor.rowcount)


def external_id_of(facts: LeadFacts) -> str:
    """Return the name of a lead in the system that speaks, derived where none was given."""
    return facts.external_id or (facts.email or "").strip().lower()


def values_of(
    facts: LeadFacts,
    *,
    sources: Mapping[str, int],
    campaigns: Mapping[str, int],
    personas: Mapping[str, int],
) -> dict[str, Any]:
    """Return what was said of a lead's own fields; the rest are ids by key.

    Raises:
        UnknownKey: nobody made the persona.
    """
    if facts.persona and facts.persona not in personas:
        raise UnknownKey(field="persona", key=facts.persona)
    values: dict[str, Any] = {
        "email": facts.email and facts.email.strip().lower(),
        "first_name": facts.first_name and one_line(facts.first_name),
        "last_name": facts.last_name and one_line(facts.last_name),
        "job_title": facts.job_title and one_line(facts.job_title),
        "phone": facts.phone,
        "country": facts.country and facts.country.upper(),
        "region": facts.region,
        "language": facts.language and facts.language.lower(),
        "product_line": facts.product_line and one_line(facts.product_line),
        "source_id": facts.source and sources[facts.source],
        "campaign_id": facts.campaign and campaigns[facts.campaign],
        "persona_id": facts.persona and personas[facts.persona],
        "expected_acv": facts.expected_acv,
        "currency": facts.currency and facts.currency.upper(),
    }
    return {field: value for field, value in values.items() if value not in (None, "")}
