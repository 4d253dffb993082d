"""Hours edited and clocks counted anew while their steps fire and people halt them."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from routing import elapsed, escalation, pauses, recounting
from routing.calendar import BusinessHours
from routing.enums import PauseReason, SlaEventKind, TimerState
from routing.hours import hours_of
from routing.locks import HandoffAlreadyDecided
from routing.models import BusinessCalendar, CalendarWindow, SlaTimer
from routing.pauses import ClockNotRunning
from tests.routing import races, sales
from tests.routing.sales import NOON
from tests.routing.test_race_owners import LADDER, ledgers_are_kept
from tests.routing.test_race_routing import counters_are_true

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE = timedelta(minutes=1)
ROUNDS = max(races.ROUNDS // 4, 15)
STILL = (SlaEventKind.PAUSED, SlaEventKind.RESUMED)


def hours(pk: int) -> BusinessHours:
    calendars = BusinessCalendar.objects.prefetch_related("windows", "closures")
    return hours_of(calendars.get(pk=pk))


def acts(pk: int, running: list[int], dice: Random, at: datetime) -> dict[str, Callable[[], Any]]:
    days = CalendarWindow.objects.filter(calendar=pk, weekday__in=dice.sample(range(5), 3))
    closes = time(dice.randint(14, 18))
    halted, resumed = dice.choice(running), dice.choice(running)
    until = at + dice.randint(5, 90) * MINUTE
    return {
        "edit": lambda: days.update(closes=closes),
        "count": lambda: recounting.recount(at=at, limit=5),
        "count too": lambda: recounting.recount(at=at, limit=5),
        "fire": lambda: escalation.fire_due(at=at, limit=50),
        "fire too": lambda: escalation.fire_due(at=at, limit=50),
        "pause": lambda: pauses.pause(halted, reason=PauseReason.LEAD_ASKED, until=until, at=at),
        "resume": lambda: pauses.resume(resumed, at=at),
        "end of pauses": lambda: pauses.resume_due(at=at, limit=50),
    }


def settle(at: datetime) -> None:
    """Do what somebody's lock kept the others from."""
    pauses.resume_due(at=at, limit=500)
    while recounting.recount(at=at, limit=500):
        pass
    recounting.recount_stragglers(at=at, limit=500)
    while escalation.fire_due(at=at, limit=500):
        pass


def due_in(timer: SlaTimer, opened: BusinessHours) -> datetime:
    """When a clock falls due in these hours, by its ledger."""
    still = elapsed.stood_still(timer)
    return elapsed.plan_anew(timer, at=timer.started_at, hours=opened, pauses=still).due_at


def check(before: BusinessHours, after: BusinessHours, *, at: datetime) -> None:
    """No promise broke before its time by the hours of before or after the edit; the others know
    the hours of today.
    """
    timers = SlaTimer.objects.select_related("handoff__version").prefetch_related("events")
    for timer in timers.filter(breached_at=at):
        assert min(due_in(timer, before), due_in(timer, after)) <= at
    for timer in timers.filter(state=TimerState.RUNNING):
        assert timer.due_at == due_in(timer, after) > at
        assert timer.steps.get(kind="breach").due_at == timer.due_at


def test_hours_are_edited_while_steps_fire_and_clocks_are_halted() -> None:
    dice = races.dice()
    territory = sales.team(sales.rep("Rita", capacity=5000))
    version, at = sales.agreement(sla_terms=LADDER), NOON - timedelta(hours=2)
    opened = [sales.opened(version, at=at) for _ in range(12)]
    calendar = territory.calendar_id

    with races.racing(8, dice) as race:
        for _ in range(ROUNDS):
            at += dice.randint(5, 60) * MINUTE
            opened += [sales.opened(version, at=at) for _ in range(2)]
            running = [one.pk for one in opened[-12:]]
            before = hours(calendar)

            came = race(acts(calendar, running, dice, at))

            failed = [one for one in came.values() if isinstance(one, Exception)]
            assert {type(one) for one in failed} <= {ClockNotRunning, HandoffAlreadyDecided}
            after = hours(calendar)
            settle(at)
            check(before, after, at=at)

    kinds = set()
    for handoff in opened:
        assert ledgers_are_kept(handoff)
        for timer in SlaTimer.objects.filter(handoff=handoff):
            lines = list(timer.events.order_by("pk").values_list("kind", flat=True))
            assert all(a != b for a, b in pairwise([one for one in lines if one in STILL]))
            kinds.update(lines)
    assert {"recomputed", "paused", "resumed", "warned", "breached"} <= kinds
    assert counters_are_true()
    assert races.flaws(at=at) == {}
