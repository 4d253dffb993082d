"""Clocks started, stopped and broken."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from routing import escalation, timers
from routing.enums import StepKind, StepState, TimerMilestone, TimerState
from routing.models import Handoff, SlaEvent, SlaTimer, SlaTimerStep
from tests.routing import clockwork
from tests.routing.clockwork import HOUR, MINUTE, NOON

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


def started(met: tuple[str, ...] = ("demo_requested",), **judged: Any) -> Handoff:
    """A handoff of a rep in Berlin, qualified and opened at noon, its clocks running."""
    version = judged.pop("version", None) or clockwork.agreement()
    evaluation = clockwork.judgment(version, met=met, **judged)
    handoff = clockwork.handoff(
        evaluation, holder=clockwork.rep(), calendar=clockwork.office(), opened_at=NOON
    )
    timers.start(handoff, evaluation=evaluation, at=NOON)
    return handoff


def response(handoff: Handoff) -> SlaTimer:
    return SlaTimer.objects.get(handoff=handoff, milestone=TimerMilestone.FIRST_RESPONSE)


def ledger(timer: SlaTimer) -> list[str]:
    return list(SlaEvent.objects.filter(timer=timer).order_by("pk").values_list("kind", flat=True))


def steps(timer: SlaTimer) -> dict[str, str]:
    return dict(timer.steps.values_list("kind", "state"))


def test_start_copies_the_promise() -> None:
    timer = response(started())

    assert (timer.term_key, timer.state) == ("demo_request", TimerState.RUNNING)
    assert (timer.is_high_intent, timer.is_business_time) == (True, True)
    assert timer.respond_within == 5 * MINUTE
    assert timer.stop_kinds == ["call", "chat"]
    assert (timer.started_at, timer.due_at) == (NOON, NOON + 5 * MINUTE)
    assert dict(timer.steps.values_list("kind", "due_at")) == {
        StepKind.WARN: NOON + 2.5 * MINUTE,
        StepKind.BREACH: NOON + 5 * MINUTE,
        StepKind.ESCALATE: NOON + 20 * MINUTE,
        StepKind.REASSIGN: NOON + 35 * MINUTE,
    }
    assert ledger(timer) == ["started"]


def test_start_counts_from_qualification_not_from_opening() -> None:
    qualified_at = NOON - 3 * MINUTE

    timer = response(started(tipped_at=qualified_at))

    assert (timer.started_at, timer.due_at) == (qualified_at, NOON + 2 * MINUTE)


def test_start_is_not_moved_by_an_edit_of_the_calendar() -> None:
    handoff = started(met=())
    was_due_at = response(handoff).due_at

    handoff.calendar.windows.all().delete()

    assert response(handoff).due_at == was_due_at


def test_start_also_starts_the_acceptance_clock_where_one_is_promised() -> None:
    version = clockwork.agreement(
        {
            "answer": {"respond_within": HOUR},
            "accept": {"milestone": "acceptance", "respond_within": 2 * HOUR},
        }
    )

    handoff = started(version=version)

    assert dict(handoff.timers.values_list("milestone", "due_at")) == {
        "first_response": NOON + HOUR,
        "acceptance": NOON + 2 * HOUR,
    }


def test_start_refuses_an_agreement_without_a_term_for_everyone() -> None:
    version = clockwork.agreement({"mql": {"when_stage": "mql", "respond_within": HOUR}})

    refusal = pytest.raises(timers.NoTermApplies, match="its last term must be for everyone")
    with refusal, transaction.atomic():
        started(version=version)


def test_start_twice_is_refused_by_the_database() -> None:
    handoff = started()

    with pytest.raises(IntegrityError, match="one_response_clock"), transaction.atomic():
        timers.start(handoff, evaluation=handoff.evaluation, at=NOON)


@pytest.mark.parametrize(
    ("lateness", "state", "last"),
    [
        pytest.param(-SECOND, TimerState.MET, "met", id="one second early"),
        pytest.param(0 * SECOND, TimerState.MET, "met", id="on the dot"),
        pytest.param(SECOND, TimerState.BREACHED, "answered_late", id="one second late"),
    ],
)
def test_stop_decides_by_the_attempts_instant(
    lateness: timedelta, state: TimerState, last: str
) -> None:
    handoff = started()
    called_at = response(handoff).due_at + lateness

    timers.heed_attempt(handoff, kind="call", at=called_at)

    timer = response(handoff)
    assert (timer.state, timer.stopped_at) == (state, called_at)
    assert ledger(timer)[-1] == last
    assert StepState.ARMED not in steps(timer).values()


def test_stop_late_with_the_relay_down_is_a_breach_that_fires_once() -> None:
    handoff = started()
    late = NOON + HOUR

    timers.heed_attempt(handoff, kind="call", at=late)
    fired = escalation.fire_due(at=late + HOUR, limit=10)

    timer = response(handoff)
    assert fired == 0
    assert ledger(timer) == ["started", "breached", "answered_late"]
    assert (timer.breached_at, timer.missed_by_rep) == (late, handoff.rep)
    assert handoff.notices.filter(kind="breached", recipient=handoff.rep.user).count() == 1


def test_stop_after_the_breach_fired_records_the_late_answer_and_ends_the_escalation() -> None:
    handoff = started()
    escalation.fire_due(at=NOON + 5 * MINUTE, limit=10)

    timers.heed_attempt(handoff, kind="chat", at=NOON + 6 * MINUTE)

    timer = response(handoff)
    assert (timer.state, timer.stopped_at) == (TimerState.BREACHED, NOON + 6 * MINUTE)
    assert steps(timer) == {
        "warn": "fired",
        "breach": "fired",
        "escalate": "cancelled",
        "reassign": "cancelled",
    }
    assert ledger(timer) == ["started", "warned", "breached", "answered_late"]


def test_stop_ignores_a_kind_of_attempt_that_the_term_does_not_name() -> None:
    handoff = started()

    stopped = timers.heed_attempt(handoff, kind="email", at=NOON + MINUTE)

    assert stopped == []
    assert response(handoff).state == TimerState.RUNNING


def test_stop_takes_any_kind_where_the_term_names_none() -> None:
    handoff = started(met=())

    timers.heed_attempt(handoff, kind="email", at=NOON + MINUTE)

    assert response(handoff).state == TimerState.MET


def test_stop_twice_changes_nothing_more() -> None:
    handoff = started()
    timers.heed_attempt(handoff, kind="call", at=NOON + MINUTE)

    again = timers.heed_attempt(handoff, kind="call", at=NOON + HOUR)

    timer = response(handoff)
    assert again == []
    assert (timer.state, timer.stopped_at) == (TimerState.MET, NOON + MINUTE)


def test_stop_for_acceptance_leaves_the_response_clock_running() -> None:
    version = clockwork.agreement(
        {
            "answer": {"respond_within": HOUR},
            "accept": {"milestone": "acceptance", "respond_within": 2 * HOUR},
        }
    )
    handoff = started(version=version)

    timers.stop_for_acceptance(handoff, at=NOON + MINUTE)

    assert dict(handoff.timers.values_list("milestone", "state")) == {
        "first_response": TimerState.RUNNING,
        "acceptance": TimerState.MET,
    }


@pytest.mark.parametrize("stop", [timers.stop_for_rejection, timers.stop_for_conversion])
def test_stop_for_an_answer_keeps_the_promise(stop: Any) -> None:
    handoff = started()

    stop(handoff, at=NOON + 2 * MINUTE)

    timer = response(handoff)
    assert (timer.state, timer.stopped_at) == (TimerState.MET, NOON + 2 * MINUTE)


def test_cancel_ends_what_still_runs() -> None:
    handoff = started(met=())

    timers.cancel(handoff, at=NOON + MINUTE)

    timer = response(handoff)
    assert timer.state == TimerState.CANCELLED
    assert set(steps(timer).values()) == {StepState.CANCELLED}
    assert ledger(timer) == ["started", "cancelled"]
    close(handoff)


def test_cancel_does_not_hide_a_broken_promise() -> None:
    handoff = started()

    cancelled = timers.cancel(handoff, at=NOON + HOUR)

    timer = response(handoff)
    assert cancelled == []
    assert (timer.state, timer.stopped_at) == (TimerState.BREACHED, None)
    assert steps(timer)["escalate"] == StepState.CANCELLED


def close(handoff: Handoff) -> None:
    """Close a handoff whose clock was cancelled: an open one must have a clock."""
    handoff.status, handoff.closed_at = "expired", NOON
    handoff.save(update_fields=["status", "closed_at"])


@pytest.mark.parametrize(
    "held",
    [
        pytest.param("rep", id="a rep"),
        pytest.param("queue", id="a queue: its manager answers"),
    ],
)
def test_breach_belongs_to_who_held_the_handoff_when_it_came_due(held: str) -> None:
    handoff = started()
    holder = {"rep": clockwork.rep("Early")} if held == "rep" else {"queue": clockwork.queue()}
    clockwork.hold(handoff, NOON + MINUTE, **holder)
    clockwork.hold(handoff, NOON + 6 * MINUTE, rep=clockwork.rep("Later"))

    escalation.fire_due(at=NOON + 7 * MINUTE, limit=10)

    timer = response(handoff)
    assert {"rep": timer.missed_by_rep, "queue": timer.missed_by_queue}[held] == holder[held]
    assert (timer.missed_by_rep is None) == (held == "queue")


def test_breach_before_the_handoff_opened_belongs_to_nobody() -> None:
    handoff = started(tipped_at=NOON - 10 * MINUTE)

    escalation.fire_due(at=NOON, limit=10)

    timer = response(handoff)
    assert timer.state == TimerState.BREACHED
    assert (timer.missed_by_rep, timer.missed_by_queue) == (None, None)


def test_a_step_cannot_fire_early() -> None:
    timer = response(started())
    early: datetime = timer.due_at - SECOND

    with pytest.raises(IntegrityError, match="step_never_fires_early"):
        SlaTimerStep.objects.filter(timer=timer, kind="breach").update(
            state=StepState.FIRED, fired_at=early
        )
