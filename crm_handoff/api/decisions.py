"""Routing decisions: why each handoff went where it went."""

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from crm_handoff.api import answers
from crm_handoff.api.answers import Answer
from crm_handoff.api.filters import (
    Filters,
    NumberFilter,
    before,
    id_of,
    key_of,
    same_text,
    since,
)
from crm_handoff.api.handoffs import DecisionAnswer
from crm_handoff.api.reps import RepName
from crm_handoff.api.views import ListView
from crm_handoff.people import access
from routing.enums import RuleKind
from routing.models import RoutingDecision


class OutcomeAnswer(Answer):
    """A rule that was tried, in order."""

    rule = serializers.CharField()
    name = serializers.CharField(allow_null=True)
    matched = serializers.BooleanField()
    why = serializers.CharField()


class RoutingDecisionAnswer(DecisionAnswer):
    """Why a handoff went where it went: `by` is the person who assigned it, null by the rules.

    `plan` is the number of the published rules, null for those that ship.
    """

    handoff = serializers.UUIDField(source="handoff.public_id")
    lead = serializers.UUIDField(source="handoff.lead.public_id")
    plan = serializers.IntegerField(source="plan.number", allow_null=True)
    territory = answers.key("territory")
    rep = RepName(allow_null=True)  # type: ignore[assignment]
    outcomes = OutcomeAnswer(many=True)
    by = serializers.EmailField(source="by.email", allow_null=True)


class DecisionFilters(Filters):
    """Narrow routing decisions; `rule` may be given more than once."""

    handoff = id_of("handoff")
    lead = id_of("handoff__lead")
    rule = django_filters.MultipleChoiceFilter(choices=RuleKind.choices)
    rep = id_of("rep")
    queue = key_of("queue")
    territory = key_of("territory")
    plan = NumberFilter(field_name="plan__number")
    by = same_text("by__email")
    since = since("at")
    before = before("at")

    class Meta:
        model = RoutingDecision
        fields: ClassVar[list[str]] = []


class DecisionList(ListView):
    """`/routing-decisions/`."""

    required_permissions: ClassVar = {"GET": "routing.view_routingdecision"}
    answer = RoutingDecisionAnswer
    filters = DecisionFilters
    search_fields = ("why",)

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[RoutingDecision]:
        return access.handoffs.decisions_visible_to(request.user).select_related(
            "handoff__lead", "rep__user", "queue", "by", "plan", "territory"
        )
