"""What reps mean to do next, and the confirmations by checklist: read-only."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from crm_handoff.admin.base import ReadOnlyAdmin
from crm_handoff.people import access
from routing.models import Confirmation, FollowUp


@admin.register(FollowUp)
class FollowUpAdmin(ReadOnlyAdmin):
    when_empty = "Tasks appear here when reps set a next step, or a promised cadence begins."
    list_display = (
        "due_at",
        "handoff",
        "kind",
        "what",
        "cadence_step",
        "created_by",
        "moved_at",
        "done_at",
        "cancelled_at",
    )
    list_filter = ("kind",)
    list_select_related = ("handoff__lead", "created_by")
    search_fields = ("what", "handoff__lead__email")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[FollowUp]:
        return access.handoffs.followups_visible_to(request.user)


@admin.register(Confirmation)
class ConfirmationAdmin(ReadOnlyAdmin):
    when_empty = "Confirmations appear here when reps confirm leads by a checklist."
    list_display = ("at", "handoff", "checklist", "by", "began_at")
    list_filter = ("checklist",)
    list_select_related = ("handoff__lead", "by")
    search_fields = ("handoff__lead__email",)
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Confirmation]:
        return access.handoffs.confirmations_visible_to(request.user)
