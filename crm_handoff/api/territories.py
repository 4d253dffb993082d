"""Territories, who works them, and the queues where leads wait."""

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request

from crm_handoff.api import answers
from crm_handoff.api.answers import Answer, InstantField
from crm_handoff.api.edits import EditBody
from crm_handoff.api.filters import (
    Filters,
    NumberFilter,
    TruthFilter,
    at_least,
    at_most,
    before,
    id_of,
    key_of,
    same_text,
    since,
)
from crm_handoff.api.items import (
    EditableItemView,
    EditableListView,
    ItemView,
    RemovableItemView,
)
from crm_handoff.api.reps import RepName, rep_reference
from crm_handoff.api.spellings import CountryField, Spelled
from crm_handoff.api.views import ListView
from crm_handoff.people import access
from leads import places
from routing import rotation
from routing.models import BusinessCalendar, Queue, Territory, TerritoryMembership

BIGGEST_COUNT = 2_147_483_647
MOST_WEIGHT = 1_000
MOST_MADE_UP = 100
MOST_HELD = 32_767

MAKE_UP_HELP = "Turns that an absent member gets back at most; 0: what was missed is missed."
LIMIT_HELP = "Open leads of the territory at which the rep is skipped; null: only the own limit."


class TerritoryAnswer(Answer):
    """A territory: of the active ones the first whose conditions hold takes a lead."""

    key = serializers.SlugField()
    name = serializers.CharField()
    position = serializers.IntegerField()
    countries = serializers.ListField(child=serializers.CharField())
    regions = serializers.ListField(child=serializers.CharField())
    industries = serializers.ListField(child=serializers.CharField())
    product_lines = serializers.ListField(child=serializers.CharField())
    min_employees = serializers.IntegerField(allow_null=True)
    max_employees = serializers.IntegerField(allow_null=True)
    language_is_required = serializers.BooleanField()
    queue = answers.key("queue")
    calendar = answers.key("calendar")
    secondary = RepName(allow_null=True)
    make_up_turns = serializers.IntegerField()
    may_pull = serializers.BooleanField()
    is_active = serializers.BooleanField()
    updated_at = InstantField()


def _size() -> serializers.IntegerField:
    return serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=BIGGEST_COUNT
    )


def _words() -> Spelled:
    return Spelled(child=serializers.CharField(max_length=64), required=False, max_length=500)


class TerritoryPatch(EditBody):
    """What may change about a territory: an empty list is no condition."""

    name = serializers.CharField(max_length=120)
    position = serializers.IntegerField(required=False, min_value=0, max_value=BIGGEST_COUNT)
    countries = Spelled(child=CountryField(), required=False, max_length=500)
    regions = _words()
    industries = _words()
    product_lines = _words()
    min_employees = _size()
    max_employees = _size()
    language_is_required = serializers.BooleanField(required=False)
    queue = serializers.SlugRelatedField(slug_field="key", queryset=Queue.objects.all())
    calendar = serializers.SlugRelatedField(
        slug_field="key", queryset=BusinessCalendar.objects.all()
    )
    secondary = rep_reference(required=False, allow_null=True)
    make_up_turns = serializers.IntegerField(
        required=False, min_value=0, max_value=MOST_MADE_UP, help_text=MAKE_UP_HELP
    )
    may_pull = serializers.BooleanField(required=False)
    is_active = serializers.BooleanField(required=False)

    server_owned: ClassVar[frozenset[str]] = frozenset({"key", "updated_at"})


class TerritoryBody(TerritoryPatch):
    """A new territory."""

    key = serializers.SlugField(max_length=64)

    server_owned: ClassVar[frozenset[str]] = frozenset({"updated_at"})


def _holding(column: str) -> django_filters.CharFilter:
    """Build a filter: a list holds the given text."""
    return django_filters.CharFilter(field_name=column, method="holding")


class TerritoryFilters(Filters):
    """Narrow territories."""

    key = django_filters.CharFilter()
    name = same_text("name")
    position = NumberFilter()
    country = django_filters.CharFilter(method="covering", label="A country that it names")
    region = _holding("regions")
    industry = _holding("industries")
    product_line = _holding("product_lines")
    min_employees = NumberFilter()
    max_employees = NumberFilter()
    language_is_required = TruthFilter()
    queue = key_of("queue")
    calendar = key_of("calendar")
    secondary = id_of("secondary")
    make_up_turns = NumberFilter()
    may_pull = TruthFilter()
    is_active = TruthFilter()
    updated_since = since("updated_at")
    updated_before = before("updated_at")

    class Meta:
        model = Territory
        fields: ClassVar[list[str]] = []

    def covering(self, rows: QuerySet[Territory], name: str, country: str) -> Any:
        """Narrow to the territories that name a country, by its code or name."""
        try:
            code = places.country_of(country)
        except ValueError:
            return rows.none()
        return rows.filter(countries__contains=[code])

    def holding(self, rows: QuerySet[Territory], name: str, value: str) -> Any:
        """Narrow to the territories of which a condition names the value."""
        return rows.filter(**{f"{name}__contains": [value]})


class TerritoryList(EditableListView):
    """`/territories/`."""

    required_permissions: ClassVar = {
        "GET": "routing.view_territory",
        "POST": "routing.add_territory",
    }
    answer = TerritoryAnswer
    body = TerritoryBody
    item = "territory"
    filters = TerritoryFilters
    orderings: ClassVar = {
        "key": "key",
        "name": "name",
        "position": "position",
        "updated_at": "updated_at",
    }
    search_fields = ("key", "name")

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[Territory]:
        return with_relations(access.routing.territories_visible_to(request.user))

    def new(self, request: Request, said: dict[str, Any], **kwargs: Any) -> Territory:
        return Territory(**said)


class TerritoryDetail(EditableItemView):
    """`/territories/{key}/`."""

    required_permissions: ClassVar = {
        "GET": "routing.view_territory",
        "PATCH": "routing.change_territory",
    }
    answer = TerritoryAnswer
    body = TerritoryPatch
    found_by: ClassVar = {"territory": "key"}

    def rows(self, request: Request) -> QuerySet[Territory]:
        return with_relations(access.routing.territories_visible_to(request.user))


def with_relations(territories: QuerySet[Territory]) -> QuerySet[Territory]:
    """Load what an answer reads."""
    return territories.select_related("queue", "calendar", "secondary__user")


class MemberAnswer(Answer):
    """A rep who receives leads of a territory, in proportion to `weight`."""

    territory = answers.key("territory")
    rep = RepName()
    weight = serializers.IntegerField()
    capacity = serializers.IntegerField(allow_null=True)
    open_count = serializers.IntegerField()
    excess_count = serializers.IntegerField()
    is_active = serializers.BooleanField()
    updated_at = InstantField()


class MemberPatch(EditBody):
    """What may change about a member."""

    weight = serializers.IntegerField(required=False, min_value=1, max_value=MOST_WEIGHT)
    capacity = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=MOST_HELD,
        help_text=LIMIT_HELP,
    )
    is_active = serializers.BooleanField(required=False)

    server_owned: ClassVar[frozenset[str]] = frozenset(
        {"territory", "rep", "credit", "open_count", "excess_count", "updated_at"}
    )


class MemberBody(MemberPatch):
    """A new member of the territory in the address."""

    rep = rep_reference()

    server_owned: ClassVar[frozenset[str]] = frozenset(
        {"territory", "credit", "open_count", "excess_count", "updated_at"}
    )


class MemberFilters(Filters):
    """Narrow the members of a territory."""

    rep = id_of("rep")
    weight_min = at_least("weight")
    weight_max = at_most("weight")
    capacity_min = at_least("capacity")
    capacity_max = at_most("capacity")
    open_count_min = at_least("open_count")
    open_count_max = at_most("open_count")
    excess_count_min = at_least("excess_count")
    is_active = TruthFilter()
    updated_since = since("updated_at")
    updated_before = before("updated_at")

    class Meta:
        model = TerritoryMembership
        fields: ClassVar[list[str]] = []


class MemberList(EditableListView):
    """`/territories/{key}/members/`."""

    required_permissions: ClassVar = {
        "GET": "routing.view_territorymembership",
        "POST": "routing.add_territorymembership",
    }
    answer = MemberAnswer
    body = MemberBody
    item = "territory-member"
    filters = MemberFilters
    orderings: ClassVar = {"weight": "weight", "updated_at": "updated_at"}
    search_fields = ("rep__user__email", "rep__user__full_name")

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[TerritoryMembership]:
        territory = _territory(request, kwargs["territory"])
        members = access.routing.memberships_visible_to(request.user).filter(territory=territory)
        return members.select_related("territory", "rep__user")

    def new(self, request: Request, said: dict[str, Any], **kwargs: Any) -> TerritoryMembership:
        territory = _territory(request, kwargs["territory"])
        credit = rotation.join_credit(territory)
        return TerritoryMembership(territory=territory, credit=credit, **said)

    def address_of(self, row: TerritoryMembership) -> list[Any]:
        return [row.territory.key, row.rep.public_id]


class MemberDetail(RemovableItemView):
    """`/territories/{key}/members/{rep}/`."""

    required_permissions: ClassVar = {
        "GET": "routing.view_territorymembership",
        "PATCH": "routing.change_territorymembership",
        "DELETE": "routing.delete_territorymembership",
    }
    answer = MemberAnswer
    body = MemberPatch
    found_by: ClassVar = {"territory": "territory__key", "rep": "rep__public_id"}

    def rows(self, request: Request) -> QuerySet[TerritoryMembership]:
        members = access.routing.memberships_visible_to(request.user)
        return members.select_related("territory", "rep__user")


def _territory(request: Request, key: str) -> Territory:
    return get_object_or_404(access.routing.territories_visible_to(request.user), key=key)


class QueueAnswer(Answer):
    """A queue: its manager, by e-mail, answers for what waits there."""

    key = serializers.SlugField()
    name = serializers.CharField()
    manager = serializers.EmailField(source="manager.email")
    assign_within_seconds = serializers.SerializerMethodField()
    is_fallback = serializers.BooleanField()
    updated_at = InstantField()

    def get_assign_within_seconds(self, queue: Queue) -> int | None:
        """Return the business time in which a waiting lead is to get an owner."""
        return None if queue.assign_within is None else int(queue.assign_within.total_seconds())


class QueueFilters(Filters):
    """Narrow queues."""

    key = django_filters.CharFilter()
    name = same_text("name")
    manager = same_text("manager__email")
    is_fallback = TruthFilter()
    updated_since = since("updated_at")
    updated_before = before("updated_at")

    class Meta:
        model = Queue
        fields: ClassVar[list[str]] = []


class QueueList(ListView):
    """`/queues/`."""

    required_permissions: ClassVar = {"GET": "routing.view_queue"}
    answer = QueueAnswer
    filters = QueueFilters
    orderings: ClassVar = {"key": "key", "name": "name", "updated_at": "updated_at"}
    search_fields = ("key", "name")

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[Queue]:
        return access.routing.queues_visible_to(request.user).select_related("manager")


class QueueDetail(ItemView):
    """`/queues/{key}/`."""

    required_permissions: ClassVar = {"GET": "routing.view_queue"}
    answer = QueueAnswer
    found_by: ClassVar = {"queue": "key"}

    def rows(self, request: Request) -> QuerySet[Queue]:
        return access.routing.queues_visible_to(request.user).select_related("manager")
