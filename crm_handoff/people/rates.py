"""How often something may be asked for by one person or address, counted in the database."""

import hashlib
from datetime import datetime, timedelta

from django.db import connection

from crm_handoff.people.models import Allowance

KEPT_FOR = timedelta(days=1)
"""No bucket takes longer to fill."""

# One statement: of many at once as many pass as there is left. A bucket fills up to the limit.
TAKE = f"""
    INSERT INTO {Allowance._meta.db_table} AS known (subject, remaining, counted_at)
    VALUES (%(subject)s, %(limit)s - 1, %(at)s)
    ON CONFLICT (subject) DO UPDATE
    SET remaining = least(%(limit)s, known.remaining + %(limit)s / %(seconds)s::float8
            * greatest(0, extract(epoch FROM excluded.counted_at - known.counted_at)::float8)) - 1,
        counted_at = greatest(excluded.counted_at, known.counted_at)
    WHERE least(%(limit)s, known.remaining + %(limit)s / %(seconds)s::float8
            * greatest(0, extract(epoch FROM excluded.counted_at - known.counted_at)::float8)) >= 1
    RETURNING remaining"""  # noqa: S608

PRUNE = f"""
    DELETE FROM {Allowance._meta.db_table} WHERE subject IN (
        SELECT subject FROM {Allowance._meta.db_table} WHERE counted_at < %s
        LIMIT 1000 FOR UPDATE SKIP LOCKED)"""  # noqa: S608


def take(subject: str, *, limit: int, per: timedelta, at: datetime) -> bool:
    """Take one from what a subject may still ask for; False when nothing is left.

    At most `limit` at once, refilled evenly over `per`, which is a day at most. Only the SHA-256
    of the subject is stored.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            TAKE,
            {
                "subject": hashlib.sha256(subject.encode()).digest(),
                "limit": limit,
                "seconds": per.total_seconds(),
                "at": at,
            },
        )
        return cursor.fetchone() is not None


def prune(*, at: datetime) -> int:
    """Forget up to 1,000 buckets that are full again; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(PRUNE, [at - KEPT_FOR])
        count: int = cursor.rowcount
    return count
