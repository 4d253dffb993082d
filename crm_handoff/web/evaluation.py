"""A lead for those who follow leads: where it stands, why, what is missing, what became of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import permission_required
from django.db.models import Model, Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from crm_handoff.people import access
from crm_handoff.web import decisions, differences, outlooks
from crm_handoff.web.explanation import explain
from crm_handoff.web.judging import judge_of
from crm_handoff.web.packets import company_of
from crm_handoff.web.requests import PageRequest
from leads.models import (
    Account,
    Asset,
    AttributeChange,
    Campaign,
    Evaluation,
    Lead,
    Persona,
    Source,
    Touchpoint,
)
from leads.outlook import outlook_of
from routing.enums import ReviewTaskState
from routing.models import Acceptance, Handoff, Rejection, RoutingDecision

SHOWN = 40
"""Rows of each history that are shown at once."""

FARTHEST = 1_000_000
"""Place up to which the touchpoints of a lead can be leafed through."""

JOURNEY = tuple(Asset.JourneyStage)

NAMED: dict[str, type[Model]] = {
    "account": Account,
    "campaign": Campaign,
    "persona": Persona,
    "source": Source,
}
"""Attributes whose history keeps an id, and what that names."""


@dataclass(frozen=True, slots=True)
class Day:
    """What a lead did on one day of the reader's zone, latest first."""

    on: date
    touchpoints: list[Touchpoint]


@dataclass(frozen=True, slots=True)
class Timeline:
    """Touchpoints by day, and from which place on the older ones are; None when there are none."""

    days: list[Day]
    older: int | None


@dataclass(frozen=True, slots=True)
class Change:
    """An attribute that changed, with both values as people write them."""

    row: AttributeChange
    old: str
    new: str


@require_GET
@cache_control(private=True, no_store=True)
@permission_required(("leads.view_lead", "leads.view_evaluation"), raise_exception=True)
def lead(request: PageRequest, public_id: UUID, evaluation_id: int | None = None) -> HttpResponse:
    """Explain a lead's latest evaluation, or the one asked for, beside its whole history."""
    found = _lead(request, public_id)
    evaluations = _evaluations(request, found)
    chosen = _chosen(evaluations, evaluation_id)
    timeline = _timeline(found, start=0)
    context = {
        "lead": found,
        "company": company_of(found),
        "judge": judge_of(found, at=timezone.now()),
        "is_resting": bool(found.cool_off_until and found.cool_off_until > timezone.now()),
        "journey": _journey(found),
        "timeline": timeline,
        "shown_touchpoints": {row.pk for day in timeline.days for row in day.touchpoints},
        "touchpoint_count": Touchpoint.objects.filter(lead=found).count(),
        "changes": _changes(request, found),
        "opportunities": access.leads.opportunities_visible_to(request.user)
        .filter(lead=found)
        .select_related("owner")
        .order_by("-opened_at", "-pk")[:SHOWN],
        "questions": access.leads.questions_visible_to(request.user)
        .filter(lead=found)
        .exclude(state=ReviewTaskState.CANCELLED)
        .select_related("owner", "answered_by", "assertion")
        .order_by("-opened_at", "-pk")[:SHOWN],
        "handoffs": _handoffs(request, found),
        "panels": decisions.panels_of(_decisions(request, found)),
        "transitions": access.leads.transitions_visible_to(request.user)
        .filter(lead=found)
        .select_related("by", "evaluation__version__definition")
        .order_by("-at", "-pk")[:SHOWN],
    }
    return render(request, "web/lead.html", context | _judged(evaluations, chosen))


@require_GET
@cache_control(private=True, no_store=True)
@permission_required(("leads.view_lead", "leads.view_evaluation"), raise_exception=True)
def outlook(request: PageRequest, public_id: UUID) -> HttpResponse:
    """Say what a lead is missing; asked for by its pages once they are there."""
    at = timezone.now()
    found = outlook_of(_lead(request, public_id), at=at)
    context = {
        "outlook": found,
        "heading": outlooks.heading_of(found),
        "ways": outlooks.ways_of(found, at=at),
    }
    return render(request, "web/partials/outlook_found.html", context)


@require_GET
@cache_control(private=True, no_store=True)
@permission_required("leads.view_lead", raise_exception=True)
def touchpoints(request: PageRequest, public_id: UUID, start: int) -> HttpResponse:
    """Show older touchpoints of a lead, from the given place on."""
    if start > FARTHEST:
        raise Http404
    found = _lead(request, public_id)
    context = {"lead": found, "timeline": _timeline(found, start=start)}
    return render(request, "web/partials/lead_days.html", context)


def _lead(request: HttpRequest, public_id: UUID) -> Lead:
    visible = access.leads.visible_to(request.user)
    related = ("account", "source", "campaign", "persona", "version__definition")
    return get_object_or_404(visible.select_related(*related), public_id=public_id)


def _evaluations(request: HttpRequest, found: Lead) -> QuerySet[Evaluation]:
    return (
        access.leads.evaluations_visible_to(request.user)
        .filter(lead=found)
        .select_related("version__definition", "lead")
        .defer("version__content")
        .order_by("-at", "-pk")
    )


def _chosen(evaluations: QuerySet[Evaluation], evaluation_id: int | None) -> Evaluation | None:
    if evaluation_id is not None:
        return get_object_or_404(evaluations, pk=evaluation_id)
    return evaluations.first()


def _judged(evaluations: QuerySet[Evaluation], chosen: Evaluation | None) -> dict[str, Any]:
    """Return the chosen evaluation explained, and against the one before it."""
    if chosen is None:
        return {"explanation": None, "evaluations": []}
    shown = list(evaluations[:SHOWN])
    is_latest = shown[0] == chosen
    before = evaluations.filter(Q(at__lt=chosen.at) | Q(at=chosen.at, pk__lt=chosen.pk)).first()
    return {
        "explanation": explain(chosen, at=timezone.now() if is_latest else None),
        "is_latest": is_latest,
        "evaluations": shown,
        "before": before,
        "differences": differences.between(before, chosen) if before else [],
    }


def _journey(found: Lead) -> str:
    """Return how far the assets that a lead touched take it, "" when none says."""
    reached = set(
        Touchpoint.objects.filter(lead=found, is_bot=False, asset__isnull=False)
        .values_list("asset__journey_stage", flat=True)
        .distinct()
    )
    return next((str(stage.label) for stage in reversed(JOURNEY) if stage in reached), "")


def _timeline(found: Lead, *, start: int) -> Timeline:
    rows = list(
        Touchpoint.objects.filter(lead=found)
        .select_related("kind", "asset", "campaign")
        .order_by("-occurred_at", "-pk")[start : start + SHOWN + 1]
    )
    days = groupby(rows[:SHOWN], key=lambda row: timezone.localtime(row.occurred_at).date())
    return Timeline(
        days=[Day(on, list(group)) for on, group in days],
        older=start + SHOWN if len(rows) > SHOWN else None,
    )


def _handoffs(request: HttpRequest, found: Lead) -> QuerySet[Handoff]:
    """Return the handoffs with what sales said of them, what was taken back left out."""
    rejections = Rejection.objects.filter(reversal=None).select_related("reason", "by")
    acceptances = Acceptance.objects.filter(reversal=None).select_related("by")
    return (
        access.handoffs.visible_to(request.user)
        .filter(lead=found)
        .select_related("rep__user", "queue")
        .prefetch_related(Prefetch("rejections", rejections), Prefetch("acceptances", acceptances))
        .order_by("-opened_at", "-pk")
    )


def _decisions(request: HttpRequest, found: Lead) -> QuerySet[RoutingDecision]:
    visible = access.handoffs.decisions_visible_to(request.user).filter(handoff__lead=found)
    return decisions.with_names(visible)[:SHOWN]


def _changes(request: HttpRequest, found: Lead) -> list[Change]:
    """Return how the lead's attributes changed, latest first; names in place of ids."""
    rows = list(
        access.leads.changes_visible_to(request.user)
        .filter(lead=found)
        .order_by("-effective_at", "-pk")[:SHOWN]
    )
    names = {field: _names(field, rows) for field in NAMED}
    return [Change(row, _said(row, row.old, names), _said(row, row.new, names)) for row in rows]


def _names(field: str, rows: Sequence[AttributeChange]) -> dict[Any, str]:
    ids = {value for row in rows if row.field == field for value in (row.old, row.new) if value}
    if not ids:
        return {}
    return {pk: str(row) for pk, row in NAMED[field]._default_manager.in_bulk(ids).items()}


def _said(row: AttributeChange, value: Any, names: dict[str, dict[Any, str]]) -> str:
    if value in (None, "", []):
        return ""
    if row.field in names:
        return names[row.field].get(value, "")
    return (
        ", ".join(map(str, value))
        if isinstance(value, Iterable) and not isinstance(value, str)
        else str(value)
    )
