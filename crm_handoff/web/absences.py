"""Who is away when: a rep's own absences, and those of the team."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.formats import time_format
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_POST

from crm_handoff.clock import database_now
from crm_handoff.integrations import calendars
from crm_handoff.integrations.fetching import AddressRefused
from crm_handoff.integrations.models import AbsenceFeed
from crm_handoff.people.access.people import (
    absence_feeds_visible_to,
    absence_series_visible_to,
    absences_visible_to,
)
from crm_handoff.people.roles import SEE_EVERYONES_LEADS
from crm_handoff.web.away import OWN
from crm_handoff.web.away_forms import CalendarForm
from crm_handoff.web.requests import PageRequest
from crm_handoff.web.tags import END_OF_DAY, weekday_of
from routing.models import Absence, AbsenceSeries, Rep

TEAM = ("routing.view_absence", SEE_EVERYONES_LEADS)

TEAM_AHEAD = timedelta(weeks=6)
"""How far ahead the team's absences are shown."""

PAST_SHOWN = 5
COMING_SHOWN = 100
"""Of a rep's own absences."""

NEXT_SHOWN = 3
"""Days shown of one that comes again and again."""


@dataclass(frozen=True, slots=True)
class Line:
    """One absence on a page; it can be changed unless it is over."""

    absence: Absence
    is_now: bool
    is_over: bool

    @property
    def is_of_calendar(self) -> bool:
        """Whether it was read from a calendar."""
        return bool(self.absence.external_id)

    @property
    def when(self) -> str:
        """Say when it is as shortly as its times allow, in the reader's zone."""
        return when_of(self.absence.span.lower, self.absence.span.upper)

    @property
    def can_end(self) -> bool:
        """Whether it can be ended or called off here."""
        return not self.is_over and (self.is_now or not self.is_of_calendar)


@dataclass(frozen=True, slots=True)
class Recurring:
    """A recurring absence in words."""

    series: AbsenceSeries
    words: str


@dataclass(frozen=True, slots=True)
class Member:
    """A rep with the absences that run or come within reach, and what comes again and again."""

    rep: Rep
    lines: Sequence[Line]
    recurring: Sequence[Recurring]

    @property
    def is_away(self) -> bool:
        """Whether they are away now."""
        return any(line.is_now for line in self.lines)


@require_GET
@cache_control(private=True, no_store=True)
@permission_required(OWN, raise_exception=True)
def own(request: PageRequest) -> HttpResponse:
    """Show a rep their own absences: now, coming, again and again, over, and their calendar."""
    return _own_page(request, CalendarForm())


@require_POST
@permission_required(OWN, raise_exception=True)
def connect(request: PageRequest) -> HttpResponse:
    """Take a rep's absences from a calendar from now on."""
    rep, form = _own_rep(request), CalendarForm(request.POST)
    if not form.is_valid():
        return _own_page(request, form)
    try:
        feed = calendars.connect(rep, by=request.user, at=database_now(), **form.cleaned_data)
    except AddressRefused as refusal:
        form.add_error("address", str(refusal))
        return _own_page(request, form)
    said = _("Your calendar at %(host)s is read within a minute, and then every 15 minutes.")
    messages.success(request, said % {"host": feed.host})
    return redirect("web:absences")


@require_POST
@permission_required(OWN, raise_exception=True)
def disconnect(request: PageRequest) -> HttpResponse:
    """Read a rep's calendar no more."""
    feed = get_object_or_404(_own_feeds(request))
    calendars.stop(feed, at=database_now())
    messages.success(request, _("Your calendar is read no more. Its address is forgotten."))
    return redirect("web:absences")


@require_GET
@cache_control(private=True, no_store=True)
@permission_required(TEAM, raise_exception=True)
def team(request: PageRequest) -> HttpResponse:
    """Show a manager who of the team is away when."""
    at = timezone.now()
    members = members_of(request, at=at)
    context = {
        "members": members,
        "away_count": sum(member.is_away for member in members),
        "problems": list(
            absence_feeds_visible_to(request.user)
            .filter(is_active=True)
            .exclude(problem="")
            .select_related("rep__user")
            .order_by("pk")
        ),
        "can_enter": request.user.has_perm("routing.add_absence"),
        "can_change": request.user.has_perm("routing.change_absence"),
    }
    return render(request, "web/away/team.html", context)


def members_of(request: PageRequest, *, at: datetime) -> list[Member]:
    """Return the active reps who are away within six weeks or again and again; two queries."""
    within = DateTimeTZRange(at, at + TEAM_AHEAD)
    rows = absences_visible_to(request.user).filter(span__overlap=within, rep__is_active=True)
    rows = rows.select_related("rep__user", "delegate__user").order_by("span", "pk")
    lines: dict[int, list[Line]] = {}
    reps: dict[int, Rep] = {}
    for row in rows:
        reps[row.rep_id] = row.rep
        lines.setdefault(row.rep_id, []).append(line_of(row, at=at))
    recurring: dict[int, list[Recurring]] = {}
    for series in _running(absence_series_visible_to(request.user), at=at):
        if series.rep.is_active:
            reps[series.rep_id] = series.rep
            recurring.setdefault(series.rep_id, []).append(Recurring(series, words_of(series)))
    found = [Member(rep, lines.get(pk, []), recurring.get(pk, [])) for pk, rep in reps.items()]
    return sorted(found, key=lambda member: (not member.is_away, str(member.rep), member.rep.pk))


def line_of(absence: Absence, *, at: datetime) -> Line:
    """Return an absence as a page shows it."""
    span = absence.span
    is_over = span.upper is not None and span.upper <= at
    return Line(absence, is_now=span.lower <= at and not is_over, is_over=is_over)


def when_of(begins_at: datetime, ends_at: datetime | None) -> str:
    """Say a span: "Fri 4 Dec, 13:00 to 17:00", "Mon 7 Dec to Fri 11 Dec"; None has no end."""
    begins = timezone.localtime(begins_at)
    since = {"day": weekday_of(begins), "begins": time_format(begins, "H:i")}
    if ends_at is None:
        return _("From %(day)s %(begins)s until further notice") % since
    ends = timezone.localtime(ends_at)
    last = ends - timedelta(microseconds=1)
    until = END_OF_DAY if ends.time() == time(0) else time_format(ends, "H:i")
    said = since | {"last": weekday_of(last), "ends": until}
    if begins.time() == ends.time() == time(0):
        whole = _("%(day)s, the whole day") if begins.date() == last.date() else ""
        return (whole or _("%(day)s to %(last)s")) % said
    if begins.date() == last.date():
        return _("%(day)s, %(begins)s to %(ends)s") % said
    return _("%(day)s %(begins)s to %(last)s %(ends)s") % said


def words_of(series: AbsenceSeries) -> str:
    """Say when a recurring absence takes place: "Every Friday, 13:00 to 17:00"."""
    names = [str(WEEKDAYS[day]) for day in sorted(series.weekdays)]
    days = get_text_list(names, _("and"))
    said = ngettext("Every %(days)s", "Every %(count)s weeks on %(days)s", series.every_weeks)
    when = said % {"days": days, "count": series.every_weeks}
    if series.begins is None or series.ends is None:
        return _("%(when)s, the whole day") % {"when": when}
    times = {"begins": time_format(series.begins, "H:i"), "ends": time_format(series.ends, "H:i")}
    return _("%(when)s, %(begins)s to %(ends)s") % {"when": when, **times}


def _own_page(request: PageRequest, form: CalendarForm) -> HttpResponse:
    rep, at = _own_rep(request), timezone.now()
    rows = absences_visible_to(request.user).filter(rep=rep).select_related("delegate__user")
    over = DateTimeTZRange(at, None)
    coming = rows.exclude(span__fully_lt=over).order_by("span", "pk")
    past = rows.filter(span__fully_lt=over).order_by("-span", "-pk")
    context = {
        "lines": [line_of(row, at=at) for row in _few_of_each(coming[:COMING_SHOWN])],
        "past": [line_of(row, at=at) for row in past[:PAST_SHOWN]],
        "recurring": [
            Recurring(series, words_of(series))
            for series in _running(absence_series_visible_to(request.user), at=at).filter(rep=rep)
        ],
        "feed": _own_feeds(request).first(),
        "form": form,
    }
    return render(request, "web/away/own.html", context, status=422 if form.is_bound else 200)


def _few_of_each(rows: Iterable[Absence]) -> Iterator[Absence]:
    """Yield absences, of each recurring one the next few alone."""
    seen: Counter[int] = Counter()
    for row in rows:
        if row.series_id is not None:
            seen[row.series_id] += 1
            if seen[row.series_id] > NEXT_SHOWN:
                continue
        yield row


def _running(series: QuerySet[AbsenceSeries], *, at: datetime) -> QuerySet[AbsenceSeries]:
    yesterday = (at - timedelta(days=1)).date()
    running = series.filter(Q(ends_on=None) | Q(ends_on__gte=yesterday), ended_at=None)
    return running.select_related("rep__user", "delegate__user").order_by("starts_on", "pk")


def _own_rep(request: PageRequest) -> Rep:
    return get_object_or_404(Rep, user=request.user.pk, is_active=True)


def _own_feeds(request: PageRequest) -> QuerySet[AbsenceFeed]:
    visible = absence_feeds_visible_to(request.user)
    return visible.filter(rep__user=request.user.pk, is_active=True)
