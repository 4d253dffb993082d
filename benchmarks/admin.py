"""The administration with a million leads and three million touchpoints: lists and searches.

Each page is read in this process by Django's test client, as somebody of RevOps; beside it stand
its queries, and the floor: the one query that a page of rows cannot do without, by primary key.
"""

import statistics
import time
from collections.abc import Callable

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import (
    CaptureQueriesContext,
    override_settings,
    setup_databases,
    setup_test_environment,
    teardown_databases,
)

from benchmarks.rest import quiet
from benchmarks.scale import ACCOUNTS, FILL, LEADS
from crm_handoff.models import Organization, User
from crm_handoff.people import roles
from crm_handoff.people.roles import Role
from definitions.models import TouchpointKind

GOAL_MS = 80
MOST_QUERIES = 15
READS = 20
"""Times each page is read."""
KINDS = ("webinar", "page_view", "demo_request")
"""One touchpoint of each kind a lead."""

MORE = (
    """
    INSERT INTO leads_stagetransition (lead_id, from_stage, to_stage, cause, path, at, note)
    SELECT id, 'new', stage, 'external', '', stage_at, '' FROM leads_lead WHERE stage <> 'new'
    """,
)

PAGES = (
    "",
    "leads/lead/",
    "leads/lead/?p=100",
    "leads/lead/?stage__exact=mql",
    "leads/lead/?no_longer_meets__exact=1",
    "leads/lead/?account__id__exact={account}",
    "leads/lead/?q=lead77777",
    "leads/lead/?q=lead{far}%40",
    "leads/lead/?q=ada",
    "leads/lead/?q=ada+b53",
    "leads/lead/?q=company{company}",
    "leads/lead/?q=crm%3Acrm-{lead}",
    "leads/lead/?q=nobody+at+all",
    "leads/lead/{lead}/change/",
    "leads/account/",
    "leads/account/?q=company77",
    "leads/account/?is_target__exact=1",
    "leads/touchpoint/",
    "leads/touchpoint/?lead__id__exact={lead}",
    "leads/touchpoint/?q=lead7777",
    "leads/touchpoint/?q=ada",
    "leads/leadidentity/",
    "leads/attributechange/",
    "leads/stagetransition/",
    "leads/stagetransition/?to_stage__exact=won",
    "leads/opportunity/",
    "leads/opportunity/?q=lead7777",
    "leads/suspectedduplicate/",
    "leads/suspectedduplicate/?q=lead7777",
    "autocomplete/?app_label=leads&model_name=opportunity&field_name=lead&term=lead7777",
)


STORAGES = settings.STORAGES | {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
}
"""Nothing is collected here, so files go by their plain names."""


def main() -> None:
    setup_test_environment(debug=False)
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        with quiet(), override_settings(STORAGES=STORAGES):
            client = revops()
            fill()
            measure(client)
    finally:
        teardown_databases(databases, verbosity=0)


def revops() -> Client:
    """Return a client of somebody who administers the product."""
    Organization.objects.create(name="Bench", time_zone="UTC", currency="EUR")
    person = User.objects.create_user("revops@bench.example")
    roles.grant(person, Role.REVOPS)
    client = Client()
    client.force_login(person, "django.contrib.auth.backends.ModelBackend")
    return client


def fill() -> None:
    """Make the leads and what belongs to them, in a few statements."""
    started = time.perf_counter()
    for key in KINDS:
        TouchpointKind.objects.get_or_create(key=key, defaults={"name": key, "category": "event"})
    with connection.cursor() as cursor:
        for statement in (*FILL, *MORE):
            cursor.execute(
                # Each lead has a touchpoint of each kind, which FILL names by the lead alone.
                statement.replace("'touch-' ||", "'touch-' || kind.id || '-' ||"),
                {"leads": LEADS, "accounts": ACCOUNTS},
            )
        cursor.execute("VACUUM ANALYZE")
    print(f"admin filled {LEADS} leads in {time.perf_counter() - started:.0f} s", flush=True)


def measure(client: Client) -> None:
    """Print the floor, then the time and the queries of each page."""
    floor, _ = times(rows_by_key)
    print(f"admin floor: 41 leads by primary key p50 {floor:.1f} ms", flush=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, account_id FROM leads_lead OFFSET 1000 LIMIT 1")
        lead, account = cursor.fetchone()
    known = {"lead": lead, "account": account, "far": LEADS // 2, "company": ACCOUNTS // 2}
    for page in PAGES:
        measure_page(client, page.format(**known))


def rows_by_key() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM leads_lead ORDER BY id DESC LIMIT 41")
        cursor.fetchall()


def measure_page(client: Client, page: str) -> None:
    address = f"/admin/{page}"
    p50, p95 = times(lambda: read(client, address))
    with CaptureQueriesContext(connection) as queries:
        read(client, address)
    verdict = "ok" if p95 <= GOAL_MS and len(queries) <= MOST_QUERIES else "MISSED"
    print(
        f"admin {page or 'front page':58.58} p50 {p50:6.1f} p95 {p95:6.1f} ms goal {GOAL_MS} "
        f"queries {len(queries):2} goal {MOST_QUERIES} {verdict}",
        flush=True,
    )


def read(client: Client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    assert "e=1" not in answer.request["QUERY_STRING"]


def times(act: Callable[[], None]) -> tuple[float, float]:
    """Return the median and the 95th percentile of an act, in milliseconds, once it is warm."""
    act()
    measured = []
    for _ in range(READS):
        started = time.perf_counter()
        act()
        measured.append((time.perf_counter() - started) * 1e3)
    return statistics.median(measured), sorted(measured)[int(READS * 0.95) - 1]


if __name__ == "__main__":
    main()
