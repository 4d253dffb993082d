"""What a buggy script would write past the product while it works: the database must refuse."""

import random
import threading
import time

import psycopg
from psycopg import errors

REFUSALS = (errors.IntegrityError, errors.RaiseException)
WRITES = {
    "a second open handoff of a lead": """
        WITH handoff AS (
            INSERT INTO routing_handoff (public_id, lead_id, version_id, evaluation_id, packet,
                status, queue_id, calendar_id, is_over_capacity, floor_missed, qualified_at,
                opened_at)
            SELECT gen_random_uuid(), lead_id, version_id, evaluation_id, '{}', 'queued',
                   (SELECT id FROM routing_queue ORDER BY id LIMIT 1), calendar_id, false, false,
                   qualified_at, opened_at
            FROM routing_handoff WHERE status IN ('assigned', 'accepted', 'queued') LIMIT 1
            RETURNING id)
        INSERT INTO routing_slatimer (handoff_id, milestone, term_key, is_high_intent,
            is_business_time, respond_within, stop_kinds, state, started_at, promised_at, due_at,
            tzdata_version)
        SELECT id, 'first_response', 'any', false, false, '1 day', '[]', 'running', now(),
               now() + interval '1 day', now() + interval '1 day', '' FROM handoff
        RETURNING id""",
    "a clock that fires before it is due": """
        UPDATE routing_slatimerstep
        SET state = 'fired', fired_at = due_at - interval '1 second'
        WHERE id = (SELECT id FROM routing_slatimerstep WHERE state = 'armed' LIMIT 1)
        RETURNING id""",
    "a decision edited afterwards": """
        UPDATE routing_routingdecision SET why = 'because' WHERE id = (
            SELECT min(id) FROM routing_routingdecision) RETURNING id""",
    "a line of the ledger deleted": """
        DELETE FROM routing_slaevent WHERE id = (SELECT min(id) FROM routing_slaevent)
        RETURNING id""",
    "a rejection without a word": """
        INSERT INTO routing_rejection (handoff_id, reason_id, comment, by_id, at)
        SELECT handoff.id, reason.id, ' ', person.id, now()
        FROM routing_handoff handoff, routing_rejectionreason reason, crm_handoff_user person
        LIMIT 1 RETURNING id""",
    "an open handoff that nobody owns": """
        UPDATE routing_handoff SET rep_id = NULL, queue_id = NULL
        WHERE id = (SELECT min(id) FROM routing_handoff WHERE status IN ('assigned', 'accepted'))
        RETURNING id""",
    "an open handoff whose clock is gone": """
        UPDATE routing_slatimer SET state = 'cancelled', breached_at = NULL WHERE id = (
            SELECT min(timer.id) FROM routing_slatimer timer
            JOIN routing_handoff handoff ON handoff.id = timer.handoff_id
            WHERE milestone = 'first_response' AND handoff.status IN ('assigned', 'accepted'))
        RETURNING id""",
    "a signed promise changed": """
        UPDATE definitions_slaterm SET respond_within = '1 day' WHERE version_id = (
            SELECT id FROM definitions_definitionversion WHERE state = 'active' LIMIT 1)
        RETURNING id""",
}
"""Each returns a row when it found something to spoil and was let."""


class Hostile(threading.Thread):
    """Tries bad writes one after another until stopped; `accepted` names those that got in.

    What gets in stays, so that whatever else looks for it can find it too.
    """

    def __init__(self, database: str, chance: random.Random) -> None:
        super().__init__(daemon=True)
        self.database, self.chance = database, chance
        self.accepted: set[str] = set()
        self.refused: set[str] = set()
        self._is_over = threading.Event()

    def run(self) -> None:
        while not self._is_over.wait(0.2):
            name = self.chance.choice(sorted(WRITES.keys() - self.accepted) or sorted(WRITES))
            try:
                if self._is_let(WRITES[name]):
                    self.accepted.add(name)
            except REFUSALS:
                self.refused.add(name)
            except psycopg.Error:
                time.sleep(0.1)  # the database is away, or the row is being worked on

    def finish(self) -> list[str]:
        """Stop; returns what the database let in, or was never asked."""
        self._is_over.set()
        self.join()
        never = WRITES.keys() - self.refused - self.accepted
        return [
            *(f"the database took {name}" for name in sorted(self.accepted)),
            *(f"nothing could be tried of: {name}" for name in sorted(never)),
        ]

    def _is_let(self, write: str) -> bool:
        with psycopg.connect(self.database, connect_timeout=2) as connection:
            connection.execute("SET lock_timeout = '200ms'")
            found = connection.execute(write).fetchone()
        # Some of what must hold is asked at the end of the transaction alone.
        return found is not None
