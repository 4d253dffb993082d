"""Queue, team, routing and SLA pages with 100,000 open handoffs and a million leads.

Each page is read in this process by Django's test client as whoever looks at it; beside it stand
its queries, and its floor in the same run: the same rows by one statement that is written by
hand, in a plain template. Then every invariant of the round of each minute is asked once.

Sizes by BENCH_LEADS, BENCH_OPEN (open handoffs; as many closed ones fill the last 13 weeks) and
BENCH_REPS; in a scratch database that is dropped at the end.
"""

import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.template import Context, Template
from django.test import Client
from django.test.utils import (
    CaptureQueriesContext,
    override_settings,
    setup_databases,
    setup_test_environment,
    teardown_databases,
)

from benchmarks.admin import GOAL_MS, MOST_QUERIES, READS, STORAGES
from benchmarks.rest import quiet
from benchmarks.scale import ACCOUNTS, FILL, LEADS
from crm_handoff import rounds
from crm_handoff.clock import database_now
from crm_handoff.invariants import CHECKS
from crm_handoff.models import Organization, User
from crm_handoff.people import roles
from crm_handoff.people.roles import Role
from leads.models import Account, Campaign, Lead
from routing.invariants import violations
from routing.models import Handoff, Rep, Territory, TerritoryMembership
from tests.routing import sales
from tests.routing.clockwork import office, queue

OPEN = int(os.environ.get("BENCH_OPEN", str(LEADS // 10)))
REPS = int(os.environ.get("BENCH_REPS", "200"))
TERRITORIES = 20
CAMPAIGNS = 40
OWN = 30
"""Leads that the rep holds whose queue is read."""
WAITING = max(OPEN // 20, 1)
"""Leads that wait in that rep's territory, who may take them."""
BATCH = max(OPEN // 10, 1)
"""Handovers of the batch that is read, 4 of 100 below the floor."""
ROUND_GOAL_S = 2
RECENT = timedelta(days=2)

COPY = """
INSERT INTO {table} SELECT clone.*
FROM (SELECT row AS original FROM {table} AS row WHERE {of} LIMIT 1) AS first CROSS JOIN made
{joined} CROSS JOIN LATERAL jsonb_populate_record(first.original, {changes}) AS clone {where}
"""
"""The function stands in FROM: in the list of columns it would be called once a column."""

LEAD = """
INSERT INTO leads_lead (public_id, account_id, version_id, email, first_name, last_name, job_title,
    phone, country, region, language, currency, stage, stage_at, no_longer_meets, recycled_for,
    is_cool_off_firm, recycle_count, created_at, updated_at)
SELECT gen_random_uuid(), %(account)s + mod(n, %(accounts)s), %(version)s,
    'lead' || n || '@bench.example',
    (ARRAY['Ada', 'Bo', 'Cem', 'Dora', 'Eva', 'Finn'])[1 + mod(n, 6)],
    initcap(substr(md5(n::text), 1, 7)), 'VP Operations', '', 'DE', '', 'de', '',
    CASE WHEN n <= %(open)s THEN 'sql' WHEN n <= 2 * %(open)s
         THEN (ARRAY['recycled', 'opportunity', 'won', 'recycled'])[1 + mod(n, 4)]
         ELSE (ARRAY['new', 'iql', 'mql'])[1 + mod(n, 3)] END,
    now() - mod(n, 7000000) * interval '1 second', FALSE, '{}', FALSE, 0,
    now() - n * interval '5 seconds', now() - n * interval '5 seconds'
FROM generate_series(1, %(leads)s) AS n
"""

MADE = """
CREATE TEMPORARY TABLE made AS
WITH sequence AS (
    SELECT n, n <= %(open)s AS is_open,
        CASE WHEN n <= %(own)s THEN 0 ELSE 1 + mod(n, %(reps)s - 1) END AS rep,
        n > %(own)s AND (n <= %(own)s + %(waiting)s OR mod(n, 5) < 2) AS is_queued,
        mod(n * 7919::bigint, 1000) AS dice
    FROM generate_series(1, 2 * %(open)s) AS n
)
SELECT n, is_open, dice, %(lead)s + n AS lead,
    nextval('leads_evaluation_id_seq') AS evaluation,
    nextval('routing_handoff_id_seq') AS handoff,
    nextval('routing_routingdecision_id_seq') AS decision,
    nextval('routing_slatimer_id_seq') AS timer,
    CASE WHEN NOT is_open THEN (ARRAY['expired', 'converted'])[1 + mod(n, 2)]
         WHEN is_queued THEN 'queued' WHEN mod(n, 3) = 0 THEN 'accepted' ELSE 'assigned' END
        AS status,
    (%(rep_ids)s::bigint[])[1 + rep] AS rep,
    (%(queue_ids)s::bigint[])[1 + place] AS queue,
    (%(territory_ids)s::bigint[])[1 + place] AS territory,
    (%(campaign_ids)s::bigint[])[CASE WHEN n > %(open)s AND n <= %(open)s + %(batch)s THEN 1
                                 ELSE 2 + mod(n, %(campaigns)s - 1) END] AS campaign,
    %(at)s - CASE WHEN is_open THEN mod(n * 7919::bigint, 259200)
                  WHEN n <= %(open)s + %(batch)s THEN mod(n * 7919::bigint, 2332800)
                  ELSE mod(n * 7919::bigint, 7776000) END * interval '1 second' AS opened_at,
    %(at)s + CASE WHEN is_open AND dice < 50 THEN -dice * interval '1 minute'
                  ELSE (60 + dice) * interval '1 minute' END AS due_at,
    dice < 40 AS is_below
FROM sequence, LATERAL (SELECT CASE WHEN n <= %(own)s + %(waiting)s THEN 0 WHEN is_queued
                        THEN 1 + mod(n, %(territories)s - 1)
                        ELSE mod(rep, %(territories)s) END AS place) AS place
"""
"""What is made: a row a handoff, with the ids and instants of all that belongs to it."""

TRANSITIONS = """
INSERT INTO leads_stagetransition (lead_id, from_stage, to_stage, cause, path, evaluation_id, at,
    note)
SELECT lead, step.source, step.target, 'evaluation', 'standard', evaluation,
    opened_at - step.before, ''
FROM made, (VALUES ('new', 'mql', interval '9 days'), ('mql', 'sql', interval '0'))
    AS step (source, target, before)
UNION ALL
SELECT lead, 'sql', stage, 'external', '', NULL, opened_at + interval '2 days', ''
FROM made JOIN leads_lead ON leads_lead.id = made.lead WHERE NOT is_open
UNION ALL
SELECT id, 'new', 'mql', 'external', '', NULL, stage_at, '' FROM leads_lead WHERE stage = 'mql'
"""

EVALUATION = """jsonb_build_object('id', evaluation, 'lead_id', lead, 'at', opened_at,
    'known_at', opened_at, 'tipped_at', opened_at)"""

HANDOFF = """jsonb_build_object('id', handoff, 'public_id', gen_random_uuid(), 'lead_id', lead,
    'evaluation_id', evaluation, 'status', status, 'territory_id', territory,
    'rep_id', CASE WHEN status <> 'queued' THEN rep END,
    'queue_id', CASE WHEN status = 'queued' THEN queue END,
    'campaign_id', campaign, 'floor_missed', is_below, 'qualified_at', opened_at,
    'opened_at', opened_at, 'assigned_at', CASE WHEN status <> 'queued' THEN opened_at END,
    'first_attempt_at', CASE WHEN status NOT IN ('queued', 'assigned') THEN opened_at END,
    'accepted_at', CASE WHEN status IN ('accepted', 'converted') THEN opened_at END,
    'closed_at', CASE WHEN NOT is_open THEN least(opened_at + interval '2 days', %(at)s) END,
    'updated_at', opened_at)"""

DECISION = """jsonb_build_object('id', decision, 'handoff_id', handoff, 'at', opened_at,
    'territory_id', territory,
    'rule', CASE WHEN status = 'queued' THEN 'queue' ELSE 'territory' END,
    'rep_id', CASE WHEN status <> 'queued' THEN rep END,
    'queue_id', CASE WHEN status = 'queued' THEN queue END,
    'candidates', (SELECT candidates FROM pools WHERE pools.territory = made.territory))"""

SEGMENT = """jsonb_build_object('id', nextval('routing_assignment_id_seq'), 'handoff_id', handoff,
    'decision_id', decision, 'began_at', opened_at,
    'ended_at', CASE WHEN NOT is_open THEN least(opened_at + interval '2 days', %(at)s) END,
    'rep_id', CASE WHEN status <> 'queued' THEN rep END,
    'queue_id', CASE WHEN status = 'queued' THEN queue END)"""

RESPONSE = """jsonb_build_object('id', timer, 'handoff_id', handoff, 'started_at', opened_at,
    'promised_at', promised_at, 'due_at', promised_at, 'backstop_at', NULL,
    'state', state, 'breached_at', CASE WHEN state = 'breached' THEN promised_at END,
    'stopped_at', CASE WHEN NOT is_open OR state = 'met' THEN opened_at + interval '1 hour' END,
    'updated_at', opened_at)"""

RESPONSES = """CROSS JOIN LATERAL (
    SELECT CASE WHEN is_open THEN greatest(due_at, opened_at) ELSE opened_at + interval '4 hours'
           END AS promised_at,
        CASE WHEN status = 'accepted' THEN 'met' WHEN is_open AND due_at > %(at)s THEN 'running'
             WHEN is_open OR dice < 80 THEN 'breached' ELSE 'met' END AS state) AS clock"""

SECOND = """jsonb_build_object('id', nextval('routing_slatimer_id_seq'), 'handoff_id', handoff,
    'milestone', CASE WHEN status = 'accepted' THEN 'outcome' ELSE 'acceptance' END,
    'started_at', opened_at, 'promised_at', due_at + interval '20 days', 'backstop_at', NULL,
    'due_at', due_at + interval '20 days', 'updated_at', opened_at)"""

COPIES = (
    ("leads_evaluation", EVALUATION, "", ""),
    ("routing_handoff", HANDOFF, "", ""),
    ("routing_routingdecision", DECISION, "", ""),
    ("routing_assignment", SEGMENT, "", ""),
    ("routing_slatimer", RESPONSE, RESPONSES, ""),
    ("routing_slatimer", SECOND, "", "WHERE status IN ('assigned', 'accepted')"),
)
"""Tables with what their copies have of their own, what is joined, and which are made."""

STEPS = (
    """
    INSERT INTO routing_slatimerstep (timer_id, kind, level, is_urgent, due_at, state)
    SELECT id, kind, 1, mod(id, 10) = 0, due_at + after, 'armed' FROM routing_slatimer,
        (VALUES ('breach', interval '0'), ('escalate', interval '4 hours')) AS step (kind, after)
    WHERE state = 'running' ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO routing_slatimerstep (timer_id, kind, level, is_urgent, due_at, state, fired_at)
    SELECT id, 'breach', 1, FALSE, due_at, 'fired', due_at FROM routing_slatimer
    WHERE state = 'breached'
    """,
    """
    INSERT INTO routing_slaevent (timer_id, kind, at, detail)
    SELECT id, 'started', started_at, '{}'::jsonb FROM routing_slatimer
    UNION ALL SELECT id, 'breached', breached_at, '{}'::jsonb FROM routing_slatimer
    WHERE state = 'breached'
    """,
    """
    INSERT INTO routing_floorcheck (handoff_id, at, cause, missed, values)
    SELECT handoff, opened_at, 'handover', CASE WHEN is_below THEN ARRAY['company_size'] ELSE '{}'
        END::text[], '{"company_size": 12}'::jsonb FROM made
    """,
)

POOLS = """
CREATE TEMPORARY TABLE pools AS
SELECT territory_id AS territory, jsonb_agg(jsonb_build_object('rep', rep_id, 'name', 'Rep',
    'eligible', mod(rep_id, 7) > 0, 'code', CASE WHEN mod(rep_id, 7) > 0 THEN 'ok' ELSE 'full' END,
    'why', '12/400 open', 'weight', weight, 'speaks', TRUE)) AS candidates
FROM routing_territorymembership GROUP BY territory_id
"""


@dataclass(frozen=True, slots=True)
class World:
    """Who looks at the pages, and what addresses name."""

    rita: User
    manager: User
    revops: User
    marketing: User
    definition: str
    campaign: int

    @property
    def batch(self) -> str:
        """The address of the large batch."""
        return f"/sla/criteria/{self.definition}/campaign/{self.campaign}/"


@dataclass(frozen=True, slots=True)
class Page:
    """A page, who reads it, and the statement that its rows cannot do without."""

    address: str
    reader: User
    floor: str


def main() -> None:
    setup_test_environment(debug=False)
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        with quiet(), override_settings(STORAGES=STORAGES):
            world = fill()
            measure_round()
            for page in pages(world):
                measure(page, world)
    finally:
        teardown_databases(databases, verbosity=0)


def fill() -> World:
    """Make the leads, handoffs and clocks, in a few statements."""
    started = time.perf_counter()
    Organization.objects.create(name="Bench", time_zone="UTC", currency="EUR")
    at = database_now()
    version = sales.put_in_force(sales.agreement(), at=at - timedelta(days=120))
    reps, territories, queues = _team()
    first = sales.opened(version, at=at - timedelta(hours=1))
    campaigns = Campaign.objects.bulk_create(
        Campaign(key=f"campaign-{number}", name=f"Campaign {number}")
        for number in range(CAMPAIGNS)
    )
    with connection.cursor() as cursor:
        cursor.execute(FILL[0], {"accounts": ACCOUNTS})
    account = Account.objects.order_by("pk").values_list("pk", flat=True)[0]
    said = {
        "at": at,
        "open": OPEN,
        "own": OWN,
        "waiting": WAITING,
        "batch": BATCH,
        "reps": REPS,
        "leads": LEADS,
        "account": account,
        "accounts": ACCOUNTS,
        "version": version.pk,
        "territories": TERRITORIES,
        "campaigns": CAMPAIGNS,
        "lead": Lead.objects.order_by("-pk").values_list("pk", flat=True)[0],
        "rep_ids": [rep.pk for rep in reps],
        "queue_ids": [one.pk for one in queues],
        "territory_ids": [one.pk for one in territories],
        "campaign_ids": [campaign.pk for campaign in campaigns],
    }
    with transaction.atomic():
        _copy(first, said)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    took = time.perf_counter() - started
    print(f"pages filled {LEADS} leads, {OPEN} open handoffs in {took:.0f} s", flush=True)
    return World(
        rita=_may(reps[0].user, Role.REP),
        manager=_may(User.objects.create_user("manager@bench.example"), Role.SALES_MANAGER),
        revops=_may(User.objects.create_user("revops@bench.example"), Role.REVOPS),
        marketing=_may(User.objects.create_user("marketing@bench.example"), Role.MARKETING_LEAD),
        definition=version.definition.key,
        campaign=campaigns[0].pk,
    )


def _may(person: User, role: Role) -> User:
    roles.grant(person, role)
    return person


def _team() -> tuple[Sequence[Rep], Sequence[Territory], Sequence[Any]]:
    calendar = office("UTC")
    reps = [sales.rep(f"Rep {number}", capacity=OPEN) for number in range(REPS)]
    queues = [queue(name=f"Queue {number}") for number in range(TERRITORIES)]
    territories = [
        Territory.objects.create(
            key=f"region-{number}",
            name=f"Region {number}",
            queue=queues[number],
            calendar=calendar,
            may_pull=number == 0,
            position=number,
        )
        for number in range(TERRITORIES)
    ]
    TerritoryMembership.objects.bulk_create(
        TerritoryMembership(rep=rep, territory=territories[number % TERRITORIES])
        for number, rep in enumerate(reps)
    )
    return reps, territories, queues


def _copy(first: Handoff, said: Mapping[str, Any]) -> None:
    """Add copies of a handoff with all that belongs to it."""
    by_id = {
        "leads_evaluation": f"id = {first.evaluation_id}",
        "routing_handoff": f"id = {first.pk}",
    }
    with connection.cursor() as cursor:
        for statement in (LEAD, MADE, POOLS):
            cursor.execute(statement, said)
        cursor.execute("ANALYZE made")
        for table, changes, joined, where in COPIES:
            statement = COPY.format(
                table=table,
                changes=changes,
                joined=joined,
                where=where,
                of=by_id.get(table, f"handoff_id = {first.pk}"),
            )
            cursor.execute(statement, said)
        for statement in (TRANSITIONS, *STEPS, "DROP TABLE made", "DROP TABLE pools"):
            cursor.execute(statement)


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
WHERE campaign_id = %(campaign)s AND opened_at >= now() - interval '28 days' AND floor_missed
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
    p50, p95 = times(lambda: read(client, page.address))
    said = {"reader": page.reader.pk, "campaign": world.campaign}
    floor, _ = times(lambda: draw(page.floor, said))
    with CaptureQueriesContext(connection) as queries:
        read(client, page.address)
    verdict = "ok" if p95 <= GOAL_MS and len(queries) <= MOST_QUERIES else "MISSED"
    print(
        f"pages {page.reader.email.split('@')[0]:14.14} {page.address:38.38} p50 {p50:6.1f} "
        f"p95 {p95:6.1f} ms goal {GOAL_MS} queries {len(queries):2} goal {MOST_QUERIES} "
        f"floor {floor:6.1f} ms {verdict}",
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


def times(act: Callable[[], None]) -> tuple[float, float]:
    """Return the median and the 95th percentile of an act, in milliseconds, once it is warm."""
    act()
    measured = [_timed(act)[0] * 1e3 for _ in range(READS)]
    return statistics.median(measured), sorted(measured)[int(READS * 0.95) - 1]


if __name__ == "__main__":
    main()
