"""Tasks on the pages: set by an attempt or by themselves, done, taken back, moved."""

from datetime import timedelta

import pytest
from django.utils import timezone

from definitions.enums import AttemptKind
from routing import followups
from routing.models import Attempt, FollowUp
from tests.web import world

QUEUE = {"HTTP_HX_REQUEST": "true", "HTTP_HX_CURRENT_URL": "http://testserver/queue/"}


@pytest.fixture
def handoff(version, dana):
    return world.handed_over(version, world.lead("Maria", "Keller"))


@pytest.fixture
def task(handoff, dana):
    at = timezone.now()
    return followups.add(
        handoff.pk,
        kind=AttemptKind.EMAIL,
        what="Send the offer",
        due_at=at + timedelta(hours=1),
        by=dana.user,
        at=at,
    )


def test_a_task_is_set_for_a_picked_time(handoff, dana, door):
    picked = timezone.now() + timedelta(days=9)
    said = {"what": "Send the offer", "kind": "email", "when": "pick"}

    response = door(dana.user).post(
        f"/handoffs/{handoff.public_id}/tasks/new/",
        said | {"pick": f"{picked:%Y-%m-%dT%H:%M}"},
        follow=True,
    )

    assert "Task set for Maria Keller." in response.content.decode()
    assert FollowUp.objects.get().due_at == picked.replace(second=0, microsecond=0)


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ({}, "Choose when."),
        ({"when": "pick"}, "Pick a day and a time."),
        ({"when": "pick", "pick": "soon"}, "Pick a day and a time."),
        ({"when": "pick", "pick": "2020-01-01T09:00"}, "still to come"),
        ({"when": "pick", "pick": "9999-12-31T23:59"}, "within ten years"),
        ({"when": "someday"}, "Select a valid choice"),
    ],
    ids=["nothing", "no time", "no date at all", "past", "too far", "unknown"],
)
def test_a_task_without_a_time_to_come_is_refused_beside_the_field(
    handoff, dana, door, when, said
):
    response = door(dana.user).post(
        f"/handoffs/{handoff.public_id}/tasks/new/", {"what": "Write", "kind": "email"} | when
    )

    assert response.status_code == 422
    assert said in response.content.decode()
    assert not FollowUp.objects.exists()


def test_a_task_is_done_by_one_click_and_taken_back(task, dana, door):
    client = door(dana.user)

    done = client.post(f"/tasks/{task.public_id}/done/", **QUEUE)

    assert f'hx-post="/tasks/{task.public_id}/reopen/"' in done.content.decode()
    task.refresh_from_db()
    assert task.done_by == dana.user
    client.post(f"/tasks/{task.public_id}/reopen/", **QUEUE)
    task.refresh_from_db()
    assert task.done_at is None


def test_a_task_that_somebody_did_meanwhile_is_said_so(task, dana, door):
    client = door(dana.user)
    client.post(f"/tasks/{task.public_id}/done/", **QUEUE)

    again = client.post(f"/tasks/{task.public_id}/done/", **QUEUE)

    assert again.status_code == 409
    assert "has changed meanwhile" in again.content.decode()


def test_a_task_is_moved(task, dana, door):
    client = door(dana.user)
    address = f"/tasks/{task.public_id}/move/"

    assert "Send the offer" in client.get(address).content.decode()
    assert client.post(address, {}).status_code == 422
    client.post(address, {"when": "three_days"})

    was = task.due_at
    task.refresh_from_db()
    assert task.due_at > was + timedelta(days=1)


def test_another_reps_task_does_not_exist(task, alex, door):
    for action in ("done", "reopen", "move"):
        assert door(alex.user).post(f"/tasks/{task.public_id}/{action}/").status_code == 404


def test_marketing_sees_tasks_but_does_not_do_them(task, marketer, door):
    assert door(marketer).post(f"/tasks/{task.public_id}/done/").status_code == 403


@pytest.mark.parametrize(
    ("step", "what"), [("Send the offer", "Send the offer"), ("", "Write again")]
)
def test_an_attempt_with_a_reminder_sets_a_task(handoff, dana, door, step, what):
    form = {"kind": "call", "outcome": "no_answer", "next_step": step, "next_kind": "email"}

    door(dana.user).post(f"/handoffs/{handoff.public_id}/attempt/", form | {"when": "tomorrow"})

    task = FollowUp.objects.get()
    assert (task.what, task.kind) == (what, "email")
    assert Attempt.objects.get().next_step == what
