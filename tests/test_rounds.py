"""The round of each minute: what is violated is kept with since when, and told once."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from crm_handoff import invariants, rounds
from crm_handoff.checkups import Checkup, take_turn
from crm_handoff.people import roles
from crm_handoff.people.roles import Role
from leads.models import Lead, PendingMark
from routing.models import Notice, RoomMark
from tests import recipes

pytestmark = pytest.mark.django_db

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
NOON = datetime(2026, 1, 14, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    monkeypatch.setattr(rounds, "SECONDS", 60)


@pytest.fixture
def robin():
    person = recipes.person("Robin Ops")
    roles.grant(person, Role.REVOPS)
    return person


def answer(name: str) -> Checkup:
    return Checkup.objects.get(name=name)


def told() -> list[Notice]:
    return list(Notice.objects.filter(detail__check="room_not_used"))


def test_every_invariant_is_asked_once_a_minute(robin, django_assert_num_queries):
    assert rounds.look(at=NOON) == len(invariants.CHECKS)

    with django_assert_num_queries(1):
        assert rounds.look(at=NOON + 59 * SECOND) == 0
    assert rounds.look(at=NOON + MINUTE) == len(invariants.CHECKS)
    assert not Checkup.objects.filter(violated_count__gt=0).exists()
    assert not Notice.objects.exists()


def test_the_first_violation_is_told_once_until_it_is_over(robin):
    RoomMark.objects.create(marked_at=NOON - MINUTE)

    rounds.look(at=NOON)
    rounds.look(at=NOON + MINUTE)

    kept = answer("room_not_used")
    assert (kept.violated_count, kept.violated_since) == (1, NOON)
    assert kept.checked_at == NOON + MINUTE
    assert kept.rows[0]["marked_at"] == "2026-01-14T11:59:00Z"
    [notice] = told()
    assert (notice.kind, notice.recipient) == ("invariant", robin)
    assert notice.detail["text"].startswith("A place became free")
    RoomMark.objects.all().delete()
    rounds.look(at=NOON + 2 * MINUTE)
    kept = answer("room_not_used")
    assert (kept.violated_count, kept.violated_since, kept.rows) == (0, None, [])
    RoomMark.objects.create(marked_at=NOON)
    rounds.look(at=NOON + 3 * MINUTE)
    assert len(told()) == 2


def test_one_that_cannot_be_asked_keeps_no_other_waiting(robin, monkeypatch):
    broken = invariants.CHECKS[0].__class__("broken", "Broken.", "Mend it.", "SELECT nothing")
    monkeypatch.setattr(invariants, "CHECKS", (broken, *invariants.CHECKS))

    assert rounds.look(at=NOON) == len(invariants.CHECKS) - 1


def test_a_relay_in_a_hurry_leaves_the_rest_to_the_next_look(robin, monkeypatch):
    monkeypatch.setattr(rounds, "SECONDS", 0)
    assert rounds.look(at=NOON) == 0

    monkeypatch.setattr(rounds, "SECONDS", 60)
    assert rounds.look(at=NOON + SECOND) == len(invariants.CHECKS)


def test_old_history_is_looked_at_once_a_day_and_while_it_is_wrong(robin):
    asked = []

    def noting(execute, sql, params, many, context):
        if isinstance(params, dict) and "since" in params and "routing_slaevent" in sql:
            asked.append(params["since"])
        return execute(sql, params, many, context)

    def look(*, at):
        asked.clear()
        rounds.look(at=at)
        assert asked
        return set(asked)

    ever = {invariants.invariants.EVER}
    with connection.execute_wrapper(noting):
        assert look(at=NOON) == ever
        assert look(at=NOON + MINUTE) == {NOON + MINUTE - rounds.RECENT}
        Checkup.objects.update(violated_count=1, violated_since=NOON)
        assert look(at=NOON + 2 * MINUTE) == ever
        assert look(at=NOON + timedelta(days=1)) == ever


def test_facts_that_wait_are_named(robin):
    lead = Lead.objects.create(last_name="Waiting")
    PendingMark.objects.create(lead=lead, marked_at=NOON - MINUTE)

    rounds.look(at=NOON)

    assert answer("pending_too_long").rows[0]["lead"] == lead.pk


def test_a_turn_is_one_callers():
    assert take_turn("dishes", every=MINUTE, at=NOON)
    assert not take_turn("dishes", every=MINUTE, at=NOON + 59 * SECOND)
    assert take_turn("dishes", every=MINUTE, at=NOON + MINUTE)
    assert take_turn("laundry", every=MINUTE, at=NOON + MINUTE)
