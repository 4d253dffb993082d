"""The team: is anything slipping?"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import permission_required
from django.contrib.postgres.aggregates import ArrayAgg
from django.core.paginator import Paginator
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Count, OuterRef, Prefetch, Q, QuerySet, Subquery, Value
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from crm_handoff.people.access import (
    absences_visible_to,
    handoffs_visible_to,
    reps_visible_to,
    suspensions_visible_to,
    territories_visible_to,
    timers_visible_to,
)
from crm_handoff.people.models import User
from crm_handoff.people.roles import SEE_EVERYONES_LEADS
from crm_handoff.reports import scorecard, weeks
from crm_handoff.reports.scorecard import Scorecard
from crm_handoff.web.clocks import Clock, clock_of_timer
from crm_handoff.web.figures import PAGES, name_of
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
from routing.enums import HandoffStatus, SlaEventKind, TimerMilestone, TimerState
from routing.hours import hours_in
from routing.models import Absence, Handoff, Rep, SlaEvent, SlaTimer

PAGE_SIZE = 50
"""Clocks on a page."""

WAITING_SHOWN = 20
"""Leads that wait in queues, the longest wait first; all of them are counted."""

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

NAMED = {
    milestone.value: milestone.label
    for milestone in TimerMilestone
    if milestone != TimerMilestone.ANSWER
}
"""What the clocks of handoffs wait for, by its value in the address."""

LOOK_AHEAD = timedelta(days=14)
"""How far ahead absences are shown."""

PERMISSIONS = ("routing.view_handoff", SEE_EVERYONES_LEADS)


@dataclass(frozen=True, slots=True)
class ClockRow:
    """A clock of an open handoff; `timer` is the promise, `clock` how it looks now."""

    timer: SlaTimer
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
    address: str


@require_GET
@cache_control(private=True, no_store=True)
@permission_required(PERMISSIONS, raise_exception=True)
def team(request: PageRequest) -> HttpResponse:
    """Show every running clock by due time, page by page.

    Asked by htmx, only those, and 304 when nothing about them has changed.
    """
    at = timezone.now()
    running = clocks_of(request.user)
    counts = counts_of(running, at=at)
    wanted = narrowed(running, request.GET, at=at)
    is_narrowed = any(request.GET.get(key) for key in NARROWS)
    pages = Paginator(wanted, PAGE_SIZE)
    if not is_narrowed:
        pages.count = counts["every"]
    page = pages.get_page(request.GET.get("page"))
    first = max(0, page.start_index() - 1)
    # Chosen by a narrow query first: what a row says is not asked of the pages before it.
    chosen = SlaTimer.objects.filter(pk__in=wanted.values("pk")[first : first + PAGE_SIZE])
    rows = rows_of(chosen.order_by("due_at", "pk"), at=at)
    version = version_of(rows, counts, request)
    if request.htmx and request.headers.get("If-None-Match") == version:
        return HttpResponse(status=304, headers={"ETag": version})
    context = {
        "rows": rows,
        "page": page,
        "counts": counts,
        "states": STATES,
        "state": request.GET.get("state", ""),
        "is_narrowed": is_narrowed,
        "can_assign": request.user.has_perm("routing.assign_handoff"),
        "version": version,
        "now": str(at.timestamp()),
    }
    template = "web/team/clocks.html"
    if not request.htmx:
        template, context = "web/team.html", context | _choices(request.user)
    response = render(request, template, context)
    response["ETag"] = version
    return response


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
        "suspended": suspensions_visible_to(request.user)
        .filter(ended_at=None)
        .select_related("rep__user")
        .order_by("began_at", "pk"),
        "can_end_suspensions": request.user.has_perm("routing.change_suspension"),
        "can_assign": request.user.has_perm("routing.assign_handoff"),
        "can_enter_absences": request.user.has_perm("routing.add_absence"),
        "can_end_absences": request.user.has_perm("routing.change_absence"),
    }
    return render(request, "web/team/side.html", context)


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


def counts_of(clocks: QuerySet[SlaTimer, SlaTimer], *, at: datetime) -> dict[str, int]:
    """Return how many clocks there are, are late, stand still, and are of leads in queues."""
    is_late = Q(due_at__lte=at) & ~Q(state=TimerState.PAUSED)
    queued = clocks.filter(handoff__status=HandoffStatus.QUEUED)
    counted = clocks.order_by().aggregate(
        every=Count("pk"),
        late=Count("pk", filter=is_late),
        paused=Count("pk", filter=Q(state=TimerState.PAUSED)),
    )
    return counted | {"queued": queued.order_by().count()}


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


def rows_of(clocks: QuerySet[SlaTimer, SlaTimer], *, at: datetime) -> list[ClockRow]:
    """Return clocks with their handoffs, in a fixed number of queries."""
    escalations = SlaEvent.objects.filter(
        kind=SlaEventKind.ESCALATED, timer__handoff=OuterRef("handoff")
    ).order_by("-at", "-pk")
    found = list(
        clocks.select_related(
            "handoff__lead__account",
            "handoff__rep__user",
            "handoff__queue",
            "handoff__territory",
            "calendar",
        )
        .prefetch_related("calendar__windows", "calendar__closures")
        .defer("handoff__packet")
        .annotate(
            escalated_at=Subquery(escalations.values("at")[:1]),
            escalated_to=Subquery(escalations.values("detail__to")[:1]),
        )
    )
    people = User.objects.in_bulk({timer.escalated_to for timer in found} - {None})
    return [
        ClockRow(
            timer=timer,
            handoff=timer.handoff,
            clock=clock_of_timer(timer, hours=hours_in(timer.calendar), at=at),
            escalated_to=str(people.get(timer.escalated_to, "")),
            escalated_at=timer.escalated_at,
        )
        for timer in found
        if timer.handoff is not None
    ]


def version_of(rows: Sequence[ClockRow], counts: Mapping[str, int], request: PageRequest) -> str:
    """Return what changes exactly when the list would look different.

    The page itself counts the time that is left.
    """
    parts = [
        (
            row.timer.pk,
            str(row.timer.updated_at),
            str(row.handoff.updated_at),
            str(row.handoff.lead.updated_at),
            row.clock.state,
            str(row.escalated_at),
        )
        for row in rows
    ]
    said = [request.user.pk, get_language(), request.GET.urlencode(), dict(counts), parts]
    return f'"{hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]}"'


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
        address=reverse(PAGES[promise.explains]),
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
        "milestones": [(key, NAMED[key]) for key in NAMED],
        "reps": reps_visible_to(user).filter(is_active=True).select_related("user"),
        "territories": territories_visible_to(user).filter(is_active=True).order_by("name"),
    }


def _public_id(said: str) -> UUID | None:
    try:
        return UUID(said)
    except ValueError:
        return None
