"""Keys of integrations: issued here, shown once, revoked."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.html import format_html

from crm_handoff.admin.base import AdminRequest
from crm_handoff.admin.steps import Step, StepsAdmin
from crm_handoff.clock import database_now
from crm_handoff.models import ApiKey
from crm_handoff.people import keys


def _revoke(request: AdminRequest, key: ApiKey) -> str:
    keys.revoke(key, at=database_now())
    return f"{key} is revoked: calls with it are refused from now on."


@admin.register(ApiKey)
class ApiKeyAdmin(StepsAdmin):
    list_display = (
        "name",
        "prefix",
        "system",
        "created_by",
        "expires_at",
        "last_used_at",
        "revoked_at",
    )
    list_select_related = ("created_by",)
    search_fields = ("name", "prefix", "system")
    ordering = ("-pk",)
    add_fieldsets = ((None, {"fields": ("name", "system", "expires_at")}),)
    fieldsets = (
        (None, {"fields": ("name", "prefix", "system")}),
        ("Life", {"fields": ("created_by", "created_at", "expires_at", "last_used_at")}),
        ("End", {"fields": ("revoked_at",)}),
    )
    steps = {
        "revoke": Step(
            "Revoke",
            "crm_handoff.change_apikey",
            lambda key: key.revoked_at is None,
            _revoke,
            is_grave=True,
        )
    }

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(
        self, request: AdminRequest, obj: ApiKey, form: forms.ModelForm, change: bool
    ) -> None:
        """Issue the key and show its clear text, this once."""
        issued = keys.issue(
            obj.name, system=obj.system, created_by=request.user, expires_at=obj.expires_at
        )
        obj.pk, obj.prefix = issued.key.pk, issued.key.prefix
        self.message_user(
            request,
            format_html(
                "Copy the key now, it is not shown again: "
                '<code class="font-mono select-all">{}</code>',
                issued.token,
            ),
            messages.WARNING,
        )
