"""What a field's policy lets into a known row: overwrite, fill where blank, keep."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from leads import batches, intake, marketing, opportunities, people
from leads.batches import Item
from leads.companies import AccountFacts
from leads.enums import FieldPolicy, OpportunityStage
from leads.intake import LeadFacts
from leads.marketing import CampaignFacts, CampaignRefused
from leads.models import AttributeChange, Campaign, Lead, Opportunity, StageTransition
from leads.opportunities import OpportunityFacts, OpportunityItem
from leads.people import PersonFacts, TimeZoneUnknown
from tests import recipes

FILL, KEEP = FieldPolicy.FILL, FieldPolicy.KEEP


def one(facts: LeadFacts, *, at: datetime, **more: Any) -> intake.LeadOutcome:
    return intake.record_lead(facts, received_at=at, **more)


def of_batch(facts: LeadFacts, *, at: datetime, **more: Any) -> intake.LeadOutcome:
    (outcome,) = batches.record([Item(facts)], received_at=at, **more)
    assert isinstance(outcome, intake.LeadOutcome)
    return outcome


@pytest.fixture(params=[one, of_batch], ids=["one", "batch"])
def record(request: pytest.FixtureRequest, db: None) -> Any:
    return request.param


def test_known_fields_are_overwritten_filled_or_kept(record: Any, noon: datetime) -> None:
    record(LeadFacts(system="crm", external_id="1", first_name="Ada", phone="1"), at=noon)
    said = LeadFacts(
        system="crm",
        external_id="1",
        first_name="Eva",
        phone="2",
        job_title="CTO",
        region="Bavaria",
    )

    outcome = record(said, at=noon, policies={"phone": FILL, "job_title": FILL, "region": KEEP})

    assert outcome.changes == {"first_name": ("Ada", "Eva"), "job_title": ("", "CTO")}
    lead = Lead.objects.get()
    assert (lead.first_name, lead.phone, lead.job_title, lead.region) == ("Eva", "1", "CTO", "")
    assert AttributeChange.objects.filter(field="phone").count() == 1


def test_all_of_it_goes_into_a_new_row(record: Any, noon: datetime) -> None:
    said = LeadFacts(system="crm", external_id="1", phone="1", account=AccountFacts(name="Acme"))

    outcome = record(said, at=noon, policies={"phone": KEEP}, account_policies={"name": KEEP})

    assert outcome.is_created
    assert (outcome.lead.phone, outcome.lead.account.name) == ("1", "Acme")


def test_the_company_has_policies_of_its_own(record: Any, noon: datetime) -> None:
    said = AccountFacts(domain="acme.de", industry="software", employee_count=10)
    record(LeadFacts(system="crm", external_id="1", account=said), at=noon)
    later = AccountFacts(domain="acme.de", industry="retail", employee_count=20, region="Bavaria")

    outcome = record(
        LeadFacts(system="crm", external_id="1", account=later),
        at=noon,
        account_policies={"industry": KEEP, "employee_count": FILL},
    )

    assert outcome.account is not None
    assert outcome.account.changes == {"region": ("", "Bavaria")}
    assert not outcome.changes


def test_an_amount_never_changes_its_currency_by_the_way(record: Any, noon: datetime) -> None:
    record(
        LeadFacts(system="crm", external_id="1", expected_acv=Decimal(100), currency="USD"),
        at=noon,
    )
    said = LeadFacts(
        system="crm", external_id="1", expected_acv=Decimal(90), currency="EUR", phone="1"
    )

    for policies in ({"expected_acv": FILL}, {"currency": KEEP}):
        record(said, at=noon, policies=policies)

    lead = Lead.objects.get()
    assert (lead.expected_acv, lead.currency, lead.phone) == (Decimal(100), "USD", "1")


def test_a_lead_found_by_address_gets_another_name(record: Any, noon: datetime) -> None:
    record(LeadFacts(system="crm", external_id="1", email="ada@acme.de"), at=noon)

    merged = record(LeadFacts(system="web", external_id="9", email="Ada@acme.de"), at=noon)
    again = record(LeadFacts(system="web", external_id="9", email="ada@acme.de"), at=noon)

    assert (merged.is_merged, merged.changed_fields) == (True, ())
    assert not again.is_merged
    assert set(merged.lead.identities.values_list("system", flat=True)) == {"crm", "web"}


def deal(lead: Lead, number: int = 1, **said: Any) -> OpportunityItem:
    return OpportunityItem(
        OpportunityFacts(system="crm", external_id=f"deal-{number}", lead=lead, **said)
    )


def test_the_stage_and_the_end_of_a_deal_are_kept_together(db: None, noon: datetime) -> None:
    lead = recipes.known_lead(at=noon)
    opportunities.record_many([deal(lead)], received_at=noon)
    won = deal(lead, stage=OpportunityStage.WON, closed_at=noon, name="Pilot")

    for policies in ({"stage": KEEP}, {"stage": FILL}):
        (outcome,) = opportunities.record_many([won], received_at=noon, policies=policies)
    (closed,) = opportunities.record_many([won], received_at=noon, policies={"closed_at": KEEP})

    assert outcome.opportunity.stage == OpportunityStage.OPEN
    assert (closed.opportunity.stage, closed.opportunity.closed_at) == ("won", noon)
    assert closed.changes["stage"] == ("open", "won")


def test_deals_of_a_batch_are_recorded_as_one_by_one(
    db: None, noon: datetime, django_assert_max_num_queries
) -> None:
    leads = [recipes.known_lead(at=noon) for _ in range(20)]
    stages = list(OpportunityStage)
    items = [
        deal(
            lead,
            number,
            stage=(stage := stages[number % 3]),
            closed_at=None if stage == "open" else noon,
        )
        for number, lead in enumerate(leads)
    ]

    with django_assert_max_num_queries(14):
        outcomes = opportunities.record_many(items, received_at=noon)
    with django_assert_max_num_queries(3):
        again = opportunities.record_many(items, received_at=noon)

    assert all(outcome.is_created for outcome in outcomes)
    assert not any(outcome.is_created or outcome.changes for outcome in again)
    for number, lead in enumerate(leads):
        lead.refresh_from_db()
        stage = stages[number % 3]
        assert lead.stage == opportunities.STAGES[stage]
        step = StageTransition.objects.get(lead=lead)
        assert (step.from_stage, step.to_stage, step.cause) == ("new", lead.stage, "external")
        flags = Opportunity.objects.get(lead=lead).anomalies
        assert flags == (["no_handoff"] if stage == "won" else [])
        assert AttributeChange.objects.get(opportunity__lead=lead, field="stage").new == stage


def test_deals_of_one_lead_go_one_by_one(db: None, noon: datetime) -> None:
    lead, other = recipes.known_lead(at=noon), recipes.known_lead(at=noon)
    items = [
        deal(lead, 1),
        deal(lead, 2, stage="won", closed_at=noon),
        deal(other, 1),
    ]

    first, second, foreign = opportunities.record_many(items, received_at=noon)

    lead.refresh_from_db()
    assert lead.stage == "won"
    assert first.is_created
    assert second.is_created
    assert isinstance(foreign, opportunities.OpportunityOfAnotherLead)


def test_campaigns_come_with_what_they_cost(db: None, noon: datetime) -> None:
    said = [
        CampaignFacts(key="spring", source="fair", starts_on=date(2026, 3, 1)),
        CampaignFacts(key="spring", cost=Decimal(100), currency="eur"),
        CampaignFacts(key="autumn", cost=Decimal(100)),
        CampaignFacts(key="winter", starts_on=date(2026, 3, 1), ends_on=date(2026, 2, 1)),
        CampaignFacts(key="summer", cost=Decimal(-1), currency="EUR"),
    ]

    first, second, *refused = marketing.record_campaigns(said)
    again = marketing.record_campaigns(said[:2])

    assert (first.is_created, first.campaign.name) == (True, "Spring")
    assert second.changes == {"cost": (None, "100.00"), "currency": ("", "EUR")}
    assert [type(one) for one in refused] == [CampaignRefused] * 3
    assert not any(one.is_created or one.changes for one in again)
    spring = Campaign.objects.get()
    assert (spring.source.key, spring.cost, spring.currency) == ("fair", Decimal(100), "EUR")


def test_campaigns_have_policies_too(db: None) -> None:
    marketing.record_campaigns([CampaignFacts(key="spring", cost=Decimal(1), currency="EUR")])

    (outcome,) = marketing.record_campaigns(
        [CampaignFacts(key="spring", cost=Decimal(2), currency="EUR", name="Spring fair")],
        policies={"cost": FILL, "name": KEEP},
    )

    assert outcome.changes == {}


def test_campaigns_cost_the_same_few_queries(db: None, django_assert_max_num_queries) -> None:
    said = [
        CampaignFacts(key=f"campaign-{number}", source="fair", cost=Decimal(1), currency="EUR")
        for number in range(50)
    ]

    with django_assert_max_num_queries(8):
        marketing.record_campaigns(said)
    with django_assert_max_num_queries(4):
        marketing.record_campaigns(said)


def test_people_are_kept_without_a_way_in(db: None) -> None:
    boss = recipes.person("Boss")
    said = [
        PersonFacts(email="Rita@Acme.de", full_name="Rita Rep", time_zone="Europe/Berlin"),
        PersonFacts(email="rita@acme.de", full_name="Rita R. Rep"),
        PersonFacts(email=boss.email.upper(), full_name="The Boss"),
        PersonFacts(email="x@acme.de", time_zone="Mars/Olympus"),
    ]

    new, renamed, known, refused = people.record_people(said, policies={"time_zone": KEEP})
    again = people.record_people(said[1:3])

    rita = get_user_model().objects.get(email="rita@acme.de")
    assert (new.person_id, new.is_created, new.changes) == (rita.pk, True, {})
    assert renamed.changes == {"full_name": ("Rita Rep", "Rita R. Rep")}
    assert (rita.is_active, rita.has_usable_password()) == (False, False)
    assert not rita.groups.exists()
    assert rita.time_zone == "Europe/Berlin"
    assert known.changes == {"full_name": ("Boss", "The Boss")}
    boss.refresh_from_db()
    assert boss.is_active
    assert isinstance(refused, TimeZoneUnknown)
    assert not any(one.is_created or one.changes for one in again)
