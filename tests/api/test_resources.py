"""What every resource of the API has in common, walked over all of them on the demo."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, reverse

from crm_handoff.api.fields import Body
from crm_handoff.api.urls import urlpatterns
from crm_handoff.api.views import ListView
from crm_handoff.models import User
from crm_handoff.people import keys
from leads.models import ImportRun
from routing.models import BusinessCalendar
from tests.api.conftest import Caller

pytestmark = pytest.mark.usefixtures("organization", "db")

VIEWS = {
    pattern.name: pattern.callback.cls
    for pattern in urlpatterns
    if isinstance(pattern, URLPattern) and hasattr(pattern.callback, "cls")
}
LISTS = [
    name
    for name, view in VIEWS.items()
    if issubclass(view, ListView) and name not in ("touchpoints", "evaluations")
]
BODIES = {
    f"{name} {method}": (view, method)
    for name, view in VIEWS.items()
    for method in ("POST", "PUT", "PATCH")
    if hasattr(view, method.lower()) and getattr(view, "body", None) is not None
}
NAMES = {"territory": "dach", "definition": "mid-market"}


@pytest.fixture
def revops() -> Caller:
    caller = Caller()
    person = User.objects.get(email="revops@demo.example")
    caller.force_login(person, "django.contrib.auth.backends.ModelBackend")
    return caller


def address(name: str) -> str:
    run = ImportRun.objects.order_by("pk").first()
    values = NAMES | {"run": run.public_id if run else None}
    pattern = next(one for one in urlpatterns if one.name == name)
    return reverse(
        f"api:{name}", kwargs={part: values[part] for part in pattern.pattern.converters}
    )


def example(one: Any) -> str:
    """A value that a filter takes."""
    if "choices" in one.extra:
        return str(next(value for value, _ in one.extra["choices"] if value))
    return {
        "UUIDFilter": "00000000-0000-4000-8000-000000000000",
        "NumberFilter": "1",
        "TruthFilter": "true",
        "InstantFilter": "2026-01-01T00:00:00Z",
        "DateFilter": "2026-01-01",
    }.get(type(one).__name__, "x")


@pytest.mark.parametrize("name", LISTS)
def test_every_filter_and_ordering_of_a_list_works(revops, name):
    view, path = VIEWS[name], address(name)
    asked = [{filter_: example(one)} for filter_, one in view.filters.base_filters.items()]
    asked += [{"ordering": sign + one, "page_size": 1} for one in view.orderings for sign in "+-"]
    asked = [{key: str(value).lstrip("+") for key, value in one.items()} for one in asked]
    asked += [{"search": "a b"}] if view.search_fields else []
    asked += [{"fields": next(iter(view.answer().fields))}]

    for parameters in asked:
        response = revops.get(path, parameters)
        assert response.status_code == 200, (parameters, response.content)
        if following := response.json()["next"]:
            assert revops.get(following).status_code == 200, parameters


@pytest.mark.parametrize("name", LISTS)
def test_a_list_takes_as_many_queries_for_one_row_as_for_three(revops, name):
    path = address(name)
    revops.get(path)

    counts = []
    for size in (1, 3):
        with CaptureQueriesContext(connection) as queries:
            revops.get(path, {"page_size": size})
        counts.append(len(queries))

    assert counts[0] == counts[1]


@pytest.mark.parametrize("name", [name for name in LISTS if VIEWS[name].orderings])
def test_an_ordering_that_a_list_does_not_have_is_refused(revops, name):
    response = revops.get(address(name), {"ordering": "password"})

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "ordering"


@pytest.mark.parametrize("name", BODIES)
def test_unknown_and_kept_fields_are_refused_by_name(name):
    view, _ = BODIES[name]
    body: type[Body] = view.body

    faults = refusals(body, {"no_such_field": 1} | dict.fromkeys(body.server_owned, "x"))

    assert faults == {"no_such_field": "unknown_field"} | dict.fromkeys(
        body.server_owned, "read_only"
    )


def refusals(body: type[Body], data: dict[str, Any]) -> dict[str, str]:
    said = body(data=data, partial=True)
    assert not said.is_valid()
    return {field: faults[0].code for field, faults in said.errors.items()}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("data", [[], "x", 7, None, [[]]], ids=repr)
def test_a_body_that_is_no_object_is_refused(revops, name, data):
    view, _ = BODIES[name]
    said = view.body(data=data, partial=True)

    assert not said.is_valid()


@pytest.mark.parametrize("name", LISTS)
def test_a_reading_key_reads_every_list(name):
    operator = User.objects.get(email="revops@demo.example")
    issued = keys.issue("Reader", system="bi", created_by=operator, scopes=["read"])
    reader = Caller(headers={"authorization": f"Bearer {issued.token}"})

    assert reader.get(address(name)).status_code == 200


def test_calendars_say_when_their_windows_changed(db):
    calendar = BusinessCalendar.objects.order_by("pk")[0]
    before = calendar.updated_at

    calendar.windows.all().delete()

    calendar.refresh_from_db()
    assert calendar.updated_at > before
