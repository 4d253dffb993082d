"""Waiting leads: claimed by one worker each, and their marks deleted when done."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction


@dataclass(frozen=True, slots=True)
class Claim:
    """A waiting lead that this transaction alone holds, with the marks to delete when done."""

    lead_id: int
    mark_ids: tuple[int, ...]
    marked_at: datetime


@transaction.atomic
def claim(
    *, limit: int, lead_id: int | None = None, due_by: datetime | None = None
) -> list[Claim]:
    """Take waiting leads that no other worker holds, and lock them; oldest first.

    Waiting are leads with a mark, and those whose `reevaluate_at` came (by `due_by`, else by the
    database's clock), which get one. `limit` bounds each of the two; `lead_id` asks for one lead.
    """
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, {"limit": limit, "lead": lead_id, "by": due_by})
        waiting = [pk for (pk,) in cursor.fetchall()]
        cursor.execute(_LOCK, {"waiting": waiting, "limit": limit, "lead": lead_id, "by": due_by})
        rows = cursor.fetchall()
        held = [pk for pk, _ in rows]
        marked = frozenset(waiting)
        cursor.execute(
            "INSERT INTO leads_pendingmark (lead_id) SELECT unnest(%s::bigint[])",
            [[pk for pk, _ in rows if pk not in marked]],
        )
        cursor.execute(_MARKS, [held])
        return [Claim(pk, tuple(ids), marked_at) for pk, ids, marked_at in cursor.fetchall()]


def finish(claims: Iterable[Claim]) -> None:
    """Delete the marks that were claimed, and no later ones; in the claiming transaction."""
    ids = [pk for one in claims for pk in one.mark_ids]
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM leads_pendingmark WHERE id = ANY(%s)", [ids])


_WAITING = """
SELECT DISTINCT lead_id FROM (
    SELECT lead_id FROM leads_pendingmark
    WHERE (lead_id = %(lead)s OR %(lead)s::bigint IS NULL)
        AND (retry_at IS NULL OR retry_at <= COALESCE(%(by)s::timestamptz, clock_timestamp()))
    ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
) AS mark
"""

_LOCK = """
SELECT id, reevaluate_at FROM leads_lead
WHERE id = ANY(%(waiting)s) OR id IN (
    SELECT id FROM leads_lead
    WHERE reevaluate_at <= COALESCE(%(by)s::timestamptz, clock_timestamp())
        AND (id = %(lead)s OR %(lead)s::bigint IS NULL)
    ORDER BY reevaluate_at LIMIT %(limit)s
)
ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
"""

_MARKS = """
SELECT lead_id, array_agg(id), min(marked_at) FROM (
    SELECT id, lead_id, marked_at FROM leads_pendingmark
    WHERE lead_id = ANY(%s) FOR UPDATE SKIP LOCKED
) AS mark
GROUP BY lead_id ORDER BY min(id)
"""
# A mark that another worker looks at is left to a later claim: waiting for it could deadlock.
