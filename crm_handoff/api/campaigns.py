"""Campaigns with what was spent on them, and the sources that leads come from."""

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from crm_handoff.api import answers
from crm_handoff.api.answers import Answer, InstantField
from crm_handoff.api.edits import EditBody
from crm_handoff.api.fields import money
from crm_handoff.api.filters import Filters, at_least, at_most, before, key_of, same_text, since
from crm_handoff.api.items import EditableItemView, EditableListView
from crm_handoff.api.spellings import CurrencyField
from crm_handoff.people import access
from leads.models import Campaign, Source


class CampaignAnswer(Answer):
    """A campaign."""

    key = serializers.SlugField()
    name = serializers.CharField()
    source = answers.key("source")  # type: ignore[assignment]
    starts_on = serializers.DateField(allow_null=True)
    ends_on = serializers.DateField(allow_null=True)
    cost = answers.amount()
    currency = serializers.CharField()
    updated_at = InstantField()


class CampaignPatch(EditBody):
    """What may change about a campaign."""

    name = serializers.CharField(max_length=200)
    source = serializers.SlugRelatedField(  # type: ignore[assignment]
        slug_field="key", queryset=Source.objects.all(), required=False, allow_null=True
    )
    starts_on = serializers.DateField(required=False, allow_null=True)
    ends_on = serializers.DateField(required=False, allow_null=True)
    cost = money()
    currency = CurrencyField(required=False, allow_blank=True)

    server_owned: ClassVar[frozenset[str]] = frozenset({"key", "updated_at"})


class CampaignBody(CampaignPatch):
    """A new campaign."""

    key = serializers.SlugField(max_length=64)

    server_owned: ClassVar[frozenset[str]] = frozenset({"updated_at"})


class CampaignFilters(Filters):
    """Narrow campaigns."""

    key = django_filters.CharFilter()
    name = same_text("name")
    source = key_of("source")
    starts_on_or_after = django_filters.DateFilter(field_name="starts_on", lookup_expr="gte")
    starts_before = django_filters.DateFilter(field_name="starts_on", lookup_expr="lt")
    ends_on_or_after = django_filters.DateFilter(field_name="ends_on", lookup_expr="gte")
    ends_before = django_filters.DateFilter(field_name="ends_on", lookup_expr="lt")
    cost_min = at_least("cost")
    cost_max = at_most("cost")
    currency = same_text("currency")
    updated_since = since("updated_at")
    updated_before = before("updated_at")

    class Meta:
        model = Campaign
        fields: ClassVar[list[str]] = []


class CampaignList(EditableListView):
    """`/campaigns/`."""

    required_permissions: ClassVar = {"GET": "leads.view_campaign", "POST": "leads.add_campaign"}
    answer = CampaignAnswer
    body = CampaignBody
    item = "campaign"
    filters = CampaignFilters
    orderings: ClassVar = {"key": "key", "name": "name", "updated_at": "updated_at"}
    search_fields = ("key", "name")

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[Campaign]:
        return access.marketing.campaigns_visible_to(request.user).select_related("source")

    def new(self, request: Request, said: dict[str, Any], **kwargs: Any) -> Campaign:
        return Campaign(**said)


class CampaignDetail(EditableItemView):
    """`/campaigns/{key}/`."""

    required_permissions: ClassVar = {
        "GET": "leads.view_campaign",
        "PATCH": "leads.change_campaign",
    }
    answer = CampaignAnswer
    body = CampaignPatch
    found_by: ClassVar = {"campaign": "key"}

    def rows(self, request: Request) -> QuerySet[Campaign]:
        return access.marketing.campaigns_visible_to(request.user).select_related("source")


class SourceAnswer(Answer):
    """A source."""

    key = serializers.SlugField()
    name = serializers.CharField()
    updated_at = InstantField()


class SourcePatch(EditBody):
    """What may change about a source."""

    name = serializers.CharField(max_length=120)

    server_owned: ClassVar[frozenset[str]] = frozenset({"key", "updated_at"})


class SourceBody(SourcePatch):
    """A new source."""

    key = serializers.SlugField(max_length=64)

    server_owned: ClassVar[frozenset[str]] = frozenset({"updated_at"})


class SourceFilters(Filters):
    """Narrow sources."""

    key = django_filters.CharFilter()
    name = same_text("name")
    updated_since = since("updated_at")
    updated_before = before("updated_at")

    class Meta:
        model = Source
        fields: ClassVar[list[str]] = []


class SourceList(EditableListView):
    """`/sources/`."""

    required_permissions: ClassVar = {"GET": "leads.view_source", "POST": "leads.add_source"}
    answer = SourceAnswer
    body = SourceBody
    item = "source"
    filters = SourceFilters
    orderings: ClassVar = {"key": "key", "name": "name", "updated_at": "updated_at"}
    search_fields = ("key", "name")

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[Source]:
        return access.marketing.sources_visible_to(request.user)

    def new(self, request: Request, said: dict[str, Any], **kwargs: Any) -> Source:
        return Source(**said)


class SourceDetail(EditableItemView):
    """`/sources/{source_key}/`."""

    required_permissions: ClassVar = {"GET": "leads.view_source", "PATCH": "leads.change_source"}
    answer = SourceAnswer
    body = SourcePatch
    found_by: ClassVar = {"source_key": "key"}

    def rows(self, request: Request) -> QuerySet[Source]:
        return access.marketing.sources_visible_to(request.user)
