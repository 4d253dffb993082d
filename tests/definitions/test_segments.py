"""Segments: which overlap, which swallow another, and what both sides are told of it."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_handoff.people.models import User
from definitions import ranges, soundness, versions
from definitions.conditions import predicate_of
from definitions.content import content_of
from definitions.segments import Segment, clashes, covers, overlap
from definitions.vocabulary import FACTS, OPERATORS_OF, FactType, Operator


def asks(fact: str, operator: str, wanted: Any = None) -> dict[str, Any]:
    return {"fact": fact, "operator": operator} | ({} if wanted is None else {"wanted": wanted})


def acv(least: float | None = None, most: float | None = None) -> list[dict[str, Any]]:
    rows = [] if least is None else [asks("expected_acv", "at_least", least)]
    return rows + ([] if most is None else [asks("expected_acv", "at_most", most)])


UNDER_30K, FROM_30K, ABOVE = acv(most=29999.99), acv(30000, 99999.99), acv(100000)
DACH = [asks("country", "one_of", ["DE", "AT", "CH"])]
GERMANY = [asks("country", "is", "de")]


def test_bands_of_contract_value_do_not_overlap() -> None:
    assert not overlap(UNDER_30K, FROM_30K)
    assert not overlap(FROM_30K, ABOVE)
    assert overlap(FROM_30K, acv(90000))
    assert overlap(acv(most=30000), FROM_30K)


def test_a_region_covers_a_country_of_it_and_not_the_other_way() -> None:
    assert covers(DACH, GERMANY)
    assert not covers(GERMANY, DACH)
    assert covers([], GERMANY)
    assert not covers(DACH, [])
    assert covers(DACH, [*GERMANY, *FROM_30K])
    assert not covers([*DACH, *FROM_30K], GERMANY)


def segment(name: str, rows: list[dict[str, Any]], position: int, **more: Any) -> Segment:
    is_catch_all = more.get("is_catch_all", False)
    return Segment(name, (is_catch_all, position, 0), is_catch_all, tuple(rows))


CLASHES = [
    (segment("New", FROM_30K, 1), segment("Old", ABOVE, 2), []),
    (
        segment("New", acv(90000), 1),
        segment("Old", FROM_30K, 2),
        ["segment[1]: overlaps with Old, which asks the same and takes some of them"],
    ),
    (
        segment("New", GERMANY, 2),
        segment("Old", DACH, 1),
        ["segment[1]: nobody is left, Old is tried before and takes them all"],
    ),
    (
        segment("New", DACH, 1),
        segment("Old", GERMANY, 2),
        ["segment[1]: takes everyone whom Old would take, and is tried before it"],
    ),
    (
        segment("New", [], 1),
        segment("Old", GERMANY, 2),
        ["segment: takes everyone whom Old would take, and is tried before it"],
    ),
    # What asks other facts is told apart by the order, which both sides see.
    (segment("New", GERMANY, 1), segment("Old", FROM_30K, 2), []),
    (segment("New", FROM_30K, 9, is_catch_all=True), segment("Old", acv(), 2), []),
    (segment("New", FROM_30K, 9), segment("Old", [], 2, is_catch_all=True), []),
]


@pytest.mark.parametrize(("one", "other", "sentences"), CLASHES)
def test_a_clash_names_both(one: Segment, other: Segment, sentences: list[str]) -> None:
    assert clashes(one, [other]) == sentences


def test_another_definition_in_review_counts(
    small: dict[str, Any], rita: User, marta: User, sam: User, noon: datetime
) -> None:
    first = versions.create_draft(small | {"segment": FROM_30K}, by=rita)
    second = versions.create_draft(small | {"definition": "other", "segment": acv(50000)}, by=rita)
    assert soundness.problems_of(second) == []

    versions.submit(first, by=rita, at=noon)

    assert soundness.clashing(second, content_of(second)) == [
        "segment[1]: overlaps with small v1, which asks the same and takes some of them"
    ]
    again = versions.revise(first, by=rita)
    assert soundness.problems_of(again) == []


NUMBERS = st.integers(0, 6)
WORDS = st.sampled_from(["DE", "AT", "CH", "FR"])
VALUES: dict[str, Any] = {
    "employee_count": NUMBERS,
    "country": WORDS,
    "title_authority": st.sampled_from(FACTS["title_authority"].levels),
    "is_target_account": st.booleans(),
    "technologies": WORDS,
}
"""Facts of every type, with values to compare them with."""


@st.composite
def conditions(draw: st.DrawFn, fact: str) -> dict[str, Any]:
    values = VALUES[fact]
    operator = draw(st.sampled_from(sorted(OPERATORS_OF[FACTS[fact].type])))
    if operator in (Operator.KNOWN, Operator.UNKNOWN):
        return asks(fact, operator)
    if operator is Operator.BETWEEN:
        levels = FACTS[fact].levels
        order = levels.index if levels else None
        return asks(fact, operator, sorted([draw(values), draw(values)], key=order))
    if operator in (Operator.ONE_OF, Operator.NONE_OF, Operator.ANY_OF):
        return asks(fact, operator, draw(st.lists(values, min_size=1, max_size=3, unique=True)))
    return asks(fact, operator, draw(values))


def seen(fact: str) -> st.SearchStrategy[Any]:
    values = VALUES[fact]
    if FACTS[fact].type is FactType.SET:
        values = st.lists(values, max_size=3).map(tuple)
    is_always_known = FACTS[fact].type is FactType.LEVEL
    return values if is_always_known else st.none() | values


@settings(max_examples=150, deadline=None)
@given(data=st.data(), fact=st.sampled_from(sorted(VALUES)))
def test_ranges_never_say_more_than_the_engine(data: st.DataObject, fact: str) -> None:
    one, other = data.draw(conditions(fact)), data.draw(conditions(fact))
    taken, also = ranges.of_row(one), ranges.of_row(other)

    for _ in range(5):
        value = data.draw(seen(fact))
        is_met = predicate_of(fact, one["operator"], one.get("wanted"))(value)
        is_also_met = predicate_of(fact, other["operator"], other.get("wanted"))(value)
        if is_met:
            assert not ranges.is_empty(taken)
        if is_met and is_also_met:
            assert not ranges.is_empty(ranges.met(taken, also))
        if is_met and ranges.is_within(taken, also):
            assert is_also_met
