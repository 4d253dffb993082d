"""What waits in queues that a rep may help themselves from, and taking one of it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.contrib.auth.decorators import permission_required
from django.db.models import Count, F, OuterRef, Subquery, Window
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_POST

from crm_handoff.clock import database_now
from crm_handoff.people import access
from crm_handoff.web import outcomes
from crm_handoff.web.requests import PageRequest
from crm_handoff.web.rows import Row, rows_of
from routing import absences, assignment, roster
from routing.enums import TimerMilestone, TimerState
from routing.models import Handoff, Rep, SlaTimer

SHOWN = 10
"""Leads that are offered at once, the most urgent first."""

HOLDS = ("routing.view_handoff", "routing.answer_handoff")


@require_GET
@cache_control(private=True, no_store=True)
@permission_required("routing.view_handoff", raise_exception=True)
def waiting(request: PageRequest) -> HttpResponse:
    """Show what may be taken, part of the queue's page; nothing when nothing may."""
    clock = SlaTimer.objects.filter(
        handoff=OuterRef("pk"), milestone=TimerMilestone.FIRST_RESPONSE
    ).exclude(state=TimerState.CANCELLED)
    # Their keys alone are sorted and counted: what stands beside them is read of those shown.
    found = (
        access.handoffs.offered_to(request.user)
        .annotate(due_at=Subquery(clock.values("due_at")[:1]), offered=Window(Count("pk")))
        .order_by(F("due_at").asc(nulls_last=True), "pk")
        .values_list("pk", "offered")[:SHOWN]
    )
    offered, at = dict(found), timezone.now()
    count = max(offered.values(), default=0)
    rep = Rep.objects.filter(user=request.user.pk).first() if count else None
    absence = absences.running(rep, at=at) if rep else None
    is_out = rep is not None and bool(roster.suspended([rep.pk]))
    room = max(0, rep.capacity - rep.open_count - rep.excess_count) if rep else 0
    context = {
        "rows": _rows(list(offered), at=at) if count else [],
        "count": count,
        "room": room,
        "rep": rep,
        "absence": absence,
        "is_out": is_out,
        "can_take": room and not absence and not is_out,
    }
    return render(request, "web/routing/pull.html", context)


def _rows(keys: Sequence[int], *, at: datetime) -> list[Row]:
    rows = rows_of(Handoff.objects.filter(pk__in=keys), at=at)
    return sorted(rows, key=lambda row: keys.index(row.handoff.pk))


@require_POST
@permission_required(HOLDS, raise_exception=True)
def take(request: PageRequest, public_id: UUID) -> HttpResponse:
    """Take a waiting lead."""
    found = get_object_or_404(
        access.handoffs.pullable_by(request.user).select_related("lead"), public_id=public_id
    )
    rep = get_object_or_404(Rep, user=request.user.pk, is_active=True)
    return outcomes.done(
        request,
        lambda: assignment.pull(found.pk, rep=rep, by=request.user, at=database_now()),
        said=_("%(lead)s is yours. The clock has been running: call now.") % {"lead": found.lead},
        back=reverse("web:queue"),
    )
