"""What a manager does on the team page: gives leads to reps, enters and ends absences."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect, reswap, retarget, trigger_client_event

from crm_handoff import reasons
from crm_handoff.clock import database_now
from crm_handoff.people import access
from crm_handoff.people.access.people import absences_visible_to, reps_visible_to
from crm_handoff.people.models import User
from crm_handoff.people.roles import SEE_EVERYONES_LEADS
from crm_handoff.web import away
from crm_handoff.web.effects import effect_of
from crm_handoff.web.requests import PageRequest
from crm_handoff.web.team_forms import AbsenceForm, AssignForm
from routing import absences, handoffs
from routing.assignment import ReasonRequired, RepCannotReceive
from routing.enums import HandoffStatus
from routing.models import Absence, Handoff, Rep, Suspension

MOST_AT_ONCE = 50
"""Leads that are assigned in one go: what one page shows."""

REFUSALS = (handoffs.HandoffAlreadyDecided, ReasonRequired, RepCannotReceive)

ENTERS = ("routing.view_rep", "routing.add_absence")

ASSIGNS = ("routing.view_handoff", "routing.assign_handoff", SEE_EVERYONES_LEADS)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one of several leads."""

    handoff: Handoff
    is_done: bool
    words: str


@require_http_methods(["GET", "POST"])
@cache_control(private=True, no_store=True)
@permission_required(ASSIGNS, raise_exception=True)
def assign(request: PageRequest) -> HttpResponse:
    """Give the leads named by `handoff` to a rep, or route them anew; say of each what became."""
    data = request.POST if request.method == "POST" else request.GET
    chosen = _chosen(request.user, data.getlist("handoff"))
    form = AssignForm(request.POST or None, reps=_reps(request.user))
    if not chosen:
        return _nothing_chosen(request)
    if not form.is_valid():
        return _sheet(request, "assign", form, chosen=chosen)
    outcomes = [_assign(handoff, form.cleaned_data, by=request.user) for handoff in chosen]
    if all(outcome.is_done for outcome in outcomes):
        return _done(request, _all_assigned(outcomes))
    context = {"outcomes": outcomes, "partial": "web/team/assigned.html"}
    template = "web/team/assigned.html" if request.htmx else "web/team/sheet.html"
    return trigger_client_event(render(request, template, context), "team-changed", {})


@require_http_methods(["GET", "POST"])
@cache_control(private=True, no_store=True)
@permission_required(ENTERS, raise_exception=True)
def enter_absence(request: PageRequest) -> HttpResponse:
    """Say that a rep is away; as it begins, the leads that they have not touched move on."""
    initial = {
        "rep": request.GET.get("rep"),
        "begins_at": timezone.localtime().replace(second=0, microsecond=0),
    }
    form = AbsenceForm(request.POST or None, reps=_reps(request.user), initial=initial)
    if not form.is_valid():
        return _sheet(request, "absence", form, back=_back(request))
    try:
        absence = absences.enter(by=request.user, **form.cleaned_data)
    except away.REFUSALS as refusal:
        form.add_error(None, reasons.said(str(refusal)))
        return _sheet(request, "absence", form, back=_back(request))
    return _absence_done(request, _("%(rep)s is entered as away.") % {"rep": absence.rep})


@require_GET
@cache_control(private=True, no_store=True)
@permission_required(ENTERS, raise_exception=True)
def absence_effect(request: PageRequest) -> HttpResponse:
    """Say what the absence that is being filled in would set going; nothing while it is amiss."""
    form = AbsenceForm(request.GET, reps=_reps(request.user))
    effect, at = None, database_now()
    if form.is_valid():
        said = form.cleaned_data
        begins_at, delegate = max(said["begins_at"], at), said["delegate"]
        effect = effect_of(said["rep"], begins_at=begins_at, delegate=delegate, at=at)
    return render(request, "web/away/effect.html", {"effect": effect})


@require_POST
@permission_required(("routing.view_absence", "routing.change_absence"), raise_exception=True)
def end_absence(request: PageRequest, absence: UUID) -> HttpResponse:
    """End an absence now; one that has not begun does not take place."""
    visible = absences_visible_to(request.user).select_related("rep__user")
    found = get_object_or_404(visible, public_id=absence)
    try:
        absences.end(found.pk, by=request.user, at=database_now())
    except away.REFUSALS as refusal:
        return _absence_done(request, str(refusal), kind="error")
    return _absence_done(request, _("%(rep)s receives leads again.") % {"rep": found.rep})


def _back(request: PageRequest) -> str:
    return request.POST.get("back") or request.GET.get("back") or ""


def _absence_done(request: PageRequest, said: str, *, kind: str = "success") -> HttpResponse:
    """Say what was done: on the page of absences when it was done there, else on the team's."""
    if _back(request) != "team":
        return _done(request, said, kind=kind)
    add = messages.error if kind == "error" else messages.success
    add(request, said)
    place = reverse("web:team_away")
    return HttpResponseClientRedirect(place) if request.htmx else redirect(place)


def _chosen(user: User, said: Sequence[str]) -> list[Handoff]:
    """Return the open handoffs that were named and can be seen, due or not, oldest first."""
    ids = [public_id for text in said if (public_id := _uuid(text)) is not None]
    visible = access.handoffs.visible_to(user).filter(
        public_id__in=ids, status__in=HandoffStatus.OPEN
    )
    found = visible.select_related("lead__account", "rep__user", "queue")
    return list(found.order_by("opened_at", "pk")[:MOST_AT_ONCE])


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _reps(user: User) -> QuerySet[Rep]:
    """Return whom somebody may choose, each with what keeps leads from them."""
    active = reps_visible_to(user).filter(is_active=True, user__is_active=True)
    running = Absence.objects.filter(rep=OuterRef("pk"), span__contains=database_now())
    suspended = Suspension.objects.filter(rep=OuterRef("pk"), ended_at=None)
    return (
        active.annotate(absent=Subquery(running.values("span")[:1]), is_out=Exists(suspended))
        .select_related("user")
        .order_by("user__full_name", "pk")
    )


def _assign(handoff: Handoff, wanted: dict[str, Any], *, by: User) -> Outcome:
    try:
        found = handoffs.reassign(
            handoff.pk, by=by, at=database_now(), rep=wanted["rep"], reason=wanted["reason"]
        )
    except REFUSALS as refusal:
        return Outcome(handoff, is_done=False, words=reasons.said(str(refusal)))
    return Outcome(handoff, is_done=True, words=str(found.rep or found.queue))


def _all_assigned(outcomes: Sequence[Outcome]) -> str:
    if len(outcomes) == 1:
        (outcome,) = outcomes
        said = _("%(lead)s goes to %(owner)s.")
        return said % {"lead": outcome.handoff.lead, "owner": outcome.words}
    said = ngettext(
        "%(count)s lead has a new owner.", "%(count)s leads have a new owner.", len(outcomes)
    )
    return said % {"count": len(outcomes)}


def _nothing_chosen(request: PageRequest) -> HttpResponse:
    return _done(request, _("Choose at least one lead that is still open."), kind="error")


def _sheet(request: PageRequest, name: str, form: Form, **context: Any) -> HttpResponse:
    """Show a form by itself: a dialog's content for htmx, else a page; 422 after an error."""
    partial = f"web/team/{name}.html"
    template = partial if request.htmx else "web/team/sheet.html"
    status = 422 if form.is_bound else 200
    return render(request, template, {"form": form, "partial": partial} | context, status=status)


def _done(request: PageRequest, said: str, *, kind: str = "success") -> HttpResponse:
    """Say what was done: as a toast on the team page, else on the page itself."""
    if not request.htmx:
        add = messages.error if kind == "error" else messages.success
        add(request, said)
        return redirect("web:team")
    response = render(request, "web/partials/toast.html", {"text": said, "kind": kind})
    retarget(response, "#toasts")
    reswap(response, "beforeend")
    trigger_client_event(response, "answered", {})
    return trigger_client_event(response, "team-changed", {})
