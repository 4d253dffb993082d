"""Clocks halted and let go on through the API."""

from datetime import timedelta

import pytest
from django.utils import timezone

from crm_handoff.people import roles
from crm_handoff.people.roles import Role
from routing.enums import TimerState
from tests.api.problems import problem_of
from tests.routing import sales
from tests.routing.clockwork import person


@pytest.fixture
def handoff(db):
    rita = sales.rep("Rita")
    sales.team(rita)
    return sales.opened(sales.agreement(), at=timezone.now())


@pytest.fixture
def manager(signed_in):
    user = person("Manuel")
    roles.grant(user, Role.SALES_MANAGER)
    return signed_in(user)


def path(handoff, action):
    return f"/handoffs/{handoff.public_id}/{action}/"


def said(**changes):
    until = timezone.now() + timedelta(days=1)
    return {"reason": "legal_check", "until": until.isoformat()} | changes


def test_a_clock_is_paused_and_goes_on(manager, handoff):
    assert manager.create(path(handoff, "pause"), said()).status_code == 200
    timer = handoff.timers.get()
    assert (timer.state, timer.pause_reason) == (TimerState.PAUSED, "legal_check")

    (row,) = manager.read("/timers/", pause_reason="legal_check").json()["results"]
    assert row["paused_until"] is not None
    assert manager.create(path(handoff, "resume"), {}).status_code == 200
    assert handoff.timers.get().state == TimerState.RUNNING


@pytest.mark.parametrize("days", [-1, 31])
def test_a_pause_without_a_near_limit_is_refused(manager, handoff, days):
    until = (timezone.now() + timedelta(days=days)).isoformat()

    response = manager.create(path(handoff, "pause"), said(until=until))

    problem_of(response, 400, "pause_without_limit")


def test_a_clock_that_stands_still_cannot_be_paused_again(manager, handoff):
    manager.create(path(handoff, "pause"), said())

    problem_of(manager.create(path(handoff, "pause"), said()), 409, "clock_not_running")


def test_who_holds_the_lead_may_not(signed_in, handoff):
    roles.grant(handoff.rep.user, Role.REP)

    assert signed_in(handoff.rep.user).create(path(handoff, "pause"), said()).status_code == 403
