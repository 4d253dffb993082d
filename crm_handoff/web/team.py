"""The team: is anything slipping?"""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.decorators import permission_required
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from crm_handoff.people.access import handoffs_visible_to
from crm_handoff.people.roles import SEE_EVERYONES_LEADS
from crm_handoff.web.queue import Row, rows_of
from crm_handoff.web.requests import PageRequest
from routing.enums import HandoffStatus, TimerState
from routing.models import Absence, Rep

MOST_CLOCKS = 100
"""Running or missed clocks on the page, those due first."""


@dataclass(frozen=True, slots=True)
class Load:
    """What a rep holds against their capacity; `share_pct` is at most 100."""

    rep: Rep
    held_count: int
    share_pct: int
    away_until: datetime | None
    is_away: bool

    @property
    def is_full(self) -> bool:
        """Whether the rep is skipped by the rotation."""
        return self.rep.open_count >= self.rep.capacity


@require_GET
@cache_control(private=True, no_store=True)
@permission_required(("routing.view_handoff", SEE_EVERYONES_LEADS), raise_exception=True)
def team(request: PageRequest) -> HttpResponse:
    """Show every running clock by due time, the load of each rep, and who waits in queues."""
    at = timezone.now()
    handoffs = handoffs_visible_to(request.user).filter(status__in=HandoffStatus.OPEN)
    unanswered = Q(timers__state=TimerState.RUNNING) | Q(
        timers__state=TimerState.BREACHED, timers__stopped_at=None
    )
    first_due = handoffs.filter(unanswered).order_by("timers__due_at", "pk")
    ids = list(dict.fromkeys(first_due.values_list("pk", flat=True)[: 2 * MOST_CLOCKS]))
    rows = rows_of(handoffs.filter(pk__in=ids[:MOST_CLOCKS]), at=at)
    clocks = sorted(filter(_is_counting, rows), key=lambda row: row.clock.due_at)  # type: ignore[union-attr]
    context = {
        "clocks": clocks,
        "late_count": sum(1 for row in clocks if row.clock and row.clock.state == "late"),
        "loads": loads(at=at),
        "waiting": handoffs.filter(status=HandoffStatus.QUEUED)
        .select_related("lead__account", "queue")
        .order_by("opened_at", "pk")[:MOST_CLOCKS],
        "now": at.timestamp(),
    }
    template = "web/partials/team.html" if request.htmx else "web/team.html"
    return render(request, template, context)


def _is_counting(row: Row) -> bool:
    return row.clock is not None and row.clock.is_running


def _share_pct(rep: Rep) -> int:
    return min(100, round(100 * rep.open_count / rep.capacity)) if rep.capacity else 100


def loads(*, at: datetime) -> list[Load]:
    """Return the load of every active rep, the fullest first; two queries."""
    away = {
        absence.rep_id: absence.span.upper
        for absence in Absence.objects.filter(span__contains=at).only("rep_id", "span")
    }
    reps = Rep.objects.filter(is_active=True).select_related("user")
    found = [
        Load(
            rep=rep,
            held_count=rep.open_count + rep.excess_count,
            share_pct=_share_pct(rep),
            away_until=away.get(rep.pk),
            is_away=rep.pk in away,
        )
        for rep in reps
    ]
    return sorted(found, key=lambda load: (-load.share_pct, str(load.rep)))
