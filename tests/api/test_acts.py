"""What people do about a handoff through the API: attempts, answers, and taking them back."""

import pytest

from crm_handoff.people import roles
from crm_handoff.people.roles import Role
from routing.models import Acceptance, Attempt, Rejection
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
