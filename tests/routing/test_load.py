"""After any run of operations a rep's counters are the handoffs that they hold."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from routing import assignment, handoffs, sweeps
from routing.enums import HandoffStatus
from routing.grace import UNDO_WITHIN
from routing.models import Assignment, Handoff, Rep
from tests.routing import sales
from tests.routing.sales import NOON

index = st.integers(min_value=0, max_value=99)


class Team(RuleBasedStateMachine):
    """Three reps of two places each, and whatever people do to the leads that come in."""

    def __init__(self) -> None:
        super().__init__()
        self.example = transaction.atomic()
        self.example.__enter__()
        self.reps = [sales.rep(f"Rep {number}", capacity=2) for number in range(3)]
        sales.team(*self.reps)
        self.version, self.reason = sales.agreement(), sales.reason()
        self.boss = sales.user_of(sales.rep("Boss"))
        self.at: datetime = NOON
        self.rejected: list[Handoff] = []

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.example.__exit__(None, None, None)

    def some(self, number: int, *states: str) -> Handoff | None:
        found = Handoff.objects.filter(status__in=states).order_by("pk")
        return found[number % len(found)] if found else None

    def answer(self, act: Callable[..., Any], handoff: Handoff | None, **said: Any) -> None:
        if handoff is not None:
            act(handoff.pk, by=self.boss, at=self.at, **said)

    @rule()
    def time_passes(self) -> None:
        self.at += timedelta(hours=1)

    @rule()
    def a_lead_comes_in(self) -> None:
        sales.opened(self.version, at=self.at)

    @rule(number=index)
    def somebody_accepts(self, number: int) -> None:
        self.answer(handoffs.accept, self.some(number, "assigned"))

    @rule(number=index)
    def somebody_rejects(self, number: int) -> None:
        handoff = self.some(number, "assigned", "queued")
        self.answer(handoffs.reject, handoff, reason=self.reason, comment="No")
        if handoff is not None:
            self.rejected.append(handoff)

    @rule(number=index)
    def somebody_returns(self, number: int) -> None:
        self.at += UNDO_WITHIN + timedelta(seconds=1)
        handoff = self.some(number, "accepted")
        self.answer(handoffs.reject, handoff, reason=self.reason, comment="After all not")
        self.rejected += [handoff] if handoff else []

    @precondition(lambda team: team.rejected)
    @rule()
    def the_last_rejection_is_taken_back(self) -> None:
        try:
            handoffs.undo(self.rejected.pop().pk, by=self.boss, at=self.at)
        except handoffs.UndoTooLate:
            return

    @rule(number=index)
    def somebody_sells(self, number: int) -> None:
        self.answer(handoffs.open_opportunity, self.some(number, "accepted"), name="Deal")

    @rule(number=index)
    def the_rules_assign_anew(self, number: int) -> None:
        handoff = self.some(number, "assigned", "accepted", "queued")
        if handoff is not None:
            assignment.assign(handoff, at=self.at)

    @rule(number=index, other=index)
    def a_person_assigns(self, number: int, other: int) -> None:
        handoff = self.some(number, "assigned", "accepted", "queued")
        rep = self.reps[other % 3]
        if handoff is not None and handoff.rep_id != rep.pk:
            assignment.assign(handoff, at=self.at, by=self.boss, rep=rep, reason="Knows them")

    @rule()
    def the_queue_drains(self) -> None:
        sweeps.route_waiting(at=self.at, limit=5)

    @rule(number=index, capacity=st.integers(min_value=0, max_value=4))
    def a_capacity_changes(self, number: int, capacity: int) -> None:
        Rep.objects.filter(pk=self.reps[number % 3].pk).update(capacity=capacity)

    @invariant()
    def counters_are_the_handoffs_held(self) -> None:
        for rep in Rep.objects.filter(pk__in=[rep.pk for rep in self.reps]):
            held = rep.handoffs.filter(status__in=sorted(HandoffStatus.HELD)).count()
            assert (rep.open_count, rep.excess_count) == (
                min(held, rep.capacity),
                max(0, held - rep.capacity),
            )

    @invariant()
    def every_open_handoff_has_one_running_segment_of_its_owner(self) -> None:
        running = Assignment.objects.filter(ended_at=None).values_list("handoff", "rep", "queue")
        held = Handoff.objects.filter(status__in=sorted(HandoffStatus.OPEN))
        assert set(running) == set(held.values_list("pk", "rep", "queue"))


@pytest.mark.django_db
def test_counters_are_true_after_any_operations() -> None:
    run_state_machine_as_test(
        Team, settings=settings(max_examples=8, stateful_step_count=20, deadline=None)
    )
