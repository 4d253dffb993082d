"""What a person does with a handoff: attempt, accept, reject, take back, confirm, and the deal."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST

from crm_handoff.clock import database_now
from crm_handoff.people import access
from crm_handoff.people.access.handoffs import may_answer
from crm_handoff.people.access.leads import opportunities_visible_to
from crm_handoff.web import checklists, outcomes
from crm_handoff.web.clocks import duration
from crm_handoff.web.criteria import ASKED_FOR, choices_of
from crm_handoff.web.forms import (
    AttemptForm,
    ConfirmForm,
    OpportunityForm,
    OutcomeForm,
    RejectLeadForm,
)
from crm_handoff.web.lead import handoff_for, page
from crm_handoff.web.requests import PageRequest
from definitions.enums import Checklist
from leads.enums import OpportunityStage
from leads.models import Opportunity
from routing import attempts, confirmations, handoffs
from routing.models import Handoff

HOLDER = ("routing.view_handoff",)


@require_http_methods(["GET", "POST"])
@cache_control(private=True, no_store=True)
@permission_required(HOLDER, raise_exception=True)
def attempt(request: PageRequest, public_id: UUID) -> HttpResponse:
    """Log a contact attempt, and set what is next."""
    found = answerable(request, public_id)
    form = AttemptForm(request.POST or None)
    if not form.is_valid():
        return sheet(request, found, form, "attempt")
    return outcomes.done(
        request,
        lambda: handoffs.attempt(found.pk, by=request.user, at=database_now(), **form.said()),
        said=_("Attempt logged for %(lead)s.") % {"lead": found.lead},
        back=lead_page(found),
    )


@require_POST
@permission_required(HOLDER, raise_exception=True)
def accept(request: PageRequest, public_id: UUID) -> HttpResponse:
    """Accept a lead; for 30 seconds it can be taken back."""
    found = answerable(request, public_id)
    return outcomes.done(
        request,
        lambda: handoffs.accept(
            found.pk, by=request.user, at=database_now(), held_by=found.rep_id
        ),
        said=_("You accepted %(lead)s.") % {"lead": found.lead},
        undo=_undo_address(found),
        back=lead_page(found),
    )


@require_http_methods(["GET", "POST"])
@cache_control(private=True, no_store=True)
@permission_required(HOLDER, raise_exception=True)
def reject(request: PageRequest, public_id: UUID) -> HttpResponse:
    """Reject a lead with a reason and a comment; for 30 seconds it can be taken back."""
    found = answerable(request, public_id)
    form = RejectLeadForm(
        request.POST or None,
        criteria=choices_of(found.version),
        lacking=attempts.lacking(found),
    )
    if not form.is_valid():
        return sheet(request, found, form, "reject", asked_for=ASKED_FOR)
    return outcomes.done(
        request,
        lambda: handoffs.reject(
            found.pk,
            by=request.user,
            at=database_now(),
            held_by=found.rep_id,
            **form.cleaned_data,
        ),
        said=_("You rejected %(lead)s: %(reason)s.")
        % {"lead": found.lead, "reason": form.cleaned_data["reason"]},
        undo=_undo_address(found),
        back=lead_page(found),
    )


@require_POST
@permission_required(HOLDER, raise_exception=True)
def undo(request: PageRequest, public_id: UUID) -> HttpResponse:
    """Take back one's own answer within its 30 seconds."""
    found = _visible(request, public_id)
    return outcomes.done(
        request,
        lambda: handoffs.undo(found.pk, by=request.user, at=database_now()),
        said=_("Taken back. %(lead)s waits as before.") % {"lead": found.lead},
        back=lead_page(found),
    )


@require_http_methods(["GET", "POST"])
@cache_control(private=True, no_store=True)
@permission_required(HOLDER, raise_exception=True)
def confirm(request: PageRequest, public_id: UUID) -> HttpResponse:
    """Confirm a lead as sales qualified by its version's checklist, once it was contacted.

    The form says, signed, when it was opened, so that the time taken is kept.
    """
    found, at = answerable(request, public_id), database_now()
    checklist = Checklist(found.version.checklist)
    questions = confirmations.QUESTIONS[checklist]
    known = checklists.known_of(found.lead, found.packet, questions, at=at)
    form = ConfirmForm(request.POST or None, checklist=checklist, known=known)
    began = request.POST.get("began") or checklists.stamp(found.pk, at=at)
    if request.method == "GET" or not form.is_valid():
        usual = confirmations.usual_time(checklist, at=at)
        return sheet(
            request,
            found,
            form,
            "confirm",
            began=began,
            items=[
                item | {"hints": checklists.hints_of(found.packet, item["key"])}
                for item in form.items()
            ],
            usual=duration(usual) if usual else "",
            needs_attempt=found.first_attempt_at is None,
        )
    return outcomes.done(
        request,
        lambda: handoffs.confirm(
            found.pk,
            answers=form.answers(),
            by=request.user,
            at=database_now(),
            began_at=checklists.began_at(began, found.pk),
        ),
        said=_("%(lead)s is confirmed as SQL.") % {"lead": found.lead},
        back=lead_page(found),
    )


@require_POST
@permission_required("leads.add_opportunity", raise_exception=True)
def open_opportunity(request: PageRequest, public_id: UUID) -> HttpResponse:
    """Turn a handoff into an opportunity."""
    found = answerable(request, public_id)
    form = OpportunityForm(request.POST)
    if not form.is_valid():
        return _again(request, public_id, opportunity_form=form)
    return outcomes.done(
        request,
        lambda: handoffs.open_opportunity(
            found.pk, by=request.user, at=database_now(), **form.cleaned_data
        ),
        said=_("Opportunity opened for %(lead)s.") % {"lead": found.lead},
        back=lead_page(found),
    )


@require_POST
@permission_required("leads.change_opportunity", raise_exception=True)
def close_opportunity(request: PageRequest, public_id: UUID) -> HttpResponse:
    """Record that the opportunity of a handoff was won or lost."""
    found = answerable(request, public_id)
    form = OutcomeForm(request.POST)
    if not form.is_valid():
        return _again(request, public_id, outcome_form=form)
    deal, stage = _open_deal(request, found), OpportunityStage(form.cleaned_data["outcome"])
    is_won = stage == OpportunityStage.WON
    said = _("%(deal)s is won.") if is_won else _("%(deal)s is lost.")
    return outcomes.done(
        request,
        lambda: handoffs.close_opportunity(
            deal.pk,
            is_won=is_won,
            loss_reason=form.cleaned_data["loss_reason"],
            at=database_now(),
        ),
        said=said % {"deal": deal},
        back=lead_page(found),
    )


def answerable(request: PageRequest, public_id: UUID) -> Handoff:
    """Return a handoff that this person may answer.

    Raises:
        Http404: there is none, or not for them.
        PermissionDenied: they may see it alone.
    """
    found = _visible(request, public_id)
    if not may_answer(request.user, found):
        raise PermissionDenied
    return found


def sheet(
    request: PageRequest, found: Handoff, form: Form, name: str, **more: Any
) -> HttpResponse:
    """Show a form by itself: a dialog's content for htmx, else a page; 422 after an error."""
    partial = f"web/partials/{name}.html"
    context = {"handoff": found, "lead": found.lead, "form": form, "partial": partial}
    status = 422 if form.is_bound else 200
    template = partial if request.htmx else "web/sheet.html"
    return render(request, template, context | more, status=status)


def lead_page(found: Handoff) -> str:
    """Return the address of a handoff's page."""
    return reverse("web:handoff", args=[found.public_id])


def _undo_address(found: Handoff) -> str:
    return reverse("web:undo", args=[found.public_id])


def _open_deal(request: PageRequest, found: Handoff) -> Opportunity:
    deals = opportunities_visible_to(request.user).filter(
        lead=found.lead_id, stage=OpportunityStage.OPEN
    )
    return get_object_or_404(deals.order_by("-pk")[:1])


def _visible(request: PageRequest, public_id: UUID) -> Handoff:
    visible = access.handoffs.visible_to(request.user).select_related("lead", "rep", "version")
    return get_object_or_404(visible, public_id=public_id)


def _again(request: PageRequest, public_id: UUID, **forms: Form) -> HttpResponse:
    """Show the handoff's page again with the form that was wrong."""
    found = handoff_for(request, public_id)
    return render(request, "web/handoff.html", page(request, found, **forms), status=422)
