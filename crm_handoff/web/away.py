"""A rep says for themselves that they are away, and that they are back."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from crm_handoff.clock import database_now
from crm_handoff.people.access import absences_visible_to
from crm_handoff.web import outcomes
from crm_handoff.web.forms import AwayForm
from crm_handoff.web.requests import PageRequest
from routing import absences
from routing.models import Rep

OWN = "routing.enter_own_absence"


@require_http_methods(["GET", "POST"])
@cache_control(private=True, no_store=True)
@permission_required(OWN, raise_exception=True)
def away(request: PageRequest) -> HttpResponse:
    """Enter an absence of one's own; leads go to others meanwhile."""
    rep = get_object_or_404(Rep, user=request.user.pk, is_active=True)
    form = AwayForm(request.POST if request.method == "POST" else None, rep=rep)
    if not form.is_valid():
        partial = "web/partials/away.html"
        template = partial if request.htmx else "web/sheet.html"
        context = {"form": form, "partial": partial, "lead": _("Away")}
        return render(request, template, context, status=422 if form.is_bound else 200)
    return _done(
        request,
        lambda: absences.enter(rep, by=request.user, **form.span(at=database_now())),
        said=_("You are away. New leads go to somebody else meanwhile."),
    )


@require_POST
@permission_required(OWN, raise_exception=True)
def end(request: PageRequest, absence_id: UUID) -> HttpResponse:
    """End an absence of one's own now, or call off one that has not begun."""
    own = absences_visible_to(request.user).filter(rep__user=request.user.pk)
    absence = get_object_or_404(own, public_id=absence_id)
    return _done(
        request,
        lambda: absences.end(absence.pk, by=request.user, at=database_now()),
        said=_("Welcome back. New leads come to you again."),
    )


def _done(request: PageRequest, act: Callable[[], object], *, said: str) -> HttpResponse:
    # The head of the queue says who is away, so the page is drawn anew.
    try:
        act()
        messages.success(request, said)
    except outcomes.REFUSALS as refusal:
        messages.error(request, str(refusal))
    back = reverse("web:queue")
    return HttpResponseClientRedirect(back) if request.htmx else redirect(back)
