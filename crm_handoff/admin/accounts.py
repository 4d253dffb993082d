"""Companies."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import FieldTextFilter

from crm_handoff.admin.base import EditableAdmin
from crm_handoff.people import access
from leads.models import Account


@admin.register(Account)
class AccountAdmin(EditableAdmin):
    list_display = ("name", "domain", "country", "industry", "employee_count", "is_target")
    list_filter = ("is_target", ("country", FieldTextFilter), ("industry", FieldTextFilter))
    list_filter_submit = True
    search_fields = ("name", "domain")
    ordering = ("-pk",)
    show_full_result_count = False
    autocomplete_fields = ("parent",)
    readonly_fields = (
        "country",
        "region",
        "industry",
        "employee_count",
        "revenue",
        "expected_acv",
        "currency",
        "funding_stage",
        "technologies",
        "created_at",
    )
    fieldsets = (
        (None, {"fields": ("name", "domain", "parent", "is_target")}),
        (
            "Facts, as sources sent them",
            {
                "fields": readonly_fields,
                "description": "Change them where they come from: judgements and history "
                "rely on who said what, and when.",
            },
        ),
    )

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        return access.accounts_visible_to(request.user)
