"""The rules over plain data: who receives a lead, who does not, and why."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from definitions.vocabulary import ASKED_FACTS
from routing import records, rules
from routing.cases import Ask, Code, Member, Outcome, Rule
from routing.enums import RuleKind
from tests.routing.cases import NOW, SHIPPED, case, person, pool, team, where, why


def decide(*args: Any, **said: Any) -> Outcome:
    return rules.decide(case(*args, **said))


def test_what_rules_ask_for_is_what_decisions_may_name() -> None:
    assert {*Ask} <= {*RuleKind.values}
    assert {*RuleKind.PLANNED} <= {*Ask}


def test_the_first_rule_that_gives_an_owner_wins_and_each_leaves_a_line() -> None:
    outcome = decide(team(2))

    assert (outcome.rule, outcome.rep) == ("territory", 1)
    assert [(line["rule"], line["matched"], line["why"]) for line in outcome.lines] == [
        ("named_account", False, "the account is nobody's by name"),
        ("account_owner", False, "nobody works the account"),
        ("territory", True, "DACH territory, 0 of 10000 open"),
    ]


def test_a_rule_whose_conditions_do_not_hold_is_passed_and_says_what_was_seen() -> None:
    large = Rule(
        kind="high_value",
        name="Large deals",
        rep=8,
        conditions=(where("employee_count", "at_least", 500), where("country", "is", "DE")),
    )
    asked = (large, *SHIPPED)

    small = decide(team(1), person(8), rules=asked, answers=[[40, None], [], [], [], []])
    big = decide(team(1), person(8), rules=asked, answers=[[500, "de"], [], [], [], []])

    assert small.rep == 1
    assert small.lines[0]["why"] == (
        f"conditions do not hold: company size 40, {ASKED_FACTS['country'].label.lower()} unknown"
    )
    assert (big.rep, big.rule, big.why) == (8, "high_value", "Large deals, 0 of 10000 open")


@pytest.mark.parametrize(
    ("obstacle", "code", "words"),
    [
        ({"load": 30, "capacity": 30}, Code.FULL, "30/30 open"),
        ({"is_active": False}, Code.INACTIVE, "inactive"),
        (
            {"is_away": True, "away_until": NOW + timedelta(days=2, hours=21)},
            Code.AWAY,
            "away until Fri 09:00",
        ),
        (
            {"is_away": True, "away_until": NOW + timedelta(days=30)},
            Code.AWAY,
            "away until 12 Feb 2026",
        ),
        ({"is_away": True}, Code.AWAY, "away"),
        ({"languages": ["fr"]}, Code.LANGUAGE, "no German"),
        ({"languages": ["de"], "is_suspended": True}, Code.SUSPENDED, "out of rotation"),
    ],
)
def test_who_cannot_is_passed_over_with_the_reason(
    obstacle: dict[str, Any], code: Code, words: str
) -> None:
    free = Member(person(2, languages=["de"]))
    of = pool([Member(person(1, **obstacle)), free], language_is_required=True)

    outcome = decide(of, language="de", language_name="German")

    assert outcome.rep == 2
    assert why(outcome)[1] == (code, words)


def test_a_member_at_the_territorys_own_limit_is_passed_over_even_by_name() -> None:
    of = pool([Member(person(1, load=3), load=3, capacity=3), Member(person(2))])

    outcome = decide(of, named=1)

    assert outcome.rep == 2
    assert why(outcome)[1] == (Code.TERRITORY_FULL, "3/3 open in DACH")


def test_who_is_out_of_rotation_still_receives_what_is_theirs_by_name() -> None:
    of = pool([Member(person(1, is_suspended=True)), Member(person(2))])

    assert decide(of).rep == 2
    assert decide(of, named=1).rep == 1
    assert decide(of, owner=1).rep == 1


def test_a_named_rep_who_cannot_is_stood_in_for_before_the_second_contact() -> None:
    named = person(5, is_away=True, delegate=6)
    of = team(1, secondary=7)

    by_delegate = decide(of, named, person(6), person(7), named=5)
    by_second = decide(of, named, person(6, load=1, capacity=1), person(7), named=5)
    by_turn = decide(of, named, person(6, is_active=False), person(7, is_active=False), named=5)

    assert (by_delegate.rep, by_delegate.rule) == (6, "named_account")
    assert (by_second.rep, by_second.rule) == (7, "secondary")
    assert (by_turn.rep, by_turn.rule) == (1, "territory")


def test_nobody_gets_a_lead_back_while_somebody_else_is_eligible() -> None:
    of = team(2)

    assert decide(of, named=1, owner=1, previous={1}).rep == 2
    alone = decide(of, named=1, previous={1, 2})
    assert alone.rep == 1
    assert alone.why.endswith("held it before, but nobody else is eligible")


def test_who_is_barred_gets_it_in_no_case() -> None:
    outcome = decide(team(1), named=1, previous={1}, barred={1})

    assert (outcome.rep, outcome.queue, outcome.rule) == (None, 7, "queue")


def test_a_stand_in_is_asked_first_and_the_rules_after_them() -> None:
    asked = (Rule(kind="delegate", name="Stand-in"), *SHIPPED)

    assert decide(team(1), person(9), rules=asked, preferred=9).rep == 9
    assert decide(team(1), person(9, is_away=True), rules=asked, preferred=9).rep == 1


def test_overflow_waits_in_the_territorys_queue_and_what_none_covers_in_the_fallback() -> None:
    full = pool([Member(person(1, load=1, capacity=1))])

    assert decide(full).why == "Nobody in DACH can take it now: waits in DACH leads"
    assert decide(None).why == "No territory covers it: waits in Fallback"
    assert decide(None, fallback=None).queue is None


def test_a_queue_rule_takes_what_meets_its_conditions_before_the_territory() -> None:
    students = Rule(
        kind="fallback_queue",
        name="Students",
        queue=4,
        queue_name="Students' queue",
        conditions=(where("path", "is", "product_led"),),
    )

    outcome = decide(None, rules=(students, *SHIPPED), answers=[["product_led"], [], [], [], []])

    assert (outcome.queue, outcome.why) == (4, "Students: waits in Students' queue")


obstacles = st.fixed_dictionaries(
    {},
    optional={
        "load": st.integers(0, 3),
        "capacity": st.integers(0, 3),
        "is_active": st.booleans(),
        "is_away": st.booleans(),
        "is_suspended": st.booleans(),
        "languages": st.sampled_from([[], ["de"], ["fr"]]),
    },
)
members = st.lists(
    st.tuples(obstacles, st.integers(1, 3), st.integers(-6, 6), st.integers(0, 2)), max_size=6
)


@given(
    members=members,
    language=st.sampled_from(["", "de"]),
    required=st.booleans(),
    named=st.one_of(st.none(), st.integers(1, 8)),
    owner=st.one_of(st.none(), st.integers(1, 8)),
    previous=st.sets(st.integers(1, 8), max_size=3),
    barred=st.sets(st.integers(1, 8), max_size=1),
    size=st.one_of(st.none(), st.integers(0, 10)),
)
def test_a_stored_case_gives_the_same_owner_and_nobody_is_overfilled(
    members: Any, language: str, required: bool, size: Any, **said: Any
) -> None:
    made = [
        Member(person(rep, **facts), weight=weight, credit=credit, capacity=places or None)
        for rep, (facts, weight, credit, places) in enumerate(members, 1)
    ]
    of = pool(made, language_is_required=required, make_up_turns=2, secondary=8)
    others = [person(rep) for rep in range(len(made) + 1, 9)]
    large = Rule(
        kind="high_value", name="Large", rep=8, conditions=(where("points", "at_least", 5),)
    )
    one = case(
        of,
        *others,
        rules=(large, *SHIPPED),
        answers=[[size], [], [], [], []],
        language=language,
        language_name="German" if language else "",
        **said,
    )

    outcome = rules.decide(one)

    stored = {"language": language, "account_name": "Acme"} | records.inputs_of(one, outcome)
    again = rules.decide(records.case_of(stored, outcome.candidates, at=NOW))
    assert (again.rule, again.rep, again.queue, again.why) == (
        outcome.rule,
        outcome.rep,
        outcome.queue,
        outcome.why,
    )
    if outcome.rep is not None:
        taker = one.people[outcome.rep]
        assert taker.load < taker.capacity
        assert outcome.rep not in said["barred"]
