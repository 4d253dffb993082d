"""What a pause holds up, what ends it, and the cadence that rests with the clock."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from definitions.enums import AttemptKind
from definitions.models import DefinitionVersion
from routing import assignment, calendar, escalation, followups, handoffs, hours, pauses
from routing.enums import AttemptOutcome, PauseReason, TimerMilestone, TimerState
from routing.models import Handoff, Rep, SlaTimer
from tests.routing import sales
from tests.routing.clockwork import DAY, HOUR, MINUTE, judgment
from tests.routing.sales import NOON

pytestmark = pytest.mark.django_db

CADENCE = [
    {"kind": "call", "after": "1 hour", "what": "Call"},
    {"kind": "email", "after": "4 hours", "what": "Introduce us by e-mail"},
    {"kind": "call", "after": "8 hours", "what": "Call again"},
]
"""In business hours: today 13:00 and 16:00, tomorrow noon."""

OTHER: Mapping[str, Any] = {
    "label": "Everyone",
    "respond_within": "4 hours",
    "stop_kinds": ["call", "chat"],
    "cadence": CADENCE,
}
HOT: Mapping[str, Any] = {
    "label": "Hot",
    "when": {"intent": "high"},
    "is_high_intent": True,
    "respond_within": "15 minutes",
    "stop_kinds": ["call"],
}
WEEK = NOON + 6 * DAY
"""Monday noon, when the lead is back."""


@pytest.fixture
def rita() -> Rep:
    rep = sales.rep("Rita")
    sales.team(rep)
    return rep


@pytest.fixture
def handoff(rita: Rep) -> Handoff:
    """A lead of low intent, promised an answer within four hours of business time."""
    return opened(sales.agreement(sla_terms={"hot": HOT, "other": OTHER}))


def opened(version: DefinitionVersion, *, intent: str = "low") -> Handoff:
    lead = sales.lead("Lead")
    lead.version = version
    lead.save(update_fields=["version"])
    judged = judgment(version, lead=lead, met=["company_size"], intent=intent)
    found = handoffs.open(sales.Qualified(lead, version, judged, NOON), at=NOON)
    assert found is not None
    return found


def rest(handoff: Handoff, *, at: datetime, until: datetime = WEEK) -> None:
    pauses.pause(handoff.pk, reason=PauseReason.LEAD_AWAY, until=until, at=at)


def ask_for_a_demo(handoff: Handoff, *, at: datetime, judged_at: datetime | None = None) -> None:
    """A demo request is received, and the lead judged by it."""
    version, lead = handoff.version, handoff.lead
    facts: dict[str, Any] = {"met": ["company_size"], "intent": "high", "tipped_at": at}
    verdict = judgment(version, lead=lead, at=judged_at or at, **facts)
    judge_again(handoff, verdict, at=judged_at or at)


def judge_again(handoff: Handoff, verdict: Any, *, at: datetime) -> None:
    qualified = sales.Qualified(handoff.lead, handoff.version, verdict, at)
    assert handoffs.open(qualified, at=at) is None


def response(handoff: Handoff) -> SlaTimer:
    return SlaTimer.objects.get(handoff=handoff, milestone=TimerMilestone.FIRST_RESPONSE)


def ledger(handoff: Handoff) -> list[str]:
    return [*response(handoff).events.order_by("pk").values_list("kind", flat=True)]


def stands(handoff: Handoff) -> tuple[str, str, datetime]:
    timer = response(handoff)
    return timer.state, timer.term_key, timer.due_at


def dues(handoff: Handoff) -> list[datetime]:
    rows = followups.open_of(handoff).filter(cadence_step__isnull=False)
    return [*rows.order_by("cadence_step").values_list("due_at", flat=True)]


def test_a_demo_request_ends_the_pause_and_is_answered_in_its_own_time(handoff: Handoff) -> None:
    rest(handoff, at=NOON + HOUR)

    ask_for_a_demo(handoff, at=NOON + 2 * HOUR)

    due = NOON + 2 * HOUR + 15 * MINUTE
    assert stands(handoff) == (TimerState.RUNNING, "hot", due)
    assert ledger(handoff) == ["started", "paused", "resumed", "shortened"]
    resumed, shortened = response(handoff).events.order_by("pk")[2:]
    assert (resumed.at, resumed.by, resumed.detail) == (
        NOON + 2 * HOUR,
        None,
        {"cause": "new_intent", "due_at": (NOON + 5 * HOUR).isoformat()},
    )
    assert shortened.detail["was_due_at"] == (NOON + 5 * HOUR).isoformat()
    assert shortened.detail["due_at"] == due.isoformat()


def test_a_demo_request_that_waited_to_be_judged_counts_from_when_the_clock_goes_on(
    handoff: Handoff,
) -> None:
    rest(handoff, at=NOON + HOUR)

    ask_for_a_demo(handoff, at=NOON + 2 * HOUR, judged_at=NOON + 2.5 * HOUR)

    assert stands(handoff) == (TimerState.RUNNING, "hot", NOON + 2.75 * HOUR)


def test_with_less_left_than_the_new_promise_the_clock_goes_on_with_what_was_left(
    handoff: Handoff,
) -> None:
    rest(handoff, at=NOON + 4 * HOUR - 10 * MINUTE)

    ask_for_a_demo(handoff, at=NOON + DAY)

    assert stands(handoff) == (TimerState.RUNNING, "other", NOON + DAY + 10 * MINUTE)
    assert ledger(handoff) == ["started", "paused", "resumed"]


def test_a_pause_stays_that_ends_so_soon_that_the_new_promise_would_be_due_later(
    handoff: Handoff,
) -> None:
    until = NOON + 4 * HOUR
    rest(handoff, at=NOON + 4 * HOUR - 10 * MINUTE, until=until)

    ask_for_a_demo(handoff, at=until - MINUTE)

    assert stands(handoff) == (TimerState.PAUSED, "other", until + 10 * MINUTE)
    pauses.resume_due(at=until, limit=10)
    assert stands(handoff) == (TimerState.RUNNING, "other", until + 10 * MINUTE)


def test_what_was_known_as_the_manager_paused_does_not_end_the_pause(handoff: Handoff) -> None:
    nearly_due = NOON + 4 * HOUR - 10 * MINUTE
    ask_for_a_demo(handoff, at=nearly_due)
    assert stands(handoff) == (TimerState.RUNNING, "other", NOON + 4 * HOUR)
    rest(handoff, at=nearly_due + MINUTE)

    verdict = judgment(
        handoff.version, lead=handoff.lead, at=NOON + DAY, met=["company_size"], points=12
    )
    judge_again(handoff, verdict, at=NOON + DAY)

    assert stands(handoff)[:2] == (TimerState.PAUSED, "other")


def test_low_intent_does_not_end_a_pause(handoff: Handoff) -> None:
    rest(handoff, at=NOON + HOUR)

    click = judgment(
        handoff.version, lead=handoff.lead, at=NOON + DAY, met=["company_size"], intent="low"
    )
    judge_again(handoff, click, at=NOON + DAY)

    assert stands(handoff)[:2] == (TimerState.PAUSED, "other")


def test_a_pause_of_a_clock_that_was_made_quick_before_stays(handoff: Handoff) -> None:
    ask_for_a_demo(handoff, at=NOON + HOUR)
    rest(handoff, at=NOON + HOUR + 5 * MINUTE)

    judge_again(handoff, handoff.lead.evaluations.latest("pk"), at=NOON + 2 * HOUR)

    assert stands(handoff) == (TimerState.PAUSED, "hot", WEEK + 10 * MINUTE)


def test_a_pause_that_is_over_already_ended_at_its_limit_and_by_itself(handoff: Handoff) -> None:
    rest(handoff, at=NOON + HOUR, until=NOON + 2 * HOUR)

    ask_for_a_demo(handoff, at=NOON + 2 * HOUR + MINUTE)

    assert stands(handoff) == (TimerState.RUNNING, "hot", NOON + 2 * HOUR + 16 * MINUTE)
    resumed = response(handoff).events.get(kind="resumed")
    assert resumed.at == NOON + 2 * HOUR
    assert "cause" not in resumed.detail


def test_every_clock_of_the_handoff_goes_on_with_the_new_intent(rita: Rep) -> None:
    accept = {"label": "Accept", "milestone": "acceptance", "respond_within": "2 hours"}
    terms = {"hot": HOT, "other": OTHER, "accept": accept}
    handoff = opened(sales.agreement(sla_terms=terms))
    rest(handoff, at=NOON + HOUR)

    ask_for_a_demo(handoff, at=NOON + 2 * HOUR)

    acceptance = handoff.timers.get(milestone=TimerMilestone.ACCEPTANCE)
    assert (acceptance.state, acceptance.due_at) == (TimerState.RUNNING, NOON + 3 * HOUR)


ANSWERED: Mapping[str, Any] = {
    "hot": HOT,
    "other": OTHER,
    "accept": {"label": "Accept", "milestone": "acceptance", "respond_within": "6 hours"},
    "second": {"label": "Again", "milestone": "second_attempt", "respond_within": "6 hours"},
}
"""What is promised also when somebody has tried."""


@pytest.fixture
def answered(rita: Rep) -> Handoff:
    """A lead that Rita called in vain at noon: the first response is kept."""
    handoff = opened(sales.agreement(sla_terms=ANSWERED))
    attempted(handoff, rita, at=NOON)
    return handoff


def states(handoff: Handoff) -> dict[str, str]:
    return dict(handoff.timers.values_list("milestone", "state"))


def test_once_answered_a_demo_request_ends_the_pause_of_what_else_is_promised(
    answered: Handoff,
) -> None:
    rest(answered, at=NOON + HOUR)
    assert states(answered) == {
        "first_response": "met",
        "acceptance": "paused",
        "second_attempt": "paused",
    }

    ask_for_a_demo(answered, at=NOON + 2 * HOUR)

    assert {*states(answered).values()} == {"met", "running"}
    for clock in answered.timers.exclude(milestone="first_response"):
        resumed = clock.events.get(kind="resumed")
        assert (resumed.at, resumed.detail["cause"]) == (NOON + 2 * HOUR, "new_intent")
        assert clock.due_at == NOON + DAY - HOUR  # Five hours were left: the day ends at 17:00.


def test_a_demo_request_ends_the_pause_of_whoever_got_the_lead_after_a_miss(
    handoff: Handoff, rita: Rep
) -> None:
    ben = sales.rep("Ben")
    escalation.fire_due(at=NOON + 5 * HOUR, limit=10)
    handoffs.reassign(handoff.pk, rep=ben, by=rita.manager, reason="Late", at=NOON + DAY)
    rest(handoff, at=NOON + DAY + MINUTE)
    assert states(handoff) == {"first_response": "breached", "re_response": "paused"}

    ask_for_a_demo(handoff, at=NOON + DAY + HOUR)

    assert states(handoff) == {"first_response": "breached", "re_response": "running"}


def test_a_demo_request_ends_the_pause_of_the_others_when_the_first_response_is_overdue(
    rita: Rep,
) -> None:
    handoff = opened(sales.agreement(sla_terms=ANSWERED))
    rest(handoff, at=NOON + 4 * HOUR + MINUTE)
    assert states(handoff) == {"first_response": "running", "acceptance": "paused"}

    ask_for_a_demo(handoff, at=NOON + 4.5 * HOUR)

    assert {*states(handoff).values()} == {"running"}


def test_once_answered_what_was_known_as_the_manager_paused_does_not_end_the_pause(
    answered: Handoff,
) -> None:
    ask_for_a_demo(answered, at=NOON + MINUTE)
    rest(answered, at=NOON + HOUR)

    verdict = judgment(
        answered.version,
        lead=answered.lead,
        at=NOON + DAY,
        met=["company_size"],
        intent="high",
        points=12,
    )
    judge_again(answered, verdict, at=NOON + DAY)

    assert {*states(answered).values()} == {"met", "paused"}


def test_once_answered_low_intent_does_not_end_a_pause(answered: Handoff) -> None:
    rest(answered, at=NOON + HOUR)

    click = judgment(
        answered.version, lead=answered.lead, at=NOON + DAY, met=["company_size"], intent="low"
    )
    judge_again(answered, click, at=NOON + DAY)

    assert {*states(answered).values()} == {"met", "paused"}


def test_a_paused_cadence_goes_on_after_the_pause_as_if_it_had_not_been(handoff: Handoff) -> None:
    rest(handoff, at=NOON + MINUTE)
    pauses.resume_due(at=WEEK + MINUTE, limit=10)

    assert dues(handoff) == [
        WEEK + HOUR - MINUTE,
        WEEK + 4 * HOUR - MINUTE,
        WEEK + DAY - MINUTE,
    ]


def test_what_is_due_in_the_pause_is_never_overdue(handoff: Handoff) -> None:
    rest(handoff, at=NOON + MINUTE)

    assert min(dues(handoff)) > WEEK


def test_a_manager_who_lets_the_clocks_go_on_sooner_brings_the_cadence_back(
    handoff: Handoff,
) -> None:
    before = dues(handoff)
    rest(handoff, at=NOON + MINUTE)

    pauses.resume(handoff.pk, at=NOON + 31 * MINUTE)

    # Business hours end at 17:00: tomorrow's task keeps its eight hours.
    assert dues(handoff) == [due + 30 * MINUTE for due in before]


def test_new_high_intent_brings_the_cadence_back_with_the_clock(handoff: Handoff) -> None:
    rest(handoff, at=NOON + MINUTE)

    ask_for_a_demo(handoff, at=NOON + HOUR)

    assert dues(handoff)[0] == NOON + 2 * HOUR - MINUTE


def test_what_was_overdue_before_the_pause_stays_overdue(handoff: Handoff) -> None:
    rest(handoff, at=NOON + HOUR)
    assert dues(handoff)[0] == NOON + HOUR

    pauses.resume(handoff.pk, at=NOON + 2 * HOUR)

    assert dues(handoff) == [NOON + HOUR, NOON + 5 * HOUR, NOON + DAY + HOUR]


def test_around_the_clock_the_cadence_rests_as_long_as_the_pause(rita: Rep) -> None:
    handoff = opened(sales.agreement(sla_terms={"other": {**OTHER, "is_business_time": False}}))

    rest(handoff, at=NOON + MINUTE)

    assert dues(handoff) == [NOON + n * HOUR + 6 * DAY - MINUTE for n in (1, 4, 8)]


def test_tasks_that_somebody_set_stay_on_their_day(handoff: Handoff, rita: Rep) -> None:
    own = followups.add(
        handoff.pk,
        kind=AttemptKind.EMAIL,
        what="Ask the assistant",
        due_at=NOON + DAY,
        by=sales.user_of(rita),
        at=NOON,
    )

    rest(handoff, at=NOON + MINUTE)

    own.refresh_from_db()
    assert own.due_at == NOON + DAY


def move_first(handoff: Handoff, rita: Rep, *, to: datetime, at: datetime) -> None:
    """A person puts the cadence's first task on another day."""
    first = followups.open_of(handoff).order_by("cadence_step")[0]
    followups.reschedule(first.pk, due_at=to, by=sales.user_of(rita), at=at)


def test_a_task_of_the_cadence_that_a_person_moved_stays_on_its_day(
    handoff: Handoff, rita: Rep
) -> None:
    move_first(handoff, rita, to=NOON + 2 * DAY, at=NOON)

    rest(handoff, at=NOON + MINUTE)
    assert dues(handoff) == [NOON + 2 * DAY, WEEK + 4 * HOUR - MINUTE, WEEK + DAY - MINUTE]

    pauses.resume(handoff.pk, at=NOON + 31 * MINUTE)
    assert dues(handoff)[0] == NOON + 2 * DAY


def test_a_task_that_a_person_moves_during_the_pause_stays_where_it_was_put_then(
    handoff: Handoff, rita: Rep
) -> None:
    rest(handoff, at=NOON + MINUTE)
    late = WEEK + 2 * DAY
    move_first(handoff, rita, to=late, at=NOON + HOUR)

    pauses.resume(handoff.pk, at=NOON + DAY)

    assert dues(handoff)[0] == late
    rest(handoff, at=NOON + DAY + MINUTE, until=WEEK + 3 * DAY)
    assert dues(handoff)[0] == late


def test_a_second_pause_holds_up_what_is_not_held_up_already(rita: Rep) -> None:
    """The first attempt ends the response clock's pause; that of the acceptance goes on."""
    accept = {"label": "Accept", "milestone": "acceptance", "respond_within": "2 hours"}
    second = {
        "label": "Try again",
        "milestone": "second_attempt",
        "respond_within": "1 day",
        "is_business_time": False,
    }
    terms = {"other": OTHER, "accept": accept, "second": second}
    handoff = opened(sales.agreement(sla_terms=terms))
    rest(handoff, at=NOON)
    attempted(handoff, rita, at=NOON + 10 * MINUTE)
    assert dues(handoff)[-1] == WEEK + DAY

    later = WEEK + 2 * HOUR
    rest(handoff, at=NOON + HOUR, until=later)

    assert dues(handoff)[-1] == later + DAY


def attempted(
    handoff: Handoff, rita: Rep, *, at: datetime, kind: AttemptKind = AttemptKind.CALL
) -> None:
    outcome = AttemptOutcome.NO_ANSWER
    handoffs.attempt(handoff.pk, by=sales.user_of(rita), kind=kind, outcome=outcome, at=at)


def test_a_call_that_answers_the_paused_clock_ends_the_rest_of_the_cadence(
    handoff: Handoff, rita: Rep
) -> None:
    rest(handoff, at=NOON + MINUTE)

    attempted(handoff, rita, at=NOON + DAY)

    # The call does the call; the others keep the distance that they had as the pause began.
    assert dues(handoff) == [NOON + DAY + 4 * HOUR - MINUTE, NOON + 2 * DAY - MINUTE]


def test_an_overdue_call_done_after_the_pause_leaves_the_pause_out_of_the_distance(
    handoff: Handoff, rita: Rep
) -> None:
    rest(handoff, at=NOON + 2 * HOUR)
    pauses.resume_due(at=WEEK, limit=10)

    attempted(handoff, rita, at=WEEK + HOUR)

    # Three and seven hours after the call, as promised: the day ends at 17:00.
    assert dues(handoff) == [WEEK + 4 * HOUR, WEEK + DAY]


def test_an_e_mail_during_the_pause_does_not_end_it_and_the_rest_counts_from_its_end(
    handoff: Handoff, rita: Rep
) -> None:
    rest(handoff, at=NOON + 4 * HOUR - MINUTE)

    attempted(handoff, rita, at=NOON + DAY, kind=AttemptKind.EMAIL)

    assert response(handoff).state == TimerState.PAUSED
    assert dues(handoff)[1:] == [
        WEEK + MINUTE,
        WEEK + 4 * HOUR + MINUTE,
    ]


def test_a_new_owner_during_the_pause_begins_the_cadence_when_it_ends(
    handoff: Handoff, rita: Rep
) -> None:
    ben = sales.rep("Ben")
    rest(handoff, at=NOON + MINUTE)

    assignment.assign(handoff, at=NOON + DAY, by=rita.manager, rep=ben)

    assert dues(handoff) == [WEEK + HOUR, WEEK + 4 * HOUR, WEEK + DAY]
    pauses.resume(handoff.pk, at=NOON + 2 * DAY, by=rita.manager)
    assert dues(handoff)[0] == NOON + 2 * DAY + HOUR


def test_a_new_owner_whose_clock_runs_does_not_wait_for_the_pause_of_the_one_before(
    handoff: Handoff, rita: Rep
) -> None:
    ben, cara = sales.rep("Ben"), sales.rep("Cara")
    escalation.fire_due(at=NOON + 5 * HOUR, limit=10)
    said: dict[str, Any] = {"by": rita.manager, "reason": "Rita is in court"}
    handoffs.reassign(handoff.pk, rep=ben, at=NOON + DAY, **said)
    rest(handoff, at=NOON + DAY + MINUTE)
    assert dues(handoff)[0] > WEEK

    handoffs.reassign(handoff.pk, rep=cara, at=NOON + 2 * DAY, **said)

    clock = SlaTimer.objects.get(handoff=handoff, milestone="re_response", state="running")
    assert clock.started_at == NOON + 2 * DAY
    assert dues(handoff) == [NOON + 2 * DAY + HOUR, NOON + 2 * DAY + 4 * HOUR, NOON + 3 * DAY]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    begins=st.integers(min_value=0, max_value=60 * 24 * 4),
    lasts=st.integers(min_value=1, max_value=60 * 24 * 12),
    share=st.floats(min_value=0.01, max_value=1),
)
def test_each_task_is_as_far_from_the_resumption_as_it_was_from_the_pause(
    rita: Rep, begins: int, lasts: int, share: float
) -> None:
    term = {**OTHER, "respond_within": "200 hours"}
    handoff = opened(sales.agreement(sla_terms={"other": term}))
    opened_hours = hours.hours_of(handoff.calendar)
    at = NOON + begins * MINUTE
    until = at + lasts * MINUTE
    before = dues(handoff)
    resumed_at = at + timedelta(minutes=max(1, int(lasts * share)))

    rest(handoff, at=at, until=until)
    if resumed_at < until:
        pauses.resume(handoff.pk, at=resumed_at)
    else:
        pauses.resume_due(at=until + MINUTE, limit=10)
        resumed_at = until

    for was, due in zip(before, dues(handoff), strict=True):
        if was <= at:
            assert due == was
            continue
        assert due >= was
        left = calendar.elapsed(opened_hours, start=resumed_at, end=due)
        assert left == calendar.elapsed(opened_hours, start=at, end=was)
