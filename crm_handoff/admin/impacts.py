"""Previews of what versions would change: read-only, asked for on the definitions' pages."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter

from crm_handoff.admin.base import ReadOnlyAdmin
from crm_handoff.admin.columns import STAGE_COLORS, aged, labelled, linked
from crm_handoff.admin.links import Related
from crm_handoff.people import access
from leads.models import Impact, ImpactLine

STATES = {"waiting": "info", "running": "primary", "done": "success", "failed": "danger"}


@admin.register(Impact)
class ImpactAdmin(ReadOnlyAdmin):
    list_display = (
        "__str__",
        labelled("state", STATES),
        "judged_count",
        "total_count",
        "with_sales_short_count",
        "asked_by",
        aged("asked_at", description="asked"),
    )
    list_filter = (
        ("version", AutocompleteSelectFilter),
        ("state", ChoicesDropdownFilter),
    )
    list_filter_submit = True
    list_select_related = ("version__definition", "asked_by")
    search_fields = ("version__definition__name", "version__definition__key")
    search_help_text = "Definition"
    ordering = ("-pk",)
    when_empty = "Previews appear here as people ask what a draft would change."
    related = (
        Related("definitions.definitionversion", "version", at="version"),
        Related("leads.impactline", "leads", by="impact__id__exact"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Impact]:
        return access.agreements.impacts_visible_to(request.user)


@admin.register(ImpactLine)
class ImpactLineAdmin(ReadOnlyAdmin):
    list_display = (
        linked("lead"),
        "change",
        labelled("stage_before", STAGE_COLORS),
        labelled("stage_after", STAGE_COLORS),
        "is_handoff",
        linked("version_after"),
    )
    list_filter = (
        ("impact", AutocompleteSelectFilter),
        ("change", ChoicesDropdownFilter),
        ("stage_after", ChoicesDropdownFilter),
        "is_handoff",
    )
    list_filter_submit = True
    list_display_links = None
    list_select_related = ("lead", "version_after__definition")
    search_fields = ("lead__email", "lead__first_name", "lead__last_name")
    search_help_text = "Name or e-mail of the lead"
    ordering = ("-pk",)
    when_empty = "Leads appear here once a preview has found whose standing a draft would change."
    related = (Related("leads.impact", "preview", at="impact"),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ImpactLine]:
        return access.leads.impact_lines_visible_to(request.user)
