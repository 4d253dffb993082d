from datetime import date
from decimal import Decimal

import pytest

from crm_handoff.people.roles import Role
from leads.models import Campaign, Source
from tests.api.problems import faults_of, problem_of


@pytest.fixture
def marketer(signed_in):
    return signed_in(Role.MARKETING_LEAD)


@pytest.fixture
def paid_social(db):
    return Source.objects.create(key="paid_social", name="Paid social")


def test_marketing_makes_a_campaign_and_says_what_it_cost(marketer, paid_social):
    made = marketer.create(
        "/campaigns/", {"key": "spring", "name": "Spring 2026", "source": "paid_social"}
    )
    spent = {"cost": "1200.50", "currency": "eur", "ends_on": "2026-05-31"}
    changed = marketer.send("PATCH", "/campaigns/spring/", spent)

    assert made.status_code == 201
    assert made["location"] == "/api/v1/campaigns/spring/"
    assert made.json()["cost"] is None
    assert changed.status_code == 200, changed.content
    assert changed.json() == marketer.read("/campaigns/spring/").json()
    campaign = Campaign.objects.get()
    assert (campaign.cost, campaign.currency) == (Decimal("1200.50"), "EUR")
    assert (campaign.source, campaign.ends_on) == (paid_social, date(2026, 5, 31))


def test_what_a_change_leaves_out_stays_and_null_empties(marketer, paid_social):
    Campaign.objects.create(
        key="spring", name="Spring", source=paid_social, cost=7, currency="EUR"
    )

    marketer.send("PATCH", "/campaigns/spring/", {"source": None, "cost": None})

    campaign = Campaign.objects.get()
    assert (campaign.name, campaign.source, campaign.cost) == ("Spring", None, None)


def test_blank_empties_like_null_and_the_description_says_so(marketer, paid_social, client):
    Campaign.objects.create(key="spring", name="Spring", source=paid_social)

    answer = marketer.send("PATCH", "/campaigns/spring/", {"source": ""})

    assert (answer.status_code, answer.json()["source"]) == (200, None)
    described = client.get("/api/schema/").json()["components"]["schemas"]
    for name in ("CampaignBody", "PatchedCampaignPatch"):
        shapes = described[name]["properties"]["source"]["anyOf"]
        assert {"type": "string", "maxLength": 0} in shapes
    assert "anyOf" not in described["TerritoryBody"]["properties"]["queue"]


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"cost": "10"}, ("currency", "invalid")),
        ({"cost": "-1", "currency": "EUR"}, ("cost", "min_value")),
        ({"starts_on": "2026-02-02", "ends_on": "2026-02-01"}, ("ends_on", "invalid")),
        ({"source": "nowhere"}, ("source", "does_not_exist")),
        ({"name": ""}, ("name", "blank")),
        ({"currency": "euros"}, ("currency", "invalid")),
        ({"starts_on": "01/02/2026"}, ("starts_on", "invalid")),
        ({"key": "summer"}, ("key", "read_only")),
    ],
)
def test_a_bad_change_names_its_field_and_changes_nothing(marketer, said, fault):
    before = Campaign.objects.create(key="spring", name="Spring")

    assert faults_of(marketer.send("PATCH", "/campaigns/spring/", said)) == {fault}

    after = Campaign.objects.get()
    assert (after.cost, after.updated_at) == (before.cost, before.updated_at)


def test_a_key_is_taken_once(marketer):
    marketer.create("/campaigns/", {"key": "spring", "name": "Spring"})

    again = marketer.create("/campaigns/", {"key": "spring", "name": "Other"})

    problem_of(again, 409, "already_exists")
    assert Campaign.objects.get().name == "Spring"


def test_campaigns_changed_since_are_found(marketer):
    Campaign.objects.create(key="old", name="Old")
    since = Campaign.objects.create(key="new", name="New").updated_at.isoformat()

    listed = marketer.read("/campaigns/", updated_since=since, ordering="key").json()["results"]
    marketer.send("PATCH", "/campaigns/old/", {"name": "Renamed"})
    then = marketer.read("/campaigns/", updated_since=since, ordering="key").json()["results"]

    assert [campaign["key"] for campaign in listed] == ["new"]
    assert [campaign["key"] for campaign in then] == ["new", "old"]


def test_sources_are_revops_to_name(signed_in, marketer):
    revops = signed_in(Role.REVOPS)
    body = {"key": "events", "name": "Events"}

    assert marketer.create("/sources/", body).status_code == 403
    assert revops.create("/sources/", body).status_code == 201
    assert revops.send("PATCH", "/sources/events/", {"name": "Fairs"}).json()["name"] == "Fairs"
    assert revops.send("PATCH", "/sources/none/", {"name": "Fairs"}).status_code == 404
