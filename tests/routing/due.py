"""Promises that came due, kept or missed, for the tests of miss rates and what follows."""

from datetime import datetime, timedelta
from typing import Any

from definitions.models import DefinitionVersion
from routing.models import BusinessCalendar, Handoff, Queue, Rep, SlaTimer
from tests.routing import clockwork

MINUTE = timedelta(minutes=1)


def promise(
    version: DefinitionVersion,
    holder: Rep | Queue,
    *,
    at: datetime,
    is_missed: bool = False,
    **fields: Any,
) -> Handoff:
    """A handoff whose first response came due at an instant, and was kept a minute before or not.

    fields: of the handoff; `term` is the clock's.
    """
    term = fields.pop("term", "other")
    began_at = at - timedelta(hours=1)
    evaluation = clockwork.judgment(version, at=began_at)
    calendar = BusinessCalendar.objects.first() or clockwork.office()
    handoff = clockwork.handoff(evaluation, holder=holder, calendar=calendar, **fields)
    SlaTimer.objects.create(
        handoff=handoff,
        milestone="first_response",
        term_key=term,
        is_business_time=False,
        respond_within=timedelta(hours=1),
        started_at=began_at,
        promised_at=at,
        due_at=at,
        tzdata_version="2026a",
        **(_missed(holder, at) if is_missed else {"state": "met", "stopped_at": at - MINUTE}),
    )
    return handoff


def promises(
    version: DefinitionVersion, holder: Rep | Queue, *, missed: int, of: int, at: datetime
) -> None:
    """So many promises that came due at an instant, the first of them missed."""
    for number in range(of):
        promise(version, holder, at=at, is_missed=number < missed)


def _missed(holder: Rep | Queue, at: datetime) -> dict[str, Any]:
    by = {"missed_by_rep": holder} if isinstance(holder, Rep) else {"missed_by_queue": holder}
    return {"state": "breached", "breached_at": at, **by}
