"""The round of each minute: every invariant is asked, and the first violation tells RevOps."""

import logging
import time
from datetime import datetime, timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import InterfaceError, OperationalError, transaction

from crm_handoff import invariants
from crm_handoff.checkups import Checkup
from crm_handoff.clock import database_now
from crm_handoff.people import roles
from crm_handoff.people.roles import Role
from routing import notices
from routing.enums import NoticeKind
from routing.invariants import Check, violations

logger = logging.getLogger(__name__)

EVERY = timedelta(minutes=1)

RECENT = timedelta(days=2)
"""History that is looked at each minute; all of it once a day, and while something is wrong."""

SECONDS = 0.5
"""After these a relay turns to more urgent work; what is left is asked a few seconds later."""

ROWS_KEPT = 20


def look(*, at: datetime | None = None) -> int:
    """Ask the invariants that were not asked for a minute; any number of relays share them.

    One query when none is to be asked. One that cannot be asked keeps no other waiting.

    at: None takes the database's clock.

    Returns:
        How many were asked.
    """
    instant = at or database_now()
    asked_at = dict(Checkup.objects.values_list("name", "checked_at"))
    waiting = [
        check
        for check in invariants.CHECKS
        if asked_at.get(check.name, instant - EVERY) <= instant - EVERY
    ]
    new = [check.name for check in waiting if check.name not in asked_at]
    Checkup.objects.bulk_create(
        [Checkup(name=name, checked_at=instant - RECENT) for name in new], ignore_conflicts=True
    )
    until, asked = time.monotonic() + SECONDS, 0
    for check in waiting:
        if time.monotonic() < until:
            asked += _ask(check, at=instant)
    return asked


def _ask(check: Check, *, at: datetime) -> bool:
    try:
        return ask(check, at=at)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("The invariant %s could not be asked", check.name)
        return False


@transaction.atomic
def ask(check: Check, *, at: datetime) -> bool:
    """Ask one invariant and keep the answer; tell RevOps when it is violated and was not before.

    False when another relay is asking it or has just asked.
    """
    mine = Checkup.objects.select_for_update(skip_locked=True, no_key=True)
    checkup = mine.filter(name=check.name, checked_at__lte=at - EVERY).first()
    if checkup is None:
        return False
    rows = violations(check, at=at, since=_since(checkup, at=at))
    checkup.checked_at, checkup.violated_count = at, len(rows)
    checkup.rows = [_plain(row) for row in rows[:ROWS_KEPT]]
    if not rows:
        checkup.violated_since = checkup.told_at = None
    elif checkup.violated_since is None:
        checkup.violated_since = checkup.told_at = at
        _tell(check, at=at)
    checkup.save()
    return True


def _since(checkup: Checkup, *, at: datetime) -> datetime | None:
    is_new_day = checkup.checked_at.date() != at.date()
    return None if is_new_day or checkup.violated_since is not None else at - RECENT


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as JSON holds it: instants as text."""
    encode = DjangoJSONEncoder().default
    return {
        key: value if isinstance(value, str | int | float | list | dict | None) else encode(value)
        for key, value in row.items()
    }


def _tell(check: Check, *, at: datetime) -> None:
    notices.tell_people(
        NoticeKind.INVARIANT,
        roles.people_in(Role.REVOPS),
        at=at,
        key=f"invariant:{check.name}:{at:%Y-%m-%dT%H:%M:%S}",
        detail={"check": check.name, "text": check.says},
    )
