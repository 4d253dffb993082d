"""A manager halts the clocks of a lead and lets them go on; nobody else does."""

from datetime import timedelta

import pytest
from django.utils import timezone

from definitions.enums import AttemptKind
from routing import handoffs, pauses
from routing.enums import AttemptOutcome, TimerState
from routing.models import FollowUp
from tests.web import world

HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def handoff(version, dana):
    return world.handed_over(version, world.lead("Maria", "Keller"), at=timezone.now())


def at(handoff, action):
    return f"/handoffs/{handoff.public_id}/{action}/"


def said(**changes):
    picked = timezone.localtime() + timedelta(days=2)
    return {
        "reason": "lead_away",
        "when": "pick",
        "pick": f"{picked:%Y-%m-%dT%H:%M}",
        "note": "At a fair until Thursday",
    } | changes


def test_a_manager_pauses_and_the_page_says_until_when_and_why(handoff, manager, door):
    client = door(manager)

    page = client.post(at(handoff, "pause"), said(), follow=True).content.decode()

    timer = handoff.timers.get()
    assert (timer.state, timer.pause_reason) == (TimerState.PAUSED, "lead_away")
    assert "The clocks of Maria Keller stand still." in page
    assert "Let the clocks go on" in page
    assert "Pause the clocks" not in page
    assert "The lead is away" in page
    assert "At a fair until Thursday" in page


def test_a_manager_lets_the_clocks_go_on(handoff, manager, door):
    client = door(manager)
    client.post(at(handoff, "pause"), said())

    page = client.post(at(handoff, "resume"), follow=True).content.decode()

    assert handoff.timers.get().state == TimerState.RUNNING
    assert "The clocks of Maria Keller run again." in page
    assert "Pause the clocks" in page


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"reason": ""}, "Choose why the clocks stand still."),
        ({"when": ""}, "Choose when."),
        ({"pick": ""}, "Pick a day and a time."),
    ],
)
def test_a_pause_needs_a_reason_and_a_limit(handoff, manager, door, change, words):
    response = door(manager).post(at(handoff, "pause"), said(**change), **HTMX)

    assert response.status_code == 422
    assert words in response.content.decode()
    assert handoff.timers.get().state == TimerState.RUNNING


def test_a_pause_of_more_than_thirty_days_is_refused_in_words(handoff, manager, door):
    far = timezone.localtime() + timedelta(days=31)

    response = door(manager).post(
        at(handoff, "pause"), said(pick=f"{far:%Y-%m-%dT%H:%M}"), follow=True
    )

    assert "at most 30 days from now" in response.content.decode()


def test_who_holds_the_lead_sees_the_pause_but_cannot_make_one(handoff, dana, manager, door):
    door(manager).post(at(handoff, "pause"), said())
    client = door(dana.user)

    page = client.get(f"/handoffs/{handoff.public_id}/").content.decode()

    assert "paused, " in page
    assert "Let the clocks go on" not in page
    assert client.post(at(handoff, "resume")).status_code == 403


def test_a_paused_clock_stands_on_the_team_page_with_what_is_left(handoff, manager, door):
    client = door(manager)
    client.post(at(handoff, "pause"), said())

    response = client.get("/team/?state=paused")

    assert [row.handoff for row in response.context["rows"]] == [handoff]
    assert response.context["counts"]["paused"] == 1
    assert "paused, " in response.content.decode()
    assert list(client.get("/team/?state=late").context["rows"]) == []


def test_the_task_of_a_cadence_leaves_the_queue_until_the_clocks_go_on(
    handoff, dana, manager, door
):
    """A lead that was written to in vain, and is to be called in a minute."""
    now = timezone.now()
    tried = {"kind": AttemptKind.EMAIL, "outcome": AttemptOutcome.NO_ANSWER}
    handoffs.attempt(handoff.pk, by=dana.user, at=now, **tried)
    FollowUp.objects.create(
        handoff=handoff,
        kind=AttemptKind.CALL,
        what="Call about the demo",
        due_at=now + timedelta(minutes=1),
        created_at=now,
        cadence_step=1,
    )
    queue, leader = door(dana.user), door(manager)
    known = queue.get("/queue/").context["version"]
    assert "Call about the demo" in listed(queue)

    leader.post(at(handoff, "pause"), said())

    assert listed(queue) == []
    changed = queue.get("/queue/", **HTMX, HTTP_IF_NONE_MATCH=known)
    assert changed.status_code == 200

    leader.post(at(handoff, "resume"))

    assert listed(queue) == ["Call about the demo"]


def test_the_history_says_that_new_intent_ended_the_pause(handoff, manager, door):
    client = door(manager)
    client.post(at(handoff, "pause"), said())

    pauses.end_by_intent(handoff, handoff.timers.all(), at=timezone.now())

    page = client.get(f"/handoffs/{handoff.public_id}/").content.decode()
    assert "new high intent ended the pause" in page


def listed(client):
    tasks = client.get("/queue/").context["tasks"]
    return [task.followup.what for task in tasks]
