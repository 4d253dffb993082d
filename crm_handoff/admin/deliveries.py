"""What is owed to the outside and what people want of it, with dead letters to send again."""

from django.contrib import admin

from crm_handoff.admin.base import AdminRequest, ReadOnlyAdmin, ReadOnlyInline
from crm_handoff.admin.bulk import Bulk, BulkAdmin, RowRefused
from crm_handoff.admin.columns import labelled
from crm_handoff.integrations import deliveries
from crm_handoff.integrations.models import (
    Delivery,
    DeliveryAttempt,
    DeliveryNotice,
    NoticePreference,
    QuietHours,
)


class DeliveryNoticeInline(ReadOnlyInline):
    model = DeliveryNotice
    fields = ("notice", "handoff", "told_at")
    readonly_fields = ("notice", "handoff", "told_at")
    ordering = ("pk",)
    show_change_link = False
    joined = ("notice__recipient", "notice__handoff__lead")

    @admin.display(description="about")
    def handoff(self, row: DeliveryNotice) -> str:
        return str(row.notice.handoff or "")

    @admin.display(description="decided")
    def told_at(self, row: DeliveryNotice) -> object:
        return row.notice.at


class DeliveryAttemptInline(ReadOnlyInline):
    model = DeliveryAttempt
    ordering = ("number",)


def _send_again(request: AdminRequest, delivery: Delivery) -> str:
    if not deliveries.replay([delivery.pk]):
        raise RowRefused("is no dead letter")
    return "is in line again"


@admin.register(Delivery)
class DeliveryAdmin(BulkAdmin, ReadOnlyAdmin):
    list_display = (
        "created_at",
        "channel",
        "address",
        labelled("state", {"ready": "info", "done": "success", "dead": "danger"}),
        "attempt_count",
        "next_at",
    )
    list_filter = ("state", "channel")
    search_fields = ("address", "key")
    ordering = ("-pk",)
    inlines = (DeliveryNoticeInline, DeliveryAttemptInline)
    bulk = {
        "send_again": Bulk("Send dead letters again", "integrations.change_delivery", _send_again),
    }
    when_empty = "Each e-mail that the product owes to somebody appears here, with every try."


@admin.register(DeliveryAttempt)
class DeliveryAttemptAdmin(ReadOnlyAdmin):
    list_display = ("started_at", "delivery", "number", "outcome", "detail")
    list_filter = ("outcome",)
    list_select_related = ("delivery",)
    search_fields = ("delivery__address", "delivery__key")
    ordering = ("-pk",)
    when_empty = "Each try to send a message appears here, also one whose answer nobody heard."


@admin.register(NoticePreference)
class NoticePreferenceAdmin(ReadOnlyAdmin):
    list_display = ("person", "kind", "channel", "is_wanted")
    list_filter = ("kind", "is_wanted")
    list_select_related = ("person",)
    search_fields = ("person__email", "person__full_name")
    ordering = ("-pk",)
    when_empty = "What people chose to be told by e-mail appears here once they chose it."


@admin.register(QuietHours)
class QuietHoursAdmin(ReadOnlyAdmin):
    list_display = ("person", "starts", "ends", "lets_high_intent_through")
    list_filter = ("lets_high_intent_through",)
    list_select_related = ("person",)
    search_fields = ("person__email", "person__full_name")
    ordering = ("-pk",)
    when_empty = "When people want no e-mail appears here once they said so."
