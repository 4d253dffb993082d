"""Queue, team, routing and SLA pages with 100,000 open handoffs and a million leads.

Each page is read in this process by Django's test client as whoever looks at it; beside it stand
its queries, and its floor in the same run: the same rows by one statement that is written by
hand, in a plain template. Then every invariant of the round of each minute is asked once.

Beside the time on the wall stand the times that this process and its server process were busy,
which say more where other work runs. Sizes as `benchmarks.data.handoffs` says; in a scratch
database that is dropped at the end, or with BENCH_KEEP=1 kept full for the next time. BENCH_PAGES
narrows the pages to those whose address holds it.
"""

import math
import os
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from django.db import connection
from django.template import Context, Template
from django.test import Client
from django.test.utils import (
    CaptureQueriesContext,
    override_settings,
    setup_databases,
    teardown_databases,
)

from benchmarks.admin import GOAL_MS, MOST_QUERIES, READS, STORAGES
from benchmarks.data import handoffs
from benchmarks.data.handoffs import World
from benchmarks.rest import quiet
from crm_handoff import rounds
from crm_handoff.clock import database_now
from crm_handoff.invariants import CHECKS
from crm_handoff.models import User
from routing.invariants import violations

ROUND_GOAL_S = 2
RECENT = timedelta(days=2)
KEEP = bool(os.environ.get("BENCH_KEEP"))
CHOSEN = os.environ.get("BENCH_PAGES", "")


@dataclass(frozen=True, slots=True)
class Page:
    """A page, who reads it, and the statement that its rows cannot do without."""

    address: str
    reader: User
    floor: str


def main() -> None:
    databases = setup_databases(verbosity=0, interactive=False, keepdb=KEEP, serialized_aliases=())
    try:
        # Not Django's environment of tests, which copies the context of each template drawn.
        with quiet(), override_settings(STORAGES=STORAGES, ALLOWED_HOSTS=["testserver"]):
            world = handoffs.world()
            if not CHOSEN:
                measure_round()
            for page in pages(world):
                if CHOSEN in page.address:
                    measure(page, world)
    finally:
        teardown_databases(databases, verbosity=0, keepdb=KEEP)


def measure_round() -> None:
    """Print how long each invariant takes, of the last two days and of all time, and a round."""
    at = database_now()
    total = 0.0
    for check in CHECKS:
        took, found = _timed(partial(violations, check, at=at, since=at - RECENT))
        ever, _rows = _timed(partial(violations, check, at=at))
        total += took
        print(
            f"pages invariant {check.name:32} {took * 1e3:7.1f} ms, all of history "
            f"{ever * 1e3:7.1f} ms, rows {len(found)}",
            flush=True,
        )
    verdict = "ok" if total <= ROUND_GOAL_S else "MISSED"
    print(f"pages invariants, a round {total:.2f} s goal {ROUND_GOAL_S} s {verdict}", flush=True)
    while rounds.look(at=at):
        pass


def _timed(act: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    found = act()
    return time.perf_counter() - started, found


def pages(world: World) -> tuple[Page, ...]:
    """Return the pages in the order in which they are read."""
    return (
        Page("/queue/", world.rita, QUEUE),
        Page("/queue/waiting/", world.rita, MAY_TAKE),
        Page("/team/", world.manager, CLOCKS),
        Page("/team/?state=late", world.manager, LATE),
        Page("/team/?page=200", world.revops, CLOCKS),
        Page("/team/side/", world.manager, WAITING_LEADS),
        Page("/team/side/", world.revops, WAITING_LEADS),
        Page("/routing/", world.manager, MEMBERS),
        Page("/routing/fairness/", world.manager, TURNS),
        Page("/routing/fairness/?weeks=13", world.revops, TURNS.replace("28 days", "13 weeks")),
        Page("/sla/response/", world.manager, MISSED),
        Page("/sla/response/?weeks=13", world.manager, MISSED.replace("28 days", "13 weeks")),
        Page("/sla/criteria/", world.marketing, BATCHES),
        Page(world.batch, world.manager, OFFENDERS),
        Page("/health/", world.revops, "SELECT * FROM crm_handoff_checkup"),
        Page("/", world.manager, WEEKS),
        Page("/", world.marketing, WEEKS),
        Page("/", world.revops, WEEKS),
    )


NAMED = """lead.first_name, lead.last_name, account.name, handoff.status"""
WITH_NAMES = """JOIN leads_lead lead ON lead.id = handoff.lead_id
JOIN leads_account account ON account.id = lead.account_id"""

QUEUE = f"""
SELECT {NAMED}, clock.due_at, decision.why FROM routing_handoff handoff {WITH_NAMES}
JOIN routing_rep rep ON rep.id = handoff.rep_id
LEFT JOIN LATERAL (SELECT min(due_at) AS due_at FROM routing_slatimer
    WHERE handoff_id = handoff.id AND state = 'running') clock ON TRUE
LEFT JOIN LATERAL (SELECT why FROM routing_routingdecision WHERE handoff_id = handoff.id
    ORDER BY at DESC LIMIT 1) decision ON TRUE
WHERE rep.user_id = %(reader)s AND handoff.status IN ('assigned', 'accepted') ORDER BY due_at
"""
MAY_TAKE = f"""
SELECT {NAMED}, clock.due_at, count(*) OVER () FROM routing_handoff handoff {WITH_NAMES}
JOIN routing_slatimer clock ON clock.handoff_id = handoff.id AND milestone = 'first_response'
JOIN routing_territorymembership member ON member.territory_id = handoff.territory_id
JOIN routing_rep rep ON rep.id = member.rep_id
WHERE rep.user_id = %(reader)s AND handoff.status = 'queued' ORDER BY due_at LIMIT 10
"""
CLOCKS = f"""
SELECT clock.milestone, clock.due_at, {NAMED}, handoff.rep_id,
    (SELECT count(*) FROM routing_slatimer WHERE state IN ('running', 'paused', 'breached')
     AND stopped_at IS NULL AND given_up_at IS NULL)
FROM routing_slatimer clock JOIN routing_handoff handoff ON handoff.id = clock.handoff_id
{WITH_NAMES}
WHERE clock.state IN ('running', 'paused', 'breached') AND stopped_at IS NULL
    AND given_up_at IS NULL ORDER BY clock.due_at, clock.id LIMIT 50
"""
LATE = CLOCKS.replace("ORDER BY", "AND clock.due_at <= now() ORDER BY")
WAITING_LEADS = f"""
SELECT {NAMED}, handoff.opened_at,
    (SELECT count(*) FROM routing_handoff WHERE status = 'queued')
FROM routing_handoff handoff {WITH_NAMES}
WHERE handoff.status = 'queued' ORDER BY opened_at, handoff.id LIMIT 20
"""
MEMBERS = """
SELECT territory.name, person.email, rep.open_count, rep.capacity, waiting.count, waiting.since
FROM routing_territory territory
JOIN routing_territorymembership member ON member.territory_id = territory.id
JOIN routing_rep rep ON rep.id = member.rep_id
JOIN crm_handoff_user person ON person.id = rep.user_id
LEFT JOIN (SELECT queue_id, count(*), min(opened_at) AS since FROM routing_handoff
    WHERE status = 'queued' GROUP BY queue_id) waiting ON waiting.queue_id = territory.queue_id
ORDER BY territory.position, member.id
"""
TURNS = """
SELECT decision.territory_id, candidate ->> 'rep', candidate ->> 'code', count(*),
    count(*) FILTER (WHERE (candidate ->> 'rep')::bigint = decision.rep_id)
FROM routing_routingdecision decision
CROSS JOIN LATERAL jsonb_array_elements(candidates) candidate
WHERE at >= now() - interval '28 days' AND rule IN ('territory', 'queue')
GROUP BY 1, 2, 3
"""
MISSED = """
SELECT handoff.rep_id, handoff.queue_id, handoff.territory_id, count(*),
    count(*) FILTER (WHERE clock.state <> 'met')
FROM routing_slatimer clock JOIN routing_handoff handoff ON handoff.id = clock.handoff_id
WHERE milestone = 'first_response' AND clock.state IN ('running', 'met', 'breached')
    AND due_at > now() - interval '28 days' AND due_at <= now() GROUP BY 1, 2, 3
"""
BATCHES = """
SELECT campaign.name, count(*), count(*) FILTER (WHERE floor_missed)
FROM routing_handoff handoff JOIN leads_campaign campaign ON campaign.id = handoff.campaign_id
WHERE opened_at >= now() - interval '28 days' GROUP BY campaign.name
"""
OFFENDERS = f"""
SELECT {NAMED}, handoff.opened_at, "check".missed, count(*) OVER ()
FROM routing_handoff handoff {WITH_NAMES}
LEFT JOIN LATERAL (SELECT missed FROM routing_floorcheck WHERE handoff_id = handoff.id
    ORDER BY at DESC LIMIT 1) "check" ON TRUE
WHERE handoff.campaign_id = %(campaign)s AND floor_missed
    AND opened_at >= now() - interval '28 days'
ORDER BY opened_at DESC LIMIT 50
"""
WEEKS = """
SELECT date_trunc('week', opened_at), count(*), count(*) FILTER (WHERE status = 'rejected'),
    count(*) FILTER (WHERE floor_missed), count(clock.id) FILTER (WHERE clock.state <> 'met')
FROM routing_handoff handoff
LEFT JOIN routing_slatimer clock ON clock.handoff_id = handoff.id AND milestone = 'first_response'
WHERE opened_at >= now() - interval '13 weeks' GROUP BY 1
"""

PLAIN = Template(
    "<table>{% for row in rows %}<tr>{% for value in row %}<td>{{ value }}</td>{% endfor %}</tr>"
    "{% endfor %}</table>"
)


def measure(page: Page, world: World) -> None:
    """Print the time and the queries of a page beside its floor."""
    client = Client()
    client.force_login(page.reader, "django.contrib.auth.backends.ModelBackend")
    took = spent(lambda: read(client, page.address))
    said = {"reader": page.reader.pk, "campaign": world.campaign}
    floor = spent(lambda: draw(page.floor, said))
    with CaptureQueriesContext(connection) as queries:
        read(client, page.address)
    verdict = "ok" if took.p95 <= GOAL_MS and len(queries) <= MOST_QUERIES else "MISSED"
    print(
        f"pages {page.reader.email.split('@')[0]:9.9} {page.address:42.42} p50 {took.p50:6.1f} "
        f"p95 {took.p95:6.1f} ms goal {GOAL_MS} busy {took.own:6.1f} server {took.server:6.1f} "
        f"queries {len(queries):2} goal {MOST_QUERIES} floor {floor.p50:6.1f} "
        f"busy {floor.own:5.1f} server {floor.server:6.1f} {verdict}",
        flush=True,
    )
    for query in sorted(queries, key=lambda one: -float(one["time"]))[:SLOWEST]:
        print(f"    {float(query['time']) * 1e3:6.0f} ms {query['sql'][:SHOWN]}", flush=True)


SLOWEST = int(os.environ.get("BENCH_SLOWEST", "0"))
"""Statements of each page that are shown, the slowest first."""
SHOWN = 3000


def read(client: Client, address: str) -> None:
    answer = client.get(address, secure=True)
    assert answer.status_code == 200, (address, answer.status_code)


def draw(statement: str, said: Mapping[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, said)
        PLAIN.render(Context({"rows": cursor.fetchall()}))


@dataclass(frozen=True, slots=True)
class Spent:
    """How long an act takes once it is warm, in milliseconds.

    `own` and `server`: how long this process and the one that serves it were busy, on average;
    the latter is nan where the server is not on this machine, and leaves out parallel workers.
    """

    p50: float
    p95: float
    own: float
    server: float


def spent(act: Callable[[], None]) -> Spent:
    """Return what an act takes, done again and again."""
    act()
    own, server = time.process_time(), _busy_server()
    took = sorted(_timed(act)[0] * 1e3 for _ in range(READS))
    own, server = time.process_time() - own, _busy_server() - server
    return Spent(
        statistics.median(took),
        took[int(READS * 0.95) - 1],
        own * 1e3 / READS,
        server * 1e3 / READS,
    )


def _busy_server() -> float:
    """Return for how many seconds the process that serves the connection was busy."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    try:
        said = Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii")
    except OSError:
        return math.nan
    return int(said.split()[0]) / 1e9


if __name__ == "__main__":
    main()
