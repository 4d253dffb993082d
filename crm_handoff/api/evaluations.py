"""Evaluations: why a lead is, or is not, qualified."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from rest_framework.request import Request
from rest_framework.response import Response

from crm_handoff.api.fields import amount, instant
from crm_handoff.api.filters import EvaluationFilters
from crm_handoff.api.leads import version_of
from crm_handoff.api.views import ListView, PermittedView
from crm_handoff.people import access
from definitions import queries
from definitions.vocabulary import FACTS
from leads.models import Evaluation

LATEST = "latest"


class EvaluationList(ListView):
    """`/leads/{id}/evaluations/`."""

    required_permissions: ClassVar = {"GET": "leads.view_evaluation"}
    filters = EvaluationFilters

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[Evaluation]:
        return _of_lead(request, kwargs["lead"]).defer("results", "score", "version__content")

    def represent(self, row: Evaluation) -> dict[str, Any]:
        return summary_of(row)


class EvaluationDetail(PermittedView):
    """`/leads/{id}/evaluations/{instant or latest}/`."""

    required_permissions: ClassVar = {"GET": "leads.view_evaluation"}

    def get(self, request: Request, lead: UUID, at: str) -> Response:
        """Read an evaluation: every criterion with the value seen and the value wanted."""
        evaluations = _of_lead(request, lead).order_by("-pk")
        if at != LATEST:
            evaluations = evaluations.filter(at=_instant_in(at))
        evaluation = evaluations.first()
        if evaluation is None:
            raise Http404
        return Response(evaluation_of(evaluation))


def summary_of(evaluation: Evaluation) -> dict[str, Any]:
    """Write an evaluation without its reasons; reads lead, version and definition."""
    at = instant(evaluation.at)
    return {
        "lead": evaluation.lead.public_id,
        "at": at,
        "url": reverse("api:evaluation", args=[evaluation.lead.public_id, at]),
        "tipped_at": instant(evaluation.tipped_at),
        "version": version_of(evaluation.version),
        "stage": evaluation.stage,
        "path": evaluation.path,
        "levels": {
            "fit": evaluation.fit,
            "engagement": evaluation.engagement,
            "intent": evaluation.intent,
            "authority": evaluation.authority,
            "product": evaluation.product,
        },
        "points": amount(evaluation.points),
    }


def evaluation_of(evaluation: Evaluation) -> dict[str, Any]:
    """Write an evaluation with its reasons, in the words of its version."""
    agreement = queries.agreement_of(evaluation.version)
    seen = {result["key"]: result for result in evaluation.results}
    rules = {rule.key: rule for rule in agreement.score_rules}
    return {
        **summary_of(evaluation),
        "process": agreement.process,
        "criteria": [
            {
                "key": criterion.key,
                "label": criterion.label,
                "dimension": criterion.dimension or None,
                "level": criterion.level or None,
                "fact": criterion.ref.fact,
                "parameters": dict(criterion.ref.parameters),
                "unit": FACTS[criterion.ref.fact].unit,
                "operator": criterion.operator,
                "wanted": criterion.wanted,
                "seen": seen[criterion.key]["seen"],
                "met": seen[criterion.key]["met"],
            }
            for criterion in agreement.criteria
        ],
        "score": [
            {
                "key": given["key"],
                "label": rules[given["key"]].label,
                "points": given["points"],
            }
            for given in evaluation.score
        ],
    }


def _of_lead(request: Request, public_id: UUID) -> QuerySet[Evaluation]:
    lead = get_object_or_404(access.leads_visible_to(request.user), public_id=public_id)
    return (
        access.evaluations_visible_to(request.user)
        .filter(lead=lead)
        .select_related("lead", "version__definition")
    )


def _instant_in(written: str) -> datetime:
    try:
        at = parse_datetime(written)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Http404
    return at
