"""Webhook sources and their calls; sources are edited on a page of their own."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from crm_handoff.admin.base import ReadOnlyAdmin
from crm_handoff.clock import database_now
from crm_handoff.integrations import inbound
from crm_handoff.integrations.models import InboundEvent, InboundSource


@admin.register(InboundSource)
class InboundSourceAdmin(ReadOnlyAdmin):
    list_display = ("name", "system", "preset", "scheme", "is_active", "page")
    list_filter = ("preset", "is_active")
    search_fields = ("name", "system")
    ordering = ("name",)
    fields = (
        "name",
        "system",
        "preset",
        "scheme",
        "is_active",
        "mapping",
        "previous_until",
        "created_by",
        "created_at",
        "page",
    )

    @admin.display(description="Its page")
    def page(self, source: InboundSource) -> str:
        address = reverse("web:webhook", args=[source.public_id])
        return format_html('<a href="{}">Mapping and calls</a>', address)


@admin.register(InboundEvent)
class InboundEventAdmin(ReadOnlyAdmin):
    list_display = ("received_at", "source", "event_id", "state", "read_count")
    list_filter = ("state", "source")
    list_select_related = ("source",)
    search_fields = ("event_id",)
    ordering = ("-pk",)
    fields = (
        "source",
        "event_id",
        "received_at",
        "state",
        "problems",
        "results",
        "read_at",
        "read_count",
        "text",
    )
    actions = ("read_again",)

    def has_read_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("integrations.change_inboundsource")

    @admin.display(description="As it came")
    def text(self, event: InboundEvent) -> str:
        return bytes(event.body).decode("utf-8", "replace")

    @admin.action(description="Read quarantined calls again", permissions=["read"])
    def read_again(self, request: HttpRequest, queryset: QuerySet[InboundEvent]) -> None:
        chosen = list(queryset)
        count = inbound.read_again(chosen, at=database_now())
        self.message_user(request, f"{count} calls went in.", messages.SUCCESS)
        if left := len(chosen) - count:
            self.message_user(
                request,
                f"{left} did not: they were read before, or still cannot be.",
                messages.WARNING,
            )
