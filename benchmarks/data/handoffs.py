"""A team with a hundred thousand open handoffs, as many closed ones, and a million leads.

Sizes by BENCH_LEADS, BENCH_OPEN (open handoffs; the closed ones fill the last 13 weeks) and
BENCH_REPS. A few statements copy one handoff that the product itself opened.
"""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection, transaction

from benchmarks.scale import ACCOUNTS, FILL, LEADS
from crm_handoff.clock import database_now
from crm_handoff.models import Organization, User
from crm_handoff.people import roles
from crm_handoff.people.roles import Role
from definitions.models import DefinitionVersion
from leads.models import Account, Campaign, Lead
from routing.models import Handoff, Rep, Territory, TerritoryMembership
from tests.routing import sales
from tests.routing.clockwork import office, queue

OPEN = int(os.environ.get("BENCH_OPEN", str(LEADS // 10)))
REPS = int(os.environ.get("BENCH_REPS", "200"))
MOST_LEADS = 32_000
"""What fits the column of a capacity."""
TERRITORIES = 20
CAMPAIGNS = 40
OWN = 30
"""Leads that the rep holds whose queue is read."""
WAITING = max(OPEN // 20, 1)
"""Leads that wait in that rep's territory, who may take them."""
BATCH = max(OPEN // 10, 1)
"""Handovers of the batch that is read, 4 of 100 below the floor."""
LOOKING = {
    "manager": Role.SALES_MANAGER,
    "revops": Role.REVOPS,
    "marketing": Role.MARKETING_LEAD,
}
"""Who else reads the pages, by the name before their address."""

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


def world() -> World:
    """Return who looks, after the database was filled unless it was left full."""
    if not Handoff.objects.exists():
        _fill()
    version = DefinitionVersion.objects.select_related("definition").get()
    people = {user.email.split("@")[0]: user for user in User.objects.order_by("-pk")}
    return World(
        rita=Rep.objects.select_related("user").earliest("pk").user,
        manager=people["manager"],
        revops=people["revops"],
        marketing=people["marketing"],
        definition=version.definition.key,
        campaign=Campaign.objects.earliest("pk").pk,
    )


def _fill() -> None:
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
    _may(reps[0].user, Role.REP)
    for name, role in LOOKING.items():
        _may(User.objects.create_user(f"{name}@bench.example"), role)


def _may(person: User, role: Role) -> None:
    roles.grant(person, role)


def _team() -> tuple[Sequence[Rep], Sequence[Territory], Sequence[Any]]:
    calendar = office("UTC")
    reps = [sales.rep(f"Rep {number}", capacity=min(OPEN, MOST_LEADS)) for number in range(REPS)]
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
