import pytest

from crm_handoff.models import User
from crm_handoff.people.roles import Role
from leads.enums import Stage
from leads.models import Lead, Opportunity
from tests.api.problems import faults_of, problem_of


@pytest.fixture
def deal(website):
    website.create("/leads/", {"external_id": "form-17", "email": "anna@acme.example"})
    return {
        "external_id": "deal-1",
        "lead": {"external_id": "form-17"},
        "stage": "open",
        "amount": "48000.00",
        "currency": "eur",
        "opened_at": "2026-01-13T12:00:00Z",
    }


def test_post_creates_then_closes_a_deal(website, deal):
    created = website.create("/opportunities/", deal)
    won = deal | {"stage": "won", "closed_at": "2026-02-13T12:00:00Z"}
    again = website.create("/opportunities/", won)

    assert (created.status_code, again.status_code) == (201, 200)
    read = website.get(again["location"]).json()
    assert (read["stage"], read["amount"], read["currency"]) == ("won", "48000.00", "EUR")
    assert read["closed_at"] == "2026-02-13T12:00:00Z"
    assert "no_handoff" in read["anomalies"]
    assert Lead.objects.get().stage == Stage.WON


def test_deals_that_changed_are_told_the_oldest_change_first(website, deal):
    for name in ("deal-1", "deal-2", "deal-3"):
        website.create("/opportunities/", deal | {"external_id": name})
    last = website.read("/opportunities/", ordering="-updated_at").json()["results"][0]
    website.create("/opportunities/", deal | {"external_id": "deal-1", "amount": "52000.00"})

    answer = website.read(
        "/opportunities/", updated_since=last["updated_at"], ordering="updated_at"
    )

    told = [(one["external_id"], one["amount"]) for one in answer.json()["results"]]
    assert told[-1] == ("deal-1", "52000.00")
    assert "deal-2" not in dict(told)


def test_put_by_identity_and_read(website, deal):
    del deal["external_id"]
    path = "/opportunities/by-identity/website/deal-2/"

    assert website.send("PUT", path, deal).status_code == 201
    assert website.send("PUT", path, deal).status_code == 200

    assert website.read(path).json()["external_id"] == "deal-2"
    assert Opportunity.objects.count() == 1


def test_owner_and_source_are_people_by_their_email(website, deal):
    User.objects.create_user("ae@example.com")
    website.create("/opportunities/", deal | {"owner": "AE@example.com"})

    body = website.read("/opportunities/").json()["results"][0]

    assert (body["owner"], body["sourced_by"]) == ("ae@example.com", None)


def test_a_deal_of_one_lead_is_not_taken_over_by_another(website, deal):
    website.create("/opportunities/", deal)
    website.create("/leads/", {"external_id": "form-18"})

    response = website.create("/opportunities/", deal | {"lead": {"external_id": "form-18"}})

    problem_of(response, 409, "opportunity_of_another_lead")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"lead": {"external_id": "nobody"}}, ("lead", "unknown_key")),
        ({"stage": "maybe"}, ("stage", "invalid_choice")),
        ({"stage": None}, ("stage", "null")),
        ({"currency": None}, ("currency", "required")),
        ({"amount": "-1"}, ("amount", "min_value")),
        ({"owner": "nobody@example.com"}, ("owner", "unknown_key")),
        ({"closed_at": "2026-02-13T12:00:00Z"}, ("closed_at", "invalid")),
        ({"anomalies": []}, ("anomalies", "read_only")),
        ({"probability": 3}, ("probability", "unknown_field")),
    ],
    ids=str,
)
def test_bad_input_is_refused_by_the_name_of_its_field(website, deal, change, fault):
    assert fault in faults_of(website.create("/opportunities/", deal | change))
    assert not Opportunity.objects.exists()


def test_filters(website, deal):
    website.create("/opportunities/", deal)
    lead = Lead.objects.get()

    def count(**parameters):
        return len(website.read("/opportunities/", **parameters).json()["results"])

    assert count(stage="open", lead=lead.public_id) == 1
    assert count(stage="won") == 0
    assert count(closed_since="2026-01-01T00:00:00Z") == 0
    assert count(system="website", external_id="deal-1") == 1


def test_a_rep_sees_own_deals_and_no_others(website, deal, signed_in):
    website.create("/opportunities/", deal)
    ae = User.objects.create_user("ae@example.com")
    rep = signed_in(Role.REP)
    path = f"/opportunities/{Opportunity.objects.get().public_id}/"
    problem_of(rep.read(path), 404, "not_found")

    Opportunity.objects.update(owner=User.objects.get(email="rep@example.com"))

    assert rep.read(path).status_code == 200
    assert ae.owned_opportunities.count() == 0
