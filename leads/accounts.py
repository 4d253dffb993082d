"""What is said about companies."""

import logging
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Lower

from leads import attributes
from leads.attributes import Origin
from leads.matching import bare_domain
from leads.models import Account

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFacts:
    """What somebody says about a company; None where nothing was said.

    domain: main e-mail domain; with it, else by name, the account is found. country: ISO 3166-1
    alpha-2. currency: ISO 4217, of revenue (a year) and expected_acv. parent_domain: of the
    account that owns this one; ignored while that is not known.
    """

    name: str | None = None
    domain: str | None = None
    country: str | None = None
    region: str | None = None
    industry: str | None = None
    employee_count: int | None = None
    revenue: Decimal | None = None
    expected_acv: Decimal | None = None
    currency: str | None = None
    funding_stage: str | None = None
    technologies: tuple[str, ...] | None = None
    is_target: bool | None = None
    parent_domain: str | None = None


@dataclass(frozen=True, slots=True)
class AccountOutcome:
    """What became of facts about a company; `changed_fields` is empty when all was known."""

    account: Account
    is_created: bool
    changed_fields: tuple[str, ...]


class AccountNotNamed(ValueError):
    """Neither a name nor a domain says which account is meant."""


@transaction.atomic
def record(
    facts: AccountFacts,
    *,
    received_at: datetime,
    effective_at: datetime | None = None,
    system: str = "",
    mark: bool = True,
) -> AccountOutcome:
    """Find or create the account and save what is new; marks its leads pending when that is much.

    Repeating it changes nothing.

    Raises:
        AccountNotNamed: there is neither a name nor a domain.
    """
    if not (facts.name or facts.domain):
        raise AccountNotNamed("An account needs a name or a domain.")
    origin = Origin.of(system, received_at, effective_at)
    values = _values(facts)
    account = _find(facts)
    if account is None:
        try:
            with transaction.atomic():
                account = Account(name="")
                attributes.create(account, {"name": facts.domain} | values, origin=origin)
                logger.info("Account %s created", account.pk)
                return AccountOutcome(account, True, tuple(values))
        except IntegrityError:
            # Somebody else created it meanwhile; any other reason leaves it missing.
            account = _find(facts)
            if account is None:
                raise
    return AccountOutcome(account, False, _update(account, values, origin=origin, mark=mark))


def mark_leads(account_ids: list[int]) -> None:
    """Mark the leads of accounts pending."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO leads_pendingmark (lead_id) "
            "SELECT id FROM leads_lead WHERE account_id = ANY(%s)",
            [account_ids],
        )


def _update(
    account: Account, values: dict[str, Any], *, origin: Origin, mark: bool
) -> tuple[str, ...]:
    if not attributes.differs(account, values):
        return ()
    account.refresh_from_db(from_queryset=Account.objects.select_for_update(no_key=True))
    changed = attributes.update(account, values, origin=origin)
    if changed and mark:
        mark_leads([account.pk])
    logger.info("Account %s changed: %s", account.pk, ", ".join(changed))
    return changed


def _find(facts: AccountFacts) -> Account | None:
    if facts.domain:
        found = by_domain(facts.domain)
        if found or not facts.name:
            return found
        named = Account.objects.filter(name__iexact=one_line(facts.name), domain="")
    else:
        named = Account.objects.filter(name__iexact=one_line(facts.name or ""))
    return named.order_by("pk").first()


def by_domain(domain: str) -> Account | None:
    """Return the account of that very domain; one query."""
    return (
        Account.objects.exclude(domain="")
        .alias(key=Lower("domain"))
        .filter(key=bare_domain(domain))
        .first()
    )


def one_line(text: str) -> str:
    """Return a name as one line: each run of white space is one space."""
    return " ".join(text.split())


def _values(facts: AccountFacts) -> dict[str, Any]:
    parent = by_domain(facts.parent_domain) if facts.parent_domain else None
    values: dict[str, Any] = {
        "name": facts.name and one_line(facts.name),
        "domain": facts.domain and bare_domain(facts.domain),
        "country": facts.country and facts.country.upper(),
        "region": facts.region,
        "industry": facts.industry,
        "employee_count": facts.employee_count,
        "revenue": facts.revenue,
        "expected_acv": facts.expected_acv,
        "currency": facts.currency and facts.currency.upper(),
        "funding_stage": facts.funding_stage,
        "technologies": None if facts.technologies is None else list(facts.technologies),
        "is_target": facts.is_target,
        "parent_id": parent and parent.pk,
    }
    return {field: value for field, value in values.items() if value not in (None, "")}
