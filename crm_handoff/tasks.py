"""What Celery runs: messages carry no id, the work is whatever the database says is due."""

import socket
import time
from typing import Any

from celery import Task, shared_task
from django.db import close_old_connections

from crm_handoff import absences, clocks, pipeline
from crm_handoff.clock import database_now
from crm_handoff.heartbeats import Heartbeat, beat
from crm_handoff.integrations import deliveries
from leads import impacts, imports

IMPORT_SECONDS = 20
"""After these, a worker that goes on with imports looks for more urgent work."""

IMPACT_SECONDS = 20
"""The same of previews of what a version would change."""

CALENDAR_SECONDS = 240
"""A calendar that takes longer to lay out is a mistake or worse; its worker is replaced."""

READING_SECONDS = 1800
"""A large file is read in one go, all of it or nothing."""


class Work(Task):  # type: ignore[type-arg]  # generic for the type checker alone
    """A task on a connection that outlives it; one that broke since the last task is replaced."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Run the task."""
        close_old_connections()
        return super().__call__(*args, **options)


@shared_task(base=Work, name="pipeline.judge_pending")
def judge_pending() -> None:
    """Judge waiting leads until none is left."""
    while pipeline.judge_pending():
        pass


@shared_task(base=Work, name="pipeline.fire_due_steps")
def fire_due_steps() -> None:
    """Fire due steps until none is left."""
    while pipeline.fire_due_steps():
        pass


@shared_task(base=Work, name="pipeline.drain_queues")
def drain_queues() -> None:
    """Hand out what waits in queues until nobody is free for any of it."""
    while pipeline.drain_queues():
        pass


@shared_task(base=Work, name="pipeline.put_due_in_force")
def put_due_in_force() -> None:
    """Put versions in force that are due; a relay wakes the next worker for what is left."""
    pipeline.put_due_in_force()


@shared_task(base=Work, name="clocks.resume_due")
def resume_due_clocks() -> None:
    """Let clocks run on whose pause is over until none is left."""
    while clocks.resume_due():
        pass


@shared_task(base=Work, name="clocks.recount")
def recount_clocks() -> None:
    """Count clocks of edited calendars anew until none is left that nobody has locked."""
    while clocks.recount():
        pass


@shared_task(base=Work, name="absences.begin")
def begin_absences() -> None:
    """Move on the leads of reps who went away until none is left that can move."""
    while absences.begin():
        pass


@shared_task(base=Work, name="departures.empty")
def empty_departures() -> None:
    """Pass on the leads of reps who left until none is left that can move."""
    while absences.empty():
        pass


@shared_task(base=Work, name="deliveries.owe")
def owe() -> None:
    """Turn notices into deliveries until none is left."""
    while deliveries.owe():
        pass


@shared_task(base=Work, name="deliveries.send_due")
def send_due() -> None:
    """Send what is due; a relay wakes the next worker for what is left."""
    deliveries.send_due()


@shared_task(base=Work, name="imports.work", time_limit=READING_SECONDS)
def work_on_imports() -> None:
    """Go on with imports until none waits, or for a while; a relay wakes the next worker."""
    until = time.monotonic() + IMPORT_SECONDS
    while imports.work() and time.monotonic() < until:
        pass


@shared_task(base=Work, name="impacts.work")
def work_on_impacts() -> None:
    """Go on with previews until none waits, or for a while; a relay wakes the next worker."""
    until = time.monotonic() + IMPACT_SECONDS
    while impacts.work() and time.monotonic() < until:
        pass


@shared_task(base=Work, name="calendars.read", time_limit=CALENDAR_SECONDS)
def read_calendars() -> None:
    """Read calendars that are due until none is."""
    while absences.read_calendars():
        pass


@shared_task(base=Work, name="heartbeats.beat")
def beat_worker() -> None:
    """Show that a worker takes messages and reaches the database."""
    beat(Heartbeat.Kind.WORKER, f"worker@{socket.gethostname()}", at=database_now())
