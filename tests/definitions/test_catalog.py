"""What ships: kinds, title rules, and two definitions with the numbers agreed on."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

import pytest

from crm_handoff.people.models import User
from definitions import catalog, document, engine, versions
from definitions.engine import Agreement, Verdict
from definitions.enums import Milestone
from definitions.models import DefinitionVersion, TitleRule, TouchpointKind
from definitions.titles import load_default_title_rules
from definitions.vocabulary import Authority


@pytest.fixture
def mid_market(rita: User, shipped_catalog: None) -> DefinitionVersion:
    """The shipped 30 to 100K definition as a draft."""
    text = (catalog.DEFAULTS / "mid_market.yaml").read_text(encoding="utf-8")
    return versions.load(text, by=rita)


@pytest.fixture(scope="session")
def agreement() -> Agreement:
    """What the shipped 30 to 100K definition says, under the shipped kinds and title rules."""
    content, kinds = (
        document.read((catalog.DEFAULTS / name).read_text(encoding="utf-8"))
        for name in ("mid_market.yaml", "kinds.yaml")
    )
    rules = [asdict(rule) for rule in load_default_title_rules()]
    return engine.compile(content | {"kinds": kinds, "title_rules": rules})


PERFECT = {
    "company_size": 200,
    "target_industry": "Software",
    "one_touchpoint": 4,
    "two_channels": 2,
    "two_days": 2,
    "interest_signal": 2,
    "medium_intent": 1,
    "buying_signal": 1,
    "direct_action": 1,
    "title_influencer": "decision_maker",
    "buying_team_member": False,
}
"""By the key of one criterion, the answer to its question."""


def judged(agreement: Agreement, at: datetime, **changes: Any) -> Verdict:
    given = {agreement.criterion(key).ref: value for key, value in (PERFECT | changes).items()}
    return engine.judge(agreement, [given.get(ref, 0) for ref in agreement.refs], at=at)


@pytest.mark.django_db
def test_load_defaults_twice_adds_nothing_and_keeps_changes() -> None:
    catalog.load_defaults()
    TouchpointKind.objects.filter(key="chat").update(name="Talk")
    TitleRule.objects.filter(position=1).update(confidence=1)
    counts = TouchpointKind.objects.count(), TitleRule.objects.count()

    catalog.load_defaults()

    assert (TouchpointKind.objects.count(), TitleRule.objects.count()) == counts
    assert TouchpointKind.objects.get(key="chat").name == "Talk"
    assert TitleRule.objects.get(position=1).confidence == 1


def test_direct_kinds_are_the_direct_triggers(shipped_catalog: None) -> None:
    direct = TouchpointKind.objects.filter(is_direct_intent=True).values_list("key", flat=True)

    assert set(direct) == {
        "calendar_booking",
        "contact_sales_form",
        "demo_request",
        "outbound_reply",
        "partner_referral",
        "quote_request",
        "referral",
        "rfp",
        "trial_request",
    }


@pytest.mark.parametrize("name", ["mid_market", "sales_confirmed"])
def test_shipped_definitions_load_and_keep_their_text(
    name: str, rita: User, shipped_catalog: None
) -> None:
    text = (catalog.DEFAULTS / f"{name}.yaml").read_text(encoding="utf-8")

    version = versions.load(text, by=rita)

    canonical = versions.canonical_text(version)
    assert document.render(document.read(canonical)) == canonical
    assert versions.canonical_text(versions.load(canonical, by=rita)) == canonical


def test_mid_market_is_the_catch_all(mid_market: DefinitionVersion) -> None:
    assert mid_market.definition.is_catch_all
    assert mid_market.process == "criteria_led"


def test_shipped_definitions_wait_for_operators(
    mid_market: DefinitionVersion, rita: User, noon: datetime
) -> None:
    with pytest.raises(versions.ContentInvalid) as refused:
        versions.submit(mid_market, by=rita, at=noon)

    assert len(refused.value.problems) == 2


def test_mid_market_sql_needs_everything(agreement: Agreement, noon: datetime) -> None:
    verdict = judged(agreement, noon)

    assert verdict.reached == (("iql", "standard"), ("mql", "standard"), ("sql", "standard"))


@pytest.mark.parametrize(
    ("changes", "stage", "path"),
    [
        ({"company_size": 50}, "sql", "standard"),
        ({"company_size": 2000}, "sql", "standard"),
        ({"company_size": 49}, "mql", "standard"),
        ({"company_size": 2001}, "mql", "standard"),
        ({"company_size": 10}, "iql", "standard"),
        ({"company_size": None}, "iql", "standard"),
        ({"target_industry": "mining"}, "iql", "standard"),
        ({"one_touchpoint": 3}, "sql", "direct"),
        ({"two_channels": 1}, "sql", "direct"),
        ({"two_days": 1}, "sql", "direct"),
        ({"one_touchpoint": 3, "direct_action": 0}, "mql", "standard"),
        ({"direct_action": 0}, "mql", "standard"),
        ({"buying_signal": 0}, "mql", "standard"),
        ({"buying_signal": 0, "pricing_twice": 2}, "sql", "standard"),
        ({"title_influencer": "senior_influencer"}, "mql", "standard"),
        ({"title_influencer": "influencer"}, "mql", "standard"),
        ({"title_influencer": "end_user"}, "iql", "standard"),
        ({"title_influencer": "end_user", "buying_team_member": True}, "sql", "standard"),
        ({"one_touchpoint": 1, "direct_action": 0}, "iql", "standard"),
        ({"interest_signal": 0, "buying_signal": 0, "medium_intent": 0}, "iql", "standard"),
        ({"one_touchpoint": 0}, "sql", "direct"),
    ],
    ids=str,
)
def test_mid_market_stage(
    agreement: Agreement, noon: datetime, changes: dict[str, Any], stage: str, path: str
) -> None:
    verdict = judged(agreement, noon, **changes)

    assert (verdict.stage, verdict.path) == (stage, path)


def test_assistant_to_the_ceo_is_no_decision_maker(agreement: Agreement) -> None:
    verdict = agreement.title_rules.judge("Assistant to the CEO", language="en")

    assert verdict.authority not in {Authority.DECISION_MAKER, Authority.SENIOR_INFLUENCER}


def test_mid_market_promises(mid_market: DefinitionVersion) -> None:
    terms = mid_market.slaterm_set.all()
    minutes = {term.key: term.respond_within.total_seconds() / 60 for term in terms}

    assert minutes == {
        "demo_request": 5,
        "pricing_and_contact": 5,
        "contact_form": 15,
        "high_score_sql": 15,
        "behavioral_mql": 60,
        "other": 240,
        "second_attempt": 2 * 8 * 60,
        "outcome": 20 * 8 * 60,
    }
    for term in terms.filter(milestone=Milestone.FIRST_RESPONSE):
        assert term.at_latest_within.total_seconds() == 24 * 3600
        assert term.is_business_time
        assert not term.is_high_intent or term.stop_kinds == ["call", "chat"]
        assert [task["kind"] for task in term.cadence] == ["email", "email", "call", "email"]
