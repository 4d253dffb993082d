"""Clocks beyond the first response: second attempt, outcome, owner; and ladders with levels."""

from datetime import timedelta
from typing import Any

import pytest

from definitions.enums import StartEvent
from routing import escalation, pauses, timers
from routing.enums import StepState, TimerMilestone, TimerState
from routing.models import Handoff, SlaTimer, SlaTimerStep
from routing.stopping import StopCause
from tests.routing import clockwork
from tests.routing.clockwork import DAY, HOUR, MINUTE, NOON
from tests.routing.test_timers import ledger, response, started, steps

pytestmark = pytest.mark.django_db

EVERYONE: dict[str, Any] = {"respond_within": 4 * HOUR}
SECOND: dict[str, Any] = {
    "milestone": "second_attempt",
    "respond_within": 2 * HOUR,
    "stop_kinds": ["call"],
}
OUTCOME: dict[str, Any] = {
    "milestone": "outcome",
    "respond_within": 10 * DAY,
    "is_business_time": False,
    "escalate_after": timedelta(0),
}


def promising(**terms: dict[str, Any]) -> Handoff:
    """A handoff under an agreement with these terms beside one for everyone."""
    return started(version=clockwork.agreement({"other": EVERYONE} | terms))


def clock(handoff: Handoff, milestone: str) -> SlaTimer:
    return handoff.timers.exclude(state="cancelled").get(milestone=milestone)


def milestones(handoff: Handoff) -> dict[str, str]:
    return dict(handoff.timers.order_by("pk").values_list("milestone", "state"))


def tried(handoff: Handoff, *, at: Any, kind: str = "call", **said: Any) -> None:
    handoff.first_attempt_at = handoff.first_attempt_at or at
    handoff.save(update_fields=["first_attempt_at"])
    timers.heed_attempt(handoff, kind=kind, at=at, **said)


def told(handoff: Handoff, kind: str) -> list[str]:
    rows = handoff.notices.filter(kind=kind).order_by("pk")
    return [notice.recipient.full_name for notice in rows.select_related("recipient")]


def test_the_first_attempt_starts_the_clock_of_the_second_which_stops_it() -> None:
    handoff = promising(again=SECOND)

    tried(handoff, at=NOON + MINUTE)

    timer = clock(handoff, "second_attempt")
    assert (timer.started_at, timer.due_at) == (NOON + MINUTE, NOON + MINUTE + 2 * HOUR)
    tried(handoff, kind="email", at=NOON + HOUR)
    assert clock(handoff, "second_attempt").state == TimerState.RUNNING, "an e-mail is no call"
    tried(handoff, at=NOON + 90 * MINUTE)
    assert clock(handoff, "second_attempt").state == TimerState.MET


def test_who_was_reached_at_once_needs_no_second_attempt() -> None:
    handoff = promising(again=SECOND)

    tried(handoff, at=NOON + MINUTE, is_reached=True)

    assert set(milestones(handoff)) == {"first_response"}


def test_who_is_reached_later_by_whatever_way_needs_no_further_attempt() -> None:
    handoff = promising(again=SECOND)
    tried(handoff, at=NOON + MINUTE)

    tried(handoff, kind="email", at=NOON + HOUR, is_reached=True)

    assert clock(handoff, "second_attempt").state == TimerState.MET


def test_accepting_starts_the_clock_of_the_outcome_and_a_deal_stops_it() -> None:
    handoff = promising(close=OUTCOME)

    timers.stop_for_acceptance(handoff, at=NOON + HOUR)

    timer = clock(handoff, "outcome")
    assert timer.due_at == NOON + HOUR + 10 * DAY
    assert timer.events.get(kind="started").detail["from"] == StartEvent.ACCEPTED
    timers.stop_for_conversion(handoff, at=NOON + 2 * DAY)
    assert clock(handoff, "outcome").state == TimerState.MET


def test_an_acceptance_taken_back_ends_the_clock_that_it_started() -> None:
    handoff = promising(close=OUTCOME)
    timers.stop_for_acceptance(handoff, at=NOON + HOUR)

    timers.reopen(handoff, cause=StopCause.ACCEPTANCE, at=NOON + HOUR + MINUTE / 2)
    timers.stop_for_acceptance(handoff, at=NOON + 2 * HOUR)

    states = handoff.timers.filter(milestone="outcome").order_by("pk")
    assert [(one.state, one.started_at) for one in states] == [
        (TimerState.CANCELLED, NOON + HOUR),
        (TimerState.RUNNING, NOON + 2 * HOUR),
    ]


def test_a_rejection_taken_back_restores_every_clock() -> None:
    handoff = promising(close=OUTCOME, again=SECOND)
    tried(handoff, kind="email", at=NOON + MINUTE)
    timers.stop_for_acceptance(handoff, at=NOON + HOUR)
    before = {timer.milestone: (timer.state, timer.due_at) for timer in handoff.timers.all()}
    timers.stop_for_rejection(handoff, at=NOON + HOUR)

    timers.reopen(handoff, at=NOON + HOUR + MINUTE / 2)

    after = {timer.milestone: (timer.state, timer.due_at) for timer in handoff.timers.all()}
    assert after == before


@pytest.mark.parametrize(("counts_from", "starts"), [("qualified", True), ("assigned", True)])
def test_an_outcome_may_count_from_the_qualification_or_the_assignment(
    counts_from: str, starts: bool
) -> None:
    handoff = promising(close=OUTCOME | {"counts_from": counts_from})

    timers.heed_assignment(handoff, at=NOON + HOUR)

    assert (clock(handoff, "outcome").started_at == NOON) is starts


def test_a_late_outcome_is_escalated_and_the_lead_stays_where_it_is() -> None:
    handoff = promising(close=OUTCOME)
    timers.heed_attempt(handoff, kind="call", at=NOON)
    timers.stop_for_acceptance(handoff, at=NOON)

    escalation.fire_due(at=NOON + 10 * DAY, limit=10)

    assert steps(clock(handoff, "outcome")) == {
        "warn": "fired",
        "breach": "fired",
        "escalate": "fired",
    }


def queued(within: timedelta | None = HOUR) -> Handoff:
    version = clockwork.agreement({"other": EVERYONE}, sales_operator=clockwork.person("Olga"))
    evaluation = clockwork.judgment(version)
    waits = clockwork.queue(assign_within=within)
    handoff = clockwork.handoff(evaluation, holder=waits, calendar=clockwork.office())
    timers.start(handoff, evaluation=evaluation, at=NOON)
    return handoff


def test_a_lead_in_a_queue_has_a_clock_of_its_own_until_a_rep_has_it() -> None:
    handoff = queued()
    timer = clock(handoff, "assignment")
    assert (timer.due_at, timer.is_high_intent) == (NOON + HOUR, False)

    rita = clockwork.rep()
    clockwork.hold(handoff, NOON + 30 * MINUTE, rep=rita)
    timers.stop_waiting(handoff, at=NOON + 30 * MINUTE)

    assert clock(handoff, "assignment").state == TimerState.MET
    assert clock(handoff, "first_response").state == TimerState.RUNNING


def test_nobody_assigning_is_the_managers_miss_and_goes_to_the_operator_of_sales() -> None:
    handoff = queued()

    escalation.fire_due(at=NOON + 30 * MINUTE, limit=10)
    assert told(handoff, "warning") == ["Quentin"]
    escalation.fire_due(at=NOON + HOUR, limit=10)

    timer = clock(handoff, "assignment")
    assert (timer.state, timer.missed_by_queue) == (TimerState.BREACHED, handoff.queue)
    assert told(handoff, "escalated") == ["Olga"]
    timers.stop_waiting(handoff, at=NOON + 2 * HOUR)
    timer = clock(handoff, "assignment")
    assert (timer.state, timer.stopped_at) == (TimerState.BREACHED, NOON + 2 * HOUR)
    assert ledger(timer)[-1] == "answered_late"


def test_waiting_on_in_another_queue_keeps_the_clock() -> None:
    handoff = queued()

    timers.start_waiting(handoff, at=NOON + MINUTE)

    assert handoff.timers.filter(milestone="assignment").count() == 1


def test_a_queue_that_promises_nothing_has_no_clock() -> None:
    handoff = queued(within=None)

    assert set(milestones(handoff)) == {"first_response"}


def test_many_begin_and_end_to_wait_in_as_many_queries_as_one(
    django_assert_max_num_queries: Any,
) -> None:
    many = [queued() for _ in range(6)]
    SlaTimer.objects.filter(milestone="assignment").update(state="cancelled")
    handoffs = list(Handoff.objects.filter(pk__in=[one.pk for one in many]).order_by("pk"))

    with django_assert_max_num_queries(9):
        timers.start_waiting_many(handoffs, at=NOON + MINUTE)
    with django_assert_max_num_queries(6):
        timers.stop_waiting_many(handoffs, at=NOON + 2 * MINUTE)
    with django_assert_max_num_queries(1):
        assert timers.restart_for_new_owners(handoffs, at=NOON + 2 * MINUTE) == []

    waited = SlaTimer.objects.filter(milestone="assignment", state="met")
    assert waited.count() == len(many)
    assert all(ledger(timer) == ["started", "met"] for timer in waited)
    armed = SlaTimerStep.objects.filter(timer__in=waited, state=StepState.ARMED)
    assert not armed.exists()


def test_new_owners_of_late_leads_get_their_clocks_in_as_many_queries_as_one(
    django_assert_max_num_queries: Any,
) -> None:
    many = [started() for _ in range(5)]
    escalation.fire_due(at=NOON + 6 * MINUTE, limit=100)
    ids = [one.pk for one in many]
    handoffs = list(Handoff.objects.filter(pk__in=ids).select_related("version"))

    with django_assert_max_num_queries(15):
        anew = timers.restart_for_new_owners(handoffs, at=NOON + 7 * MINUTE)

    assert {timer.handoff_id for timer in anew} == set(ids)
    assert {timer.milestone for timer in anew} == {TimerMilestone.RE_RESPONSE}


def test_warnings_come_at_each_share_and_the_ladder_rung_by_rung() -> None:
    version = clockwork.agreement(
        {
            "other": EVERYONE
            | {
                "respond_within": 2 * HOUR,
                "warn_at_pct": 50,
                "later_warnings": [75, 90],
                "remind_after": 10 * MINUTE,
                "manager_after": 20 * MINUTE,
                "escalate_after": 30 * MINUTE,
            }
        },
        sales_operator=clockwork.person("Olga"),
    )
    handoff = started(version=version)

    said = {}
    for minutes in (60, 90, 108, 120, 130, 140, 150):
        before = handoff.notices.count()
        escalation.fire_due(at=NOON + minutes * MINUTE, limit=10)
        rows = handoff.notices.order_by("pk")[before:]
        said[minutes] = [(one.kind, one.recipient.full_name) for one in rows]

    assert said == {
        60: [("warning", "Rita")],
        90: [("warning", "Rita")],
        108: [("warning", "Rita")],
        120: [("breached", "Rita")],
        130: [("reminder", "Rita")],
        140: [("manager_told", "Manuel")],
        150: [("escalated", "Olga")],
    }
    assert ledger(response(handoff)) == [
        "started",
        *["warned"] * 3,
        "breached",
        "reminded",
        "manager_told",
        "escalated",
    ]


def test_without_a_rung_for_the_manager_the_breach_itself_tells_them() -> None:
    handoff = started()

    escalation.fire_due(at=NOON + 5 * MINUTE, limit=10)

    assert told(handoff, "breached") == ["Rita", "Manuel"]


def test_high_intent_goes_first_when_more_is_due_than_can_be_done() -> None:
    slow = [started(met=()) for _ in range(3)]
    urgent = started(tipped_at=NOON + 3 * HOUR)

    escalation.fire_due(at=NOON + 5 * HOUR, limit=2)

    assert ledger(response(urgent))[:3] == ["started", "warned", "breached"]
    assert all(ledger(response(one)) == ["started"] for one in slow)


def test_a_term_may_ask_for_a_level_of_intent() -> None:
    version = clockwork.agreement(
        {"warm": {"when_intent": "medium", "respond_within": HOUR}, "other": EVERYONE}
    )

    assert response(started(version=version, intent="high")).term_key == "warm"
    assert response(started(version=version, intent="medium")).term_key == "warm"
    assert response(started(version=version, intent="low")).term_key == "other"


def test_a_pause_ends_by_itself_at_its_limit_however_late_that_is_seen() -> None:
    handoff = started()
    clockwork.pause(handoff, at=NOON + MINUTE, until=NOON + HOUR)

    assert pauses.resume_due(at=NOON + HOUR - MINUTE, limit=10) == 0
    assert pauses.resume_due(at=NOON + HOUR + 2 * MINUTE, limit=10) == 1

    timer = response(handoff)
    assert (timer.state, timer.due_at) == (TimerState.RUNNING, NOON + HOUR + 4 * MINUTE)
    assert (timer.paused_at, timer.paused_until, timer.pause_reason) == (None, None, "")
    assert timer.events.get(kind="resumed").at == NOON + HOUR
    assert pauses.resume_due(at=NOON + DAY, limit=10) == 0


@pytest.mark.parametrize("until", [NOON, NOON - MINUTE, NOON + 30 * DAY + MINUTE])
def test_a_pause_has_a_limit_that_is_to_come_and_within_thirty_days(until: Any) -> None:
    with pytest.raises(pauses.PauseWithoutLimit):
        clockwork.pause(started(), at=NOON, until=until)


def test_steps_of_a_paused_clock_are_not_due_for_anybody() -> None:
    handoff = started()
    clockwork.pause(handoff, at=NOON + MINUTE, until=NOON + DAY)

    armed = SlaTimerStep.objects.filter(timer__handoff=handoff, state=StepState.ARMED)

    assert not armed.filter(due_at__lte=NOON + DAY).exists()
