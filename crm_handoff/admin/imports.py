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
from unfold.paginator import InfinitePaginator

from crm_handoff.admin.base import EditableAdmin, ReadOnlyAdmin
from crm_handoff.people import access
from leads import mappings
from leads.models import ImportBatch, ImportChunk, ImportMapping, ImportRow, ImportRun


def _pretty(value: Any) -> SafeString:
    """Show JSON as people read it."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return format_html('<pre style="white-space: pre-wrap">{}</pre>', text)


@admin.register(ImportRun)
class ImportRunAdmin(ReadOnlyAdmin):
    list_display = ("file_name", "state", "mode", "mapping", "row_count", "started_by", "page")
    list_filter = ("state", "mode", "mapping")
    list_select_related = ("started_by",)
    search_fields = ("file_name", "file_hash", "mapping")
    ordering = ("-pk",)
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
        return access.imports_visible_to(request.user)

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
    list_display = ("run", "line", "state", "problems", "repair")
    list_filter = ("state",)
    list_select_related = ("run",)
    search_fields = ("run__file_name",)
    paginator = InfinitePaginator
    ordering = ("-pk",)
    fields = ("run", "line", "state", "values", "problems", "changes", "repair")


@admin.register(ImportBatch)
class ImportBatchAdmin(ReadOnlyAdmin):
    list_display = ("run", "slice")
    list_select_related = ("run",)
    search_fields = ("run__file_name",)
    paginator = InfinitePaginator
    ordering = ("-pk",)


@admin.register(ImportChunk)
class ImportChunkAdmin(ReadOnlyAdmin):
    list_display = ("run", "place")
    list_select_related = ("run",)
    search_fields = ("run__file_name",)
    paginator = InfinitePaginator
    ordering = ("-pk",)
    fields = ("run", "place")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ImportChunk]:
        # The bytes stay in the database.
        chunks: QuerySet[ImportChunk] = super().get_queryset(request)
        return chunks.defer("data")


@admin.register(ImportMapping)
class ImportMappingAdmin(EditableAdmin):
    list_display = ("name", "key", "created_by", "updated_at")
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
