"""An invariant as a question to the database, and how it is asked."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection

MOST_ROWS = 100
"""Rows shown of one violated invariant."""

EVER = datetime(1970, 1, 1, tzinfo=UTC)
"""Since when the whole history is looked at."""


@dataclass(frozen=True, slots=True)
class Check:
    """An invariant. says: what is wrong when `sql` returns a row; todo: what helps then.

    Both are English texts that are translated when shown. The parameters of `sql` are `at` and
    `since`: what history changed after is looked at, so that a look each minute stays cheap.
    """

    name: str
    says: str
    todo: str
    sql: str


def violations(
    check: Check, *, at: datetime, since: datetime | None = None
) -> list[dict[str, Any]]:
    """Return up to a hundred rows that violate an invariant, by column; one query.

    at: the database's clock. since: from when on history is looked at; None looks at all of it.
    """
    with connection.cursor() as cursor:
        cursor.execute(check.sql, {"at": at, "since": since or EVER})
        columns = [column.name for column in cursor.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchmany(MOST_ROWS)]
