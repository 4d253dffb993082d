"""Which territory takes a lead."""

from typing import Any

import pytest

from routing import territories
from routing.models import Territory
from routing.territories import RoutingInputs, inputs_of
from tests.routing import sales


def found(**known: Any) -> Territory | None:
    ((_, territory),) = territories.first_for([RoutingInputs(lead_id=1, **known)])
    return territory


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
        ({"countries": [], "product_lines": ["routers"]}, {"product_line": "routers"}, True),
        ({"countries": [], "product_lines": ["routers"]}, {"product_line": "cables"}, False),
        ({"countries": [], "product_lines": ["routers"]}, {}, False),
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


def test_first_for_takes_the_first_of_many_for_each(db: None) -> None:
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
