"""What a person does with a handoff: attempt, accept, reject, take back, confirm, and the deal."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect, reswap, retarget, trigger_client_event

from crm_handoff.clock import database_now
from crm_handoff.people.access import handoffs_visible_to, may_answer, opportunities_visible_to
from crm_handoff.web.forms import (
    AttemptForm,
    ConfirmForm,
    OpportunityForm,
    OutcomeForm,
    RejectForm,
)
from crm_handoff.web.lead import handoff_for, page
from crm_handoff.web.requests import PageRequest
from leads.enums import OpportunityStage
from leads.lifecycle import InvalidTransition
from leads.models import Opportunity
from routing import handoffs
from routing.models import Handoff
from routing.opportunities import OpportunityAlreadyClosed

REFUSALS = (
    handoffs.ChecklistIncomplete,
    handoffs.CommentRequired,
    handoffs.HandoffAlreadyDecided,
    handoffs.HandoffNotHeld,
    handoffs.NotYourAnswer,
    handoffs.NothingToConfirm,
    handoffs.NothingToUndo,
    handoffs.ReasonRetired,
    handoffs.UndoTooLate,
    InvalidTransition,
    OpportunityAlreadyClosed,
)
"""What the domain answers when somebody was faster or a rule forbids; said as it is."""

HOLDER = ("routing.view_handoff",)


@require_http_methods(["GET", "POST"])
@permission_required(HOLDER, raise_exception=True)
def attempt(request: PageRequest, public_id: UUID) -> HttpResponse:
    """Log a contact attempt."""
    found = _answerable(request, public_id)
    form = AttemptForm(request.POST or None)
    if not form.is_valid():
        return _sheet(request, found, form, "attempt")
    return _done(
        request,
        found,
        lambda: handoffs.attempt(
            found.pk, by=request.user, at=database_now(), **form.cleaned_data
        ),
        said=f"Attempt logged for {found.lead}.",
    )


@require_POST
@permission_required(HOLDER, raise_exception=True)
def accept(request: PageRequest, public_id: UUID) -> HttpResponse:
    """Accept a lead; for 30 seconds it can be taken back."""
    found = _answerable(request, public_id)
    return _done(
        request,
        found,
        lambda: handoffs.accept(found.pk, by=request.user, at=database_now()),
        said=f"You accepted {found.lead}.",
        can_undo=True,
    )


@require_http_methods(["GET", "POST"])
@permission_required(HOLDER, raise_exception=True)
def reject(request: PageRequest, public_id: UUID) -> HttpResponse:
    """Reject a lead with a reason and a comment; for 30 seconds it can be taken back."""
    found = _answerable(request, public_id)
    form = RejectForm(request.POST or None)
    if not form.is_valid():
        return _sheet(request, found, form, "reject")
    return _done(
        request,
        found,
        lambda: handoffs.reject(found.pk, by=request.user, at=database_now(), **form.cleaned_data),
        said=f"You rejected {found.lead}: {form.cleaned_data['reason']}.",
        can_undo=True,
    )


@require_POST
@permission_required(HOLDER, raise_exception=True)
def undo(request: PageRequest, public_id: UUID) -> HttpResponse:
    """Take back one's own answer within its 30 seconds."""
    found = _visible(request, public_id)
    return _done(
        request,
        found,
        lambda: handoffs.undo(found.pk, by=request.user, at=database_now()),
        said=f"Taken back. {found.lead} waits as before.",
    )


@require_http_methods(["GET", "POST"])
@permission_required(HOLDER, raise_exception=True)
def confirm(request: PageRequest, public_id: UUID) -> HttpResponse:
    """Confirm a lead as sales qualified by its version's checklist."""
    found = _answerable(request, public_id)
    form = ConfirmForm(request.POST or None, checklist=found.version.checklist)
    if request.method == "GET" or not form.is_valid():
        return _sheet(request, found, form, "confirm")
    return _done(
        request,
        found,
        lambda: handoffs.confirm(
            found.pk, answers=form.answers(), by=request.user, at=database_now()
        ),
        said=f"{found.lead} is confirmed as SQL.",
    )


@require_POST
@permission_required("leads.add_opportunity", raise_exception=True)
def open_opportunity(request: PageRequest, public_id: UUID) -> HttpResponse:
    """Turn a handoff into an opportunity."""
    found = _answerable(request, public_id)
    form = OpportunityForm(request.POST)
    if not form.is_valid():
        return _again(request, public_id, opportunity_form=form)
    return _done(
        request,
        found,
        lambda: handoffs.open_opportunity(
            found.pk, by=request.user, at=database_now(), **form.cleaned_data
        ),
        said=f"Opportunity opened for {found.lead}.",
    )


@require_POST
@permission_required("leads.change_opportunity", raise_exception=True)
def close_opportunity(request: PageRequest, public_id: UUID) -> HttpResponse:
    """Record that the opportunity of a handoff was won or lost."""
    found = _answerable(request, public_id)
    form = OutcomeForm(request.POST)
    if not form.is_valid():
        return _again(request, public_id, outcome_form=form)
    deal = _open_deal(request, found)
    return _done(
        request,
        found,
        lambda: handoffs.close_opportunity(
            deal.pk,
            is_won=form.cleaned_data["outcome"] == OpportunityStage.WON,
            loss_reason=form.cleaned_data["loss_reason"],
            at=database_now(),
        ),
        said=f"{deal} is {form.cleaned_data['outcome']}.",
    )


def _open_deal(request: PageRequest, found: Handoff) -> Opportunity:
    deals = opportunities_visible_to(request.user).filter(
        lead=found.lead_id, stage=OpportunityStage.OPEN
    )
    return get_object_or_404(deals.order_by("-pk")[:1])


def _visible(request: PageRequest, public_id: UUID) -> Handoff:
    visible = handoffs_visible_to(request.user).select_related("lead", "rep", "version")
    return get_object_or_404(visible, public_id=public_id)


def _answerable(request: PageRequest, public_id: UUID) -> Handoff:
    found = _visible(request, public_id)
    if not may_answer(request.user, found):
        raise PermissionDenied
    return found


def _sheet(request: PageRequest, found: Handoff, form: Form, name: str) -> HttpResponse:
    """Show a form by itself: a dialog's content for htmx, else a page; 422 after an error."""
    partial = f"web/partials/{name}.html"
    context = {"handoff": found, "lead": found.lead, "form": form, "partial": partial}
    status = 422 if form.is_bound else 200
    template = partial if request.htmx else "web/sheet.html"
    return render(request, template, context, status=status)


def _again(request: PageRequest, public_id: UUID, **forms: Form) -> HttpResponse:
    """Show the handoff's page again with the form that was wrong."""
    found = handoff_for(request, public_id)
    return render(request, "web/handoff.html", page(request, found, **forms), status=422)


def _done(
    request: PageRequest,
    found: Handoff,
    act: Callable[[], object],
    *,
    said: str,
    can_undo: bool = False,
) -> HttpResponse:
    """Do it and say so, or say why not: in the queue as a toast, elsewhere on the lead's page."""
    kind, undo_id, status = "success", str(found.public_id) if can_undo else "", 200
    try:
        act()
    except REFUSALS as refusal:
        kind, undo_id, status, said = "error", "", 409, str(refusal)
    if _is_in_queue(request):
        context = {"text": said, "undo": undo_id, "kind": kind}
        return _toast(request, context, status=status)
    messages.add_message(
        request,
        messages.ERROR if kind == "error" else messages.SUCCESS,
        said,
        extra_tags=undo_id,
    )
    if request.htmx:
        return HttpResponseClientRedirect(reverse("web:handoff", args=[found.public_id]))
    return redirect("web:handoff", public_id=found.public_id)


def _is_in_queue(request: PageRequest) -> bool:
    address = request.htmx.current_url_abs_path if request.htmx else None
    return (address or "").split("?")[0] == reverse("web:queue")


def _toast(request: PageRequest, context: dict[str, Any], *, status: int) -> HttpResponse:
    response = render(request, "web/partials/toast.html", context, status=status)
    if request.htmx.target == "sheet":
        retarget(response, "#toasts")
        reswap(response, "beforeend")
    trigger_client_event(response, "answered", {})
    return trigger_client_event(response, "queue-changed", {})
