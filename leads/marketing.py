"""Sources, campaigns and personas by the keys under which integrations name them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from django.db import IntegrityError, transaction

from leads import attributes
from leads.attributes import OVERWRITE_ALL, Changes, Policies
from leads.models import Campaign, Persona, Source


class UnknownKey(ValueError):
    """A key names nothing that exists, and the thing is not made on sight."""

    def __init__(self, *, field: str, key: str) -> None:
        self.field = field
        self.key = key
        super().__init__(f"{field}: “{key}” is not known.")


class CampaignRefused(ValueError):
    """What is said about a campaign contradicts itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignFacts:
    """What somebody says about a campaign; None where nothing was said.

    source: key. cost: what was spent on it so far, in `currency` (ISO 4217).
    """

    key: str
    name: str | None = None
    source: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    cost: Decimal | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class CampaignOutcome:
    """What became of facts about a campaign; changes: what known fields held and hold."""

    campaign: Campaign
    is_created: bool
    changes: Changes = field(default_factory=dict)


def record_campaigns(
    items: Sequence[CampaignFacts], *, policies: Policies = OVERWRITE_ALL
) -> list[CampaignOutcome | CampaignRefused]:
    """Find or create campaigns by key and save what is new; at most six queries.

    Sources are created on sight. Of a known campaign, only what the policies permit changes;
    repeating it changes nothing.

    Returns:
        For each item, in order, its outcome, or CampaignRefused: it would end before it starts,
        or have a cost without a currency.
    """
    try:
        with transaction.atomic():
            return _record(items, policies)
    except IntegrityError:
        # Somebody else created one meanwhile: by now it is known. Anything else fails again.
        with transaction.atomic():
            return _record(items, policies)


def _record(
    items: Sequence[CampaignFacts], policies: Policies
) -> list[CampaignOutcome | CampaignRefused]:
    sources = sources_by_key(item.source for item in items if item.source)
    found = Campaign.objects.filter(key__in={item.key for item in items})
    known = {campaign.key: campaign for campaign in found}
    outcomes: list[CampaignOutcome | CampaignRefused] = []
    changed: dict[str, Campaign] = {}
    for item in items:
        campaign = known.get(item.key) or Campaign(key=item.key, name=_name_of(item.key))
        is_created = item.key not in known
        said = _values(item, sources)
        values = said if is_created else attributes.permitted(campaign, said, policies=policies)
        if refusal := _refusal(campaign, values):
            outcomes.append(refusal)
            continue
        known[item.key] = campaign
        changes = attributes.assign(campaign, values)
        if changes or is_created:
            changed[item.key] = campaign
        outcomes.append(CampaignOutcome(campaign, is_created, {} if is_created else changes))
    new = [campaign for campaign in changed.values() if campaign.pk is None]
    old = [campaign for campaign in changed.values() if campaign.pk is not None]
    Campaign.objects.bulk_create(new)
    Campaign.objects.bulk_update(old, _FIELDS, batch_size=1000)
    return outcomes


_FIELDS = ("name", "source", "starts_on", "ends_on", "cost", "currency")


def _values(facts: CampaignFacts, sources: Mapping[str, int]) -> dict[str, Any]:
    values: dict[str, Any] = {
        "name": facts.name,
        "source_id": facts.source and sources[facts.source],
        "starts_on": facts.starts_on,
        "ends_on": facts.ends_on,
        "cost": facts.cost,
        "currency": facts.currency and facts.currency.upper(),
    }
    return {field: value for field, value in values.items() if value not in (None, "")}


def _refusal(campaign: Campaign, values: Mapping[str, Any]) -> CampaignRefused | None:
    then = {field: values.get(field, getattr(campaign, field)) for field in _FIELDS[2:]}
    if then["starts_on"] and then["ends_on"] and then["ends_on"] < then["starts_on"]:
        return CampaignRefused(
            f"ends_on: the campaign would end on {then['ends_on']}, before it starts on "
            f"{then['starts_on']}."
        )
    if then["cost"] is not None and then["cost"] < 0:
        return CampaignRefused("cost: is below zero.")
    if then["cost"] is not None and not then["currency"]:
        return CampaignRefused("currency: a cost needs one.")
    return None


def sources_by_key(keys: Iterable[str]) -> dict[str, int]:
    """Return the ids of sources, creating those never seen; one query when all are known."""
    return _ids_by_key(Source, keys)


def campaigns_by_key(keys: Iterable[str]) -> dict[str, int]:
    """Return the ids of campaigns, creating those never seen; one query when all are known."""
    return _ids_by_key(Campaign, keys)


def personas_by_key(keys: Iterable[str]) -> dict[str, int]:
    """Return the ids of the personas that somebody made; one query, none without keys."""
    wanted = frozenset(keys)
    found = Persona.objects.filter(key__in=wanted) if wanted else Persona.objects.none()
    return dict(found.values_list("key", "pk"))


_Keyed = TypeVar("_Keyed", Source, Campaign)


def _ids_by_key(model: type[_Keyed], keys: Iterable[str]) -> dict[str, int]:
    wanted = frozenset(keys)
    if not wanted:
        return {}
    known = _read(model, wanted)
    missing = sorted(wanted - known.keys())
    if missing:
        model._default_manager.bulk_create(
            (model(key=key, name=_name_of(key)) for key in missing), ignore_conflicts=True
        )
        known = _read(model, wanted)
    return known


def _read(model: type[_Keyed], keys: frozenset[str]) -> dict[str, int]:
    return dict(model._default_manager.filter(key__in=keys).values_list("key", "pk"))


def _name_of(key: str) -> str:
    return key.replace("_", " ").replace("-", " ").strip().capitalize() or key
