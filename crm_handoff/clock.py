"""The database's clock, the only one that decides what is due."""

from datetime import datetime

from django.db import connection


def database_now() -> datetime:
    """Return the present instant as the database sees it, also within a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
        return now
