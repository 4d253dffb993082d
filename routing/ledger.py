"""The ledger of clocks: one line for each thing that happens to one."""

import logging
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser

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
    SlaEvent.objects.create(
        timer=timer, kind=kind, at=at, by_id=by.pk if by else None, detail=detail
    )
    logger.info("Clock %s of handoff %s: %s", timer.pk, timer.handoff_id, kind)
