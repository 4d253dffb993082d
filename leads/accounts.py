"""What is said about companies."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, connection, transaction

from leads import attributes, matching
from leads.attributes import OVERWRITE_ALL, Changes, Origin, Policies
from leads.matching import AccountMatch, Company, company_domain
from leads.models import Account, AttributeChange

logger = logging.getLogger(__name__)


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


@dataclass(frozen=True, slots=True)
class AccountOutcome:
    """What became of facts about a company; `changed_fields` is empty when all was known.

    reason: by what the account was found, or will be. changes: what the fields of a known
    account held and hold, as JSON.
    """

    account: Account
    is_created: bool
    changed_fields: tuple[str, ...]
    reason: str = ""
    changes: Changes = field(default_factory=dict)


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


class DomainTaken(ValueError):
    """A domain is said of an account that is another's."""

    def __init__(self, owner: Account) -> None:
        super().__init__(f"The domain is that of “{owner}”.")


class AccountOwnsItself(ValueError):
    """An account would be its own parent, or the parent of one of its parents."""

    def __init__(self, account: Account) -> None:
        super().__init__(f"parent_domain: {account} would own itself.")


def record(
    facts: AccountFacts,
    *,
    received_at: datetime,
    effective_at: datetime | None = None,
    system: str = "",
    mark: bool = True,
    policies: Policies = OVERWRITE_ALL,
) -> AccountOutcome:
    """Find or create the account and save what is new; marks its leads pending when that is much.

    Repeating it changes nothing. Of a known account, only what the policies permit changes; that
    of its parent goes by `parent_domain`. One that was found by name keeps its name.

    Raises:
        AccountNotNamed: there is neither a name nor a domain.
        AccountOwnsItself: the parent belongs to the account.
    """
    item = AccountItem(facts=facts, system=system, effective_at=effective_at)
    return record_one(item, received_at=received_at, mark=mark, policies=policies)


@transaction.atomic
def record_one(
    item: AccountItem,
    *,
    received_at: datetime,
    mark: bool = True,
    policies: Policies = OVERWRITE_ALL,
) -> AccountOutcome:
    """Do what `record` does, for somebody's company: their address helps to find it."""
    if not is_named(item.facts):
        raise AccountNotNamed
    origin = Origin.of(item.system, received_at, item.effective_at)
    parents = _parents([item])
    match = matching.match_accounts([_company(item)])[0]
    if match is None:
        try:
            with transaction.atomic():
                account, values = _new(item.facts, parents)
                attributes.create(account, values, origin=origin)
                logger.info("Account %s created", account.pk)
                return AccountOutcome(account, True, tuple(values), _reason(account))
        except IntegrityError:
            # Somebody else created it meanwhile; any other reason leaves it missing.
            match = matching.match_accounts([_company(item)])[0]
            if match is None:
                raise
    values = _values(item.facts, match, parents)
    changes = _update(match.account, values, origin=origin, mark=mark, policies=policies)
    return AccountOutcome(match.account, False, tuple(changes), match.reason, changes)


@transaction.atomic
def record_many(
    items: Sequence[AccountItem],
    *,
    received_at: datetime,
    mark: bool = True,
    policies: Policies = OVERWRITE_ALL,
) -> list[AccountOutcome | ValueError]:
    """Record companies in order: a few queries, and some more for each known one that changes.

    Those which nobody knew are created together, unless one may be meant by another of them: that
    is looked for when its turn comes. One that is known and says nothing new costs no query.

    Returns:
        For each item, in order, its outcome, or what `record` raises.
    """
    batch = _Batch(items, received_at=received_at, mark=mark, policies=policies)
    created = batch.create_new()
    outcomes = [created.get(place) or batch.record(place) for place in range(len(items))]
    batch.join_parents(outcomes)
    return outcomes


@transaction.atomic
def revise(
    account: Account,
    facts: AccountFacts,
    *,
    received_at: datetime,
    effective_at: datetime | None = None,
    system: str = "",
) -> AccountOutcome:
    """Save what is new about this very account, its name and domain included; marks its leads.

    Repeating it changes nothing.

    Raises:
        DomainTaken: the domain is another account's.
        AccountOwnsItself: the parent belongs to the account.
    """
    owner = by_domain(facts.domain) if facts.domain else None
    if owner is not None and owner.pk != account.pk:
        raise DomainTaken(owner)
    values = _said(facts, _parents([AccountItem(facts=facts)]))
    origin = Origin.of(system, received_at, effective_at)
    changes = _update(account, values, origin=origin, mark=True, policies=OVERWRITE_ALL)
    return AccountOutcome(account, False, tuple(changes), changes=changes)


def is_named(facts: AccountFacts) -> bool:
    """Say whether facts name a company: by name, or by a domain of its own."""
    return bool((facts.name or "").strip() or company_domain(facts.domain))


def mark_leads(account_ids: list[int]) -> None:
    """Mark the leads of accounts pending; one query, none for no account."""
    if not account_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO leads_pendingmark (lead_id) "
            "SELECT id FROM leads_lead WHERE account_id = ANY(%s)",
            [account_ids],
        )


class _Batch:
    """Companies that came together, with what was known of them before."""

    def __init__(
        self,
        items: Sequence[AccountItem],
        *,
        received_at: datetime,
        mark: bool,
        policies: Policies,
    ) -> None:
        self.items = items
        self.received_at = received_at
        self.mark = mark
        self.policies = policies
        self.parents = _parents(items)
        self.matches = dict(enumerate(matching.match_accounts([_company(item) for item in items])))
        self.rows = {match.account.pk: match.account for match in self.matches.values() if match}

    def create_new(self) -> dict[int, AccountOutcome]:
        """Create the companies that nobody knew; returns their outcomes by place."""
        new = {place: _new(self.items[place].facts, self.parents) for place in self._new_places()}
        if not new:
            return {}
        try:
            with transaction.atomic():
                Account.objects.bulk_create(account for account, _ in new.values())
                AttributeChange.objects.bulk_create(
                    change
                    for place, (account, values) in new.items()
                    for change in attributes.first_changes(
                        account, values, origin=self._origin(place)
                    )
                )
        except IntegrityError:
            # Somebody else created one meanwhile: let each of them be looked for anew.
            return {}
        logger.info("%s accounts created together", len(new))
        return {
            place: AccountOutcome(account, True, tuple(values), _reason(account))
            for place, (account, values) in new.items()
        }

    def record(self, place: int) -> AccountOutcome | ValueError:
        """Record one that is known, or may have become known by one above."""
        item, match = self.items[place], self.matches[place]
        try:
            if match is None or _gains_domain(item.facts, match.account):
                return record_one(
                    item, received_at=self.received_at, mark=self.mark, policies=self.policies
                )
            # One row for an account, however often it is meant.
            account = self.rows[match.account.pk]
            values = _values(item.facts, AccountMatch(account, match.reason), self.parents)
            changes = _update(
                account,
                values,
                origin=self._origin(place),
                mark=self.mark,
                policies=self.policies,
            )
        except ValueError as error:
            return error
        return AccountOutcome(account, False, tuple(changes), match.reason, changes)

    def join_parents(self, outcomes: Sequence[AccountOutcome | ValueError]) -> None:
        """Give those a parent that came with it; two queries, and some more for each."""
        orphans = {
            place: outcome.account
            for place, outcome in enumerate(outcomes)
            if isinstance(outcome, AccountOutcome)
            and self._parent_domain(place) not in ("", *self.parents)
        }
        parents = _parents([self.items[place] for place in orphans])
        for place, account in orphans.items():
            if parent := parents.get(self._parent_domain(place)):
                said = {"parent_id": parent.pk}
                if _owns_itself(account, said):
                    # Of two that are to own each other, the first said stands.
                    logger.warning("%s cannot belong to %s, which it owns", account, parent)
                    continue
                _update(
                    account,
                    said,
                    origin=self._origin(place),
                    mark=self.mark,
                    policies=self.policies,
                )

    def _parent_domain(self, place: int) -> str:
        return company_domain(self.items[place].facts.parent_domain)

    def _new_places(self) -> Iterable[int]:
        open_places = [
            place
            for place, item in enumerate(self.items)
            if self.matches[place] is None and is_named(item.facts)
        ]
        cores = matching.cores_of(self.items[place].facts.name or "" for place in open_places)
        seen = {
            company_domain(item.facts.domain)
            for place, item in enumerate(self.items)
            if (match := self.matches[place]) and _gains_domain(item.facts, match.account)
        }
        for place, core in zip(open_places, cores, strict=True):
            facts = self.items[place].facts
            names = {core, company_domain(facts.domain)} - {""}
            if not names & seen:
                yield place
            seen |= names

    def _origin(self, place: int) -> Origin:
        item = self.items[place]
        return Origin.of(item.system, self.received_at, item.effective_at)


def _gains_domain(facts: AccountFacts, account: Account) -> bool:
    """Say whether a known account would get a domain, which another may have got by now."""
    return company_domain(facts.domain) not in ("", account.domain.lower())


def _company(item: AccountItem) -> Company:
    facts = item.facts
    return Company(name=one_line(facts.name or ""), domain=facts.domain or "", email=item.email)


def _reason(account: Account) -> str:
    return f"domain {account.domain}" if account.domain else f"name {account.name}"


def _update(
    account: Account, said: dict[str, Any], *, origin: Origin, mark: bool, policies: Policies
) -> Changes:
    if "parent_domain" in policies:
        policies = {**policies, "parent": policies["parent_domain"]}
    if not attributes.differs(account, attributes.permitted(account, said, policies=policies)):
        return {}
    account.refresh_from_db(from_queryset=Account.objects.select_for_update(no_key=True))
    values = attributes.permitted(account, said, policies=policies)
    if _owns_itself(account, values):
        raise AccountOwnsItself(account)
    changes = attributes.update(account, values, origin=origin)
    if changes and mark:
        mark_leads([account.pk])
    logger.info("Account %s changed: %s", account.pk, ", ".join(changes))
    return changes


def _owns_itself(account: Account, values: Mapping[str, Any]) -> bool:
    """Say whether a new parent belongs to the account; a trigger refuses what this cannot see."""
    parent_id = values.get("parent_id")
    if parent_id is None or parent_id == account.parent_id:
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE above (id) AS (
                SELECT %s::bigint
                UNION
                SELECT account.parent_id FROM leads_account AS account JOIN above USING (id)
            )
            SELECT EXISTS (SELECT FROM above WHERE id = %s)
            """,
            [parent_id, account.pk],
        )
        return bool(cursor.fetchone()[0])


def by_domain(domain: str) -> Account | None:
    """Return the account of that very domain; one query."""
    key = company_domain(domain)
    return matching.accounts_at([key]).get(key)


def one_line(text: str) -> str:
    """Return a name as one line: each run of white space is one space."""
    return " ".join(text.split())


def _parents(items: Iterable[AccountItem]) -> dict[str, Account]:
    """Return the accounts that may own those of these items, by domain; one query or none."""
    return matching.accounts_at(
        domain
        for item in items
        for domain in (company_domain(item.facts.parent_domain), *_above(item.facts))
    )


def _above(facts: AccountFacts) -> list[str]:
    return matching.parents_of(company_domain(facts.domain))[1:]


def _new(facts: AccountFacts, parents: Mapping[str, Account]) -> tuple[Account, dict[str, Any]]:
    """Return an unsaved account and its values."""
    values = {"name": company_domain(facts.domain)} | _said(facts, parents)
    above = matching.match_at(_above(facts), parents) if _above(facts) else None
    if above and "parent_id" not in values:
        values["parent_id"] = above.account.pk
    return Account(**values), values


def _values(
    facts: AccountFacts, match: AccountMatch, parents: Mapping[str, Account]
) -> dict[str, Any]:
    """Return what may be said of a known account: its name by its own domain alone."""
    values = _said(facts, parents)
    account, domain = match.account, values.get("domain")
    if account.name and not (domain and domain == account.domain.lower()):
        values.pop("name", None)
    return values


def _said(facts: AccountFacts, parents: Mapping[str, Account]) -> dict[str, Any]:
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
