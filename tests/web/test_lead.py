"""The page of a lead for those who follow leads, and the list by which it is found."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.translation import override

from crm_handoff.people.models import User
from leads import assertions, intake, lifecycle, qualification
from leads.enums import Cause, Stage
from leads.models import Campaign, Lead, Opportunity, Source
from routing import answers
from routing.models import RejectionReason
from tests.web import world
from tests.web.world import DAY, HOUR


def shown(client, who, part=""):
    response = client.get(f"/leads/{who.public_id}/{part}")
    assert response.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def judged_now(who):
    qualification.judge([who.pk], at=timezone.now())
    return who


@pytest.fixture
def client_of_marketing(version, dana, marketer, door):
    return door(marketer)


def test_page_tells_stages_with_version_and_cause(version, client_of_marketing):
    who = world.lead()
    world.interested(who, at=timezone.now() - HOUR)
    judged_now(who)

    page = shown(client_of_marketing, who)

    assert "MQL → SQL" in page
    assert "Evaluation · standard path" in page
    assert str(version) in page


def test_page_tells_what_sales_said(version, dana, client_of_marketing):
    handoff = world.handed_over(version)
    reason = RejectionReason.objects.filter(is_active=True).first()
    answers.reject(
        handoff.pk,
        reason=reason,
        comment="They renewed with their vendor last month.",
        by=dana.user,
        at=timezone.now(),
    )

    page = shown(client_of_marketing, handoff.lead)

    assert "What sales said" in page
    assert reason.name in page
    assert "They renewed with their vendor last month." in page


def test_page_tells_what_the_lead_asked_for_and_how_much_its_company_matters(
    version, client_of_marketing, robin
):
    acme = intake.AccountFacts(domain="acme.example", tier="strategic")
    who = world.lead(product_line="payroll", account=acme)

    assert "Product line asked for payroll" in shown(client_of_marketing, who)
    page = robin.get(f"/accounts/{who.account.public_id}/").content.decode()
    assert "tier strategic" in page


def test_page_names_the_account_the_journey_and_the_deals(version, client_of_marketing):
    decision = world.asset("buyers-guide", title="Buyer's guide", journey_stage="decision")
    world.asset("checklist", title="Checklist", journey_stage="awareness")
    who = world.lead()
    world.did(who, "content_download", at=timezone.now() - DAY, asset=decision.key)
    world.did(who, "blog_view", at=timezone.now(), asset="checklist")
    Opportunity.objects.create(
        lead=who, system="crm", external_id="d1", name="Rollout", amount=48000, currency="EUR"
    )

    page = shown(client_of_marketing, who)

    assert "Decision" in page
    assert "Rollout" in page
    assert who.account.name in page


def test_touchpoints_are_grouped_by_day_and_older_ones_come_on_demand(
    version, client_of_marketing
):
    who = world.lead()
    for days in range(60):
        world.did(who, "page_view", at=timezone.now() - days * DAY)

    response = client_of_marketing.get(f"/leads/{who.public_id}/")
    older = client_of_marketing.get(f"/leads/{who.public_id}/touchpoints/40/")

    assert response.content.decode().count('class="did"') == 40
    assert f"/leads/{who.public_id}/touchpoints/40/" in response.content.decode()
    assert older.content.decode().count('class="did"') == 20
    assert "Show older ones" not in older.content.decode()


def test_a_touchpoint_links_to_the_timeline_where_it_is_shown(version, client_of_marketing):
    who = world.lead()
    for hours in range(45):
        world.did(who, "page_view", at=timezone.now() - hours * HOUR)
    world.judged(who, version, at=timezone.now())

    page = client_of_marketing.get(f"/leads/{who.public_id}/").content.decode()

    linked = set(re.findall(r'href="#(t\d+)"', page))
    assert linked
    assert linked <= set(re.findall(r'id="(t\d+)"', page))


def test_what_changed_since_the_evaluation_before_is_said(version, client_of_marketing):
    who = world.lead()
    world.did(who, "content_download", at=timezone.now() - 2 * DAY)
    early = world.judged(who, version, at=timezone.now() - DAY)
    world.interested(who, at=timezone.now())
    world.judged(who, version, at=timezone.now())

    page = shown(client_of_marketing, who)
    first = shown(client_of_marketing, who, f"evaluations/{early.pk}/")

    assert "Engagement rose from low to high." in page
    assert "It meets SQL; before: IQL." in page
    assert "Now met:" in page
    assert "This is the first evaluation of this lead." in first
    assert "not what holds now" in first


def test_attributes_tell_their_history_by_name(version, client_of_marketing):
    who = world.lead(job_title="Student")
    intake.record_lead(
        intake.LeadFacts(system="crm", email=who.email, job_title="CEO"),
        received_at=timezone.now(),
    )

    page = shown(client_of_marketing, who)

    assert "Student CEO crm" in page
    assert f"source – {who.source}" in page


def test_outlook_proposes_what_reaches_the_next_stage(version, client_of_marketing):
    who = world.lead()
    world.did(who, "content_download", at=timezone.now() - 2 * DAY)
    judged_now(who)

    part = shown(client_of_marketing, who, "outlook/")

    assert "makes it an MQL: 1 more touchpoint" in part
    assert "It suffices until" in part
    assert "makes it an SQL" in part


def test_outlook_says_when_fit_fails(version, client_of_marketing):
    who = world.lead(
        account=intake.AccountFacts(
            name="Tiny", domain="tiny.example", industry="logistics", employee_count=4
        )
    )
    world.interested(who, at=timezone.now())
    judged_now(who)

    part = shown(client_of_marketing, who, "outlook/")

    assert "Nothing this lead does reaches it, because this does not fit:" in part
    assert "it is 4 people. Wanted: 50 to 2,000 people." in part


def test_outlook_asks_for_the_confirmation_that_is_missing(version, client_of_marketing):
    who = world.lead(job_title="Head of IT")
    world.interested(who, at=timezone.now())
    judged_now(who)

    part = shown(client_of_marketing, who, "outlook/")

    assert "Confirm that they belong to the buying team" in part


def test_outlook_of_a_resting_lead_says_until_when(version, dana, client_of_marketing):
    who = world.lead()
    world.interested(who, at=timezone.now())
    who = judged_now(who)
    who.refresh_from_db()
    at = timezone.now()
    lifecycle.move(who, Stage.RECYCLED, cause=Cause.REJECT, at=at, by=dana.user)
    lifecycle.cool_off(who, until=at + 30 * DAY, is_firm=True)

    part = shown(client_of_marketing, who, "outlook/")

    assert "it rests until" in part
    assert "Nothing ends that earlier." in part


def test_outlook_of_a_lead_with_sales_says_that_nothing_is_missing(
    version, dana, client_of_marketing
):
    handoff = world.handed_over(version)

    assert "Nothing is missing" in shown(client_of_marketing, handoff.lead, "outlook/")


def test_a_rep_asks_for_the_outlook_of_their_own_leads_alone(version, dana, alex, door):
    who = world.handed_over(version).lead

    assert door(dana.user).get(f"/leads/{who.public_id}/outlook/").status_code == 200
    assert door(alex.user).get(f"/leads/{who.public_id}/outlook/").status_code == 404
    assert door(alex.user).get(f"/leads/{who.public_id}/touchpoints/0/").status_code == 404


def test_a_lead_page_asks_as_often_for_a_long_history_as_for_a_short_one(
    version, dana, client_of_marketing, django_assert_num_queries
):
    def history(length):
        who = world.handed_over(version).lead
        for number in range(length):
            world.did(who, "page_view", at=timezone.now() - number * HOUR)
        for number in range(length):
            intake.record_lead(
                intake.LeadFacts(system="website", email=who.email, job_title=f"CEO {number}"),
                received_at=timezone.now(),
            )
            world.judged(who, version, at=timezone.now())
        return f"/leads/{who.public_id}/"

    short, long = history(3), history(30)
    client_of_marketing.get(short)
    with CaptureQueriesContext(connection) as once:
        client_of_marketing.get(short)

    with django_assert_num_queries(len(once)):
        client_of_marketing.get(long)


@pytest.fixture
def known(version):
    """Leads that differ in what the list is narrowed by."""
    campaign = Campaign.objects.create(key="spring", name="Spring")
    Source.objects.get_or_create(key="partner", defaults={"name": "Partner"})
    maria = world.lead("Maria", "Keller", country="DE")
    Lead.objects.filter(pk=maria.pk).update(campaign=campaign)
    maria.account.is_target = True
    maria.account.save(update_fields=["is_target"])
    jean = world.lead("Jean", "Martin", country="FR", source="partner")
    Lead.objects.filter(pk=jean.pk).update(no_longer_meets=True, stage="mql")
    return {"maria": maria, "jean": jean}


@pytest.mark.parametrize(
    ("narrowed", "found"),
    [
        ("", {"Maria Keller", "Jean Martin"}),
        ("q=keller", {"Maria Keller"}),
        ("q=JEAN martin", {"Jean Martin"}),
        ("stage=mql", {"Jean Martin"}),
        ("stage=nonsense", {"Maria Keller", "Jean Martin"}),
        ("source=partner", {"Jean Martin"}),
        ("campaign=spring", {"Maria Keller"}),
        ("country=fr", {"Jean Martin"}),
        ("target=1", {"Maria Keller"}),
        ("falls_short=1", {"Jean Martin"}),
        ("country=DE&falls_short=1", set()),
        ("page=99999999", {"Maria Keller", "Jean Martin"}),
        ("page=x", {"Maria Keller", "Jean Martin"}),
    ],
)
def test_leads_are_narrowed_by_what_the_address_says(known, client_of_marketing, narrowed, found):
    response = client_of_marketing.get(f"/leads/?{narrowed}")

    assert {str(lead) for lead in response.context["page"].object_list} == found
    assert ("Nothing matches" in response.content.decode()) is not found


def test_a_search_longer_than_anybody_writes_is_refused_in_words(known, client_of_marketing):
    page = client_of_marketing.get("/leads/", {"q": "x" * 300}).content.decode()

    assert "Write no more than 200 characters." in page


def test_the_list_counts_no_further_than_it_shows(version, client_of_marketing):
    Lead.objects.bulk_create(Lead(last_name=f"Number {number}") for number in range(120))

    pages = [
        " ".join(client_of_marketing.get(f"/leads/?page={page}").content.decode().split())
        for page in (1, 2, 3)
    ]

    assert "1 to 50 of more than 50" in pages[0]
    assert "51 to 100 of more than 100" in pages[1]
    assert "101 to 120 of 120" in pages[2]
    assert "Older" not in pages[2]


def test_an_empty_list_says_how_leads_come_in(version, client_of_marketing):
    assert "No leads yet" in client_of_marketing.get("/leads/").content.decode()


def test_the_list_asks_few_questions(known, client_of_marketing):
    client_of_marketing.get("/leads/")
    with CaptureQueriesContext(connection) as asked:
        client_of_marketing.get("/leads/?q=maria")

    assert len(asked) <= 15


def test_countries_are_offered_in_the_readers_language(version, marketer, door):
    client = door(marketer)
    with override("de"):
        page = client.get("/leads/", headers={"accept-language": "de"}).content.decode()

    assert 'value="DE"' in page


def test_an_answer_and_who_gave_it_stand_beside_the_criterion(version, client_of_marketing):
    who = world.lead(job_title="Head of IT")
    person = User.objects.get(email="maya.lindqvist@example.com")
    assertions.record(
        who,
        what="buying_team_confirmed",
        value=True,
        evidence="On the invitation of the committee.",
        by=person,
        at=timezone.now() - timedelta(minutes=1),
    )
    judged_now(who)

    page = shown(client_of_marketing, who)

    assert "On the invitation of the committee." in page
    assert str(person) in page


def test_amounts_are_kept_as_they_were_said(version, client_of_marketing):
    who = world.lead(expected_acv=Decimal("45000.00"), currency="EUR")

    assert "45000.00" in shown(client_of_marketing, who)


@pytest.mark.parametrize("name", ["country", "source", "campaign", "stage"])
def test_an_address_with_what_no_text_can_hold_is_read_without_it(
    known, client_of_marketing, name
):
    assert client_of_marketing.get(f"/leads/?{name}=%00").status_code == 200


def test_there_are_no_touchpoints_further_on_than_anybody_leafs(version, client_of_marketing):
    address = f"/leads/{world.lead().public_id}/touchpoints"

    assert client_of_marketing.get(f"{address}/1000000/").status_code == 200
    assert client_of_marketing.get(f"{address}/{10**30}/").status_code == 404
