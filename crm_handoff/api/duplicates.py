"""Suspected duplicates: pairs of leads that look like one person, and why."""

from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django.db.models import Q, QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from crm_handoff.api.answers import Answer, InstantField
from crm_handoff.api.filters import Filters, before, same_text, since
from crm_handoff.api.views import ListView
from crm_handoff.people import access
from leads.models import SuspectedDuplicate


class SuspectAnswer(Answer):
    """One of the two leads."""

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField(source="*")
    email = serializers.CharField()


class DuplicateAnswer(Answer):
    """Two leads that look like one person: a suggestion, on which nothing relies."""

    lead = SuspectAnswer()
    other = SuspectAnswer()
    reason = serializers.CharField()
    found_at = InstantField()


class DuplicateFilters(Filters):
    """Narrow suspected duplicates."""

    lead = django_filters.UUIDFilter(method="naming", label="Either of the two leads")
    reason = same_text("reason")
    found_since = since("found_at")
    found_before = before("found_at")

    class Meta:
        model = SuspectedDuplicate
        fields: ClassVar[list[str]] = []

    def naming(self, pairs: QuerySet[SuspectedDuplicate], name: str, lead: UUID) -> Any:
        """Narrow to the pairs of which a lead is one."""
        return pairs.filter(Q(lead__public_id=lead) | Q(other__public_id=lead))


class DuplicateList(ListView):
    """`/suspected-duplicates/`."""

    required_permissions: ClassVar = {"GET": "leads.view_suspectedduplicate"}
    answer = DuplicateAnswer
    filters = DuplicateFilters
    orderings: ClassVar = {"found_at": "found_at"}
    search_fields = ("reason", "lead__email", "other__email")

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[SuspectedDuplicate]:
        return access.leads.duplicates_visible_to(request.user).select_related("lead", "other")
