"""What a judgement rests on: the touchpoints, attributes and answers behind each question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from definitions.agreement import Agreement
from definitions.conditions import FactRef
from definitions.vocabulary import Parameter
from leads.facts import ANSWERS
from leads.models import Assertion, AttributeChange, Evaluation, Lead, Touchpoint
from leads.tallies import ACCOUNT_FACTS, AGGREGATES, counts

MOST_TOUCHPOINTS = 1000
"""The latest so many are looked at."""

SPOKEN_OF: dict[str, tuple[str, ...]] = {
    "country": ("lead.country", "account.country"),
    "region": ("lead.region", "account.region"),
    "language": ("lead.language",),
    "product_line": ("lead.product_line",),
    "industry": ("account.industry",),
    "employee_count": ("account.employee_count",),
    "revenue": ("account.revenue",),
    "funding_stage": ("account.funding_stage",),
    "account_tier": ("account.tier",),
    "technologies": ("account.technologies",),
    "is_target_account": ("account.is_target",),
    "has_account": ("lead.account",),
    "is_customer": (),
    "expected_acv": ("lead.expected_acv", "account.expected_acv"),
    "persona": ("lead.persona",),
    "source": ("lead.source",),
    "email_is_known": ("lead.email",),
    "email_is_free_mail": ("lead.email",),
    "phone_is_known": ("lead.phone",),
    "title_authority": ("lead.job_title",),
    "title_confidence": ("lead.job_title",),
}
"""The attributes that a fact is read off, the one that counts first; total with the others."""


@dataclass(frozen=True, slots=True)
class Citation:
    """What stands behind one question: at most one of the three is there.

    `touchpoints` that counted, latest first; the `change` that said the attribute, which is
    `field` of the lead or account ("account.industry"); the `answer` of a person.
    """

    touchpoints: tuple[Touchpoint, ...] = ()
    field: str = ""
    change: AttributeChange | None = None
    answer: Assertion | None = None


NOTHING = Citation()


def of(evaluation: Evaluation, agreement: Agreement) -> dict[FactRef, Citation]:
    """Return what an evaluation rests on, by question; three queries at most.

    Touchpoints of colleagues, which count for an account, are left out.
    """
    lead = evaluation.lead
    as_of = (evaluation.at, evaluation.known_at)
    touched = _touchpoints(lead, agreement, *as_of)
    changes = _changes(lead, *as_of)
    answers = _answers(lead, agreement, *as_of)
    return {
        ref: _citation(ref, agreement, touched, changes, answers, evaluation.at)
        for ref in agreement.refs
    }


def _citation(
    ref: FactRef,
    agreement: Agreement,
    touched: Sequence[Touchpoint],
    changes: Mapping[str, AttributeChange],
    answers: Mapping[str, Assertion],
    at: datetime,
) -> Citation:
    if ref.fact in ANSWERS:
        return Citation(answer=answers.get(_what(ref)))
    if ref.fact in AGGREGATES:
        return Citation(
            touchpoints=tuple(one for one in touched if _counted(one, ref, agreement, at))
        )
    for field in SPOKEN_OF[ref.fact]:
        if field in changes:
            return Citation(field=field, change=changes[field])
    return NOTHING


def _what(ref: FactRef) -> str:
    return str(ref.parameter(Parameter.WHAT, ref.fact))


def _counted(touchpoint: Touchpoint, ref: FactRef, agreement: Agreement, at: datetime) -> bool:
    days = ref.parameter(Parameter.DAYS)
    channels = ref.parameter(Parameter.CHANNELS)
    campaigns = ref.parameter(Parameter.CAMPAIGNS)
    campaign = touchpoint.campaign.key if touchpoint.campaign else ""
    key = touchpoint.kind.key
    return (
        (days is None or touchpoint.occurred_at > at - timedelta(days=days))
        and counts(ref, key, agreement.kinds.get(key))
        and (not channels or touchpoint.channel in channels)
        and (not campaigns or campaign in campaigns)
        and (not ref.parameter(Parameter.VERIFIED_ONLY) or touchpoint.is_verified)
        and (ref.fact != "campaigns" or bool(campaign))
    )


def _touchpoints(
    lead: Lead, agreement: Agreement, at: datetime, known_at: datetime
) -> list[Touchpoint]:
    asked = [ref for ref in agreement.refs if ref.fact in AGGREGATES]
    own = [ref for ref in asked if ref.fact not in ACCOUNT_FACTS]
    if not own:
        return []
    windows = [ref.parameter(Parameter.DAYS) for ref in own]
    rows = Touchpoint.objects.filter(
        lead=lead, is_bot=False, occurred_at__lte=at, received_at__lte=known_at
    )
    if None not in windows:
        rows = rows.filter(occurred_at__gt=at - timedelta(days=max(windows)))
    rows = rows.select_related("kind", "asset", "campaign").order_by("-occurred_at", "-pk")
    return list(rows[:MOST_TOUCHPOINTS])


def _changes(lead: Lead, at: datetime, known_at: datetime) -> dict[str, AttributeChange]:
    """Return what last said each attribute that holds something, by "lead.field"."""
    rows = AttributeChange.objects.filter(
        Q(lead=lead) | Q(account=lead.account_id, account__isnull=False),
        effective_at__lte=at,
        received_at__lte=known_at,
    ).order_by("effective_at", "pk")
    latest = {f"{'lead' if row.lead_id else 'account'}.{row.field}": row for row in rows}
    return {field: row for field, row in latest.items() if row.new not in (None, "", [])}


def _answers(
    lead: Lead, agreement: Agreement, at: datetime, known_at: datetime
) -> dict[str, Assertion]:
    asked = {_what(ref) for ref in agreement.refs if ref.fact in ANSWERS}
    if not asked:
        return {}
    rows = Assertion.objects.filter(
        Q(expires_at=None) | Q(expires_at__gt=at),
        lead=lead,
        what__in=asked,
        asserted_at__lte=at,
        received_at__lte=known_at,
    )
    return {
        row.what: row for row in rows.select_related("asserted_by").order_by("asserted_at", "pk")
    }
