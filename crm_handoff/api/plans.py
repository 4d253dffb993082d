"""Routing rules: the editions that were drawn up, with what is in force."""

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request

from crm_handoff.api import answers
from crm_handoff.api.answers import Answer, InstantField
from crm_handoff.api.filters import Filters, NumberFilter, before, same_text, since
from crm_handoff.api.reps import RepName
from crm_handoff.api.views import DetailView, ListView
from crm_handoff.people import access
from routing import plans
from routing.enums import PlanState, RuleKind
from routing.models import RoutingPlan


class ConditionAnswer(Answer):
    """A fact of the lead, or of its verdict, compared with what is wanted."""

    fact = serializers.CharField()
    parameters = serializers.DictField()
    operator = serializers.CharField()
    wanted = serializers.JSONField(allow_null=True)


class RuleAnswer(Answer):
    """A rule, asked by `position`; it applies when all of its conditions hold.

    `territory` null: the first that covers the lead. `queue` null: the one marked as fallback.
    `least_amount` is in the organization's currency.
    """

    position = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(
        choices=[(one, RuleKind(one).label) for one in RuleKind.PLANNED]
    )
    territory = answers.key("territory")
    rep = RepName(allow_null=True)
    queue = answers.key("queue")
    least_amount = serializers.DecimalField(max_digits=14, decimal_places=2, allow_null=True)
    conditions = ConditionAnswer(many=True)


class PlanAnswer(Answer):
    """An edition of the routing rules; as long as none is published, those that ship apply."""

    number = serializers.IntegerField()
    state = serializers.ChoiceField(choices=PlanState.choices)
    note = serializers.CharField()
    made_by = serializers.EmailField(source="made_by.email", allow_null=True)
    made_at = InstantField()
    published_by = serializers.EmailField(source="published_by.email", allow_null=True)
    published_at = InstantField(allow_null=True)
    retired_at = InstantField(allow_null=True)
    rules = RuleAnswer(many=True)
    updated_at = InstantField()


class PlanFilters(Filters):
    """Narrow editions; `state` may be given more than once."""

    number = NumberFilter()
    state = django_filters.MultipleChoiceFilter(choices=PlanState.choices)
    made_by = same_text("made_by__email")
    made_since = since("made_at")
    made_before = before("made_at")
    published_by = same_text("published_by__email")
    published_since = since("published_at")
    published_before = before("published_at")
    retired_since = since("retired_at")
    retired_before = before("retired_at")
    updated_since = since("updated_at")
    updated_before = before("updated_at")

    class Meta:
        model = RoutingPlan
        fields: ClassVar[list[str]] = []


class PlanList(ListView):
    """`/routing-plans/`."""

    required_permissions: ClassVar = {"GET": "routing.view_routingplan"}
    answer = PlanAnswer
    filters = PlanFilters
    orderings: ClassVar = {"number": "number", "updated_at": "updated_at"}
    search_fields = ("note",)

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[RoutingPlan]:
        return _readable(request)


class PlanDetail(DetailView):
    """`/routing-plans/{plan}/`."""

    required_permissions: ClassVar = {"GET": "routing.view_routingplan"}
    answer = PlanAnswer

    def row(self, request: Request, **kwargs: Any) -> RoutingPlan:
        return get_object_or_404(_readable(request), number=kwargs["plan"])


def _readable(request: Request) -> QuerySet[RoutingPlan]:
    visible = access.routing.plans_visible_to(request.user)
    return plans.with_rules(visible.select_related("made_by", "published_by"))
