import uuid

import pytest

from crm_handoff.people.roles import Role
from leads.enums import Stage
from leads.models import AttributeChange, Lead, LeadIdentity, PendingMark
from tests import recipes
from tests.api.problems import faults_of, problem_of

ANNA = {
    "external_id": "form-17",
    "email": "anna@acme.example",
    "first_name": "Anna",
    "last_name": "Berg",
    "job_title": "VP Operations",
    "country": "DE",
    "product_line": "payroll",
    "source": "website",
    "campaign": "spring",
    "expected_acv": "48000.00",
    "currency": "EUR",
    "account": {"name": "Acme", "domain": "acme.example", "employee_count": 250},
}


def test_post_creates_a_lead_with_its_history_and_a_pending_mark(website):
    response = website.create("/leads/", ANNA)

    assert response.status_code == 201
    lead = Lead.objects.get()
    assert response.json()["id"] == str(lead.public_id)
    assert response["location"] == f"/api/v1/leads/{lead.public_id}/"
    assert (lead.email, lead.account.domain) == ("anna@acme.example", "acme.example")
    assert LeadIdentity.objects.get().system == "website"
    assert AttributeChange.objects.filter(lead=lead).exists()
    assert PendingMark.objects.filter(lead=lead).exists()


def test_post_again_changes_nothing(website):
    website.create("/leads/", ANNA)

    response = website.create("/leads/", ANNA)

    assert response.status_code == 200
    assert response.json()["changed_fields"] == []
    assert Lead.objects.count() == 1


def test_post_adds_to_a_known_lead_what_is_new(website):
    website.create("/leads/", ANNA)

    response = website.create("/leads/", {"external_id": "form-17", "job_title": "COO"})

    assert response.status_code == 200
    assert response.json()["changed_fields"] == ["job_title"]
    assert Lead.objects.get().email == "anna@acme.example"


def test_put_creates_then_updates_by_identity(website):
    body = {"email": "anna@acme.example"}
    assert website.send("PUT", "/leads/by-identity/website/7/8/", body).status_code == 201

    again = website.send("PUT", "/leads/by-identity/website/7/8/", {"phone": "+49 30 901820"})

    assert again.status_code == 200
    read = website.read("/leads/by-identity/website/7/8/").json()
    assert (read["email"], read["phone"]) == ("anna@acme.example", "+4930901820")
    assert read["identities"] == [{"system": "website", "external_id": "7/8"}]


def test_put_for_another_system_than_the_keys_is_refused(website):
    response = website.send("PUT", "/leads/by-identity/crm/7/", {"email": "a@b.example"})

    problem_of(response, 403, "foreign_system")
    assert not Lead.objects.exists()


def test_email_and_external_id_of_different_leads_conflict(website):
    website.create("/leads/", {"external_id": "1", "email": "one@acme.example"})
    website.create("/leads/", {"external_id": "2", "email": "two@acme.example"})

    response = website.create("/leads/", {"external_id": "1", "email": "two@acme.example"})

    problem_of(response, 409, "identity_conflict")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"email": "anna"}, ("email", "invalid")),
        ({"country": "Germoney"}, ("country", "unknown")),
        ({"language": "elvish"}, ("language", "unknown")),
        ({"currency": "euro"}, ("currency", "invalid")),
        ({"currency": None}, ("currency", "required")),
        ({"expected_acv": "-1"}, ("expected_acv", "min_value")),
        ({"expected_acv": "1e30"}, ("expected_acv", "max_digits")),
        ({"first_name": "x" * 101}, ("first_name", "max_length")),
        ({"first_name": ["Anna"]}, ("first_name", "invalid")),
        ({"last_name": "a\0b"}, None),
        ({"source": "two words"}, ("source", "invalid")),
        ({"effective_at": "yesterday"}, ("effective_at", "invalid")),
        ({"account": {"employee_count": 3}}, ("account.domain", "required")),
        ({"account": {"name": "A", "revenue": 5}}, ("account.currency", "required")),
        (
            {"account": {"name": "A", "employee_count": -1}},
            ("account.employee_count", "min_value"),
        ),
        ({"account": {"name": "A", "size": 3}}, ("account.size", "unknown_field")),
        ({"colour": "red"}, ("colour", "unknown_field")),
        ({"stage": "sql"}, ("stage", "read_only")),
        ({"version": 3}, ("version", "read_only")),
        ({"score": 99}, ("score", "read_only")),
        ({"owner": "me"}, ("owner", "read_only")),
        ({"external_id": None, "email": None}, ("external_id", "required")),
        ({"persona": "nobody-made-it"}, ("persona", "unknown_key")),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_input_is_refused_by_the_name_of_its_field(website, change, fault):
    response = website.create("/leads/", ANNA | change)

    assert response.status_code == 400
    if fault is None:
        problem_of(response, 400, "parse_error")
    else:
        faults = {(given["field"], given["code"]) for given in response.json()["errors"]}
        assert fault in faults
    assert not Lead.objects.exists()


def test_read_by_id(website):
    website.create("/leads/", ANNA)
    lead = Lead.objects.get()

    body = website.read(f"/leads/{lead.public_id}/").json()

    assert body["stage"] == Stage.NEW
    assert body["account"]["employee_count"] == 250
    assert body["expected_acv"] == "48000.00"
    assert not any(value == lead.pk for value in body.values())


def test_reading_an_unknown_lead_is_404(website):
    problem_of(website.read(f"/leads/{uuid.uuid4()}/"), 404, "not_found")
    problem_of(website.read("/leads/by-identity/website/none/"), 404, "not_found")


def many(website, count, start=0):
    for number in range(start, start + count):
        body = {"external_id": str(number), "email": f"p{number}@acme.example", "source": "web"}
        assert website.create("/leads/", body).status_code == 201


def test_list_pages_stay_put_while_leads_arrive(website):
    many(website, 5)
    first = website.read("/leads/", page_size=2).json()
    website.create("/leads/", {"external_id": "late"})

    second = website.get(first["next"]).json()
    third = website.get(second["next"]).json()

    emails = [lead["email"] for page in (first, second, third) for lead in page["results"]]
    assert emails == [f"p{number}@acme.example" for number in (4, 3, 2, 1, 0)]
    assert third["next"] is None
    assert website.get(third["previous"]).json()["results"] == second["results"]


@pytest.mark.parametrize(
    "cursor", ["x", "cD1hYmM=", "cD05OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5", "bz05"]
)
def test_a_hand_made_cursor_is_no_server_error(website, cursor):
    assert website.read("/leads/", cursor=cursor).status_code in (200, 400, 404)


def test_list_takes_as_many_queries_for_three_as_for_one(website, django_assert_num_queries):
    many(website, 1)
    with django_assert_num_queries(3):
        website.read("/leads/")
    many(website, 2, start=1)
    with django_assert_num_queries(3):
        assert len(website.read("/leads/").json()["results"]) == 3


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"stage": "new"}, 2),
        ({"stage": ["iql", "new"]}, 2),
        ({"stage": "sql"}, 0),
        ({"source": "website"}, 1),
        ({"campaign": "spring"}, 1),
        ({"country": "de"}, 1),
        ({"product_line": "Payroll"}, 1),
        ({"product_line": "time tracking"}, 0),
        ({"email": "ANNA@acme.example"}, 1),
        ({"system": "website"}, 2),
        ({"updated_since": "2020-01-01T00:00:00Z"}, 2),
        ({"created_since": "2100-01-01T00:00:00Z"}, 0),
        ({"created_before": "2100-01-01T00:00:00Z"}, 2),
        ({"no_longer_meets": "true"}, 0),
    ],
    ids=str,
)
def test_list_filters(website, parameters, expected):
    website.create("/leads/", ANNA)
    website.create("/leads/", {"external_id": "other"})

    assert len(website.read("/leads/", **parameters).json()["results"]) == expected


def test_list_filters_by_account(website):
    website.create("/leads/", ANNA)
    website.create("/leads/", {"external_id": "other"})
    account = Lead.objects.get(email="anna@acme.example").account

    assert len(website.read("/leads/", account=account.public_id).json()["results"]) == 1


@pytest.mark.parametrize(
    ("parameters", "fault"),
    [
        ({"stages": "new"}, ("stages", "unknown_filter")),
        ({"stage": "newish"}, ("stage", "invalid")),
        ({"account": "7"}, ("account", "invalid")),
        ({"email": "a\0"}, ("email", "invalid")),
        ({"created_since": "monday"}, ("created_since", "invalid")),
    ],
    ids=str,
)
def test_list_refuses_filters_of_no_use(website, parameters, fault):
    assert fault in faults_of(website.read("/leads/", **parameters))


def test_a_person_may_name_the_system(signed_in):
    revops = signed_in(Role.REVOPS)

    assert revops.create("/leads/", {"system": "fair", "external_id": "9"}).status_code == 201
    assert revops.create("/leads/", {"email": "x@y.example"}).status_code == 201

    assert set(LeadIdentity.objects.values_list("system", flat=True)) == {"fair", "manual"}


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({"phone": "030 901820", "country": "Deutschland"}, ("+4930901820", "DE")),
        ({"phone": "+44 20 7946 0958"}, ("+442079460958", "")),
        ({"phone": "(212) 555-2368", "account": {"name": "A", "country": "USA"}}, None),
        ({"country": "Côte d'Ivoire"}, ("", "CI")),
    ],
    ids=str,
)
def test_values_are_kept_in_one_form(website, said, kept):
    body = {"external_id": "1", "email": "Anna@ACME.example", "language": "German"} | said
    created = website.create("/leads/", body)

    assert created.status_code == 201, created.content
    lead = Lead.objects.get()
    assert (lead.email, lead.language) == ("anna@acme.example", "de")
    assert (lead.phone, lead.country) == (kept or ("+12125552368", ""))


@pytest.mark.parametrize(
    ("phone", "reason"),
    [
        ("4.91E+11", "rounded by a spreadsheet"),
        ("-1011", "begins with a minus"),
        ("030 901820", "has no country code"),
        ("call me", "is no telephone number"),
    ],
)
def test_a_telephone_number_of_no_use_is_refused_by_name(website, phone, reason):
    response = website.create("/leads/", {"external_id": "1", "phone": phone})

    (fault,) = problem_of(response, 400, "invalid")["errors"]
    assert fault["field"] == "phone"
    assert reason in fault["detail"]
    assert not Lead.objects.exists()


def test_a_touchpoint_finds_its_lead_by_the_address_in_another_spelling(website):
    recipes.small_catalog()
    website.create("/leads/", {"email": "anna@bücher.example"})
    touch = {
        "lead": {"email": "anna@xn--bcher-kva.example"},
        "kind": "demo_request",
        "occurred_at": "2026-01-13T12:00:00Z",
    }

    assert website.create("/touchpoints/", touch).status_code == 201
