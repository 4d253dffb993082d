"""Touchpoints by a CSV file with everything checked, against COPY into the same indexed table.

Ours receives the file, reads and judges every row, tells repetitions and contradictions apart,
finds leads and kinds, saves in slices with a ledger for undo. The floor copies rows whose leads
and kinds are known by their ids already. Both into one table on a scratch database that is
dropped at the end; the rounds alternate, each brings as many new rows.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import connection
from django.test.utils import setup_databases, teardown_databases

from benchmarks.rest import quiet
from definitions.models import TouchpointKind
from leads import imports
from leads.imports import Description
from leads.models import LeadIdentity, Touchpoint

GOAL = 0.4
ROWS = 100_000
LEADS = 20_000
ROUNDS = 3
AT = datetime(2026, 1, 13, 12, tzinfo=UTC)
KINDS = ("webinar", "whitepaper", "demo_request", "pricing_view")
CONTENT: dict[str, Any] = {
    "name": "Marketing automation",
    "system": "automation",
    "mode": "history",
    "blanks": ["", "NULL", "-"],
    "lead": {"external_id": "Contact"},
    "touchpoints": [
        {
            "external_id": "Id",
            "kind": "Activity",
            "occurred_at": {"column": "When", "formats": ["%Y-%m-%d %H:%M:%S"], "zone": "UTC"},
            "channel": "Channel",
            "is_verified": "Verified",
            "detail": {"page": "Page"},
        }
    ],
}


def rows(name: str) -> Iterator[tuple[str, str, str, datetime, str, str]]:
    for number in range(ROWS):
        yield (
            f"{name}-{number}",
            f"c{number * 7919 % LEADS}",
            KINDS[number % len(KINDS)],
            AT - timedelta(seconds=number * 61),
            "web",
            f"/page/{number % 50}",
        )


def prepare() -> None:
    TouchpointKind.objects.bulk_create(
        TouchpointKind(key=key, name=key, category="web") for key in KINDS
    )
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH lead AS (
                INSERT INTO leads_lead (public_id, email, first_name, last_name, job_title, phone,
                    country, region, language, currency, stage, no_longer_meets, recycled_for,
                    is_cool_off_firm, recycle_count)
                SELECT gen_random_uuid(), 'c' || number || '@example.com', '', '', '', '', '', '',
                    '', '', 'new', FALSE, '{}', FALSE, 0
                FROM generate_series(0, %s) AS number RETURNING id, email
            )
            INSERT INTO leads_leadidentity (lead_id, system, external_id)
            SELECT id, 'automation', split_part(email, '@', 1) FROM lead""",
            [LEADS - 1],
        )
        cursor.execute("ANALYZE")


def ours(name: str, path: Path) -> float:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("Id,Contact,Activity,When,Channel,Verified,Page\r\n")
        for key, lead, kind, at, channel, page in rows(name):
            file.write(f"{key},{lead},{kind},{at:%Y-%m-%d %H:%M:%S},{channel},true,{page}\r\n")
    started = time.perf_counter()
    outcome = imports.run_through(path, Description(content=CONTENT, key="benchmark"), at=AT)
    took = time.perf_counter() - started
    assert outcome.counts["created"] == ROWS
    return took


def floor(name: str) -> float:
    leads = dict(LeadIdentity.objects.values_list("external_id", "lead_id"))
    kinds = dict(TouchpointKind.objects.values_list("key", "pk"))
    lines = "".join(
        f"{leads[lead]}\t{kinds[kind]}\t{channel}\t{at.isoformat()}\t{AT.isoformat()}\tfloor\t"
        f'{key}\ttrue\tfalse\t{{"page": "{page}"}}\n'
        for key, lead, kind, at, channel, page in rows(name)
    )
    started = time.perf_counter()
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY leads_touchpoint (lead_id, kind_id, channel, occurred_at, received_at, system, "
            "external_id, is_verified, is_bot, detail) FROM STDIN"
        ) as copy,
    ):
        copy.write(lines)
    return time.perf_counter() - started


def measure(folder: Path) -> None:
    pairs = []
    for place in range(ROUNDS):
        pairs.append((ours(f"ours-{place}", folder / "touchpoints.csv"), floor(f"floor-{place}")))
    assert Touchpoint.objects.count() == 2 * ROUNDS * ROWS
    mine, bare = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(
        f"imports touchpoints ours {ROWS / mine:,.0f} rows/s floor {ROWS / bare:,.0f} rows/s "
        f"ratio {bare / mine:.2f} goal {GOAL}"
    )


def main() -> None:
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        with quiet(), tempfile.TemporaryDirectory() as folder:
            prepare()
            measure(Path(folder))
    finally:
        teardown_databases(databases, verbosity=0)


if __name__ == "__main__":
    main()
