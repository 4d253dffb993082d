"""A lead for those who follow leads: stages with their causes, evaluations, why qualified."""

from uuid import UUID

from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from crm_handoff.people.access import (
    evaluations_visible_to,
    handoffs_visible_to,
    leads_visible_to,
    transitions_visible_to,
)
from crm_handoff.people.roles import SEE_EVERYONES_LEADS
from crm_handoff.web.explanation import explain
from crm_handoff.web.packets import company_of
from crm_handoff.web.queue import words_of
from crm_handoff.web.requests import PageRequest
from leads.enums import Stage
from leads.models import Evaluation, Lead, Touchpoint

PAGE = 50
SHOWN = 100


@require_GET
@cache_control(private=True, no_store=True)
@permission_required(("leads.view_lead", SEE_EVERYONES_LEADS), raise_exception=True)
def leads(request: PageRequest) -> HttpResponse:
    """List leads by latest change, searched by `q` and narrowed by `stage`."""
    found = leads_visible_to(request.user).select_related("account", "source")
    stage = request.GET.get("stage", "")
    if stage in Stage.values:
        found = found.filter(stage=stage)
    found = _searched(found, words_of(request.GET))
    page = Paginator(found.order_by("-updated_at", "-pk"), PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "stages": Stage.choices,
        "stage": stage,
        "search": request.GET.get("q", ""),
    }
    template = "web/partials/leads.html" if request.htmx else "web/leads.html"
    return render(request, template, context)


def _searched(found: QuerySet[Lead], words: list[str]) -> QuerySet[Lead]:
    for word in words:
        found = found.filter(
            Q(first_name__icontains=word)
            | Q(last_name__icontains=word)
            | Q(email__icontains=word)
            | Q(account__name__icontains=word)
        )
    return found


@require_GET
@permission_required(("leads.view_lead", "leads.view_evaluation"), raise_exception=True)
def lead(request: PageRequest, public_id: UUID, evaluation_id: int | None = None) -> HttpResponse:
    """Explain a lead's latest evaluation, or the one asked for, beside its whole history."""
    visible = leads_visible_to(request.user).select_related("account", "source", "campaign")
    found = get_object_or_404(visible, public_id=public_id)
    evaluations = (
        evaluations_visible_to(request.user)
        .filter(lead=found)
        .select_related("version__definition")
        .order_by("-at", "-pk")
    )
    chosen = _chosen(evaluations, evaluation_id)
    context = {
        "lead": found,
        "company": company_of(found),
        "evaluations": evaluations[:SHOWN],
        "explanation": explain(chosen) if chosen else None,
        "transitions": transitions_visible_to(request.user)
        .filter(lead=found)
        .select_related("by")
        .order_by("-at", "-pk")[:SHOWN],
        "handoffs": handoffs_visible_to(request.user)
        .filter(lead=found)
        .select_related("rep__user", "queue")
        .order_by("-opened_at", "-pk"),
        "touchpoints": Touchpoint.objects.filter(lead=found)
        .select_related("kind", "asset", "campaign")
        .order_by("-occurred_at", "-pk")[:SHOWN],
    }
    return render(request, "web/lead.html", context)


def _chosen(evaluations: QuerySet[Evaluation], evaluation_id: int | None) -> Evaluation | None:
    if evaluation_id is not None:
        return get_object_or_404(evaluations, pk=evaluation_id)
    return evaluations.first()
