"""Reps: who receives leads, how many, and in which languages."""

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from crm_handoff.api.answers import Answer, InstantField
from crm_handoff.api.edits import EditBody
from crm_handoff.api.filters import (
    Filters,
    TruthFilter,
    at_least,
    at_most,
    before,
    same_text,
    since,
)
from crm_handoff.api.items import EditableItemView
from crm_handoff.api.spellings import LanguageField, Spelled
from crm_handoff.api.views import ListView
from crm_handoff.people import access
from crm_handoff.people.models import User
from leads import places
from routing import roster
from routing.enums import RepKind
from routing.models import Rep

MOST_CAPACITY = 32_767


class RepName(Answer):
    """A rep as other rows name them."""

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField(source="user")


class RepAnswer(RepName):
    """A rep: `open_count` handoffs are open, `excess_count` of them above `capacity`."""

    email = serializers.EmailField(source="user.email")
    kind = serializers.ChoiceField(choices=RepKind.choices)
    languages = serializers.ListField(child=serializers.CharField())
    capacity = serializers.IntegerField()
    open_count = serializers.SerializerMethodField()
    excess_count = serializers.IntegerField()
    manager = serializers.EmailField(source="manager.email", allow_null=True)
    is_active = serializers.BooleanField()
    updated_at = InstantField()

    def get_open_count(self, rep: Rep) -> int:
        return roster.load_of(rep)


class RepPatch(EditBody):
    """What may change about a rep: who is one is decided on the administration pages."""

    kind = serializers.ChoiceField(choices=RepKind.choices, required=False)
    languages = Spelled(child=LanguageField(), required=False, max_length=50)
    capacity = serializers.IntegerField(required=False, min_value=0, max_value=MOST_CAPACITY)
    manager = serializers.SlugRelatedField(
        slug_field="email",
        queryset=User.objects.filter(is_active=True),
        required=False,
        allow_null=True,
    )
    is_active = serializers.BooleanField(required=False)

    server_owned: ClassVar[frozenset[str]] = frozenset(
        {"id", "name", "email", "open_count", "excess_count", "updated_at"}
    )


class RepFilters(Filters):
    """Narrow reps."""

    id = django_filters.UUIDFilter(field_name="public_id")
    name = same_text("user__full_name")
    email = same_text("user__email")
    kind = django_filters.ChoiceFilter(choices=RepKind.choices)
    language = django_filters.CharFilter(method="speaking", label="One of their languages")
    capacity_min = at_least("capacity")
    capacity_max = at_most("capacity")
    excess_count_min = at_least("excess_count")
    manager = same_text("manager__email")
    is_active = TruthFilter()
    updated_since = since("updated_at")
    updated_before = before("updated_at")

    class Meta:
        model = Rep
        fields: ClassVar[list[str]] = []

    def speaking(self, reps: QuerySet[Rep], name: str, language: str) -> Any:
        """Narrow to the reps who speak a language, by its code or name."""
        try:
            code = places.language_of(language)
        except ValueError:
            return reps.none()
        return reps.filter(languages__contains=[code])


class RepList(ListView):
    """`/reps/`."""

    required_permissions: ClassVar = {"GET": "routing.view_rep"}
    answer = RepAnswer
    filters = RepFilters
    orderings: ClassVar = {
        "email": "user__email",
        "capacity": "capacity",
        "updated_at": "updated_at",
    }
    search_fields = ("user__email", "user__full_name")

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[Rep]:
        return with_relations(access.people.reps_visible_to(request.user))


class RepDetail(EditableItemView):
    """`/reps/{id}/`."""

    required_permissions: ClassVar = {"GET": "routing.view_rep", "PATCH": "routing.change_rep"}
    answer = RepAnswer
    body = RepPatch
    found_by: ClassVar = {"rep": "public_id"}

    def rows(self, request: Request) -> QuerySet[Rep]:
        return with_relations(access.people.reps_visible_to(request.user))


def with_relations(reps: QuerySet[Rep]) -> QuerySet[Rep]:
    """Load what an answer reads."""
    return reps.select_related("user", "manager")


def rep_reference(**options: Any) -> serializers.SlugRelatedField[Rep]:
    """Build a field that names a rep by id."""
    return serializers.SlugRelatedField(
        slug_field="public_id", queryset=Rep.objects.select_related("user"), **options
    )
