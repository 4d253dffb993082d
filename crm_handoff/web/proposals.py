"""Fields that people miss in an agreement: whoever works the leads proposes, RevOps answer."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST

from crm_handoff.clock import database_now
from crm_handoff.people import access
from crm_handoff.web.requests import PageRequest
from crm_handoff.web.texts import Words
from definitions import discussions
from definitions.models import Definition, Proposal

READ = "definitions.view_proposal"
PROPOSE = "definitions.add_proposal"
ANSWER = "definitions.change_proposal"

MOST = 100
"""Answered proposals shown, the latest first."""


class ProposalForm(forms.Form):
    """What should be known of every lead, and what it is good for."""

    field = Words(
        max_length=120,
        error_messages={
            "required": gettext_lazy("Name what should be known, for example “CRM in use”.")
        },
    )
    why = Words(
        max_length=4000,
        error_messages={
            "required": gettext_lazy("Say what you would do with it: a call that you lost.")
        },
    )


class AnswerForm(forms.Form):
    """Adopt or decline, with a word about why."""

    outcome = forms.ChoiceField(
        choices=[
            (Proposal.Outcome.ADOPTED.value, gettext_lazy("Adopt it")),
            (Proposal.Outcome.DECLINED.value, gettext_lazy("Decline it")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose: adopt it or decline it.")},
    )
    word = Words(
        max_length=4000,
        error_messages={"required": gettext_lazy("Say in a word why: they read it.")},
    )


@require_http_methods(["GET", "POST"])
@cache_control(private=True, no_store=True)
@permission_required(READ, raise_exception=True)
def proposals(request: PageRequest, definition: str) -> HttpResponse:
    """Show what was proposed for a definition and what became of it; propose a field."""
    found = _definition(request, definition)
    if request.method == "GET":
        return _show(request, found)
    return _propose(request, found)


@permission_required(PROPOSE, raise_exception=True)
def _propose(request: PageRequest, found: Definition) -> HttpResponse:
    form = ProposalForm(request.POST)
    if not form.is_valid():
        return _show(request, found, status=422, form=form)
    try:
        discussions.propose(found, **form.cleaned_data, by=request.user, at=database_now())
    except discussions.AlreadyProposed:
        if not _is_own(found, form.cleaned_data["field"], request):
            form.add_error(
                "field", _("Somebody proposed this already, and it waits for an answer below.")
            )
            return _show(request, found, status=409, form=form)
    messages.success(request, _("Thank you. RevOps answer here, with a word about why."))
    return redirect(_address(found))


@require_POST
@permission_required((READ, ANSWER), raise_exception=True)
def answer(request: PageRequest, definition: str, public_id: UUID) -> HttpResponse:
    """Adopt or decline a proposed field with a word."""
    found = _definition(request, definition)
    proposal = get_object_or_404(_of(request, found), public_id=public_id)
    form = AnswerForm(request.POST, auto_id=f"id_%s_{proposal.pk}")
    if not form.is_valid():
        return _show(request, found, status=422, answered=proposal, answer_form=form)
    try:
        discussions.answer(proposal, **form.cleaned_data, by=request.user, at=database_now())
    except discussions.ProposalAnswered:
        messages.error(
            request,
            _("Somebody was faster: “%(field)s” is answered, as you see below.")
            % {"field": proposal.field},
        )
    else:
        messages.success(
            request, _("Your answer to “%(field)s” is kept.") % {"field": proposal.field}
        )
    return redirect(_address(found))


def _show(
    request: PageRequest,
    found: Definition,
    *,
    status: int = 200,
    form: ProposalForm | None = None,
    answered: Proposal | None = None,
    answer_form: AnswerForm | None = None,
) -> HttpResponse:
    may_answer = request.user.has_perm(ANSWER)
    waiting = list(_of(request, found).filter(outcome="").order_by("-pk")[:MOST])
    context: dict[str, Any] = {
        "definition": found,
        "waiting": [
            (
                proposal,
                answer_form
                if answered == proposal
                else AnswerForm(auto_id=f"id_%s_{proposal.pk}"),
                answered == proposal,
            )
            for proposal in waiting
        ],
        "answered": _of(request, found).exclude(outcome="").order_by("-answered_at", "-pk")[:MOST],
        "form": form or ProposalForm(),
        "may_propose": request.user.has_perm(PROPOSE),
        "may_answer": may_answer,
    }
    return render(request, "web/definitions/proposals.html", context, status=status)


def _definition(request: PageRequest, key: str) -> Definition:
    return get_object_or_404(access.agreements.definitions_visible_to(request.user), key=key)


def _of(request: PageRequest, found: Definition) -> QuerySet[Proposal]:
    visible = access.agreements.proposals_visible_to(request.user).filter(definition=found)
    return visible.select_related("proposed_by", "answered_by")


def _is_own(found: Definition, named: str, request: PageRequest) -> bool:
    """Say whether the person who asks proposed the field: by a second click, or tab."""
    waiting = found.proposals.filter(field__iexact=named.strip(), outcome="")
    return waiting.filter(proposed_by=request.user).exists()


def _address(found: Definition) -> str:
    return reverse("web:proposals", args=[found.key])
