"""Turns are fair: in any window, by weight, over absences, returns and people who come and go."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing import handoffs, holders, rotation
from routing.cases import TURN, Member
from routing.models import TerritoryMembership
from tests.routing import sales
from tests.routing.cases import person, pool, received, route, team
from tests.routing.sales import NOON


@given(count=st.integers(1, 8), turns=st.integers(1, 80), data=st.data())
def test_equals_are_at_most_one_apart_in_any_window(count: int, turns: int, data: Any) -> None:
    of = team(count)
    outcomes = [route(of) for _ in range(turns)]
    start = data.draw(st.integers(0, turns - 1))
    end = data.draw(st.integers(start + 1, turns))

    taken = received(outcomes[start:end])

    assert max(taken.values()) - min(taken[rep] for rep in of.members) <= 1


@given(
    weight=st.integers(1, 5),
    others=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    standing=st.lists(
        st.lists(st.sampled_from(["free", "away", "full"]), min_size=4, max_size=4),
        min_size=1,
        max_size=80,
    ),
    make_up=st.integers(0, 3),
)
def test_equals_are_at_most_one_apart_whoever_else_comes_and_goes(
    weight: int, others: list[int], standing: list[list[str]], make_up: int
) -> None:
    equals = [Member(person(rep), weight=weight) for rep in (1, 2)]
    rest = [Member(person(rep), weight=one) for rep, one in enumerate(others, 3)]
    of = pool([*equals, *rest], make_up_turns=make_up)
    ahead = [0]

    for each in standing:
        for member, how in zip(rest, each, strict=False):
            member.person.is_away = how == "away"
            member.capacity = member.load if how == "full" else None
        taken = received([route(of)])
        ahead.append(ahead[-1] + taken[1] - taken[2])

    assert max(ahead) - min(ahead) <= 1


@given(weights=st.lists(st.integers(1, 5), min_size=1, max_size=6), turns=st.integers(1, 60))
def test_shares_are_in_proportion_to_weight(weights: list[int], turns: int) -> None:
    of = pool([Member(person(rep), weight=weight) for rep, weight in enumerate(weights, 1)])

    taken = received([route(of) for _ in range(turns)])

    for rep, weight in enumerate(weights, 1):
        assert abs(taken[rep] - turns * weight / sum(weights)) < len(weights)


@given(
    weights=st.lists(st.integers(1, 4), min_size=2, max_size=5),
    away=st.lists(st.sets(st.integers(1, 5)), min_size=1, max_size=40),
    make_up=st.integers(0, 3),
)
def test_credits_add_up_to_nothing_whoever_is_away(
    weights: list[int], away: list[set[int]], make_up: int
) -> None:
    members = [Member(person(rep), weight=weight) for rep, weight in enumerate(weights, 1)]
    of = pool(members, make_up_turns=make_up)

    for out in away:
        for member in members:
            member.person.is_away = member.person.rep in out
        route(of)
        rests = len(away) * len(members)
        assert -rests < sum(member.credit for member in members) <= 0


@given(missed=st.integers(1, 30), make_up=st.integers(0, 3))
def test_who_was_away_is_owed_what_they_missed_and_no_more_than_the_territory_grants(
    missed: int, make_up: int
) -> None:
    of = team(3, make_up_turns=make_up)
    of.members[1].person.is_away = True
    for _ in range(missed * 2):
        route(of)
    of.members[1].person.is_away = False

    after = received([route(of) for _ in range(60)])

    # Of the turns missed, each third was theirs; beside their fair 20 of the next 60.
    owed = min(make_up, missed * 2 / 3)
    assert abs(after[1] - (20 + owed * 2 / 3)) <= 2
    assert abs(after[2] - after[3]) <= 1


def test_absences_make_nobody_wait_longer_where_nothing_is_made_up() -> None:
    of = team(2, make_up_turns=0)
    of.members[1].person.is_away = True
    for _ in range(10):
        route(of)
    of.members[1].person.is_away = False

    assert received([route(of) for _ in range(10)]) == {1: 5, 2: 5}


@given(
    joins=st.lists(st.integers(0, 12), min_size=1, max_size=4),
    leaves=st.lists(st.integers(13, 25), max_size=1),
)
def test_who_joins_or_leaves_resets_nobody(joins: list[int], leaves: list[int]) -> None:
    of = team(3)
    taken = []
    for turn in range(40):
        for _ in range(joins.count(turn)):
            rep = max(of.members) + 1
            turns_of = [one.credit for one in of.members.values() if one.takes_turns]
            of.members[rep] = Member(person(rep), credit=round(sum(turns_of) / len(turns_of)))
        if turn in leaves:
            of.members[2].takes_turns = False
        taken.append(route(of))

    stayed = received(taken)
    assert abs(stayed[1] - stayed[3]) <= 2
    last = received(taken[-len(of.members) * 2 :])
    assert max(last.values()) - min(last.values()) <= 3


def give_away(count: int, *, version: Any) -> list[Any]:
    return [sales.opened(version) for _ in range(count)]


@pytest.mark.django_db
def test_a_lead_that_was_rightly_returned_does_not_count_as_a_turn() -> None:
    reps = [sales.rep(f"Rep {number}") for number in range(3)]
    sales.team(*reps)
    version = sales.agreement()
    first = give_away(3, version=version)[0]
    before = credits_of()

    turn = rotation.paid_for(first)
    assert turn is not None
    rotation.give_back(turn)

    assert credits_of()[first.rep_id] == before[first.rep_id] + 2 * TURN // 3
    assert sum(credits_of().values()) == 0
    assert sales.opened(version).rep == first.rep


@pytest.mark.django_db
def test_a_turn_is_given_back_only_to_whom_it_gave_the_lead() -> None:
    reps = [sales.rep(f"Rep {number}") for number in range(2)]
    sales.team(*reps)
    handoff = sales.opened(sales.agreement())
    other = next(rep for rep in reps if rep != handoff.rep)
    handoffs.reassign(handoff.pk, by=sales.user_of(other), rep=other, at=NOON, reason="Knows them")
    handoff.refresh_from_db()

    assert rotation.paid_for(handoff) is None


@pytest.mark.django_db
def test_a_new_member_starts_where_the_others_are_on_average() -> None:
    reps = [sales.rep(f"Rep {number}") for number in range(2)]
    territory = sales.team(*reps)
    TerritoryMembership.objects.update(credit=4)

    assert rotation.join_credit(territory) == 4


@pytest.mark.django_db
def test_charging_in_the_database_is_the_account_that_the_rules_keep() -> None:
    heavy, light = sales.rep("Heavy"), sales.rep("Light")
    sales.team(heavy, light)
    sales.weigh(heavy, 2)

    taken = [str(one.rep) for one in give_away(6, version=sales.agreement())]

    assert taken == ["Heavy", "Light", "Heavy", "Heavy", "Light", "Heavy"]
    assert set(credits_of().values()) == {0}


@pytest.mark.django_db
def test_a_rep_who_comes_back_makes_up_for_the_turns_missed() -> None:
    absent, other = sales.rep("Anna"), sales.rep("Otto")
    sales.team(absent, other, make_up_turns=2)
    sales.away(absent, until=NOON + timedelta(days=1))
    version = sales.agreement()
    missed = give_away(6, version=version)

    back = [sales.opened(version, at=NOON + timedelta(days=2)).rep for _ in range(6)]

    assert {one.rep for one in missed} == {other}
    assert back.count(absent) == 5
    assert not holders.former([missed[0].lead_id])


def credits_of() -> dict[int, int]:
    return dict(TerritoryMembership.objects.values_list("rep_id", "credit"))
