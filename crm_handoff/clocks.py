"""What clocks need beside their steps: pauses that are over, calendars that were edited."""

from datetime import datetime

from crm_handoff.clock import database_now
from routing import pauses, recounting

BATCH = 100
"""Clocks moved in one transaction: few enough that nobody waits for their handoffs for long."""


def resume_due(*, limit: int = BATCH, at: datetime | None = None) -> int:
    """Let clocks run on whose pause is over; returns of how many handoffs.

    at: None takes the database's clock; an instant plays history.
    """
    return pauses.resume_due(at=at or database_now(), limit=limit)


def recount(*, limit: int = BATCH, at: datetime | None = None) -> int:
    """Count clocks anew whose calendar was edited; returns how many.

    at: None takes the database's clock; an instant plays history.
    """
    return recounting.recount(at=at or database_now(), limit=limit)


def recount_stragglers() -> int:
    """Count anew what an edit of a calendar missed; returns how many."""
    return recounting.recount_stragglers(at=database_now(), limit=BATCH)
