"""Imports and what they left behind; they are run on the product's own pages."""

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
)

from crm_handoff.admin.base import EditableAdmin, ReadOnlyAdmin
from crm_handoff.admin.columns import linked
from crm_handoff.admin.filters import DaysFilter
from crm_handoff.admin.links import Related
from crm_handoff.people import access
from leads import mappings
from leads.models import ImportBatch, ImportChunk, ImportMapping, ImportRow, ImportRun


def _pretty(value: Any) -> SafeString:
    """Show JSON as people read it."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return format_html('<pre style="white-space: pre-wrap">{}</pre>', text)


@admin.register(ImportRun)
class ImportRunAdmin(ReadOnlyAdmin):
    list_display = (
        "file_name",
        "state",
        "mode",
        "mapping",
        "row_count",
        "done_count",
        linked("started_by"),
        "received_at",
        "page",
    )
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ("mode", ChoicesDropdownFilter),
        ("started_by", AutocompleteSelectFilter),
        ("received_at", DaysFilter),
    )
    list_filter_submit = True
    list_select_related = ("started_by",)
    search_fields = ("file_name", "file_hash", "mapping")
    search_help_text = "File, its hash, or mapping"
    ordering = ("-pk",)
    when_empty = "Imports appear here when files are uploaded under Imports, or sent to the API."
    related = (Related("leads.importrow", "rows", by="run__id__exact"),)
    fieldsets = (
        (None, {"fields": ("file_name", "state", "mode", "mapping", "page", "problem")}),
        ("File", {"fields": ("file_size", "file_hash", "layout", "header", "notes")}),
        (
            "Rows",
            {
                "fields": (
                    ("row_count", "done_count"),
                    "check_report_text",
                    "report_text",
                    "undo_report_text",
                )
            },
        ),
        (
            "Who and when",
            {
                "fields": (
                    ("started_by", "started_at"),
                    ("received_at", "finished_at", "cancel_at"),
                    ("undone_by", "undone_at"),
                )
            },
        ),
        ("Description", {"fields": ("content_text",), "classes": ("collapse",)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[ImportRun]:
        return access.operations.imports_visible_to(request.user)

    @admin.display(description="import")
    def page(self, run: ImportRun) -> SafeString:
        address = reverse("web:import", args=[run.public_id])
        return format_html('<a href="{}">Open</a>', address)

    @admin.display(description="description")
    def content_text(self, run: ImportRun) -> SafeString:
        return _pretty(run.content)

    @admin.display(description="check")
    def check_report_text(self, run: ImportRun) -> SafeString:
        return _pretty(run.check_report)

    @admin.display(description="report")
    def report_text(self, run: ImportRun) -> SafeString:
        return _pretty(run.report)

    @admin.display(description="undo")
    def undo_report_text(self, run: ImportRun) -> SafeString:
        return _pretty(run.undo_report)


@admin.register(ImportRow)
class ImportRowAdmin(ReadOnlyAdmin):
    list_display = ("line", linked("run"), "state", "problems", "repair")
    list_filter = (("run", AutocompleteSelectFilter), ("state", ChoicesDropdownFilter))
    list_filter_submit = True
    list_select_related = ("run",)
    search_fields = ("run__file_name",)
    search_help_text = "File"
    ordering = ("-pk",)
    when_empty = "Rows of files appear here while an import is checked, until it is done."
    related = (Related("leads.importrun", "import", at="run"),)
    fields = ("run", "line", "state", "values", "problems", "changes", "repair")


@admin.register(ImportBatch)
class ImportBatchAdmin(ReadOnlyAdmin):
    list_display = ("slice", linked("run"))
    list_filter = (("run", AutocompleteSelectFilter),)
    list_filter_submit = True
    list_select_related = ("run",)
    search_fields = ("run__file_name",)
    search_help_text = "File"
    when_empty = "What each part of an import made appears here, so that it can be taken back."
    related = (Related("leads.importrun", "import", at="run"),)
    ordering = ("-pk",)


@admin.register(ImportChunk)
class ImportChunkAdmin(ReadOnlyAdmin):
    list_display = ("place", linked("run"))
    list_filter = (("run", AutocompleteSelectFilter),)
    list_filter_submit = True
    list_select_related = ("run",)
    search_fields = ("run__file_name",)
    search_help_text = "File"
    when_empty = "The bytes of uploaded files are kept here until their imports are done."
    related = (Related("leads.importrun", "import", at="run"),)
    ordering = ("-pk",)
    fields = ("run", "place")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ImportChunk]:
        # The bytes stay in the database.
        chunks: QuerySet[ImportChunk] = super().get_queryset(request)
        return chunks.defer("data")


@admin.register(ImportMapping)
class ImportMappingAdmin(EditableAdmin):
    when_empty = "Save how a file is read when you import it, and it appears here."
    list_display = ("name", "key", linked("created_by"), "updated_at")
    list_select_related = ("created_by",)
    search_fields = ("name", "key")
    ordering = ("name",)
    fields = ("name", "key", "content_text", "created_by", "created_at", "updated_at")
    readonly_fields = ("key", "content_text", "created_by", "created_at", "updated_at")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Mappings are made by describing a file, where they can be tried at once.
        return False

    def save_model(
        self, request: HttpRequest, obj: ImportMapping, form: ModelForm, change: bool
    ) -> None:
        mappings.save(obj.content, key=obj.key, name=obj.name, by=None)

    @admin.display(description="content")
    def content_text(self, mapping: ImportMapping) -> SafeString:
        return _pretty(mapping.content)
