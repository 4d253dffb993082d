"""The team: is anything slipping?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import permission_required
from django.contrib.postgres.aggregates import ArrayAgg
from django.core.paginator import Paginator
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Case, Count, OuterRef, Prefetch, Q, QuerySet, Subquery, Value, When
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from crm_handoff.people.access import (
    absences_visible_to,
    handoffs_visible_to,
    reps_visible_to,
    territories_visible_to,
)
from crm_handoff.people.models import User
from crm_handoff.people.roles import SEE_EVERYONES_LEADS
from crm_handoff.reports import scorecard, weeks
from crm_handoff.reports.scorecard import Scorecard
from crm_handoff.web.clocks import Clock, clock_of
from crm_handoff.web.figures import name_of
from crm_handoff.web.glossary import Text
from crm_handoff.web.requests import PageRequest
from crm_handoff.web.shares import percent
from crm_handoff.web.verdicts import (
    FEW_WEEKS,
    NAMES,
    Promise,
    Verdict,
    conclude,
    promises_of,
)
from routing.enums import HandoffStatus, SlaEventKind, TimerState
from routing.models import Absence, Handoff, Rep, SlaEvent, SlaTimer

PAGE_SIZE = 50
"""Clocks on a page."""

WAITING_SHOWN = 20
"""Leads that wait in queues, the longest wait first; all of them are counted."""

STATES: dict[str, Text] = {
    "": lazy("All clocks"),
    "late": lazy("Late"),
    "running": lazy("In time"),
    "queued": lazy("In queues"),
}
"""Filters by their value in the address."""

LOOK_AHEAD = timedelta(days=14)
"""How far ahead absences are shown."""

PERMISSIONS = ("routing.view_handoff", SEE_EVERYONES_LEADS)


@dataclass(frozen=True, slots=True)
class ClockRow:
    """An open handoff that waits for its first contact or its answer."""

    handoff: Handoff
    clock: Clock
    escalated_to: str
    escalated_at: datetime | None


@dataclass(frozen=True, slots=True)
class Load:
    """What a rep holds against their capacity.

    `share_pct` is what fits the capacity, in percent of the bar, which is as long as the greater
    of capacity and load: the rest of the bar of an overfull rep is the excess. `away` is the
    absence that holds now, `territories` are names.
    """

    rep: Rep
    held_count: int
    share_pct: int
    excess_count: int
    away: Absence | None
    territories: Sequence[str]

    @property
    def is_full(self) -> bool:
        """Whether the rep is skipped by the rotation."""
        return self.held_count >= self.rep.capacity


@dataclass(frozen=True, slots=True)
class Gauge:
    """A share with its limit drawn; places in percent of the drawing, which ends at the double."""

    explains: str
    name: str
    process: str
    value: str
    detail: str
    width: str
    verdict: Verdict


@require_GET
@cache_control(private=True, no_store=True)
@permission_required(PERMISSIONS, raise_exception=True)
def team(request: PageRequest) -> HttpResponse:
    """Show every running clock by due time, page by page; asked by htmx, only those."""
    at = timezone.now()
    running = clocks_of(request.user)
    wanted = narrowed(running, request.GET, at=at)
    page = Paginator(wanted, PAGE_SIZE).get_page(request.GET.get("page"))
    first = max(0, page.start_index() - 1)
    context = {
        "rows": rows_of(wanted[first : first + PAGE_SIZE], at=at),
        "page": page,
        "counts": running.aggregate(
            every=Count("pk"),
            late=Count("pk", filter=Q(due_at__lte=at)),
            queued=Count("pk", filter=Q(status=HandoffStatus.QUEUED)),
        ),
        "states": STATES,
        "state": request.GET.get("state", ""),
        "is_narrowed": any(request.GET.get(key) for key in ("state", "rep", "territory")),
        "can_assign": request.user.has_perm("routing.assign_handoff"),
        "now": str(at.timestamp()),
    }
    if request.htmx:
        return render(request, "web/team/clocks.html", context)
    return render(request, "web/team.html", context | _choices(request.user))


@require_GET
@cache_control(private=True, no_store=True)
@permission_required(PERMISSIONS, raise_exception=True)
def side(request: PageRequest) -> HttpResponse:
    """Show what stands beside the clocks: who waits, loads, absences and the two miss rates."""
    at = timezone.now()
    waiting = handoffs_visible_to(request.user).filter(status=HandoffStatus.QUEUED)
    longest = waiting.select_related("lead__account", "queue").order_by("opened_at", "pk")
    page = Paginator(longest, WAITING_SHOWN).get_page(1)
    away = coming_absences(request.user, at=at)
    context = {
        "waiting": page,
        "at": at,
        "loads": loads(at=at),
        "away_now": [absence for absence in away if absence.span.lower <= at],
        "away_soon": [absence for absence in away if absence.span.lower > at],
        "gauges": gauges(at=at),
        "can_assign": request.user.has_perm("routing.assign_handoff"),
        "can_enter_absences": request.user.has_perm("routing.add_absence"),
        "can_end_absences": request.user.has_perm("routing.change_absence"),
    }
    return render(request, "web/team/side.html", context)


def clocks_of(user: User) -> QuerySet[Handoff, Handoff]:
    """Return the open handoffs on which a promise runs or was missed unanswered, due first.

    Annotates `due_at`: when the one that is watched is due.
    """
    unanswered = SlaTimer.objects.filter(
        Q(state=TimerState.RUNNING) | Q(state=TimerState.BREACHED, stopped_at=None),
        handoff=OuterRef("pk"),
    ).order_by(Case(When(state=TimerState.RUNNING, then=0), default=1), "due_at")
    return (
        handoffs_visible_to(user)
        .filter(status__in=HandoffStatus.OPEN)
        .annotate(due_at=Subquery(unanswered.values("due_at")[:1]))
        .filter(due_at__isnull=False)
        .order_by("due_at", "pk")
    )


def narrowed(
    handoffs: QuerySet[Handoff, Handoff], query: Mapping[str, str], *, at: datetime
) -> QuerySet[Handoff, Handoff]:
    """Narrow `clocks_of` by the address: `state`, `rep` (public id) and `territory` (key)."""
    by_state = {
        "late": Q(due_at__lte=at),
        "running": Q(due_at__gt=at),
        "queued": Q(status=HandoffStatus.QUEUED),
    }
    found = handoffs.filter(by_state.get(query.get("state", ""), Q()))
    # No text column can hold a NUL.
    if territory := query.get("territory", "").replace("\0", ""):
        found = found.filter(territory__key=territory)
    if query.get("rep"):
        rep = _public_id(query["rep"])
        found = found.filter(rep__public_id=rep) if rep else found.none()
    return found


def rows_of(handoffs: QuerySet[Handoff, Handoff], *, at: datetime) -> list[ClockRow]:
    """Return handoffs with their clocks, in five queries at any number."""
    escalations = SlaEvent.objects.filter(
        kind=SlaEventKind.ESCALATED, timer__handoff=OuterRef("pk")
    ).order_by("-at", "-pk")
    found = list(
        handoffs.select_related(
            "lead__account", "evaluation", "calendar", "rep__user", "queue", "territory"
        )
        .prefetch_related("calendar__windows", "calendar__closures", "timers")
        .annotate(
            escalated_at=Subquery(escalations.values("at")[:1]),
            escalated_to=Subquery(escalations.values("detail__to")[:1]),
        )
    )
    people = User.objects.in_bulk({handoff.escalated_to for handoff in found} - {None})
    return [
        ClockRow(
            handoff=handoff,
            clock=clock,
            escalated_to=str(people.get(handoff.escalated_to, "")),
            escalated_at=handoff.escalated_at,
        )
        for handoff in found
        if (clock := clock_of(handoff, at=at)) is not None
    ]


def loads(*, at: datetime) -> list[Load]:
    """Return the load of every active rep, the fullest first; two queries."""
    now = Absence.objects.filter(span__contains=at).select_related("delegate__user")
    is_worked = Q(memberships__is_active=True, memberships__territory__is_active=True)
    reps = (
        Rep.objects.filter(is_active=True)
        .select_related("user")
        .prefetch_related(Prefetch("absences", queryset=now, to_attr="away_now"))
        .annotate(
            territory_names=ArrayAgg(
                "memberships__territory__name",
                filter=is_worked,
                distinct=True,
                order_by="memberships__territory__name",
                default=Value([]),
            )
        )
    )
    found = [_load(rep) for rep in reps]
    return sorted(found, key=lambda load: (-load.share_pct, -load.excess_count, str(load.rep)))


def coming_absences(user: User, *, at: datetime) -> list[Absence]:
    """Return the absences that hold now or begin within two weeks, by beginning; one query."""
    span = DateTimeTZRange(at, at + LOOK_AHEAD)
    return list(
        absences_visible_to(user)
        .filter(span__overlap=span, rep__is_active=True)
        .select_related("rep__user", "delegate__user")
        .order_by("span", "pk")
    )


def gauges(*, at: datetime) -> list[Gauge]:
    """Return both miss rates of this week for each process; four queries."""
    last = weeks.rule_of_organization().weeks_until(at, count=FEW_WEEKS)
    return [
        _gauge(promise, card)
        for card in scorecard.promises_kept(at=at, weeks=last)
        for promise in promises_of(card)
        if not promise.is_floor
    ]


def _gauge(promise: Promise, card: Scorecard) -> Gauge:
    rate = promise.rate_of(card.this_week)
    share = (rate.pct or 0) / (2 * promise.limit_pct) if promise.limit_pct else 0
    return Gauge(
        explains=promise.explains,
        name=NAMES[promise.explains](),
        process=name_of(card.process),
        value=percent(rate),
        detail=_("%(count)s of %(of)s this week") % {"count": rate.count, "of": rate.of},
        width=f"{100 * min(1.0, share):.2f}%",
        verdict=conclude(promise, card.weeks),
    )


def _load(rep: Any) -> Load:
    held_count = rep.open_count + rep.excess_count
    scale = max(rep.capacity, held_count) or 1
    return Load(
        rep=rep,
        held_count=held_count,
        share_pct=round(100 * min(held_count, rep.capacity) / scale),
        excess_count=max(0, held_count - rep.capacity),
        away=rep.away_now[0] if rep.away_now else None,
        territories=rep.territory_names,
    )


def _choices(user: User) -> dict[str, Any]:
    """Return what the page can be narrowed to; two queries."""
    return {
        "reps": reps_visible_to(user).filter(is_active=True).select_related("user"),
        "territories": territories_visible_to(user).filter(is_active=True).order_by("name"),
    }


def _public_id(said: str) -> UUID | None:
    try:
        return UUID(said)
    except ValueError:
        return None
