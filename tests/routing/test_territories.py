"""Which territory takes a lead, and whose turn it is."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from routing import territories
from routing.models import Territory
from routing.territories import RoutingInputs, inputs_of, next_in_turn
from tests.routing import sales


@dataclass
class Member:
    pk: int
    weight: int
    credit: int = 0


def take_turns(members: list[Any], turns: int) -> Counter[int]:
    taken: Counter[int] = Counter()
    for _ in range(turns):
        member = next_in_turn(members)
        for one in members:
            one.credit += one.weight
        member.credit -= sum(one.weight for one in members)
        taken[member.pk] += 1
    return taken


@given(weights=st.lists(st.integers(1, 5), min_size=1, max_size=6), turns=st.integers(1, 60))
def test_turns_are_never_a_whole_one_off_the_share(weights: list[int], turns: int) -> None:
    members = [Member(pk=pk, weight=weight) for pk, weight in enumerate(weights)]

    taken = take_turns(members, turns)

    for member in members:
        assert abs(taken[member.pk] - turns * member.weight / sum(weights)) < len(weights)


@given(count=st.integers(1, 8), turns=st.integers(1, 60))
def test_equals_are_at_most_one_turn_apart(count: int, turns: int) -> None:
    taken = take_turns([Member(pk=pk, weight=1) for pk in range(count)], turns)

    assert max(taken.values()) - min(taken[pk] for pk in range(count)) <= 1


def test_charging_in_the_database_is_the_same_account(db: None) -> None:
    heavy, light = sales.rep("Heavy"), sales.rep("Light")
    territory = sales.team(heavy, light)
    sales.weigh(heavy, 2)

    taken = []
    for _ in range(6):
        members = list(territory.memberships.order_by("pk"))
        member = next_in_turn(members)
        territories.charge_turn(member, among=members)
        taken.append(str(member.rep))

    assert taken == ["Heavy", "Light", "Heavy", "Heavy", "Light", "Heavy"]
    assert sorted(territory.memberships.values_list("credit", flat=True)) == [0, 0]


def found(**known: Any) -> Territory | None:
    with transaction.atomic():
        return territories.lock_for(RoutingInputs(lead_id=1, **known))


@pytest.mark.parametrize(
    ("conditions", "known", "takes"),
    [
        ({"countries": ["DE", "AT"]}, {"country": "AT"}, True),
        ({"countries": ["DE", "AT"]}, {"country": "CH"}, False),
        ({"countries": ["DE", "AT"]}, {}, False),
        ({"countries": []}, {}, True),
        ({"countries": [], "regions": ["Bavaria"]}, {"region": "Bavaria"}, True),
        ({"countries": [], "regions": ["Bavaria"]}, {"region": "Hesse"}, False),
        ({"countries": [], "industries": ["software"]}, {"industry": "mining"}, False),
        ({"countries": [], "min_employees": 50}, {"employee_count": 50}, True),
        ({"countries": [], "min_employees": 50}, {"employee_count": 49}, False),
        ({"countries": [], "max_employees": 50}, {"employee_count": 51}, False),
        ({"countries": [], "max_employees": 50}, {}, False),
        ({"countries": [], "is_active": False}, {}, False),
    ],
)
def test_a_territory_takes_what_meets_all_its_conditions(
    db: None, conditions: dict[str, Any], known: dict[str, Any], takes: bool
) -> None:
    territory = sales.team(**conditions)

    assert found(**known) == (territory if takes else None)
    ((_, without_lock),) = territories.first_for([RoutingInputs(lead_id=1, **known)])
    assert without_lock == (territory if takes else None)


def test_first_for_takes_the_first_of_many_for_each_as_the_lock_does(db: None) -> None:
    sales.team(countries=["DE"], min_employees=50, position=1)
    sales.team(countries=["DE", "AT"], position=2)
    sales.team(countries=[], industries=["software"], position=3)
    known = [
        {"country": country, "industry": industry, "employee_count": size}
        for country in ("DE", "AT", "FR", "")
        for industry in ("software", "")
        for size in (None, 49, 50)
    ]

    leads = [RoutingInputs(lead_id=place, **one) for place, one in enumerate(known)]
    placed = {one.lead_id: taken for one, taken in territories.first_for(leads)}

    assert placed == {place: found(**one) for place, one in enumerate(known)}


def test_inputs_of_many_are_those_of_each(db: None, django_assert_max_num_queries: Any) -> None:
    acme = sales.account(country="AT", industry="software", domain="acme.example")
    leads = [
        sales.lead(account=acme, country="DE"),
        sales.lead(country="DE", email="ada@acme.example"),
        sales.lead(country="FR"),
    ]

    with django_assert_max_num_queries(3):
        many = territories.inputs_of_many([lead.pk for lead in leads])

    assert many == [inputs_of(lead) for lead in leads]


def test_inputs_are_the_accounts_where_it_says_so(db: None) -> None:
    acme = sales.account(country="AT", industry="software")

    of_account = inputs_of(sales.lead(account=acme, country="DE", region="Tyrol", language="de"))
    alone = inputs_of(sales.lead(country="DE"))

    assert (of_account.country, of_account.region, of_account.language) == ("AT", "Tyrol", "de")
    assert (of_account.industry, of_account.employee_count) == ("software", 300)
    assert (alone.country, alone.account_id) == ("DE", None)


def test_a_lead_that_came_before_its_account_is_routed_by_its_address(db: None) -> None:
    lead = sales.lead(email="anna@eu.acme.example")
    acme = sales.account(country="AT", domain="acme.example")

    inputs = inputs_of(lead)

    assert (inputs.account_id, inputs.country) == (acme.pk, "AT")
    assert inputs.account_reason == "domain eu.acme.example, below acme.example"
