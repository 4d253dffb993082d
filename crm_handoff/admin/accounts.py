"""Companies."""

from functools import partial
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter, FieldTextFilter

from crm_handoff.admin.base import AdminRequest, EditableAdmin
from crm_handoff.admin.bulk import Bulk, BulkAdmin, RowRefused
from crm_handoff.admin.columns import aged, flagged, linked
from crm_handoff.admin.links import Related
from crm_handoff.clock import database_now
from crm_handoff.people import access
from leads import accounts
from leads.companies import AccountFacts
from leads.models import Account

CHANGED = aged("updated_at", description="changed", is_sortable=True)
OWN_SYSTEM = "crm_handoff"
"""What the history of attributes names for a fact that was entered here."""


def _mark(request: AdminRequest, account: Account, *, is_target: bool) -> str:
    if account.is_target == is_target:
        raise RowRefused("was marked so before" if is_target else "was no target account")
    facts = AccountFacts(is_target=is_target)
    accounts.revise(account, facts, received_at=database_now(), system=OWN_SYSTEM)
    return "is a target account now" if is_target else "is no target account any more"


@admin.register(Account)
class AccountAdmin(BulkAdmin, EditableAdmin):
    list_display = (
        "name",
        "domain",
        "country",
        "industry",
        "employee_count",
        "tier",
        flagged("is_target", "target", color="primary"),
        "owner",
        linked("parent"),
        CHANGED,
    )
    list_filter = (
        "is_target",
        ("parent", AutocompleteSelectFilter),
        ("country", FieldTextFilter),
        ("industry", FieldTextFilter),
        ("tier", FieldTextFilter),
    )
    list_filter_submit = True
    list_select_related = ("parent", "named_assignment__rep__user")
    sortable_by = ("name", CHANGED)
    search_fields = ("name", "domain")
    search_help_text = "Name or domain"
    ordering = ("-pk",)
    when_empty = "Companies appear here with the first lead or fact about each."
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
        "tier",
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
    related = (
        Related("leads.lead", "leads", by="account__id__exact"),
        Related("leads.opportunity", "opportunities", by="account__id__exact"),
        Related("leads.account", "parent", at="parent"),
        Related("leads.account", "subsidiaries", by="parent__id__exact"),
        Related("routing.namedaccount", "named for a rep", by="account__id__exact"),
        Related("leads.attributechange", "attribute history", by="account__id__exact"),
    )
    bulk = {
        "mark_target": Bulk(
            "Mark as target accounts",
            "leads.change_account",
            partial(_mark, is_target=True),
            question="Mark these as target accounts? Their leads are judged again.",
        ),
        "unmark_target": Bulk(
            "No longer target accounts",
            "leads.change_account",
            partial(_mark, is_target=False),
            question="Take the mark of a target account from these? "
            "Their leads are judged again; none loses its stage.",
        ),
    }

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        return access.leads.accounts_visible_to(request.user)

    def save_model(
        self, request: HttpRequest, obj: Account, form: ModelForm, change: bool
    ) -> None:
        """Save what was typed; the mark of a target goes the way of facts, into the history."""
        if "is_target" in form.changed_data:
            facts = AccountFacts(is_target=form.cleaned_data["is_target"])
            account = Account.objects.get(pk=obj.pk)
            accounts.revise(account, facts, received_at=database_now(), system=OWN_SYSTEM)
        super().save_model(request, obj, form, change)

    @admin.display(description="named for")
    def owner(self, account: Account) -> str:
        named = getattr(account, "named_assignment", None)
        return str(named.rep) if named else "-"
