"""With a million leads: one POST against the same on empty tables, and a page of each list.

Both databases are scratch copies with the same schema and key; the rounds of the POST alternate
between them, in this process, by Django's test client. A list is read by an integration's key,
in pages of 50, from the first page and from one far within.
"""

import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from django.db import connection
from django.test import Client
from django.test.utils import (
    CaptureQueriesContext,
    setup_databases,
    setup_test_environment,
    teardown_databases,
)

from benchmarks.rest import Post, clients, leads, poster, quiet
from definitions.models import TouchpointKind

LEADS = int(os.environ.get("BENCH_LEADS", "1000000"))
ACCOUNTS = max(LEADS // 10, 10)
POST_GOAL = 0.9
LIST_GOAL_MS = 80
ROUNDS = 40
REQUESTS = 25
PAGES = 40
"""Times each list is read."""

FILL = (
    """
    INSERT INTO leads_account (public_id, name, domain, country, region, industry, employee_count,
        currency, funding_stage, technologies, is_target)
    SELECT gen_random_uuid(), 'Company ' || md5(n::text) || ' GmbH', 'company' || n || '.example',
        'DE', '', 'software', mod(n, 2000), '', '', '{}', FALSE
    FROM generate_series(1, %(accounts)s) AS n
    """,
    """
    INSERT INTO leads_lead (public_id, account_id, email, first_name, last_name, job_title, phone,
        country, region, language, currency, stage, stage_at, no_longer_meets, recycled_for,
        is_cool_off_firm, recycle_count, created_at, updated_at)
    SELECT gen_random_uuid(), account.id, 'lead' || n || '@' || account.domain,
        (ARRAY['Ada', 'Bo', 'Cem', 'Dora', 'Eva', 'Finn'])[1 + mod(n, 6)],
        initcap(substr(md5(n::text), 1, 7)), 'VP Operations', '', 'DE', '', 'de', '',
        (ARRAY['new', 'iql', 'mql', 'sql', 'opportunity', 'won', 'lost'])[1 + mod(n, 7)],
        now() - n * interval '10 seconds', FALSE, '{}', FALSE, 0,
        now() - n * interval '10 seconds', now() - n * interval '10 seconds'
    FROM generate_series(1, %(leads)s) AS n
    JOIN (
        SELECT id, domain, row_number() OVER (ORDER BY id) - 1 AS place FROM leads_account
    ) AS account ON account.place = mod(n, %(accounts)s)
    """,
    """
    INSERT INTO leads_leadidentity (lead_id, system, external_id)
    SELECT id, 'crm', 'crm-' || id FROM leads_lead
    """,
    """
    INSERT INTO leads_attributechange (lead_id, field, new, effective_at, received_at, source)
    SELECT id, 'email', to_jsonb(email), created_at, created_at, 'crm' FROM leads_lead
    """,
    """
    INSERT INTO leads_touchpoint (lead_id, kind_id, channel, occurred_at, received_at, system,
        external_id, is_verified, is_bot, detail)
    SELECT lead.id, kind.id, 'event', lead.created_at, lead.created_at, 'crm', 'touch-' || lead.id,
        TRUE, FALSE, '{}'
    FROM leads_lead AS lead, definitions_touchpointkind AS kind
    """,
    """
    INSERT INTO leads_opportunity (public_id, lead_id, account_id, system, external_id, name,
        stage, currency, loss_reason, anomalies, opened_at)
    SELECT gen_random_uuid(), id, account_id, 'crm', 'deal-' || id, 'Deal ' || id, 'open', '', '',
        '{}', created_at
    FROM leads_lead WHERE stage = 'opportunity'
    """,
    """
    INSERT INTO leads_suspectedduplicate (lead_id, other_id, reason)
    SELECT id, id + 1, 'name Ada Berg at Acme' FROM leads_lead
    WHERE mod(id, 20) = 0 AND id < (SELECT max(id) FROM leads_lead)
    """,
)

LISTS = (
    "leads/",
    "leads/?stage=mql",
    "leads/?ordering=updated_at",
    "leads/?ordering=-stage",
    "leads/?search=lead77777",
    "leads/?updated_since={hour_ago}",
    "accounts/",
    "accounts/?ordering=name",
    "touchpoints/",
    "touchpoints/?ordering=-occurred_at",
    "opportunities/",
    "opportunities/?ordering=opened_at",
    "opportunities/?search=deal-7777",
    "suspected-duplicates/",
    "suspected-duplicates/?search=lead77777",
    "handoffs/",
    "campaigns/",
    "reps/",
)


def main() -> None:
    setup_test_environment(debug=False)
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        with quiet():
            _, client = clients()
            TouchpointKind.objects.create(key="webinar", name="Webinar", category="event")
            with empty_copy() as empty:
                fill()
                compare_posts(client, empty)
            measure_lists(client)
    finally:
        teardown_databases(databases, verbosity=0)


@contextmanager
def empty_copy() -> Iterator[str]:
    """Copy the database while it is empty; gives the copy's name, and drops it at the end."""
    name = str(connection.settings_dict["NAME"])
    empty = f"{name}_empty"
    connection.close()
    with psycopg.connect(
        host=connection.settings_dict["HOST"],
        port=connection.settings_dict["PORT"],
        user=connection.settings_dict["USER"],
        password=connection.settings_dict["PASSWORD"],
        dbname="postgres",
        autocommit=True,
    ) as server:
        server.execute(f'DROP DATABASE IF EXISTS "{empty}"')
        server.execute(f'CREATE DATABASE "{empty}" TEMPLATE "{name}"')
        try:
            yield empty
        finally:
            use(name)
            server.execute(f'DROP DATABASE "{empty}"')


def use(name: str) -> None:
    """Let the next query go to this database."""
    connection.close()
    connection.settings_dict["NAME"] = name


def fill() -> None:
    """Make a million leads with what belongs to them, in a few statements."""
    started = time.perf_counter()
    with connection.cursor() as cursor:
        for statement in FILL:
            cursor.execute(statement, {"leads": LEADS, "accounts": ACCOUNTS})
        cursor.execute("VACUUM ANALYZE")
    print(f"scale filled {LEADS} leads in {time.perf_counter() - started:.0f} s", flush=True)


def compare_posts(client: Client, empty: str) -> None:
    full = str(connection.settings_dict["NAME"])
    bodies = leads("scale", external_id="s")
    post = poster(client, "/api/v1/leads/", bodies)
    times: dict[str, list[float]] = {full: [], empty: []}
    for number in range(ROUNDS):
        for name in (full, empty) if number % 2 else (empty, full):
            use(name)
            times[name].append(seconds(post))
    mine, floor = (statistics.median(times[name]) for name in (full, empty))
    print(
        f"scale post at {LEADS} leads {mine * 1e3:.2f} ms, on empty tables {floor * 1e3:.2f} ms, "
        f"ratio {floor / mine:.2f} goal {POST_GOAL}",
        flush=True,
    )
    use(full)


def seconds(post: Post) -> float:
    """Return the median time of a POST, once the connection is warm."""
    for _ in range(REQUESTS // 2):
        answer = post()
        assert answer.status_code == 201, answer.getvalue()
    times = []
    for _ in range(REQUESTS):
        started = time.perf_counter()
        post()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def measure_lists(client: Client) -> None:
    hour_ago = (datetime.now(UTC) - timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    for address in LISTS:
        measure_list(client, f"/api/v1/{address.format(hour_ago=hour_ago)}")


def measure_list(client: Client, address: str) -> None:
    """Print how long pages of a list take, and how many queries a page of any size."""
    page = read(client, address)
    times = []
    for number in range(PAGES):
        started = time.perf_counter()
        page = read(client, address if number % 2 else page["next"] or address)
        times.append(time.perf_counter() - started)
    p95 = sorted(times)[int(len(times) * 0.95) - 1]
    costs = {size: queries(client, sized(address, size)) for size in (2, 50)}
    print(
        f"scale list {address.removeprefix('/api/v1/'):48} "
        f"p50 {statistics.median(times) * 1e3:5.1f} p95 {p95 * 1e3:5.1f} ms "
        f"goal {LIST_GOAL_MS} queries {costs[2]} = {costs[50]}",
        flush=True,
    )


def read(client: Client, address: str) -> Any:
    answer = client.get(address)
    assert answer.status_code == 200, answer.content
    return answer.json()


def queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        read(client, address)
    return len(captured)


def sized(address: str, size: int) -> str:
    return f"{address}{'&' if '?' in address else '?'}page_size={size}"


if __name__ == "__main__":
    main()
