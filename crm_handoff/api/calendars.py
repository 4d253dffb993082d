"""Business calendars: weekly windows in a zone, less public holidays and own closures."""

import re
import zoneinfo
from datetime import time
from functools import cache
from typing import Any, ClassVar

import django_filters
import holidays
from django.contrib.admin.models import CHANGE
from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.urls import reverse
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from crm_handoff.api import edits
from crm_handoff.api.answers import Answer, InstantField
from crm_handoff.api.edits import EditBody
from crm_handoff.api.fields import Body
from crm_handoff.api.filters import Filters, before, same_text, since
from crm_handoff.api.items import EditableItemView, EditableListView
from crm_handoff.people import access
from routing import hours
from routing.models import BusinessCalendar, CalendarClosure, CalendarWindow

MOST_WINDOWS: dict[str, Any] = {"max_length": 100}
MOST_CLOSURES: dict[str, Any] = {"max_length": 1_000}
PARTS = ("windows", "closures")
OFFSET = re.compile(r"[Zz+-]")
NO_PLACES = {"Factory", "localtime"}
"""Zones that mean something else on each machine, or nothing."""


class WindowAnswer(Answer):
    """A weekly opening in local time: `weekday` 0 is Monday, `closes` 00:00 the day's end."""

    weekday = serializers.IntegerField()
    opens = serializers.TimeField()
    closes = serializers.TimeField()


class ClosureAnswer(Answer):
    """A date on which the calendar is closed: wholly, or from `opens` until `closes`."""

    on = serializers.DateField()
    opens = serializers.TimeField(allow_null=True)
    closes = serializers.TimeField(allow_null=True)
    name = serializers.CharField()


class CalendarAnswer(Answer):
    """A calendar.

    While `recomputed_at` is before `changed_at`, running clocks are still being counted anew.
    """

    key = serializers.SlugField()
    name = serializers.CharField()
    time_zone = serializers.CharField()
    holiday_country = serializers.CharField()
    holiday_subdivision = serializers.CharField()
    windows = WindowAnswer(many=True)
    closures = ClosureAnswer(many=True)
    changed_at = InstantField()
    recomputed_at = InstantField()
    updated_at = InstantField()


class LocalTimeField(serializers.TimeField):
    """A time of day in the calendar's own zone."""

    default_error_messages: ClassVar = {"zone": "Write local time, without a zone."}

    def to_internal_value(self, value: Any) -> time:
        if isinstance(value, str) and OFFSET.search(value):
            # Django would leave it out in silence.
            self.fail("zone")
        moment: time = super().to_internal_value(value)
        return moment


class WindowBody(Body):
    """A weekly opening: one that closes before it opens runs past midnight."""

    weekday = serializers.IntegerField(min_value=0, max_value=6)
    opens = LocalTimeField()
    closes = LocalTimeField()


class ClosureBody(Body):
    """A date on which the calendar is closed: without `opens` and `closes`, all day."""

    on = serializers.DateField()
    opens = LocalTimeField(required=False, allow_null=True)
    closes = LocalTimeField(required=False, allow_null=True)
    name = serializers.CharField(required=False, allow_blank=True, max_length=120)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if (attrs.get("opens") is None) is not (attrs.get("closes") is None):
            raise _fault("closes", "A closure has both ends in the day, or none.")
        return attrs


class CalendarPatch(EditBody):
    """What may change about a calendar: `windows` and `closures` are said whole."""

    name = serializers.CharField(max_length=120)
    time_zone = serializers.CharField(max_length=64)
    holiday_country = serializers.CharField(required=False, allow_blank=True, max_length=2)
    holiday_subdivision = serializers.CharField(required=False, allow_blank=True, max_length=10)
    windows = WindowBody(many=True, required=False, **MOST_WINDOWS)
    closures = ClosureBody(many=True, required=False, **MOST_CLOSURES)

    server_owned: ClassVar[frozenset[str]] = frozenset(
        {"key", "changed_at", "recomputed_at", "updated_at"}
    )

    def validate_time_zone(self, zone: str) -> str:
        if zone not in _zones():
            raise ValidationError("There is no such zone; write one like Europe/Berlin.")
        return zone

    def validate_windows(self, windows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len({(window["weekday"], window["opens"]) for window in windows}) < len(windows):
            raise ValidationError("Two windows open at the same time of the same day.")
        return windows


class CalendarBody(CalendarPatch):
    """A new calendar."""

    key = serializers.SlugField(max_length=64)

    server_owned: ClassVar[frozenset[str]] = frozenset(
        {"changed_at", "recomputed_at", "updated_at"}
    )


class CalendarFilters(Filters):
    """Narrow calendars."""

    key = django_filters.CharFilter()
    name = same_text("name")
    time_zone = same_text("time_zone")
    holiday_country = same_text("holiday_country")
    holiday_subdivision = same_text("holiday_subdivision")
    changed_since = since("changed_at")
    changed_before = before("changed_at")
    recomputed_since = since("recomputed_at")
    recomputed_before = before("recomputed_at")
    updated_since = since("updated_at")
    updated_before = before("updated_at")

    class Meta:
        model = BusinessCalendar
        fields: ClassVar[list[str]] = []


class CalendarList(EditableListView):
    """`/calendars/`."""

    required_permissions: ClassVar = {
        "GET": "routing.view_businesscalendar",
        "POST": "routing.add_businesscalendar",
    }
    answer = CalendarAnswer
    body = CalendarBody
    item = "calendar"
    filters = CalendarFilters
    orderings: ClassVar = {"key": "key", "name": "name", "updated_at": "updated_at"}
    search_fields = ("key", "name")

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[BusinessCalendar]:
        return with_relations(access.routing.calendars_visible_to(request.user))

    @transaction.atomic
    def post(self, request: Request, **kwargs: Any) -> Response:
        """Make one; 201 with it, 409 when there is one of its key."""
        said = self.body.checked(request.data)
        parts = _parts_in(said)
        calendar = BusinessCalendar(**said)
        _check_holidays(calendar)
        edits.create(calendar, request=request)
        _replace(calendar, parts)
        return Response(
            self.answer.written(self.rows(request).get(pk=calendar.pk)),
            status=201,
            headers={"Location": reverse("api:calendar", args=[calendar.key])},
        )


class CalendarDetail(EditableItemView):
    """`/calendars/{key}/`."""

    required_permissions: ClassVar = {
        "GET": "routing.view_businesscalendar",
        "PATCH": "routing.change_businesscalendar",
    }
    answer = CalendarAnswer
    body = CalendarPatch
    found_by: ClassVar = {"calendar": "key"}

    def rows(self, request: Request) -> QuerySet[BusinessCalendar]:
        return with_relations(access.routing.calendars_visible_to(request.user))

    @transaction.atomic
    def patch(self, request: Request, **kwargs: Any) -> Response:
        """Change what is said; what is left out stays as it is."""
        calendar = self.held(request, **kwargs)
        said = self.body.patched(request.data)
        parts = _parts_in(said)
        _check_holidays(calendar, **said)
        edits.change(calendar, said, request=request)
        if parts:
            _replace(calendar, parts)
            edits.record(calendar, CHANGE, f"Changed {', '.join(parts)}", request=request)
        return Response(self.answer.written(self.row(request, **kwargs)))


def with_relations(calendars: QuerySet[BusinessCalendar]) -> QuerySet[BusinessCalendar]:
    """Load what an answer reads: two queries more, however many calendars."""
    return calendars.prefetch_related(
        Prefetch("windows", CalendarWindow.objects.order_by("weekday", "opens")),
        Prefetch("closures", CalendarClosure.objects.order_by("on", "opens", "pk")),
    )


def _parts_in(said: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Take the rows beneath a calendar out of what is said about it."""
    return {part: said.pop(part) for part in PARTS if part in said}


def _replace(calendar: BusinessCalendar, parts: dict[str, list[dict[str, Any]]]) -> None:
    if "windows" in parts:
        windows = [CalendarWindow(calendar=calendar, **one) for one in parts["windows"]]
        hours.replace_windows(calendar, windows)
    if "closures" in parts:
        closures = [CalendarClosure(calendar=calendar, **one) for one in parts["closures"]]
        hours.replace_closures(calendar, closures)


def _check_holidays(calendar: BusinessCalendar, **said: Any) -> None:
    country = said.get("holiday_country", calendar.holiday_country)
    part = said.get("holiday_subdivision", calendar.holiday_subdivision)
    if country and country not in _subdivisions():
        raise _fault("holiday_country", "No public holidays are known for this country.")
    if part and part not in _subdivisions().get(country, []):
        raise _fault("holiday_subdivision", "The country has no such part with own holidays.")


def _fault(field: str, detail: str) -> ValidationError:
    return ValidationError({field: [ErrorDetail(detail, code="invalid")]})


@cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones() - NO_PLACES)


@cache
def _subdivisions() -> dict[str, list[str]]:
    return holidays.list_supported_countries()
