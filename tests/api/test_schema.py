import json
import re

import pytest
from django.urls import URLPattern
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema
from rest_framework import serializers

from crm_handoff.api import schema as api_schema
from crm_handoff.api.answers import InstantField
from crm_handoff.api.urls import urlpatterns
from crm_handoff.api.views import ListView
from tests.api.problems import faults_of

VIEWS = {
    re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", f"/api/v1/{pattern.pattern}"): pattern.callback.cls
    for pattern in urlpatterns
    if isinstance(pattern, URLPattern) and hasattr(pattern.callback, "cls")
}
METHODS = {"get", "post", "put", "patch", "delete"}
LISTS = {path: view for path, view in VIEWS.items() if issubclass(view, ListView)}
COMPARABLE = (
    InstantField,
    serializers.CharField,
    serializers.BooleanField,
    serializers.ChoiceField,
    serializers.DateField,
    serializers.DecimalField,
    serializers.IntegerField,
    serializers.UUIDField,
)
"""What can be narrowed by; lists and objects are in parts of their own."""
UNFILTERED = {
    *(
        "account_reason",
        "change_note",
        "description",
        "evidence",
        "goals",
        "note",
        "pain",
        "pains",
        "problem",
        "proof",
    ),
    *("question", "repair", "text", "why"),
    *("cool_off_days", "done_count", "file_size", "position"),
}
"""Prose, and numbers that nobody looks for."""


@pytest.fixture(scope="module")
def described():
    """The description, and what Spectacular had to say against it."""
    GENERATOR_STATS.reset()
    document = SchemaGenerator().get_schema(request=None, public=True)
    assert not GENERATOR_STATS, dict(GENERATOR_STATS._warn_cache | GENERATOR_STATS._error_cache)
    return json.loads(json.dumps(document))


def operations(document):
    return [
        (path, method, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]


def test_it_is_valid_openapi_3_1(described):
    assert described["openapi"] == "3.1.0"

    validate_schema(described)


def test_it_has_every_address_and_no_other(described):
    assert set(described["paths"]) == set(VIEWS)


def test_it_has_every_method_and_no_other(described):
    for path, view in VIEWS.items():
        methods = {name for name in METHODS if hasattr(view, name)}

        assert set(described["paths"][path]) == methods, path


def test_every_operation_has_a_name_of_its_own(described):
    names = [operation["operationId"] for _, _, operation in operations(described)]

    assert len(names) == len(set(names))
    assert all(operation["summary"] for _, _, operation in operations(described))


def test_every_write_takes_an_idempotency_key(described):
    for path, method, operation in operations(described):
        names = {parameter["name"] for parameter in operation.get("parameters", ())}

        is_ours = hasattr(VIEWS[path], "required_permissions")
        assert ("Idempotency-Key" in names) is (is_ours and method != "get"), (path, method)


def test_every_body_takes_its_own_fields_alone(described):
    for path, method, operation in operations(described):
        content = operation.get("requestBody", {}).get("content", {})
        for reference in re.findall(r"schemas/(\w+)", json.dumps(content)):
            component = described["components"]["schemas"][reference]
            assert component["additionalProperties"] is False, (path, method, reference)


def test_what_can_be_asked_of_a_list_is_all_described(described):
    for path, view in LISTS.items():
        parameters = described["paths"][path]["get"]["parameters"]
        asked = {given["name"] for given in parameters if given["in"] == "query"}

        assert asked == set(view.filters.base_filters) | view.parameters(), path


@pytest.mark.parametrize("path", LISTS)
def test_every_listed_field_has_a_filter(path):
    view = LISTS[path]
    filters = set(view.filters.base_filters)

    fields = {name for name, field in view.answer().fields.items() if type(field) in COMPARABLE}
    unfiltered = {
        name
        for name in fields - UNFILTERED
        if not filters
        & {
            name,
            f"{name}_min",
            "since",
            f"{name}_since",
            f"{name[:-3]}_since",
            f"{name[:-3]}_before",
        }
    }
    assert unfiltered == set()


@pytest.mark.parametrize("path", LISTS)
def test_a_copy_of_what_changes_can_be_kept_up_to_date(path):
    """What has an instant of its last change can be asked for since then, in that order."""
    view = LISTS[path]
    model = view.filters._meta.model
    if model is None or not hasattr(model, "updated_at"):
        return

    assert "updated_since" in view.filters.base_filters
    # Words to choose from do not tell it: they are few, and read as a whole.
    assert ("updated_at" in view.orderings) is ("updated_at" in view.answer().fields)


def test_everybody_may_read_it(client):
    response = client.get("/api/schema/")

    assert response.status_code == 200
    assert response["content-type"] == "application/json"
    assert response.json()["info"]["title"] == "CRM Handoff"
    again = client.get("/api/schema/", headers={"if-none-match": response["etag"]})
    assert again.status_code == 304


def test_the_page_asks_nobody_else(client):
    response = client.get("/api/docs/")

    assert response.status_code == 200
    assert "script-src 'self'" in response["content-security-policy"]
    assert not re.findall(rb'(?:src|href)="(?:https?:)?//', response.content)
    assert b"<style" not in response.content
    assert b"<script>" not in response.content


def test_a_filter_that_is_no_value_of_its_kind_is_refused(website):
    assert faults_of(website.read("/leads/", recycle_count_min="many")) == {
        ("recycle_count_min", "invalid")
    }
    assert api_schema.PROBLEMS.keys() >= {400, 401, 403, 404, 409, 413, 415, 422, 429}
