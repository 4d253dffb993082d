"""Keys of integrations: issued here, shown once, replaced, revoked."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from crm_handoff.admin.base import AdminRequest
from crm_handoff.admin.bulk import Bulk, BulkAdmin, RowRefused
from crm_handoff.admin.filters import DaysFilter
from crm_handoff.admin.steps import Step, StepsAdmin
from crm_handoff.clock import database_now
from crm_handoff.models import ApiKey
from crm_handoff.people import keys
from crm_handoff.people.models import Scope, usual_scopes

OVERLAP = timedelta(days=1)
"""For how long a replaced key works on; the command takes any span."""


class NewKeyForm(forms.ModelForm):
    """A key that is about to be issued: for what, and how often it may call."""

    scopes = forms.MultipleChoiceField(
        choices=Scope,
        initial=usual_scopes,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="What the key may be used for.",
    )


def _rotate(request: AdminRequest, key: ApiKey) -> str:
    issued = keys.rotate(key, by=request.user, at=database_now(), overlap=OVERLAP)
    return _shown(issued.token, f"{key} works for another day.")


def _revoke(request: AdminRequest, key: ApiKey) -> str:
    keys.revoke(key, at=database_now())
    return f"{key} is revoked: calls with it are refused from now on."


def _revoke_one(request: AdminRequest, key: ApiKey) -> str:
    if key.revoked_at is not None:
        raise RowRefused("was revoked before")
    keys.revoke(key, at=database_now())
    return "is revoked"


@admin.register(ApiKey)
class ApiKeyAdmin(BulkAdmin, StepsAdmin):
    list_display = (
        "name",
        "prefix",
        "system",
        "purpose",
        "created_by",
        "expires_at",
        "last_used_at",
        "revoked_at",
    )
    list_select_related = ("created_by",)
    list_filter = (("created_by", AutocompleteSelectFilter), ("expires_at", DaysFilter))
    list_filter_submit = True
    search_fields = ("name", "prefix", "system")
    ordering = ("-pk",)
    form = NewKeyForm
    when_empty = "Issue a key for each system that calls the API."
    help_texts = {
        "rate_per_minute": "Calls a minute, a whole number; further ones are answered with 429.",
        "expires_at": "Day and time in your zone. Blank: until it is revoked.",
    }
    add_fieldsets = (
        (None, {"fields": ("name", "system", "scopes", "rate_per_minute", "expires_at")}),
    )
    fieldsets = (
        (None, {"fields": ("name", "prefix", "system", "purpose", "rate_per_minute")}),
        (
            "Life",
            {"fields": ("created_by", "created_at", "replaces", "expires_at", "last_used_at")},
        ),
        ("End", {"fields": ("revoked_at",)}),
    )
    steps = {
        "rotate": Step(
            "Replace (works on for a day)",
            "crm_handoff.add_apikey",
            lambda key: key.revoked_at is None and not hasattr(key, "replaced_by"),
            _rotate,
        ),
        "revoke": Step(
            "Revoke",
            "crm_handoff.change_apikey",
            lambda key: key.revoked_at is None,
            _revoke,
            is_grave=True,
        ),
    }
    refusals = (keys.KeyNotReplaceable,)
    bulk = {
        "revoke_all": Bulk(
            "Revoke",
            "crm_handoff.change_apikey",
            _revoke_one,
            question="Revoke these keys? Calls with them are refused from then on, for good.",
        ),
    }

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="scopes")
    def purpose(self, key: ApiKey) -> str:
        return ", ".join(key.scopes)

    def save_model(
        self, request: AdminRequest, obj: ApiKey, form: forms.ModelForm, change: bool
    ) -> None:
        """Issue the key and show its clear text, this once."""
        issued = keys.issue(
            obj.name,
            system=obj.system,
            created_by=request.user,
            scopes=obj.scopes,
            rate_per_minute=obj.rate_per_minute,
            expires_at=obj.expires_at,
        )
        obj.pk, obj.prefix = issued.key.pk, issued.key.prefix
        self.message_user(request, _shown(issued.token), messages.WARNING)


def _shown(token: str, more: str = "") -> SafeString:
    return format_html(
        'Copy the key now, it is not shown again: <code class="font-mono select-all">{}</code> {}',
        token,
        more,
    )
