"""Every invariant of the product: those of ownership and clocks, and those of messages."""

from datetime import datetime
from typing import Any

from routing import invariants
from routing.invariants import Check

CHECKS = (
    *invariants.CHECKS,
    Check(
        "notice_not_handled",
        "Somebody must be told, and for more than 30 seconds no message has been written.",
        """
        SELECT id AS notice, kind, at
        FROM routing_notice
        WHERE handled_at IS NULL AND at < %(at)s - interval '30 seconds'
        ORDER BY id
        """,
    ),
    Check(
        "delivery_overdue",
        "A message was due more than 60 seconds ago and nobody is sending it.",
        """
        SELECT id AS delivery, channel, next_at, attempt_count
        FROM integrations_delivery
        WHERE state = 'ready' AND next_at < %(at)s - interval '60 seconds'
          AND coalesce(lease_until, '-infinity') < %(at)s
        ORDER BY next_at
        """,
    ),
)
"""Read by `manage.py check_invariants` and the health page."""


def violated(*, at: datetime) -> dict[Check, list[dict[str, Any]]]:
    """Return the violating rows of every invariant that does not hold; one query each.

    at: the database's clock.
    """
    found = {check: invariants.violations(check, at=at) for check in CHECKS}
    return {check: rows for check, rows in found.items() if rows}
