"""Assets that leads read, watch or attend, and the personas that they are made for."""

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from crm_handoff.api import answers
from crm_handoff.api.answers import Answer, InstantField
from crm_handoff.api.edits import EditBody
from crm_handoff.api.filters import Filters, before, key_of, same_text, since
from crm_handoff.api.items import EditableItemView, EditableListView
from crm_handoff.people import access
from leads.models import Asset, Campaign, Persona

MOST_TEXT = 10_000


class PersonaAnswer(Answer):
    """A persona."""

    key = serializers.SlugField()
    name = serializers.CharField()
    goals = serializers.CharField()
    pains = serializers.CharField()
    updated_at = InstantField()


class PersonaPatch(EditBody):
    """What may change about a persona."""

    name = serializers.CharField(max_length=120)
    goals = serializers.CharField(required=False, allow_blank=True, max_length=MOST_TEXT)
    pains = serializers.CharField(required=False, allow_blank=True, max_length=MOST_TEXT)

    server_owned: ClassVar[frozenset[str]] = frozenset({"key", "updated_at"})


class PersonaBody(PersonaPatch):
    """A new persona."""

    key = serializers.SlugField(max_length=64)

    server_owned: ClassVar[frozenset[str]] = frozenset({"updated_at"})


class PersonaFilters(Filters):
    """Narrow personas."""

    key = django_filters.CharFilter()
    name = same_text("name")
    updated_since = since("updated_at")
    updated_before = before("updated_at")

    class Meta:
        model = Persona
        fields: ClassVar[list[str]] = []


class PersonaList(EditableListView):
    """`/personas/`."""

    required_permissions: ClassVar = {"GET": "leads.view_persona", "POST": "leads.add_persona"}
    answer = PersonaAnswer
    body = PersonaBody
    item = "persona"
    filters = PersonaFilters
    orderings: ClassVar = {"key": "key", "name": "name", "updated_at": "updated_at"}
    search_fields = ("key", "name", "goals", "pains")

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[Persona]:
        return access.marketing.personas_visible_to(request.user)

    def new(self, request: Request, said: dict[str, Any], **kwargs: Any) -> Persona:
        return Persona(**said)


class PersonaDetail(EditableItemView):
    """`/personas/{key}/`."""

    required_permissions: ClassVar = {
        "GET": "leads.view_persona",
        "PATCH": "leads.change_persona",
    }
    answer = PersonaAnswer
    body = PersonaPatch
    found_by: ClassVar = {"persona": "key"}

    def rows(self, request: Request) -> QuerySet[Persona]:
        return access.marketing.personas_visible_to(request.user)


class AssetAnswer(Answer):
    """An asset, and what a rep can make of it."""

    key = serializers.SlugField()
    title = serializers.CharField()
    url = serializers.CharField()
    persona = answers.key("persona")
    campaign = answers.key("campaign")
    journey_stage = serializers.CharField()
    pain = serializers.CharField()
    question = serializers.CharField()
    proof = serializers.CharField()
    created_at = InstantField()
    updated_at = InstantField()


class AssetPatch(EditBody):
    """What may change about an asset."""

    title = serializers.CharField(max_length=200)
    url = serializers.URLField(required=False, allow_blank=True, max_length=200)
    persona = serializers.SlugRelatedField(
        slug_field="key", queryset=Persona.objects.all(), required=False, allow_null=True
    )
    campaign = serializers.SlugRelatedField(
        slug_field="key", queryset=Campaign.objects.all(), required=False, allow_null=True
    )
    journey_stage = serializers.ChoiceField(
        choices=Asset.JourneyStage.choices, required=False, allow_blank=True
    )
    pain = serializers.CharField(required=False, allow_blank=True, max_length=MOST_TEXT)
    question = serializers.CharField(required=False, allow_blank=True, max_length=MOST_TEXT)
    proof = serializers.CharField(required=False, allow_blank=True, max_length=MOST_TEXT)

    server_owned: ClassVar[frozenset[str]] = frozenset({"key", "created_at", "updated_at"})


class AssetBody(AssetPatch):
    """A new asset."""

    key = serializers.SlugField(max_length=64)

    server_owned: ClassVar[frozenset[str]] = frozenset({"created_at", "updated_at"})


class AssetFilters(Filters):
    """Narrow assets."""

    key = django_filters.CharFilter()
    title = same_text("title")
    url = django_filters.CharFilter()
    persona = key_of("persona")
    campaign = key_of("campaign")
    journey_stage = django_filters.ChoiceFilter(choices=Asset.JourneyStage.choices)
    created_since = since("created_at")
    created_before = before("created_at")
    updated_since = since("updated_at")
    updated_before = before("updated_at")

    class Meta:
        model = Asset
        fields: ClassVar[list[str]] = []


class AssetList(EditableListView):
    """`/assets/`."""

    required_permissions: ClassVar = {"GET": "leads.view_asset", "POST": "leads.add_asset"}
    answer = AssetAnswer
    body = AssetBody
    item = "asset"
    filters = AssetFilters
    orderings: ClassVar = {
        "key": "key",
        "title": "title",
        "created_at": "created_at",
        "updated_at": "updated_at",
    }
    search_fields = ("key", "title")

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[Asset]:
        return access.marketing.assets_visible_to(request.user).select_related(
            "persona", "campaign"
        )

    def new(self, request: Request, said: dict[str, Any], **kwargs: Any) -> Asset:
        return Asset(**said)


class AssetDetail(EditableItemView):
    """`/assets/{key}/`."""

    required_permissions: ClassVar = {"GET": "leads.view_asset", "PATCH": "leads.change_asset"}
    answer = AssetAnswer
    body = AssetPatch
    found_by: ClassVar = {"asset": "key"}

    def rows(self, request: Request) -> QuerySet[Asset]:
        return access.marketing.assets_visible_to(request.user).select_related(
            "persona", "campaign"
        )
