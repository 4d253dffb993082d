"""The words to choose from: reasons of a rejection and kinds of touchpoint."""

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from crm_handoff.api.answers import Answer, InstantField
from crm_handoff.api.edits import EditBody
from crm_handoff.api.filters import Filters, NumberFilter, TruthFilter, same_text, since
from crm_handoff.api.items import EditableItemView
from crm_handoff.api.views import ListView
from crm_handoff.people import access
from definitions.enums import choices
from definitions.models import TouchpointKind
from definitions.vocabulary import Category, IntentLevel
from routing.enums import ReasonCategory
from routing.models import RejectionReason

MOST_POSITION = 32_767


class ReasonAnswer(Answer):
    """A reason of a rejection.

    It takes `min_attempts` that reached nobody, on `min_attempt_days` different days.
    """

    key = serializers.SlugField()
    name = serializers.CharField()
    category = serializers.ChoiceField(choices=ReasonCategory.choices)
    cool_off_days = serializers.IntegerField(source="cool_off.days", allow_null=True)
    min_attempts = serializers.IntegerField()
    min_attempt_days = serializers.IntegerField()
    position = serializers.IntegerField()


class KindAnswer(Answer):
    """A kind of touchpoint."""

    key = serializers.SlugField()
    name = serializers.CharField()
    category = serializers.ChoiceField(choices=choices(Category))
    intent_level = serializers.ChoiceField(choices=choices(IntentLevel))
    is_direct_intent = serializers.BooleanField()
    is_product_use = serializers.BooleanField()


class ReasonFilters(Filters):
    """Narrow the reasons of a rejection; `category` may be given more than once."""

    key = django_filters.CharFilter()
    name = same_text("name")
    category = django_filters.MultipleChoiceFilter(choices=ReasonCategory.choices)
    min_attempts = NumberFilter()
    min_attempt_days = NumberFilter()
    position = NumberFilter()
    updated_since = since("updated_at")

    class Meta:
        model = RejectionReason
        fields: ClassVar[list[str]] = []


class KindFilters(Filters):
    """Narrow the kinds of touchpoint; `category` and `intent_level` more than once."""

    key = django_filters.CharFilter()
    name = same_text("name")
    category = django_filters.MultipleChoiceFilter(choices=choices(Category))
    intent_level = django_filters.MultipleChoiceFilter(choices=choices(IntentLevel))
    is_direct_intent = TruthFilter()
    is_product_use = TruthFilter()
    updated_since = since("updated_at")

    class Meta:
        model = TouchpointKind
        fields: ClassVar[list[str]] = []


class ReasonList(ListView):
    """`/rejection-reasons/`."""

    required_permissions: ClassVar = {"GET": "routing.view_rejectionreason"}
    answer = ReasonAnswer
    filters = ReasonFilters
    orderings: ClassVar = {"key": "key", "name": "name", "position": "position"}
    search_fields = ("key", "name")

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[RejectionReason]:
        return RejectionReason.objects.filter(is_active=True)


class ReasonDetailAnswer(ReasonAnswer):
    """A reason of a rejection, perhaps retired: kept in history, hidden from forms."""

    ends_early_on_intent = serializers.BooleanField()
    is_active = serializers.BooleanField()
    updated_at = InstantField()


class ReasonPatch(EditBody):
    """What may change about a reason: what becomes of a rejected lead is RevOps' to say."""

    name = serializers.CharField(max_length=120)
    position = serializers.IntegerField(min_value=0, max_value=MOST_POSITION)
    is_active = serializers.BooleanField()

    server_owned: ClassVar[frozenset[str]] = frozenset(
        {
            "key",
            "category",
            "cool_off_days",
            "ends_early_on_intent",
            "min_attempts",
            "min_attempt_days",
            "updated_at",
        }
    )


class ReasonDetail(EditableItemView):
    """`/rejection-reasons/{key}/`, retired ones too."""

    required_permissions: ClassVar = {
        "GET": "routing.view_rejectionreason",
        "PATCH": "routing.change_rejectionreason",
    }
    answer = ReasonDetailAnswer
    body = ReasonPatch
    found_by: ClassVar = {"reason": "key"}

    def rows(self, request: Request) -> QuerySet[RejectionReason]:
        return access.routing.reasons_visible_to(request.user)


class KindList(ListView):
    """`/touchpoint-kinds/`."""

    required_permissions: ClassVar = {"GET": "definitions.view_touchpointkind"}
    answer = KindAnswer
    filters = KindFilters
    orderings: ClassVar = {"key": "key", "name": "name"}
    search_fields = ("key", "name")

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[TouchpointKind]:
        return TouchpointKind.objects.all()
