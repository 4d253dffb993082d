"""Which won deals are shown as similar, in which order, and why."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_handoff.reports import similar
from crm_handoff.reports.similar import similar_won
from leads import intake
from leads.models import Lead, Persona
from tests import recipes

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 1, 13, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def lead(industry="logistics", people=420, *, persona=None, **said):
    account = {"industry": industry, "employee_count": people}
    made = recipes.known_lead(at=NOON - 100 * DAY, account=account, **said)
    if persona is not None:
        Lead.objects.filter(pk=made.pk).update(persona=persona)
        made.refresh_from_db()
    return made


def deal(who, *, stage="won", days_ago=10, **said):
    """A deal of the lead, closed so many days before noon; without a handoff, as a CRM tells."""
    return intake.record_opportunity(
        intake.OpportunityFacts(
            system="crm",
            external_id=str(recipes.number()),
            lead=who,
            name="Deal",
            stage=stage,
            opened_at=NOON - 60 * DAY,
            closed_at=None if stage == "open" else NOON - days_ago * DAY,
            **{"amount": Decimal(48000), "currency": "EUR"} | said,
        ),
        received_at=NOON - days_ago * DAY,
    )


def named(deals):
    return [(found.company, [str(trait) for trait in found.why]) for found in deals]


def test_a_similar_deal_says_what_it_was_worth_how_long_it_took_and_why_it_is_shown():
    recipes.small_catalog()
    won = lead("logistics", 300, source="paid_search")
    recipes.touch(won, "webinar_attended", at=NOON - 80 * DAY)
    recipes.touch(won, "demo_request", at=NOON - 70 * DAY)
    deal(won, days_ago=10)

    (found,) = similar_won(lead("logistics", 420, source="paid_search"), at=NOON)

    assert found.company == won.account.name
    assert (found.amount, found.currency, found.days_to_win) == (Decimal(48000), "EUR", 70)
    assert [str(trait) for trait in found.why] == [
        "same industry",
        "same company size",
        "same source",
    ]


def test_industry_and_size_come_first_then_persona_then_source():
    ops = Persona.objects.create(key="ops", name="Operations")
    only_industry = lead("logistics", 5, source="fair")
    with_source = lead("logistics", 5, source="paid_search")
    with_persona = lead("logistics", 5, persona=ops)
    with_size = lead("logistics", 300)
    for who in (only_industry, with_source, with_persona, with_size):
        deal(who)

    found = similar_won(lead("logistics", 420, persona=ops, source="paid_search"), at=NOON)

    assert [one.company for one in found] == [
        who.account.name for who in (with_size, with_persona, with_source)
    ]


def test_of_equally_similar_deals_the_latest_are_shown():
    older, newer = lead(), lead()
    deal(older, days_ago=20)
    deal(newer, days_ago=5)

    found = similar_won(lead(), at=NOON)

    assert [one.company for one in found] == [newer.account.name, older.account.name]


@pytest.mark.parametrize("stage", ["open", "lost"])
def test_a_deal_that_was_not_won_is_no_example(stage):
    deal(lead(), stage=stage)

    assert similar_won(lead(), at=NOON) == []


def test_a_size_alone_is_not_similar():
    deal(lead("software", 420))

    assert similar_won(lead("logistics", 420), at=NOON) == []


def test_what_was_won_later_and_what_the_lead_itself_became_is_left_out():
    deal(lead(), days_ago=-1)
    itself = lead()
    deal(itself)

    assert similar_won(itself, at=NOON) == []


def test_a_deal_of_the_same_company_comes_first():
    colleague = lead("logistics", 420)
    deal(lead("logistics", 420), days_ago=1)
    deal(colleague, days_ago=30)
    same = {"domain": colleague.account.domain, "name": None}
    newcomer = recipes.known_lead(at=NOON - DAY, account=same)

    first, *_ = similar_won(newcomer, at=NOON)

    assert first.company == colleague.account.name
    assert str(first.why[0]) == "same company"


def test_a_company_is_told_once_by_its_latest_deal():
    customer = lead()
    for days in (5, 50):
        deal(customer, days_ago=days)

    (found,) = similar_won(lead(), at=NOON)

    assert found.won_at == NOON - 5 * DAY


def test_a_lead_of_whom_nothing_is_known_is_like_nobody():
    deal(lead())

    assert similar_won(recipes.known_lead(at=NOON), at=NOON) == []


def test_it_asks_once_however_many_deals_there_are(django_assert_num_queries):
    for days in range(1, 8):
        deal(lead(), days_ago=days)
    who = Lead.objects.select_related("account").get(pk=lead().pk)

    with django_assert_num_queries(1):
        assert len(similar_won(who, at=NOON)) == 3


@given(people=st.integers(1, 3_000_000))
def test_every_company_is_of_one_size(people):
    least, most = similar.band_of(people)

    assert least <= people <= most
    assert [band for band in similar.SIZE_BANDS if band[0] <= people <= band[1]] == [(least, most)]


def test_each_trait_outweighs_those_after_it():
    weights = list(similar.WEIGHTS.values())

    assert all(weight > sum(weights[place + 1 :]) for place, weight in enumerate(weights))
    assert list(similar.TRAITS) == list(similar.WEIGHTS)
