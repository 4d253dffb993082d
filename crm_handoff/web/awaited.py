"""Clocks that somebody waits for: which there are, how many, and how they look in a list."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from crm_handoff.people import access
from crm_handoff.people.access.handoffs import timers_visible_to
from crm_handoff.people.models import User
from crm_handoff.web.clocks import Clock, clock_of_timer
from crm_handoff.web.glossary.explanation import Text
from crm_handoff.web.tags import figure
from routing.enums import HandoffStatus, SlaEventKind, TimerMilestone, TimerState
from routing.hours import hours_in
from routing.models import Handoff, SlaEvent, SlaTimer

MOST = 10_000
"""Clocks that are counted and can be paged to; of more it is only said that there are more."""

STATES: dict[str, Text] = {
    "": lazy("All clocks"),
    "late": lazy("Late"),
    "running": lazy("In time"),
    "paused": lazy("Paused"),
    "queued": lazy("In queues"),
}
"""Filters by their value in the address."""

NARROWS = ("state", "rep", "territory", "milestone")
"""Keys of the address that narrow the list."""

OF_CLOCKS = tuple(field.name for field in SlaTimer._meta.concrete_fields)
BESIDE = (
    *("handoff__public_id", "handoff__updated_at"),
    *(f"handoff__lead__{name}" for name in ("public_id", "first_name", "last_name", "email")),
    *("handoff__lead__job_title", "handoff__lead__updated_at", "handoff__lead__account__name"),
    *("handoff__rep__user__full_name", "handoff__rep__user__email"),
    *("handoff__queue__name", "handoff__territory__name"),
    *(f"calendar__{name}" for name in ("time_zone", "holiday_country", "holiday_subdivision")),
)
"""Columns that a row reads; the tables beside a clock's are wide."""


@dataclass(frozen=True, slots=True)
class ClockRow:
    """A clock of an open handoff; `timer` is the promise, `clock` how it looks now."""

    timer: SlaTimer
    handoff: Handoff
    clock: Clock
    escalated_to: str
    escalated_at: datetime | None


def clocks_of(user: User) -> QuerySet[SlaTimer, SlaTimer]:
    """Return the clocks of open handoffs that run, are paused, or were missed unanswered.

    Due first. The new owner's clock stands for the one that was missed before.
    """
    awaited = timers_visible_to(user).filter(
        state__in=(TimerState.RUNNING, TimerState.PAUSED, TimerState.BREACHED),
        stopped_at=None,
        given_up_at=None,
        handoff__isnull=False,
    )
    new_owners = SlaTimer.objects.filter(
        milestone=TimerMilestone.RE_RESPONSE,
        state__in=(TimerState.RUNNING, TimerState.PAUSED, TimerState.BREACHED),
        stopped_at=None,
    )
    replaced = Q(
        milestone=TimerMilestone.FIRST_RESPONSE,
        state=TimerState.BREACHED,
        handoff__in=new_owners.values("handoff"),
    )
    return awaited.exclude(replaced).order_by("due_at", "pk")


def counts_of(
    clocks: QuerySet[SlaTimer, SlaTimer],
    wanted: QuerySet[SlaTimer, SlaTimer],
    *,
    user: User,
    at: datetime,
) -> dict[str, int]:
    """Count clocks, the late and the paused ones, those wanted, and leads in queues; one query.

    Of clocks that are more than `MOST`, one more than that is counted.
    """
    late = Q(due_at__lte=at) & ~Q(state=TimerState.PAUSED)
    waiting = access.handoffs.visible_to(user).filter(status=HandoffStatus.QUEUED)
    return _counted(
        every=clocks.order_by()[: MOST + 1],
        late=clocks.order_by().filter(late)[: MOST + 1],
        paused=clocks.order_by().filter(state=TimerState.PAUSED)[: MOST + 1],
        wanted=wanted.order_by()[: MOST + 1],
        queued=waiting,
    )


def in_words(count: int) -> str:
    """Write a count of `counts_of`: "137", "more than 10,000"."""
    if count > MOST:
        return _("more than %(count)s") % {"count": figure(MOST)}
    return figure(count)


def _counted(**rows: QuerySet[Any, Any]) -> dict[str, int]:
    """Count the rows of several querysets in one query, where any of them may be sliced."""
    counts: list[str] = []
    parameters: list[Any] = []
    for name, found in rows.items():
        try:
            statement, said = found.values("pk").query.sql_with_params()
        except EmptyResultSet:
            statement, said = "SELECT 1 WHERE FALSE", ()
        # Made by the ORM, with names that are given above.
        counts.append(f'(SELECT count(*) FROM ({statement}) AS found) AS "{name}"')  # noqa: S608
        parameters += said
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(counts)}", parameters)
        return dict(zip(rows, cursor.fetchone() or (), strict=True))


def narrowed(
    clocks: QuerySet[SlaTimer, SlaTimer], query: Mapping[str, str], *, at: datetime
) -> QuerySet[SlaTimer, SlaTimer]:
    """Narrow `clocks_of` by the address.

    `state`, `rep` (public id), `territory` (key) and `milestone`.
    """
    by_state = {
        "late": Q(due_at__lte=at) & ~Q(state=TimerState.PAUSED),
        "running": Q(due_at__gt=at, state=TimerState.RUNNING),
        "paused": Q(state=TimerState.PAUSED),
        "queued": Q(handoff__status=HandoffStatus.QUEUED),
    }
    found = clocks.filter(by_state.get(query.get("state", ""), Q()))
    # No text column can hold a NUL.
    if territory := query.get("territory", "").replace("\0", ""):
        found = found.filter(handoff__territory__key=territory)
    if milestone := query.get("milestone", "").replace("\0", ""):
        found = found.filter(milestone=milestone)
    if query.get("rep"):
        rep = _public_id(query["rep"])
        found = found.filter(handoff__rep__public_id=rep) if rep else found.none()
    return found


def rows_of(keys: Iterable[int], *, at: datetime) -> list[ClockRow]:
    """Return clocks with their handoffs, due first, in a fixed number of queries.

    Takes primary keys: the planner, asked for the rows of a query of clocks, would join all there
    are before it chose.
    """
    escalations = SlaEvent.objects.filter(
        kind=SlaEventKind.ESCALATED, timer__handoff=OuterRef("handoff")
    ).order_by("-at", "-pk")
    found = list(
        SlaTimer.objects.filter(pk__in=list(keys))
        .order_by("due_at", "pk")
        .select_related(
            "handoff__lead__account",
            "handoff__rep__user",
            "handoff__queue",
            "handoff__territory",
            "calendar",
        )
        .prefetch_related("calendar__windows", "calendar__closures")
        .only(*OF_CLOCKS, *BESIDE)
        .annotate(
            escalated_at=Subquery(escalations.values("at")[:1]),
            escalated_to=Subquery(escalations.values("detail__to")[:1]),
        )
    )
    people = User.objects.in_bulk({timer.escalated_to for timer in found} - {None})
    calendars = {timer.calendar_id: timer.calendar for timer in found}
    hours = {key: hours_in(calendar) for key, calendar in calendars.items()}
    return [
        ClockRow(
            timer=timer,
            handoff=timer.handoff,
            clock=clock_of_timer(timer, hours=hours[timer.calendar_id], at=at),
            escalated_to=str(people.get(timer.escalated_to, "")),
            escalated_at=timer.escalated_at,
        )
        for timer in found
        if timer.handoff is not None
    ]


def _public_id(said: str) -> UUID | None:
    try:
        return UUID(said)
    except ValueError:
        return None
