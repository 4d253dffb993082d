"""Checks against the criteria floor, and batches rejected together: history, read-only."""

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    RelatedDropdownFilter,
)

from crm_handoff.admin.base import ReadOnlyAdmin
from crm_handoff.admin.columns import linked
from crm_handoff.admin.filters import DaysFilter
from crm_handoff.admin.handoffs import BY_HANDOFF, BY_LEAD_HELP, LEAD_TEXTS, OF_HANDOFF
from crm_handoff.admin.links import Related
from routing.models import BulkRejection, FloorCheck


@admin.register(FloorCheck)
class FloorCheckAdmin(ReadOnlyAdmin):
    list_display = ("at", linked("handoff__lead"), "cause", "found")
    list_filter = (BY_HANDOFF, ("cause", ChoicesDropdownFilter), ("at", DaysFilter))
    list_filter_submit = True
    list_select_related = ("handoff__lead",)
    search_fields = LEAD_TEXTS
    search_help_text = BY_LEAD_HELP
    ordering = ("-pk",)
    when_empty = "What each handover misses of the agreed floor appears here."
    related = OF_HANDOFF

    @admin.display(description="misses")
    def found(self, check: FloorCheck) -> str:
        return ", ".join(check.missed) or "nothing"


@admin.register(BulkRejection)
class BulkRejectionAdmin(ReadOnlyAdmin):
    list_display = (
        "at",
        "batch_name",
        linked("definition"),
        "missed_count",
        "handed_over_count",
        "limit_pct",
        linked("reason"),
        "by",
        "page",
    )
    list_filter = (
        ("definition", RelatedDropdownFilter),
        ("batch_kind", ChoicesDropdownFilter),
        ("by", AutocompleteSelectFilter),
    )
    list_filter_submit = True
    list_select_related = ("definition", "reason", "by")
    search_fields = ("batch_name", "comment")
    search_help_text = "Name of the batch, or a word of the comment"
    ordering = ("-pk",)
    when_empty = "Batches of which sales rejected what was below the floor appear here."
    related = (
        Related("routing.rejection", "rejections", by="bulk__id__exact"),
        Related("definitions.definition", "definition", at="definition"),
    )

    @admin.display(description="page")
    def page(self, bulk: BulkRejection) -> SafeString:
        address = reverse("web:bulk_rejection", args=[bulk.public_id])
        return format_html('<a href="{}">Open</a>', address)
