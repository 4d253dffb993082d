"""Everything that can happen to one lead at the same instant: one winner where only one can win.

Its rep accepts it and rejects it, its clock runs out, a manager gives it to a colleague, and the
rep's absence begins. `RACE_ROUNDS=1000` plays a thousand rounds.
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from routing import departures, escalation, handoffs
from routing.assignment import RepCannotReceive
from routing.enums import HandoffStatus, TimerState
from routing.models import (
    Assignment,
    Handoff,
    RejectionReason,
    Rep,
    RoutingDecision,
    SlaEvent,
    SlaTimer,
)
from tests.routing import races, sales
from tests.routing.sales import NOON
from tests.routing.test_race_routing import counters_are_true

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LADDER = {
    "other": {
        "label": "Everyone",
        "respond_within": "4 hours",
        "stop_kinds": ["call"],
        "reassign_after": "30 minutes",
    }
}
DUE, REASSIGNS = NOON + 4 * HOUR, NOON + 4.5 * HOUR
ANSWERS = ("accept", "reject")
ONCE = ("started", "warned", "breached", "reassigned", "met", "answered_late", "cancelled")


def moves_of(handoff: Handoff) -> list[str]:
    """Why the lead went to somebody else, in order."""
    decisions = RoutingDecision.objects.filter(handoff=handoff).order_by("pk")[1:]
    return [decision.inputs["reason"] for decision in decisions]


def ledgers_are_kept(handoff: Handoff) -> bool:
    """One response clock, at most one of a new owner runs, and no line is written twice."""
    clocks = SlaTimer.objects.filter(handoff=handoff)
    lines = Counter(SlaEvent.objects.filter(timer__in=clocks).values_list("timer", "kind"))
    running = clocks.filter(milestone="re_response", state=TimerState.RUNNING)
    return (
        clocks.filter(milestone="first_response").count() == 1
        and running.count() <= 1
        and all(count == 1 for (_, kind), count in lines.items() if kind in ONCE)
    )


def has_one_owner(handoff: Handoff) -> bool:
    running = Assignment.objects.filter(handoff=handoff, ended_at=None)
    expected = [handoff.rep_id] if handoff.status in HandoffStatus.OPEN else []
    return list(running.values_list("rep_id", flat=True)) == expected


def check(handoff: Handoff, came: dict[str, Any]) -> str:
    """Check one round and return who won it."""
    failed = {name: result for name, result in came.items() if isinstance(result, Exception)}
    refused = {type(error) for error in failed.values()}
    assert refused <= {handoffs.HandoffAlreadyDecided, RepCannotReceive}, failed
    answered = [name for name in ANSWERS if name not in failed]
    assert len(answered) <= 1
    moves = moves_of(handoff)
    assert answered or moves
    assert sum("away" in reason for reason in moves) <= (not answered)
    if answered == ["reject"]:
        assert (handoff.status, moves) == (HandoffStatus.REJECTED, [])
        assert type(came["reassign"]) is handoffs.HandoffAlreadyDecided
    else:
        assert handoff.status in HandoffStatus.HELD
    assert has_one_owner(handoff)
    assert ledgers_are_kept(handoff)
    assert counters_are_true()
    return answered[0] if answered else moves[0]


def acts_on(
    pk: int, holder: Rep, colleague: Rep, reason: RejectionReason, at: datetime
) -> dict[str, Callable[[], Any]]:
    said: dict[str, Any] = {"by": holder.user, "held_by": holder.pk, "at": at}
    told = {"reason": "Knows them", "by": holder.manager, "at": at}
    return {
        "accept": lambda: handoffs.accept(pk, **said),
        "reject": lambda: handoffs.reject(pk, reason=reason, comment="No", **said),
        "breach": lambda: escalation.fire_next(pk, at=at),
        "reassign": lambda: handoffs.reassign(pk, rep=colleague, **told),
        "absence": lambda: departures.begin_due(at=at, limit=10),
    }


def test_accept_reject_breach_reassign_and_absence_at_one_instant() -> None:
    dice = races.dice()
    reps = {rep.pk: rep for rep in (sales.rep(name) for name in ("Rita", "Ben", "Cleo"))}
    sales.team(*reps.values())
    version, reason = sales.agreement(sla_terms=LADDER), sales.reason()
    manager, won = sales.person("Manuela"), Counter[str]()

    with races.racing(5, dice) as race:
        for _ in range(races.ROUNDS):
            pk, at = sales.opened(version).pk, dice.choice((DUE, REASSIGNS))
            escalation.fire_due(at=at - MINUTE, limit=10)
            holder = reps[Handoff.objects.get(pk=pk).rep_id or 0]
            colleague, other = dice.sample([rep for rep in reps.values() if rep != holder], 2)
            absence = sales.away(holder, since=at, until=at + HOUR, delegate=other)

            came = race(acts_on(pk, holder, colleague, reason, at))

            won[check(Handoff.objects.get(pk=pk), came)] += 1
            check_what_is_left(pk, at=at)
            absence.delete()
            if Handoff.objects.get(pk=pk).status in HandoffStatus.OPEN:
                later = at + HOUR
                handoffs.reject(pk, reason=reason, comment="No", by=manager, at=later)

    print(won)
    assert won.total() == races.ROUNDS
    assert races.flaws(at=NOON + 6 * HOUR) == {}


def check_what_is_left(pk: int, *, at: datetime) -> None:
    """What was skipped since somebody had the lead happens next, once."""
    escalation.fire_due(at=at, limit=10)
    departures.begin_due(at=at, limit=10)
    assert escalation.fire_due(at=at, limit=10) == 0
    handoff = Handoff.objects.get(pk=pk)
    assert ledgers_are_kept(handoff)
    assert has_one_owner(handoff)
    response = SlaTimer.objects.get(handoff=handoff, milestone="first_response")
    anew = SlaTimer.objects.filter(handoff=handoff, milestone="re_response")
    is_new_owner = handoff.status in HandoffStatus.OPEN and bool(moves_of(handoff))
    if at == REASSIGNS:
        assert response.state == TimerState.BREACHED
        assert anew.filter(state=TimerState.RUNNING).exists() == is_new_owner
    elif handoff.status in HandoffStatus.OPEN:
        assert response.state == TimerState.BREACHED


def test_a_lead_that_has_gone_to_a_colleague_is_not_answered_by_its_former_rep() -> None:
    dice = races.dice()
    rita, ben = sales.rep("Rita", capacity=1000), sales.rep("Ben", capacity=1000)
    sales.team(rita, ben)
    version, reason = sales.agreement(), sales.reason()
    at = NOON + MINUTE

    with races.racing(2, dice) as race:
        for _ in range(max(races.ROUNDS // 3, 10)):
            handoff = sales.opened(version)
            holder, other = (rita, ben) if handoff.rep == rita else (ben, rita)
            acts = acts_on(handoff.pk, holder, other, reason, at)
            answer = dice.choice(ANSWERS)

            came = race({name: acts[name] for name in (answer, "reassign")})

            handoff.refresh_from_db()
            if isinstance(came[answer], Exception):
                assert type(came[answer]) is handoffs.HandoffAlreadyDecided
                assert "Somebody else holds this lead." in str(came[answer])
                assert (handoff.status, handoff.rep) == (HandoffStatus.ASSIGNED, other)
            elif answer == "reject":
                assert type(came["reassign"]) is handoffs.HandoffAlreadyDecided
            else:
                assert (handoff.status, handoff.rep) == (HandoffStatus.ACCEPTED, other)
    assert counters_are_true()
