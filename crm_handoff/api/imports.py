"""Imports: how far each is, and what became of its rows."""

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request

from crm_handoff.api.answers import Answer, InstantField
from crm_handoff.api.filters import Filters, at_least, at_most, before, same_text, since
from crm_handoff.api.items import ItemView
from crm_handoff.api.views import ListView
from crm_handoff.people import access
from leads.enums import ImportMode, ImportState, RowState
from leads.models import ImportRow, ImportRun

REPORTS = ("content", "layout", "header", "notes", "check_report", "report", "undo_report")


class ImportSummary(Answer):
    """An import without its reports: people are named by e-mail."""

    id = serializers.UUIDField(source="public_id")
    file_name = serializers.CharField()
    file_hash = serializers.CharField()
    file_size = serializers.IntegerField()
    mapping = serializers.CharField()
    mode = serializers.ChoiceField(choices=ImportMode.choices, allow_blank=True)
    state = serializers.ChoiceField(choices=ImportState.choices)
    row_count = serializers.IntegerField(allow_null=True)
    done_count = serializers.IntegerField()
    problem = serializers.CharField()
    started_by = serializers.EmailField(source="started_by.email", allow_null=True)
    started_at = InstantField()
    received_at = InstantField(allow_null=True)
    finished_at = InstantField(allow_null=True)
    undone_by = serializers.EmailField(source="undone_by.email", allow_null=True)
    undone_at = InstantField(allow_null=True)
    updated_at = InstantField()


class ImportAnswer(ImportSummary):
    """An import with how its file is written, what its columns mean, and its reports."""

    layout = serializers.DictField()
    header = serializers.ListField(child=serializers.CharField())
    content = serializers.DictField(allow_null=True)
    check_report = serializers.DictField()
    report = serializers.DictField()
    undo_report = serializers.DictField()


class ImportFilters(Filters):
    """Narrow imports; `state` may be given more than once."""

    id = django_filters.UUIDFilter(field_name="public_id")
    file_name = same_text("file_name")
    file_hash = django_filters.CharFilter()
    mapping = django_filters.CharFilter()
    mode = django_filters.ChoiceFilter(choices=ImportMode.choices)
    state = django_filters.MultipleChoiceFilter(choices=ImportState.choices)
    row_count_min = at_least("row_count")
    row_count_max = at_most("row_count")
    started_by = same_text("started_by__email")
    started_since = since("started_at")
    started_before = before("started_at")
    received_since = since("received_at")
    received_before = before("received_at")
    finished_since = since("finished_at")
    finished_before = before("finished_at")
    undone_by = same_text("undone_by__email")
    undone_since = since("undone_at")
    undone_before = before("undone_at")
    updated_since = since("updated_at")
    updated_before = before("updated_at")

    class Meta:
        model = ImportRun
        fields: ClassVar[list[str]] = []


class ImportList(ListView):
    """`/imports/`."""

    required_permissions: ClassVar = {"GET": "leads.view_importrun"}
    answer = ImportSummary
    filters = ImportFilters
    orderings: ClassVar = {
        "started_at": "started_at",
        "finished_at": "finished_at",
        "file_name": "file_name",
        "updated_at": "updated_at",
    }
    search_fields = ("file_name", "mapping")

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[ImportRun]:
        return with_relations(access.operations.imports_visible_to(request.user)).defer(*REPORTS)


class ImportDetail(ItemView):
    """`/imports/{id}/`."""

    required_permissions: ClassVar = {"GET": "leads.view_importrun"}
    answer = ImportAnswer
    found_by: ClassVar = {"run": "public_id"}

    def rows(self, request: Request) -> QuerySet[ImportRun]:
        return with_relations(access.operations.imports_visible_to(request.user))


class ProblemAnswer(Answer):
    """Why a row was refused."""

    column = serializers.CharField()
    reason = serializers.CharField()


class ImportRowAnswer(Answer):
    """A row of which something is to be said: refused, updated, merged, mended, said before.

    `line` is where it begins in the file, from 1; `changes` are old and new value by field.
    """

    line = serializers.IntegerField()
    state = serializers.ChoiceField(choices=RowState.choices)
    values = serializers.ListField(child=serializers.CharField())
    repair = serializers.CharField()
    problems = ProblemAnswer(many=True, allow_null=True)
    changes = serializers.DictField(allow_null=True)


class ImportRowFilters(Filters):
    """Narrow the rows of an import; `state` may be given more than once."""

    state = django_filters.MultipleChoiceFilter(choices=RowState.choices)
    line_min = at_least("line")
    line_max = at_most("line")

    class Meta:
        model = ImportRow
        fields: ClassVar[list[str]] = []


class ImportRowList(ListView):
    """`/imports/{id}/rows/`."""

    required_permissions: ClassVar = {"GET": "leads.view_importrun"}
    answer = ImportRowAnswer
    filters = ImportRowFilters
    orderings: ClassVar = {"line": "line"}
    order = "line"

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[ImportRow]:
        run = get_object_or_404(
            access.operations.imports_visible_to(request.user), public_id=kwargs["run"]
        )
        return ImportRow.objects.filter(run=run)


def with_relations(runs: QuerySet[ImportRun]) -> QuerySet[ImportRun]:
    """Load what an answer reads."""
    return runs.select_related("started_by", "undone_by")
