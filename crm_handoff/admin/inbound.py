"""Webhook sources and their calls; sources are edited on a page of their own."""

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import (
    ChoicesDropdownFilter,
    RelatedDropdownFilter,
)

from crm_handoff.admin.base import AdminRequest, ReadOnlyAdmin
from crm_handoff.admin.bulk import Bulk, BulkAdmin, RowRefused
from crm_handoff.admin.columns import labelled, linked
from crm_handoff.admin.filters import DaysFilter
from crm_handoff.admin.links import Related
from crm_handoff.clock import database_now
from crm_handoff.integrations import inbound
from crm_handoff.integrations.models import InboundEvent, InboundSource


@admin.register(InboundSource)
class InboundSourceAdmin(ReadOnlyAdmin):
    list_display = ("name", "system", "preset", "scheme", "is_active", "page")
    list_filter = ("preset", "is_active")
    search_fields = ("name", "system")
    ordering = ("name",)
    when_empty = "Webhook sources are added under Webhooks, and appear here."
    related = (Related("integrations.inboundevent", "calls", by="source__id__exact"),)
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


def _read_again(request: AdminRequest, event: InboundEvent) -> str:
    if event.state != InboundEvent.State.QUARANTINED:
        raise RowRefused("was read before")
    if not inbound.read_again([event], at=database_now()):
        event.refresh_from_db(fields=["problems"])
        raise RowRefused(f"still cannot be read: {'; '.join(map(str, event.problems))}")
    return "went in"


@admin.register(InboundEvent)
class InboundEventAdmin(BulkAdmin, ReadOnlyAdmin):
    list_display = (
        "received_at",
        linked("source"),
        "event_id",
        labelled("state", {"processed": "success", "quarantined": "danger"}),
        "read_count",
    )
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ("source", RelatedDropdownFilter),
        ("received_at", DaysFilter),
    )
    list_filter_submit = True
    list_select_related = ("source",)
    search_fields = ("event_id", "source__name")
    search_help_text = "Id of the call, or its source"
    ordering = ("-pk",)
    when_empty = "Calls appear here as webhook sources send them."
    related = (Related("integrations.inboundsource", "source", at="source"),)
    bulk = {
        "read_again": Bulk(
            "Read quarantined calls again", "integrations.change_inboundsource", _read_again
        ),
    }
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

    @admin.display(description="As it came")
    def text(self, event: InboundEvent) -> str:
        return bytes(event.body).decode("utf-8", "replace")
