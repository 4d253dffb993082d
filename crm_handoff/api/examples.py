"""Examples of a definition: imagined leads that must, or must not, reach a stage."""

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request

from crm_handoff.api.answers import Answer, InstantField
from crm_handoff.api.filters import Filters, TruthFilter, before, same_text, since
from crm_handoff.api.views import ListView
from crm_handoff.people import access
from definitions.enums import choices
from definitions.vocabulary import RuleStage
from leads.models import Example


class ExampleAnswer(Answer):
    """An example: `is_expected` says whether it must reach the stage, or must not."""

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField()
    stage = serializers.ChoiceField(choices=choices(RuleStage))
    is_expected = serializers.BooleanField()
    why = serializers.CharField()
    profile = serializers.DictField()
    touchpoints = serializers.ListField(child=serializers.DictField())
    answers = serializers.DictField()
    is_active = serializers.BooleanField()
    created_at = InstantField()
    updated_at = InstantField()


class ExampleFilters(Filters):
    """Narrow examples; `stage` may be given more than once."""

    id = django_filters.UUIDFilter(field_name="public_id")
    name = same_text("name")
    stage = django_filters.MultipleChoiceFilter(choices=choices(RuleStage))
    is_expected = TruthFilter()
    is_active = TruthFilter()
    created_since = since("created_at")
    created_before = before("created_at")
    updated_since = since("updated_at")
    updated_before = before("updated_at")

    class Meta:
        model = Example
        fields: ClassVar[list[str]] = []


class ExampleList(ListView):
    """`/definitions/{key}/examples/`, those out of use too."""

    required_permissions: ClassVar = {"GET": "leads.view_example"}
    answer = ExampleAnswer
    filters = ExampleFilters
    orderings: ClassVar = {
        "name": "name",
        "created_at": "created_at",
        "updated_at": "updated_at",
    }
    search_fields = ("name", "why")

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[Example]:
        definitions = access.agreements.definitions_visible_to(request.user)
        definition = get_object_or_404(definitions, key=kwargs["definition"])
        return access.agreements.examples_visible_to(request.user).filter(definition=definition)
