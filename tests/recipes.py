"""Starting states that every test may ask for, made by the operations of the product."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from django.contrib.auth import get_user_model

from definitions import catalog, versions
from definitions.engine import judge
from definitions.enums import Side
from definitions.models import DefinitionVersion, TitleRule
from definitions.queries import agreement_of
from definitions.titles import TitleRules, load_default_title_rules
from leads import evaluations, facts, intake
from leads.evaluations import Judgement
from leads.models import Evaluation, Lead

_numbers = count(1)

DECISION_MAKER = {"job_title": "Chief Technology Officer"}
TARGET_COMPANY = {"employee_count": 300, "industry": "software", "country": "DE"}


def number() -> int:
    """A number that no other recipe of this run used."""
    return next(_numbers)


def person(name: str = "") -> Any:
    """Somebody who can sign in."""
    name = name or f"Person {number()}"
    return get_user_model().objects.create_user(
        f"{name.lower().replace(' ', '.')}.{number()}@example.com", full_name=name
    )


TITLES = (
    "Analyst",
    "CEO",
    "CTO",
    "COO",
    "Chief Executive Officer",
    "Chief Operating Officer",
    "Chief Technology Officer",
    "Head of IT",
    "Student",
    "VP Operations",
)
"""Whom the tests know; every version copies its title rules, so these few make them quick."""


def small_catalog() -> None:
    """The shipped kinds, and of the shipped title rules those that tests' people need."""
    if not TitleRule.objects.exists():
        shipped = load_default_title_rules()
        known = TitleRules(shipped)
        needed = {known.judge(title).rule for title in TITLES}
        TitleRule.objects.bulk_create(
            TitleRule(
                position=position,
                language=rule.language,
                phrase=rule.phrase,
                unless=list(rule.unless),
                authority=rule.authority,
                confidence=rule.confidence,
            )
            for position, rule in enumerate(shipped, 1)
            if rule in needed
        )
    catalog.load_defaults()


def shipped_text(name: str = "mid_market") -> str:
    return (catalog.DEFAULTS / f"{name}.yaml").read_text(encoding="utf-8")


def signed_and_active(text: str, *, at: datetime) -> DefinitionVersion:
    """The version of a document, signed by two people and active."""
    version = signed(text, at=at)
    return versions.activate(version, by=version.author, at=at)


def signed(text: str, *, at: datetime) -> DefinitionVersion:
    """The version of a document, signed by two people and not in force yet."""
    small_catalog()
    marketing, sales = person("Mara Marketing"), person("Saul Sales")
    version = versions.load(text, by=marketing)
    version.marketing_operator, version.sales_operator = marketing, sales
    version.save()
    versions.submit(version, by=marketing, at=at)
    versions.sign(version, side=Side.MARKETING, by=marketing, at=at)
    versions.sign(version, side=Side.SALES, by=sales, at=at)
    return version


def known_lead(*, at: datetime, account: dict[str, Any] | None = None, **said: Any) -> Lead:
    """A lead that the website told of."""
    one = number()
    facts = {"email": f"lead{one}@example{one}.com", "first_name": "Lea", "last_name": f"No {one}"}
    if account is not None:
        account = {"name": f"Example {one}", "domain": f"example{one}.com"} | account
    return intake.record_lead(
        intake.LeadFacts(
            **{"system": "website", "external_id": f"lead-{one}"} | facts | said,
            account=intake.AccountFacts(**account) if account else None,
        ),
        received_at=at,
    ).lead


def fitting_lead(*, at: datetime, **said: Any) -> Lead:
    """A decision-maker at a company of the right size and industry, who did nothing yet."""
    return known_lead(at=at, **{"account": TARGET_COMPANY} | DECISION_MAKER | said)


def touch(
    lead: Lead, kind: str, *, at: datetime, received_at: datetime | None = None, **said: Any
) -> intake.TouchpointOutcome:
    """The lead did something of that kind, which a first-party source told at once."""
    facts = {"external_id": f"touch-{number()}", "is_verified": True} | said
    (outcome,) = intake.record_touchpoints(
        [intake.TouchpointFacts(lead=lead.pk, kind=kind, occurred_at=at, **facts)],
        system="website",
        received_at=received_at or at,
    )
    return outcome


def engaged_lead(*, at: datetime) -> Lead:
    """Marketing qualified by the shipped definition: fits, and came back twice, no more."""
    lead = fitting_lead(at=at - timedelta(days=3))
    touch(lead, "whitepaper", at=at - timedelta(days=2))
    touch(lead, "case_study", at=at - timedelta(days=1))
    return lead


def demanding_lead(*, at: datetime) -> Lead:
    """Sales qualified by the direct path: fits, and asked for a demo out of the blue."""
    lead = fitting_lead(at=at - timedelta(days=3))
    touch(lead, "demo_request", at=at)
    return lead


def courted_lead(*, at: datetime) -> Lead:
    """Sales qualified by the standard path: four touchpoints, two channels, two days, a demo."""
    lead = engaged_lead(at=at)
    touch(lead, "webinar_attended", at=at - timedelta(hours=3))
    touch(lead, "demo_request", at=at)
    return lead


def evaluation_of(lead: Lead, version: DefinitionVersion, *, at: datetime) -> Evaluation:
    """What the version says of the lead, kept as qualification keeps it."""
    agreement = agreement_of(version)
    values = facts.answer([lead.pk], agreement, at=at).values[lead.pk]
    judgement = Judgement(lead.pk, version, judge(agreement, values, at=at), at, at)
    return Evaluation.objects.get(pk=evaluations.store([judgement])[0])
