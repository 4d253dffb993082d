"""Definitions and their versions: what both teams agreed to call qualified."""

from typing import Any, ClassVar

import django_filters
from django.db.models import F, OuterRef, Prefetch, QuerySet, Subquery
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request

from crm_handoff.api import answers
from crm_handoff.api.answers import Answer, InstantField
from crm_handoff.api.filters import Filters, NumberFilter, TruthFilter, before, same_text, since
from crm_handoff.api.items import ItemView
from crm_handoff.api.views import ListView
from crm_handoff.people import access
from definitions import document
from definitions.enums import Checklist, InFlightPlan, Side, VersionState, choices
from definitions.models import Definition, DefinitionVersion, SignOff
from definitions.vocabulary import Process, RuleStage


class DefinitionAnswer(Answer):
    """A definition, and the number of its version in force (null: none)."""

    id = serializers.UUIDField(source="public_id")
    key = serializers.SlugField()
    name = serializers.CharField()
    description = serializers.CharField()
    position = serializers.IntegerField()
    is_catch_all = serializers.BooleanField()
    active_version = serializers.IntegerField(allow_null=True)
    updated_at = InstantField()


class DefinitionFilters(Filters):
    """Narrow definitions."""

    id = django_filters.UUIDFilter(field_name="public_id")
    key = django_filters.CharFilter()
    name = same_text("name")
    position = NumberFilter()
    is_catch_all = TruthFilter()
    active_version = NumberFilter()
    updated_since = since("updated_at")
    updated_before = before("updated_at")

    class Meta:
        model = Definition
        fields: ClassVar[list[str]] = []


class DefinitionList(ListView):
    """`/definitions/`."""

    required_permissions: ClassVar = {"GET": "definitions.view_definition"}
    answer = DefinitionAnswer
    filters = DefinitionFilters
    orderings: ClassVar = {
        "key": "key",
        "name": "name",
        "position": "position",
        "updated_at": "updated_at",
    }
    search_fields = ("key", "name", "description")

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[Definition]:
        return with_active_version(access.agreements.definitions_visible_to(request.user))


class DefinitionDetail(ItemView):
    """`/definitions/{key}/`."""

    required_permissions: ClassVar = {"GET": "definitions.view_definition"}
    answer = DefinitionAnswer
    found_by: ClassVar = {"definition": "key"}

    def rows(self, request: Request) -> QuerySet[Definition]:
        return with_active_version(access.agreements.definitions_visible_to(request.user))


class SignOffAnswer(Answer):
    """A signature over the content that the version has now."""

    side = serializers.ChoiceField(choices=Side.choices)
    signer = serializers.CharField()
    signed_at = InstantField()
    comment = serializers.CharField()


class DefinitionVersionSummary(Answer):
    """A version without its content: people are named by e-mail."""

    id = serializers.UUIDField(source="public_id")
    definition = answers.key("definition")
    number = serializers.IntegerField()
    state = serializers.ChoiceField(choices=VersionState.choices)
    process = serializers.ChoiceField(choices=choices(Process))
    handoff_stage = serializers.ChoiceField(choices=choices(RuleStage))
    day_zone = serializers.CharField()
    checklist = serializers.ChoiceField(choices=Checklist.choices)
    in_flight_plan = serializers.ChoiceField(choices=InFlightPlan.choices)
    author = serializers.EmailField(source="author.email")
    change_note = serializers.CharField()
    content_hash = serializers.CharField()
    effective_at = InstantField(allow_null=True)
    created_at = InstantField()
    submitted_at = InstantField(allow_null=True)
    activated_at = InstantField(allow_null=True)
    retired_at = InstantField(allow_null=True)
    updated_at = InstantField()


class DefinitionVersionAnswer(DefinitionVersionSummary):
    """A version with its signatures and its content, which is null while it is a draft."""

    signatures = SignOffAnswer(many=True, source="present_signatures")
    content = serializers.SerializerMethodField()

    def get_content(self, version: DefinitionVersion) -> dict[str, Any] | None:
        return document.read(version.content) if version.content else None


class VersionFilters(Filters):
    """Narrow the versions of a definition; `state` may be given more than once."""

    id = django_filters.UUIDFilter(field_name="public_id")
    number = NumberFilter()
    state = django_filters.MultipleChoiceFilter(choices=VersionState.choices)
    process = django_filters.ChoiceFilter(choices=choices(Process))
    handoff_stage = django_filters.ChoiceFilter(choices=choices(RuleStage))
    day_zone = same_text("day_zone")
    checklist = django_filters.ChoiceFilter(choices=Checklist.choices)
    in_flight_plan = django_filters.ChoiceFilter(choices=InFlightPlan.choices)
    author = same_text("author__email")
    content_hash = django_filters.CharFilter()
    effective_since = since("effective_at")
    effective_before = before("effective_at")
    created_since = since("created_at")
    created_before = before("created_at")
    submitted_since = since("submitted_at")
    submitted_before = before("submitted_at")
    activated_since = since("activated_at")
    activated_before = before("activated_at")
    retired_since = since("retired_at")
    retired_before = before("retired_at")
    updated_since = since("updated_at")
    updated_before = before("updated_at")

    class Meta:
        model = DefinitionVersion
        fields: ClassVar[list[str]] = []


class VersionList(ListView):
    """`/definitions/{key}/versions/`."""

    required_permissions: ClassVar = {"GET": "definitions.view_definitionversion"}
    answer = DefinitionVersionSummary
    filters = VersionFilters
    orderings: ClassVar = {
        "number": "number",
        "activated_at": "activated_at",
        "updated_at": "updated_at",
    }

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[DefinitionVersion]:
        definitions = access.agreements.definitions_visible_to(request.user)
        definition = get_object_or_404(definitions, key=kwargs["definition"])
        versions = access.agreements.versions_visible_to(request.user).filter(
            definition=definition
        )
        return versions.select_related("definition", "author").defer("content")


class VersionDetail(ItemView):
    """`/definitions/{key}/versions/{number}/`."""

    required_permissions: ClassVar = {"GET": "definitions.view_definitionversion"}
    answer = DefinitionVersionAnswer
    found_by: ClassVar = {"definition": "definition__key", "number": "number"}

    def rows(self, request: Request) -> QuerySet[DefinitionVersion]:
        present = SignOff.objects.filter(
            review_round=F("version__review_round"), content_hash=F("version__content_hash")
        )
        signatures = Prefetch(
            "signoffs",
            present.select_related("signer").order_by("pk"),
            to_attr="present_signatures",
        )
        versions = access.agreements.versions_visible_to(request.user)
        return versions.select_related("definition", "author").prefetch_related(signatures)


def with_active_version(definitions: QuerySet[Definition]) -> QuerySet[Definition]:
    """Load what an answer reads."""
    active = DefinitionVersion.objects.filter(definition=OuterRef("pk"), state=VersionState.ACTIVE)
    return definitions.annotate(active_version=Subquery(active.values("number")[:1]))
