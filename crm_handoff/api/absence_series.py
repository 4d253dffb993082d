"""Absences of reps that come again and again."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID
from zoneinfo import available_timezones

import django_filters
from django.contrib.admin.models import ADDITION, CHANGE
from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from crm_handoff.api import edits
from crm_handoff.api.answers import Answer, InstantField
from crm_handoff.api.edits import EditBody
from crm_handoff.api.errors import DOMAIN_PROBLEMS, Problem
from crm_handoff.api.fields import Body
from crm_handoff.api.filters import (
    Filters,
    NumberFilter,
    TruthFilter,
    before,
    id_of,
    same_text,
    since,
)
from crm_handoff.api.items import EditableItemView, EditableListView
from crm_handoff.api.reps import RepName, rep_reference
from crm_handoff.api.views import PermittedView
from crm_handoff.clock import database_now
from crm_handoff.people import access
from routing import absences
from routing import series as recurring
from routing.models import AbsenceSeries
from routing.series import Pattern

DOMAIN_PROBLEMS.update(
    {
        absences.AbsenceOverlaps: Problem(409, "overlaps", "The rep is away then already"),
        absences.AbsenceEndsBeforeItBegins: Problem(
            400, "ends_before_it_begins", "The absence ends before it begins"
        ),
        absences.CannotStandInForThemselves: Problem(
            400, "stands_in_for_themselves", "Somebody else stands in for a rep"
        ),
        recurring.SeriesNeverTakesPlace: Problem(
            400, "never_takes_place", "The recurring absence never takes place"
        ),
        absences.ComesFromCalendar: Problem(
            409, "comes_from_calendar", "The absence is kept in a calendar"
        ),
        recurring.SeriesEnded: Problem(409, "series_ended", "The recurring absence has ended"),
    }
)

REACH = timedelta(days=3653)
"""How far from now the days may be: farther ones are a slip of the keyboard."""

PATTERN = ("weekdays", "starts_on", "time_zone", "ends_on", "begins", "ends", "every_weeks")


class SeriesAnswer(Answer):
    """A recurring absence: without `begins` and `ends` (null) the whole day, in `time_zone`."""

    id = serializers.UUIDField(source="public_id")
    rep = RepName()
    weekdays = serializers.ListField(child=serializers.IntegerField())
    every_weeks = serializers.IntegerField()
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(allow_null=True)
    begins = serializers.TimeField(allow_null=True)
    ends = serializers.TimeField(allow_null=True)
    time_zone = serializers.CharField()
    delegate = RepName(allow_null=True)
    note = serializers.CharField()
    entered_by = serializers.EmailField(source="entered_by.email", allow_null=True)
    planned_until = serializers.DateField(allow_null=True)
    called_off = serializers.ListField(
        child=serializers.DateField(), help_text="Days on which it does not take place."
    )
    ended_at = InstantField(allow_null=True)
    updated_at = InstantField()


class SeriesPatch(EditBody):
    """What may change about a recurring absence, from now on: what has begun stays."""

    weekdays = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=6),
        allow_empty=False,
        max_length=7,
        help_text="0 is Monday, 6 is Sunday.",
    )
    every_weeks = serializers.IntegerField(required=False, min_value=1, max_value=52)
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(required=False, allow_null=True)
    begins = serializers.TimeField(required=False, allow_null=True)
    ends = serializers.TimeField(required=False, allow_null=True)
    time_zone = serializers.CharField(max_length=64, help_text="IANA zone name.")
    delegate = rep_reference(required=False, allow_null=True)
    note = serializers.CharField(required=False, allow_blank=True, max_length=200)

    server_owned: ClassVar[frozenset[str]] = frozenset(
        {"id", "rep", "entered_by", "planned_until", "called_off", "ended_at", "updated_at"}
    )

    def validate_time_zone(self, value: str) -> str:
        """Refuse what is no zone."""
        if value not in available_timezones():
            raise ValidationError("There is no such time zone.", code="invalid")
        return value


class SeriesBody(SeriesPatch):
    """A new recurring absence."""

    rep = rep_reference()

    server_owned: ClassVar[frozenset[str]] = SeriesPatch.server_owned - {"rep"}


class SeriesFilters(Filters):
    """Narrow recurring absences."""

    id = django_filters.UUIDFilter(field_name="public_id")
    rep = id_of("rep")
    delegate = id_of("delegate")
    entered_by = same_text("entered_by__email")
    time_zone = same_text("time_zone")
    every_weeks = NumberFilter()
    starts_on_or_after = django_filters.DateFilter(field_name="starts_on", lookup_expr="gte")
    starts_before = django_filters.DateFilter(field_name="starts_on", lookup_expr="lt")
    ends_on_or_after = django_filters.DateFilter(field_name="ends_on", lookup_expr="gte")
    ends_before = django_filters.DateFilter(field_name="ends_on", lookup_expr="lt")
    planned_until = django_filters.DateFilter()
    ended_since = since("ended_at")
    ended_before = before("ended_at")
    is_running = TruthFilter(field_name="ended_at", lookup_expr="isnull", label="Not ended yet")
    updated_since = since("updated_at")
    updated_before = before("updated_at")

    class Meta:
        model = AbsenceSeries
        fields: ClassVar[list[str]] = []


class SeriesList(EditableListView):
    """`/absence-series/`."""

    required_permissions: ClassVar = {
        "GET": "routing.view_absenceseries",
        "POST": "routing.add_absenceseries",
    }
    answer = SeriesAnswer
    body = SeriesBody
    item = "absence-series-item"
    filters = SeriesFilters
    orderings: ClassVar = {"starts_on": "starts_on", "updated_at": "updated_at"}
    search_fields = ("rep__user__email", "rep__user__full_name", "note")

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[AbsenceSeries]:
        return with_relations(access.people.absence_series_visible_to(request.user))

    @transaction.atomic
    def post(self, request: Request, **kwargs: Any) -> Response:
        """Enter one; its days of three months are absences at once, later ones follow."""
        said = _in_reach(self.body.checked(request.data))
        entered = recurring.enter(
            said["rep"],
            _pattern(said),
            by=edits.author_of(request),
            at=database_now(),
            delegate=said.get("delegate"),
            note=said.get("note", ""),
        )
        edits.record(entered, ADDITION, "Added", request=request)
        row = self.rows(request).get(pk=entered.pk)
        location = reverse(f"api:{self.item}", args=self.address_of(row))
        return Response(self.answer.written(row), status=201, headers={"Location": location})

    def address_of(self, row: AbsenceSeries) -> list[Any]:
        return [row.public_id]


class SeriesDetail(EditableItemView):
    """`/absence-series/{id}/`."""

    required_permissions: ClassVar = {
        "GET": "routing.view_absenceseries",
        "PATCH": "routing.change_absenceseries",
    }
    answer = SeriesAnswer
    body = SeriesPatch
    found_by: ClassVar = {"series": "public_id"}

    def rows(self, request: Request) -> QuerySet[AbsenceSeries]:
        return with_relations(access.people.absence_series_visible_to(request.user))

    @transaction.atomic
    def patch(self, request: Request, **kwargs: Any) -> Response:
        """Change it from now on: what has begun stays as it was."""
        row = self.held(request, **kwargs)
        was = {name: getattr(row, name) for name in (*PATTERN, "delegate", "note")}
        said = _in_reach(was | self.values(row))
        recurring.change(
            row.pk,
            _pattern(said),
            delegate=said["delegate"],
            note=said["note"],
            by=edits.author_of(request),
            at=database_now(),
        )
        edits.record(row, CHANGE, "Changed", request=request)
        return Response(self.answer.written(self.rows(request).get(pk=row.pk)))


class EndBody(Body):
    """Ending a recurring absence says nothing more."""

    server_owned: ClassVar[frozenset[str]] = frozenset({"ended_at"})


class SeriesEnd(PermittedView):
    """`/absence-series/{id}/end/`."""

    required_permissions: ClassVar = {"POST": "routing.change_absenceseries"}
    body = EndBody
    outcome = SeriesAnswer
    statuses: ClassVar = {"POST": [200]}

    @transaction.atomic
    def post(self, request: Request, series: UUID) -> Response:
        """End it: what has begun stays, and no more days of it come."""
        EndBody.checked(request.data)
        rows = with_relations(access.people.absence_series_visible_to(request.user))
        found = get_object_or_404(rows, public_id=series)
        recurring.end(found.pk, by=edits.author_of(request), at=database_now())
        edits.record(found, CHANGE, "Ended", request=request)
        return Response(SeriesAnswer.written(rows.get(pk=found.pk)))


def with_relations(rows: QuerySet[AbsenceSeries]) -> QuerySet[AbsenceSeries]:
    """Load what an answer reads."""
    return rows.select_related("rep__user", "delegate__user", "entered_by")


def _pattern(said: Mapping[str, Any]) -> Pattern:
    values = {name: said[name] for name in PATTERN if name in said}
    if (values.get("begins") is None) != (values.get("ends") is None):
        missing = "ends" if values.get("ends") is None else "begins"
        detail = ErrorDetail("Say both times, or none for the whole day.", code="required")
        raise ValidationError({missing: [detail]})
    return Pattern(**values)


def _in_reach(said: dict[str, Any]) -> dict[str, Any]:
    today = database_now().date()
    for name in ("starts_on", "ends_on"):
        day = said.get(name)
        if day is not None and abs(day - today) > REACH:
            detail = ErrorDetail("Say a day within ten years from now.", code="invalid")
            raise ValidationError({name: [detail]})
    return said
