"""The engine, by example and against a naive reading of the same document."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from definitions import engine
from definitions.engine import FactRef, Verdict
from definitions.vocabulary import LEVELS, Dimension
from tests.definitions.naive import Naive

AT = datetime.fromisoformat("2026-01-13T12:00Z")
MONTH = FactRef.of("touchpoint_count", {"days": 30})
PRICING = FactRef.of("touchpoint_count", {"days": 7, "kinds": ["pricing_page_view"]})
COUNTRY = FactRef.of("country")


def judged(content: dict[str, Any], answers: dict[FactRef, Any], **options: Any) -> Verdict:
    agreement = engine.compile(content)
    return engine.judge(agreement, [answers.get(ref) for ref in agreement.refs], at=AT, **options)


def test_compile_asks_each_question_once(small: dict[str, Any]) -> None:
    assert engine.compile(small).refs == (MONTH, PRICING, COUNTRY)


def test_judge_of_nothing_known_reaches_nothing(small: dict[str, Any]) -> None:
    verdict = judged(small, {})

    assert (verdict.stage, verdict.path, verdict.reached) == ("", "", ())
    assert verdict.levels == {dimension: LEVELS[dimension][0] for dimension in Dimension}
    assert verdict.points == 0
    assert not any(met for _, met, _ in verdict.results)


def test_judge_explains_every_criterion_with_the_value_seen(small: dict[str, Any]) -> None:
    verdict = judged(small, {MONTH: 2, PRICING: 0, COUNTRY: "FR"})

    assert verdict.results == (
        ("one_touchpoint", True, 2),
        ("four_touchpoints", False, 2),
        ("pricing_twice", False, 0),
        ("german", False, "FR"),
    )
    assert (verdict.stage, verdict.path) == ("mql", "standard")


def test_judge_grants_the_highest_level_that_holds(small: dict[str, Any]) -> None:
    assert judged(small, {MONTH: 4}).levels["engagement"] == "high"
    assert judged(small, {MONTH: 3}).levels["engagement"] == "low"
    assert judged(small, {PRICING: 2}).levels["engagement"] == "high", "any of the two is enough"


def test_level_that_wants_all_is_not_granted_by_some(small: dict[str, Any]) -> None:
    small["levels"]["engagement"]["high"]["match"] = "all"

    assert judged(small, {MONTH: 4, PRICING: 1}).levels["engagement"] == "low"
    assert judged(small, {MONTH: 4, PRICING: 2}).levels["engagement"] == "high"


def test_judge_prefers_the_standard_path_where_both_hold(small: dict[str, Any]) -> None:
    small["stages"].reverse()

    verdict = judged(small, {MONTH: 4, PRICING: 2, COUNTRY: "DE"})

    assert verdict.reached == (("mql", "standard"), ("sql", "standard"))


def test_judge_reaches_by_the_direct_path_alone(small: dict[str, Any]) -> None:
    del small["levels"]["engagement"]["high"]["criteria"]["pricing_twice"]
    small["signals"]["pricing_twice"] = {
        "label": "Pricing twice",
        "fact": "touchpoint_count",
        "parameters": {"days": 7, "kinds": ["pricing_page_view"]},
        "operator": "at_least",
        "wanted": 2,
    }

    verdict = judged(small, {MONTH: 0, PRICING: 2})

    assert verdict.reached == (("sql", "direct"),)


def test_stage_rule_with_points_wants_them(small: dict[str, Any]) -> None:
    small["stages"] = [{"stage": "sql", "path": "standard", "min_points": 9}]

    assert judged(small, {MONTH: 2}).stage == ""
    assert judged(small, {MONTH: 3}).stage == "sql"


@pytest.mark.parametrize(
    ("rule", "value", "points"),
    [
        ({"points": 10}, 5, 10),
        ({"points": 10}, 0, 0),
        ({"points": -10}, 5, -10),
        ({"points": 3, "per": 1}, 5, 15),
        ({"points": 3, "per": 2}, 5, 6),
        ({"points": 3, "per": 1, "cap": 9}, 5, 9),
        ({"points": -3, "per": 1, "cap": -9}, 5, -9),
        ({"points": 10, "half_life_days": 14}, 5, 10),
    ],
)
def test_score_rule_gives_points(
    small: dict[str, Any], rule: dict[str, int], value: int, points: int
) -> None:
    condition = {"label": "x", "fact": "touchpoint_count", "parameters": {"days": 30}}
    small["score"] = {"rule": {**condition, "operator": "at_least", "wanted": 1, **rule}}

    verdict = judged(small, {MONTH: value})

    assert verdict.points == points
    assert verdict.score == ((("rule", points),) if points else ())


@pytest.mark.parametrize(
    ("age", "points"),
    [
        (timedelta(0), Decimal("10.00")),
        (timedelta(hours=23, minutes=59), Decimal("10.00")),
        (timedelta(days=1), Decimal("9.52")),
        (timedelta(days=14), Decimal("5.00")),
        (timedelta(days=28), Decimal("2.50")),
    ],
    ids=str,
)
def test_points_fade_by_whole_days(small: dict[str, Any], age: timedelta, points: Decimal) -> None:
    small["score"]["touchpoints"] |= {"points": 10, "half_life_days": 14}
    del small["score"]["touchpoints"]["per"]

    verdict = judged(small, {MONTH: 1}, latest=[AT - age, None, None])

    assert verdict.points == points


def test_agreement_knows_which_answers_fade_only_where_points_decide(
    small: dict[str, Any],
) -> None:
    small["score"]["touchpoints"]["half_life_days"] = 14
    assert engine.compile(small).decaying == ()

    small["stages"][0]["min_points"] = 3
    assert engine.compile(small).decaying == (0,)


def test_segment_matches_when_all_of_its_conditions_hold(small: dict[str, Any]) -> None:
    small["segment"] = [
        {"fact": "expected_acv", "operator": "at_least", "wanted": 30000},
        {"fact": "expected_acv", "operator": "at_most", "wanted": 99999.99},
    ]
    agreement = engine.compile(small)

    assert agreement.segment_refs == (FactRef("expected_acv"), FactRef("expected_acv"))
    assert agreement.matches_segment([Decimal("99999.99")] * 2)
    assert not agreement.matches_segment([Decimal(100000)] * 2)
    assert not agreement.matches_segment([None] * 2)


def test_floor_names_what_is_missed_and_spares_the_account_on_exempt_paths(
    small: dict[str, Any],
) -> None:
    small["floor"] = {"criteria": ["german", "one_touchpoint"], "exempt_paths": ["account_based"]}
    agreement = engine.compile(small)

    assert agreement.missed_floor(met=["german"], path="direct") == ("one_touchpoint",)
    assert agreement.missed_floor(met=[], path="standard") == ("german", "one_touchpoint")
    assert agreement.missed_floor(met=[], path="account_based") == ("one_touchpoint",)


def test_agreement_holds_kinds_and_title_rules(small: dict[str, Any]) -> None:
    agreement = engine.compile(small)

    assert agreement.kinds["demo_request"].is_direct_intent
    assert not agreement.kinds["pricing_page_view"].is_direct_intent
    assert agreement.title_rules.judge("Assistant to the CEO").authority == "end_user"
    assert agreement.day_zone == "Europe/Berlin"


def test_whoever_meets_an_exclusion_reaches_no_stage_from_mql_upwards(
    small: dict[str, Any],
) -> None:
    small["stages"].append({"stage": "iql", "path": "standard", "engagement": "low"})
    small["exclusions"] = {"german": small["signals"]["german"]}
    del small["signals"]
    small["stages"][1]["criteria"] = []

    assert judged(small, {MONTH: 4, COUNTRY: "FR"}).stage == "sql"
    assert judged(small, {MONTH: 4, COUNTRY: "DE"}).reached == (("iql", "standard"),)


def test_agreement_knows_its_exclusions_and_questions(small: dict[str, Any]) -> None:
    small["exclusions"] = {"french": {**small["signals"]["german"], "wanted": "FR"}}
    small["questions"] = {
        "budget": {
            "question": "Is there a budget?",
            "side": "sales",
            "answer_within": "4 hours",
            "valid_days": 90,
        }
    }

    agreement = engine.compile(small)

    assert [c.key for c in agreement.criteria if c.is_exclusion] == ["french"]
    (question,) = agreement.questions
    assert (question.key, question.side, question.valid_days) == ("budget", "sales", 90)
    assert question.answer_within == timedelta(hours=4)


COUNTS = st.none() | st.integers(0, 6)
AGES = st.none() | st.timedeltas(timedelta(hours=-5), timedelta(days=40))


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Documents of any criteria, levels, points and stages over three counts."""

    def condition() -> dict[str, Any]:
        return {
            "label": "x",
            "fact": "touchpoint_count",
            "parameters": {"days": draw(st.integers(1, 3))},
            "operator": draw(st.sampled_from(["at_least", "at_most", "is_not"])),
            "wanted": draw(st.integers(0, 5)),
        }

    levels: dict[str, Any] = {}
    for dimension in draw(st.lists(st.sampled_from(list(Dimension)), unique=True)):
        for level in draw(st.sets(st.sampled_from(LEVELS[dimension][1:]), min_size=1)):
            keys = [f"{dimension}_{level}_{n}" for n in range(draw(st.integers(1, 3)))]
            levels.setdefault(dimension.value, {})[str(level)] = {
                "match": draw(st.sampled_from(["all", "any"])),
                "criteria": {key: condition() for key in keys},
            }

    def rule() -> dict[str, Any]:
        points = draw(st.integers(-9, 9).filter(bool))
        per = draw(st.none() | st.integers(1, 2))
        cap = draw(st.none() | st.integers(1, 20)) if per else None
        signed = cap and (cap if points > 0 else -cap)
        half_life = draw(st.none() | st.integers(1, 20))
        return {
            **condition(),
            **{"points": points, "per": per, "cap": signed, "half_life_days": half_life},
        }

    signals = {f"signal_{n}": condition() for n in range(draw(st.integers(0, 3)))}
    pairs = st.tuples(
        st.sampled_from(["iql", "mql", "sql"]), st.sampled_from(["standard", "direct"])
    )
    optional = {dimension.value: st.sampled_from(LEVELS[dimension]) for dimension in Dimension}
    optional["min_points"] = st.integers(-20, 20)
    optional["criteria"] = (
        st.lists(st.sampled_from([*signals]), unique=True) if signals else (st.just([]))
    )
    return {
        "process": "criteria_led",
        "handoff_stage": "sql",
        "levels": levels,
        "signals": signals,
        "exclusions": {f"exclusion_{n}": condition() for n in range(draw(st.integers(0, 1)))},
        "score": {f"rule_{n}": rule() for n in range(draw(st.integers(0, 4)))},
        "stages": [
            {"stage": stage, "path": path} | draw(st.fixed_dictionaries({}, optional=optional))
            for stage, path in draw(st.lists(pairs, unique=True))
        ],
    }


@settings(max_examples=150, deadline=None)
@given(documents(), st.tuples(COUNTS, COUNTS, COUNTS), st.tuples(AGES, AGES, AGES))
def test_judge_agrees_with_a_naive_reading(
    content: dict[str, Any], counts: Any, ages: Any
) -> None:
    refs = [FactRef.of("touchpoint_count", {"days": days}) for days in (1, 2, 3)]
    answers = dict(zip(refs, counts, strict=True))
    latest = {ref: AT - age for ref, age in zip(refs, ages, strict=True) if age is not None}

    order = engine.compile(content).refs
    verdict = judged(content, answers, latest=[latest.get(ref) for ref in order])

    naive = Naive(content, answers, at=AT, latest=latest)
    assert verdict.levels == {dimension: naive.level(dimension) for dimension in Dimension}
    assert dict(verdict.score) == naive.score()
    assert verdict.points == naive.points() == sum(points for _, points in verdict.score)
    assert verdict.reached == naive.reached()
    assert (verdict.stage, verdict.path) == (verdict.reached[-1] if verdict.reached else ("", ""))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(-50, 50).filter(bool), st.none() | st.integers(1, 4), st.integers(1, 60)
        ),
        max_size=5,
    ),
    st.integers(0, 40),
    st.none() | st.integers(1, 30),
    st.integers(0, 90),
)
def test_points_add_up_stay_under_the_cap_and_never_grow_with_age(
    rules: list[tuple[int, int | None, int]], count: int, half_life: int | None, age_days: int
) -> None:
    content = {
        "process": "criteria_led",
        "handoff_stage": "sql",
        "stages": [],
        "score": {
            f"rule_{number}": {
                "label": "x",
                "fact": "touchpoint_count",
                "parameters": {"days": 30},
                "operator": "at_least",
                "wanted": 1,
                "points": points,
                "per": per,
                "cap": cap if points > 0 else -cap,
                "half_life_days": half_life,
            }
            for number, (points, per, cap) in enumerate(rules)
        },
    }
    answers = {MONTH: count}

    fresh = judged(content, answers, latest=[AT])
    old = judged(content, answers, latest=[AT - timedelta(days=age_days)])

    assert old.points == sum(points for _, points in old.score)
    given_when_fresh = dict(fresh.score)
    for key, points in old.score:
        cap = content["score"][key]["cap"]
        assert abs(points) <= abs(given_when_fresh[key]) <= abs(cap)
        assert (points > 0) == (cap > 0)
