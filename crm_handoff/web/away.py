"""Absences entered, changed and ended: by reps for themselves, by managers for their team."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from crm_handoff.clock import database_now
from crm_handoff.people.access.people import absence_series_visible_to, absences_visible_to
from crm_handoff.people.models import User
from crm_handoff.web.away_forms import AwayForm, ChangeForm, SeriesForm
from crm_handoff.web.effects import Effect, effect_of
from crm_handoff.web.requests import PageRequest
from routing import absences, occurrences, series
from routing.models import Absence, AbsenceSeries, Rep

OWN = "routing.enter_own_absence"
ANY, ANY_SERIES = "routing.change_absence", "routing.change_absenceseries"

REFUSALS = (
    absences.AbsenceEndsBeforeItBegins,
    absences.AbsenceOverlaps,
    absences.CannotStandInForThemselves,
    absences.ComesFromCalendar,
    series.SeriesEnded,
    series.SeriesNeverTakesPlace,
)
"""What the domain answers when an absence cannot be; said as it is."""

BACK = {"queue": "web:queue", "absences": "web:absences", "team": "web:team_away"}
"""Pages from which absences are changed, by what they send as `back`."""


@require_http_methods(["GET", "POST"])
@cache_control(private=True, no_store=True)
@permission_required(OWN, raise_exception=True)
def away(request: PageRequest) -> HttpResponse:
    """Enter an absence of one's own, once or again and again; leads go to others meanwhile."""
    form = AwayForm(request.POST if request.method == "POST" else None, rep=_own_rep(request))
    if not form.is_valid():
        return _sheet(request, "web/partials/away.html", form, _("Away"))
    try:
        said = _enter(form, by=request.user, at=database_now())
    except REFUSALS as refusal:
        form.add_error(None, str(refusal))
        return _sheet(request, "web/partials/away.html", form, _("Away"))
    return _done(request, said)


@require_GET
@cache_control(private=True, no_store=True)
@permission_required(OWN, raise_exception=True)
def effect(request: PageRequest) -> HttpResponse:
    """Say what the absence that is being filled in would set going; nothing while it is amiss."""
    rep = _own_rep(request)
    form = AwayForm(request.GET, rep=rep)
    found = _effect(form, rep, at=database_now()) if form.is_valid() else None
    return render(request, "web/away/effect.html", {"effect": found})


@require_POST
@permission_required(OWN, raise_exception=True)
def end(request: PageRequest, absence_id: UUID) -> HttpResponse:
    """End an absence of one's own now, or call off one that has not begun."""
    own = absences_visible_to(request.user).filter(rep__user=request.user.pk)
    absence = get_object_or_404(own, public_id=absence_id)
    at = database_now()
    said = _("Welcome back. New leads come to you again.")
    if absence.span.lower > at:
        said = _("Called off: you are there.")
    return _tried(request, lambda: absences.end(absence.pk, by=request.user, at=at), said=said)


@require_http_methods(["GET", "POST"])
@cache_control(private=True, no_store=True)
def change(request: PageRequest, absence: UUID) -> HttpResponse:
    """Change when an absence is, who stands in, and what is noted about it."""
    found = get_object_or_404(_changeable(request.user), public_id=absence)
    form = ChangeForm(request.POST if request.method == "POST" else None, absence=found)
    template = "web/away/change.html"
    if not form.is_valid():
        return _sheet(request, template, form, _("Absence"))
    try:
        absences.change(found.pk, by=request.user, at=database_now(), **form.said())
    except REFUSALS as refusal:
        form.add_error(None, str(refusal))
        return _sheet(request, template, form, _("Absence"))
    return _done(request, _("The absence is changed."))


@require_http_methods(["GET", "POST"])
@cache_control(private=True, no_store=True)
def change_series(request: PageRequest, series_id: UUID) -> HttpResponse:
    """Change a recurring absence from now on."""
    found = get_object_or_404(_changeable_series(request.user), public_id=series_id)
    form = SeriesForm(request.POST if request.method == "POST" else None, series=found)
    template, at = "web/away/series.html", database_now()
    if not form.is_valid():
        return _sheet(request, template, form, _("Recurring absence"))
    said = {"delegate": form.cleaned_data["delegate"], "note": form.cleaned_data["note"]}
    try:
        series.change(found.pk, form.pattern(at=at), by=request.user, at=at, **said)
    except REFUSALS as refusal:
        form.add_error(None, str(refusal))
        return _sheet(request, template, form, _("Recurring absence"))
    return _done(request, _("The recurring absence is changed from now on."))


@require_POST
def end_series(request: PageRequest, series_id: UUID) -> HttpResponse:
    """End a recurring absence: no more days of it come."""
    found = get_object_or_404(_changeable_series(request.user), public_id=series_id)
    return _tried(
        request,
        lambda: series.end(found.pk, by=request.user, at=database_now()),
        said=_("The recurring absence has ended."),
    )


def _own_rep(request: PageRequest) -> Rep:
    return get_object_or_404(Rep, user=request.user.pk, is_active=True)


def _changeable(user: User) -> QuerySet[Absence]:
    """Return the absences that a person may change: their own, or anybody's.

    Raises:
        PermissionDenied: not even their own.
    """
    visible = absences_visible_to(user).select_related("rep__user")
    if user.has_perm(ANY):
        return visible
    if not user.has_perm(OWN):
        raise PermissionDenied
    return visible.filter(rep__user=user.pk)


def _changeable_series(user: User) -> QuerySet[AbsenceSeries]:
    visible = absence_series_visible_to(user).filter(ended_at=None).select_related("rep__user")
    if user.has_perm(ANY_SERIES):
        return visible
    if not user.has_perm(OWN):
        raise PermissionDenied
    return visible.filter(rep__user=user.pk)


def _enter(form: AwayForm, *, by: User, at: datetime) -> str:
    """Enter what was filled in; returns what to say then."""
    delegate = form.cleaned_data["delegate"]
    if form.is_weekly():
        series.enter(form.rep, form.pattern(at=at), by=by, at=at, delegate=delegate)
        return _("Entered: you are away again and again. New leads go to somebody else then.")
    span = form.span(at=at)
    absences.enter(
        form.rep, begins_at=span.begins_at, ends_at=span.ends_at, by=by, delegate=delegate
    )
    if span.begins_at > at:
        return _("Entered. As it begins, the leads that you have not touched go to others.")
    return _("You are away. The leads that you have not touched go to others now.")


def _effect(form: AwayForm, rep: Rep, *, at: datetime) -> Effect | None:
    delegate = form.cleaned_data["delegate"]
    begins_at = _first_day(form, at=at) if form.is_weekly() else form.span(at=at).begins_at
    if begins_at is None:
        return None
    return effect_of(rep, begins_at=begins_at, delegate=delegate, at=at)


def _first_day(form: AwayForm, *, at: datetime) -> datetime | None:
    """Return when the first day that is filled in begins, or now when it runs."""
    sketch = AbsenceSeries(**form.pattern(at=at).values())
    today = occurrences.today_of(sketch, at=at)
    coming = occurrences.occurrences(
        sketch, first=today, last=sketch.starts_on + occurrences.AHEAD
    )
    first = next((one for one in coming if one.ends_at > at), None)
    return max(first.begins_at, at) if first else None


def _sheet(request: PageRequest, partial: str, form: Form, title: str) -> HttpResponse:
    """Show a form by itself: a dialog's content for htmx, else a page; 422 after an error."""
    context = {"form": form, "partial": partial, "lead": title, "back": _back(request)}
    template = partial if request.htmx else "web/away/sheet.html"
    return render(request, template, context, status=422 if form.is_bound else 200)


def _tried(request: PageRequest, act: Callable[[], object], *, said: str) -> HttpResponse:
    try:
        act()
    except REFUSALS as refusal:
        messages.error(request, str(refusal))
        return _gone_back(request)
    return _done(request, said)


def _done(request: PageRequest, said: str) -> HttpResponse:
    messages.success(request, said)
    return _gone_back(request)


def _gone_back(request: PageRequest) -> HttpResponse:
    # The head of a page says who is away, so that it is drawn anew.
    place = reverse(BACK[_back(request)])
    return HttpResponseClientRedirect(place) if request.htmx else redirect(place)


def _back(request: HttpRequest) -> str:
    said = request.POST.get("back") or request.GET.get("back") or "queue"
    return said if said in BACK else "queue"
