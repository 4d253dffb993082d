"""A preview of what a version would change, over many live leads: seconds, and queries a chunk.

BENCH_LEADS leads (100,000) with ten touchpoints each, in a database of its own, judged by the
version in force; the preview is of a stricter one that would judge all of them anew.
"""

import time
from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from benchmarks import activation, evaluation
from benchmarks.evaluation import NOW
from leads import impacts
from tests.leads import editions


def main() -> None:
    """Print how long the preview takes, and how many queries a chunk of it."""
    name = connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        _measure()
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def _measure() -> None:
    editions.active(editions.mid_market(), at=NOW - timedelta(days=400))
    evaluation.populate()
    activation.drain(NOW)
    draft = editions.draft(
        editions.mid_market(plan="requalify", mql_touchpoints=3, sql_touchpoints=5)
    )
    impact = impacts.ask(draft, by=draft.author, at=NOW)
    costs = set()
    started = time.perf_counter()
    while True:
        with CaptureQueriesContext(connection) as asked:
            is_more = impacts.work()
        if not is_more:
            break
        costs.add(len(asked))
    taken = time.perf_counter() - started
    impact.refresh_from_db()
    print(
        f"{impact.judged_count:,} leads in {taken:.2f} s "
        f"({impact.judged_count / taken:,.0f} leads/s), {impact.lines.count():,} would change; "
        f"queries for {impacts.CHUNK:,} leads: {min(costs)} to {max(costs)}"
    )
