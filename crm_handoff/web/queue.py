"""The rep's queue: whom do I call next, and how long have I got?"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.db.models import OuterRef, Prefetch, Q, QuerySet, Subquery
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from crm_handoff.people.access import handoffs_visible_to
from crm_handoff.people.models import User
from crm_handoff.web import packets
from crm_handoff.web.clocks import SOON, Clock, clock_of, due_order
from crm_handoff.web.navigation import is_rep
from crm_handoff.web.requests import PageRequest
from definitions.models import SlaTerm
from routing.enums import HandoffStatus, SlaEventKind
from routing.models import Attempt, Handoff, RoutingDecision, SlaEvent, SlaTimer

NEW_SECONDS = 90
"""Assigned less long ago than this, a row that appears makes the sound."""

VIEWS = {
    "": "All open",
    "contact": "To contact",
    "late": "Late",
    "accepted": "Accepted",
}
"""Filters of the queue by their value in the address."""


@dataclass(frozen=True, slots=True)
class Row:
    """One handoff in the queue."""

    handoff: Handoff
    clock: Clock | None
    company: packets.Company
    why_lead: str
    why_me: str
    attempts: str
    escalation: str
    is_fresh: bool

    @property
    def is_waiting(self) -> bool:
        """Whether a promise still runs or was broken without an answer."""
        return self.clock is not None and self.clock.is_running


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures in the queue's head, over all open handoffs of the rep."""

    open_count: int
    soon_count: int
    late_count: int


@require_GET
@cache_control(private=True, no_store=True)
@permission_required("routing.view_handoff", raise_exception=True)
def queue(request: PageRequest) -> HttpResponse:
    """Show the queue; asked by htmx, only its rows, and 304 when no row has changed."""
    at = timezone.now()
    mine = handoffs_visible_to(request.user).filter(
        rep__user=request.user.pk, status__in=HandoffStatus.HELD
    )
    wanted = filtered(mine, request.GET)
    version = version_of(wanted, request, at=at)
    if request.htmx and request.headers.get("If-None-Match") == version:
        return HttpResponse(status=304, headers={"ETag": version})
    rows = sorted(rows_of(wanted, at=at), key=lambda row: due_order(row.clock))
    if request.GET.get("view") == "late":
        rows = [row for row in rows if row.clock is not None and row.clock.state == "late"]
    context = {
        "waiting": [row for row in rows if row.is_waiting],
        "answered": [row for row in rows if not row.is_waiting],
        "summary": summary_of(mine, at=at),
        "version": version,
        "now": at.timestamp(),
        "views": VIEWS,
        "view": request.GET.get("view", ""),
        "search": request.GET.get("q", ""),
        "is_rep": is_rep(request),
    }
    template = "web/partials/queue.html" if request.htmx else "web/queue.html"
    response = render(request, template, context)
    response["ETag"] = version
    return response


def filtered(handoffs: QuerySet[Handoff], query: Any) -> QuerySet[Handoff]:
    """Narrow handoffs by the address: `q` (name, title, company, e-mail) and `view`."""
    for word in words_of(query):
        handoffs = handoffs.filter(
            Q(lead__first_name__icontains=word)
            | Q(lead__last_name__icontains=word)
            | Q(lead__job_title__icontains=word)
            | Q(lead__email__icontains=word)
            | Q(lead__account__name__icontains=word)
        )
    if query.get("view") == "contact":
        handoffs = handoffs.filter(first_attempt_at=None)
    if query.get("view") == "accepted":
        handoffs = handoffs.filter(status=HandoffStatus.ACCEPTED)
    return handoffs


def words_of(query: Any) -> list[str]:
    """Return the words searched for, without what PostgreSQL can neither store nor look for."""
    words: list[str] = query.get("q", "").replace("\0", " ").split()
    return words


def version_of(handoffs: QuerySet[Handoff], request: PageRequest, *, at: datetime) -> str:
    """Return what changes exactly when the rows would look different; one query.

    Promises that come due change the figures, so what is late or soon by now belongs to it.
    """
    latest_attempt = Attempt.objects.filter(handoff=OuterRef("pk")).order_by("-pk").values("pk")
    parts = [
        (*map(str, values), _band(values[-1], at))
        for values in handoffs.annotate(attempt=Subquery(latest_attempt[:1]))
        .order_by("pk", "timers__pk")
        .values_list(
            "pk",
            "status",
            "updated_at",
            "lead__updated_at",
            "attempt",
            "timers__pk",
            "timers__state",
            "timers__stopped_at",
            "timers__due_at",
        )
    ]
    seed = json.dumps([request.user.pk, request.GET.urlencode(), parts])
    return f'"{hashlib.sha256(seed.encode()).hexdigest()[:32]}"'


def _band(due_at: datetime | None, at: datetime) -> int:
    if due_at is None:
        return 0
    return 2 if due_at <= at else int(due_at - at <= SOON)


def rows_of(handoffs: QuerySet[Handoff], *, at: datetime) -> list[Row]:
    """Return the rows of handoffs, in a fixed number of queries."""
    found = list(with_clocks(handoffs).annotate(why_me=latest_why()))
    labels, people = term_labels(found), escalated_to(found)
    return [_row(handoff, labels, people, at=at) for handoff in found]


def with_clocks(handoffs: QuerySet[Handoff]) -> QuerySet[Handoff]:
    """Fetch with the handoffs what their clocks, names and attempts need."""
    escalations = SlaEvent.objects.filter(kind=SlaEventKind.ESCALATED).order_by("-at")
    timers = SlaTimer.objects.prefetch_related(Prefetch("events", queryset=escalations))
    return handoffs.select_related(
        "lead__account", "evaluation", "calendar", "rep__user", "queue", "territory"
    ).prefetch_related(
        "calendar__windows",
        "calendar__closures",
        Prefetch("timers", queryset=timers.order_by("pk")),
        Prefetch("attempts", queryset=Attempt.objects.select_related("by").order_by("-at", "-pk")),
    )


def latest_why() -> Subquery:
    """Return the sentence of a handoff's latest routing decision, as an annotation."""
    decisions = RoutingDecision.objects.filter(handoff=OuterRef("pk"))
    return Subquery(decisions.order_by("-at", "-pk").values("why")[:1])


def term_labels(handoffs: Iterable[Handoff]) -> dict[tuple[int, str], str]:
    """Return the labels of SLA terms by (version id, key); one query."""
    versions = {handoff.version_id for handoff in handoffs}
    terms = SlaTerm.objects.filter(version__in=versions).values_list("version", "key", "label")
    return {(version, key): label for version, key, label in terms}


def _row(
    handoff: Any, labels: dict[tuple[int, str], str], people: dict[int, str], *, at: datetime
) -> Row:
    timers = list(handoff.timers.all())
    label = labels.get((handoff.version_id, timers[0].term_key), "") if timers else ""
    fresh_for = (at - handoff.assigned_at).total_seconds() if handoff.assigned_at else NEW_SECONDS
    return Row(
        handoff=handoff,
        clock=clock_of(handoff, at=at),
        company=packets.company_of(handoff.lead),
        why_lead=packets.why_lead(handoff, label),
        why_me=handoff.why_me or "",
        attempts=_attempts(handoff),
        escalation=_escalation(handoff, people),
        is_fresh=fresh_for < NEW_SECONDS,
    )


def _attempts(handoff: Handoff) -> str:
    attempts = list(handoff.attempts.all())
    if not attempts:
        return ""
    latest = attempts[0]
    tries = "1 attempt" if len(attempts) == 1 else f"{len(attempts)} attempts"
    return f"{tries}, last {str(latest).lower()}"


def _escalations(handoff: Handoff) -> list[SlaEvent]:
    return [event for timer in handoff.timers.all() for event in timer.events.all()]


def escalated_to(handoffs: Iterable[Handoff]) -> dict[int, str]:
    """Return the names of the people to whom handoffs were escalated, by key; one query."""
    events = (event for handoff in handoffs for event in _escalations(handoff))
    people = User.objects.filter(pk__in={event.detail.get("to") for event in events} - {None})
    return {person.pk: str(person) for person in people}


def _escalation(handoff: Handoff, people: dict[int, str]) -> str:
    events = _escalations(handoff)
    if not events:
        return ""
    latest = max(events, key=lambda event: event.at)
    person = people.get(latest.detail.get("to"), "nobody")
    return f"escalated to {person} {timezone.localtime(latest.at):%H:%M}"


def summary_of(handoffs: QuerySet[Handoff], *, at: datetime) -> Summary:
    """Count the open handoffs, those due soon and those late, in a fixed number of queries."""
    light = list(
        handoffs.select_related("calendar").prefetch_related(
            "calendar__windows", "calendar__closures", "timers"
        )
    )
    states = [clock.state for handoff in light if (clock := clock_of(handoff, at=at))]
    return Summary(len(light), states.count("soon"), states.count("late"))
