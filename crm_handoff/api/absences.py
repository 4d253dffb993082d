"""When reps are away, and who stands in for them."""

from datetime import datetime
from typing import Any, ClassVar

import django_filters
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from crm_handoff.api.answers import Answer, InstantField
from crm_handoff.api.edits import EditBody
from crm_handoff.api.fields import Instant
from crm_handoff.api.filters import (
    Filters,
    InstantFilter,
    TruthFilter,
    before,
    id_of,
    same_text,
    since,
)
from crm_handoff.api.items import EditableListView, RemovableItemView
from crm_handoff.api.reps import RepName, rep_reference
from crm_handoff.clock import database_now
from crm_handoff.people import access
from crm_handoff.people.models import User
from routing import absences, occurrences
from routing.models import Absence

KEPT = ("series", "is_from_calendar", "moved_on_at", "entered_by", "updated_at")
"""Fields that the product keeps by itself."""


class AbsenceAnswer(Answer):
    """An absence: without `ends_at` (null) until further notice."""

    id = serializers.UUIDField(source="public_id")
    rep = RepName()
    begins_at = InstantField(source="span.lower")
    ends_at = InstantField(source="span.upper", allow_null=True)
    delegate = RepName(allow_null=True)
    note = serializers.CharField()
    series = serializers.UUIDField(source="series.public_id", allow_null=True)
    is_from_calendar = serializers.SerializerMethodField()
    moved_on_at = InstantField(allow_null=True)
    entered_by = serializers.EmailField(source="entered_by.email", allow_null=True)
    updated_at = InstantField()

    def get_is_from_calendar(self, absence: Absence) -> bool:
        """Say whether it was read from a calendar, and is changed there."""
        return bool(absence.external_id)


class AbsencePatch(EditBody):
    """What may change about an absence."""

    begins_at = Instant()
    ends_at = Instant(required=False, allow_null=True)
    delegate = rep_reference(required=False, allow_null=True)
    note = serializers.CharField(required=False, allow_blank=True, max_length=200)

    server_owned: ClassVar[frozenset[str]] = frozenset({"id", "rep", *KEPT})


class AbsenceBody(AbsencePatch):
    """A new absence."""

    rep = rep_reference()

    server_owned: ClassVar[frozenset[str]] = frozenset({"id", *KEPT})


class AbsenceFilters(Filters):
    """Narrow absences."""

    id = django_filters.UUIDFilter(field_name="public_id")
    rep = id_of("rep")
    delegate = id_of("delegate")
    entered_by = same_text("entered_by__email")
    at = InstantFilter(field_name="span", lookup_expr="contains", label="Away at this instant")
    begins_since = since("span__startswith")
    begins_before = before("span__startswith")
    ends_since = since("span__endswith")
    ends_before = before("span__endswith")
    series = id_of("series")
    is_from_calendar = TruthFilter(method="of_calendar", label="Read from a calendar")
    moved_on_since = since("moved_on_at")
    moved_on_before = before("moved_on_at")
    updated_since = since("updated_at")
    updated_before = before("updated_at")

    class Meta:
        model = Absence
        fields: ClassVar[list[str]] = []

    def of_calendar(
        self, rows: QuerySet[Absence], _name: str, is_wanted: bool
    ) -> QuerySet[Absence]:
        """Narrow to what was read from a calendar, or to the rest."""
        return rows.exclude(external_id="") if is_wanted else rows.filter(external_id="")


class AbsenceList(EditableListView):
    """`/absences/`."""

    required_permissions: ClassVar = {
        "GET": "routing.view_absence",
        "POST": "routing.add_absence",
    }
    answer = AbsenceAnswer
    body = AbsenceBody
    item = "absence"
    filters = AbsenceFilters
    orderings: ClassVar = {"begins_at": "span__startswith", "updated_at": "updated_at"}
    search_fields = ("rep__user__email", "rep__user__full_name", "note")

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[Absence]:
        return with_relations(access.people.absences_visible_to(request.user))

    def new(self, request: Request, said: dict[str, Any], **kwargs: Any) -> Absence:
        span = _span(said.pop("begins_at"), said.pop("ends_at", None))
        by = request.user if isinstance(request.user, User) else None
        absence = Absence(span=span, entered_by=by, **said)
        occurrences.hold(absence.rep)
        absences.make_room(absence)
        return absence

    @transaction.atomic
    def post(self, request: Request, **kwargs: Any) -> Response:
        """Enter one; days of a recurring absence that lie within it make way."""
        return super().post(request, **kwargs)

    def address_of(self, row: Absence) -> list[Any]:
        return [row.public_id]


class AbsenceDetail(RemovableItemView):
    """`/absences/{id}/`."""

    required_permissions: ClassVar = {
        "GET": "routing.view_absence",
        "PATCH": "routing.change_absence",
        "DELETE": "routing.delete_absence",
    }
    answer = AbsenceAnswer
    body = AbsencePatch
    found_by: ClassVar = {"absence": "public_id"}

    def rows(self, request: Request) -> QuerySet[Absence]:
        return with_relations(access.people.absences_visible_to(request.user))

    def values(self, row: Absence) -> dict[str, Any]:
        said = super().values(row)
        begins_at = said.pop("begins_at", row.span.lower)
        ends_at = said.pop("ends_at", row.span.upper)
        span = _span(begins_at, ends_at)
        return {**said, "span": span, **_moved(row, span)}

    @transaction.atomic
    def patch(self, request: Request, **kwargs: Any) -> Response:
        """Change one; moved into the future, it lets leads move on anew as it begins.

        A day of a recurring absence that takes other times is from then on one by itself.
        """
        occurrences.hold(self.row(request, **kwargs).rep)
        row = self.held(request, **kwargs)
        was = row.span
        answer = super().patch(request, **kwargs)
        occurrences.restore(row.rep, was, since=database_now())
        return answer

    @transaction.atomic
    def delete(self, request: Request, **kwargs: Any) -> Response:
        """Remove one; days of a recurring absence that had made way take place again.

        A day of a recurring absence never comes again.
        """
        row = self.row(request, **kwargs)
        occurrences.hold(row.rep)
        occurrences.call_off(row)
        answer = super().delete(request, **kwargs)
        if row.series_id is None:
            occurrences.restore(row.rep, row.span, since=database_now())
        return answer


def with_relations(absences: QuerySet[Absence]) -> QuerySet[Absence]:
    """Load what an answer reads."""
    return absences.select_related("rep__user", "delegate__user", "entered_by", "series")


def _span(begins_at: datetime, ends_at: datetime | None) -> DateTimeTZRange:
    if ends_at is not None and ends_at <= begins_at:
        detail = ErrorDetail("The absence ends before it begins.", code="invalid")
        raise ValidationError({"ends_at": [detail]})
    return DateTimeTZRange(begins_at, ends_at)


def _moved(row: Absence, span: DateTimeTZRange) -> dict[str, Any]:
    """Check that an absence can be moved, and return what else changes with it."""
    if (span.lower, span.upper) == (row.span.lower, row.span.upper):
        return {}
    if row.external_id:
        raise absences.ComesFromCalendar
    occurrences.call_off(row)
    absences.make_room(Absence(pk=row.pk, rep_id=row.rep_id, span=span))
    is_to_come = span.lower > database_now()
    return {"series": None, "would_end_at": None} | ({"moved_on_at": None} if is_to_come else {})
