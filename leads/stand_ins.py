"""Rows of people imagined from top to toe, written in a savepoint and never kept."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.db import transaction

from definitions.models import TouchpointKind
from definitions.vocabulary import Category
from leads import attributes, imagined, marketing
from leads.attributes import Origin
from leads.models import Account, Assertion, Asset, AttributeChange, Lead, Opportunity, Touchpoint
from leads.portraits import Portrait

SYSTEM = imagined.SYSTEM

ALWAYS = timedelta(days=36_500)
"""How long before the judgement everything that is known of somebody imagined has held."""

CURRENCY = "EUR"
"""Amounts are compared as they are written; the row must name a currency."""


@contextmanager
def had(portraits: Sequence[Portrait], *, at: datetime, zone: ZoneInfo) -> Iterator[list[int]]:
    """Have leads like these, until the block is left; yields their ids, in order.

    Written inside a savepoint that is rolled back: whoever reads in the block reads them as it
    reads any lead, and nobody else ever sees them.
    """
    with transaction.atomic():
        yield _Writing(portraits, at=at, zone=zone).write() if portraits else []
        transaction.set_rollback(True)


class _Writing:
    """Rows of people imagined, about a dozen statements for any number of them."""

    def __init__(self, portraits: Sequence[Portrait], *, at: datetime, zone: ZoneInfo) -> None:
        self.portraits = portraits
        self.at = at
        self.zone = zone
        self.origin = Origin(SYSTEM, at - ALWAYS, at - ALWAYS)
        self.changes: list[AttributeChange] = []

    def write(self) -> list[int]:
        """Write everybody with their company, deals, touchpoints and answers."""
        accounts = self._accounts()
        people = self._people(accounts)
        self._deals(accounts, people)
        self._touchpoints(self._everybody(people, accounts))
        self._answers(people)
        AttributeChange.objects.bulk_create(self.changes)
        return [person.pk for person in people]

    def _accounts(self) -> dict[int, Account]:
        said = {
            place: _company(one.profile)
            for place, one in enumerate(self.portraits)
            if one.has_company
        }
        made = Account.objects.bulk_create(Account(**values) for values in said.values())
        for account, values in zip(made, said.values(), strict=True):
            self.changes += attributes.first_changes(account, values, origin=self.origin)
        return dict(zip(said, made, strict=True))

    def _people(self, accounts: Mapping[int, Account]) -> list[Lead]:
        sources = marketing.sources_by_key(self._keys("source"))
        personas = marketing.personas_by_key(self._keys("persona"))
        said = [
            _person(one.profile)
            | {
                "source_id": sources.get(one.profile.get("source", "")),
                "persona_id": personas.get(one.profile.get("persona", "")),
                "account_id": accounts[place].pk if place in accounts else None,
            }
            for place, one in enumerate(self.portraits)
        ]
        made = Lead.objects.bulk_create(Lead(**values) for values in said)
        for person, values in zip(made, said, strict=True):
            self.changes += attributes.first_changes(person, values, origin=self.origin)
        return made

    def _keys(self, name: str) -> set[str]:
        return {key for one in self.portraits if (key := one.profile.get(name))}

    def _deals(self, accounts: Mapping[int, Account], people: Sequence[Lead]) -> None:
        said: list[dict[str, Any]] = [
            {
                "account_id": account.pk,
                "stage": "won",
                "closed_at": self.origin.effective_at,
            }
            for place, account in accounts.items()
            if self.portraits[place].profile.get("is_customer")
        ]
        buyers = {account.pk: people[place].pk for place, account in accounts.items()}
        made = Opportunity.objects.bulk_create(
            Opportunity(
                lead_id=buyers[values["account_id"]],
                system=SYSTEM,
                external_id=str(uuid4()),
                **values,
            )
            for values in said
        )
        for deal, values in zip(made, said, strict=True):
            self.changes += attributes.first_changes(deal, values, origin=self.origin)

    def _everybody(
        self, people: Sequence[Lead], accounts: Mapping[int, Account]
    ) -> dict[tuple[int, int], int]:
        """Return ids by place and number of the colleague; 0 is the person imagined."""
        named = {
            (place, int(done["colleague"])): accounts[place].pk
            for place, one in enumerate(self.portraits)
            for done in one.touchpoints
            if done.get("colleague")
        }
        made = Lead.objects.bulk_create(Lead(account_id=account) for account in named.values())
        for colleague in made:
            self.changes += attributes.first_changes(
                colleague, {"account_id": colleague.account_id}, origin=self.origin
            )
        own = {(place, 0): person.pk for place, person in enumerate(people)}
        return own | {who: lead.pk for who, lead in zip(named, made, strict=True)}

    def _touchpoints(self, everybody: Mapping[tuple[int, int], int]) -> None:
        done = [
            (everybody[place, int(one.get("colleague") or 0)], one)
            for place, portrait in enumerate(self.portraits)
            for one in portrait.touchpoints
        ]
        kinds = _kinds({one["kind"] for _, one in done})
        campaigns = marketing.campaigns_by_key(
            {c for _, one in done if (c := one.get("campaign"))}
        )
        assets = _assets({key for _, one in done if (key := one.get("asset"))})
        Touchpoint.objects.bulk_create(
            Touchpoint(
                lead_id=lead,
                kind_id=kinds[one["kind"]],
                channel=one["channel"],
                occurred_at=(occurred_at := self._instant(one["days_ago"])),
                received_at=occurred_at,
                system=SYSTEM,
                external_id=str(uuid4()),
                campaign_id=campaigns.get(one.get("campaign") or ""),
                asset_id=assets.get(one.get("asset") or ""),
                is_verified=not one.get("is_unverified"),
            )
            for lead, one in done
        )

    def _instant(self, days_ago: int) -> datetime:
        return self.at.astimezone(self.zone) - timedelta(days=days_ago) if days_ago else self.at

    def _answers(self, people: Sequence[Lead]) -> None:
        # Who answered is open: references are checked at the end of a transaction, which never
        # comes.
        Assertion.objects.bulk_create(
            Assertion(
                lead=person,
                what=what,
                value=value,
                evidence=SYSTEM,
                asserted_by_id=imagined.NOBODY,
                asserted_at=self.at,
                received_at=self.at,
            )
            for person, portrait in zip(people, self.portraits, strict=True)
            for what, value in portrait.answers.items()
        )


def _company(said: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": SYSTEM,
        "industry": said.get("industry") or "",
        "employee_count": said.get("employee_count"),
        "revenue": _amount(said.get("revenue")),
        "currency": CURRENCY,
        "funding_stage": said.get("funding_stage") or "",
        "tier": said.get("account_tier") or "",
        "technologies": list(said.get("technologies") or ()),
        "is_target": bool(said.get("is_target_account")),
    }


_TEXTS = ("job_title", "country", "region", "language", "product_line")


def _person(said: Mapping[str, Any]) -> dict[str, Any]:
    acv = _amount(said.get("expected_acv"))
    return {
        "email": _email(said),
        "phone": "+49" if said.get("phone_is_known") else "",
        "expected_acv": acv,
        "currency": "" if acv is None else CURRENCY,
    } | {name: said.get(name) or "" for name in _TEXTS}


def _email(said: Mapping[str, Any]) -> str:
    if said.get("email_is_free_mail"):
        return f"{uuid4()}@gmail.com"
    return f"{uuid4()}@example.com" if said.get("email_is_known") else ""


def _amount(said: Any) -> Decimal | None:
    return None if said is None else Decimal(str(said))


def _kinds(keys: Iterable[str]) -> dict[str, int]:
    """Return the ids of kinds; those of which the catalog does not know are imagined too."""
    known = dict(TouchpointKind.objects.values_list("key", "pk"))
    made = TouchpointKind.objects.bulk_create(
        TouchpointKind(key=key, name=key, category=Category.OTHER)
        for key in sorted(set(keys) - known.keys())
    )
    return known | {kind.key: kind.pk for kind in made}


def _assets(keys: Iterable[str]) -> dict[str, int]:
    """Return the ids of assets; those that are not known are imagined too."""
    wanted = set(keys)
    if not wanted:
        return {}
    known = dict(Asset.objects.filter(key__in=wanted).values_list("key", "pk"))
    made = Asset.objects.bulk_create(
        Asset(key=key, title=key) for key in sorted(wanted - known.keys())
    )
    return known | {asset.key: asset.pk for asset in made}
