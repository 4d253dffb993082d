"""What looks for due work: any number of relays, no leader, all memory in the database."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from celery import Celery, current_app
from django.db import DatabaseError, InterfaceError, OperationalError, close_old_connections
from django.db import connection as database
from kombu.exceptions import OperationalError as BrokerError

from crm_handoff import absences, alerts, clocks, housekeeping, pipeline, rounds
from crm_handoff.agreements import reviewing
from crm_handoff.heartbeats import Heartbeat, beat
from crm_handoff.integrations import calendars, deliveries
from leads import impacts, imports
from routing import departures, pauses, recounting, sweeps

logger = logging.getLogger(__name__)

TICK = 0.1
"""Seconds between two looks."""
WAKE_EXPIRES = 5
"""Seconds after which a wake-up message is worthless: a later look sends another."""
HELP_AFTER = timedelta(seconds=2)
"""Lateness at which a relay stops trusting workers and does the work itself."""
BROKER_REST = 5
"""Seconds without publishing after the broker failed, so that no tick waits for it."""
BEAT_EVERY = timedelta(seconds=2)


@dataclass(frozen=True)
class Job:
    """A kind of work: `oldest` is SQL for the instant at which its oldest item became due."""

    name: str
    oldest: str
    run: Callable[[], int]


JOBS = (
    Job(
        "pipeline.judge_pending",
        # The backlog of an activation is never late: a relay that works it off itself, while
        # there are workers, has no time for clocks.
        """SELECT least((SELECT marked_at FROM leads_pendingmark
                         WHERE NOT is_backlog AND retry_at IS NULL ORDER BY id LIMIT 1),
                        (SELECT min(retry_at) FROM leads_pendingmark
                         WHERE NOT is_backlog AND retry_at <= statement_timestamp()),
                        (SELECT statement_timestamp() FROM leads_pendingmark WHERE is_backlog
                         AND coalesce(retry_at, '-infinity') <= statement_timestamp() LIMIT 1),
                        (SELECT min(reevaluate_at) FROM leads_lead AS lead
                         WHERE reevaluate_at <= statement_timestamp() AND NOT EXISTS
                             (SELECT FROM leads_pendingmark AS mark WHERE mark.lead_id = lead.id
                              AND mark.retry_at > statement_timestamp())))""",
        pipeline.judge_pending,
    ),
    Job(
        "pipeline.fire_due_steps",
        """SELECT min(due_at) FROM routing_slatimerstep
           WHERE state = 'armed' AND due_at <= statement_timestamp()""",
        pipeline.fire_due_steps,
    ),
    Job("pipeline.drain_queues", sweeps.ROOM, pipeline.drain_queues),
    Job("clocks.resume_due", pauses.OVER, clocks.resume_due),
    Job("clocks.recount", recounting.EDITED, clocks.recount),
    Job("absences.begin", departures.DUE, absences.begin),
    Job("departures.empty", departures.LEFT_BEHIND, absences.empty),
    Job(
        "deliveries.owe",
        "SELECT min(at) FROM routing_notice WHERE handled_at IS NULL",
        deliveries.owe,
    ),
    Job(
        "deliveries.send_due",
        """SELECT min(greatest(next_at, coalesce(lease_until, next_at)))
           FROM integrations_delivery
           WHERE state = 'ready' AND next_at <= statement_timestamp()
             AND (lease_until IS NULL OR lease_until <= statement_timestamp())""",
        deliveries.send_due,
    ),
    Job(
        "pipeline.put_due_in_force",
        """SELECT min(greatest(effective_at, activation_retry_at, submitted_at))
           FROM definitions_definitionversion WHERE state = 'signed'
             AND coalesce(effective_at, '-infinity') <= statement_timestamp()
             AND coalesce(activation_retry_at, '-infinity') <= statement_timestamp()""",
        pipeline.put_due_in_force,
    ),
    # Never late: a relay that saves files itself, while there are workers, has no time for clocks.
    Job("imports.work", imports.WAITING, imports.work),
    Job("impacts.work", impacts.WAITING, impacts.work),
    Job("calendars.read", calendars.DUE, absences.read_calendars),
)
"""Looked at on every tick, most urgent first; read by the relay and by the tasks."""

_LOOK = f"SELECT clock_timestamp(), {', '.join(f'({job.oldest})' for job in JOBS)}"

SLOW_JOBS = (
    Job("pipeline.drain_queues", "", pipeline.drain_queues),
    Job("pipeline.expire_untouched", "", pipeline.expire_untouched),
    Job("departures.empty", "", absences.empty),
    Job("reviewing.attend", "", reviewing.attend),
    Job("clocks.recount_stragglers", "", clocks.recount_stragglers),
    Job("absences.plan", "", absences.plan),
    Job("rounds.look", "", rounds.look),
    Job("alerts.look", "", alerts.look),
    Job("alerts.suspend_repeaters", "", alerts.suspend_repeaters),
    Job("housekeeping.forget_answers", "", housekeeping.forget_answers),
    Job("housekeeping.forget_bodies", "", housekeeping.forget_bodies),
    Job("housekeeping.forget_rates", "", housekeeping.forget_rates),
)
"""Done by the relay itself every few seconds; each finds out alone that there is nothing."""
SLOW_EVERY = timedelta(seconds=3)


class Relay:
    """One relay process.

    `name` tells its heartbeat from those of others. Every look asks the database what is due,
    wakes a worker for it (through `app`), and helps out when the broker is gone or the work late.
    """

    def __init__(self, name: str, *, app: Celery = current_app) -> None:
        self.name = name
        self.app = app
        self.is_stopping = False
        self._publish_after = 0.0
        self._beat_at: datetime | None = None
        self._slow_at: datetime | None = None

    def stop(self) -> None:
        """Ask the relay to end after the look that it is in."""
        self.is_stopping = True

    def run(self) -> None:
        """Look until stopped; a database that is away is waited for."""
        while not self.is_stopping:
            try:
                self.look()
            except (OperationalError, InterfaceError, DatabaseError):
                logger.exception("relay %s: the database failed, trying again", self.name)
                database.close()
                time.sleep(1)
            close_old_connections()
            time.sleep(TICK)

    def look(self) -> None:
        """Look once at every job; one query when nothing is due."""
        with database.cursor() as cursor:
            cursor.execute(_LOOK)
            at, *due = cursor.fetchone()
        if self._beat_at is None or at - self._beat_at >= BEAT_EVERY:
            self._beat_at = at
            beat(Heartbeat.Kind.RELAY, self.name, at=at)
            self._wake("heartbeats.beat")
        for job, oldest in zip(JOBS, due, strict=True):
            if oldest is not None:
                self._attend(job, is_late=at - oldest > HELP_AFTER)
        if self._slow_at is None or at - self._slow_at >= SLOW_EVERY:
            self._slow_at = at
            for job in SLOW_JOBS:
                self._help(job)

    def _attend(self, job: Job, *, is_late: bool) -> None:
        is_woken = self._wake(job.name)
        if not is_woken or is_late:
            self._help(job)

    def _wake(self, task: str) -> bool:
        """Send a wake-up message; returns whether the broker took it."""
        if time.monotonic() < self._publish_after:
            return False
        try:
            self.app.send_task(task, expires=WAKE_EXPIRES, retry=False)
        except (BrokerError, OSError) as error:
            self._publish_after = time.monotonic() + BROKER_REST
            logger.warning("relay %s: the broker does not take messages: %s", self.name, error)
            return False
        return True

    def _help(self, job: Job) -> None:
        """Do the work here; one job that fails must not keep the others from their turn."""
        try:
            job.run()
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            logger.exception("relay %s: %s failed", self.name, job.name)
