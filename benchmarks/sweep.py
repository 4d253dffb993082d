"""A queue handed out in one go, beside a plain loop over the same rows.

Ours claims the waiting leads by urgency, decides each by the rules with all its candidates and
stores that, takes turns and places, and owes the notices; in one transaction. The floor takes the
members in plain turns, raises counters in memory, and writes owner, segment and a decision
without candidates by three statements. Odoo 18 takes 158 s to assign as many leads.

Sizes by BENCH_SWEPT (leads) and BENCH_SWEPT_REPS; in a scratch database that is dropped.
"""

import gc
import logging
import os
import time
from datetime import UTC, datetime, timedelta
from itertools import cycle

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from routing import replay, sweeps
from routing.models import Handoff, Rep
from tests.routing import sales

LEADS = int(os.environ.get("BENCH_SWEPT", "10000"))
REPS = int(os.environ.get("BENCH_SWEPT_REPS", "20"))
NOW = datetime(2026, 1, 13, 12, tzinfo=UTC)


def main() -> None:
    """Print the time of a whole sweep and of a tenth, and the floor's."""
    logging.disable(logging.INFO)
    name = connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        _measure()
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
        logging.disable(logging.NOTSET)


def _measure() -> None:
    reps = [sales.rep(f"Rep {number}", capacity=0) for number in range(REPS)]
    sales.team(*reps)
    wait(LEADS + LEADS // 10)
    capacity = (LEADS + LEADS // 10) // REPS + 1
    Rep.objects.filter(pk__in=[rep.pk for rep in reps]).update(capacity=capacity)
    with CaptureQueriesContext(connection) as queries:
        tenth = _swept(LEADS // 10)
    whole = _swept(LEADS)
    loads = sorted(Rep.objects.filter(capacity=capacity).values_list("open_count", flat=True))
    print(f"{LEADS:,} leads to {REPS} reps in one sweep, a decision with candidates each")
    print(f"swept                {whole:8.2f} s, {LEADS / whole:,.0f} a second")
    print(
        f"a tenth of them      {tenth:8.2f} s, {len(queries) / (LEADS // 10):.3f} queries a lead"
    )
    print(f"plain loop           {_floor(LEADS):8.2f} s")
    print(f"loads                {loads[0]} to {loads[-1]}")
    started = time.perf_counter()
    decided = list(replay.replay_all(replay.decided_by_rules()))
    same = sum(one.is_same for one in decided)
    took = time.perf_counter() - started
    print(f"replayed             {same:,} of {len(decided):,} the same, {took:.2f} s")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT avg(pg_column_size(decision.*)) FROM routing_routingdecision AS decision"
            " WHERE rep_id IS NOT NULL"
        )
        print(f"a decision           {cursor.fetchone()[0]:8.0f} bytes, {REPS} candidates")


def wait(count: int) -> None:
    """Let leads wait in the territory's queue, each with its clock: copies of a first one."""
    first = sales.opened(sales.agreement(), at=NOW)
    with transaction.atomic():
        copy(first, count - 1)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _swept(limit: int) -> float:
    gc.collect()  # What the filling left behind is not to be collected on the sweep's time.
    started = time.perf_counter()
    given = sweeps.route_waiting(at=NOW + timedelta(minutes=5), limit=limit)
    took = time.perf_counter() - started
    if given != limit:
        raise RuntimeError(f"{given} of {limit} were given to reps.")
    return took


def _floor(count: int) -> float:
    """Give the same handoffs away again by a plain loop, in a transaction that is undone."""
    ids = list(Handoff.objects.order_by("pk").values_list("pk", flat=True)[:count])
    reps = cycle(Rep.objects.filter(capacity__gt=0).order_by("pk").values_list("pk", flat=True))
    started = time.perf_counter()
    with transaction.atomic(), connection.cursor() as cursor:
        taken = [next(reps) for _ in ids]
        cursor.execute(
            "UPDATE routing_assignment SET ended_at = began_at "
            "WHERE handoff_id = ANY(%s) AND ended_at IS NULL",
            [ids],
        )
        cursor.execute(
            "INSERT INTO routing_routingdecision (handoff_id, at, rule, schema, inputs, outcomes,"
            " candidates, rep_id, why) SELECT handoff, %s, 'territory', 2, '{}', '[]', '[]', rep,"
            " 'Next' FROM unnest(%s::bigint[], %s::bigint[]) AS given (handoff, rep)",
            [NOW, ids, taken],
        )
        cursor.execute(
            "UPDATE routing_handoff AS handoff SET assigned_at = %s "
            "FROM unnest(%s::bigint[], %s::bigint[]) AS given (id, rep) "
            "WHERE handoff.id = given.id",
            [NOW, ids, taken],
        )
        transaction.set_rollback(True)
    return time.perf_counter() - started


_COPY = """
INSERT INTO {table} SELECT (jsonb_populate_record(NULL::{table}, to_jsonb(row) || {changes})).*
FROM {table} AS row, made WHERE row.{by} = %(of)s
"""
_LEAD = "jsonb_build_object('id', made.lead, 'public_id', gen_random_uuid())"
_HANDOFF = (
    "jsonb_build_object('id', made.handoff, 'public_id', gen_random_uuid(), 'lead_id', made.lead,"
    " 'evaluation_id', made.evaluation)"
)
_EVALUATION = "jsonb_build_object('id', made.evaluation, 'lead_id', made.lead)"
_DECISION = "jsonb_build_object('id', made.decision, 'handoff_id', made.handoff)"
_SEGMENT = (
    "jsonb_build_object('id', nextval(pg_get_serial_sequence('routing_assignment', 'id')),"
    " 'handoff_id', made.handoff, 'decision_id', made.decision)"
)
_CLOCK = (
    "jsonb_build_object('id', nextval(pg_get_serial_sequence('routing_slatimer', 'id')),"
    " 'public_id', gen_random_uuid(), 'handoff_id', made.handoff)"
)


def copy(first: Handoff, count: int) -> None:
    """Add copies of a waiting lead with its evaluation, handoff, decision, segment and clocks."""
    with connection.cursor() as cursor:
        cursor.execute(_MADE, [count])
        for table, changes, by, of in (
            ("leads_lead", _LEAD, "id", first.lead_id),
            ("leads_evaluation", _EVALUATION, "id", first.evaluation_id),
            ("routing_handoff", _HANDOFF, "id", first.pk),
            ("routing_routingdecision", _DECISION, "handoff_id", first.pk),
            ("routing_assignment", _SEGMENT, "handoff_id", first.pk),
            ("routing_slatimer", _CLOCK, "handoff_id", first.pk),
        ):
            statement = _COPY.format(table=table, changes=changes, by=by)
            cursor.execute(statement, {"of": of})
        cursor.execute("DROP TABLE made")


_MADE = """
CREATE TEMPORARY TABLE made AS
SELECT nextval(pg_get_serial_sequence('leads_lead', 'id')) AS lead,
       nextval(pg_get_serial_sequence('leads_evaluation', 'id')) AS evaluation,
       nextval(pg_get_serial_sequence('routing_handoff', 'id')) AS handoff,
       nextval(pg_get_serial_sequence('routing_routingdecision', 'id')) AS decision
FROM generate_series(1, %s)
"""
