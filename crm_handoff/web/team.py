"""The team: is anything slipping?"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from crm_handoff.people import access
from crm_handoff.people.access.people import reps_visible_to, suspensions_visible_to
from crm_handoff.people.access.routing import territories_visible_to
from crm_handoff.people.models import User
from crm_handoff.people.roles import SEE_EVERYONES_LEADS
from crm_handoff.web import awaited
from crm_handoff.web.awaited import ClockRow
from crm_handoff.web.gauges import gauges
from crm_handoff.web.loads import coming_absences, loads
from crm_handoff.web.requests import PageRequest
from routing.enums import HandoffStatus, TimerMilestone
from routing.models import Handoff

PAGE_SIZE = 50
"""Clocks on a page."""

WAITING_SHOWN = 20
"""Leads that wait in queues, the longest wait first; all of them are counted."""

NAMED = {
    milestone.value: milestone.label
    for milestone in TimerMilestone
    if milestone != TimerMilestone.ANSWER
}
"""What the clocks of handoffs wait for, by its value in the address."""

PERMISSIONS = ("routing.view_handoff", SEE_EVERYONES_LEADS)


@require_GET
@cache_control(private=True, no_store=True)
@permission_required(PERMISSIONS, raise_exception=True)
def team(request: PageRequest) -> HttpResponse:
    """Show every running clock by due time, page by page.

    Asked by htmx, only those, and 304 when nothing about them has changed.
    """
    at = timezone.now()
    running = awaited.clocks_of(request.user)
    wanted = awaited.narrowed(running, request.GET, at=at)
    counts = awaited.counts_of(running, wanted, user=request.user, at=at)
    pages = Paginator(wanted.values_list("pk", flat=True), PAGE_SIZE)
    pages.count = min(counts["wanted"], awaited.MOST)
    page = pages.get_page(request.GET.get("page"))
    rows = awaited.rows_of(page.object_list, at=at)
    version = version_of(rows, counts, request)
    if request.htmx and request.headers.get("If-None-Match") == version:
        return HttpResponse(status=304, headers={"ETag": version})
    context = {
        "rows": rows,
        "page": page,
        "counts": counts,
        "counted": {name: awaited.in_words(count) for name, count in counts.items()},
        "states": awaited.STATES,
        "state": request.GET.get("state", ""),
        "is_narrowed": any(request.GET.get(key) for key in awaited.NARROWS),
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
    waiting = access.handoffs.visible_to(request.user).filter(status=HandoffStatus.QUEUED)
    # Chosen first: what waits is many rows, and wide ones.
    longest = waiting.order_by("opened_at", "pk").values("pk")[:WAITING_SHOWN]
    shown = Handoff.objects.filter(pk__in=longest).order_by("opened_at", "pk")
    waiting_count = waiting.count()
    away = coming_absences(request.user, at=at)
    context = {
        "waiting": shown.select_related("lead", "queue").defer("packet") if waiting_count else (),
        "waiting_count": waiting_count,
        "has_more": waiting_count > WAITING_SHOWN,
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


def _choices(user: User) -> dict[str, Any]:
    """Return what the page can be narrowed to, by value and name; two queries."""
    reps = reps_visible_to(user).filter(is_active=True).select_related("user")
    territories = territories_visible_to(user).filter(is_active=True).order_by("name")
    return {
        "milestones": list(NAMED.items()),
        "reps": [
            (str(rep.public_id), str(rep))
            for rep in reps.only("public_id", "user__full_name", "user__email")
        ],
        "territories": territories.values_list("key", "name"),
    }
