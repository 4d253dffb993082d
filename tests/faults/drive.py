"""Drive leads through a running stack while its parts are killed, then count what came out.

Run as a program, since its database is not that of the test that starts it:
`python -m tests.faults.drive FOLDER --leads 500 --faults 20 --seed 7`. Exits with 1 and says
what is wrong when a lead was lost or doubled, or a clock did not fire exactly once.
"""

import argparse
import collections
import http.client
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from email import message_from_string
from email.message import Message
from http import HTTPStatus
from pathlib import Path

import django
import psycopg

from launcher.places import ROOT
from launcher.processes import Process
from tests.faults import hours
from tests.faults.hostile import Hostile
from tests.faults.stack import Stack, running_stack
from tests.faults.watcher import Watcher

STANDS_STILL_FOR_SECONDS = 120
"""How long nothing may become less of what is left to do, once no fault strikes anymore."""

POST_WITHIN_SECONDS = 120
STANDSTILL_SECONDS = 6
SENDERS = 4
PAUSE_SECONDS = 1.5
"""Between two faults there are half as many at most, and what the fault itself takes."""
REPS = 10
FAULTS = {
    "worker": 4,
    "relay": 3,
    "both relays": 1,
    "web": 2,
    "standstill": 2,
    "flush": 2,
    "broker": 2,
    "hung broker": 1,
    "backend": 2,
    "database": 3,
}
"""Each kind of fault with how often it strikes beside the others."""

WRONG_CLOCKS = {"relay-2": 600, "worker-2": 600}
"""Half of us live ten minutes ahead: only the database's clock may say what is due."""


def main() -> int:
    """Run the drive; returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--leads", type=int, default=500)
    parser.add_argument("--faults", type=int, default=20)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--kinds", default=",".join(FAULTS), help="kinds of fault, by comma")
    parser.add_argument("--spoil", default="", help="SQL run before the first lead")
    parser.add_argument("--without-relays", action="store_true")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    relays = () if options.without_relays else ("relay-1", "relay-2")
    with running_stack(options.folder) as stack:
        stack.wrong_clocks = WRONG_CLOCKS
        os.environ |= stack.environment
        key = _prepare(stack, options)
        for name in ("web", "worker-1", "worker-2", *relays):
            stack.start(name)
        problems = _drive(stack, key, options)
    for problem in problems:
        print(f"WRONG: {problem}", flush=True)
    return 1 if problems else 0


def _prepare(stack: Stack, options: argparse.Namespace) -> str:
    migrate = Process(
        "migrate",
        (sys.executable, "manage.py", "migrate", "--verbosity=0"),
        stack.place.log_of("migrate"),
        stack.environment,
    )
    migrate.start()
    assert migrate.running is not None
    assert migrate.running.wait(120) == 0, migrate.last_words()
    os.environ["DJANGO_SETTINGS_MODULE"] = "crm_handoff.settings"
    django.setup()
    from tests.faults import field  # noqa: PLC0415 - the models exist only now

    # All together have just room enough, so that every rep is full at the end.
    key = field.prepare(rep_count=REPS, capacity=options.leads // REPS)
    if options.spoil:
        with psycopg.connect(stack.database.url) as connection:
            connection.execute(options.spoil)
    return key


def _drive(stack: Stack, key: str, options: argparse.Namespace) -> list[str]:
    """Send leads while faults strike, somebody writes nonsense and somebody watches.

    Returns what is wrong in the end.
    """
    hostile = Hostile(stack.database.url, random.Random(options.seed))
    watcher = Watcher(stack.database.url)
    for beside in (hostile, watcher):
        beside.start()
    print(json.dumps(_send_all(stack, key, options)), flush=True)
    problems = _settle(stack)
    problems += [*hostile.finish(), *watcher.finish(), *hours.problems()]
    return problems + _wrong(stack, leads=options.leads)


def _send_all(stack: Stack, key: str, options: argparse.Namespace) -> dict[str, int]:
    """Send every lead one to three times, shuffled, while faults strike, until all are in."""
    chance = random.Random(options.seed)
    posts = [number for number in range(options.leads) for _ in range(chance.choice((1, 1, 2, 3)))]
    chance.shuffle(posts)
    waiting = iter(posts)
    lock = threading.Lock()
    unanswered: list[int] = []
    # As long as faults strike there is something under way.
    rest = SENDERS * options.faults * PAUSE_SECONDS / len(posts)
    arguments = (stack.port, key, waiting, lock, unanswered, rest)
    senders = [threading.Thread(target=_send, args=arguments) for _ in range(SENDERS)]
    _await_web(stack)
    for sender in senders:
        sender.start()
    kinds = options.kinds.split(",")
    struck: collections.Counter[str] = collections.Counter(posts=len(posts))
    for _ in range(options.faults):
        time.sleep(chance.uniform(0.3, 1.5))
        (fault,) = chance.choices(kinds, weights=[FAULTS[kind] for kind in kinds])
        struck[fault] += 1
        _strike(stack, fault, chance)
        struck["ended by itself"] += len(stack.restart_ended())
    for sender in senders:
        while sender.is_alive():
            sender.join(1)
            stack.restart_ended()
    assert not unanswered, f"no answer for {unanswered}"
    return dict(struck)


def _await_web(stack: Stack) -> None:
    """Wait until the web process answers, so that faults strike at work."""
    deadline = time.monotonic() + POST_WITHIN_SECONDS
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", stack.port, timeout=10)
        with suppress(OSError, http.client.HTTPException), closing(connection):
            connection.request("GET", "/healthz/")
            if connection.getresponse().status < HTTPStatus.INTERNAL_SERVER_ERROR:
                return
        time.sleep(0.1)


def _send(
    port: int,
    key: str,
    waiting: Iterator[int],
    lock: threading.Lock,
    unanswered: list[int],
    rest: float,
) -> None:
    while True:
        with lock:
            number = next(waiting, None)
        if number is None:
            return
        if not _post_until_acknowledged(port, key, number):
            unanswered.append(number)
        time.sleep(rest)


def _strike(stack: Stack, fault: str, chance: random.Random) -> None:
    one = f"{'relay' if fault == 'relay' else 'worker'}-{chance.randint(1, 2)}"
    strikes: dict[str, Callable[[], None]] = {
        "worker": lambda: _kill(stack, one),
        "relay": lambda: _kill(stack, one),
        "both relays": lambda: _kill(stack, "relay-1", "relay-2", after=1),
        "web": lambda: _kill(stack, "web"),
        "standstill": lambda: _halt(stack, one, seconds=chance.uniform(2, STANDSTILL_SECONDS)),
        "flush": stack.flush_broker,
        "broker": lambda: _kill_broker(stack, after=chance.uniform(0, 3)),
        "hung broker": lambda: stack.hang_broker(chance.uniform(1, 4)),
        "backend": lambda: _end_backend(stack),
        "database": stack.crash_database,
    }
    strikes[fault]()


def _kill(stack: Stack, *names: str, after: float = 0) -> None:
    present = [name for name in names if name in stack.processes]
    for name in present:
        stack.kill(name)
    time.sleep(after)
    for name in present:
        stack.start(name)
    if "web" in present:
        _await_web(stack)


def _kill_broker(stack: Stack, *, after: float) -> None:
    stack.kill_broker()
    time.sleep(after)
    stack.broker.start()


def _halt(stack: Stack, name: str, *, seconds: float) -> None:
    stack.halt(name)
    time.sleep(seconds)
    stack.go_on(name)


def _end_backend(stack: Stack) -> None:
    """End the connection of whoever has the database at work, as an administrator would."""
    with psycopg.connect(stack.database.url) as connection:
        connection.execute(END_A_BACKEND)


def _post_until_acknowledged(port: int, key: str, number: int) -> bool:
    """Send a lead and its demo request until both are answered with success."""
    lead = {
        "external_id": f"lead-{number}",
        "email": f"lead-{number}@company{number % 50}.example",
        "job_title": "Chief Operating Officer",
        "country": ("DE", "FR", "GB", "US")[number % 4],
        "account": {
            "name": f"Company {number % 50}",
            "domain": f"company{number % 50}.example",
            "industry": "software",
            "employee_count": 300,
        },
    }
    touchpoint = {
        "lead": {"system": "faults", "external_id": f"lead-{number}"},
        "kind": "demo_request",
        "channel": "web",
        "occurred_at": datetime.now(UTC).isoformat(),
        "external_id": f"demo-{number}",
    }
    return _acknowledged(port, key, "/api/v1/leads/", lead) and _acknowledged(
        port, key, "/api/v1/touchpoints/", touchpoint
    )


def _acknowledged(port: int, key: str, path: str, body: dict[str, object]) -> bool:
    deadline = time.monotonic() + POST_WITHIN_SECONDS
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("POST", path, json.dumps(body), headers)
            response = connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException):
            time.sleep(0.1)
            continue
        finally:
            connection.close()
        if response.status < 300:
            return True
        assert response.status >= 500, f"{path} {response.status}: {answer!r}"
        time.sleep(0.1)
    return False


END_A_BACKEND = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'
ORDER BY random() LIMIT 1
"""

QUIET = """
SELECT (SELECT count(*) FROM leads_pendingmark)
     + (SELECT count(*) FROM routing_slatimerstep WHERE state = 'armed')
     + (SELECT count(*) FROM routing_notice WHERE handled_at IS NULL)
     + (SELECT count(*) FROM integrations_delivery WHERE state = 'ready')
"""


def _settle(stack: Stack) -> list[str]:
    """Wait until nothing is left to do, for as long as it becomes less."""
    least, given_up_at = float("inf"), 0.0
    while least == float("inf") or time.monotonic() < given_up_at:
        stack.restart_ended()
        with psycopg.connect(stack.database.url) as connection:
            left = connection.execute(QUIET).fetchone()[0]
        if left == 0:
            return []
        if left < least:
            least, given_up_at = left, time.monotonic() + STANDS_STILL_FOR_SECONDS
        time.sleep(0.5)
    return [f"{least} things were left to do after {STANDS_STILL_FOR_SECONDS} s without progress"]


EXPECTATIONS = {
    "leads known": ("SELECT count(*) FROM leads_lead", 1),
    "touchpoints": ("SELECT count(*) FROM leads_touchpoint", 1),
    "handoffs": ("SELECT count(*) FROM routing_handoff", 1),
    "leads with a handoff": ("SELECT count(DISTINCT lead_id) FROM routing_handoff", 1),
    "handoffs owned by a rep": (
        "SELECT count(*) FROM routing_handoff WHERE rep_id IS NOT NULL",
        1,
    ),
    "decisions": ("SELECT count(*) FROM routing_routingdecision", 1),
    "response clocks": (
        "SELECT count(*) FROM routing_slatimer WHERE milestone = 'first_response'",
        1,
    ),
    "open leads counted": ("SELECT sum(open_count + excess_count) FROM routing_rep", 1),
    "steps fired": ("SELECT count(*) FROM routing_slatimerstep WHERE state = 'fired'", 6),
    "warnings": ("SELECT count(*) FROM routing_slaevent WHERE kind = 'warned'", 2),
    "reminders": ("SELECT count(*) FROM routing_slaevent WHERE kind = 'reminded'", 1),
    "managers told": ("SELECT count(*) FROM routing_slaevent WHERE kind = 'manager_told'", 1),
    "breaches": ("SELECT count(*) FROM routing_slaevent WHERE kind = 'breached'", 1),
    "escalations": ("SELECT count(*) FROM routing_slaevent WHERE kind = 'escalated'", 1),
    "clocks breached": ("SELECT count(*) FROM routing_slatimer WHERE state = 'breached'", 1),
}
"""What each question must answer, as a multiple of the leads sent."""

MUST_BE_ZERO = {
    "steps fired early": "SELECT count(*) FROM routing_slatimerstep WHERE fired_at < due_at",
    "dead letters": "SELECT count(*) FROM integrations_delivery WHERE state = 'dead'",
    "reps over capacity": """SELECT count(*) FROM (SELECT 1 FROM routing_rep AS rep
        JOIN routing_handoff AS handoff ON handoff.rep_id = rep.id
        WHERE handoff.status IN ('assigned', 'accepted')
        GROUP BY rep.id HAVING count(*) > rep.capacity) AS full_ones""",
    "events said twice": """SELECT count(*) FROM (SELECT 1 FROM routing_slaevent
        WHERE kind IN ('warned', 'breached', 'reminded', 'manager_told', 'escalated')
        GROUP BY timer_id, kind, detail->>'level' HAVING count(*) > 1) AS twice""",
}


def _wrong(stack: Stack, *, leads: int) -> list[str]:
    with psycopg.connect(stack.database.url) as connection:

        def ask(question: str) -> int:
            return int(connection.execute(question).fetchone()[0] or 0)

        found = {name: (ask(sql), leads * times) for name, (sql, times) in EXPECTATIONS.items()}
        found |= {name: (ask(sql), 0) for name, sql in MUST_BE_ZERO.items()}
        notices = ask("SELECT count(*) FROM routing_notice")
        unexplained = ask(
            """SELECT count(*) FROM integrations_deliveryattempt WHERE outcome = ''"""
        )
    invariants = subprocess.run(
        [sys.executable, "manage.py", "check_invariants"],
        cwd=ROOT,
        env=stack.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    mails = list(_mails(Path(stack.environment["EMAIL_FILE_PATH"])))
    copies = collections.Counter(one["Message-ID"] for one in mails)
    doubles = sum(copies.values()) - len(copies)
    told = collections.Counter(
        notice for one in _first_copies(mails) for notice in one["X-Notices"].split()
    )
    print(
        f"{notices} notices told by {len(copies)} mails, "
        f"{doubles} copies, {unexplained} open tries"
    )
    problems = [
        f"{name}: {seen}, expected {wanted}"
        for name, (seen, wanted) in found.items()
        if seen != wanted
    ]
    if invariants.returncode:
        problems.append(invariants.stdout)
    if len(told) != notices:
        problems.append(f"{notices} notices but {len(told)} were told by mail")
    if twice := [notice for notice, count in told.items() if count > 1]:
        problems.append(f"{len(twice)} notices were told by two different mails")
    if doubles > unexplained:
        problems.append(f"{doubles} mails twice, but only {unexplained} tries without an answer")
    return problems


def _mails(folder: Path) -> Iterator[Message]:
    """Yield what reached the mail server; it keeps each mail in a file, followed by a rule."""
    for file in folder.iterdir():
        for text in file.read_text().split("-" * 79 + "\n"):
            if text.strip():
                yield message_from_string(text)


def _first_copies(mails: Iterable[Message]) -> Iterable[Message]:
    """Keep one of those that are copies of each other; they tell the same notices."""
    return {one["Message-ID"]: one for one in mails}.values()


if __name__ == "__main__":
    sys.exit(main())
