"""The latest answer to every invariant."""

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext
from rest_framework import serializers
from rest_framework.request import Request

from crm_handoff.api.answers import Answer, InstantField
from crm_handoff.api.filters import Filters, TruthFilter, at_least, at_most, before, since
from crm_handoff.api.views import ListView
from crm_handoff.checkups import Checkup
from crm_handoff.invariants import BY_NAME
from crm_handoff.people import access


class CheckupAnswer(Answer):
    """What must never be true: when it was asked last, and, when it is so, since when and where.

    `rows` are some of those that violate it.
    """

    name = serializers.SlugField()
    says = serializers.SerializerMethodField()
    todo = serializers.SerializerMethodField()
    checked_at = InstantField()
    violated_count = serializers.IntegerField()
    violated_since = InstantField(allow_null=True)
    told_at = InstantField(allow_null=True)
    rows = serializers.ListField(child=serializers.DictField())

    def get_says(self, checkup: Checkup) -> str:
        return gettext(BY_NAME[checkup.name].says)

    def get_todo(self, checkup: Checkup) -> str:
        return gettext(BY_NAME[checkup.name].todo)


class CheckupFilters(Filters):
    """Narrow the answers."""

    name = django_filters.CharFilter()
    is_violated = TruthFilter(
        field_name="violated_since", lookup_expr="isnull", exclude=True, label="Does not hold"
    )
    violated_count_min = at_least("violated_count")
    violated_count_max = at_most("violated_count")
    checked_since = since("checked_at")
    checked_before = before("checked_at")
    violated_since = since("violated_since")
    violated_before = before("violated_since")
    told_since = since("told_at")
    told_before = before("told_at")

    class Meta:
        model = Checkup
        fields: ClassVar[list[str]] = []


class CheckupList(ListView):
    """`/checkups/`."""

    required_permissions: ClassVar = {"GET": "crm_handoff.view_checkup"}
    answer = CheckupAnswer
    filters = CheckupFilters
    orderings: ClassVar = {"checked_at": "checked_at"}

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[Checkup]:
        return access.operations.checkups_visible_to(request.user).filter(name__in=list(BY_NAME))
