"""Many workers route into one pool at once."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import close_old_connections, connection
from django.db.models import Count, F, Q

from routing import assignment, handoffs, sweeps
from routing.enums import HandoffStatus
from routing.models import Handoff, Rep, RoutingDecision
from tests.routing import sales
from tests.routing.sales import NOON

pytestmark = pytest.mark.django_db(transaction=True)

WORKERS = 16
REPS, CAPACITY, LEADS = 10, 30, 400


def at_once(works: Sequence[Callable[[], Any]]) -> list[Any]:
    """Start all at the same instant, each on a connection of its own; exceptions are results."""
    barrier = Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        close_old_connections()
        try:
            barrier.wait(30)
            return work()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def counters_are_true() -> bool:
    """Each rep's two counters add up to the handoffs that they hold."""
    held = Count("handoffs", filter=Q(handoffs__status__in=sorted(HandoffStatus.HELD)))
    counted = Rep.objects.annotate(held=held)
    return not counted.exclude(held=F("open_count") + F("excess_count")).exists()


def test_sixteen_workers_never_overfill_a_pool() -> None:
    reps = [sales.rep(f"Rep {number}", capacity=CAPACITY) for number in range(REPS)]
    sales.team(*reps)
    version = sales.agreement()
    waiting = [sales.qualified(version) for _ in range(LEADS)]

    def route(share: Sequence[sales.Qualified]) -> int:
        return sum(handoffs.open(one, at=NOON) is not None for one in share)

    shares = [waiting[worker::WORKERS] for worker in range(WORKERS)]
    done = at_once([lambda share=share: route(share) for share in shares])

    assert done == [LEADS // WORKERS] * WORKERS
    by_status = Counter(Handoff.objects.values_list("status", flat=True))
    assert by_status == {"assigned": REPS * CAPACITY, "queued": LEADS - REPS * CAPACITY}
    assert set(Rep.objects.values_list("open_count", "excess_count")) == {(CAPACITY, 0)}
    assert RoutingDecision.objects.count() == LEADS
    assert counters_are_true()

    freed = Handoff.objects.filter(status="assigned").order_by("pk")[:20]
    reason = sales.reason()
    for handoff in freed:
        handoffs.reject(handoff.pk, reason=reason, comment="No", by=handoff.rep.user, at=NOON)
    drained = at_once([lambda: sweeps.route_waiting(at=NOON, limit=50)] * 4)
    assert sum(drained) == 20
    assert Handoff.objects.filter(status="assigned").count() == REPS * CAPACITY
    assert counters_are_true()


def test_turns_stay_fair_under_concurrency() -> None:
    reps = [sales.rep(f"Rep {number}") for number in range(4)]
    sales.team(*reps)
    version = sales.agreement()
    waiting = [sales.qualified(version) for _ in range(42)]

    at_once([lambda one=one: handoffs.open(one, at=NOON) for one in waiting[:14]])
    at_once([lambda one=one: handoffs.open(one, at=NOON) for one in waiting[14:28]])
    at_once([lambda one=one: handoffs.open(one, at=NOON) for one in waiting[28:]])

    loads = Rep.objects.values_list("open_count", flat=True)
    assert sum(loads) == 42
    assert max(loads) - min(loads) <= 1


def test_one_lead_opens_once() -> None:
    sales.team(sales.rep())
    judged = sales.qualified(sales.agreement())

    opened = at_once([lambda: handoffs.open(judged, at=NOON)] * 8)

    assert [type(one).__name__ for one in opened].count("Handoff") == 1
    assert opened.count(None) == 7


def test_overlapping_pools_do_not_deadlock() -> None:
    reps = [sales.rep(f"Rep {number}", capacity=6) for number in range(6)]
    sales.team(*reps, name="DACH", countries=["DE"])
    sales.team(*reversed(reps), name="France", countries=["FR"])
    version = sales.agreement()
    waiting = [
        sales.qualified(version, sales.lead(country=country))
        for _ in range(24)
        for country in ("DE", "FR")
    ]

    def route(share: Sequence[sales.Qualified]) -> int:
        return sum(handoffs.open(one, at=NOON) is not None for one in share)

    done = at_once([lambda share=waiting[w::8]: route(share) for w in range(8)])

    assert done == [6] * 8
    assert Handoff.objects.filter(status="assigned").count() == 36
    assert counters_are_true()


def test_reassigning_each_others_leads_does_not_deadlock() -> None:
    one, other = sales.rep("One"), sales.rep("Other")
    sales.team(one, other)
    version = sales.agreement()
    held = [sales.opened(version) for _ in range(8)]
    later = NOON + timedelta(hours=1)

    moved = at_once(
        [lambda handoff=handoff: assignment.assign(handoff, at=later) for handoff in held]
    )

    assert {type(decision) for decision in moved} == {RoutingDecision}
    assert counters_are_true()
    assert {rep.open_count for rep in Rep.objects.all()} == {4}
