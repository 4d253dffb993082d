"""Sales' promise of a first response: how often it was missed, by whom, where and when."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import permission_required
from django.core.paginator import Page, Paginator
from django.db.models import OuterRef, Subquery
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from crm_handoff.people.access.agreements import definitions_visible_to
from crm_handoff.people.access.handoffs import alerts_visible_to
from crm_handoff.people.models import User
from crm_handoff.reports import misses, weeks
from crm_handoff.reports.misses import By, Line, Misses, Window
from crm_handoff.reports.rates import ENOUGH, Rate
from crm_handoff.reports.weeks import WeekRule
from crm_handoff.web import tags
from crm_handoff.web.glossary.explanation import Text
from crm_handoff.web.requests import PageRequest
from crm_handoff.web.shares import pct, percent
from crm_handoff.web.team import PERMISSIONS
from crm_handoff.web.verdicts import Verdict
from definitions.enums import Side, VersionState
from definitions.models import Definition, DefinitionVersion
from routing.models import SlaTimer

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
    By.HOLDER: lazy("Nobody: due before handover"),
    By.TEAM: lazy("No manager, or due before handover"),
    By.TERRITORY: lazy("Outside every territory"),
    By.TERM: lazy("No SLA term"),
    By.SOURCE: lazy("Source unknown"),
    By.WEEK: "",
}
"""Name of the line of those that have none, which stands last."""


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
    known = _known(request.user)
    asked = _asked(request.GET, known)
    limit = _limit(known if asked.definition is None else [asked.definition])
    found = misses.misses(asked.window(at=at), rule=rule, definition=asked.definition)
    context = {
        "asked": asked,
        "spans": SPANS,
        "definitions": known,
        "limit": limit,
        "signed": signed_shares(known, at=at),
        "overall": share_of(found.overall, limit=limit),
        "has_cases": bool(found.overall.of),
        "tables": [_table(by, found.lines[by], asked=asked, limit=limit) for by in By],
        "chosen": _chosen(asked, found.lines),
        "alerts": alerts_visible_to(request.user)
        .filter(acknowledged_at=None, side=Side.SALES)
        .select_related("definition", "told"),
        **_cases(
            asked,
            rule,
            request.GET.get("page"),
            missed_count=_missed_count(asked, found),
            at=at,
        ),
    }
    return render(request, "web/sla/response.html", context)


def signed_shares(known: Iterable[Definition], *, at: datetime) -> list[Signed]:
    """Return how each of these that is in force keeps its signed response limit; one query."""
    rates = misses.rates_of_definitions(misses.rolling(at=at))
    return [
        Signed(one.name, share_of(rates.get(one.pk, Rate(0, 0)), limit=limit))
        for one in known
        if (limit := _limit([one])) is not None
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


def _known(user: User) -> list[Any]:
    """Return the definitions that somebody may see, with the limit in force; one query."""
    active = DefinitionVersion.objects.filter(definition=OuterRef("pk"), state=VersionState.ACTIVE)
    limit = Subquery(active.values("response_limit_pct")[:1])
    return list(definitions_visible_to(user).annotate(limit_pct=limit).order_by("name"))


def _limit(definitions: Iterable[Any]) -> float | None:
    """Return the strictest signed limit in force; None without any."""
    limits = (definition.limit_pct for definition in definitions)
    return min((float(limit) for limit in limits if limit is not None), default=None)


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
        for line in sorted(lines, key=lambda line: not line.key)
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


def _cases(
    asked: Asked, rule: WeekRule, page: str | None, *, missed_count: int, at: datetime
) -> dict[str, Any]:
    """Return a page of missed promises, two queries."""
    shown: Page[Any] = Paginator(range(missed_count), PAGE_SIZE).get_page(page)
    first = max(0, shown.start_index() - 1)
    on_page = misses.cases(
        asked.window(at=at),
        rule=rule,
        definition=asked.definition,
        by=asked.by,
        key=asked.key,
        shown=slice(first, first + PAGE_SIZE),
    )
    timers = SlaTimer.objects.select_related("handoff__lead__account", "handoff__territory")
    found = timers.defer("handoff__packet").in_bulk([one.timer for one in on_page])
    rows = [
        Case(found[one.timer], one.holder or str(WITHOUT[By.HOLDER]))
        for one in on_page
        if one.timer in found
    ]
    return {"cases": rows, "page": shown}


def _missed_count(asked: Asked, found: Misses) -> int:
    if asked.by is None:
        return found.overall.count
    return sum(line.rate.count for line in found.lines[asked.by] if line.key == asked.key)
