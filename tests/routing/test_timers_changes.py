"""Clocks restored, paused, and given anew to the next owner."""

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routing import calendar, escalation, hours, pauses, timers
from routing.enums import StepState, TimerMilestone, TimerState
from routing.models import SlaTimer
from routing.stopping import StopCause
from tests.routing import clockwork
from tests.routing.clockwork import DAY, HOUR, MINUTE, NOON
from tests.routing.test_timers import ledger, response, started, steps

pytestmark = pytest.mark.django_db


def due(timer: SlaTimer) -> dict[str, datetime]:
    return dict(timer.steps.values_list("kind", "due_at"))


def test_reopen_restores_the_clock_as_it_was() -> None:
    handoff = started()
    before = response(handoff)
    was_due = due(before)
    timers.stop_for_rejection(handoff, at=NOON + MINUTE)

    timers.reopen(handoff, at=NOON + 1.5 * MINUTE)

    timer = response(handoff)
    assert (timer.state, timer.stopped_at) == (TimerState.RUNNING, None)
    assert (timer.due_at, due(timer)) == (before.due_at, was_due)
    assert set(steps(timer).values()) == {StepState.ARMED}
    assert ledger(timer) == ["started", "met", "reopened"]


def test_reopen_does_not_arm_again_what_has_fired() -> None:
    handoff = started()
    escalation.fire_due(at=NOON + 3 * MINUTE, limit=10)
    timers.stop_for_rejection(handoff, at=NOON + 4 * MINUTE)

    timers.reopen(handoff, at=NOON + 4.5 * MINUTE)

    assert steps(response(handoff)) == {
        "warn": "fired",
        "breach": "armed",
        "escalate": "armed",
        "reassign": "armed",
    }


def test_reopen_past_the_due_instant_lets_the_clock_breach_as_if_it_had_run_on() -> None:
    handoff = started()
    timers.stop_for_rejection(handoff, at=NOON + 4.9 * MINUTE)
    timers.reopen(handoff, at=NOON + 5.2 * MINUTE)

    escalation.fire_due(at=NOON + 5.3 * MINUTE, limit=10)

    timer = response(handoff)
    assert timer.state == TimerState.BREACHED
    assert ledger(timer) == ["started", "met", "reopened", "warned", "breached"]


def test_reopen_keeps_a_breach_but_takes_back_the_late_answer() -> None:
    handoff = started()
    escalation.fire_due(at=NOON + 6 * MINUTE, limit=10)
    timers.stop_for_rejection(handoff, at=NOON + 7 * MINUTE)

    timers.reopen(handoff, at=NOON + 7.5 * MINUTE)

    timer = response(handoff)
    assert (timer.state, timer.stopped_at) == (TimerState.BREACHED, None)
    assert steps(timer)["escalate"] == StepState.ARMED


def test_reopen_leaves_a_clock_alone_that_an_attempt_had_stopped_before() -> None:
    handoff = started()
    timers.heed_attempt(handoff, kind="call", at=NOON + MINUTE)
    timers.stop_for_rejection(handoff, at=NOON + 2 * MINUTE)

    reopened = timers.reopen(handoff, at=NOON + 2.5 * MINUTE)

    assert reopened == []
    assert response(handoff).state == TimerState.MET


def test_reopen_restores_a_paused_clock_as_paused() -> None:
    handoff = started()
    clockwork.pause(handoff, at=NOON + MINUTE)
    timers.stop_for_rejection(handoff, at=NOON + HOUR)

    timers.reopen(handoff, at=NOON + HOUR + MINUTE)

    timer = response(handoff)
    assert (timer.state, timer.paused_at) == (TimerState.PAUSED, NOON + MINUTE)


def test_reopen_after_an_acceptance_restores_only_the_acceptance_clock() -> None:
    version = clockwork.agreement(
        {
            "answer": {"respond_within": HOUR},
            "accept": {"milestone": "acceptance", "respond_within": 2 * HOUR},
        }
    )
    handoff = started(version=version)
    timers.stop_for_acceptance(handoff, at=NOON + MINUTE)

    reopened = timers.reopen(handoff, cause=StopCause.ACCEPTANCE, at=NOON + 1.5 * MINUTE)

    assert [timer.milestone for timer in reopened] == ["acceptance"]
    assert set(handoff.timers.values_list("state", flat=True)) == {TimerState.RUNNING}


def test_pause_keeps_everything_from_firing() -> None:
    handoff = started()
    clockwork.pause(handoff, at=NOON + MINUTE, by=handoff.rep.manager)

    fired = escalation.fire_due(at=NOON + HOUR, limit=10)

    timer = response(handoff)
    assert fired == 0
    assert (timer.state, timer.paused_at) == (TimerState.PAUSED, NOON + MINUTE)
    event = timer.events.get(kind="paused")
    assert event.by == handoff.rep.manager
    assert event.detail["reason"] == "lead_asked"
    assert event.detail["until"] == (NOON + MINUTE + 7 * DAY).isoformat()


def test_resume_gives_back_the_business_time_that_was_left() -> None:
    handoff = started()
    clockwork.pause(handoff, at=NOON + MINUTE)

    pauses.resume(handoff.pk, at=NOON + 2 * HOUR)

    timer = response(handoff)
    resumed_at = NOON + 2 * HOUR
    assert (timer.state, timer.due_at) == (TimerState.RUNNING, resumed_at + 4 * MINUTE)
    assert due(timer) == {
        "warn": resumed_at + 1.5 * MINUTE,
        "breach": resumed_at + 4 * MINUTE,
        "escalate": resumed_at + 19 * MINUTE,
        "reassign": resumed_at + 34 * MINUTE,
    }
    assert timer.backstop_at == NOON + DAY + 2 * HOUR - MINUTE


def test_resume_after_hours_counts_on_when_the_office_opens() -> None:
    handoff = started()
    clockwork.pause(handoff, at=NOON + MINUTE)

    pauses.resume(handoff.pk, at=NOON + 6 * HOUR)

    opens = NOON.replace(hour=8) + DAY
    assert response(handoff).due_at == opens + 4 * MINUTE


def test_pause_is_refused_without_a_clock_that_could_stop() -> None:
    handoff = started()

    with pytest.raises(pauses.ClockNotRunning):
        clockwork.pause(handoff, at=NOON + 6 * MINUTE)
    with pytest.raises(pauses.ClockNotRunning):
        pauses.resume(handoff.pk, at=NOON + MINUTE)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    stretches=st.lists(
        st.tuples(
            st.integers(min_value=1, max_value=40), st.integers(min_value=1, max_value=4_000)
        ),
        max_size=4,
    )
)
def test_pauses_never_cost_or_give_business_time(stretches: list[tuple[int, int]]) -> None:
    version = clockwork.agreement({"other": {"respond_within": 4 * HOUR, "escalate_after": HOUR}})
    handoff = started(version=version)
    opened = hours.hours_of(handoff.calendar)
    at, ran = NOON, timedelta(0)

    for runs, stands in stretches:
        clockwork.pause(handoff, at=at + runs * MINUTE)
        ran += calendar.elapsed(opened, start=at, end=at + runs * MINUTE)
        at += (runs + stands) * MINUTE
        pauses.resume(handoff.pk, at=at)

    timer = response(handoff)
    assert ran + calendar.elapsed(opened, start=at, end=timer.due_at) == 4 * HOUR
    gap = calendar.elapsed(opened, start=timer.due_at, end=due(timer)["escalate"])
    assert gap == HOUR


def test_restart_gives_the_new_owner_of_a_breached_handoff_a_clock_outside_the_miss_rate() -> None:
    handoff = started()
    escalation.fire_due(at=NOON + 6 * MINUTE, limit=10)

    timer = timers.restart_for_new_owner(handoff, at=NOON + 10 * MINUTE)

    assert timer is not None
    assert (timer.milestone, timer.state) == (TimerMilestone.RE_RESPONSE, TimerState.RUNNING)
    assert (timer.started_at, timer.due_at) == (NOON + 10 * MINUTE, NOON + 15 * MINUTE)
    assert set(steps(timer)) == {"warn", "breach", "escalate"}
    assert response(handoff).state == TimerState.BREACHED


def test_the_clock_that_the_former_owner_broke_does_not_take_the_lead_from_the_new_one() -> None:
    handoff = started()
    escalation.fire_due(at=NOON + 6 * MINUTE, limit=10)

    timers.restart_for_new_owner(handoff, at=NOON + 34 * MINUTE)
    escalation.fire_due(at=NOON + 35 * MINUTE, limit=10)

    assert steps(response(handoff)) == {
        "warn": "fired",
        "breach": "fired",
        "escalate": "fired",
        "reassign": "cancelled",
    }


def test_restart_replaces_the_clock_of_the_owner_before() -> None:
    handoff = started()
    escalation.fire_due(at=NOON + 6 * MINUTE, limit=10)
    first = timers.restart_for_new_owner(handoff, at=NOON + 10 * MINUTE)

    second = timers.restart_for_new_owner(handoff, at=NOON + 12 * MINUTE)

    assert first is not None
    assert second is not None
    first.refresh_from_db()
    assert (first.state, second.state) == (TimerState.CANCELLED, TimerState.RUNNING)


def test_one_call_of_the_new_owner_answers_both_clocks() -> None:
    handoff = started()
    escalation.fire_due(at=NOON + 6 * MINUTE, limit=10)
    timers.restart_for_new_owner(handoff, at=NOON + 10 * MINUTE)

    timers.heed_attempt(handoff, kind="call", at=NOON + 12 * MINUTE)

    states = dict(handoff.timers.values_list("milestone", "state"))
    assert states == {"first_response": "breached", "re_response": "met"}
    assert response(handoff).stopped_at == NOON + 12 * MINUTE


@pytest.mark.parametrize("answered", [False, True], ids=["still running", "answered late"])
def test_restart_does_nothing_unless_a_breach_waits_for_its_answer(answered: bool) -> None:
    handoff = started()
    if answered:
        timers.heed_attempt(handoff, kind="call", at=NOON + HOUR)

    assert timers.restart_for_new_owner(handoff, at=NOON + 2 * HOUR) is None
