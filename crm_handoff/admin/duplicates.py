"""Leads that may be one person."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from crm_handoff.admin.base import ReadOnlyAdmin
from crm_handoff.admin.links import Related, page_of
from crm_handoff.people import access
from leads.models import Lead, SuspectedDuplicate


@admin.register(SuspectedDuplicate)
class SuspectedDuplicateAdmin(ReadOnlyAdmin):
    list_display = ("reason", "first", "second", "found_at")
    list_filter = (("lead", AutocompleteSelectFilter), ("other", AutocompleteSelectFilter))
    list_filter_submit = True
    list_select_related = ("lead", "other")
    search_fields = (
        "lead__email",
        "lead__first_name",
        "lead__last_name",
        "other__email",
        "other__first_name",
        "other__last_name",
    )
    search_help_text = "Name or e-mail of either lead"
    ordering = ("-pk",)
    when_empty = "Pairs of leads that may be one person appear here when facts of both arrive."
    related = (
        Related("leads.lead", "lead", at="lead"),
        Related("leads.lead", "other lead", at="other"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[SuspectedDuplicate]:
        return access.leads.duplicates_visible_to(request.user)

    @admin.display(description="lead", ordering="lead")
    def first(self, pair: SuspectedDuplicate) -> SafeString:
        return _link(pair.lead)

    @admin.display(description="other lead", ordering="other")
    def second(self, pair: SuspectedDuplicate) -> SafeString:
        return _link(pair.other)


def _link(lead: Lead) -> SafeString:
    return format_html('<a href="{}">{}</a> {}', page_of(lead), lead, lead.email)
