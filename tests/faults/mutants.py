"""Ways in which the product could be built wrong; the drive must find each of them.

`python -m tests.faults.mutants` builds each mutant in a copy of the source and drives it;
`--only c,d` chooses. Exits with 1 and names those that got through. A mutant whose place in the
source is not found any more is an error too: it must follow the product.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from launcher.places import ROOT

WRONG = "WRONG:"
SLOW_MAIL = (
    "tests/faults/mail.py",
    "LONGEST_WAIT_SECONDS = 0.1",
    "LONGEST_WAIT_SECONDS = 3",
)
DUE_SUBJECTS = "    subjects = due_subjects(at=at, limit=limit)\n    handoff_ids = ["
TAKEN = """    import time
    from routing.models import SlaTimerStep
    taken = list(steps.due(at=at).order_by("due_at").select_related(
        "timer__handoff__rep__user", "timer__handoff__queue__manager")[:limit])

    def act():
        for step in taken:
            if step.kind in alarms.TELLS:
                alarms.tell([step], at=at)
            else:
                EFFECTS[StepKind(step.kind)](step.timer, step.timer.handoff, at)

"""
"""What stands in for the firing of steps where a mutant takes them without a lock."""


@dataclass(frozen=True)
class Mutant:
    """A wrong way to build one thing.

    edits: (file, what stands there once, what stands there instead). spoil: SQL run before the
    first lead. options: further ones of the drive, such as the kinds of fault that matter.
    """

    letter: str
    says: str
    edits: tuple[tuple[str, str, str], ...] = ()
    spoil: str = ""
    options: tuple[str, ...] = ()


class PlaceNotFound(Exception):
    """The source does not read as a mutant supposes."""


def main() -> int:
    """Drive every mutant that was asked for; returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="", help="letters, by comma")
    parser.add_argument("--leads", default="100")
    parser.add_argument("--faults", default="12")
    options = parser.parse_args()
    letters = options.only.split(",") if options.only else [each.letter for each in MUTANTS]
    survivors = []
    for mutant in MUTANTS:
        if mutant.letter in letters:
            found = list(drive(mutant, leads=options.leads, faults=options.faults))
            print(f"({mutant.letter}) {mutant.says}")
            print("\n".join(f"    {line}" for line in found or ["NOT FOUND"]), flush=True)
            survivors += [] if found else [mutant.letter]
    return 1 if survivors else 0


def drive(mutant: Mutant, *, leads: str, faults: str) -> Iterator[str]:
    """Drive a mutant and yield what was found wrong with it."""
    with tempfile.TemporaryDirectory(prefix=f"mutant-{mutant.letter}-") as folder:
        source = Path(folder) / "source"
        _copy(source)
        for file, old, new in mutant.edits:
            _edit(source / file, old, new)
        finished = subprocess.run(
            [
                *(sys.executable, "-m", "tests.faults.drive", str(Path(folder) / "stack")),
                *("--leads", leads, "--faults", faults, "--spoil", mutant.spoil),
                *mutant.options,
            ],
            cwd=source,
            capture_output=True,
            text=True,
            check=False,
        )
    yield from (line for line in finished.stdout.splitlines() if line.startswith(WRONG))
    if finished.returncode not in (0, 1) or "Traceback" in finished.stderr:
        raise RuntimeError(f"({mutant.letter}) did not run:\n{finished.stderr[-3000:]}")


def _copy(to: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)


def _edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    if text.count(old) != 1:
        raise PlaceNotFound(f"{file}: {text.count(old)} times {old!r}")
    file.write_text(text.replace(old, new))


MUTANTS = (
    Mutant(
        "a",
        "no index keeps a lead from two open handoffs",
        spoil="DROP INDEX one_open_handoff_per_lead",
        options=("--kinds", "worker,backend"),
    ),
    Mutant(
        "b",
        "open leads are counted, not kept in a counter that the database checks",
        edits=(
            (
                "routing/roster.py",
                '.select_for_update(of=("self",), no_key=True)',
                "",
            ),
            (
                "routing/roster.py",
                "    return rep.open_count + rep.excess_count\n",
                "    import time\n"
                "    from routing.models import Handoff\n"
                '    held = Handoff.objects.filter(rep=rep, status__in=("assigned", "accepted"))\n'
                "    count = held.count()\n"
                "    time.sleep(0.01)\n"
                "    return count\n",
            ),
        ),
        spoil="""ALTER TABLE routing_rep DROP CONSTRAINT rep_within_capacity;
            DROP TRIGGER handoff_load_taken ON routing_handoff;
            DROP TRIGGER handoff_load_moved ON routing_handoff""",
        options=("--kinds", "worker"),
    ),
    Mutant(
        "c",
        "a step is marked fired, and then does what it is for",
        edits=(
            (
                "routing/escalation.py",
                DUE_SUBJECTS,
                TAKEN
                + "    SlaTimerStep.objects.filter(pk__in=[step.pk for step in taken]).update(\n"
                '        state="fired", fired_at=at)\n'
                "    time.sleep(0.5)\n"
                "    with transaction.atomic():\n"
                "        act()\n"
                "    return len(taken)\n"
                "    handoff_ids = [",
            ),
        ),
        options=("--kinds", "worker,relay,both relays"),
    ),
    Mutant(
        "d",
        "a step does what it is for, is then marked fired, and nothing keeps it to once",
        spoil="DROP INDEX step_fires_once",
        edits=(
            (
                "routing/escalation.py",
                DUE_SUBJECTS,
                TAKEN + "    with transaction.atomic():\n"
                "        act()\n"
                "        SlaTimerStep.objects.filter(pk__in=[step.pk for step in taken]).update(\n"
                '            state="armed", fired_at=None)\n'
                "    time.sleep(0.5)\n"
                "    SlaTimerStep.objects.filter(pk__in=[step.pk for step in taken]).update(\n"
                '        state="fired", fired_at=at)\n'
                "    return len(taken)\n"
                "    handoff_ids = [",
            ),
        ),
        options=("--kinds", "worker,relay,both relays"),
    ),
    Mutant(
        "e",
        "messages are published on commit and no relay looks",
        edits=(
            (
                "leads/pending.py",
                "            [sorted(set(lead_ids))],\n        )\n",
                "            [sorted(set(lead_ids))],\n        )\n"
                "    from celery import current_app\n"
                "    from django.db import transaction\n"
                "    transaction.on_commit(\n"
                '        lambda: current_app.send_task("pipeline.judge_pending", retry=False)\n'
                "    )\n",
            ),
        ),
        options=("--without-relays",),
    ),
    Mutant(
        "f",
        "steps are due by messages that wait in the broker",
        edits=(
            (
                "crm_handoff/relay.py",
                "WHERE state = 'armed' AND due_at <= statement_timestamp()",
                "WHERE state = 'armed' AND due_at <= statement_timestamp() AND false",
            ),
            (
                "routing/steps.py",
                "        for (kind, level), due_at in plan.steps.items()\n    )\n\n\ndef advance",
                "        for (kind, level), due_at in plan.steps.items()\n    )\n"
                "    from celery import current_app\n"
                "    from django.db import transaction\n"
                "    for timer, plan in planned:\n"
                "        for due_at in plan.steps.values():\n"
                "            wait = (due_at - timer.started_at).total_seconds() + 0.2\n"
                "            transaction.on_commit(lambda of=timer.handoff_id, wait=wait:\n"
                '                current_app.send_task("pipeline.fire_steps_of", args=[of],\n'
                "                    countdown=wait, retry=False))\n"
                "\n\ndef advance",
            ),
            (
                "crm_handoff/tasks.py",
                '@shared_task(base=Work, name="pipeline.drain_queues")\n',
                '@shared_task(base=Work, name="pipeline.fire_steps_of")\n'
                "def fire_steps_of(handoff_id: int) -> None:\n"
                "    from routing import escalation\n"
                "    while escalation.fire_next(handoff_id, at=database_now()):\n"
                "        pass\n\n\n"
                '@shared_task(base=Work, name="pipeline.drain_queues")\n',
            ),
        ),
        options=("--kinds", "flush,broker,worker"),
    ),
    Mutant(
        "g",
        "a try is closed without its lease",
        edits=(
            SLOW_MAIL,
            (
                "crm_handoff/integrations/deliveries.py",
                "LEASE = timedelta(seconds=45)",
                "LEASE = timedelta(seconds=1)",
            ),
            (
                "crm_handoff/integrations/deliveries.py",
                "pk=lease.delivery.pk, lease_token=lease.token, state=Delivery.State.READY",
                "pk=lease.delivery.pk",
            ),
        ),
        options=("--kinds", "worker,standstill"),
    ),
    Mutant(
        "h",
        "a mail is sent before the try is written down",
        edits=(
            SLOW_MAIL,
            (
                "crm_handoff/integrations/deliveries.py",
                "        attempt = DeliveryAttempt.objects.create(\n",
                "        attempt = DeliveryAttempt(\n",
            ),
            (
                "crm_handoff/integrations/deliveries.py",
                "    DeliveryAttempt.objects.filter(pk=lease.attempt.pk).update(\n",
                "    lease.attempt.save()\n"
                "    DeliveryAttempt.objects.filter(pk=lease.attempt.pk).update(\n",
            ),
            (
                "crm_handoff/integrations/deliveries.py",
                "LEASE = timedelta(seconds=45)",
                "LEASE = timedelta(seconds=6)",
            ),
        ),
        options=("--kinds", "worker,relay", "--faults", "36"),
    ),
    Mutant(
        "i",
        "due instants by the clock on the wall",
        edits=(
            (
                "routing/calendar.py",
                "    begins = at = _utc(start)\n",
                "    wall = start.astimezone(ZoneInfo(hours.zone))\n"
                "    if len(hours.windows) == 7:\n"
                "        return (wall + amount).astimezone(UTC)\n"
                "    begins = at = _utc(start)\n",
            ),
        ),
        options=("--kinds", "flush"),
    ),
    Mutant(
        "j",
        "the product's own clock says what is due",
        edits=(
            (
                "crm_handoff/clock.py",
                "    with connection.cursor() as cursor:\n"
                '        cursor.execute("SELECT clock_timestamp()")\n'
                "        now: datetime = cursor.fetchone()[0]\n"
                "        return now\n",
                "    return datetime.now(UTC)\n",
            ),
            (
                "crm_handoff/clock.py",
                "from datetime import datetime\n",
                "from datetime import UTC, datetime\n",
            ),
        ),
        options=("--kinds", "broker,hung broker"),
    ),
    Mutant(
        "k",
        "a request is answered before it is saved",
        edits=(
            (
                "crm_handoff/wsgi.py",
                "application = get_wsgi_application()\n",
                "saves = get_wsgi_application()\n"
                "def application(environ, start_response):\n"
                '    if "touchpoints" not in environ["PATH_INFO"]:\n'
                "        return saves(environ, start_response)\n"
                "    import io, threading, time\n"
                '    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))\n'
                "    def later():\n"
                "        time.sleep(1)\n"
                '        saves({**environ, "wsgi.input": io.BytesIO(body)}, lambda *_: None)\n'
                "    threading.Thread(target=later).start()\n"
                '    start_response("201 Created", [("Content-Type", "application/json")])\n'
                '    return [b"{}"]\n',
            ),
        ),
        options=("--kinds", "web"),
    ),
)
"""By the letters of the list of mistakes that systems like this one have made."""


if __name__ == "__main__":
    sys.exit(main())
