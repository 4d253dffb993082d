"""Processes that hand out what waits at the same time, some of them killed on the way."""

import logging
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F

from routing import handoffs, sweeps
from routing.models import Assignment, Handoff, Rep, RoutingDecision, TerritoryMembership
from tests.routing import sales
from tests.routing.sales import NOON
from tests.routing.test_race_routing import counters_are_true

pytestmark = pytest.mark.django_db(transaction=True)

WORKERS, KILLED = 16, 6
LATER = NOON + timedelta(hours=1)
fork = multiprocessing.get_context("fork")


def start(count: int, work: Callable[[int], None]) -> list[multiprocessing.process.BaseProcess]:
    """Start processes, each with a connection of its own."""
    connection.close()  # A socket that two processes share would carry the words of both.
    begun = [
        fork.Process(target=work_alone, args=(work, number), daemon=True)
        for number in range(count)
    ]
    for process in begun:
        process.start()
    return begun


def work_alone(work: Callable[[int], None], number: int) -> None:
    """Work on a connection of one's own.

    Where a browser was driven before, the thread has two connections: one beside the browser's
    event loop, which was closed, and one from before it, which is what a fork finds.
    """
    connection.connection = None
    work(number)


def finish(processes: list[multiprocessing.process.BaseProcess]) -> None:
    for process in processes:
        process.join(120)
    assert all(process.exitcode is not None for process in processes)


def sweep(_: int) -> None:
    """Hand out three at a time until nothing is left that could go to somebody."""
    logging.disable(logging.CRITICAL)
    nothing = 0
    while nothing < 5:
        nothing = 0 if sweeps.route_waiting(at=LATER, limit=3) else nothing + 1
        time.sleep(0.01 * nothing)


def wait(count: int) -> None:
    version = sales.agreement()
    for _ in range(count):
        sales.opened(version)


def received() -> list[int]:
    return sorted(Rep.objects.filter(capacity__gt=0).values_list("open_count", flat=True))


def test_sixteen_processes_never_overfill_a_rep_or_a_territory() -> None:
    reps = [sales.rep(f"Rep {number}", capacity=0) for number in range(6)]
    sales.team(*reps)
    wait(90)
    Rep.objects.filter(pk__in=[rep.pk for rep in reps]).update(capacity=12)
    TerritoryMembership.objects.filter(rep__in=reps[:2]).update(capacity=7)

    finish(start(WORKERS, sweep))

    assert received() == [7, 7, 12, 12, 12, 12]
    assert Handoff.objects.filter(status="queued").count() == 90 - 62
    assert not TerritoryMembership.objects.filter(open_count__gt=F("capacity")).exists()
    assert counters_are_true()


def test_turns_are_fair_to_one_among_sixteen_processes_of_which_six_are_killed() -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    dice = random.Random(seed)
    reps = [sales.rep(f"Rep {number}", capacity=0) for number in range(5)]
    sales.team(*reps)
    wait(120)
    Rep.objects.filter(pk__in=[rep.pk for rep in reps]).update(capacity=100)

    workers = start(WORKERS, sweep)
    for victim in dice.sample(workers, KILLED):
        time.sleep(dice.uniform(0, 0.3))
        if victim.pid and victim.is_alive():
            os.kill(victim.pid, signal.SIGKILL)
    finish(workers)
    finish(start(1, sweep))

    assert received() == [24] * 5
    assert set(TerritoryMembership.objects.values_list("credit", flat=True)) == {0}
    given = RoutingDecision.objects.filter(rep__isnull=False)
    assert given.count() == given.values("handoff").distinct().count() == 120
    assert Assignment.objects.filter(ended_at=None).count() == 120
    assert counters_are_true()


def test_what_waits_goes_out_most_urgent_first_while_places_become_free() -> None:
    rita = sales.rep("Rita", capacity=1)
    sales.team(rita)
    version, reason = sales.agreement(), sales.reason()
    first = sales.opened(version, at=NOON)
    minutes = (9, 4, 11, 1, 7, 3, 12, 2, 10, 5, 8, 6)
    order = [sales.opened(version, at=NOON + timedelta(minutes=n)) for n in minutes]

    held, taken = first, []
    for _ in order:
        handoffs.reject(held.pk, reason=reason, comment="No", by=rita.user, at=LATER)
        finish(start(8, sweep))
        held = Handoff.objects.get(rep=rita, status="assigned")
        taken.append(held.pk)

    assert taken == [handoff.pk for handoff in sorted(order, key=lambda one: one.opened_at)]


def test_what_somebody_works_on_while_a_territory_is_drawn_comes_a_moment_later() -> None:
    sales.team(sales.rep("Full", capacity=0), name="Old", position=20)
    handoff = sales.opened(sales.agreement()).pk
    rita = sales.rep("Rita")
    sales.team(rita, name="New", position=10)

    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT FROM routing_handoff WHERE id = %s FOR UPDATE", [handoff])
        assert sweeps.drain(at=LATER, limit=10) == 0
    other.close()
    assert sweeps.drain(at=LATER, limit=10) == 1

    assert Handoff.objects.get(pk=handoff).rep == rita
