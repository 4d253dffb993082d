"""The ledger of clocks: one line for each thing that happens to one."""

import json
import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection

from routing.enums import SlaEventKind
from routing.models import SlaEvent, SlaTimer

logger = logging.getLogger(__name__)


def record(
    timer: SlaTimer,
    kind: SlaEventKind,
    /,
    *,
    at: datetime,
    by: AbstractBaseUser | None = None,
    **detail: Any,
) -> None:
    """Write a line of the ledger, and a log line."""
    write([line(timer, kind, at=at, by=by, **detail)])


def line(
    timer: SlaTimer,
    kind: SlaEventKind,
    /,
    *,
    at: datetime,
    by: AbstractBaseUser | None = None,
    **detail: Any,
) -> SlaEvent:
    """Return an unsaved line of the ledger, for `write`. detail: as JSON."""
    return SlaEvent(timer=timer, kind=kind, at=at, by_id=by.pk if by else None, detail=detail)


def write(lines: Iterable[SlaEvent]) -> None:
    """Write lines of the ledger, in their order, and as many log lines. One statement."""
    events = list(lines)
    if not events:
        return
    rows = [(one.timer_id, one.kind, one.at, one.by_id, json.dumps(one.detail)) for one in events]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [list(column) for column in zip(*rows, strict=True)])
    for event in events:
        timer = event.timer
        about = "question" if timer.handoff_id is None else "handoff"
        subject_id = timer.handoff_id or timer.review_task_id
        logger.info("Clock %s of %s %s: %s", timer.pk, about, subject_id, event.kind)


# Thousands come due at once as an office opens: the driver would prepare each value alone.
_WRITE = """
INSERT INTO routing_slaevent (timer_id, kind, at, by_id, detail)
SELECT * FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[], %s::bigint[],
                     %s::text[]::jsonb[])
"""
