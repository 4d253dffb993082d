from decimal import Decimal

import pytest
from django.db import connection
from django.http import QueryDict

from crm_handoff.api.accounts import AccountFilters
from crm_handoff.api.leads import LeadFilters
from crm_handoff.people import roles
from crm_handoff.people.roles import Role
from leads.models import Account, AttributeChange, Lead, PendingMark
from tests import recipes
from tests.api.problems import faults_of, problem_of
from tests.routing import sales


@pytest.fixture
def acme(website):
    website.create("/accounts/", {"name": "Acme", "domain": "acme.example", "country": "DE"})
    return Account.objects.get()


def place(account):
    return f"/accounts/{account.public_id}/"


def test_an_account_is_recorded_once_and_added_to(website):
    first = website.create(
        "/accounts/", {"name": "Acme", "domain": "https://www.acme.example/", "country": "Germany"}
    )
    second = website.create("/accounts/", {"domain": "ACME.example", "employee_count": 300})
    third = website.create("/accounts/", {"domain": "acme.example", "employee_count": 300})

    assert [first.status_code, second.status_code, third.status_code] == [201, 200, 200]
    account = Account.objects.get()
    assert first["location"] == second.json()["url"] == f"/api/v1{place(account)}"
    assert (account.domain, account.country, account.employee_count) == ("acme.example", "DE", 300)
    assert second.json()["changed_fields"] == ["employee_count"]
    assert third.json()["changed_fields"] == []


def test_what_is_known_of_an_account_is_read(website, acme):
    read = website.read(place(acme)).json()

    assert read == website.read("/accounts/", country="de").json()["results"][0]
    assert (read["name"], read["parent"], read["is_target"]) == ("Acme", None, False)
    assert website.read("/accounts/", country="AT").json()["results"] == []


def test_a_change_of_an_account_has_its_history_and_wakes_its_leads(website, acme, noon):
    lead = recipes.known_lead(at=noon, email="anna@acme.example")
    assert lead.account == acme
    PendingMark.objects.all().delete()

    response = website.send(
        "PATCH",
        place(acme),
        {"name": "Acme Group", "revenue": "5000000", "currency": "eur", "tier": "strategic"},
    )

    assert response.status_code == 200, response.content
    assert response.json()["changed_fields"] == ["currency", "name", "revenue", "tier"]
    acme.refresh_from_db()
    assert (acme.name, acme.revenue, acme.currency) == ("Acme Group", Decimal(5_000_000), "EUR")
    last = AttributeChange.objects.filter(account=acme, field="name").latest("pk")
    assert (last.old, last.new, last.source) == ("Acme", "Acme Group", "website")
    (found,) = website.read("/accounts/", tier="Strategic").json()["results"]
    assert (found["id"], found["tier"]) == (str(acme.public_id), "strategic")
    assert website.read("/accounts/", tier="A").json()["results"] == []
    assert PendingMark.objects.filter(lead=lead).exists()


def test_a_change_that_says_nothing_new_changes_nothing(website, acme):
    before = acme.updated_at

    response = website.send("PATCH", place(acme), {"name": "Acme", "region": None, "country": ""})

    assert response.json()["changed_fields"] == []
    acme.refresh_from_db()
    assert acme.updated_at == before


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"revenue": "10"}, ("currency", "required")),
        ({"country": "Atlantis"}, ("country", "unknown")),
        ({"employee_count": -1}, ("employee_count", "min_value")),
        ({"parent": "x"}, ("parent", "read_only")),
        ({"stage": "x"}, ("stage", "unknown_field")),
    ],
)
def test_a_bad_change_names_its_field(website, acme, said, fault):
    assert faults_of(website.send("PATCH", place(acme), said)) == {fault}


def test_an_account_without_a_name_is_refused(website):
    assert faults_of(website.create("/accounts/", {"country": "DE"})) == {("domain", "required")}


def test_a_domain_belongs_to_one_account(website, acme):
    website.create("/accounts/", {"name": "Other", "domain": "other.example"})

    response = website.send("PATCH", place(acme), {"domain": "other.example"})

    body = problem_of(response, 409, "domain_taken")
    assert body["errors"][0]["field"] == "domain"


def test_a_company_does_not_own_its_owner(website, acme):
    website.create(
        "/accounts/", {"name": "Mill", "domain": "mill.example", "parent_domain": "acme.example"}
    )

    response = website.send("PATCH", place(acme), {"parent_domain": "mill.example"})

    problem_of(response, 400, "account_owns_itself")
    assert website.read("/accounts/", parent=acme.public_id).json()["results"][0]["name"] == "Mill"


def test_a_key_speaks_for_its_own_system_alone(website, acme):
    problem_of(website.send("PATCH", place(acme), {"system": "crm"}), 403, "foreign_system")


def test_a_rep_sees_the_accounts_of_their_leads(signed_in):
    rita = sales.rep("Rita")
    sales.team(rita)
    own, other = sales.account("Own"), sales.account("Other")
    sales.opened(sales.agreement(), sales.lead("Anna", account=own))
    roles.grant(rita.user, Role.REP)
    caller = signed_in(rita.user)

    assert [row["name"] for row in caller.read("/accounts/").json()["results"]] == ["Own"]
    problem_of(caller.read(place(other)), 404, "not_found")


@pytest.mark.parametrize(
    ("filters", "rows", "name", "index"),
    [
        (AccountFilters, Account.objects.all(), "domain", "one_account_per_domain"),
        (LeadFilters, Lead.objects.all(), "email", "one_lead_per_email"),
    ],
)
def test_what_names_a_row_is_found_by_its_index(db, filters, rows, name, index):
    Account.objects.bulk_create(Account(name=f"A {n}", domain=f"a{n}.ex") for n in range(2_000))
    Lead.objects.bulk_create(Lead(email=f"a@a{n}.ex") for n in range(2_000))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE leads_account, leads_lead")
    said = {"domain": "A7.Ex", "email": "A@a7.EX"}[name]

    found = filters.narrow(rows, QueryDict(f"{name}={said}"))

    assert index in found.explain()
    assert found.count() == 1
