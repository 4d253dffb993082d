"""Product use: new business, or expansion where the account bought before."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import yaml

from crm_handoff import pipeline
from leads import intake, motions
from leads.models import Lead, StageTransition
from routing import defaults
from routing.models import Handoff
from tests import recipes

DAY = timedelta(days=1)
ACME = {"name": "Acme", "domain": "acme.example", "employee_count": 120, "industry": "software"}


@pytest.fixture
def product_version(db: None, noon: datetime) -> None:
    """The shipped agreement for small business, where product use alone makes a PQL."""
    defaults.load_defaults(manager=recipes.person("Mona Manager"))
    text = yaml.safe_load(recipes.shipped_text("sales_confirmed"))
    text["segment"] = []
    text["about"]["is_catch_all"] = True
    recipes.signed_and_active(yaml.safe_dump(text, sort_keys=False), at=noon - 90 * DAY)


def user_of_the_product(*, at: datetime) -> Lead:
    """Somebody of a company that fits, who used the product to its limit."""
    lead = recipes.known_lead(at=at - 5 * DAY, account=ACME)
    recipes.touch(lead, "usage_limit_reached", at=at)
    return lead


def bought(lead: Lead, *, at: datetime) -> None:
    intake.record_opportunity(
        intake.OpportunityFacts(system="crm", external_id="1", lead=lead, stage="won"),
        received_at=at,
    )


@pytest.mark.parametrize("is_customer", [True, False])
def test_pql_says_whether_the_account_is_a_customer(
    product_version: Any, noon: datetime, is_customer: bool
) -> None:
    buyer = recipes.known_lead(at=noon - 60 * DAY, account=ACME)
    if is_customer:
        bought(buyer, at=noon - 30 * DAY)
    lead = user_of_the_product(at=noon)

    pipeline.judge_pending(at=noon)

    step = StageTransition.objects.get(lead=lead, to_stage="pql")
    expected = "expansion" if is_customer else "new_business"
    assert step.motion == motions.latest(lead) == expected
    packet = Handoff.objects.get(lead=lead).packet
    assert packet["qualification"]["motion"] == expected


def test_a_deal_won_later_leaves_what_was_said_then(product_version: Any, noon: datetime) -> None:
    buyer = recipes.known_lead(at=noon - 60 * DAY, account=ACME)
    lead = user_of_the_product(at=noon)
    pipeline.judge_pending(at=noon)

    bought(buyer, at=noon + DAY)

    assert motions.latest(lead) == "new_business"


def test_other_stages_have_no_motion(active_version: Any, noon: datetime) -> None:
    defaults.load_defaults(manager=recipes.person("Mona Manager"))
    lead = recipes.courted_lead(at=noon)

    pipeline.judge_pending(at=noon)

    assert set(StageTransition.objects.filter(lead=lead).values_list("motion", flat=True)) == {""}
    assert Handoff.objects.get().packet["qualification"]["motion"] == ""
