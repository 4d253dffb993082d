"""What is recorded about companies: each of them found or created, and changed."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction

from leads import attributes, companies, matching
from leads.attributes import OVERWRITE_ALL, Changes, Origin, Policies
from leads.companies import AccountFacts, AccountItem, AccountNotNamed
from leads.matching import company_domain
from leads.models import Account

logger = logging.getLogger(__name__)


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
    if not companies.is_named(item.facts):
        raise AccountNotNamed
    origin = Origin.of(item.system, received_at, item.effective_at)
    parents = companies.parents_of([item])
    match = matching.match_accounts([companies.as_company(item)])[0]
    if match is None:
        try:
            with transaction.atomic():
                account, values = companies.unsaved(item.facts, parents)
                attributes.create(account, values, origin=origin)
                logger.info("Account %s created", account.pk)
                return AccountOutcome(account, True, tuple(values), reason_for(account))
        except IntegrityError:
            # Somebody else created it meanwhile; any other reason leaves it missing.
            match = matching.match_accounts([companies.as_company(item)])[0]
            if match is None:
                raise
    values = companies.values_for(item.facts, match, parents)
    changes = update(match.account, values, origin=origin, mark=mark, policies=policies)
    return AccountOutcome(match.account, False, tuple(changes), match.reason, changes)


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
    values = companies.values_of(facts, companies.parents_of([AccountItem(facts=facts)]))
    origin = Origin.of(system, received_at, effective_at)
    changes = update(account, values, origin=origin, mark=True, policies=OVERWRITE_ALL)
    return AccountOutcome(account, False, tuple(changes), changes=changes)


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


def reason_for(account: Account) -> str:
    """Say by what an account will be found."""
    return f"domain {account.domain}" if account.domain else f"name {account.name}"


def update(
    account: Account, said: dict[str, Any], *, origin: Origin, mark: bool, policies: Policies
) -> Changes:
    """Save what the policies permit of values said; locks the account when that is anything.

    mark: whether its leads are marked pending.

    Raises:
        AccountOwnsItself: the parent belongs to the account.
    """
    if "parent_domain" in policies:
        policies = {**policies, "parent": policies["parent_domain"]}
    if not attributes.differs(account, attributes.permitted(account, said, policies=policies)):
        return {}
    account.refresh_from_db(from_queryset=Account.objects.select_for_update(no_key=True))
    values = attributes.permitted(account, said, policies=policies)
    if owns_itself(account, values):
        raise AccountOwnsItself(account)
    changes = attributes.update(account, values, origin=origin)
    if changes and mark:
        mark_leads([account.pk])
    logger.info("Account %s changed: %s", account.pk, ", ".join(changes))
    return changes


def owns_itself(account: Account, values: Mapping[str, Any]) -> bool:
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
