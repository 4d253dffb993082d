"""Sales' promise of a first response: how often it was missed, by whom, where and when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import permission_required
from django.core.paginator import Page, Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from crm_handoff.people.access import alerts_visible_to, definitions_visible_to
from crm_handoff.reports import misses, weeks
from crm_handoff.reports.misses import By, Counted, Line, Window
from crm_handoff.reports.rates import ENOUGH, Rate
from crm_handoff.reports.weeks import WeekRule
from crm_handoff.web import tags
from crm_handoff.web.glossary import Text
from crm_handoff.web.requests import PageRequest
from crm_handoff.web.shares import pct, percent
from crm_handoff.web.team import PERMISSIONS
from crm_handoff.web.verdicts import Verdict
from definitions.enums import Side, VersionState
from definitions.models import Definition, DefinitionVersion
from routing.models import Queue, Rep, SlaTimer

PAGE_SIZE = 25
"""Missed promises on a page."""

SPANS: dict[str, Text] = {
    "1": lazy("7 days"),
    "4": lazy("4 weeks"),
    "13": lazy("13 weeks"),
}
"""Windows by their number of weeks in the address."""

USUAL_WEEKS = "4"

TITLES: dict[By, tuple[Text, Text]] = {
    By.HOLDER: (lazy("By rep"), lazy("Held when it came due")),
    By.TEAM: (lazy("By team"), lazy("Manager")),
    By.TERRITORY: (lazy("By territory"), lazy("Territory")),
    By.TERM: (lazy("By promise"), lazy("SLA term")),
    By.SOURCE: (lazy("By source"), lazy("Source")),
    By.WEEK: (lazy("By week"), lazy("Week of")),
}
"""Title of each table, and of its first column."""

WITHOUT: dict[By, Text] = {
    By.HOLDER: lazy("Nobody"),
    By.TEAM: lazy("No manager"),
    By.TERRITORY: lazy("No territory"),
    By.TERM: lazy("No term"),
    By.SOURCE: lazy("Source unknown"),
    By.WEEK: "",
}
"""Name of the line of those that have none."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share as a page draws it, with the limit; places in percent of the drawing."""

    value: str
    counts: str
    between: str
    width: str
    limit_x: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table: `address` leads to the cases behind it."""

    name: str
    share: Share
    address: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Table:
    """How often a promise was missed, by one way of putting together."""

    key: str
    title: Text
    head: Text
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Signed:
    """What a definition in force promises, and how it stands over the last 28 days."""

    name: str
    share: Share


@dataclass(frozen=True, slots=True)
class Case:
    """A promise that was missed; `by` names whom it counts for."""

    timer: SlaTimer
    by: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for."""

    span: str
    definition: Definition | None
    by: By | None
    key: str

    def window(self, *, at: datetime) -> Window:
        """Return the window up to now."""
        return Window(at - timedelta(weeks=int(self.span)), at)

    def address(self, **changes: str) -> str:
        """Return the page's address with some of it changed."""
        said = {
            "weeks": self.span if self.span != USUAL_WEEKS else "",
            "definition": self.definition.key if self.definition is not None else "",
        } | changes
        query = urlencode({key: value for key, value in said.items() if value})
        return f"{reverse('web:sla_response')}{'?' + query if query else ''}"


@require_safe
@cache_control(private=True, no_store=True)
@permission_required(PERMISSIONS, raise_exception=True)
def sla_response(request: PageRequest) -> HttpResponse:
    """Show how often first responses were missed, and the leads behind every line."""
    at = timezone.now()
    rule = weeks.rule_of_organization()
    known = list(definitions_visible_to(request.user).order_by("name"))
    asked = _asked(request.GET, known)
    limit = _limit(asked.definition)
    found = misses.misses(asked.window(at=at), rule=rule, definition=asked.definition)
    context = {
        "asked": asked,
        "spans": SPANS,
        "definitions": known,
        "limit": limit,
        "signed": signed_shares(at=at),
        "overall": share_of(found.overall, limit=limit),
        "has_cases": bool(found.overall.of),
        "tables": [_table(by, found.lines[by], asked=asked, limit=limit) for by in By],
        "chosen": _chosen(asked, found.lines),
        "alerts": alerts_visible_to(request.user)
        .filter(acknowledged_at=None, side=Side.SALES)
        .select_related("definition", "told"),
        **_cases(asked, rule, request.GET.get("page"), at=at),
    }
    return render(request, "web/sla/response.html", context)


def signed_shares(*, at: datetime) -> list[Signed]:
    """Return how each definition in force keeps its signed response limit; two queries."""
    active = DefinitionVersion.objects.filter(state=VersionState.ACTIVE)
    rates = misses.rates_of_definitions(misses.rolling(at=at))
    return [
        Signed(
            version.definition.name,
            share_of(
                rates.get(version.definition_id, Rate(0, 0)),
                limit=float(version.response_limit_pct),
            ),
        )
        for version in active.select_related("definition")
        .defer("content")
        .order_by("definition__name")
    ]


def share_of(rate: Rate, *, limit: float | None, scale: float = 0) -> Share:
    """Return a share with its limit drawn.

    scale: the percentage at which the drawing ends, twice the limit when that is more.
    """
    end = max(scale, 2 * (limit or 50))
    return Share(
        value=percent(rate),
        counts=_("%(count)s of %(of)s") % {"count": rate.count, "of": rate.of},
        between=_("%(low)s to %(high)s") % {"low": pct(rate.low_pct), "high": pct(rate.high_pct)},
        width=f"{min(100.0, 100 * (rate.pct or 0) / end):.2f}%",
        limit_x=f"{100 * limit / end:.2f}%" if limit is not None else "",
        verdict=verdict_of(rate, limit=limit),
    )


def verdict_of(rate: Rate, *, limit: float | None) -> Verdict:
    """Say whether a share breaks a limit, or that there are too few cases to say."""
    if not rate.is_enough or limit is None:
        few = _("too few to say: %(count)s of %(enough)s") % {"count": rate.of, "enough": ENOUGH}
        return Verdict("few", "" if rate.is_enough else few)
    if rate.breaks(limit):
        return Verdict("late", _("over %(limit)s") % {"limit": pct(limit)})
    return Verdict("good", _("within %(limit)s") % {"limit": pct(limit)})


def _asked(query: Mapping[str, str], known: Sequence[Definition]) -> Asked:
    span = query.get("weeks", "")
    by = query.get("by", "")
    return Asked(
        span=span if span in SPANS else USUAL_WEEKS,
        definition=next((one for one in known if one.key == query.get("definition")), None),
        by=By(by) if by in set(By) else None,
        # No parameter of a query can hold a NUL.
        key=query.get("key", "").replace("\0", ""),
    )


def _limit(definition: Definition | None) -> float | None:
    """Return the signed limit of a definition, or the strictest in force; None without any."""
    active = DefinitionVersion.objects.filter(state=VersionState.ACTIVE)
    if definition is not None:
        active = active.filter(definition=definition)
    limits = [float(limit) for limit in active.values_list("response_limit_pct", flat=True)]
    return min(limits, default=None)


def _table(by: By, lines: Sequence[Line], *, asked: Asked, limit: float | None) -> Table:
    title, head = TITLES[by]
    scale = max((line.rate.pct or 0 for line in lines), default=0.0)
    rows = [
        Row(
            name=_name(line),
            share=share_of(line.rate, limit=limit, scale=scale),
            address=asked.address(by=by, key=line.key) + "#cases",
            is_chosen=asked.by == by and asked.key == line.key,
        )
        for line in lines
    ]
    return Table(by, title, head, rows)


def _name(line: Line) -> str:
    if line.starts_at is not None:
        return tags.day_of(line.starts_at)
    return line.name or str(WITHOUT[line.by])


def _chosen(asked: Asked, lines: Mapping[By, Sequence[Line]]) -> str:
    if asked.by is None:
        return ""
    chosen = (line for line in lines[asked.by] if line.key == asked.key)
    return next((_name(line) for line in chosen), "")


def _cases(asked: Asked, rule: WeekRule, page: str | None, *, at: datetime) -> dict[str, Any]:
    """Return a page of missed promises, four queries."""
    missed = misses.cases(
        asked.window(at=at), rule=rule, definition=asked.definition, by=asked.by, key=asked.key
    )
    shown: Page[Counted] = Paginator(missed, PAGE_SIZE).get_page(page)
    on_page = list(shown.object_list)
    timers = SlaTimer.objects.select_related("handoff__lead__account", "handoff__territory")
    found = timers.defer("handoff__packet").in_bulk([one.timer for one in on_page])
    reps = Rep.objects.select_related("user").in_bulk({one.rep for one in on_page if one.rep})
    queues = Queue.objects.select_related("manager").in_bulk(
        {one.queue for one in on_page if one.queue}
    )
    rows = [
        Case(found[one.timer], _held_by(reps.get(one.rep), queues.get(one.queue)))
        for one in on_page
        if one.timer in found
    ]
    return {"cases": rows, "page": shown}


def _held_by(rep: Rep | None, queue: Queue | None) -> str:
    return str(rep or "") or (f"{queue.manager} ({queue.name})" if queue is not None else "")
