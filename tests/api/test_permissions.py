import uuid

import pytest
from django.urls import URLPattern

from crm_handoff.api.urls import urlpatterns
from crm_handoff.api.views import PermittedView
from crm_handoff.models import ApiKey, User
from crm_handoff.people import keys
from crm_handoff.people.roles import Role
from tests.api.conftest import Caller
from tests.api.problems import problem_of

VIEWS = {
    pattern.name: pattern.callback.cls
    for pattern in urlpatterns
    # The caller of a webhook is told by its signature instead.
    if isinstance(pattern, URLPattern)
    and issubclass(getattr(pattern.callback, "cls", object), PermittedView)
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
    ("POST", f"/handoffs/{SOMETHING}/take/"),
    ("POST", f"/handoffs/{SOMETHING}/pause/"),
    ("POST", f"/handoffs/{SOMETHING}/resume/"),
    ("POST", f"/handoffs/{SOMETHING}/accept/"),
    ("POST", f"/handoffs/{SOMETHING}/reject/"),
    ("POST", f"/handoffs/{SOMETHING}/undo/"),
    ("GET", "/rejection-reasons/"),
    ("GET", "/rejection-reasons/some/"),
    ("PATCH", "/rejection-reasons/some/"),
    ("GET", "/touchpoint-kinds/"),
    ("GET", "/accounts/"),
    ("POST", "/accounts/"),
    ("GET", f"/accounts/{SOMETHING}/"),
    ("PATCH", f"/accounts/{SOMETHING}/"),
    ("GET", "/sources/"),
    ("POST", "/sources/"),
    ("GET", "/sources/some/"),
    ("PATCH", "/sources/some/"),
    ("GET", "/campaigns/"),
    ("POST", "/campaigns/"),
    ("GET", "/campaigns/some/"),
    ("PATCH", "/campaigns/some/"),
    ("GET", "/personas/"),
    ("POST", "/personas/"),
    ("GET", "/personas/some/"),
    ("PATCH", "/personas/some/"),
    ("GET", "/assets/"),
    ("POST", "/assets/"),
    ("GET", "/assets/some/"),
    ("PATCH", "/assets/some/"),
    ("GET", "/suspected-duplicates/"),
    ("GET", "/imports/"),
    ("GET", f"/imports/{SOMETHING}/"),
    ("GET", f"/imports/{SOMETHING}/rows/"),
    ("GET", "/definitions/"),
    ("GET", "/definitions/some/"),
    ("GET", "/definitions/some/examples/"),
    ("GET", "/definitions/some/versions/"),
    ("GET", "/definitions/some/versions/1/"),
    ("GET", "/definitions/some/published/"),
    ("GET", "/definitions/some/versions/1/differences/"),
    ("GET", "/definitions/some/versions/1/text/"),
    ("GET", "/territories/"),
    ("POST", "/territories/"),
    ("GET", "/territories/some/"),
    ("PATCH", "/territories/some/"),
    ("GET", "/territories/some/members/"),
    ("POST", "/territories/some/members/"),
    ("GET", f"/territories/some/members/{SOMETHING}/"),
    ("PATCH", f"/territories/some/members/{SOMETHING}/"),
    ("DELETE", f"/territories/some/members/{SOMETHING}/"),
    ("GET", "/queues/"),
    ("GET", "/queues/some/"),
    ("GET", "/reps/"),
    ("GET", f"/reps/{SOMETHING}/"),
    ("PATCH", f"/reps/{SOMETHING}/"),
    ("GET", "/absence-series/"),
    ("POST", "/absence-series/"),
    ("GET", f"/absence-series/{SOMETHING}/"),
    ("PATCH", f"/absence-series/{SOMETHING}/"),
    ("POST", f"/absence-series/{SOMETHING}/end/"),
    ("GET", "/absences/"),
    ("POST", "/absences/"),
    ("GET", f"/absences/{SOMETHING}/"),
    ("PATCH", f"/absences/{SOMETHING}/"),
    ("DELETE", f"/absences/{SOMETHING}/"),
    ("GET", "/named-accounts/"),
    ("POST", "/named-accounts/"),
    ("GET", f"/named-accounts/{SOMETHING}/"),
    ("PATCH", f"/named-accounts/{SOMETHING}/"),
    ("DELETE", f"/named-accounts/{SOMETHING}/"),
    ("GET", "/calendars/"),
    ("POST", "/calendars/"),
    ("GET", "/calendars/some/"),
    ("PATCH", "/calendars/some/"),
    ("GET", "/routing-plans/"),
    ("GET", "/routing-plans/1/"),
    ("GET", "/routing-decisions/"),
    ("GET", "/questions/"),
    ("GET", "/timers/"),
    ("GET", "/alerts/"),
    ("GET", f"/alerts/{SOMETHING}/"),
    ("POST", f"/alerts/{SOMETHING}/acknowledge/"),
    ("GET", "/suspensions/"),
    ("GET", f"/suspensions/{SOMETHING}/"),
    ("POST", f"/suspensions/{SOMETHING}/end/"),
    ("GET", "/criteria-rates/"),
    ("POST", "/definitions/some/batches/campaign/some/reject/"),
    ("GET", "/bulk-rejections/"),
    ("GET", f"/bulk-rejections/{SOMETHING}/"),
    ("GET", "/floor-checks/"),
    ("GET", "/fairness/"),
    ("GET", "/response-rates/"),
    ("GET", "/definitions/some/response-rates/"),
    ("GET", "/checkups/"),
    ("GET", "/notices/"),
    ("POST", "/notices/read/"),
    ("GET", f"/notices/{SOMETHING}/"),
    ("POST", f"/notices/{SOMETHING}/read/"),
]

EVERYBODY = {role.value for role in Role}
WRITERS = {
    "opportunities": {"revops", "sales_manager", "rep"},
    "handoffs": {"sales_manager", "rep"},
    "pause": {"revops", "sales_manager"},
    "resume": {"revops", "sales_manager"},
    # Whoever sees everybody's leads is told that there is no such agreement, or why not they.
    "reject-batch": EVERYBODY - {"rep"},
    "campaigns": {"revops", "marketing_lead"},
    "personas": {"revops", "marketing_lead"},
    "assets": {"revops", "marketing_lead"},
    "absences": {"revops", "sales_manager"},
    "absence-series": {"revops", "sales_manager"},
    "alerts": {"revops", "marketing_lead", "sales_manager"},
    "suspensions": {"revops", "sales_manager"},
    "notices": EVERYBODY,
}
"""Roles that write a resource, else RevOps alone; everybody with a role reads every one."""
OVER_EVERYBODY = ("/response-rates/", "/criteria-rates/", "/checkups/")
"""But for what is counted over everybody's leads, which reps do not read."""
DELETERS = {"revops"}

FACTS = {"leads", "touchpoints", "opportunities", "accounts"}
SETUP = {
    "sources",
    "campaigns",
    "personas",
    "assets",
    "rejection-reasons",
    "territories",
    "reps",
    "absences",
    "absence-series",
    "named-accounts",
    "calendars",
}
SCOPES = {
    # scope: resources that it writes, and those that it reads (None: every one).
    "ingest": (FACTS, set()),
    "read": ({"notices"}, None),
    "handoff": ({"handoffs"}, {"handoffs", "rejection-reasons"}),
    "config": (SETUP, SETUP | {"accounts", "queues"}),
}


def noun_of(path):
    """The resource, or the act where others do it than those who write the resource."""
    noun, *rest = path.strip("/").split("/")
    if rest and rest[-1] in WRITERS:
        return rest[-1]
    return "reject-batch" if "batches" in rest else noun


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

    writers = DELETERS if method == "DELETE" else WRITERS.get(noun_of(path), {"revops"})
    is_read = not (role == Role.REP and path.endswith(OVER_EVERYBODY))
    is_allowed = is_read if method == "GET" else role in writers
    assert (status == 403) is not is_allowed
    assert status < 500


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
@pytest.mark.parametrize("scope", SCOPES)
def test_a_key_may_do_what_its_scope_says(operator, scope, method, path):
    issued = keys.issue("One scope", system="website", created_by=operator, scopes=[scope])
    caller = Caller(headers={"authorization": f"Bearer {issued.token}"})

    status = caller.send(method, path, {}).status_code

    writes, reads = SCOPES[scope]
    allowed = reads if method == "GET" else writes
    is_allowed = allowed is None or noun_of(path) in allowed
    assert (status == 403) is not is_allowed
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
