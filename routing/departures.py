"""Leads of reps who go away or leave: they move on by themselves, their clocks kept."""

import logging
from datetime import datetime

from django.db import InterfaceError, OperationalError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Exists, OuterRef, Q, QuerySet

from routing import assignment, locks, notices, roster
from routing.enums import HandoffStatus, NoticeKind, TimerMilestone, TimerState
from routing.models import Absence, Assignment, Handoff, Rep, SlaTimer

logger = logging.getLogger(__name__)

DUE = """SELECT min(lower(span)) FROM routing_absence
         WHERE moved_on_at IS NULL AND lower(span) <= statement_timestamp()"""
"""SQL for the beginning of the oldest absence whose leads have not moved on."""

LEFT_BEHIND = """SELECT statement_timestamp() FROM routing_rep AS rep
         JOIN crm_handoff_user AS person ON person.id = rep.user_id
         WHERE NOT (rep.is_active AND person.is_active)
           AND rep.open_count + rep.excess_count > 0 LIMIT 1"""
"""SQL for an instant while somebody who left holds open handoffs."""

DATABASE_FAILURES = (OperationalError, InterfaceError)


def untouched(rep: Rep) -> QuerySet[Handoff]:
    """Return what moves on when a rep goes away, oldest first.

    Open handoffs that nobody has accepted, without any attempt, whose response is awaited still: a
    clock that a manager paused is waiting for the lead.
    """
    awaited = SlaTimer.objects.filter(
        Q(state=TimerState.RUNNING) | Q(state=TimerState.BREACHED, stopped_at=None),
        handoff=OuterRef("pk"),
        milestone__in=(TimerMilestone.FIRST_RESPONSE, TimerMilestone.RE_RESPONSE),
    )
    held = Handoff.objects.filter(rep=rep, status=HandoffStatus.ASSIGNED, first_attempt_at=None)
    return held.filter(Exists(awaited)).order_by("assigned_at", "pk")


def begin_due(*, at: datetime, limit: int) -> int:
    """Move on the untouched leads of up to `limit` reps whose absence has begun.

    Each lead in a transaction of its own: whatever kills this halfway, the rest moves on later,
    and what has moved stays. A lead that somebody works on at the moment is left for the next
    time, and so is its absence. What was over before it was looked at moves nothing.

    Returns:
        Of how many absences all leads have moved on.
    """
    begun = Absence.objects.filter(moved_on_at=None, span__startswith__lte=at)
    begun.filter(span__fully_lt=DateTimeTZRange(at, None)).update(moved_on_at=at)
    due = begun.filter(span__contains=at).select_related("rep__user", "delegate__user")
    return sum(_begin(absence, at=at) for absence in list(due.order_by("span", "pk")[:limit]))


def empty_due(*, at: datetime, limit: int) -> int:
    """Pass on up to `limit` open handoffs of reps who left, touched or not; returns how many.

    Whatever way they were deactivated; each handoff in a transaction of its own.
    """
    left = Handoff.objects.filter(
        Q(rep__is_active=False) | Q(rep__user__is_active=False), status__in=HandoffStatus.HELD
    )
    ids = left.order_by("opened_at", "pk").values_list("pk", flat=True)[:limit]
    return sum(_tried(handoff_id, at=at) for handoff_id in list(ids))


def _begin(absence: Absence, *, at: datetime) -> bool:
    for handoff_id in list(untouched(absence.rep).values_list("pk", flat=True)):
        _tried(handoff_id, at=at, absence=absence)
    return _finish(absence, at=at)


def _tried(handoff_id: int, *, at: datetime, absence: Absence | None = None) -> bool:
    """Pass one handoff on; one that cannot be must not keep the others."""
    try:
        return _pass_on(handoff_id, at=at, absence=absence)
    except DATABASE_FAILURES:
        raise
    except Exception:
        logger.exception("Handoff %s could not be passed on", handoff_id)
        return False


@transaction.atomic
def _pass_on(handoff_id: int, *, at: datetime, absence: Absence | None) -> bool:
    """Pass a handoff on, unless meanwhile it was touched, or its rep is back."""
    try:
        handoff = locks.lock_handoff(handoff_id, skip_locked=True)
    except Handoff.DoesNotExist:
        return False
    if absence is None:
        rep = handoff.rep
        if rep is None or (rep.is_active and rep.user.is_active) or _is_closed(handoff):
            return False
        assignment.pass_on(handoff, at=at, reason=f"{rep} has left")
        return True
    is_on = Absence.objects.filter(pk=absence.pk, span__contains=at).exists()
    if not is_on or not untouched(absence.rep).filter(pk=handoff_id).exists():
        return False
    reason = f"{absence.rep} is away"
    assignment.pass_on(handoff, at=at, reason=reason, prefer=absence.delegate)
    return True


def _is_closed(handoff: Handoff) -> bool:
    return handoff.status not in HandoffStatus.HELD


@transaction.atomic
def _finish(absence: Absence, *, at: datetime) -> bool:
    """Note that all leads have moved on, and tell the rep how many, once.

    The rep's row is locked first: whoever gives them a lead locks it too, so none slips in
    between the look and the note.
    """
    roster.lock_reps({absence.rep_id})
    is_on = Absence.objects.filter(pk=absence.pk, moved_on_at=None, span__contains=at)
    if not is_on.exists() or untouched(absence.rep).exists():
        return False
    is_on.update(moved_on_at=at)
    count = _moved_count(absence)
    if count:
        _tell(absence, count, at=at)
    logger.info("Rep %s is away: %s leads have moved on", absence.rep_id, count)
    return True


def _moved_count(absence: Absence) -> int:
    gone = Assignment.objects.filter(
        rep=absence.rep_id,
        ended_at__gte=absence.span.lower,
        handoff__status__in=HandoffStatus.OPEN,
        handoff__first_attempt_at=None,
    ).exclude(handoff__rep=absence.rep_id)
    return gone.values("handoff").distinct().count()


def _tell(absence: Absence, count: int, *, at: datetime) -> None:
    notices.tell_people(
        NoticeKind.REASSIGNED_AWAY,
        [absence.rep.user],
        at=at,
        key=f"absence:{absence.pk}:{absence.span.lower:%Y%m%d%H%M}",
        detail={"moved": count, "until": _iso(absence.span.upper)},
    )


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None
