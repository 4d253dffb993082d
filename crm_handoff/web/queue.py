"""The rep's queue: whom do I call next, and how long have I got?"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from crm_handoff.people import access
from crm_handoff.web import turns
from crm_handoff.web.clocks import SOON, due_order
from crm_handoff.web.navigation import is_rep
from crm_handoff.web.requests import PageRequest
from crm_handoff.web.rows import Row, Task, open_followups, rows_of, with_attempts
from routing import absences
from routing.enums import HandoffStatus
from routing.models import Attempt, Handoff

PAGE = 50
"""Leads shown at first, and added by “Show more”."""

MOST = 500
"""Leads shown at most."""

VIEWS = {
    "": _("All open"),
    "contact": _("To contact"),
    "late": _("Late"),
    "tasks": _("Tasks due"),
    "accepted": _("Accepted"),
}
"""Filters of the queue by their value in the address."""

PATHS = {
    "standard": _("Standard path"),
    "direct": _("Direct path"),
    "account_based": _("Account-based path"),
    "product_led": _("Product-led path"),
}
"""Paths by which a lead reached its stage, in words."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures in the queue's head, over all open handoffs of the rep."""

    open_count: int
    soon_count: int
    late_count: int
    task_count: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for; blank means everything."""

    view: str
    words: tuple[str, ...]
    source: str
    path: str
    is_high_intent: bool
    limit: int

    @classmethod
    def of(cls, query: Any) -> "Wanted":
        """Read the address; what it cannot mean is left out."""
        view, path = query.get("view", ""), query.get("path", "")
        return cls(
            view=view if view in VIEWS else "",
            words=tuple(word.casefold() for word in words_of(query)),
            source=query.get("source", ""),
            path=path if path in PATHS else "",
            is_high_intent=query.get("intent") == "high",
            limit=_limit(query.get("limit", "")),
        )

    @property
    def narrowing_count(self) -> int:
        """Count the filters that are folded away."""
        return sum(map(bool, (self.source, self.path, self.is_high_intent)))

    def takes(self, row: Row) -> bool:
        """Say whether a row is asked for."""
        lead = row.handoff.lead
        return (
            _is_in_view(row, self.view)
            and all(word in _text_of(row) for word in self.words)
            and (not self.source or (lead.source is not None and lead.source.key == self.source))
            and (not self.path or row.handoff.evaluation.path == self.path)
            and (row.is_high_intent or not self.is_high_intent)
        )


@require_GET
@cache_control(private=True, no_store=True)
@permission_required("routing.view_handoff", raise_exception=True)
def queue(request: PageRequest) -> HttpResponse:
    """Show the queue; asked by htmx, only its rows, and 304 when no row has changed."""
    at = timezone.now()
    mine = held_by(request)
    version = version_of(mine, request, at=at)
    if request.htmx and request.headers.get("If-None-Match") == version:
        return HttpResponse(status=304, headers={"ETag": version})
    context = _context(request, mine, at=at) | {"version": version, "now": str(at.timestamp())}
    template = "web/partials/queue.html"
    if not request.htmx:
        template = "web/queue.html"
        absence = absences.current(request.user, at=at)
        context |= {"absence": absence, "is_away": absence is not None and at in absence.span}
        context["left_out"] = turns.standing_of(request).left_out
    response = render(request, template, context)
    response["ETag"] = version
    return response


def held_by(request: PageRequest) -> QuerySet[Handoff]:
    """Return the open handoffs that whoever asks holds."""
    return access.handoffs.visible_to(request.user).filter(
        rep__user=request.user.pk, status__in=HandoffStatus.HELD
    )


def words_of(query: Any) -> list[str]:
    """Return the words searched for, without what PostgreSQL can neither store nor look for."""
    words: list[str] = query.get("q", "").replace("\0", " ").split()
    return words


def version_of(handoffs: QuerySet[Handoff], request: PageRequest, *, at: datetime) -> str:
    """Return what changes exactly when the rows would look different; one query.

    Promises and tasks that come due change the figures, so what is late or soon by now, and which
    day it is, belong to it.
    """
    latest_attempt = Attempt.objects.filter(handoff=OuterRef("pk")).order_by("-pk").values("pk")
    tasks = open_followups().filter(handoff=OuterRef("pk"))
    parts = [
        (*map(str, values), _band(values[-1], at), _overdue(values[-2], at))
        for values in handoffs.annotate(
            attempt=Subquery(latest_attempt[:1]),
            tasks=ArraySubquery(tasks.values_list(JSONObject(id="pk", due_at="due_at"))),
        )
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
            "tasks",
            "timers__due_at",
        )
    ]
    today = str(timezone.localdate(at))
    seed = json.dumps([request.user.pk, get_language(), today, request.GET.urlencode(), parts])
    return f'"{hashlib.sha256(seed.encode()).hexdigest()[:32]}"'


def _band(due_at: datetime | None, at: datetime) -> int:
    if due_at is None:
        return 0
    return 2 if due_at <= at else int(due_at - at <= SOON)


def _overdue(tasks: Iterable[dict[str, str]], at: datetime) -> int:
    return sum(datetime.fromisoformat(task["due_at"]) <= at for task in tasks)


def _context(request: PageRequest, mine: QuerySet[Handoff], *, at: datetime) -> dict[str, Any]:
    wanted = Wanted.of(request.GET)
    everything = rows_of(mine, at=at)
    found = sorted(filter(wanted.takes, everything), key=lambda row: due_order(row.clock))
    shown = with_attempts(found[: wanted.limit])
    return {
        "waiting": [row for row in shown if row.is_waiting],
        "answered": [row for row in shown if not row.is_waiting],
        "tasks": _tasks_today(found)[: wanted.limit],
        "summary": summary_of(everything),
        "found_count": len(found),
        "shown_count": len(shown),
        "next_limit": min(wanted.limit + PAGE, MOST) if len(found) > len(shown) else None,
        "wanted": wanted,
        "views": VIEWS,
        "sources": _sources(everything),
        "paths": {key: PATHS[key] for key in _paths(everything)},
        "search": request.GET.get("q", ""),
        # Asked only where nobody waits: whoever holds leads is a rep.
        "is_rep": partial(is_rep, request),
        "is_narrowed": bool(wanted.view or wanted.words or wanted.narrowing_count),
    }


def summary_of(rows: Sequence[Row]) -> Summary:
    """Count open handoffs, those due soon and late, and tasks that are due today."""
    states = [row.clock.state for row in rows if row.clock]
    return Summary(len(rows), states.count("soon"), states.count("late"), len(_tasks_today(rows)))


def _tasks_today(rows: Iterable[Row]) -> list[Task]:
    tasks = (task for row in rows for task in _own_and_next(row) if task.is_today)
    return sorted(tasks, key=lambda task: task.followup.due_at)


def _own_and_next(row: Row) -> Iterator[Task]:
    """Yield the tasks of a lead that somebody set, and of its cadence the next one alone.

    A lead whom nobody tried yet waits above, with what is next: its cadence is not said twice.
    """
    is_next = row.handoff.first_attempt_at is not None
    for task in row.tasks:
        if task.followup.cadence_step is None:
            yield task
        elif is_next:
            is_next = False
            yield task


def _sources(rows: Iterable[Row]) -> dict[str, str]:
    sources = {row.handoff.lead.source for row in rows} - {None}
    return {source.key: str(source) for source in sorted(sources, key=str) if source}


def _paths(rows: Iterable[Row]) -> list[str]:
    present = {row.handoff.evaluation.path for row in rows}
    return [path for path in PATHS if path in present]


def _is_in_view(row: Row, view: str) -> bool:
    handoff = row.handoff
    return {
        "": True,
        "contact": handoff.first_attempt_at is None,
        "late": row.clock is not None and row.clock.state == "late",
        "tasks": any(task.is_today for task in row.tasks),
        "accepted": handoff.status == HandoffStatus.ACCEPTED,
    }[view]


def _text_of(row: Row) -> str:
    lead = row.handoff.lead
    name = lead.account.name if lead.account else ""
    parts = (lead.first_name, lead.last_name, lead.job_title, lead.email, name)
    return " ".join(filter(None, parts)).casefold()


def _limit(said: str) -> int:
    return min(max(PAGE, int(said)), MOST) if said.isdecimal() and len(said) < 5 else PAGE
