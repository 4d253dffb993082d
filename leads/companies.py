"""What somebody says about a company, and what of it its account would hold."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from leads import matching
from leads.matching import AccountMatch, Company, company_domain
from leads.models import Account


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFacts:
    """What somebody says about a company; None where nothing was said.

    domain: main e-mail domain; with it, else by name, the account is found; one at a provider
    where anybody can get an address counts as not said. country: ISO 3166-1 alpha-2. currency: ISO
    4217, of revenue (a year) and expected_acv. parent_domain: of the account that owns this one;
    ignored while that is not known. A new account below another's domain belongs to that one.
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
    tier: str | None = None
    technologies: tuple[str, ...] | None = None
    is_target: bool | None = None
    parent_domain: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountItem:
    """Facts about one company among many, by which system, since when, and of whose company."""

    facts: AccountFacts
    system: str = ""
    effective_at: datetime | None = None
    email: str = ""


class AccountNotNamed(ValueError):
    """Neither a name nor a domain says which account is meant."""

    def __init__(self) -> None:
        super().__init__("An account needs a name, or a domain of its own.")


def is_named(facts: AccountFacts) -> bool:
    """Say whether facts name a company: by name, or by a domain of its own."""
    return bool((facts.name or "").strip() or company_domain(facts.domain))


def one_line(text: str) -> str:
    """Return a name as one line: each run of white space is one space."""
    return " ".join(text.split())


def as_company(item: AccountItem) -> Company:
    """Return by what the account of a company is looked for."""
    facts = item.facts
    return Company(name=one_line(facts.name or ""), domain=facts.domain or "", email=item.email)


def gains_domain(facts: AccountFacts, account: Account) -> bool:
    """Say whether a known account would get a domain, which another may have got by now."""
    return company_domain(facts.domain) not in ("", account.domain.lower())


def parents_of(items: Iterable[AccountItem]) -> dict[str, Account]:
    """Return the accounts that may own those of these items, by domain; one query or none."""
    return matching.accounts_at(
        domain
        for item in items
        for domain in (company_domain(item.facts.parent_domain), *_above(item.facts))
    )


def _above(facts: AccountFacts) -> list[str]:
    return matching.parents_of(company_domain(facts.domain))[1:]


def unsaved(facts: AccountFacts, parents: Mapping[str, Account]) -> tuple[Account, dict[str, Any]]:
    """Return an account that nobody saved yet, and its values; `parents` by domain."""
    values = {"name": company_domain(facts.domain)} | values_of(facts, parents)
    above = matching.match_at(_above(facts), parents) if _above(facts) else None
    if above and "parent_id" not in values:
        values["parent_id"] = above.account.pk
    return Account(**values), values


def values_for(
    facts: AccountFacts, match: AccountMatch, parents: Mapping[str, Account]
) -> dict[str, Any]:
    """Return what may be said of a known account: its name by its own domain alone."""
    values = values_of(facts, parents)
    account, domain = match.account, values.get("domain")
    if account.name and not (domain and domain == account.domain.lower()):
        values.pop("name", None)
    return values


def values_of(facts: AccountFacts, parents: Mapping[str, Account]) -> dict[str, Any]:
    """Return what was said as an account's fields hold it; `parents` by domain."""
    parent = parents.get(company_domain(facts.parent_domain))
    values: dict[str, Any] = {
        "name": facts.name and one_line(facts.name),
        "domain": company_domain(facts.domain),
        "country": facts.country and facts.country.upper(),
        "region": facts.region,
        "industry": facts.industry,
        "employee_count": facts.employee_count,
        "revenue": facts.revenue,
        "expected_acv": facts.expected_acv,
        "currency": facts.currency and facts.currency.upper(),
        "funding_stage": facts.funding_stage,
        "tier": facts.tier and one_line(facts.tier),
        "technologies": None if facts.technologies is None else list(facts.technologies),
        "is_target": facts.is_target,
        "parent_id": parent and parent.pk,
    }
    return {field: value for field, value in values.items() if value not in (None, "")}
