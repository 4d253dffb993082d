"""Companies that came together, recorded by a few queries for all of them."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import IntegrityError, transaction

from leads import accounts, attributes, companies, matching
from leads.accounts import AccountOutcome
from leads.attributes import OVERWRITE_ALL, Origin, Policies
from leads.companies import AccountItem
from leads.matching import AccountMatch, company_domain
from leads.models import Account, AttributeChange

logger = logging.getLogger(__name__)


@transaction.atomic
def record(
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
        For each item, in order, its outcome, or what `accounts.record` raises.
    """
    batch = _Batch(items, received_at=received_at, mark=mark, policies=policies)
    created = batch.create_new()
    outcomes = [created.get(place) or batch.record(place) for place in range(len(items))]
    batch.join_parents(outcomes)
    return outcomes


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
        self.parents = companies.parents_of(items)
        self.matches = dict(
            enumerate(matching.match_accounts([companies.as_company(item) for item in items]))
        )
        self.rows = {match.account.pk: match.account for match in self.matches.values() if match}

    def create_new(self) -> dict[int, AccountOutcome]:
        """Create the companies that nobody knew; returns their outcomes by place."""
        new = {
            place: companies.unsaved(self.items[place].facts, self.parents)
            for place in self._new_places()
        }
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
            place: AccountOutcome(account, True, tuple(values), accounts.reason_for(account))
            for place, (account, values) in new.items()
        }

    def record(self, place: int) -> AccountOutcome | ValueError:
        """Record one that is known, or may have become known by one above."""
        item, match = self.items[place], self.matches[place]
        try:
            if match is None or companies.gains_domain(item.facts, match.account):
                return accounts.record_one(
                    item, received_at=self.received_at, mark=self.mark, policies=self.policies
                )
            # One row for an account, however often it is meant.
            account = self.rows[match.account.pk]
            values = companies.values_for(
                item.facts, AccountMatch(account, match.reason), self.parents
            )
            changes = accounts.update(
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
        parents = companies.parents_of([self.items[place] for place in orphans])
        for place, account in orphans.items():
            if parent := parents.get(self._parent_domain(place)):
                said = {"parent_id": parent.pk}
                if accounts.owns_itself(account, said):
                    # Of two that are to own each other, the first said stands.
                    logger.warning("%s cannot belong to %s, which it owns", account, parent)
                    continue
                accounts.update(
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
            if self.matches[place] is None and companies.is_named(item.facts)
        ]
        cores = matching.cores_of(self.items[place].facts.name or "" for place in open_places)
        seen = {
            company_domain(item.facts.domain)
            for place, item in enumerate(self.items)
            if (match := self.matches[place]) and companies.gains_domain(item.facts, match.account)
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
