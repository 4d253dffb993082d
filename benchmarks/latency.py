"""From a POST to an owner, with web, worker, relays and both servers on this machine.

Leads arrive at a steady rate; each asks for a demo and so qualifies at once. Its owner is told by
e-mail (to a file); clocks are as shipped. The instant of assignment is when another session of the
database first sees the handoff.
"""

import http.client
import json
import os
import queue
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from launcher.places import ROOT
from tests.faults.stack import running_stack

RATE = int(os.environ.get("BENCH_RATE", "50"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "20"))
SENDERS = 8
WARM_UP = 60
"""Leads before the count, so that every process has read the agreement."""
GOAL_SECONDS = 1.0
SETTLE_SECONDS = 60

SET_UP = """
import django
django.setup()
from tests.faults import field
print(field.prepare(rep_count=20, capacity={capacity}, are_clocks_hurried=False))
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, running_stack(Path(folder) / "stack") as stack:
        environment = stack.environment | {"DJANGO_SETTINGS_MODULE": "crm_handoff.settings"}
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "--verbosity=0"],
            cwd=ROOT,
            env=environment,
            check=True,
        )
        key = subprocess.run(
            [sys.executable, "-c", SET_UP.format(capacity=RATE * SECONDS + WARM_UP)],
            cwd=ROOT,
            env=environment,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout.split()[-1]
        for name in ("web", "worker-1", "relay-1", "relay-2"):
            stack.start(name)
        wait_for_web(stack.port)
        measure(stack.port, key, stack.database.url, range(WARM_UP))
        measure(stack.port, key, stack.database.url, range(WARM_UP, WARM_UP + RATE * SECONDS))


def wait_for_web(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/readyz/")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.2)
    raise TimeoutError("The product did not become ready.")


def measure(port: int, key: str, database: str, leads: range) -> None:
    """Send leads at the rate and print how long they took to have an owner."""
    sent: dict[str, float] = {}
    seen: dict[str, float] = {}
    watcher = threading.Thread(target=watch, args=(database, seen, leads))
    watcher.start()
    numbers: queue.SimpleQueue[int | None] = queue.SimpleQueue()
    senders = [
        threading.Thread(target=send, args=(port, key, numbers, sent)) for _ in range(SENDERS)
    ]
    for sender in senders:
        sender.start()
    began = time.monotonic()
    for place, number in enumerate(leads):
        time.sleep(max(0.0, began + place / RATE - time.monotonic()))
        numbers.put(number)
    for _ in senders:
        numbers.put(None)
    for sender in senders:
        sender.join()
    took = time.monotonic() - began
    watcher.join()
    report([seen[name] - sent[name] for name in seen], leads=len(leads), took=took)


def report(waits: Sequence[float], *, leads: int, took: float) -> None:
    """Print the quantiles of the waits; a lead that was never seen is left out and told of."""
    ordered = sorted(waits)
    p50 = statistics.median(ordered)
    p99 = ordered[max(int(len(ordered) * 0.99) - 1, 0)]
    print(
        f"latency: {len(ordered)} of {leads} leads at {leads / took:.0f}/s, POST to owner "
        f"p50 {p50:.2f} s, p99 {p99:.2f} s, max {ordered[-1]:.2f} s (goal p99 {GOAL_SECONDS} s), "
        f"load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


def send(
    port: int, key: str, numbers: "queue.SimpleQueue[int | None]", sent: dict[str, float]
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    while (number := numbers.get()) is not None:
        name = f"lead-{number}"
        lead = {
            "external_id": name,
            "email": f"{name}@company{number % 200}.example",
            "job_title": "Chief Operating Officer",
            "country": ("DE", "FR", "GB", "US")[number % 4],
            "account": {
                "name": f"Company {number % 200}",
                "domain": f"company{number % 200}.example",
                "industry": "software",
                "employee_count": 300,
            },
        }
        demo = {
            "lead": {"system": "faults", "external_id": name},
            "kind": "demo_request",
            "channel": "web",
            "occurred_at": datetime.now(UTC).isoformat(),
            "external_id": f"demo-{number}",
        }
        post(connection, key, "/api/v1/leads/", lead)
        sent[name] = time.monotonic()
        post(connection, key, "/api/v1/touchpoints/", demo)


def post(connection: http.client.HTTPConnection, key: str, path: str, body: object) -> None:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    connection.request("POST", path, json.dumps(body), headers)
    response = connection.getresponse()
    answer = response.read()
    assert response.status < 300, f"{path} {response.status} {answer!r}"


def watch(database: str, seen: dict[str, float], leads: range) -> None:
    """Note when each lead is first seen with an owner, looking a hundred times a second."""
    wanted = {f"lead-{number}" for number in leads}
    last = 0
    deadline = time.monotonic() + len(leads) / RATE + SETTLE_SECONDS
    with psycopg.connect(database, autocommit=True) as connection:
        while len(seen) < len(wanted) and time.monotonic() < deadline:
            rows = connection.execute(
                """SELECT handoff.id, identity.external_id FROM routing_handoff AS handoff
                   JOIN leads_leadidentity AS identity USING (lead_id)
                   WHERE handoff.id > %s - 100 AND handoff.rep_id IS NOT NULL
                   ORDER BY handoff.id""",
                [last],
            ).fetchall()
            now = time.monotonic()
            for number, name in rows:
                if name in wanted:
                    seen.setdefault(name, now)
                last = max(last, number)
            time.sleep(0.01)
