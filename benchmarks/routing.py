"""A lead routed with its decision stored, beside a counter that is raised and a row inserted.

Ours is everything that opening a handoff does in one transaction: packet, territory, round robin
under locks, decision with ten candidates, segment, clocks, notice. The floor raises the counter
of the least loaded rep by a conditional update and inserts one row, in one transaction too. Both
by the same connection, to a scratch database that is dropped at the end.
"""

import logging
import os
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from routing import handoffs
from routing.models import RoutingDecision
from tests import recipes
from tests.routing import sales

LEADS = int(os.environ.get("BENCH_ROUTED", "1000"))
REPS = 10
NOW = datetime(2026, 1, 13, 12, tzinfo=UTC)

FLOOR_TABLES = """
CREATE TABLE floor_rep (
    id bigint PRIMARY KEY, capacity int NOT NULL, open_count int NOT NULL DEFAULT 0,
    CHECK (open_count BETWEEN 0 AND capacity)
);
CREATE TABLE floor_handoff (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, lead_id bigint NOT NULL UNIQUE,
    rep_id bigint NOT NULL REFERENCES floor_rep, at timestamptz NOT NULL
);
"""
TAKE = """
UPDATE floor_rep SET open_count = open_count + 1
WHERE open_count < capacity AND id = (
    SELECT id FROM floor_rep WHERE open_count < capacity
    ORDER BY open_count, id LIMIT 1 FOR NO KEY UPDATE
) RETURNING id
"""
INSERT = "INSERT INTO floor_handoff (lead_id, rep_id, at) VALUES (%s, %s, %s)"


def main() -> None:
    """Print both rates and their ratio."""
    logging.disable(logging.INFO)
    name = connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        _measure()
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
        logging.disable(logging.NOTSET)


def _measure() -> None:
    version = recipes.signed_and_active(recipes.shipped_text(), at=NOW - timedelta(days=400))
    sales.team(*(sales.rep(f"Rep {number}", capacity=LEADS) for number in range(REPS)))
    waiting = [sales.qualified(version, _lead()) for _ in range(LEADS + 1)]
    with CaptureQueriesContext(connection) as queries:
        handoffs.open(waiting.pop(), at=NOW)
    ours = _timed(lambda one: handoffs.open(one, at=NOW), waiting)
    floor = _floor(range(LEADS))
    stored = RoutingDecision.objects.count() - 1
    print(f"{stored:,} leads to {REPS} reps, a transaction each")
    print(f"routed with a stored decision  {LEADS / ours:8,.0f} a second, {len(queries)} queries")
    print(f"counter raised, row inserted   {LEADS / floor:8,.0f} a second")
    print(f"ratio                          {floor / ours:8.3f}")


def _lead() -> Any:
    lead = recipes.fitting_lead(at=NOW - timedelta(days=3))
    recipes.touch(lead, "demo_request", at=NOW - timedelta(minutes=1))
    return lead


def _floor(leads: Sequence[int]) -> float:
    with connection.cursor() as cursor:
        cursor.execute(FLOOR_TABLES)
        cursor.executemany(
            "INSERT INTO floor_rep VALUES (%s, %s)", [(rep, LEADS) for rep in range(REPS)]
        )
    return _timed(_take, leads)


def _take(lead: int) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(TAKE)
        cursor.execute(INSERT, (lead, cursor.fetchone()[0], NOW))


def _timed(work: Callable[[Any], Any], each: Sequence[Any]) -> float:
    started = time.perf_counter()
    for one in each:
        work(one)
    return time.perf_counter() - started
