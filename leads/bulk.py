"""Many values to and from the database, quicker than the driver does on its own."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import psycopg
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models.expressions import RawSQL
from psycopg.types.datetime import TimestamptzLoader


def array(values: Iterable[int | str | datetime | None]) -> str:
    """Write values as an array literal of PostgreSQL; None is NULL.

    Strings are to be plain words: nothing in them is quoted.
    """
    return "{" + ",".join(["NULL" if one is None else _plain(one) for one in values]) + "}"


def among(ids: Iterable[int]) -> RawSQL:
    """Return ids for an `__in` filter, as one value: thousands of them are slow to write out."""
    return RawSQL("SELECT unnest(%s::bigint[])", [array(ids)])


@contextmanager
def cursor() -> Iterator[CursorWrapper]:
    """Open a cursor for a query that is asked again and again.

    The server plans it once a connection, and instants are read by the driver's own loader, in
    UTC like the connection.
    """
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    opened: Any = psycopg.Cursor(connection.connection)
    opened.adapters.register_loader("timestamptz", TimestamptzLoader)
    wrap = connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
    with wrap(opened) as wrapped:
        yield wrapped


def _plain(value: int | str | datetime) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
