import uuid

import pytest
from django.urls import URLPattern

from crm_handoff.api.urls import urlpatterns
from crm_handoff.models import ApiKey, User
from crm_handoff.people.roles import Role
from tests.api.problems import problem_of

VIEWS = {
    pattern.name: pattern.callback.cls
    for pattern in urlpatterns
    if isinstance(pattern, URLPattern) and pattern.name != "not-found"
}
OWN_METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
SOMETHING = uuid.UUID(int=7)
ENDPOINTS = [
    ("GET", "/leads/"),
    ("POST", "/leads/"),
    ("GET", f"/leads/{SOMETHING}/"),
    ("GET", "/leads/by-identity/website/1/"),
    ("PUT", "/leads/by-identity/website/1/"),
    ("GET", f"/leads/{SOMETHING}/evaluations/"),
    ("GET", f"/leads/{SOMETHING}/evaluations/latest/"),
    ("GET", "/touchpoints/"),
    ("POST", "/touchpoints/"),
    ("GET", "/opportunities/"),
    ("POST", "/opportunities/"),
    ("GET", f"/opportunities/{SOMETHING}/"),
    ("GET", "/opportunities/by-identity/website/1/"),
    ("PUT", "/opportunities/by-identity/website/1/"),
    ("GET", "/handoffs/"),
    ("GET", f"/handoffs/{SOMETHING}/"),
    ("POST", f"/handoffs/{SOMETHING}/attempts/"),
    ("POST", f"/handoffs/{SOMETHING}/accept/"),
    ("POST", f"/handoffs/{SOMETHING}/reject/"),
    ("POST", f"/handoffs/{SOMETHING}/undo/"),
    ("GET", "/rejection-reasons/"),
    ("GET", "/touchpoint-kinds/"),
]
WRITERS_OF_FACTS = {"revops"}
WRITERS_OF_DEALS = {"revops", "sales_manager", "rep"}
ANSWERERS = {"sales_manager", "rep"}


def writers(path):
    if path.startswith("/opportunities"):
        return WRITERS_OF_DEALS
    return ANSWERERS if path.startswith("/handoffs") else WRITERS_OF_FACTS


@pytest.mark.parametrize("name", VIEWS)
def test_every_method_of_every_view_names_its_permission(name):
    view = VIEWS[name]
    methods = {method for method in OWN_METHODS if hasattr(view, method.lower())}

    assert set(view.required_permissions) == methods


def test_the_endpoints_below_are_all_there_are():
    methods = [
        (name, method) for name, view in VIEWS.items() for method in view.required_permissions
    ]

    assert len(ENDPOINTS) == len(methods)


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
@pytest.mark.parametrize("role", list(Role))
def test_each_role_may_do_what_its_table_says(signed_in, role, method, path):
    status = signed_in(role).send(method, path, {}).status_code

    is_allowed = method == "GET" or role in writers(path)
    assert (status == 403) is not is_allowed
    assert status < 500


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_an_integration_writes_facts_and_reads_but_answers_nothing(website, method, path):
    status = website.send(method, path, {}).status_code

    is_answer = method == "POST" and path.startswith("/handoffs")
    assert (status == 403) is is_answer
    assert status < 500


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_nobody_in_particular_is_asked_to_identify_themselves(anonymous, method, path):
    response = anonymous.send(method, path, {})

    problem_of(response, 401, "not_authenticated")
    assert response["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_a_person_without_a_role_may_do_nothing(signed_in, method, path):
    problem_of(signed_in().send(method, path, {}), 403, "permission_denied")


@pytest.mark.parametrize("token", ["", "chk_", "chk_000000000000_" + "A" * 43, "clé"], ids=ascii)
def test_a_bad_key_is_refused(anonymous, token):
    response = anonymous.get("/api/v1/leads/", headers={"authorization": f"Bearer {token}"})

    problem_of(response, 401, "authentication_failed")


def test_a_revoked_key_is_refused(website):
    assert website.read("/leads/").status_code == 200
    ApiKey.objects.update(revoked_at="2026-01-13T12:00:00Z")

    problem_of(website.read("/leads/"), 401, "authentication_failed")


def test_an_inactive_person_is_refused(signed_in):
    caller = signed_in(Role.REVOPS)
    assert caller.read("/leads/").status_code == 200
    User.objects.update(is_active=False)

    problem_of(caller.read("/leads/"), 401, "not_authenticated")


def test_a_browser_needs_the_csrf_token_to_write(signed_in):
    caller = signed_in(Role.REVOPS)
    caller.handler.enforce_csrf_checks = True

    response = caller.create("/leads/", {"email": "anna@acme.example"})

    problem_of(response, 403, "permission_denied")
    assert "CSRF" in response.json()["detail"]
