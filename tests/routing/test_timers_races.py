"""Two at once on one clock: real threads, real locks, one outcome."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from crm_handoff.clock import database_now
from definitions.enums import AttemptKind
from routing import attempts, escalation, locks, timers
from routing.enums import AttemptOutcome, TimerState
from routing.models import Handoff, Notice, Rep, SlaEvent, SlaTimer, SlaTimerStep
from tests.routing import clockwork
from tests.routing.test_timers import ledger, response

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 30


def at_once(*jobs: Callable[[], Any]) -> list[Any]:
    """Run jobs in threads that start together; return their results or raise the first error."""
    barrier = threading.Barrier(len(jobs), timeout=10)
    results: list[Any] = [None] * len(jobs)

    def run(place: int, job: Callable[[], Any]) -> None:
        try:
            barrier.wait()
            results[place] = job()
        except Exception as error:
            results[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    for result in results:
        if isinstance(result, Exception):
            raise result
    return results


@pytest.fixture
def rita() -> Rep:
    return clockwork.rep("Rita", capacity=200)


@pytest.fixture
def overdue(rita: Rep) -> Iterator[Callable[[], Handoff]]:
    """Make handoffs that are due this very moment by the database's clock."""
    version = clockwork.agreement(
        {"quick": {"respond_within": clockwork.MINUTE, "is_business_time": False}}
    )
    land = clockwork.territory(rita)

    def make() -> Handoff:
        qualified_at = database_now() - clockwork.MINUTE
        with transaction.atomic():
            evaluation = clockwork.judgment(version, at=qualified_at)
            handoff = clockwork.handoff(
                evaluation, holder=rita, calendar=land.calendar, territory=land
            )
            timers.start(handoff, evaluation=evaluation, at=qualified_at)
        return handoff

    return make


def test_two_firers_fire_each_step_once(overdue: Callable[[], Handoff]) -> None:
    handoffs = [overdue() for _ in range(ROUNDS)]
    at = database_now()

    def fire() -> int:
        return escalation.fire_due(at=at, limit=500)

    fired = at_once(fire, fire)
    fired.append(fire())

    assert sum(fired) == 2 * ROUNDS
    assert SlaTimerStep.objects.filter(state="fired").count() == 2 * ROUNDS
    for handoff in handoffs:
        assert ledger(response(handoff)) == ["started", "warned", "breached"]
    assert Notice.objects.filter(kind="breached").count() == 2 * ROUNDS


def test_an_attempt_and_a_breach_at_one_instant_have_one_outcome(
    overdue: Callable[[], Handoff], rita: Rep
) -> None:
    seen = set()
    for _ in range(ROUNDS):
        handoff = overdue()
        due_at = response(handoff).due_at

        def call(handoff: Handoff = handoff, at: Any = due_at) -> None:
            attempts.attempt(
                handoff.pk,
                by=rita.user,
                kind=AttemptKind.CALL,
                outcome=AttemptOutcome.REACHED,
                at=at,
            )

        at_once(call, lambda at=due_at: escalation.fire_due(at=at, limit=10))
        escalation.fire_due(at=due_at, limit=10)

        timer = response(handoff)
        breach_events = SlaEvent.objects.filter(timer=timer, kind="breached").count()
        breach_steps = timer.steps.filter(kind="breach", state="fired").count()
        assert timer.stopped_at == due_at
        assert breach_events == breach_steps == (timer.state == TimerState.BREACHED)
        assert timer.steps.filter(state="armed").count() == 0
        seen.add(timer.state)
    assert seen <= {TimerState.MET, TimerState.BREACHED}


def test_a_handoff_in_somebodys_hands_is_skipped_not_waited_for(
    overdue: Callable[[], Handoff],
) -> None:
    held, free = overdue(), overdue()
    at = database_now()
    taken, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            locks.lock_handoff(held.pk)
            taken.set()
            done.wait(timeout=10)

    def fire() -> int:
        taken.wait(timeout=10)
        try:
            return escalation.fire_due(at=at, limit=10)
        finally:
            done.set()

    _, fired = at_once(hold, fire)

    assert fired == 2
    assert response(free).state == TimerState.BREACHED
    assert response(held).state == TimerState.RUNNING
    assert escalation.fire_due(at=at, limit=10) == 2


def test_a_firer_killed_before_commit_leaves_the_step_armed_and_untold(
    overdue: Callable[[], Handoff],
) -> None:
    handoff = overdue()
    at = database_now()

    def fire_and_lose_the_connection() -> None:
        with transaction.atomic():
            assert escalation.fire_next(handoff.pk, at=at)
            connection.connection.close()
            transaction.set_rollback(True)

    at_once(fire_and_lose_the_connection)

    assert ledger(response(handoff)) == ["started"]
    assert Notice.objects.count() == 0
    assert escalation.fire_due(at=at, limit=10) == 2


def test_new_rows_about_a_handoff_do_not_wait_while_its_clock_fires(
    overdue: Callable[[], Handoff], rita: Rep
) -> None:
    handoff = overdue()
    locked, done = threading.Event(), threading.Event()

    def fire() -> None:
        with transaction.atomic():
            escalation.fire_next(handoff.pk, at=database_now())
            locked.set()
            assert done.wait(timeout=10)

    def write() -> None:
        locked.wait(timeout=10)
        clockwork.judgment(handoff.version, lead=handoff.lead)
        Notice.objects.create(
            key="other", kind="assigned", recipient=rita.user, handoff=handoff, at=database_now()
        )
        done.set()

    at_once(fire, write)

    assert SlaTimer.objects.get(handoff=handoff).state == TimerState.RUNNING
    assert database_now() - response(handoff).due_at < timedelta(minutes=5)
