"""What each step of a clock does, and to whom it speaks."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.test.utils import CaptureQueriesContext

from crm_handoff.people.models import User
from definitions.models import DefinitionVersion
from routing import escalation, sweeps, timers
from routing.enums import HandoffStatus, StepState, TimerMilestone
from routing.models import Absence, Handoff, Notice, Queue, Rep, Territory, TerritoryMembership
from tests.routing import clockwork
from tests.routing.clockwork import DAY, HOUR, MINUTE, NOON, agreement, person
from tests.routing.test_timers import ledger, response, steps

pytestmark = pytest.mark.django_db

DUE = NOON + 5 * MINUTE
ESCALATES = NOON + 20 * MINUTE
REASSIGNS = NOON + 35 * MINUTE


def asked_for_a_demo(
    holder: Rep | Queue | None = None,
    *,
    version: DefinitionVersion | None = None,
    colleagues: tuple[Rep, ...] = (),
) -> Handoff:
    """A handoff due in five minutes, in a territory of its holder and the colleagues."""
    holder = holder or clockwork.rep()
    reps = (holder, *colleagues) if isinstance(holder, Rep) else colleagues
    land = clockwork.territory(*reps)
    evaluation = clockwork.judgment(version or agreement(), met=["demo_requested"])
    handoff = clockwork.handoff(evaluation, holder=holder, calendar=land.calendar, territory=land)
    timers.start(handoff, evaluation=evaluation, at=NOON)
    return handoff


def told(handoff: Handoff, kind: str) -> list[Any]:
    notices = Notice.objects.filter(handoff=handoff, kind=kind).select_related("recipient")
    return [notice.recipient for notice in notices.order_by("pk")]


def away(rep: Rep, *, at: datetime) -> None:
    Absence.objects.create(rep=rep, span=DateTimeTZRange(at - DAY, at + DAY))


@pytest.mark.parametrize(
    ("lateness", "fired"),
    [(timedelta(microseconds=-1), 1), (timedelta(0), 2), (timedelta(hours=1), 4)],
    ids=["a microsecond early: the warning alone", "on the dot", "an hour late: everything"],
)
def test_fire_due_fires_what_is_due_and_never_early(lateness: timedelta, fired: int) -> None:
    asked_for_a_demo()

    assert escalation.fire_due(at=DUE + lateness, limit=10) == fired


def test_of_a_manager_who_left_as_many_statements_tell_of_nine_leads_as_of_two() -> None:
    stands_in = clockwork.queue(is_fallback=True).manager
    version = agreement({"other": {"respond_within": HOUR, "manager_after": HOUR}})
    rita = clockwork.rep("Rita")
    User.objects.filter(pk=rita.manager_id).update(is_active=False)

    def statements(count: int) -> list[int]:
        for _ in range(count):
            asked_for_a_demo(rita, version=version)
        asked = []
        for at in (NOON + HOUR, NOON + DAY):
            with CaptureQueriesContext(connection) as captured:
                escalation.fire_due(at=at, limit=20)
            asked.append(len(captured))
        return asked

    assert statements(2) == statements(9)
    assert told(Handoff.objects.latest("pk"), "manager_told") == [stands_in]


def test_fire_due_fires_each_step_once() -> None:
    handoff = asked_for_a_demo()

    counts = [escalation.fire_due(at=ESCALATES, limit=10) for _ in range(3)]

    assert counts == [3, 0, 0]
    assert ledger(response(handoff)) == ["started", "warned", "breached", "escalated"]


def test_fire_due_after_a_long_silence_fires_everything_in_order() -> None:
    handoff = asked_for_a_demo(colleagues=(clockwork.rep("Rudi"),))

    escalation.fire_due(at=NOON + HOUR, limit=1)

    timer = response(handoff)
    assert ledger(timer) == ["started", "warned", "breached", "escalated", "reassigned"]
    assert set(steps(timer).values()) == {StepState.FIRED}
    assert set(timer.steps.values_list("fired_at", flat=True)) == {NOON + HOUR}


def test_a_step_that_cannot_fire_keeps_nothing_else_waiting() -> None:
    broken, sound = asked_for_a_demo(), asked_for_a_demo()
    Territory.objects.filter(pk=sound.territory.pk).update(countries=["FR"])
    Territory.objects.filter(pk=broken.territory.pk).update(is_active=False)

    fired = escalation.fire_due(at=REASSIGNS, limit=10)

    assert fired == 3 + 4
    assert steps(response(broken))["reassign"] == StepState.ARMED
    assert steps(response(sound))["reassign"] == StepState.FIRED


def test_warning_goes_to_the_owner() -> None:
    handoff = asked_for_a_demo()

    escalation.fire_due(at=NOON + 3 * MINUTE, limit=10)

    assert told(handoff, "warning") == [handoff.rep.user]


def test_warning_of_what_waits_in_a_queue_goes_to_its_manager() -> None:
    handoff = asked_for_a_demo(clockwork.queue())

    escalation.fire_due(at=NOON + 3 * MINUTE, limit=10)

    assert told(handoff, "warning") == [handoff.queue.manager]


def test_breach_is_told_to_who_missed_it_the_present_owner_and_their_managers() -> None:
    first, second = clockwork.rep("First"), clockwork.rep("Second")
    handoff = asked_for_a_demo(first)
    clockwork.hold(handoff, DUE + MINUTE, rep=second)
    Handoff.objects.filter(pk=handoff.pk).update(rep=second)

    escalation.fire_due(at=DUE + 2 * MINUTE, limit=10)

    people = {first.user, first.manager, second.user, second.manager}
    assert set(told(handoff, "breached")) == people
    assert len(told(handoff, "breached")) == 4


def test_breach_tells_a_queues_manager_once() -> None:
    handoff = asked_for_a_demo(clockwork.queue())

    escalation.fire_due(at=DUE, limit=10)

    assert told(handoff, "breached") == [handoff.queue.manager]


def test_escalation_goes_to_one_named_person() -> None:
    operator = person("Olga")
    handoff = asked_for_a_demo(
        version=agreement(sales_operator=operator, sales_deputy=person("Dora"))
    )

    escalation.fire_due(at=ESCALATES, limit=10)

    assert told(handoff, "escalated") == [operator]
    event = response(handoff).events.get(kind="escalated")
    assert event.detail["to"] == operator.pk


def test_escalation_goes_to_the_deputy_of_an_operator_who_has_left() -> None:
    deputy = person("Dora")
    version = agreement(sales_operator=person("Olga", is_active=False), sales_deputy=deputy)

    assert escalation.operator_for(asked_for_a_demo(version=version), at=NOON) == deputy


@pytest.mark.parametrize(("at", "is_deputy"), [(NOON, True), (NOON + 2 * DAY, False)])
def test_escalation_goes_to_the_deputy_while_the_operator_is_away(
    at: datetime, is_deputy: bool
) -> None:
    operator, deputy = clockwork.rep("Olga"), person("Dora")
    away(operator, at=NOON)
    handoff = asked_for_a_demo(
        version=agreement(sales_operator=operator.user, sales_deputy=deputy)
    )

    assert escalation.operator_for(handoff, at=at) == (deputy if is_deputy else operator.user)


def test_escalation_without_operators_goes_to_the_owners_manager() -> None:
    handoff = asked_for_a_demo()

    assert escalation.operator_for(handoff, at=NOON) == handoff.rep.manager


def test_escalation_without_any_manager_goes_to_the_territorys_queue() -> None:
    handoff = asked_for_a_demo(clockwork.rep(manager=None))

    assert escalation.operator_for(handoff, at=NOON) == handoff.territory.queue.manager


def test_escalation_when_everybody_is_away_goes_to_the_operator_all_the_same() -> None:
    operator, manager = clockwork.rep("Olga"), clockwork.rep("Manuel")
    land_manager = clockwork.rep("Lena")
    handoff = asked_for_a_demo(
        clockwork.rep(manager=manager.user), version=agreement(sales_operator=operator.user)
    )
    Queue.objects.filter(pk=handoff.territory.queue_id).update(manager=land_manager.user)
    for rep in (operator, manager, land_manager):
        away(rep, at=NOON)
    handoff = Handoff.objects.get(pk=handoff.pk)

    assert escalation.operator_for(handoff, at=NOON) == operator.user


def test_reassignment_goes_to_somebody_else_with_a_clock_of_their_own() -> None:
    slow, quick = clockwork.rep("Slow"), clockwork.rep("Quick")
    handoff = asked_for_a_demo(slow, colleagues=(quick,))

    escalation.fire_due(at=REASSIGNS, limit=10)

    handoff.refresh_from_db()
    assert (handoff.rep, handoff.status) == (quick, HandoffStatus.ASSIGNED)
    assert response(handoff).missed_by_rep == slow
    anew = handoff.timers.get(milestone=TimerMilestone.RE_RESPONSE)
    assert (anew.state, anew.due_at) == ("running", REASSIGNS + 5 * MINUTE)
    assert told(handoff, "reassigned_away") == [slow.user]
    assert told(handoff, "assigned") == [quick.user]


def test_reassignment_takes_an_accepted_lead_too_since_accepting_is_no_response() -> None:
    slow, quick = clockwork.rep("Slow"), clockwork.rep("Quick")
    handoff = asked_for_a_demo(slow, colleagues=(quick,))
    Handoff.objects.filter(pk=handoff.pk).update(status="accepted", accepted_at=NOON)

    escalation.fire_due(at=REASSIGNS, limit=10)

    handoff.refresh_from_db()
    assert handoff.rep == quick


def test_reassignment_with_nobody_else_waits_in_the_queue_under_its_managers_clock() -> None:
    handoff = asked_for_a_demo()

    escalation.fire_due(at=REASSIGNS, limit=10)

    handoff.refresh_from_db()
    assert handoff.queue == handoff.territory.queue
    escalation.fire_due(at=REASSIGNS + 5 * MINUTE, limit=10)
    anew = handoff.timers.get(milestone=TimerMilestone.RE_RESPONSE)
    assert anew.missed_by_queue == handoff.queue


def test_who_takes_it_from_the_queue_then_has_a_clock_of_their_own() -> None:
    handoff = asked_for_a_demo()
    escalation.fire_due(at=REASSIGNS, limit=10)
    TerritoryMembership.objects.create(territory=handoff.territory, rep=clockwork.rep("New"))

    sweeps.route_waiting(at=REASSIGNS + HOUR, limit=10)

    clocks = handoff.timers.filter(milestone=TimerMilestone.RE_RESPONSE).order_by("pk")
    assert [(clock.state, clock.started_at) for clock in clocks] == [
        ("cancelled", REASSIGNS),
        ("running", REASSIGNS + HOUR),
    ]


def test_the_new_owners_clock_escalates_but_does_not_reassign_again() -> None:
    handoff = asked_for_a_demo(colleagues=(clockwork.rep("Quick"),))
    escalation.fire_due(at=REASSIGNS, limit=10)

    escalation.fire_due(at=REASSIGNS + DAY, limit=10)

    anew = handoff.timers.get(milestone=TimerMilestone.RE_RESPONSE)
    assert ledger(anew) == ["started", "warned", "breached", "escalated"]
