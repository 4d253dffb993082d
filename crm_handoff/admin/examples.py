"""Examples by which definitions are tried: read-only, since the definitions' pages edit them."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter

from crm_handoff.admin.base import ReadOnlyAdmin
from crm_handoff.admin.links import Related
from crm_handoff.people import access
from leads.models import Example


@admin.register(Example)
class ExampleAdmin(ReadOnlyAdmin):
    list_display = ("name", "definition", "stage", "is_expected", "is_active", "updated_at")
    list_filter = (
        ("definition", AutocompleteSelectFilter),
        ("stage", ChoicesDropdownFilter),
        "is_expected",
        "is_active",
    )
    list_filter_submit = True
    list_select_related = ("definition",)
    search_fields = ("name", "why", "definition__name")
    search_help_text = "Name, reason, or definition"
    ordering = ("-pk",)
    when_empty = "Examples appear here as people add them on a version's page “Examples”."
    related = (Related("definitions.definition", "definition", at="definition"),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Example]:
        return access.agreements.examples_visible_to(request.user)
