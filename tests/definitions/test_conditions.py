"""Truth tables of the operators."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from definitions.conditions import COMPARISONS, FactRef, predicate_of
from definitions.vocabulary import FACTS, OPERATORS_OF, Authority, FactType, Operator

TRUTH: list[tuple[str, str, Any, Any, bool]] = [
    ("employee_count", "at_least", 50, 49, False),
    ("employee_count", "at_least", 50, 50, True),
    ("employee_count", "at_least", 50, None, False),
    ("title_authority", "at_least", "influencer", "end_user", False),
    ("title_authority", "at_least", "influencer", "influencer", True),
    ("title_authority", "at_least", "influencer", "decision_maker", True),
    ("title_authority", "at_least", "influencer", None, False),
    ("employee_count", "at_most", 50, 50, True),
    ("employee_count", "at_most", 50, 51, False),
    ("employee_count", "at_most", 50, None, False),
    ("expected_acv", "at_most", 99999.99, Decimal("99999.99"), True),
    ("expected_acv", "at_most", 0.1, Decimal("0.10"), True),
    ("expected_acv", "at_least", 0.1, Decimal("0.10"), True),
    ("title_authority", "at_most", "end_user", "researcher", True),
    ("title_authority", "at_most", "end_user", "influencer", False),
    ("employee_count", "between", [50, 2000], 49, False),
    ("employee_count", "between", [50, 2000], 50, True),
    ("employee_count", "between", [50, 2000], 2000, True),
    ("employee_count", "between", [50, 2000], 2001, False),
    ("employee_count", "between", [50, 2000], None, False),
    ("title_authority", "between", ["end_user", "influencer"], "end_user", True),
    ("title_authority", "between", ["end_user", "influencer"], "senior_influencer", False),
    ("country", "is", "DE", "DE", True),
    ("country", "is", "DE", "de", True),
    ("country", "is", "DE", "FR", False),
    ("country", "is", "DE", None, False),
    ("employee_count", "is", 0, 0, True),
    ("employee_count", "is", 0, None, False),
    ("email_is_known", "is", True, True, True),
    ("email_is_known", "is", False, False, True),
    ("email_is_known", "is", False, None, False),
    ("asserted", "is", True, True, True),
    ("asserted", "is", "yes", "Yes", True),
    ("asserted", "is", "yes", True, False),
    ("country", "is_not", "DE", "FR", True),
    ("country", "is_not", "DE", "de", False),
    ("country", "is_not", "DE", None, False),
    ("employee_count", "is_not", 1, 2, True),
    ("industry", "one_of", ["software", "retail"], "Software", True),
    ("industry", "one_of", ["software", "retail"], "mining", False),
    ("industry", "one_of", ["software", "retail"], None, False),
    ("title_authority", "one_of", ["end_user", "decision_maker"], "influencer", False),
    ("title_authority", "one_of", ["end_user", "decision_maker"], "end_user", True),
    ("industry", "none_of", ["software", "retail"], "mining", True),
    ("industry", "none_of", ["software", "retail"], "RETAIL", False),
    ("industry", "none_of", ["software", "retail"], None, False),
    ("technologies", "none_of", ["sap"], {"oracle"}, True),
    ("technologies", "none_of", ["sap"], {"oracle", "SAP"}, False),
    ("technologies", "none_of", ["sap"], set(), True),
    ("technologies", "none_of", ["sap"], None, False),
    ("technologies", "any_of", ["sap", "oracle"], ["Oracle", "aws"], True),
    ("technologies", "any_of", ["sap", "oracle"], ["aws"], False),
    ("technologies", "any_of", ["sap", "oracle"], [], False),
    ("technologies", "any_of", ["sap", "oracle"], None, False),
    ("country", "known", None, "DE", True),
    ("country", "known", None, None, False),
    ("employee_count", "known", None, 0, True),
    ("email_is_known", "known", None, False, True),
    ("country", "unknown", None, None, True),
    ("country", "unknown", None, "DE", False),
    ("employee_count", "unknown", None, 0, False),
]


@pytest.mark.parametrize(("fact", "operator", "wanted", "value", "is_met"), TRUTH)
def test_predicate_of_follows_the_truth_table(
    fact: str, operator: str, wanted: Any, value: Any, is_met: bool
) -> None:
    assert predicate_of(fact, operator, wanted)(value) is is_met


def test_truth_table_has_every_operator_met_and_unmet() -> None:
    seen = {(row[1], row[4]) for row in TRUTH}

    assert seen == {(operator, met) for operator in Operator for met in (True, False)}


def test_every_operator_is_compared_and_every_type_has_operators() -> None:
    assert set(COMPARISONS) == set(Operator)
    assert set(OPERATORS_OF) == set(FactType)
    assert frozenset.union(*OPERATORS_OF.values()) == set(Operator)


EXAMPLES: dict[FactType, Any] = {
    FactType.NUMBER: 3,
    FactType.TEXT: "three",
    FactType.FLAG: True,
    FactType.SET: "three",
    FactType.LEVEL: Authority.INFLUENCER.value,
    FactType.ANSWER: "three",
}


@pytest.mark.parametrize("fact", FACTS.values(), ids=FACTS)
def test_missing_value_meets_nothing_but_unknown(fact: Any) -> None:
    example = EXAMPLES[fact.type]
    for operator in OPERATORS_OF[fact.type]:
        lists = {"between": [example, example], "one_of": [example], "none_of": [example]}
        wanted = (lists | {"any_of": [example]}).get(operator, example)

        assert predicate_of(fact.key, operator, wanted)(None) is (operator == "unknown")


@given(st.integers(), st.integers(), st.integers())
def test_between_is_at_least_and_at_most(low: int, high: int, value: int) -> None:
    is_between = predicate_of("employee_count", "between", [low, high])(value)

    assert is_between == (
        predicate_of("employee_count", "at_least", low)(value)
        and predicate_of("employee_count", "at_most", high)(value)
    )


def test_fact_ref_is_the_same_whatever_the_order_it_was_written_in() -> None:
    one = FactRef.of("touchpoint_count", {"days": 7, "kinds": ["b", "a"], "direct_only": False})
    other = FactRef.of("touchpoint_count", {"kinds": ["a", "b", "a"], "days": 7})

    assert one == other
    assert one.parameters == (("days", 7), ("kinds", ("a", "b")))
    assert one.parameter("days") == 7
    assert one.parameter("channels", ()) == ()
