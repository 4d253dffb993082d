"""Broken limits, suspensions, miss rates and invariants by the API."""

from datetime import timedelta

import pytest
from django.utils import timezone

from crm_handoff import alerts, rounds
from crm_handoff.models import User
from crm_handoff.people.roles import Role
from routing.models import RoomMark, SlaAlert, Suspension
from tests.api.problems import problem_of
from tests.routing import clockwork
from tests.routing.due import promises
from tests.web import world

DAY = timedelta(days=1)


@pytest.fixture
def version(db):
    return world.company()


@pytest.fixture
def dana(version):
    return clockwork.rep("Dana", capacity=99)


@pytest.fixture
def alert(version, dana) -> SlaAlert:
    promises(version, dana, missed=3, of=20, at=timezone.now() - DAY)
    alerts.attend(at=timezone.now())
    return SlaAlert.objects.get()


@pytest.fixture
def samir(signed_in, version):
    return signed_in(User.objects.get(full_name="Samir Haddad"))


def test_a_broken_limit_says_by_whom_and_how_far(alert, signed_in, version):
    (said,) = signed_in(Role.AUDITOR).read("/alerts/", side="sales").json()["results"]

    assert said["definition"] == version.definition.key
    assert (said["missed"], said["counted"], said["limit_pct"]) == (3, 20, "10.00")
    assert said["told"] == "samir.haddad@example.com"
    assert said["acknowledged_at"] is None


def test_who_is_named_acknowledges_once(alert, samir):
    address = f"/alerts/{alert.public_id}/acknowledge/"

    problem_of(samir.create(address, {}), 400, "invalid")
    said = samir.create(address, {"comment": "A second shift."})

    assert said.status_code == 200
    assert said.json()["comment"] == "A second shift."
    assert said.json()["acknowledged_by"] == "samir.haddad@example.com"
    problem_of(samir.create(address, {"comment": "No."}), 409, "alert_already_acknowledged")
    assert samir.read("/alerts/", is_acknowledged="false").json()["results"] == []


def test_the_other_side_does_not_acknowledge(alert, signed_in, version):
    maya = signed_in(User.objects.get(full_name="Maya Lindqvist"))

    refused = maya.create(f"/alerts/{alert.public_id}/acknowledge/", {"comment": "Mine."})

    problem_of(refused, 403, "permission_denied")


def test_a_suspension_is_ended_once(dana, samir):
    out = Suspension.objects.create(rep=dana, began_at=timezone.now(), missed_count=5)
    (said,) = samir.read("/suspensions/", is_running="true").json()["results"]
    assert (said["id"], said["missed"]) == (str(out.public_id), 5)

    ended = samir.create(f"/suspensions/{out.public_id}/end/", {})

    assert ended.status_code == 200
    assert ended.json()["ended_by"] == "samir.haddad@example.com"
    again = samir.create(f"/suspensions/{out.public_id}/end/", {})
    problem_of(again, 409, "suspension_already_ended")


def test_miss_rates_by_every_way(alert, samir, version):
    said = samir.read("/response-rates/").json()

    assert said["definition"] is None
    assert (said["overall"]["missed"], said["overall"]["counted"]) == (3, 20)
    assert said["overall"]["pct"] == 15.0
    assert said["overall"]["low_pct"] < 15 < said["overall"]["high_pct"]
    assert {line["by"] for line in said["lines"]} == {
        "holder",
        "team",
        "territory",
        "term",
        "source",
        "week",
    }
    narrowed = samir.read(f"/definitions/{version.definition.key}/response-rates/", weeks="1")
    assert narrowed.json()["overall"]["counted"] == 20
    assert samir.read("/definitions/nothing/response-rates/").status_code == 404


@pytest.mark.parametrize("weeks", ["0", "53", "x", "-1", "٣"])
def test_a_window_is_weeks(samir, weeks):
    problem_of(samir.read("/response-rates/", weeks=weeks), 400, "invalid")


def test_invariants_say_what_is_wrong_and_what_helps(samir, monkeypatch):
    monkeypatch.setattr(rounds, "SECONDS", 60)
    RoomMark.objects.create(marked_at=timezone.now() - DAY)
    rounds.look()

    (said,) = samir.read("/checkups/", is_violated="true").json()["results"]

    assert said["name"] == "room_not_used"
    assert said["says"].startswith("A place became free")
    assert said["todo"].startswith("Look whether workers run")
    assert said["violated_count"] == 1
