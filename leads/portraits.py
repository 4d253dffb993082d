"""Portraits: people imagined from top to toe, or leads without what names them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from definitions import queries
from definitions.models import DefinitionVersion
from leads import evaluations, facts, profiles
from leads.models import Assertion, Lead, Touchpoint
from leads.profiles import AsOf, Profile
from leads.tallies import ACCOUNT_FACTS

MOST_TOUCHPOINTS = 100
"""Touchpoints taken over from a lead, the latest first."""

FARTHEST_DAYS = 365
"""Touchpoints older than these are not taken over from a lead."""

COMPANY_FACTS = frozenset(
    {
        "has_account",
        "industry",
        "employee_count",
        "revenue",
        "funding_stage",
        "account_tier",
        "technologies",
        "is_target_account",
        "is_customer",
    }
)
"""What is said of the company: whoever has any of these belongs to one."""

PERSON_FACTS = frozenset(
    {
        "job_title",
        "country",
        "region",
        "language",
        "product_line",
        "persona",
        "source",
        "expected_acv",
        "email_is_known",
        "email_is_free_mail",
        "phone_is_known",
    }
)
"""What is said of the person; `job_title` is what authority is read from."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """Somebody imagined, or a lead without what names them.

    profile: what is known by fact (`COMPANY_FACTS`, `PERSON_FACTS`). touchpoints: each {kind,
    channel, days_ago} (calendar days) with, where they matter, {campaign, asset} keys,
    `is_unverified`, and `colleague`: the number of somebody else of the company who did it.
    answers: what people answered, by what was asked.
    """

    profile: Mapping[str, Any] = field(default_factory=dict)
    touchpoints: Sequence[Mapping[str, Any]] = ()
    answers: Mapping[str, Any] = field(default_factory=dict)

    @property
    def has_company(self) -> bool:
        """Whether anything is said of a company, or somebody else of it did something."""
        said = any(self.profile.get(fact) not in (None, False, "", []) for fact in COMPANY_FACTS)
        return said or any(one.get("colleague") for one in self.touchpoints)


def of_lead(lead: Lead, version: DefinitionVersion, *, at: datetime) -> Portrait:
    """Return a lead as it was at an instant, without name, address and number.

    What others of its company did is taken over where the version asks for that.
    """
    agreement = queries.agreement_of(version)
    as_of = AsOf(at, None)
    profile = profiles.read([lead.pk], as_of)[lead.pk]
    is_account_asked = any(ref.fact in ACCOUNT_FACTS for ref in agreement.refs)
    numbers = {lead.pk: 0}
    if is_account_asked and profile.account_id:
        members = profiles.members_of([profile.account_id], as_of)
        others = sorted(pk for pk, _ in members if pk != lead.pk)
        numbers |= {pk: number for number, pk in enumerate(others, 1)}
    is_customer = bool(
        profile.account_id and profiles.customers_among([profile.account_id], as_of)
    )
    return Portrait(
        profile=_profile(profile, is_customer=is_customer),
        touchpoints=_done(numbers, at=at, zone=ZoneInfo(agreement.day_zone)),
        answers=_answered(lead, at=at),
    )


def _profile(profile: Profile, *, is_customer: bool) -> dict[str, Any]:
    said = {
        **{
            fact: facts.ATTRIBUTES[fact](profile)
            for fact in sorted((COMPANY_FACTS | PERSON_FACTS) & facts.ATTRIBUTES.keys())
        },
        "job_title": profile.job_title,
        "is_customer": is_customer,
    }
    return {
        fact: evaluations.plain(value)
        for fact, value in said.items()
        if value not in (None, "", False, ())
    }


def _done(numbers: Mapping[int, int], *, at: datetime, zone: ZoneInfo) -> list[dict[str, Any]]:
    """Return what people did, latest first; one query."""
    rows = (
        Touchpoint.objects.filter(
            lead__in=numbers,
            is_bot=False,
            occurred_at__lte=at,
            occurred_at__gt=at - timedelta(days=FARTHEST_DAYS),
        )
        .order_by("-occurred_at", "-pk")
        .values_list(
            "lead_id",
            "occurred_at",
            "is_verified",
            "kind__key",
            "channel",
            "campaign__key",
            "asset__key",
        )[:MOST_TOUCHPOINTS]
    )
    today = at.astimezone(zone).date()
    return [
        {"kind": kind, "channel": channel}
        | {"days_ago": (today - occurred_at.astimezone(zone).date()).days}
        | ({"campaign": campaign} if campaign else {})
        | ({"asset": asset} if asset else {})
        | ({} if is_verified else {"is_unverified": True})
        | ({"colleague": numbers[lead]} if numbers[lead] else {})
        for lead, occurred_at, is_verified, kind, channel, campaign, asset in rows
    ]


def _answered(lead: Lead, *, at: datetime) -> dict[str, Any]:
    """Return the latest answers that held at an instant; one query."""
    answers: dict[str, list[Any]] = defaultdict(list)
    for what, value, expires_at in (
        Assertion.objects.filter(lead=lead, asserted_at__lte=at)
        .order_by("asserted_at", "pk")
        .values_list("what", "value", "expires_at")
    ):
        if expires_at is None or expires_at > at:
            answers[what].append(value)
    return {what: values[-1] for what, values in answers.items()}
