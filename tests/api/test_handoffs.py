import uuid
from datetime import timedelta

import pytest
from django.db import connection

from crm_handoff.people import roles
from crm_handoff.people.roles import Role
from leads.enums import Stage
from leads.models import Lead, Opportunity
from routing.models import Acceptance, Attempt, Handoff, Rejection
from tests.api.problems import faults_of, problem_of
from tests.routing import sales

CALL = {
    "kind": "call",
    "outcome": "reached",
    "note": "Wants a demo",
    "next_step": "Demo on Friday",
}
REFUSAL = {"reason": "bad_timing", "comment": "Budget is frozen until May."}


@pytest.fixture
def rita(db):
    rep = sales.rep("Rita")
    sales.team(rep)
    roles.grant(rep.user, Role.REP)
    return rep


@pytest.fixture
def version(rita):
    return sales.agreement()


@pytest.fixture
def handoff(version):
    return sales.opened(version)


@pytest.fixture
def holder(signed_in, rita):
    return signed_in(rita.user)


@pytest.fixture
def other(signed_in, handoff):
    """A rep of another territory."""
    rep = sales.rep("Olga")
    roles.grant(rep.user, Role.REP)
    return signed_in(rep.user)


def path(handoff, action=""):
    return f"/handoffs/{handoff.public_id}/{action}"


def test_read_shows_packet_clock_and_decision(holder, handoff, rita):
    body = holder.read(path(handoff)).json()

    assert body["rep"]["id"] == str(rita.public_id)
    assert body["lead"]["id"] == str(handoff.lead.public_id)
    assert body["status"] == "assigned"
    assert body["packet"]["who"] == handoff.packet["who"]
    assert body["response_clock"]["state"] == "running"
    assert body["decisions"][0]["why"]
    assert body["decisions"][0]["candidates"][0]["name"] == str(rita)
    assert "rep" not in body["decisions"][0]["candidates"][0]


def internal_ids_in(value, name=""):
    if isinstance(value, dict):
        return [found for key, inner in value.items() for found in internal_ids_in(inner, key)]
    if isinstance(value, list):
        return [found for inner in value for found in internal_ids_in(inner, name)]
    sources = ("touchpoint", "evaluation", "attempt", "rejection", "id", "pk")
    return [(name, value)] if name in sources and isinstance(value, int) else []


def test_the_packet_names_its_sources_by_no_internal_id(website, rita, version):
    lead = sales.lead("Anna", account=sales.account())
    touchpoint = sales.touch(lead, "demo_request", at=sales.NOON)
    handoff = sales.opened(version, lead)
    assert internal_ids_in(handoff.packet)

    packet = website.read(path(handoff)).json()["packet"]

    assert internal_ids_in(packet) == []
    assert packet["intent"][0]["source"] == {
        "touchpoint": {"system": "test", "external_id": touchpoint.external_id}
    }
    assert packet["criteria"][0]["source"]["evaluation"] == packet["qualification"]["at"]


def test_a_call_is_recorded_and_meets_the_clock(holder, handoff, rita):
    response = holder.create(path(handoff, "attempts/"), CALL)

    assert response.status_code == 200
    body = response.json()
    assert body["response_clock"]["state"] in ("met", "breached")
    assert body["attempts"][0]["note"] == "Wants a demo"
    assert Attempt.objects.get().by == rita.user


def test_a_next_step_with_its_time_becomes_a_task(holder, handoff):
    step = {"next_step": "Send the offer", "next_step_at": "2199-01-05T09:00:00Z"}

    body = holder.create(
        path(handoff, "attempts/"), CALL | step | {"next_step_kind": "email"}
    ).json()

    task = body["tasks"][-1]
    assert (task["kind"], task["what"]) == ("email", "Send the offer")
    assert (task["cadence_step"], task["done_at"]) == (None, None)
    assert body["attempts"][0]["next_step"] == "Send the offer"
    assert body["first_contact_at"] == body["first_attempt_at"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"next_step_at": "2020-01-05T09:00:00Z"}, "due_in_the_past"),
        ({"next_step": " ", "next_step_at": "2199-01-05T09:00:00Z"}, "what_required"),
    ],
)
def test_an_attempt_with_a_bad_next_step_is_not_recorded(holder, handoff, change, code):
    said = CALL | {"next_step": "Send the offer"} | change

    problem_of(holder.create(path(handoff, "attempts/"), said), 400, code)

    assert not Attempt.objects.exists()


def test_could_not_reach_takes_several_attempts(holder, handoff):
    sales.reason("could_not_reach")

    problem = problem_of(
        holder.create(path(handoff, "reject/"), REFUSAL | {"reason": "could_not_reach"}),
        409,
        "too_few_attempts",
    )

    assert "3 attempts (0 so far) on 2 different days" in problem["detail"]
    assert not Rejection.objects.exists()


def test_accept_once_then_conflict(holder, handoff, rita):
    assert holder.create(path(handoff, "accept/"), {}).json()["status"] == "accepted"

    problem_of(holder.create(path(handoff, "accept/"), {}), 409, "handoff_already_decided")
    assert Acceptance.objects.get().by == rita.user


def test_accept_needs_no_body(holder, handoff):
    assert holder.create(path(handoff, "accept/"), None).status_code == 200


def test_reject_then_undo(holder, handoff, rita):
    sales.reason("bad_timing")
    rejected = holder.create(path(handoff, "reject/"), REFUSAL).json()
    assert rejected["status"] == "rejected"
    assert rejected["rejections"][0]["reason"] == "bad_timing"

    undone = holder.create(path(handoff, "undo/"), {}).json()

    assert undone["status"] == "assigned"
    assert undone["rejections"][0]["taken_back_at"]
    problem_of(holder.create(path(handoff, "undo/"), {}), 409, "nothing_to_undo")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"comment": ""}, ("comment", "blank")),
        ({"comment": "  \n"}, ("comment", "blank")),
        ({"comment": None}, ("comment", "null")),
        ({"reason": "ugly"}, ("reason", "does_not_exist")),
        ({"reason": None}, ("reason", "null")),
        ({"reason": 7}, ("reason", "does_not_exist")),
        ({"by": "me"}, ("by", "read_only")),
        ({"mood": "bad"}, ("mood", "unknown_field")),
    ],
    ids=str,
)
def test_a_rejection_needs_a_reason_and_a_comment(holder, handoff, change, fault):
    sales.reason("bad_timing")

    response = holder.create(path(handoff, "reject/"), REFUSAL | change)

    assert fault in faults_of(response)
    assert not Rejection.objects.exists()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"kind": "pigeon"}, ("kind", "invalid_choice")),
        ({"outcome": "perhaps"}, ("outcome", "invalid_choice")),
        ({"next_step": "x" * 201}, ("next_step", "max_length")),
        ({"next_step_kind": "pigeon"}, ("next_step_kind", "invalid_choice")),
        ({"next_step_at": "tomorrow"}, ("next_step_at", "invalid")),
        ({"at": "2026-01-13T12:00:00Z"}, ("at", "read_only")),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_bad_attempt_is_refused_by_the_name_of_its_field(holder, handoff, change, fault):
    assert fault in faults_of(holder.create(path(handoff, "attempts/"), CALL | change))
    assert not Attempt.objects.exists()


@pytest.mark.parametrize("action", ["attempts/", "accept/", "reject/", "undo/"])
def test_anothers_handoff_does_not_exist_for_a_rep(other, handoff, action):
    problem_of(other.read(path(handoff)), 404, "not_found")
    problem_of(other.create(path(handoff, action), {}), 404, "not_found")
    assert other.read("/handoffs/").json()["results"] == []


def test_an_unknown_handoff_is_404(holder):
    problem_of(holder.read(f"/handoffs/{uuid.uuid4()}/"), 404, "not_found")


@pytest.mark.parametrize("role", [Role.REVOPS, Role.MARKETING_LEAD, Role.AUDITOR])
def test_others_read_and_do_not_answer(signed_in, handoff, role):
    caller = signed_in(role)

    assert caller.read(path(handoff)).status_code == 200
    problem_of(caller.create(path(handoff, "accept/"), {}), 403, "permission_denied")


def test_a_sales_manager_answers_for_a_rep(signed_in, handoff):
    manager = signed_in(Role.SALES_MANAGER)

    assert manager.create(path(handoff, "accept/"), {}).json()["status"] == "accepted"


def test_only_who_answered_takes_it_back(signed_in, holder, handoff):
    holder.create(path(handoff, "accept/"), {})

    response = signed_in(Role.SALES_MANAGER).create(path(handoff, "undo/"), {})

    problem_of(response, 403, "not_your_answer")


def test_an_integration_reads_handoffs(website, handoff):
    results = website.read("/handoffs/").json()["results"]

    assert [result["id"] for result in results] == [str(handoff.public_id)]
    assert "packet" not in results[0]


def test_filters(website, handoff, rita):
    def count(**parameters):
        return len(website.read("/handoffs/", **parameters).json()["results"])

    assert count(status="assigned", lead=handoff.lead.public_id, rep=rita.public_id) == 1
    assert count(status=["queued", "rejected"]) == 0
    assert count(is_open="true") == 1
    assert count(is_open="false") == 0
    assert count(opened_since=(sales.NOON + timedelta(seconds=1)).isoformat()) == 0
    assert count(updated_since="2020-01-01T00:00:00Z") == 1
    assert count(floor_missed="false") == 1


def test_list_takes_as_many_queries_for_three_as_for_one(
    website, version, handoff, django_assert_num_queries
):
    with django_assert_num_queries(3):
        website.read("/handoffs/")
    for _ in range(2):
        sales.opened(version)
    with django_assert_num_queries(3):
        assert len(website.read("/handoffs/").json()["results"]) == 3


def test_a_deal_told_by_the_crm_closes_the_open_handoff(website, handoff):
    lead = Lead.objects.get(pk=handoff.lead_id)
    deal = {
        "external_id": "deal-1",
        "lead": str(lead.public_id),
        "stage": "won",
        "closed_at": "2026-02-01T00:00:00Z",
    }

    response = website.create("/opportunities/", deal)

    assert response.status_code == 201, response.content
    handoff.refresh_from_db()
    lead.refresh_from_db()
    assert (handoff.status, lead.stage) == ("converted", Stage.WON)
    assert Opportunity.objects.get().anomalies == []
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert Handoff.objects.count() == 1
