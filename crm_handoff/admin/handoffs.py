"""Handoffs, the decisions behind them, and sales' answers: history, read-only."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from crm_handoff.admin.base import EditableAdmin, ReadOnlyAdmin, ReadOnlyInline
from crm_handoff.people import access
from routing.models import (
    Acceptance,
    Assignment,
    Attempt,
    Handoff,
    Notice,
    Rejection,
    RejectionReason,
    Reversal,
    RoutingDecision,
)


class DecisionInline(ReadOnlyInline):
    model = RoutingDecision
    fields = ("at", "rule", "rep", "queue", "why", "by")
    joined = ("rep__user", "queue", "by")
    ordering = ("-at", "-pk")


class AttemptInline(ReadOnlyInline):
    model = Attempt
    fields = ("at", "kind", "outcome", "by", "note")
    joined = ("by",)
    ordering = ("-at", "-pk")


@admin.register(Handoff)
class HandoffAdmin(ReadOnlyAdmin):
    list_display = ("lead", "status", "rep", "queue", "opened_at", "floor_missed", "page")
    list_filter = ("status", "floor_missed", "is_over_capacity", "territory")
    list_select_related = ("lead", "rep__user", "queue")
    search_fields = ("lead__email", "lead__first_name", "lead__last_name")
    ordering = ("-pk",)
    fieldsets = (
        (None, {"fields": ("lead", "status", ("rep", "queue"), "territory", "calendar")}),
        ("Judged by", {"fields": ("version", "evaluation", "floor_missed", "is_over_capacity")}),
        (
            "When",
            {
                "fields": (
                    ("qualified_at", "opened_at"),
                    ("assigned_at", "first_attempt_at"),
                    ("accepted_at", "closed_at"),
                )
            },
        ),
        ("Packet, as it was handed over", {"fields": ("packet",), "classes": ("collapse",)}),
    )
    inlines = (DecisionInline, AttemptInline)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Handoff]:
        return access.handoffs_visible_to(request.user)

    @admin.display(description="page")
    def page(self, handoff: Handoff) -> SafeString:
        return format_html(
            '<a href="{}">Open</a>', reverse("web:handoff", args=[handoff.public_id])
        )


@admin.register(RejectionReason)
class RejectionReasonAdmin(EditableAdmin):
    list_display = (
        "position",
        "name",
        "category",
        "cool_off",
        "ends_early_on_intent",
        "is_active",
    )
    list_display_links = ("name",)
    list_filter = ("category", "is_active")
    search_fields = ("name", "key")
    ordering = ("position", "pk")
    fixed_fields = ("key",)


@admin.register(RoutingDecision)
class RoutingDecisionAdmin(ReadOnlyAdmin):
    list_display = ("at", "handoff", "rule", "rep", "queue", "why")
    list_filter = ("rule",)
    list_select_related = ("handoff__lead", "rep__user", "queue")
    search_fields = ("handoff__lead__email", "why")
    ordering = ("-pk",)


@admin.register(Assignment)
class AssignmentAdmin(ReadOnlyAdmin):
    list_display = ("handoff", "rep", "queue", "began_at", "ended_at")
    list_select_related = ("handoff__lead", "rep__user", "queue")
    search_fields = ("handoff__lead__email",)
    ordering = ("-pk",)


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin):
    list_display = ("at", "handoff", "kind", "outcome", "by")
    list_filter = ("kind", "outcome")
    list_select_related = ("handoff__lead", "by")
    search_fields = ("handoff__lead__email", "note")
    ordering = ("-pk",)


@admin.register(Acceptance)
class AcceptanceAdmin(ReadOnlyAdmin):
    list_display = ("at", "handoff", "by")
    list_select_related = ("handoff__lead", "by")
    search_fields = ("handoff__lead__email",)
    ordering = ("-pk",)


@admin.register(Rejection)
class RejectionAdmin(ReadOnlyAdmin):
    list_display = ("at", "handoff", "reason", "comment", "by")
    list_filter = ("reason",)
    list_select_related = ("handoff__lead", "reason", "by")
    search_fields = ("handoff__lead__email", "comment")
    ordering = ("-pk",)


@admin.register(Reversal)
class ReversalAdmin(ReadOnlyAdmin):
    list_display = ("at", "acceptance", "rejection", "by")
    list_select_related = ("acceptance__by", "rejection__reason", "by")
    search_fields = ("by__email",)
    ordering = ("-pk",)


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    list_display = ("at", "kind", "recipient", "handoff", "read_at", "handled_at")
    list_filter = ("kind",)
    list_select_related = ("recipient", "handoff__lead")
    search_fields = ("recipient__email", "key")
    ordering = ("-pk",)
