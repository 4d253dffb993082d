"""Waiting leads: claimed by one worker each, and their marks deleted when done."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from leads import bulk


@dataclass(frozen=True, slots=True)
class Claim:
    """A waiting lead that this transaction alone holds, with the marks to delete when done."""

    lead_id: int
    mark_ids: tuple[int, ...]
    marked_at: datetime


@transaction.atomic(savepoint=False)
def claim(
    *,
    limit: int,
    lead_id: int | None = None,
    due_by: datetime | None = None,
    is_fresh: bool = False,
) -> list[Claim]:
    """Take waiting leads that no other worker holds, and lock them; oldest first.

    Those whom a version that came into force is to judge come after those with fresh facts, and
    with `is_fresh` not at all.

    Waiting are leads with a mark, and those whose `reevaluate_at` came (by `due_by`, else by the
    database's clock), which get one. `limit` bounds each of the two; `lead_id` asks for one lead,
    also while it rests or is reserved.
    """
    with connection.cursor() as cursor:
        wanted = {"limit": limit, "lead": lead_id, "by": due_by, "fresh": is_fresh}
        cursor.execute(_WAITING, wanted)
        waiting = [pk for (pk,) in cursor.fetchall()]
        asked: dict[str, Any] = {
            "waiting": bulk.array(waiting),
            "limit": limit,
            "lead": lead_id,
            "by": due_by,
        }
        cursor.execute(_LOCK, asked)
        held = [pk for (pk,) in cursor.fetchall()]
        if unmarked := sorted({*held} - {*waiting}):
            cursor.execute(
                "INSERT INTO leads_pendingmark (lead_id) SELECT unnest(%s::bigint[])",
                [bulk.array(unmarked)],
            )
        cursor.execute(_MARKS, [bulk.array(held)])
        return [Claim(pk, tuple(ids), marked_at) for pk, ids, marked_at in cursor.fetchall()]


def finish(claims: Iterable[Claim]) -> None:
    """Delete the marks that were claimed, and no later ones; in the claiming transaction."""
    ids = [pk for one in claims for pk in one.mark_ids]
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM leads_pendingmark WHERE id = ANY(%s::bigint[])", [bulk.array(ids)]
        )


_WAITING = """
SELECT DISTINCT lead_id FROM (
    SELECT lead_id FROM leads_pendingmark
    WHERE lead_id = %(lead)s OR %(lead)s::bigint IS NULL
        AND (retry_at IS NULL OR retry_at <= COALESCE(%(by)s::timestamptz, statement_timestamp()))
        AND NOT (is_backlog AND %(fresh)s)
    ORDER BY is_backlog, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
) AS mark
"""

_LOCK = """
SELECT id FROM leads_lead
WHERE id IN (
    SELECT unnest(%(waiting)s::bigint[])
    UNION
    (SELECT id FROM leads_lead
    WHERE reevaluate_at <= COALESCE(%(by)s::timestamptz, statement_timestamp())
        AND (id = %(lead)s OR %(lead)s::bigint IS NULL AND NOT EXISTS (
            SELECT FROM leads_pendingmark
            WHERE lead_id = leads_lead.id
                AND retry_at > COALESCE(%(by)s::timestamptz, statement_timestamp())
        ))
    ORDER BY reevaluate_at LIMIT %(limit)s)
)
ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
"""

_MARKS = """
SELECT lead_id, array_agg(id), min(marked_at) FROM (
    SELECT id, lead_id, marked_at, is_backlog FROM leads_pendingmark
    WHERE lead_id = ANY(%s::bigint[]) FOR UPDATE SKIP LOCKED
) AS mark
GROUP BY lead_id ORDER BY bool_and(is_backlog), min(id)
"""
# A mark that another worker looks at is left to a later claim: waiting for it could deadlock.
# The statement's time, not the clock's, which changes within one: only so is the index of use.
