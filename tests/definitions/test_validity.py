"""Nonsense is refused with one sentence that names its row."""

from collections.abc import Callable
from typing import Any

import pytest

from definitions.validity import problems_in

Change = Callable[[dict[str, Any]], Any]


def criterion(content: dict[str, Any]) -> dict[str, Any]:
    return content["levels"]["engagement"]["high"]["criteria"]["pricing_twice"]


def task(after: str) -> dict[str, str]:
    return {"kind": "call", "after": after, "what": "Call"}


def test_sound_document_has_no_problems(small: dict[str, Any]) -> None:
    assert problems_in(small) == []


NONSENSE: list[tuple[Change, str]] = [
    (
        lambda c: criterion(c)["parameters"].pop("days"),
        "criteria.pricing_twice: fact touchpoint_count needs days",
    ),
    (lambda c: criterion(c).update(fact="shoe_size"), "criteria.pricing_twice: fact must be one"),
    (
        lambda c: criterion(c).update(operator="greater"),
        "criteria.pricing_twice: operator must be one of at_least",
    ),
    (
        lambda c: criterion(c).update(operator="any_of", wanted=["a"]),
        "criteria.pricing_twice: fact touchpoint_count is not compared by any_of",
    ),
    (lambda c: criterion(c).update(wanted="2"), "criteria.pricing_twice: wanted must be a number"),
    (
        lambda c: criterion(c).update(wanted=True),
        "criteria.pricing_twice: wanted must be a number",
    ),
    (lambda c: criterion(c).pop("wanted"), "criteria.pricing_twice: wanted must be a number"),
    (
        lambda c: criterion(c).update(operator="known"),
        "criteria.pricing_twice: wanted must be left out with known",
    ),
    (
        lambda c: criterion(c).update(operator="between", wanted=[5, 2]),
        "criteria.pricing_twice: wanted must have the least value first",
    ),
    (
        lambda c: criterion(c).update(operator="between", wanted=[5]),
        "criteria.pricing_twice: wanted must be a list of a least and a most value",
    ),
    (lambda c: criterion(c).pop("label"), "criteria.pricing_twice: label is missing"),
    (lambda c: criterion(c).update(points=3), "criteria.pricing_twice: points is unknown"),
    (
        lambda c: criterion(c)["parameters"].update(days=0),
        "criteria.pricing_twice: days must be 1 to 3650",
    ),
    (
        lambda c: criterion(c)["parameters"].update(kinds=[]),
        "criteria.pricing_twice: kinds must be a list that is not empty",
    ),
    (
        lambda c: criterion(c)["parameters"].update(kinds=["smoke_signal"]),
        "criteria.pricing_twice: there is no touchpoint kind smoke_signal",
    ),
    (
        lambda c: c["signals"]["german"].update(parameters={"days": 7}),
        "criteria.german: fact country takes no days",
    ),
    (
        lambda c: c["signals"]["german"].update(wanted=False),
        "criteria.german: wanted must be a text",
    ),
    (
        lambda c: c["signals"]["german"].update(fact="asserted"),
        "criteria.german: fact asserted needs what",
    ),
    (
        lambda c: c["signals"].update(four_touchpoints=c["signals"]["german"]),
        "criteria.four_touchpoints: the key is used twice",
    ),
    (
        lambda c: c["signals"].update({"two words": c["signals"]["german"]}),
        "criteria: two words must be a key",
    ),
    (
        lambda c: c["levels"]["engagement"].update(huge=c["levels"]["engagement"]["high"]),
        "levels.engagement.huge: no level to grant",
    ),
    (
        lambda c: c["levels"]["engagement"].update(none=c["levels"]["engagement"]["high"]),
        "levels.engagement.none: no level to grant",
    ),
    (
        lambda c: c["levels"].update(fit={"low": {"criteria": {}}}),
        "levels.fit.low: no criterion grants it",
    ),
    (lambda c: c["levels"].update(charm={}), "levels: charm is no dimension"),
    (lambda c: c.update(levels=[]), "document: levels must be a mapping"),
    (lambda c: c["levels"].update(fit=3), "levels: fit must be a mapping"),
    (
        lambda c: c["stages"][0].update(fit="in"),
        "stages.mql.standard: no criterion grants fit in",
    ),
    (
        lambda c: c["stages"][0].update(fit="huge"),
        "stages[1]: fit must be one of out, low, in",
    ),
    (
        lambda c: c["stages"][1].update(engagement=None),
        "stages.sql.standard: asks less engagement than mql",
    ),
    (
        lambda c: c["stages"][0].update(min_points=5),
        "stages.sql.standard: asks less points than mql",
    ),
    (
        lambda c: c["stages"][1].update(criteria=["french"]),
        "stages.sql.standard: there is no criterion french",
    ),
    (
        lambda c: c["stages"].append(c["stages"][0]),
        "stages.mql.standard: the stage and path are used twice",
    ),
    (lambda c: c["stages"][2].pop("criteria"), "stages.sql.direct: demands nothing"),
    (lambda c: c.update(handoff_stage="mql"), "handoff_stage: criteria_led hands over at pql or"),
    (lambda c: c.update(handoff_stage="pql"), "handoff_stage: no stage rule reaches pql"),
    (
        lambda c: c.update(process="sales_confirmed"),
        "handoff_stage: sales_confirmed hands over at mql or pql",
    ),
    (
        lambda c: c.update(process="sales_confirmed", handoff_stage="mql"),
        "stages: sales confirms sql in this process",
    ),
    (
        lambda c: c["sla_terms"].pop("other"),
        "sla_terms: no first_response term takes everyone",
    ),
    (
        lambda c: c["sla_terms"]["other"].update(milestone="acceptance"),
        "sla_terms: no first_response term takes everyone",
    ),
    (
        lambda c: c["sla_terms"].update(late={"label": "x", "respond_within": "1 hour"}),
        "sla_terms.late: never applies, an earlier term takes everyone",
    ),
    (
        lambda c: c["sla_terms"]["german"].update(respond_within="soon"),
        "sla_terms.german: respond_within must be a duration",
    ),
    (
        lambda c: c["sla_terms"]["german"].update(when={"criteria": ["french"]}),
        "sla_terms.german: there is no criterion french",
    ),
    (
        lambda c: c["sla_terms"]["german"].update(stop_kinds=["pigeon"]),
        "sla_terms.german: stop_kinds must be a list of which each must be one of call",
    ),
    (
        lambda c: c["sla_terms"]["german"].update(when={"intent": "none"}),
        "sla_terms.german.when: intent must be one of low, medium, high",
    ),
    (
        lambda c: c["sla_terms"]["german"].update(counts_from="accepted"),
        "sla_terms.german: counts_from accepted does not go with first_response (but: qualified)",
    ),
    (
        lambda c: c["sla_terms"]["german"].update(milestone="outcome", counts_from="lost"),
        "sla_terms.german: counts_from must be one of qualified",
    ),
    (
        lambda c: c["sla_terms"]["german"].update(later_warnings=[50]),
        "sla_terms.german: later_warnings must rise",
    ),
    (
        lambda c: c["sla_terms"]["german"].update(later_warnings=[80, 70]),
        "sla_terms.german: later_warnings must rise",
    ),
    (
        lambda c: c["sla_terms"]["german"].update(later_warnings=[100]),
        "sla_terms.german: later_warnings must be a list of which each must be 1 to 99",
    ),
    (
        lambda c: c["sla_terms"]["german"].update(remind_after="2 hours", escalate_after="1 hour"),
        "sla_terms.german: escalate_after comes before remind_after",
    ),
    (
        lambda c: c["sla_terms"]["german"].update(
            manager_after="2 hours", reassign_after="1 hour"
        ),
        "sla_terms.german: reassign_after comes before manager_after",
    ),
    (
        lambda c: c["sla_terms"]["german"].update(cadence=[task("1 hour"), task("1 minute")]),
        "sla_terms.german: the tasks of a cadence stand in order of time",
    ),
    (
        lambda c: c["sla_terms"]["german"].update(cadence=[task("61 days")]),
        "sla_terms.german: a cadence ends within 60 days",
    ),
    (
        lambda c: c["sla_terms"]["german"].update(cadence=[task("1 hour")] * 11),
        "sla_terms.german: a cadence has at most 10 tasks",
    ),
    (
        lambda c: c["sla_terms"]["german"].update(milestone="outcome", cadence=[task("1 hour")]),
        "sla_terms.german: a cadence goes with first_response, not with outcome",
    ),
    (
        lambda c: c["sla_terms"]["german"].update(cadence=[task("soon")]),
        "sla_terms.german.cadence[1]: after must be a duration",
    ),
    (
        lambda c: c["sla_terms"]["german"].update(cadence=[{"kind": "call", "after": "1 hour"}]),
        "sla_terms.german.cadence[1]: what is missing",
    ),
    (
        lambda c: c["sla_terms"]["german"].update(cadence=[task("1 hour") | {"kind": "fax"}]),
        "sla_terms.german.cadence[1]: kind must be one of call",
    ),
    (
        lambda c: c["sla_terms"]["german"].update(cadence=[task("1 hour") | {"by": "Rita"}]),
        "sla_terms.german.cadence[1]: by is unknown",
    ),
    (
        lambda c: c.update(floor={"criteria": ["french"]}),
        "floor: there is no criterion french",
    ),
    (
        lambda c: c["score"]["touchpoints"].update(fact="country", operator="known", wanted=None),
        "score.touchpoints: fact country takes no days",
    ),
    (
        lambda c: c["score"].update(
            rich={"label": "x", "fact": "country", "operator": "known", "points": 1, "per": 2}
        ),
        "score.rich: per needs a number",
    ),
    (
        lambda c: c["score"].update(
            rich={
                "label": "x",
                "fact": "revenue",
                "operator": "known",
                "points": 1,
                "half_life_days": 2,
            }
        ),
        "score.rich: half_life_days needs touchpoints",
    ),
    (lambda c: c["score"]["touchpoints"].update(cap=-3), "score.touchpoints: cap goes with per"),
    (
        lambda c: c["score"]["touchpoints"].update(points=0),
        "score.touchpoints: points must not",
    ),
    (
        lambda c: c["kinds"]["demo_request"].update(intent_level="low"),
        "kinds.demo_request: direct intent is high intent",
    ),
    (
        lambda c: c["title_rules"][0].update(phrase="…"),
        "title_rules[1]: phrase must have a word in it",
    ),
    (
        lambda c: c["title_rules"][0].update(language="English"),
        "title_rules[1]: language must be an ISO 639-1 code",
    ),
    (
        lambda c: c.update(in_flight={"plan": "sunset"}),
        "in_flight: sunset_days go with plan",
    ),
    (
        lambda c: c.update(limits={"criteria_pct": 101}),
        "limits: criteria_pct must be a perc",
    ),
    (lambda c: c.update(day_zone="Mars/Olympus"), "document: day_zone must be an IANA time zone"),
    (lambda c: c.update(effective_at="tomorrow"), "document: effective_at must be an ISO 8601"),
    (
        lambda c: c.update(effective_at="9999-12-31T23:59:59-12:00"),
        "document: effective_at must lie between 1970 and 2199",
    ),
    (lambda c: c.update(day_zone=["UTC"]), "document: day_zone must be an IANA time zone"),
    (lambda c: c.update(schema=2), "document: schema must be 1 to 1"),
    (lambda c: c.update(colour="red"), "document: colour is unknown"),
    (lambda c: c.pop("stages"), "document: stages is missing"),
    (
        lambda c: c["operators"]["sales"].update(operator="Sam"),
        "operators.sales: operator must be an e-mail address",
    ),
    (lambda c: c["operators"].update(finance={}), "operators: finance is unknown"),
    (
        lambda c: c.update(segment=[{"fact": "country", "operator": "is"}]),
        "segment[1]: wanted must be a text",
    ),
]


@pytest.mark.parametrize(("change", "problem"), NONSENSE, ids=[row[1] for row in NONSENSE])
def test_nonsense_is_named(small: dict[str, Any], change: Change, problem: str) -> None:
    change(small)

    found = problems_in(small)

    assert [one for one in found if one.startswith(problem)], found


@pytest.mark.parametrize("endless", [float("nan"), float("inf"), 10**400])
def test_a_number_has_an_end(small: dict[str, Any], endless: float) -> None:
    criterion(small).update(
        fact="touchpoint_count", parameters={"days": 30}, operator="at_least", wanted=endless
    )

    assert any("wanted must be a number" in one for one in problems_in(small))


def test_a_promise_with_a_blank_list_of_criteria_is_for_everyone(small: dict[str, Any]) -> None:
    small["sla_terms"]["german"]["when"] = {"criteria": []}

    assert any("never applies" in one for one in problems_in(small))


def test_every_problem_of_a_document_is_found_at_once(small: dict[str, Any]) -> None:
    criterion(small)["operator"] = "greater"
    small["process"] = "by_feeling"
    small["kinds"]["demo_request"]["category"] = "wish"

    assert len(problems_in(small)) == 3


@pytest.mark.parametrize("part", ["levels", "signals", "score", "segment", "floor", "operators"])
def test_parts_may_be_left_blank(small: dict[str, Any], part: str) -> None:
    small["exclusions"] = {"spam": {"label": "Spam", "fact": "region", "operator": "unknown"}}
    small["stages"] = [{"stage": "sql", "path": "standard", "min_points": 3}]
    if part == "score":
        del small["stages"][0]["min_points"]
        small["stages"][0]["criteria"] = ["german"]
    del small["sla_terms"]["german"]

    assert problems_in(small | {part: None}) == []
