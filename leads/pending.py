"""Leads that wait for judgement."""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection


def mark(lead_ids: Iterable[int]) -> None:
    """Mark leads pending; one query. Call it in the transaction that saves their facts."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO leads_pendingmark (lead_id) SELECT unnest(%s::bigint[])",
            [sorted(set(lead_ids))],
        )


def reserve(mark_ids: Iterable[int], *, until: datetime) -> None:
    """Keep marks from being claimed, but for who asks for their lead by its id; one query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE leads_pendingmark SET retry_at = %s WHERE id = ANY(%s)",
            [until, list(mark_ids)],
        )


REST_SECONDS, REST_AT_MOST_SECONDS = 30, 3600


def postpone(lead_id: int, *, at: datetime) -> None:
    """Let a lead that could not be judged rest, twice as long after each failure, an hour at most.

    Its marks stay, so that it is tried again and shows as waiting too long meanwhile.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE leads_pendingmark SET failure_count = failure_count + 1,
                   retry_at = %s + make_interval(
                       secs => least(%s * power(2, least(failure_count, 12)), %s))
               WHERE lead_id = %s""",
            [at, REST_SECONDS, REST_AT_MOST_SECONDS, lead_id],
        )
