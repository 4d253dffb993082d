"""The handover packet: what a rep opens, frozen, each line naming where it comes from.

Plain JSON, no markup. A line is `{"key", "label", "value", "source"}`; a source names one of
`touchpoint`, `attempt`, `rejection`, `criterion` (ids or a key), or a `field` with the `system`
that said so.

A packet stays as it was built: one of schema 1 has no `persona` and no `journey`, and its talking
points stand by recency alone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q

from definitions.agreement import Agreement
from definitions.models import DefinitionVersion
from definitions.queries import agreement_of
from definitions.vocabulary import Path
from leads import motions
from leads.enums import Stage
from leads.models import Account, AttributeChange, Evaluation, Lead, Touchpoint
from routing import interests
from routing.interests import Seen
from routing.models import Attempt, Rejection

SCHEMA = 2

MOST_TOUCHPOINTS = 200
"""The latest so many touchpoints are in the packet; it says how many more there were."""

MOST_LATER = 50
"""The latest so many touchpoints that came after the packet are told beside it."""

WHO = (
    ("first_name", "First name"),
    ("last_name", "Last name"),
    ("job_title", "Job title"),
    ("email", "E-mail"),
    ("phone", "Phone"),
    ("language", "Language"),
    ("country", "Country"),
    ("region", "Region"),
    ("source", "Source"),
    ("campaign", "Campaign"),
    ("product_line", "Product line asked for"),
    ("persona", "Persona"),
    ("expected_acv", "Expected annual contract value"),
)
COMPANY = (
    ("name", "Company"),
    ("domain", "Domain"),
    ("industry", "Industry"),
    ("employee_count", "Company size"),
    ("revenue", "Yearly revenue"),
    ("country", "Country"),
    ("region", "Region"),
    ("funding_stage", "Funding stage"),
    ("technologies", "Technologies in use"),
    ("is_target", "Target account"),
    ("tier", "Tier"),
    ("expected_acv", "Expected annual contract value"),
)
MONEY = frozenset({"revenue", "expected_acv"})


@dataclass(frozen=True, slots=True)
class Later:
    """What came after a packet, in its own form; touchpoints newest first."""

    touchpoints: list[dict[str, Any]]
    talking_points: list[dict[str, Any]]
    persona: dict[str, Any] | None
    journey: dict[str, Any] | None


def build(
    lead: Lead,
    evaluation: Evaluation,
    version: DefinitionVersion,
    *,
    at: datetime,
    is_first: bool = False,
) -> dict[str, Any]:
    """Return the packet of a lead as it is known now; touchpoints later than `at` are left out.

    Bots are left out too. Dates are of the version's day zone. is_first: there is no earlier
    handoff to tell of. Two queries for a first handoff, four else, and those for what `lead` has
    not loaded yet.
    """
    agreement = agreement_of(version)
    seen, omitted = _seen(lead, agreement, at=at)
    systems = _systems(lead)
    who = _lines(lead, "lead", WHO, systems)
    company = _lines(lead.account, "account", COMPANY, systems) if lead.account else []
    criteria = _criteria(evaluation, agreement)
    return {
        "schema": SCHEMA,
        "built_at": at.isoformat(),
        "name": str(lead),
        "who": who,
        "authority": _authority(lead, evaluation, agreement, systems),
        "company": company,
        "qualification": _qualification(evaluation, version)
        | {"motion": motions.latest(lead) if _is_by_product(evaluation) else ""},
        "fit": [line for line in criteria if line["dimension"] == "fit"],
        "criteria": criteria,
        "timeline": _timeline(seen, zone=ZoneInfo(version.day_zone)),
        "omitted_touchpoint_count": omitted,
        "intent": [_intent(one) for one in seen if one.is_intent],
        "persona": interests.persona_of(lead, seen, systems, at=at),
        "journey": interests.journey_of(seen),
        "talking_points": interests.talking_points(seen, at=at),
        "earlier_outreach": [] if is_first else _earlier_outreach(lead),
        "missing": _missing(version, [*who, *company], criteria),
    }


def later(lead: Lead, version: DefinitionVersion, *, built_at: datetime, at: datetime) -> Later:
    """Return what the lead did that a packet built at that instant could not tell yet.

    The latest fifty touchpoints; one query. Bots and touchpoints later than `at` are left out.
    """
    agreement = agreement_of(version)
    rows = (
        Touchpoint.objects.filter(
            lead=lead, is_bot=False, received_at__gt=built_at, occurred_at__lte=at
        )
        .select_related("kind", "asset__persona", "campaign")
        .order_by("-occurred_at", "-pk")
    )
    seen = [interests.read(row, agreement) for row in rows[:MOST_LATER]]
    return Later(
        touchpoints=[_event(one) for one in seen],
        talking_points=interests.talking_points(seen, at=at),
        persona=interests.persona_of(lead, seen, {}, at=at),
        journey=interests.journey_of(seen),
    )


def _lines(
    thing: Lead | Account,
    prefix: str,
    fields: Iterable[tuple[str, str]],
    systems: Mapping[str, str],
) -> list[dict[str, Any]]:
    lines = []
    for field, label in fields:
        value = getattr(thing, field)
        if value is None or value in ("", []):
            continue
        if field in MONEY:
            value = f"{value} {thing.currency}"
        path = f"{prefix}.{field}"
        lines.append(
            {
                "key": field,
                "label": label,
                "value": _plain(value),
                "source": {"field": path, "system": systems.get(path, "")},
            }
        )
    return lines


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    return value if isinstance(value, str | int | bool | list) else str(value)


def _systems(lead: Lead) -> dict[str, str]:
    """Return which system last said what, by "lead.field" and "account.field"."""
    changes = (
        AttributeChange.objects.filter(
            Q(lead=lead) | Q(account=lead.account_id, account__isnull=False)
        )
        .order_by("effective_at", "pk")
        .values_list("lead_id", "field", "source")
    )
    return {
        f"{'lead' if lead_id else 'account'}.{field.removesuffix('_id')}": source
        for lead_id, field, source in changes
    }


def _authority(
    lead: Lead, evaluation: Evaluation, agreement: Agreement, systems: Mapping[str, str]
) -> dict[str, Any]:
    verdict = agreement.title_rules.judge(lead.job_title, language=lead.language)
    return {
        "level": evaluation.authority,
        "by_title": str(verdict.authority),
        "confidence_pct": verdict.confidence,
        "rule": verdict.rule.phrase if verdict.rule else "",
        "source": {"field": "lead.job_title", "system": systems.get("lead.job_title", "")},
    }


def _qualification(evaluation: Evaluation, version: DefinitionVersion) -> dict[str, Any]:
    return {
        "version": str(version),
        "stage": evaluation.stage,
        "path": evaluation.path,
        "points": str(evaluation.points),
        "levels": {
            dimension: getattr(evaluation, dimension)
            for dimension in ("fit", "engagement", "intent", "authority", "product")
        },
        "at": evaluation.at.isoformat(),
        "evaluation": evaluation.pk,
    }


def _is_by_product(evaluation: Evaluation) -> bool:
    return evaluation.stage == Stage.PQL or evaluation.path == Path.PRODUCT_LED


def _criteria(evaluation: Evaluation, agreement: Agreement) -> list[dict[str, Any]]:
    results = {result["key"]: result for result in evaluation.results}
    return [
        {
            "key": criterion.key,
            "label": criterion.label,
            "dimension": criterion.dimension,
            "level": criterion.level,
            "fact": criterion.ref.fact,
            "met": results[criterion.key]["met"],
            "value": results[criterion.key]["seen"],
            "operator": str(criterion.operator),
            "wanted": criterion.wanted,
            "source": {"criterion": criterion.key, "evaluation": evaluation.pk},
        }
        for criterion in agreement.criteria
        if criterion.key in results
    ]


def _seen(lead: Lead, agreement: Agreement, *, at: datetime) -> tuple[list[Seen], int]:
    """Return the latest touchpoints, newest first, and how many older ones there are."""
    rows = (
        Touchpoint.objects.filter(lead=lead, is_bot=False, occurred_at__lte=at)
        .select_related("kind", "asset__persona", "campaign")
        .order_by("-occurred_at", "-pk")
    )
    latest = [*rows[: MOST_TOUCHPOINTS + 1]]
    omitted = rows.count() - MOST_TOUCHPOINTS if len(latest) > MOST_TOUCHPOINTS else 0
    return [interests.read(row, agreement) for row in latest[:MOST_TOUCHPOINTS]], omitted


def _timeline(seen: Iterable[Seen], *, zone: ZoneInfo) -> list[dict[str, Any]]:
    days = groupby(seen, key=lambda one: one.touchpoint.occurred_at.astimezone(zone).date())
    return [
        {"on": day.isoformat(), "touchpoints": [_event(one) for one in group]}
        for day, group in days
    ]


def _event(one: Seen) -> dict[str, Any]:
    touchpoint = one.touchpoint
    return {
        "key": touchpoint.kind.key,
        "label": touchpoint.kind.name,
        "channel": touchpoint.channel,
        "occurred_at": touchpoint.occurred_at.isoformat(),
        "asset": one.asset_title,
        "campaign": touchpoint.campaign.name if touchpoint.campaign else "",
        "is_intent": one.is_intent,
        "is_direct_intent": one.is_direct,
        "is_verified": touchpoint.is_verified,
        "source": one.source,
    }


def _intent(one: Seen) -> dict[str, Any]:
    return {
        "key": one.touchpoint.kind.key,
        "label": one.touchpoint.kind.name,
        "value": one.intent_level,
        "is_direct_intent": one.is_direct,
        "is_verified": one.touchpoint.is_verified,
        "occurred_at": one.touchpoint.occurred_at.isoformat(),
        "source": one.source,
    }


def _earlier_outreach(lead: Lead) -> list[dict[str, Any]]:
    """Return attempts and rejections of earlier handoffs, latest first."""
    attempts = Attempt.objects.filter(handoff__lead=lead).select_related("by")
    rejections = Rejection.objects.filter(handoff__lead=lead, reversal=None).select_related(
        "by", "reason"
    )
    lines = [
        {
            "key": attempt.kind,
            "label": f"{attempt.get_kind_display()}: {attempt.get_outcome_display()}",
            "value": attempt.note,
            "by": str(attempt.by),
            "at": attempt.at.isoformat(),
            "source": {"attempt": attempt.pk},
        }
        for attempt in attempts
    ]
    lines += [
        {
            "key": "rejected",
            "label": f"Rejected: {rejection.reason.name}",
            "value": rejection.comment,
            "by": str(rejection.by),
            "at": rejection.at.isoformat(),
            "source": {"rejection": rejection.pk},
        }
        for rejection in rejections
    ]
    return sorted(lines, key=lambda line: str(line["at"]), reverse=True)


def _missing(
    version: DefinitionVersion,
    lines: Iterable[Mapping[str, Any]],
    criteria: Iterable[Mapping[str, Any]],
) -> list[str]:
    """Return the facts that the agreement wants in every packet and nobody knows."""
    known = {line["key"] for line in lines}
    known |= {line["fact"] for line in criteria if line["value"] not in (None, "", [])}
    return [fact for fact in version.handover_fields if fact not in known]
