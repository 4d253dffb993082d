import json
import uuid

import pytest

from crm_handoff.people.roles import Role
from definitions.models import TouchpointKind
from leads.models import Lead, PendingMark, Touchpoint
from tests.api.problems import faults_of, problem_of


@pytest.fixture(autouse=True)
def kinds(db):
    for key, category in (("webinar", "event"), ("page_view", "web")):
        TouchpointKind.objects.create(key=key, name=key, category=category)


@pytest.fixture
def lead(website):
    website.create("/leads/", {"external_id": "form-17", "email": "anna@acme.example"})
    lead = Lead.objects.get()
    PendingMark.objects.all().delete()
    return lead


@pytest.fixture
def visit(lead):
    return {
        "lead": str(lead.public_id),
        "kind": "webinar",
        "occurred_at": "2026-01-13T12:00:00Z",
        "external_id": "w-1",
        "campaign": "spring",
        "is_verified": True,
        "detail": {"minutes": 40},
    }


def test_one_touchpoint_is_recorded_with_a_pending_mark(website, visit, lead, noon):
    response = website.create("/touchpoints/", visit)

    assert response.status_code == 201
    assert response.json() == {"row": 0, "status": "created"}
    touchpoint = Touchpoint.objects.get()
    assert (touchpoint.lead, touchpoint.kind.key, touchpoint.occurred_at) == (
        lead,
        "webinar",
        noon,
    )
    assert (touchpoint.system, touchpoint.channel) == ("website", "event")
    assert touchpoint.detail == {"minutes": 40}
    assert touchpoint.received_at > noon
    assert PendingMark.objects.filter(lead=lead).exists()


@pytest.mark.parametrize("external_id", ["w-1", ""], ids=["named", "derived"])
def test_a_repeated_touchpoint_changes_nothing(website, visit, external_id):
    visit["external_id"] = external_id
    website.create("/touchpoints/", visit)
    PendingMark.objects.all().delete()

    response = website.create("/touchpoints/", visit | {"is_verified": False})

    assert (response.status_code, response.json()["status"]) == (200, "repeated")
    assert Touchpoint.objects.get().is_verified is True
    assert not PendingMark.objects.exists()


@pytest.mark.parametrize(
    "named",
    [
        {"external_id": "form-17"},
        {"external_id": "form-17", "system": "website"},
        {"email": "ANNA@acme.example"},
    ],
    ids=str,
)
def test_a_lead_may_be_named_by_identity_or_email(website, visit, lead, named):
    assert website.create("/touchpoints/", visit | {"lead": named}).status_code == 201

    assert Touchpoint.objects.get().lead == lead


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"lead": str(uuid.UUID(int=7))}, ("lead", "unknown_key")),
        ({"lead": {"external_id": "nobody"}}, ("lead", "unknown_key")),
        ({"lead": {"system": "website"}}, ("lead", "required")),
        ({"lead": {"external_id": "form-17", "name": "Anna"}}, ("lead.name", "unknown_field")),
        ({"lead": 7}, ("lead", "invalid")),
        ({"lead": None}, ("lead", "null")),
        ({"kind": "dance"}, ("kind", "unknown_key")),
        ({"kind": None}, ("kind", "null")),
        ({"asset": "no-such-asset"}, ("asset", "unknown_key")),
        ({"occurred_at": "2026-01-13T12:00:00"}, ("occurred_at", "zone")),
        ({"occurred_at": "0001-01-01T00:00:00+14:00"}, ("occurred_at", "year")),
        ({"occurred_at": "noon"}, ("occurred_at", "invalid")),
        ({"received_at": "2026-01-13T12:00:00Z"}, ("received_at", "read_only")),
        ({"detail": [1]}, ("detail", "not_a_dict")),
        ({"detail": {"text": "x" * 20_000}}, ("detail", "max_length")),
        ({"is_bot": "perhaps"}, ("is_bot", "invalid")),
        ({"channel": "x" * 33}, ("channel", "max_length")),
        ({"colour": "red"}, ("colour", "unknown_field")),
    ],
    ids=lambda value: str(value)[:50],
)
def test_bad_input_is_refused_by_the_name_of_its_field(website, visit, change, fault):
    response = website.create("/touchpoints/", visit | change)

    assert fault in faults_of(response)
    assert not Touchpoint.objects.exists()


def test_a_missing_field_is_named(website, visit):
    del visit["occurred_at"]

    assert faults_of(website.create("/touchpoints/", visit)) == {("occurred_at", "required")}


@pytest.mark.parametrize("body", [7, "text", None, True], ids=str)
def test_a_body_that_is_no_object_is_refused(website, body):
    assert website.create("/touchpoints/", body).status_code == 400


def test_a_bad_item_of_a_list_spoils_no_other(website, visit):
    items = [
        visit | {"external_id": "1"},
        visit | {"external_id": "2", "kind": "dance"},
        visit | {"external_id": "3", "occurred_at": "noon", "colour": "red"},
        "no object",
        visit | {"external_id": "1"},
        visit | {"external_id": "4"},
    ]

    response = website.create("/touchpoints/", items)

    assert response.status_code == 201
    results = response.json()["results"]
    assert [(result["row"], result["status"]) for result in results] == [
        (0, "created"),
        (1, "refused"),
        (2, "refused"),
        (3, "refused"),
        (4, "repeated"),
        (5, "created"),
    ]
    assert results[1]["errors"][0]["field"] == "kind"
    assert results[1]["errors"][0]["row"] == 1
    assert [fault["field"] for fault in results[2]["errors"]] == ["colour"]
    assert set(Touchpoint.objects.values_list("external_id", flat=True)) == {"1", "4"}


def test_a_list_without_anything_new_is_200(website, visit):
    website.create("/touchpoints/", [visit])

    assert website.create("/touchpoints/", [visit]).status_code == 200
    assert website.create("/touchpoints/", []).json() == {"results": []}


def test_a_list_takes_as_many_queries_for_a_hundred_as_for_two(
    website, visit, django_assert_max_num_queries
):
    def items(prefix, count):
        return [visit | {"external_id": f"{prefix}{number}"} for number in range(count)]

    website.create("/touchpoints/", items("first with its campaign", 1))

    with django_assert_max_num_queries(14) as few:
        website.create("/touchpoints/", items("a", 2))
    with django_assert_max_num_queries(14) as many:
        website.create("/touchpoints/", items("b", 100))

    assert len(many) == len(few)
    assert Touchpoint.objects.count() == 103


def test_more_than_a_thousand_at_once_are_refused(website, visit):
    problem_of(website.create("/touchpoints/", [visit] * 1_001), 413, "body_too_large")
    assert not Touchpoint.objects.exists()


def test_a_list_speaks_for_one_system_and_a_key_for_its_own(website, signed_in, visit):
    revops = signed_in(Role.REVOPS)
    mixed = [visit | {"system": "a"}, visit | {"system": "b"}]

    assert faults_of(revops.create("/touchpoints/", mixed)) == {("system", "invalid")}
    problem_of(website.create("/touchpoints/", visit | {"system": "a"}), 403, "foreign_system")


def test_list_and_filters(website, visit, lead):
    website.create("/touchpoints/", visit)
    later = {"kind": "page_view", "external_id": "p-1", "occurred_at": "2026-01-14T00:00:00Z"}
    website.create("/touchpoints/", visit | later)

    def found(**parameters):
        results = website.read("/touchpoints/", **parameters).json()["results"]
        return [result["external_id"] for result in results]

    assert found() == ["p-1", "w-1"]
    assert found(lead=lead.public_id, kind="webinar") == ["w-1"]
    assert found(kind="webinar,page_view") == ["p-1", "w-1"]
    assert found(occurred_since="2026-01-14T00:00:00Z") == ["p-1"]
    assert found(occurred_before="2026-01-14T00:00:00Z") == ["w-1"]
    assert found(is_bot="true") == []
    row = website.read("/touchpoints/", kind="webinar").json()["results"][0]
    assert (row["lead"], row["campaign"]) == (str(lead.public_id), "spring")
    assert "id" not in row


def test_list_takes_as_many_queries_for_three_as_for_one(
    website, visit, django_assert_num_queries
):
    website.create("/touchpoints/", visit)
    with django_assert_num_queries(2):
        website.read("/touchpoints/")
    website.create("/touchpoints/", [visit | {"external_id": key} for key in "ab"])
    with django_assert_num_queries(2):
        assert len(website.read("/touchpoints/").json()["results"]) == 3


@pytest.mark.parametrize(
    "occurred_at",
    ["2199-12-31T23:59:59-23:59", "1970-01-01T00:00:00+14:00", "0001-01-01T00:00:00+12:00"],
)
def test_a_year_that_is_not_kept_is_refused_by_its_utc_instant(website, visit, occurred_at):
    response = website.create("/touchpoints/", visit | {"occurred_at": occurred_at})

    assert faults_of(response) == {("occurred_at", "year")}
    assert not Touchpoint.objects.exists()


def test_a_number_that_json_cannot_hold_is_refused(website, visit):
    body = json.dumps(visit).replace('"minutes": 40', '"minutes": 1e999')

    response = website.generic(
        "POST", "/api/v1/touchpoints/", body, content_type="application/json"
    )

    problem_of(response, 400, "parse_error")


def test_two_names_of_different_leads_refuse_that_touchpoint_alone(website, visit, lead):
    website.create("/leads/", {"external_id": "form-18", "email": "bert@acme.example"})
    torn = visit | {
        "lead": {"external_id": "form-17", "email": "bert@acme.example"},
        "external_id": "w-2",
    }

    response = website.create("/touchpoints/", [visit, torn])

    assert [result["status"] for result in response.json()["results"]] == ["created", "refused"]
    (fault,) = response.json()["results"][1]["errors"]
    assert fault["field"] == "lead"
    assert "two different leads" in fault["detail"]


@pytest.mark.parametrize(
    "query", [{"kind": "webinar,\0"}, {"kind": "\0"}, {"is_bot": "maybe"}, {"is_verified": "2"}]
)
def test_a_filter_of_no_use_is_refused(website, visit, query):
    response = website.read("/touchpoints/", **query)

    assert faults_of(response) == {(next(iter(query)), "invalid")}


@pytest.mark.parametrize(("said", "found"), [("true", 1), ("1", 1), ("false", 0), ("0", 0)])
def test_a_filter_of_truth_is_written_as_word_or_digit(website, visit, said, found):
    website.create("/touchpoints/", visit)

    response = website.read("/touchpoints/", is_verified=said)

    assert len(response.json()["results"]) == found
