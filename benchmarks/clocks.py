"""Due instants, long intervals, and a million armed steps of which ten thousand are due.

Floors, in the same run: due instants by bisection in a list of open intervals that is at hand;
a thirty-day interval by the sums of that list; the due found and claimed by one statement that
locks steps alone; ten thousand of them marked in batches without any effect. `BENCH_STEPS` and
`BENCH_DUE` say how many. In a scratch database that is dropped at the end.
"""

import logging
import os
import statistics
import time
from bisect import bisect_right
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from itertools import accumulate
from random import Random
from typing import Any

from django.db import connection, transaction
from django.db.models import F

from crm_handoff.clock import database_now
from routing import calendar, escalation, timers
from routing.calendar import BusinessHours, Window
from routing.models import Handoff, SlaTimerStep
from tests.routing import clockwork

STEPS = int(os.environ.get("BENCH_STEPS", "1000000"))
DUE = int(os.environ.get("BENCH_DUE", "10000"))
SPREAD = int(os.environ.get("BENCH_SPREAD", "20"))
REPS = 20
ROUNDS = 5
BATCH = 200
DUES = 50_000
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
BEGINS = datetime(2026, 3, 1, tzinfo=UTC)
HOURS = BusinessHours(
    "Europe/Berlin",
    tuple(Window(day, clock(9), clock(17, 30)) for day in range(5)),
    country="DE",
    subdivision="BY",
)

CROWD = (
    """
    INSERT INTO {handoff}
    SELECT clone.* FROM {handoff} AS original, generate_series(1, %(count)s) AS n,
        LATERAL jsonb_populate_record(original, jsonb_build_object(
            'id', 1000000 + n, 'public_id', gen_random_uuid(), 'lead_id', 1000000 + n,
            'status', 'queued', 'rep_id', NULL, 'assigned_at', NULL,
            'queue_id', %(queue)s)) AS clone
    WHERE original.id = %(id)s
    """,
    """
    INSERT INTO {timer}
    SELECT clone.* FROM {timer} AS original, generate_series(1, %(count)s) AS n,
        LATERAL jsonb_populate_record(original, jsonb_build_object(
            'id', 1000000 + n, 'handoff_id', 1000000 + n)) AS clone
    WHERE original.handoff_id = %(id)s
    """,
    """
    INSERT INTO {step} (timer_id, kind, level, is_urgent, due_at, state)
    SELECT 1000000 + n, kind, level, mod(n, 10) = 0,
           due_at + interval '100 years' + n * interval '1 second', 'armed'
    FROM {step} AS original, generate_series(1, %(count)s) AS n
    WHERE original.timer_id = (SELECT id FROM {timer} WHERE handoff_id = %(id)s)
    """,
    """
    INSERT INTO {assignment} (handoff_id, decision_id, queue_id, began_at)
    SELECT 1000000 + n, decision_id, %(queue)s, began_at
    FROM {assignment}, generate_series(1, %(count)s) AS n WHERE handoff_id = %(id)s
    """,
)
TABLES = {
    name: f"routing_{table}"
    for name, table in {
        "handoff": "handoff",
        "timer": "slatimer",
        "step": "slatimerstep",
        "assignment": "assignment",
    }.items()
}
LEADS = """
INSERT INTO leads_lead
SELECT clone.* FROM leads_lead AS original, generate_series(1, %(count)s) AS n,
    LATERAL jsonb_populate_record(original, jsonb_build_object(
        'id', 1000000 + n, 'public_id', gen_random_uuid())) AS clone
WHERE original.id = %(lead)s
"""
FALL_DUE = """
UPDATE routing_slatimerstep SET due_at = %(from)s + mod(timer_id, %(due)s) * %(gap)s
WHERE kind = 'warn' AND state = 'armed'
  AND timer_id > %(after)s AND timer_id <= %(after)s + %(due)s
"""
CLAIM = """
SELECT id FROM routing_slatimerstep WHERE state = 'armed' AND due_at <= %s
ORDER BY due_at LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
"""
MARK = f"""
UPDATE routing_slatimerstep SET state = 'fired', fired_at = %s WHERE id IN ({CLAIM})
"""


def main() -> None:
    """Print what clocks cost, beside the floors."""
    _due_instants()
    _long_intervals()
    logging.disable(logging.INFO)
    name = connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        _steps()
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
        logging.disable(logging.NOTSET)


def _due_instants() -> None:
    random = Random(1)
    wanted = [
        (BEGINS + random.randrange(60 * 1440) * MINUTE, random.choice((5, 15, 60, 240)) * MINUTE)
        for _ in range(DUES)
    ]
    opened = list(calendar.open_intervals(HOURS, start=BEGINS, end=BEGINS + 90 * DAY))
    ends = [closes for _, closes in opened]

    def by_hand(start: datetime, amount: timedelta) -> datetime:
        for opens, closes in opened[bisect_right(ends, start) :]:
            begins = max(opens, start)
            if amount <= closes - begins:
                return begins + amount
            amount -= closes - begins
        raise LookupError

    def ours(start: datetime, amount: timedelta) -> datetime:
        return calendar.add(HOURS, start=start, amount=amount)

    assert all(ours(*one) == by_hand(*one) for one in wanted[:1_000])
    own = _best(lambda: [ours(*one) for one in wanted])
    floor = _best(lambda: [by_hand(*one) for one in wanted])
    print(f"due instants               {DUES / own:10,.0f} a second (at least 500,000)")
    print(f"  in a list at hand        {DUES / floor:10,.0f} a second")


def _long_intervals() -> None:
    starts = [BEGINS + number * MINUTE for number in range(500)]
    opened = list(calendar.open_intervals(HOURS, start=BEGINS, end=BEGINS + 90 * DAY))
    begins = [opens for opens, _ in opened]
    sums = [
        timedelta(0),
        *accumulate((closes - opens for opens, closes in opened), initial=None),
    ]

    def until(instant: datetime) -> timedelta:
        place = bisect_right(begins, instant)
        if place == 0:
            return timedelta(0)
        opens, closes = opened[place - 1]
        return sums[place - 1] + min(instant, closes) - opens

    def ours(start: datetime) -> timedelta:
        return calendar.elapsed(HOURS, start=start, end=start + 30 * DAY)

    assert all(ours(one) == until(one + 30 * DAY) - until(one) for one in starts)
    own = _best(lambda: [ours(start) for start in starts]) / len(starts)
    floor = _best(lambda: [until(one + 30 * DAY) - until(one) for one in starts]) / len(starts)
    print(f"interval of thirty days    {own * 1000:10.4f} ms (at most 1)")
    print(f"  by sums at hand          {floor * 1000:10.4f} ms")


def _steps() -> None:
    handoff = _crowd()
    at = database_now()
    _fall_due(0, at - timedelta(seconds=1), gap=timedelta(0))
    found = _best(lambda: _found(at))
    floor = _best(lambda: _claimed(at))
    print(f"{SlaTimerStep.objects.count():,} armed steps, {DUE:,} due")
    print(f"due found and claimed      {found * 1000:10.1f} ms (at most 50)")
    print(f"  by one statement         {floor * 1000:10.1f} ms")
    took, late = _drain()
    print(f"ten thousand due at once   {took:10.2f} s, {DUE / took:,.0f} a second, {late}")
    _fall_due(DUE, database_now(), gap=timedelta(seconds=SPREAD) / DUE)
    took, late = _drain()
    print(f"due one by one in {SPREAD:2} s     {took:10.2f} s, {late} (p99 at most 1 s)")
    _fall_due(2 * DUE, database_now() - timedelta(seconds=1), gap=timedelta(0))
    print(f"  marked without effect    {_timed(_mark):10.2f} s at once")
    assert handoff.pk


def _crowd() -> Handoff:
    """Clone one handoff with its clock until there are as many armed steps as wanted."""
    version = clockwork.agreement()
    evaluation = clockwork.judgment(version, met=["demo_requested"])
    queue = clockwork.queue()
    with transaction.atomic():
        handoff = clockwork.handoff(evaluation, holder=queue, calendar=clockwork.office())
        timer = timers.start(handoff, evaluation=evaluation, at=clockwork.NOON)
    timer.steps.update(due_at=F("due_at") + 365 * 100 * DAY)
    said = {
        "count": STEPS // timer.steps.count(),
        "id": handoff.pk,
        "queue": queue.pk,
        "lead": handoff.lead_id,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in (LEADS, *CROWD):
            cursor.execute(statement.format(**TABLES), said)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return handoff


def _fall_due(after: int, begins: datetime, *, gap: timedelta) -> None:
    said: dict[str, Any] = {"after": 1_000_000 + after, "due": DUE, "from": begins, "gap": gap}
    with connection.cursor() as cursor:
        cursor.execute(FALL_DUE, said)
        cursor.execute("VACUUM ANALYZE routing_slatimerstep")


def _found(at: datetime) -> None:
    """Find what is due and lock its handoffs and clocks, as firing does, and let go again."""
    with transaction.atomic():
        subjects = escalation.due_subjects(at=at, limit=BATCH)
        ids = [handoff_id for handoff_id, _ in subjects if handoff_id is not None]
        rows = Handoff.objects.select_for_update(no_key=True, skip_locked=True)
        assert len(rows.filter(pk__in=ids).defer("packet").order_by("pk")) == BATCH


def _claimed(at: datetime) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(CLAIM, [at, BATCH])
        assert len(cursor.fetchall()) == BATCH


def _drain() -> tuple[float, str]:
    """Fire until all that falls due is fired; return the seconds and how late it was."""
    began = time.perf_counter()
    late: list[float] = []
    while len(late) < DUE:
        at = database_now()
        if not escalation.fire_due(at=at, limit=BATCH):
            time.sleep(0.01)
            continue
        done = database_now()
        fired = SlaTimerStep.objects.filter(fired_at=at).values_list("due_at", flat=True)
        late += [(done - due_at).total_seconds() for due_at in fired]
    late.sort()
    p99 = late[int(len(late) * 0.99)]
    said = f"late by {statistics.median(late):.2f} s in the middle, {p99:.2f} s p99"
    return time.perf_counter() - began, said


def _mark() -> None:
    at, rows = database_now(), -1
    with connection.cursor() as cursor:
        while rows:
            cursor.execute(MARK, [at, at, BATCH])
            rows = cursor.rowcount


def _best(act: Callable[[], object]) -> float:
    return min(_timed(act) for _ in range(ROUNDS))


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began
