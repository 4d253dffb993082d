"""An activation that has everybody judged anew, beside the least that it can cost.

BENCH_LEADS leads (100,000) with ten touchpoints each, in a database of its own, judged by the
version in force; then another version comes into force that judges all of them again, and their
marks are worked off in batches as workers do. Few are handed over: nobody works a territory here,
and what a handoff costs is measured elsewhere. The floor runs the same facts queries for the same
batches, fetches every row, and copies the same results into empty tables, as in `evaluation`.
"""

import time
from datetime import datetime, timedelta

from django.db import connection, transaction

from benchmarks import evaluation
from benchmarks.evaluation import NOW
from crm_handoff import pipeline
from definitions.queries import agreement_of
from leads import qualification
from leads.models import Evaluation, Lead, PendingMark, StageTransition
from tests import recipes
from tests.leads import editions

GOAL = 2.5
THEN = NOW - timedelta(minutes=1)


def main() -> None:
    """Print both times and their ratio."""
    name = connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        _measure()
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def _measure() -> None:
    editions.active(editions.mid_market(), at=NOW - timedelta(days=400))
    evaluation.populate()
    drain(THEN)
    _forget()
    version = recipes.signed(
        editions.mid_market(plan="requalify", mql_touchpoints=3, sql_touchpoints=5), at=NOW
    )
    started = time.perf_counter()
    pipeline.put_in_force(version, by=None, at=NOW)
    switching = time.perf_counter() - started
    leads = [*PendingMark.objects.order_by("lead").values_list("lead", flat=True)]
    batches = [
        leads[start : start + pipeline.BACKLOG_BATCH]
        for start in range(0, len(leads), pipeline.BACKLOG_BATCH)
    ]
    queries = [evaluation.facts_queries(batch, agreement_of(version)) for batch in batches]
    started = time.perf_counter()
    drain(NOW)
    ours = time.perf_counter() - started
    print(
        f"{len(leads):,} of {Lead.objects.count():,} leads marked in {switching:.2f} s: "
        f"{Evaluation.objects.filter(at=NOW).count():,} evaluations and "
        f"{StageTransition.objects.filter(at=NOW).count():,} transitions kept"
    )
    floor = evaluation.floor_of(batches, queries)
    ratio = ours / floor.all
    print(
        f"ours {ours:.2f} s ({len(leads) / ours:,.0f} leads/s), floor {floor.all:.2f} s, "
        f"of which {floor.asking:.2f} s for the facts"
    )
    print(f"ratio {ratio:.2f}, goal at most {GOAL}: {'met' if ratio <= GOAL else 'MISSED'}")


def drain(at: datetime) -> None:
    """Judge all who wait, in batches of the backlog."""
    while True:
        with transaction.atomic():
            claims = qualification.claim(limit=pipeline.BACKLOG_BATCH, due_by=at)
            if not claims:
                return
            qualification.judge([one.lead_id for one in claims], at=at)
            qualification.finish(claims)


def _forget() -> None:
    """Put those whom sales would have back to marketing, so that everybody is judged anew."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE leads_lead SET stage = 'mql' WHERE stage = 'sql'")
        cursor.execute("VACUUM ANALYZE")
