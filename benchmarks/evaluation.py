"""Many leads judged and kept, beside the least it can cost: ask for the facts, copy the results.

BENCH_LEADS leads (100,000) with ten touchpoints each, in a database of its own. The floor runs
the same facts queries for the same batches, fetches every row, and copies the same results into
empty tables: evaluations and transitions with the checks, keys and indexes of the real ones, and
what judging writes to the leads into a bare table, without the indexes of theirs.
"""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from definitions.agreement import Agreement
from definitions.queries import agreement_of
from leads import bulk, facts, qualification
from leads.models import Evaluation, Lead, StageTransition, Touchpoint
from tests import recipes

LEADS = int(os.environ.get("BENCH_LEADS", "100000"))
TOUCHPOINTS_EACH = 10
BATCH = 1000
GOAL = 2.5
SEED = 0.42
NOW = datetime(2026, 1, 13, 12, tzinfo=UTC)

TITLES = ("CTO", "Head of IT", "Marketing Manager", "Software Engineer", "CEO", "Student", "")


def main() -> None:
    """Print both times and their ratio."""
    name = connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        _measure()
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def _measure() -> None:
    version = recipes.signed_and_active(recipes.shipped_text(), at=NOW - timedelta(days=400))
    populate()
    leads = list(Lead.objects.order_by("pk").values_list("pk", flat=True))
    batches = [leads[start : start + BATCH] for start in range(0, len(leads), BATCH)]
    agreement = agreement_of(version)
    queries = [facts_queries(batch, agreement) for batch in batches]
    started = time.perf_counter()
    for batch in batches:
        with transaction.atomic():
            claims = qualification.claim(limit=len(batch), due_by=NOW)
            qualification.judge([one.lead_id for one in claims], at=NOW)
            qualification.finish(claims)
    ours = time.perf_counter() - started
    print(
        f"{len(leads):,} leads, {Touchpoint.objects.count():,} touchpoints: "
        f"{Evaluation.objects.count():,} evaluations and "
        f"{StageTransition.objects.count():,} transitions kept"
    )
    floor = floor_of(batches, queries)
    ratio = ours / floor.all
    print(
        f"ours {ours:.2f} s ({len(leads) / ours:,.0f} leads/s), floor {floor.all:.2f} s, "
        f"of which {floor.asking:.2f} s for the facts"
    )
    print(f"ratio {ratio:.2f}, goal at most {GOAL}: {'met' if ratio <= GOAL else 'MISSED'}")


def populate() -> None:
    """Make the leads with what they did, all of them waiting to be judged."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(%s)", [SEED])
        cursor.execute(_ACCOUNTS, {"count": max(LEADS // 5, 1)})
        cursor.execute(_LEADS, {"count": LEADS, "titles": list(TITLES), "now": NOW})
        cursor.execute(_TOUCHPOINTS, {"each": TOUCHPOINTS_EACH, "now": NOW})
        cursor.execute(_HISTORY, {"then": NOW - timedelta(days=120)})
        cursor.execute("INSERT INTO leads_pendingmark (lead_id) SELECT id FROM leads_lead")
        cursor.execute("VACUUM ANALYZE")


_ACCOUNTS = """
INSERT INTO leads_account (public_id, name, domain, country, region, industry, employee_count,
    currency, funding_stage, technologies, is_target)
SELECT gen_random_uuid(), 'Account ' || n, 'account' || n || '.example', 'DE', '',
    (ARRAY['software', 'logistics', 'retail', 'agriculture'])[1 + floor(random() * 4)::int],
    (10 ^ (1 + random() * 3))::int, '', '', '{}', random() < 0.1
FROM generate_series(1, %(count)s) AS n
"""

_LEADS = """
INSERT INTO leads_lead (public_id, account_id, email, first_name, last_name, job_title, phone,
    country, region, language, currency, stage, stage_at, no_longer_meets, recycled_for,
    is_cool_off_firm, recycle_count)
SELECT gen_random_uuid(), 1 + (n - 1) / 5 + (SELECT min(id) - 1 FROM leads_account),
    'lead' || n || '@account' || n || '.example', 'Lea', 'No ' || n,
    (%(titles)s::text[])[1 + floor(random() * array_length(%(titles)s::text[], 1))::int],
    '', 'DE', '', 'en', '', 'new', %(now)s, FALSE, '{}', FALSE, 0
FROM generate_series(1, %(count)s) AS n
"""

_TOUCHPOINTS = """
WITH kinds AS (SELECT array_agg(id ORDER BY key) AS ids FROM definitions_touchpointkind)
INSERT INTO leads_touchpoint (lead_id, kind_id, channel, occurred_at, received_at, system,
    external_id, is_verified, is_bot, detail)
SELECT lead_id, ids[1 + floor(random() * array_length(ids, 1))::int],
    (ARRAY['web', 'email', 'event'])[1 + floor(random() * 3)::int],
    occurred_at, occurred_at, 'bench', lead_id || '-' || n, random() < 0.9, random() < 0.02, '{}'
FROM (
    SELECT lead.id AS lead_id, n,
        %(now)s::timestamptz - random() * interval '90 days' AS occurred_at
    FROM leads_lead AS lead, generate_series(1, %(each)s) AS n
) AS what, kinds
"""

_HISTORY = """
INSERT INTO leads_attributechange (lead_id, field, new, effective_at, received_at, source)
SELECT id, field, to_jsonb(value), %(then)s, %(then)s, 'bench'
FROM leads_lead, LATERAL (VALUES ('email', email), ('job_title', job_title), ('country', country),
    ('language', language)) AS said (field, value)
"""


Query = tuple[str, Any]


@dataclass(slots=True)
class Floor:
    """Seconds that the least took: in all, and of that for the facts."""

    all: float = 0
    asking: float = 0


def facts_queries(lead_ids: Sequence[int], agreement: Agreement) -> list[Query]:
    """Return the queries that answer the facts, by asking them; so they are in memory for both."""
    queries: list[Query] = []

    def note(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
        queries.append((sql, parameters))
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(note):
        facts.answer(lead_ids, agreement, at=NOW, known_at=NOW)
    return queries


_TABLES = """
CREATE TABLE bench_evaluation (LIKE leads_evaluation INCLUDING ALL);
ALTER TABLE bench_evaluation
    ADD FOREIGN KEY (lead_id) REFERENCES leads_lead DEFERRABLE INITIALLY DEFERRED,
    ADD FOREIGN KEY (version_id) REFERENCES definitions_definitionversion
        DEFERRABLE INITIALLY DEFERRED;
CREATE TABLE bench_transition (LIKE leads_stagetransition INCLUDING ALL);
ALTER TABLE bench_transition
    ADD FOREIGN KEY (lead_id) REFERENCES leads_lead DEFERRABLE INITIALLY DEFERRED,
    ADD FOREIGN KEY (evaluation_id) REFERENCES bench_evaluation DEFERRABLE INITIALLY DEFERRED;
CREATE TABLE bench_lead AS SELECT id, stage, stage_at, version_id, latest_evaluation_id,
    no_longer_meets, reevaluate_at FROM leads_lead WITH NO DATA;
"""
_RESULTS = {
    "bench_evaluation": """
        SELECT * FROM leads_evaluation WHERE lead_id BETWEEN %s AND %s AND at = %s
    """,
    "bench_transition": """
        SELECT * FROM leads_stagetransition WHERE lead_id BETWEEN %s AND %s AND at = %s
    """,
    "bench_lead": """
        SELECT id, stage, stage_at, version_id, latest_evaluation_id, no_longer_meets,
            reevaluate_at
        FROM leads_lead WHERE id BETWEEN %s AND %s AND %s::timestamptz IS NOT NULL
    """,
}


def floor_of(batches: Sequence[Sequence[int]], queries: Sequence[Sequence[Query]]) -> Floor:
    """Ask the facts again, and copy what judging at the present kept of each batch of ids."""
    floor = Floor()
    with connection.cursor() as cursor, bulk.cursor() as asking:
        cursor.execute(_TABLES)
        for asked, batch in zip(queries, batches, strict=True):
            kept = {
                table: _kept(cursor, sql, [batch[0], batch[-1], NOW])
                for table, sql in _RESULTS.items()
            }
            started = time.perf_counter()
            with transaction.atomic():
                for sql, parameters in asked:
                    asking.execute(sql, parameters)
                    asking.fetchall()
                floor.asking += time.perf_counter() - started
                for table, rows in kept.items():
                    with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                        copy.write(rows)
            floor.all += time.perf_counter() - started
    return floor


def _kept(cursor: Any, sql: str, bounds: Sequence[int]) -> bytes:
    with cursor.copy(f"COPY ({sql}) TO STDOUT", bounds) as copy:
        return b"".join(map(bytes, copy))
