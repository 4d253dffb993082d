"""Each template is a sound agreement that says what its name promises."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from crm_handoff.people.models import User
from definitions import document, engine, templates, versions
from definitions.content import content_of
from definitions.engine import FactRef, Verdict
from definitions.models import Definition
from definitions.templates import TEMPLATES
from definitions.validity import problems_in
from definitions.vocabulary import Process

AT = datetime.fromisoformat("2026-01-13T12:00Z")
KEYS = [template.key for template in TEMPLATES]


@pytest.fixture
def start(shipped_catalog: None) -> Any:
    """Return the content of a template by key."""
    return lambda key: templates.content_of(key, definition="new-business")


def judged(content: dict[str, Any], facts: Mapping[str, Any]) -> Verdict:
    """Judge by facts; a count may be given for one kind: "touchpoint_count/email_open"."""

    def value(ref: FactRef) -> Any:
        for kind in ref.parameter("kinds", ()):
            if f"{ref.fact}/{kind}" in facts:
                return facts[f"{ref.fact}/{kind}"]
        return 0 if ref.parameter("kinds") else facts.get(ref.fact)

    agreement = engine.compile(content)
    return engine.judge(agreement, [value(ref) for ref in agreement.refs], at=AT)


@pytest.mark.parametrize("key", KEYS)
def test_a_template_is_sound_and_complete(start: Any, key: str) -> None:
    content = start(key)

    assert problems_in(content) == []
    assert content["definition"] == "new-business"
    for part in ("levels", "exclusions", "floor", "sla_terms", "limits", "kinds", "title_rules"):
        assert content[part], part
    assert "operators" not in content


@pytest.mark.parametrize("template", TEMPLATES, ids=KEYS)
def test_a_template_says_its_process(start: Any, template: templates.Template) -> None:
    assert start(template.key)["process"] == template.process


@pytest.mark.parametrize("key", KEYS)
def test_a_template_becomes_a_draft_and_comes_back(
    shipped_catalog: None, rita: User, key: str
) -> None:
    draft = templates.start(key, definition="north", name="North", position=7, by=rita)

    assert (draft.definition.name, draft.definition.position) == ("North", 7)
    again = versions.load(versions.canonical_text(draft), by=rita)
    assert content_of(again) == content_of(draft)
    assert document.read(versions.canonical_text(draft))["stages"]


def test_a_template_is_the_next_draft_of_a_definition_that_exists(
    shipped_catalog: None, rita: User
) -> None:
    templates.start("bant", definition="north", name="North", position=7, by=rita)

    second = templates.start("champ", definition="north", name="Other", position=9, by=rita)

    assert second.number == 2
    assert Definition.objects.get().name == "North"


def test_what_is_no_template_is_refused(start: Any) -> None:
    with pytest.raises(KeyError):
        start("mid_market")


def test_content_may_be_changed_without_changing_the_template(start: Any) -> None:
    start("points_based")["score"].clear()

    assert start("points_based")["score"]


ENGAGED = {
    "industry": "software",
    "touchpoint_count": 5,
    "touchpoint_count/demo_request": 1,
    "touchpoint_channels": 3,
    "touchpoint_days": 3,
}


@pytest.mark.parametrize(
    ("key", "people", "authority", "stage"),
    [
        ("four_criteria_under_30k", 40, "end_user", "sql"),
        ("four_criteria_30_100k", 200, "end_user", "iql"),
        ("four_criteria_30_100k", 200, "senior_influencer", "mql"),
        ("four_criteria_30_100k", 200, "decision_maker", "sql"),
        ("four_criteria_100k", 2000, "influencer", "iql"),
        ("four_criteria_100k", 2000, "senior_influencer", "sql"),
    ],
)
def test_authority_is_asked_by_the_size_of_the_business(
    start: Any, key: str, people: int, authority: str, stage: str
) -> None:
    facts = ENGAGED | {"employee_count": people, "title_authority": authority}

    assert judged(start(key), facts).stage == stage


def test_points_are_ten_a_webinar_five_for_three_opens_and_twenty_a_demo(start: Any) -> None:
    content = start("points_based")

    def points(**counts: int) -> int:
        facts = {f"touchpoint_count/{kind}": count for kind, count in counts.items()}
        return int(judged(content, facts).points)

    assert points(webinar_attended=1) == 10
    assert points(email_open=3) == 5
    assert points(email_open=2) == 0
    assert points(demo_request=1) == 20


def test_points_weigh_source_and_campaign_and_make_the_mql(start: Any) -> None:
    content = start("points_based")
    facts = {"touchpoint_count/webinar_attended": 2, "touchpoint_count/demo_request": 1}

    assert judged(content, facts).stage == "mql"
    assert judged(content, facts | {"source": "syndication"}).stage == "iql"
    assert judged(content, facts | {"campaigns": ["key-campaign"]}).points == 48


def test_any_engaged_contact_of_a_target_account_is_mql_without_their_fit(start: Any) -> None:
    content = start("account_based")
    contact = {"is_target_account": True, "touchpoint_count": 1}

    assert judged(content, contact).reached == (("mql", "account_based"),)


@pytest.mark.parametrize("missing", ["title_authority", "touchpoint_count/demo_request"])
def test_sql_of_a_target_account_needs_authority_and_intent_of_the_person(
    start: Any, missing: str
) -> None:
    content = start("account_based")
    facts = ENGAGED | {
        "is_target_account": True,
        "account_people_engaged": 2,
        "title_authority": "decision_maker",
    }

    assert judged(content, facts).stage == "sql"
    assert judged(content, {k: v for k, v in facts.items() if k != missing}).stage == "mql"


def test_usage_reaches_pql_which_hands_over(start: Any) -> None:
    content = start("product_led")
    usage = {"employee_count": 50, "touchpoint_count/usage_limit_reached": 1}

    assert content["handoff_stage"] == "pql"
    assert judged(content, usage).stage == "pql"


def test_downloads_make_an_iql(start: Any) -> None:
    assert judged(start("iql"), {"touchpoint_count": 2}).stage == "iql"


@pytest.mark.parametrize("key", [key for key in KEYS if key != "product_led"])
def test_a_customer_is_not_passed_on(start: Any, key: str) -> None:
    content = start(key)
    facts = ENGAGED | {
        "employee_count": 100,
        "title_authority": "decision_maker",
        "is_target_account": True,
        "source": "referral",
        "touchpoint_count/webinar_attended": 3,
    }

    assert judged(content, facts).stage not in ("", "iql")
    assert judged(content, facts | {"is_customer": True}).stage in ("", "iql")


def test_both_checklists_of_sales_are_offered(start: Any) -> None:
    assert start("bant")["checklist"] == "bant"
    assert start("champ")["checklist"] == "champ"
    assert Process(start("champ")["process"]) is Process.SALES_CONFIRMED
