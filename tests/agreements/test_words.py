"""An agreement's rows read as people say them."""

from collections.abc import Mapping
from typing import Any

import pytest
from django.utils import translation

from crm_handoff.agreements import conditions, row_changes, values, words
from crm_handoff.agreements.implications import WITHIN, is_implied
from definitions import catalog, document, engine
from definitions.enums import InFlightPlan
from definitions.form import KIND, SLA_TERM
from definitions.vocabulary import (
    FACTS,
    OPERATORS_OF,
    Dimension,
    FactType,
    Operator,
    Parameter,
    Path,
    Process,
)

WANTED: dict[FactType, Any] = {
    FactType.NUMBER: 4,
    FactType.TEXT: "DE",
    FactType.FLAG: True,
    FactType.SET: "crm",
    FactType.LEVEL: "influencer",
    FactType.ANSWER: True,
}


@pytest.mark.parametrize(
    ("fact", "operator", "wanted", "parameters", "text"),
    [
        ("touchpoint_count", "at_least", 4, {"days": 30}, "4+ touchpoints in 30 days"),
        ("touchpoint_count", "at_most", 0, {"days": 7}, "No touchpoints in 7 days"),
        ("touchpoint_count", "is", 1, {"days": 7}, "Exactly 1 touchpoint in 7 days"),
        ("touchpoint_count", "between", [2, 3], {"days": 1}, "2 to 3 touchpoints in 1 day"),
        ("touchpoint_days", "at_least", 2, {"days": 30}, "Touchpoints on 2+ days in 30 days"),
        (
            "touchpoint_channels",
            "at_least",
            2,
            {"days": 30, "verified_only": True},
            "Touchpoints on 2+ channels in 30 days (verified)",
        ),
        (
            "touchpoint_count",
            "at_least",
            2,
            {"days": 7, "kinds": ["demo_request", "rfp"], "min_intent": "high"},
            "2+ touchpoints in 7 days (demo request or rfp, of high intent)",
        ),
        (
            "account_people_engaged",
            "at_least",
            3,
            {"days": 30},
            "3+ people of the account with touchpoints in 30 days",
        ),
        ("days_since_touchpoint", "at_most", 14, {}, "Latest touchpoint at most 14 days ago"),
        ("employee_count", "between", [50, 2000], {}, "Company size: 50 to 2,000 people"),
        (
            "country",
            "one_of",
            ["DE", "at"],
            {},
            "Country: one of Germany, Austria",
        ),
        ("language", "is", "fr", {}, "Language: French"),
        ("country", "known", None, {}, "Country: known"),
        ("is_target_account", "is", True, {}, "Works at a target account"),
        ("is_customer", "is", False, {}, "Does not work at a customer"),
        (
            "title_authority",
            "at_least",
            "influencer",
            {},
            "Authority by title: influencer or above",
        ),
        ("asserted", "is", True, {"what": "budget"}, "“Is there a budget?” answered yes"),
        ("asserted", "unknown", None, {"what": "other_thing"}, "“other thing” not answered"),
    ],
)
def test_a_condition_is_said(
    fact: str, operator: str, wanted: Any, parameters: Mapping[str, Any], text: str
) -> None:
    said = conditions.condition(
        fact,
        operator=operator,
        wanted=wanted,
        parameters=parameters,
        questions={"budget": "Is there a budget?"},
    )

    assert said == text


@pytest.mark.parametrize("fact", FACTS.values(), ids=lambda fact: fact.key)
def test_every_fact_is_said_with_every_operator(fact: Any) -> None:
    parameters = {"days": 30} if fact.is_windowed else {"what": "budget"}
    for operator in OPERATORS_OF[fact.type]:
        wanted = WANTED[fact.type]
        if operator == Operator.BETWEEN:
            wanted = [wanted, wanted]
        elif operator in (Operator.ONE_OF, Operator.NONE_OF, Operator.ANY_OF):
            wanted = [wanted]
        row = {"fact": fact.key, "operator": operator, "wanted": wanted}

        assert conditions.row({**row, "parameters": parameters}).strip()
        assert conditions.brief({**row, "parameters": parameters}).strip()


def test_tables_of_words_are_total() -> None:
    windowed = {fact.key for fact in FACTS.values() if fact.is_windowed}
    flags = {fact.key for fact in FACTS.values() if fact.type is FactType.FLAG}

    assert set(conditions.COUNTED) == windowed
    assert set(conditions.FLAGS) == flags
    assert set(conditions.FILTERS) == set(Parameter) - {Parameter.DAYS, Parameter.WHAT}
    assert set(WITHIN) == set(Parameter) - {Parameter.WHAT}
    assert set(words.DIMENSIONS) == set(Dimension)
    assert set(words.PATHS) == set(words.PATH_NAMES) == set(words.PATH_NOTES) == set(Path)
    assert set(words.PROCESSES) == set(Process)
    assert set(words.PLANS) == set(InFlightPlan.values) - {InFlightPlan.SUNSET}
    assert set(row_changes.TERM_FIELDS) == set(SLA_TERM) - {"label"}
    assert set(row_changes.KIND_FIELDS) == set(KIND)


def test_a_compiled_criterion_is_said_like_its_row() -> None:
    text = (catalog.DEFAULTS / "mid_market.yaml").read_text(encoding="utf-8")
    agreement = engine.compile(document.read(text))

    assert words.criterion(agreement.criterion("pricing_twice")) == (
        "2+ touchpoints in 7 days (pricing page view)"
    )


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ({"points": 1}, "1 point"),
        ({"points": -10}, "-10 points"),
        ({"points": 3, "per": 1, "cap": 24}, "3 points for each touchpoint, at most 24"),
        ({"points": 5, "per": 3}, "5 points for each 3 touchpoints"),
        ({"points": -3, "per": 1, "cap": -9}, "-3 points for each touchpoint, at least -9"),
        ({"points": 9, "half_life_days": 14}, "9 points, halves every 14 days"),
    ],
)
def test_points_are_said(rule: dict[str, Any], text: str) -> None:
    assert words.score_rule({"fact": "touchpoint_count", **rule}) == text


@pytest.mark.parametrize("plan", [*InFlightPlan.values, None])
def test_every_plan_is_said(plan: str | None) -> None:
    assert words.plan({"plan": plan, "sunset_days": 30} if plan else None).endswith(".")


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ({}, "“chief”: decision maker, 90 percent"),
        ({"language": "de"}, "German “chief”: decision maker, 90 percent"),
        (
            {"unless": ["office", "staff"]},
            "“chief” but not “office” or “staff”: decision maker, 90 percent",
        ),
        (
            {"language": "de", "unless": ["office"]},
            "German “chief” but not “office”: decision maker, 90 percent",
        ),
    ],
)
def test_a_title_rule_is_said(rule: dict[str, Any], text: str) -> None:
    base = {"phrase": "chief", "authority": "decision_maker", "confidence": 90}

    assert words.title_rule(base | rule) == text


def test_lists_and_names_follow_the_language_of_the_reader() -> None:
    with translation.override("de"):
        assert values.listed(["a", "b", "c"], style="or") == "a, b oder c"
        assert values.country("FR") == "Frankreich"
        assert values.language("fr") == "Französisch"


@pytest.mark.parametrize("code", ["ZZZ", ""])
def test_what_is_no_code_stays_as_it_is(code: str) -> None:
    assert values.country(code) == code
    assert values.language(code) == code


COUNT = {"fact": "touchpoint_count", "operator": "at_least", "wanted": 1}
SIZE = {"fact": "employee_count", "operator": "between", "wanted": [10, 200]}


def level(*rows: dict[str, Any], match: str = "all") -> dict[str, Any]:
    return {"match": match, "criteria": {str(place): row for place, row in enumerate(rows)}}


@pytest.mark.parametrize(
    ("lower", "higher", "follows"),
    [
        (level(SIZE), level(SIZE | {"wanted": [50, 100]}), True),
        (level(SIZE), level(SIZE | {"wanted": [50, 500]}), False),
        (level(SIZE), level(SIZE, COUNT | {"parameters": {"days": 1}}), True),
        (level(SIZE, COUNT), level(SIZE), False),
        (
            level(COUNT | {"parameters": {"days": 30, "min_intent": "low"}}),
            level(COUNT | {"parameters": {"days": 7, "kinds": ["demo"]}}),
            True,
        ),
        (
            level(COUNT | {"parameters": {"days": 7, "min_intent": "low"}}),
            level(COUNT | {"parameters": {"days": 30, "kinds": ["demo"]}}),
            False,
        ),
        (
            level(COUNT | {"parameters": {"days": 7, "verified_only": True}}),
            level(COUNT | {"parameters": {"days": 7}}),
            False,
        ),
        (level(SIZE), level(SIZE, COUNT, match="any"), False),
        (level(SIZE, COUNT, match="any"), level(SIZE), True),
        (
            level({"fact": "title_authority", "operator": "at_least", "wanted": "influencer"}),
            level({"fact": "title_authority", "operator": "at_least", "wanted": "decision_maker"}),
            True,
        ),
    ],
)
def test_a_way_that_follows_from_another_is_known(
    lower: dict[str, Any], higher: dict[str, Any], follows: bool
) -> None:
    kinds = {"demo": {"category": "form", "intent_level": "high"}}

    assert is_implied(lower, by=higher, kinds=kinds) is follows
