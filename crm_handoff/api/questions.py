"""Questions about leads that only a person can answer: who is asked, and what was answered."""

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from crm_handoff.api.answers import Answer, InstantField, VersionAnswer
from crm_handoff.api.filters import Filters, TruthFilter, before, id_of, key_of, since
from crm_handoff.api.views import ListView
from crm_handoff.people import access
from definitions.enums import Side
from routing.enums import ReviewTaskState
from routing.models import ReviewTask


class QuestionAnswer(Answer):
    """A question that a lead waits or waited for; `answer` and what follows once it was given."""

    id = serializers.UUIDField(source="public_id")
    lead = serializers.UUIDField(source="lead.public_id")
    version = VersionAnswer()
    key = serializers.CharField()
    question = serializers.CharField()
    side = serializers.ChoiceField(choices=Side.choices)
    owner = serializers.EmailField(source="owner.email")
    state = serializers.ChoiceField(choices=ReviewTaskState.choices)
    opened_at = InstantField()
    closed_at = InstantField(allow_null=True)
    answered_by = serializers.EmailField(source="answered_by.email", allow_null=True)
    answer = serializers.BooleanField(source="assertion.value", allow_null=True)
    evidence = serializers.CharField(source="assertion.evidence", allow_null=True)
    expires_at = InstantField(source="assertion.expires_at", allow_null=True)
    updated_at = InstantField()


class QuestionFilters(Filters):
    """Narrow questions; `state` may be given more than once."""

    id = django_filters.UUIDFilter(field_name="public_id")
    lead = id_of("lead")
    definition = key_of("version__definition")
    key = django_filters.CharFilter()
    side = django_filters.MultipleChoiceFilter(choices=Side.choices)
    answer = TruthFilter(field_name="assertion__value")
    owner = django_filters.CharFilter(field_name="owner__email", lookup_expr="iexact")
    answered_by = django_filters.CharFilter(field_name="answered_by__email", lookup_expr="iexact")
    state = django_filters.MultipleChoiceFilter(choices=ReviewTaskState.choices)
    expires_since = since("assertion__expires_at")
    expires_before = before("assertion__expires_at")
    opened_since = since("opened_at")
    opened_before = before("opened_at")
    closed_since = since("closed_at")
    closed_before = before("closed_at")
    updated_since = since("updated_at")
    updated_before = before("updated_at")

    class Meta:
        model = ReviewTask
        fields: ClassVar[list[str]] = []


class QuestionList(ListView):
    """`/questions/`."""

    required_permissions: ClassVar = {"GET": "routing.view_reviewtask"}
    answer = QuestionAnswer
    filters = QuestionFilters
    orderings: ClassVar = {"opened_at": "opened_at", "updated_at": "updated_at"}

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[ReviewTask]:
        return access.leads.questions_visible_to(request.user).select_related(
            "lead", "version__definition", "owner", "answered_by", "assertion"
        )
