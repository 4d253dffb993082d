"""Leads routed by several worker processes at once, each taking batches as they come in.

Each worker claims a batch, decides it by the rules and stores it, as the product's workers do,
until nothing waits. The leads belong to as many territories as there are workers, with the same
reps in all of them, so that everybody is in everybody's way. The floor is the plain statement
that raises a counter and inserts a row, by as many processes.

Sizes by BENCH_ARRIVED (leads), BENCH_ARRIVAL_WORKERS and BENCH_ARRIVAL_BATCH.
"""

import logging
import multiprocessing
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from django.db.models import F

from benchmarks.sweep import copy
from routing import sweeps
from routing.models import Handoff, Rep
from tests.routing import sales

LEADS = int(os.environ.get("BENCH_ARRIVED", "10000"))
WORKERS = int(os.environ.get("BENCH_ARRIVAL_WORKERS", "4"))
BATCH = int(os.environ.get("BENCH_ARRIVAL_BATCH", "250"))
NOW = datetime(2026, 1, 13, 12, tzinfo=UTC)
COUNTRIES = ("DE", "FR", "IT", "ES")

FLOOR = """
CREATE TABLE floor_rep (id bigint PRIMARY KEY, capacity int, open_count int DEFAULT 0,
    CHECK (open_count <= capacity));
CREATE TABLE floor_given (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, rep_id bigint);
INSERT INTO floor_rep SELECT n, 1000000 FROM generate_series(1, 20) AS n;
"""
TAKE = """
WITH taken AS (UPDATE floor_rep SET open_count = open_count + 1 WHERE id = %s RETURNING id)
INSERT INTO floor_given (rep_id) SELECT id FROM taken
"""


def main() -> None:
    """Print both rates and whether anybody holds more than they may."""
    logging.disable(logging.INFO)
    name = connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        _measure()
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
        logging.disable(logging.NOTSET)


def _measure() -> None:
    reps = [sales.rep(f"Rep {number}", capacity=0) for number in range(20)]
    version = sales.agreement()
    for country in COUNTRIES:
        sales.team(*reps, name=country, countries=[country])
        first = sales.opened(version, sales.lead(country=country), at=NOW)
        with transaction.atomic():
            copy(first, LEADS // len(COUNTRIES) - 1)
    Rep.objects.filter(pk__in=[rep.pk for rep in reps]).update(capacity=LEADS // 20)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute(FLOOR)
    ours = _timed(_work)
    floor = _timed(_take)
    given = Handoff.objects.filter(status="assigned").count()
    over = Rep.objects.filter(open_count__gt=F("capacity")).count()
    print(f"{given:,} leads by {WORKERS} processes in batches of {BATCH}")
    print(f"routed with a stored decision  {given / ours:8,.0f} a second")
    print(f"counter raised, row inserted   {LEADS / floor:8,.0f} a second")
    print(f"above capacity                 {over:8}")


def _work(_: int) -> None:
    nothing = 0
    while nothing < 3:
        found = sweeps.route_waiting(at=NOW + timedelta(minutes=5), limit=BATCH)
        nothing = 0 if found else nothing + 1


def _take(worker: int) -> None:
    with connection.cursor() as cursor:
        for number in range(LEADS // WORKERS):
            cursor.execute(TAKE, [(worker + number) % 20 + 1])


def _timed(work: Callable[[int], None]) -> float:
    connection.close()
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=work, args=(number,)) for number in range(WORKERS)]
    started = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return time.perf_counter() - started
