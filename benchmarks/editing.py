"""The page on which a draft is edited, with sixty criteria: time and queries.

Read in this process by Django's test client, as somebody of RevOps. Beside it stands the floor:
the theme's page of a row with four inputs and nothing beneath it.
"""

from django.db import connection
from django.test import Client
from django.test.utils import (
    CaptureQueriesContext,
    override_settings,
    setup_databases,
    setup_test_environment,
    teardown_databases,
)

from benchmarks.admin import STORAGES, read, revops, times
from benchmarks.rest import quiet
from crm_handoff.models import User
from definitions import catalog, templates
from definitions.models import Criterion, DefinitionVersion
from leads.models import Persona

GOAL_MS = 500
MOST_QUERIES = 25
CRITERIA = 60


def main() -> None:
    setup_test_environment(debug=False)
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        with quiet(), override_settings(STORAGES=STORAGES):
            client = revops()
            measure(client, floor=Persona.objects.create(key="ops", name="Ops"), draft=drafted())
    finally:
        teardown_databases(databases, verbosity=0)


def drafted() -> DefinitionVersion:
    """Make a draft of the shipped kind with sixty criteria."""
    catalog.load_defaults()
    draft = templates.start(
        "four_criteria_30_100k",
        definition="bench",
        name="Bench",
        position=1,
        by=User.objects.get(),
    )
    missing = CRITERIA - draft.criterion_set.count()
    Criterion.objects.bulk_create(
        Criterion(
            version=draft,
            key=f"signal-{number}",
            label=f"At least {number} people",
            position=1000 + number,
            fact="employee_count",
            operator="at_least",
            wanted=number,
        )
        for number in range(1, missing + 1)
    )
    return draft


def measure(client: Client, *, floor: Persona, draft: DefinitionVersion) -> None:
    """Print the floor, then the time and the queries of the page."""
    empty, _ = times(lambda: read(client, f"/admin/leads/persona/{floor.pk}/change/"))
    address = f"/admin/definitions/definitionversion/{draft.pk}/change/"
    p50, p95 = times(lambda: read(client, address))
    with CaptureQueriesContext(connection) as queries:
        read(client, address)
    verdict = "ok" if p95 <= GOAL_MS and len(queries) <= MOST_QUERIES else "MISSED"
    print(f"editing floor: a page with four inputs p50 {empty:.1f} ms", flush=True)
    print(
        f"editing a draft with {draft.criterion_set.count()} criteria p50 {p50:.1f} p95 {p95:.1f} "
        f"ms goal {GOAL_MS} ({p50 / empty:.1f} x floor) queries {len(queries)} goal "
        f"{MOST_QUERIES} {verdict}",
        flush=True,
    )


if __name__ == "__main__":
    main()
