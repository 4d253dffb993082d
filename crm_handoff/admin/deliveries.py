"""What is owed to the outside, with dead letters to send again."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from crm_handoff.admin.base import ReadOnlyAdmin, ReadOnlyInline
from crm_handoff.integrations import deliveries
from crm_handoff.integrations.models import Delivery, DeliveryAttempt


class DeliveryAttemptInline(ReadOnlyInline):
    model = DeliveryAttempt
    ordering = ("number",)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "channel", "address", "state", "attempt_count", "next_at")
    list_filter = ("state", "channel")
    search_fields = ("address", "key")
    ordering = ("-pk",)
    inlines = (DeliveryAttemptInline,)
    actions = ("send_again",)

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("integrations.change_delivery")

    @admin.action(description="Send dead letters again", permissions=["replay"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        chosen = list(queryset.values_list("pk", flat=True))
        count = deliveries.replay(chosen)
        self.message_user(request, f"{count} dead letters are in line again.", messages.SUCCESS)
        if skipped := len(chosen) - count:
            self.message_user(
                request, f"{skipped} were skipped: they are not dead letters.", messages.WARNING
            )


@admin.register(DeliveryAttempt)
class DeliveryAttemptAdmin(ReadOnlyAdmin):
    list_display = ("started_at", "delivery", "number", "outcome", "detail")
    list_filter = ("outcome",)
    list_select_related = ("delivery",)
    search_fields = ("delivery__address", "delivery__key")
    ordering = ("-pk",)
