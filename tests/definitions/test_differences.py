"""What changed between two contents is all that changed, and exactly that."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings

from definitions import differences, document
from definitions.differences import ORDER, Change
from tests.definitions.strategies import EXACT, FEW, Edit, condition_edits, contents

MANY = settings(FEW, max_examples=200)


@FEW
@given(contents())
def test_a_content_does_not_differ_from_itself(content: dict[str, Any]) -> None:
    assert differences.compare(content, deepcopy(content)) == ()


@MANY
@given(EXACT)
def test_any_single_edit_is_named_and_nothing_else(edit: Edit) -> None:
    (change,) = differences.compare(edit.before, edit.after)

    assert change.path == edit.path


@FEW
@given(condition_edits())
def test_another_condition_touches_its_row_alone(edit: Edit) -> None:
    changes = differences.compare(edit.before, edit.after)

    assert changes
    assert {change.path[:2] for change in changes} == {edit.path}
    assert {change.path[2] for change in changes} <= {"fact", "parameters", "operator", "wanted"}


@FEW
@given(EXACT)
def test_going_back_is_the_same_change_the_other_way(edit: Edit) -> None:
    there = differences.compare(edit.before, edit.after)
    back = differences.compare(edit.after, edit.before)

    if there[0].path[-1] != ORDER:
        assert [(one.before, one.after) for one in there] == [
            (one.after, one.before) for one in back
        ]


@FEW
@given(contents(), contents())
def test_two_texts_differ_exactly_when_something_is_named(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    is_same_text = document.render(one) == document.render(other)

    assert (differences.compare(one, other) == ()) == is_same_text


def test_a_field_is_named_with_what_it_was_and_is(small: dict[str, Any]) -> None:
    after = deepcopy(small)
    after["levels"]["engagement"]["high"]["criteria"]["four_touchpoints"]["wanted"] = 5

    assert differences.compare(small, after) == (
        Change(("criteria", "four_touchpoints", "wanted"), 4, 5),
    )


def test_one_and_true_are_two_texts(small: dict[str, Any]) -> None:
    small["signals"]["german"] |= {"fact": "asserted", "parameters": {"what": "x"}, "wanted": 1}
    after = deepcopy(small)
    after["signals"]["german"]["wanted"] = True

    assert differences.compare(small, after) == (
        Change(("criteria", "german", "wanted"), 1, True),
    )


def test_one_and_true_are_two_texts_in_a_list_too(small: dict[str, Any]) -> None:
    asked = {"fact": "asserted", "parameters": {"what": "x"}, "operator": "is"}
    one, other = small | {"segment": [asked | {"wanted": 1}]}, deepcopy(small)
    other["segment"] = [asked | {"wanted": True}]

    assert differences.compare(one, other) == (Change(("segment", "1", "wanted"), 1, True),)


def test_a_criterion_that_moves_stays_the_same_criterion(small: dict[str, Any]) -> None:
    after = deepcopy(small)
    moved = after["levels"]["engagement"]["high"]["criteria"].pop("pricing_twice")
    after["exclusions"] = {"pricing_twice": moved}

    assert differences.compare(small, after) == (
        Change(("criteria", "pricing_twice", "place"), "engagement.high", "exclusions"),
    )


def test_a_title_rule_that_is_inserted_renumbers_nobody(small: dict[str, Any]) -> None:
    after = deepcopy(small)
    new = {"phrase": "intern", "authority": "end_user", "confidence": 90}
    after["title_rules"].insert(0, new)

    assert differences.compare(small, after) == (Change(("title_rules", "1"), None, new),)


def test_a_rule_is_known_again_when_it_is_changed_and_others_come(small: dict[str, Any]) -> None:
    after = deepcopy(small)
    new = {"phrase": "intern", "authority": "end_user", "confidence": 90}
    after["title_rules"] = [new, *after["title_rules"]]
    after["title_rules"][2]["confidence"] = 50

    assert differences.compare(small, after) == (
        Change(("title_rules", "3", "confidence"), 95, 50),
        Change(("title_rules", "1"), None, new),
    )


@pytest.mark.parametrize(
    ("before", "after", "moved"),
    [
        ("abc", "cab", ("c",)),
        ("abcd", "bcda", ("a",)),
        ("ab", "ba", ("b",)),
        ("abcde", "adbce", ("d",)),
    ],
)
def test_the_fewest_rows_that_explain_an_order_are_those_that_moved(
    before: str, after: str, moved: tuple[str, ...]
) -> None:
    change = Change(("score", ORDER), tuple(before), tuple(after))

    assert differences.moved(change) == moved
