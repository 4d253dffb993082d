"""Leads that may be one person."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.paginator import InfinitePaginator

from crm_handoff.admin.base import ReadOnlyAdmin
from crm_handoff.people import access
from leads.models import Lead, SuspectedDuplicate


@admin.register(SuspectedDuplicate)
class SuspectedDuplicateAdmin(ReadOnlyAdmin):
    list_display = ("reason", "first", "second", "found_at")
    list_select_related = ("lead", "other")
    search_fields = ("reason", "lead__email", "other__email")
    ordering = ("-pk",)
    paginator = InfinitePaginator

    def get_queryset(self, request: HttpRequest) -> QuerySet[SuspectedDuplicate]:
        return access.duplicates_visible_to(request.user)

    @admin.display(description="lead", ordering="lead")
    def first(self, pair: SuspectedDuplicate) -> SafeString:
        return _link(pair.lead)

    @admin.display(description="other lead", ordering="other")
    def second(self, pair: SuspectedDuplicate) -> SafeString:
        return _link(pair.other)


def _link(lead: Lead) -> SafeString:
    url = reverse("admin:leads_lead_change", args=[lead.pk])
    return format_html('<a href="{}">{}</a> {}', url, lead, lead.email)
