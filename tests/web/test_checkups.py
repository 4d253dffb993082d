"""The health page: all green at a glance, or what is wrong, since when, which rows, what to do."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm_handoff import rounds
from crm_handoff.checkups import Checkup
from crm_handoff.clock import database_now
from crm_handoff.heartbeats import Heartbeat, beat
from crm_handoff.invariants import CHECKS
from routing.models import Handoff, Notice, RoomMark
from tests.web import world

PAGE = "/health/"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def client(robin) -> Client:
    return robin


@pytest.fixture
def at_work(version, monkeypatch) -> None:
    """A relay and a worker do their work, and every invariant was asked just now."""
    monkeypatch.setattr(rounds, "SECONDS", 60)
    beat(Heartbeat.Kind.RELAY, "relay-1", at=database_now())
    beat(Heartbeat.Kind.WORKER, "worker@one", at=database_now())
    rounds.look()


def text(response) -> str:
    return response.content.decode()


def test_all_is_well_at_a_glance(client, at_work):
    page = text(client.get(PAGE))

    assert f"All {len(CHECKS)} invariants hold" in page
    assert "nothing waits for too long" in page
    assert "It is so now" not in page


def test_nobody_at_work_is_not_well(client, version):
    page = text(client.get(PAGE))

    assert "Nobody does the work" in page
    assert "No sign of life: Relay." in page
    assert "They have never been asked." in page


def test_a_violation_says_since_when_which_rows_and_what_to_do(client, version, dana, monkeypatch):
    handoff = world.handed_over(version, world.lead("Maria", "Keller"))
    Notice.objects.update(handled_at=database_now())
    Handoff.objects.filter(pk=handoff.pk).update(floor_missed=False)
    RoomMark.objects.create(marked_at=database_now() - MINUTE)
    monkeypatch.setattr(rounds, "SECONDS", 60)
    beat(Heartbeat.Kind.RELAY, "relay-1", at=database_now())
    beat(Heartbeat.Kind.WORKER, "worker@one", at=database_now())
    rounds.look()
    Checkup.objects.filter(name="not_one_response_clock").update(
        violated_count=1,
        violated_since=database_now(),
        rows=[{"handoff": handoff.pk, "clocks": 2}],
    )

    page = text(client.get(PAGE))

    assert "2 invariants do not hold" in page
    assert "A place became free more than 30 seconds ago" in page
    assert "Look whether workers run" in page
    assert f'<a href="/handoffs/{handoff.public_id}/">Maria Keller</a>' in page


def test_answers_that_are_old_are_none(client, at_work):
    Checkup.objects.update(checked_at=database_now() - 4 * MINUTE)

    page = text(client.get(PAGE))

    assert f"{len(CHECKS)} invariants are not asked any more" in page


def test_a_relay_that_fell_silent_is_named(client, at_work):
    Heartbeat.objects.filter(name="relay-1").update(at=database_now() - MINUTE)

    assert "silent since" in text(client.get(PAGE))


def test_work_that_waits_for_too_long_is_named(client, at_work, robin):
    Notice.objects.create(
        key="one",
        kind="accepted",
        recipient_id=robin.session["_auth_user_id"],
        at=database_now() - MINUTE,
    )

    page = text(client.get(PAGE))

    assert "Work waits for too long" in page


def test_the_board_alone_is_sent_to_whoever_looks_on(client, at_work):
    page = text(client.get(PAGE, headers={"hx-request": "true"}))

    assert page.startswith('<div id="board"')


def test_queries_are_as_many_for_one_violation_as_for_many(client, at_work):
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            client.get(PAGE)
        return len(seen)

    row = [{"handoff": 1, "lead": 1, "rep": 1}]
    Checkup.objects.filter(name="room_not_used").update(
        violated_count=1, violated_since=database_now(), rows=row
    )
    few = queries()
    Checkup.objects.filter(name__in=[check.name for check in CHECKS]).update(
        violated_count=1, violated_since=database_now(), rows=row * 20
    )

    assert queries() == few


@pytest.mark.parametrize("who", ["manager", "marketer", "auditor"])
def test_both_sides_may_look(door, who, request, version):
    assert door(request.getfixturevalue(who)).get(PAGE).status_code == 200


def test_a_rep_may_not(door, dana):
    assert door(dana.user).get(PAGE).status_code == 403


def test_the_home_page_leads_here_when_something_is_wrong(client, at_work):
    client.post("/start/put-away/")
    assert "all hold" in text(client.get("/"))
    RoomMark.objects.create(marked_at=database_now() - MINUTE)
    Checkup.objects.update(checked_at=database_now() - 2 * MINUTE)
    rounds.look()

    page = text(client.get("/"))

    assert "1 invariant of the product does not hold." in page
    assert 'href="/health/"' in page
