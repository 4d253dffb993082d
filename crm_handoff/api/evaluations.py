"""Evaluations: why a lead is, or is not, qualified."""

from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from crm_handoff.api.answers import Answer, InstantField, VersionAnswer
from crm_handoff.api.fields import instant
from crm_handoff.api.filters import Filters, at_least, at_most, before, since
from crm_handoff.api.views import DetailView, ListView
from crm_handoff.people import access
from definitions import queries
from definitions.vocabulary import FACTS
from leads.models import Evaluation

LATEST = "latest"


class LevelsAnswer(Answer):
    """How far a lead has come in each dimension."""

    fit = serializers.CharField()
    engagement = serializers.CharField()
    intent = serializers.CharField()
    authority = serializers.CharField()
    product = serializers.CharField()


class EvaluationAnswer(Answer):
    """An evaluation without its reasons; reads lead, version and definition."""

    lead = serializers.UUIDField(source="lead.public_id")
    at = InstantField()
    url = serializers.SerializerMethodField()
    tipped_at = InstantField()
    version = VersionAnswer()
    stage = serializers.CharField()
    path = serializers.CharField()
    levels = LevelsAnswer(source="*")
    points = serializers.DecimalField(max_digits=8, decimal_places=2)

    def get_url(self, evaluation: Evaluation) -> str:
        return reverse("api:evaluation", args=[evaluation.lead.public_id, instant(evaluation.at)])


class CriterionAnswer(Answer):
    """A criterion with the value seen and the value wanted, each of any form."""

    key = serializers.CharField()
    # A field of that name is a field: the metaclass takes it out of the attributes.
    label = serializers.CharField()  # type: ignore[assignment]
    dimension = serializers.CharField(allow_null=True)
    level = serializers.CharField(allow_null=True)
    fact = serializers.CharField()
    parameters = serializers.DictField()
    unit = serializers.CharField()
    operator = serializers.CharField()
    wanted = serializers.JSONField()
    seen = serializers.JSONField()
    met = serializers.BooleanField()


class PointsAnswer(Answer):
    """The points that one rule gave."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    points = serializers.JSONField()


class ReasonedEvaluationAnswer(EvaluationAnswer):
    """An evaluation with its reasons, in the words of its version."""

    process = serializers.SerializerMethodField()
    criteria = serializers.SerializerMethodField()
    score = serializers.SerializerMethodField()

    def get_process(self, evaluation: Evaluation) -> str:
        return queries.agreement_of(evaluation.version).process

    @extend_schema_field(CriterionAnswer(many=True))
    def get_criteria(self, evaluation: Evaluation) -> list[dict[str, Any]]:
        seen = {result["key"]: result for result in evaluation.results}
        return [
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
            for criterion in queries.agreement_of(evaluation.version).criteria
        ]

    @extend_schema_field(PointsAnswer(many=True))
    def get_score(self, evaluation: Evaluation) -> list[dict[str, Any]]:
        rules = {rule.key: rule for rule in queries.agreement_of(evaluation.version).score_rules}
        return [
            {
                "key": given["key"],
                "label": rules[given["key"]].label,
                "points": given["points"],
            }
            for given in evaluation.score
        ]


class EvaluationFilters(Filters):
    """Narrow the evaluations of a lead."""

    stage = django_filters.CharFilter()
    path = django_filters.CharFilter()
    definition = django_filters.CharFilter(field_name="version__definition__key")
    points_min = at_least("points")
    points_max = at_most("points")
    tipped_since = since("tipped_at")
    tipped_before = before("tipped_at")
    since = since("at")
    before = before("at")

    class Meta:
        model = Evaluation
        fields: ClassVar[list[str]] = []


class EvaluationList(ListView):
    """`/leads/{id}/evaluations/`."""

    required_permissions: ClassVar = {"GET": "leads.view_evaluation"}
    answer = EvaluationAnswer
    filters = EvaluationFilters
    orderings: ClassVar = {"at": "at", "points": "points"}

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[Evaluation]:
        return _of_lead(request, kwargs["lead"]).defer("results", "score", "version__content")


class EvaluationDetail(DetailView):
    """`/leads/{id}/evaluations/{instant or latest}/`: why, criterion by criterion."""

    required_permissions: ClassVar = {"GET": "leads.view_evaluation"}
    answer = ReasonedEvaluationAnswer

    def row(self, request: Request, **kwargs: Any) -> Evaluation:
        evaluations = _of_lead(request, kwargs["lead"]).order_by("-pk")
        if kwargs["at"] != LATEST:
            evaluations = evaluations.filter(at=_instant_in(kwargs["at"]))
        evaluation = evaluations.first()
        if evaluation is None:
            raise Http404
        return evaluation


def _of_lead(request: Request, public_id: UUID) -> QuerySet[Evaluation]:
    lead = get_object_or_404(access.leads.visible_to(request.user), public_id=public_id)
    return (
        access.leads.evaluations_visible_to(request.user)
        .filter(lead=lead)
        .select_related("lead", "version__definition")
    )


def _instant_in(written: str) -> datetime:
    try:
        at = parse_datetime(written)
        if at is None or at.tzinfo is None:
            raise Http404
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Http404 from None
