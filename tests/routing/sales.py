"""Starting states of the tests of ownership: a sales team, an agreement, qualified leads."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from crm_handoff.people.models import User
from definitions import versions
from definitions.enums import Side
from definitions.models import DefinitionVersion, TouchpointKind
from leads.enums import Stage
from leads.models import Account, Asset, Evaluation, Lead, Touchpoint
from routing import defaults, handoffs
from routing.enums import HandoffStatus
from routing.models import Absence, Handoff, RejectionReason, Rep, TerritoryMembership
from tests.routing.clockwork import judgment, office, person, queue, serial, territory

NOON = datetime(2026, 1, 13, 12, tzinfo=UTC)
"""A Tuesday, 13:00 in Berlin."""

TWICE = {"fact": "touchpoint_count", "parameters": {"days": 30}, "operator": "at_least"}

CONTENT: Mapping[str, Any] = {
    "schema": 1,
    "definition": "mid_market",
    "process": "criteria_led",
    "handoff_stage": "sql",
    "day_zone": "Europe/Berlin",
    "levels": {
        "fit": {
            "in": {
                "criteria": {
                    "company_size": {
                        "label": "50 to 2,000 people",
                        "fact": "employee_count",
                        "operator": "between",
                        "wanted": [50, 2000],
                    }
                }
            }
        },
        "engagement": {
            "high": {"criteria": {"four_touchpoints": {"label": "Four", **TWICE, "wanted": 4}}}
        },
    },
    "signals": {},
    "score": {},
    "stages": [
        {"stage": "mql", "path": "standard", "fit": "in"},
        {"stage": "sql", "path": "standard", "fit": "in", "engagement": "high"},
    ],
    "floor": {"criteria": ["company_size"]},
    "handover_fields": ["industry", "employee_count", "phone_is_known"],
    "sla_terms": {
        "other": {
            "label": "Everyone",
            "respond_within": "4 hours",
            "stop_kinds": ["call", "chat"],
        },
    },
    "kinds": {
        "webinar": {"category": "event", "intent_level": "low"},
        "demo_request": {"category": "form", "intent_level": "high", "is_direct_intent": True},
    },
    "title_rules": [
        {"phrase": "head of", "authority": "decision_maker", "confidence": 80},
    ],
}


@dataclass(frozen=True)
class Qualified:
    """What qualification says of a lead that is due for a handoff."""

    lead: Lead
    version: DefinitionVersion
    evaluation: Evaluation | None
    tipped_at: datetime | None


def agreement(**changes: Any) -> DefinitionVersion:
    """A submitted version; marketing's operator is Marta, sales' is Sam."""
    marta, sam, author = person("Marta"), person("Sam"), person("Rolf RevOps")
    for key, kind in CONTENT["kinds"].items():
        TouchpointKind.objects.get_or_create(
            key=key, defaults={"name": key.replace("_", " ").capitalize()} | kind
        )
    operators = {"marketing": {"operator": marta.email}, "sales": {"operator": sam.email}}
    key = f"segment-{next(serial)}"
    content = {
        **CONTENT,
        "definition": key,
        "segment": [{"fact": "source", "operator": "is", "wanted": key}],
        "operators": operators,
        **changes,
    }
    version = versions.create_draft(content, by=author)
    versions.submit(version, by=author, at=NOON - timedelta(days=30))
    version.refresh_from_db()
    return version


def rep(name: str = "Rita", **fields: Any) -> Rep:
    """A rep with a manager; capacity 30."""
    user = fields.pop("user", None) or person(name)
    return Rep.objects.create(user=user, manager=person("Manuel"), **fields)


def lead(name: str = "Lead", *, account: Account | None = None, **fields: Any) -> Lead:
    """A lead at stage SQL, in Germany, speaking German unless said otherwise."""
    values = {"last_name": name, "country": "DE", "stage": Stage.SQL, "stage_at": NOON}
    return Lead.objects.create(account=account, **values | fields)


def account(name: str = "Acme", **fields: Any) -> Account:
    return Account.objects.create(**{"name": name, "employee_count": 300} | fields)


def qualified(
    version: DefinitionVersion, who: Lead | None = None, *, at: datetime = NOON, **fields: Any
) -> Qualified:
    """A lead that reached the handoff stage at an instant."""
    who = who or lead(f"Lead {next(serial)}")
    who.version = version
    who.save(update_fields=["version"])
    evaluation = judgment(version, lead=who, at=at, met=fields.pop("met", ["company_size"]))
    return Qualified(who, version, evaluation, at)


def opened(version: DefinitionVersion, who: Lead | None = None, *, at: datetime = NOON) -> Handoff:
    """An open handoff of a lead, routed as leads are."""
    handoff = handoffs.open(qualified(version, who, at=at), at=at)
    assert handoff is not None
    return handoff


def away(
    who: Rep, *, until: datetime | None, since: datetime = NOON, delegate: Rep | None = None
) -> Absence:
    span = DateTimeTZRange(since, until)
    return Absence.objects.create(rep=who, span=span, delegate=delegate)


def team(*reps: Rep, **fields: Any) -> Any:
    """A territory that covers Germany, worked by the reps, on UTC office hours."""
    values = {"name": "DACH", "countries": ["DE"], "calendar": office("UTC")}
    return territory(*reps, **values | fields)


def fallback() -> Any:
    return queue(name="Fallback", is_fallback=True)


def reason(key: str = "bad_timing") -> RejectionReason:
    defaults.load_defaults()
    return RejectionReason.objects.get(key=key)


def touch(
    who: Lead, kind: str, *, at: datetime, asset: Asset | None = None, **fields: Any
) -> Touchpoint:
    return Touchpoint.objects.create(
        lead=who,
        kind=TouchpointKind.objects.get(key=kind),
        channel=fields.pop("channel", "web"),
        occurred_at=at,
        received_at=at,
        system="test",
        external_id=f"t-{next(serial)}",
        asset=asset,
        **fields,
    )


def weigh(who: Rep, weight: int) -> None:
    TerritoryMembership.objects.filter(rep=who).update(weight=weight)


def user_of(who: Rep) -> User:
    found: User = who.user
    return found


def put_in_force(version: DefinitionVersion, *, at: datetime = NOON) -> DefinitionVersion:
    """Let marketing and sales sign a version; it is in force from then on."""
    versions.sign(version, side=Side.MARKETING, by=version.marketing_operator, at=at)
    versions.sign(version, side=Side.SALES, by=version.sales_operator, at=at)
    versions.activate(version, by=version.author, at=at)
    version.refresh_from_db()
    return version


def bring(like: Handoff, *, clean: int = 0, missed: int = 0, at: datetime = NOON) -> None:
    """Add handovers that are over already, brought by the same campaign, source and import."""
    for is_missed, many in ((False, clean), (True, missed)):
        leads = Lead.objects.bulk_create(
            Lead(last_name=f"Lead {next(serial)}", stage=Stage.RECYCLED, stage_at=at)
            for _ in range(many)
        )
        Handoff.objects.bulk_create(
            Handoff(
                lead=who,
                version=like.version,
                evaluation=like.evaluation,
                calendar=like.calendar,
                campaign=like.campaign,
                source=like.source,
                import_run=like.import_run,
                packet={},
                status=HandoffStatus.REJECTED,
                floor_missed=is_missed,
                qualified_at=at,
                opened_at=at,
                closed_at=at,
            )
            for who in leads
        )
