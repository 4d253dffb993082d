"""Does the product do its work? Every invariant, and whoever does the work, at a glance."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.db.models import Count, Min, Q
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from crm_handoff.checkups import Checkup
from crm_handoff.clock import database_now
from crm_handoff.health import FRESH_FOR
from crm_handoff.heartbeats import Heartbeat
from crm_handoff.integrations.models import Delivery
from crm_handoff.invariants import CHECKS
from crm_handoff.people.access.operations import checkups_visible_to
from crm_handoff.web.glossary.explanation import Text
from crm_handoff.web.requests import PageRequest
from leads.models import Lead, PendingMark
from routing.enums import StepState, TimerState
from routing.invariants import MOST_ROWS, Check
from routing.models import Handoff, Notice, Rep, SlaTimer, SlaTimerStep

STALE_AFTER = timedelta(minutes=3)
"""An answer that is older is none: nobody asks any more."""

FORGOTTEN_AFTER = timedelta(days=1)
"""Processes that were silent for longer are taken for ended on purpose."""

NAMED = ("lead", "handoff", "rep")
"""Columns that name somebody; they stand first."""

WHEN = ("at", "since", "due_at", "opened_at", "marked_at", "changed_at", "next_at")
"""Columns that say when; they stand last."""

PROCESSES: dict[str, Text] = {
    Heartbeat.Kind.RELAY: lazy("Relay"),
    Heartbeat.Kind.WORKER: lazy("Worker"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """An invariant with its latest answer; `state` is good, late, or few: not asked lately."""

    check: Check
    state: str
    checked_at: datetime | None
    since: datetime | None = None
    count: int = 0
    columns: Sequence[str] = ()
    rows: Sequence[Sequence["Cell"]] = ()

    @property
    def icon(self) -> str:
        """The icon beside the words."""
        return {"good": "met", "late": "late", "few": "dot"}[self.state]

    @property
    def has_more(self) -> bool:
        """Whether there are more rows than were counted."""
        return self.count >= MOST_ROWS


@dataclass(frozen=True, slots=True)
class Cell:
    """A value of a row: text, an instant, or something with a page."""

    text: str
    address: str = ""
    instant: datetime | None = None


@dataclass(frozen=True, slots=True)
class Process:
    """A relay or worker and when it last did something."""

    kind: Text
    name: str
    at: datetime
    is_alive: bool


@dataclass(frozen=True, slots=True)
class Backlog:
    """Work that waits: how much, since when, and for how long it may; `explains` a glossary key.

    `oldest_at` is None when nothing waits. Without `within` any at all is too much.
    """

    explains: str
    name: str
    count: int
    oldest_at: datetime | None
    is_well: bool


@require_safe
@cache_control(private=True, no_store=True)
@permission_required("crm_handoff.view_checkup", raise_exception=True)
def health_checks(request: PageRequest) -> HttpResponse:
    """Show what is wrong, since when, which rows and what to do; else that all is well."""
    at = database_now()
    found = findings(list(checkups_visible_to(request.user)), at=at)
    wrong = [finding for finding in found if finding.state == "late"]
    silent = [finding for finding in found if finding.state == "few"]
    processes = _processes(at=at)
    backlogs = _backlogs(at=at)
    dead = [kind for kind, is_alive in _alive(processes).items() if not is_alive]
    context = {
        "findings": found,
        "wrong": wrong,
        "silent": silent,
        "processes": processes,
        "dead": dead,
        "backlogs": backlogs,
        "is_well": not (wrong or silent or dead) and all(one.is_well for one in backlogs),
        "asked_at": max((one.checked_at for one in found if one.checked_at), default=None),
    }
    template = "web/checkups/board.html" if request.htmx else "web/checkups/page.html"
    return render(request, template, context)


def findings(checkups: Sequence[Checkup], *, at: datetime) -> list[Finding]:
    """Return every invariant with its latest answer; two queries for the names of rows."""
    by_name = {checkup.name: checkup for checkup in checkups}
    pages = _Pages([row for checkup in checkups for row in checkup.rows])
    return [_finding(check, by_name.get(check.name), pages, at=at) for check in CHECKS]


def _finding(check: Check, checkup: Checkup | None, pages: "_Pages", *, at: datetime) -> Finding:
    if checkup is None or checkup.checked_at < at - STALE_AFTER:
        return Finding(check, "few", checkup.checked_at if checkup is not None else None)
    if not checkup.violated_count:
        return Finding(check, "good", checkup.checked_at)
    names = checkup.rows[0] if checkup.rows else {}
    columns = sorted(names, key=lambda name: (name not in NAMED, name in WHEN, name))
    return Finding(
        check,
        "late",
        checkup.checked_at,
        checkup.violated_since,
        checkup.violated_count,
        columns,
        [[pages.cell(name, row.get(name)) for name in columns] for row in checkup.rows],
    )


class _Pages:
    """Pages of the leads, handoffs and people that rows name by id; three queries at most."""

    def __init__(self, rows: Sequence[dict[str, Any]]) -> None:
        handoffs = {row["handoff"] for row in rows if row.get("handoff")}
        leads = {row["lead"] for row in rows if row.get("lead")}
        reps = {row["rep"] for row in rows if row.get("rep")}
        self.found: dict[tuple[str, Any], Cell] = {}
        for handoff in (
            Handoff.objects.filter(pk__in=handoffs)
            .select_related("lead")
            .only("public_id", "lead")
        ):
            address = reverse("web:handoff", args=[handoff.public_id])
            self.found["handoff", handoff.pk] = Cell(str(handoff.lead), address)
        for lead in Lead.objects.filter(pk__in=leads):
            address = reverse("web:lead", args=[lead.public_id])
            self.found["lead", lead.pk] = Cell(str(lead), address)
        for rep in Rep.objects.filter(pk__in=reps).select_related("user"):
            self.found["rep", rep.pk] = Cell(str(rep))

    def cell(self, column: str, value: Any) -> Cell:
        known = self.found.get((column, value)) if isinstance(value, int) else None
        if known is not None:
            return known
        return Cell(_text(value), instant=_instant(value))


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def _instant(value: Any) -> datetime | None:
    if not isinstance(value, str) or len(value) < len("2026-01-01T00:00"):
        return None
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return None
    return instant if instant.tzinfo is not None else None


def _processes(*, at: datetime) -> list[Process]:
    beats = Heartbeat.objects.filter(at__gte=at - FORGOTTEN_AFTER).order_by("kind", "name")
    return [
        Process(PROCESSES[beat.kind], beat.name, beat.at, beat.at >= at - FRESH_FOR)
        for beat in beats
    ]


def _alive(processes: Sequence[Process]) -> dict[Text, bool]:
    """Say of each kind of process whether one does its work."""
    return {
        name: any(process.is_alive for process in processes if process.kind == name)
        for name in PROCESSES.values()
    }


def _backlogs(*, at: datetime) -> list[Backlog]:
    """Return what waits for relays and workers; four queries."""
    pending = PendingMark.objects.filter(is_backlog=False).aggregate(
        count=Count("lead", distinct=True), oldest=Min("marked_at")
    )
    steps = SlaTimerStep.objects.filter(state=StepState.ARMED, due_at__lte=at).exclude(
        timer__in=SlaTimer.objects.filter(state=TimerState.PAUSED)
    )
    due = steps.aggregate(count=Count("pk"), oldest=Min("due_at"))
    notices = Notice.objects.filter(handled_at=None).aggregate(count=Count("pk"), oldest=Min("at"))
    letters = Delivery.objects.aggregate(
        ready=Count("pk", filter=Q(state=Delivery.State.READY, next_at__lte=at)),
        oldest=Min("next_at", filter=Q(state=Delivery.State.READY, next_at__lte=at)),
        dead=Count("pk", filter=Q(state=Delivery.State.DEAD)),
        dead_at=Min("next_at", filter=Q(state=Delivery.State.DEAD)),
    )
    sending = {"count": letters["ready"], "oldest": letters["oldest"]}
    dead = {"count": letters["dead"], "oldest": letters["dead_at"]}
    return [
        _backlog(pending, 30, at=at, explains="pending_leads", name=_("Leads to be judged")),
        _backlog(due, 15, at=at, explains="health_steps", name=_("Steps of clocks that are due")),
        _backlog(notices, 30, at=at, explains="health_notices", name=_("Notices to be told")),
        _backlog(sending, 60, at=at, explains="health_letters", name=_("Messages to be sent")),
        _backlog(dead, 0, at=at, explains="dead_letters", name=_("Messages given up")),
    ]


def _backlog(
    found: dict[str, Any], seconds: int, *, at: datetime, explains: str, name: str
) -> Backlog:
    oldest = found["oldest"]
    is_well = oldest is None or oldest >= at - timedelta(seconds=seconds)
    return Backlog(explains, name, found["count"], oldest, is_well)
