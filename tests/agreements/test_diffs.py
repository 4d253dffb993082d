"""What changes is said in sentences that name the row, and the stages that feel it."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import assume, given

from crm_handoff.agreements import diffs
from crm_handoff.agreements.diffs import PARTS, Difference
from crm_handoff.people.models import User
from definitions import catalog, document
from definitions.differences import ORDER
from definitions.form import DOCUMENT, malformed
from tests.definitions.strategies import EXACT, FEW, Edit, condition_edits, contents


def read(name: str) -> dict[str, Any]:
    content = document.read((catalog.DEFAULTS / f"{name}.yaml").read_text(encoding="utf-8"))
    del content["about"]
    return content


@pytest.fixture
def before() -> dict[str, Any]:
    """The shipped agreement for 30,000 to 100,000 a year."""
    return read("mid_market")


@pytest.fixture
def after(before: dict[str, Any]) -> dict[str, Any]:
    """The same agreement, to be changed."""
    return deepcopy(before)


def sentence(before: dict[str, Any], after: dict[str, Any]) -> str:
    """Return the only sentence."""
    (difference,) = diffs.differences(before, after)
    return difference.sentence


@FEW
@given(contents())
def test_a_content_has_no_differences_from_itself(content: dict[str, Any]) -> None:
    assert diffs.differences(content, deepcopy(content)) == []


def where_of(path: tuple[str, ...]) -> str:
    """Return how problems name the row of a change."""
    if path[0] in ("segment", "title_rules") and path[-1] != ORDER:
        return f"{path[0]}[{path[1]}]"
    rows = ("criteria", "levels", "score", "questions", "stages", "sla_terms", "kinds")
    short = path[:2] if path[0] in rows else path
    return ".".join(name for name in (path if path[-1] == ORDER else short) if name != ORDER)


@pytest.mark.django_db
@FEW
@given(EXACT | condition_edits())
def test_any_single_edit_is_said_and_names_its_row_alone(edit: Edit) -> None:
    assume(not any(malformed(edit.after)))
    said = diffs.differences(edit.before, edit.after)

    assert said
    assert {one.where for one in said} == {where_of(edit.path)}
    assert {one.part for one in said} <= set(PARTS)
    assert all(one.sentence.strip() for one in said)


def test_every_part_of_a_document_is_said() -> None:
    spread = {"signals", "exclusions"}

    assert set(diffs.ROWS) | set(diffs.FIELDS) | spread == set(DOCUMENT) | {"criteria"}


def test_a_criterion_is_named_by_the_stage_that_feels_it(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    after["levels"]["engagement"]["high"]["criteria"]["four_touchpoints"]["wanted"] = 5

    assert diffs.differences(before, after) == [
        Difference(
            "criteria",
            "criteria.four_touchpoints",
            "SQL engagement: 4+ touchpoints in 30 days (of any category but other)"
            " → 5+ in 30 days",
        )
    ]


def test_a_window_is_said_like_a_number(before: dict[str, Any], after: dict[str, Any]) -> None:
    after["levels"]["intent"]["high"]["criteria"]["pricing_twice"]["parameters"]["days"] = 14

    assert sentence(before, after) == (
        "SQL intent: 2+ touchpoints in 7 days (pricing page view) → 2+ in 14 days"
    )


def test_what_is_new_and_what_is_gone_is_said(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    german = {"label": "German", "fact": "country", "operator": "is", "wanted": "DE"}
    after["levels"]["fit"]["low"]["criteria"]["german"] = german

    assert sentence(before, after) == "New for MQL fit: Country: Germany"
    assert sentence(after, before) == ("No longer asked for MQL fit: Country: Germany")


def test_a_list_says_what_it_gains_and_loses(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    wanted = after["levels"]["fit"]["in"]["criteria"]["target_industry"]["wanted"]
    after["levels"]["fit"]["in"]["criteria"]["target_industry"]["wanted"] = [*wanted[1:], "energy"]

    assert sentence(before, after) == (
        "SQL (standard, direct) fit, Industry: the list gains energy and no longer has software."
    )


def test_a_label_is_said_to_be_a_label(before: dict[str, Any], after: dict[str, Any]) -> None:
    after["levels"]["fit"]["in"]["criteria"]["company_size"]["label"] = "Right size"

    assert sentence(before, after) == (
        "SQL (standard, direct) fit: “50 to 2,000 people” is now called “Right size”."
    )


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("stages", 1, "engagement"), "high", "MQL engagement: medium or above → high"),
        (("stages", 1, "fit"), "", "MQL no longer looks at fit."),
        (("stages", 2, "product"), "low", "SQL now wants product low or above."),
        (("stages", 2, "min_points"), 40, "SQL points: any → at least 40 points"),
        (
            ("score", "touchpoints", "points"),
            5,
            "“Touchpoints in 30 days”: 3 points for each touchpoint, at most 24"
            " → 5 points for each touchpoint, at most 24",
        ),
        (
            ("sla_terms", "demo_request", "respond_within"),
            "10 minutes",
            "Promise “Demo request”, time: 5 minutes → 10 minutes",
        ),
        (
            ("sla_terms", "other", "escalate_after"),
            None,
            "Promise “Everyone else”, escalated after a miss: 2 hours → never",
        ),
        (
            ("sla_terms", "other", "counts_from"),
            "qualified",
            "Promise “Everyone else”, counted from: as usual → The lead qualified",
        ),
        (
            ("sla_terms", "other", "later_warnings"),
            [],
            "Promise “Everyone else”, warned again at: 80 percent → no time",
        ),
        (
            ("sla_terms", "other", "manager_after"),
            "30 minutes",
            "Promise “Everyone else”, manager told after a miss: at once → 30 minutes",
        ),
        (
            ("sla_terms", "second_attempt", "cadence"),
            [{"kind": "call", "after": "1 hour", "what": "Call"}],
            "Promise “Try a second time”, cadence of tasks: none → After 1 hour: call, “Call”",
        ),
        (
            ("levels", "intent", "high", "match"),
            "all",
            "SQL intent: all criteria must be met.",
        ),
        (
            ("limits", "criteria_pct"),
            7.5,
            "Share of a batch below the floor at which sales may reject it:"
            " 5 percent → 7.50 percent",
        ),
        (("handoff_stage",), "pql", "Hands over at: SQL → PQL"),
        (
            ("segment", 0, "wanted"),
            20000,
            "Takes: Expected annual contract value: at least 30,000 → at least 20,000",
        ),
    ],
)
def test_a_field_is_said_in_a_sentence(
    before: dict[str, Any], after: dict[str, Any], path: tuple[Any, ...], value: Any, said: str
) -> None:
    row: Any = after
    for name in path[:-1]:
        row = row[name]
    row[path[-1]] = value

    assert sentence(before, after) == said


def test_a_plan_with_its_days_is_said_once(before: dict[str, Any], after: dict[str, Any]) -> None:
    after["in_flight"] = {"plan": "sunset", "sunset_days": 30}

    assert "30 days" in sentence(before, after)


@pytest.mark.django_db
def test_who_was_named_is_said_by_name(before: dict[str, Any]) -> None:
    User.objects.create_user("marta@example.com", full_name="Marta Marketing")
    one = before | {"operators": {"sales": {"operator": "Marta@example.com"}}}
    other = before | {"operators": {"sales": {"operator": "nobody@example.com"}}}

    assert sentence(one, other) == "Operator of sales: Marta Marketing → nobody@example.com"


def test_an_exclusion_stands_under_its_own_heading(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    customer = {"label": "Customer", "fact": "is_customer", "operator": "is", "wanted": True}
    after["exclusions"] = {**after.get("exclusions", {}), "customer": customer}

    (difference,) = diffs.differences(before, after)

    assert difference.part == "exclusions"
    assert difference.sentence.startswith("New reason not to pass on: Works at a customer")


def test_the_order_of_promises_names_what_moved(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    terms = dict(after["sla_terms"])
    contact = {"contact_form": terms.pop("contact_form")}
    after["sla_terms"] = contact | terms

    assert sentence(before, after) == (
        "Moved in the order in which promises are tried: “Contact form”."
    )


def test_differences_come_in_the_order_in_which_they_are_read(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    after["effective_at"] = "2026-12-01T00:00:00+00:00"
    after["stages"][2]["min_points"] = 40
    after["levels"]["intent"]["high"]["match"] = "all"
    after["change_note"] = "Tighter."

    parts = [one.part for one in diffs.differences(before, after)]

    assert parts == ["about", "criteria", "stages", "plan"]
