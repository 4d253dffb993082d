"""Handoffs, the decisions behind them, and sales' answers: history, read-only."""

from functools import partial
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    RelatedDropdownFilter,
)

from crm_handoff.admin.base import AdminRequest, EditableAdmin, ReadOnlyAdmin, ReadOnlyInline
from crm_handoff.admin.bulk import Bulk, BulkAdmin, RowRefused
from crm_handoff.admin.columns import aged, flagged, labelled, linked
from crm_handoff.admin.filters import DaysFilter
from crm_handoff.admin.links import Related
from crm_handoff.people import access
from crm_handoff.web.decisions import panel_of
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

LEAD_TEXTS = (
    "handoff__lead__email",
    "handoff__lead__first_name",
    "handoff__lead__last_name",
)
BY_LEAD_HELP = "Name or e-mail of the lead"
BY_HANDOFF = ("handoff", AutocompleteSelectFilter)
STATUS_COLORS = {
    "queued": "warning",
    "assigned": "info",
    "accepted": "primary",
    "converted": "success",
    "rejected": "danger",
    "returned": "warning",
    "expired": "danger",
}
OF_HANDOFF = (Related("routing.handoff", "handoff", at="handoff"),)


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
    list_display = (
        "opened_at",
        linked("lead"),
        labelled("status", STATUS_COLORS),
        linked("rep"),
        linked("queue"),
        linked("territory"),
        aged("qualified_at", description="since qualified"),
        flagged("floor_missed", "below floor"),
        "page",
    )
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("rep", AutocompleteSelectFilter),
        ("queue", RelatedDropdownFilter),
        ("territory", RelatedDropdownFilter),
        ("lead", AutocompleteSelectFilter),
        ("evaluation", AutocompleteSelectFilter),
        ("opened_at", DaysFilter),
        "floor_missed",
        "is_over_capacity",
    )
    list_filter_submit = True
    list_select_related = ("lead", "rep__user", "queue", "territory")
    sortable_by = ("opened_at",)
    search_fields = ("lead__email", "lead__first_name", "lead__last_name")
    search_help_text = BY_LEAD_HELP
    ordering = ("-pk",)
    when_empty = "Handoffs open here when leads reach the stage that a definition hands over."
    fieldsets = (
        (None, {"fields": ("lead", "status", ("rep", "queue"), "territory", "calendar")}),
        ("Judged by", {"fields": ("version", "evaluation", "floor_missed", "is_over_capacity")}),
        (
            "When",
            {
                "fields": (
                    ("qualified_at", "opened_at"),
                    "assigned_at",
                    ("first_attempt_at", "first_contact_at"),
                    ("accepted_at", "closed_at"),
                )
            },
        ),
        ("Packet, as it was handed over", {"fields": ("packet",), "classes": ("collapse",)}),
    )
    inlines = (DecisionInline, AttemptInline)
    related = (
        Related("leads.lead", "lead", at="lead"),
        Related("leads.evaluation", "evaluation", at="evaluation"),
        Related("routing.rep", "rep", at="rep"),
        Related("routing.slatimer", "clocks", by="handoff__id__exact"),
        Related("routing.routingdecision", "decisions", by="handoff__id__exact"),
        Related("routing.assignment", "holders", by="handoff__id__exact"),
        Related("routing.floorcheck", "floor checks", by="handoff__id__exact"),
        Related("routing.rejection", "rejections", by="handoff__id__exact"),
        Related("routing.notice", "notices", by="handoff__id__exact"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Handoff]:
        return access.handoffs.visible_to(request.user)

    @admin.display(description="page")
    def page(self, handoff: Handoff) -> SafeString:
        return format_html(
            '<a href="{}">Open</a>', reverse("web:handoff", args=[handoff.public_id])
        )


def _offer(request: AdminRequest, reason: RejectionReason, *, is_active: bool) -> str:
    if reason.is_active == is_active:
        raise RowRefused("was offered before" if is_active else "was not offered any more")
    if not is_active and not _others(reason).exists():
        raise RowRefused("is the last one that reps are offered")
    reason.is_active = is_active
    reason.save(update_fields=["is_active"])
    return "is offered to reps" if is_active else "is offered no more; what used it keeps it"


def _others(reason: RejectionReason) -> QuerySet[RejectionReason]:
    return RejectionReason.objects.filter(is_active=True).exclude(pk=reason.pk)


@admin.register(RejectionReason)
class RejectionReasonAdmin(BulkAdmin, EditableAdmin):
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
    when_empty = "Add the reasons for which reps may reject a lead, or run load_defaults."
    help_texts = {
        "position": "A whole number: reasons are offered in this order, the smallest first.",
        "cool_off": "Days and hours:minutes:seconds of rest before the lead may return, "
        "90 00:00:00 for 90 days. Blank: the lead is disqualified.",
        "min_attempts": "A whole number of attempts that reached nobody and come before; 0: none.",
        "min_attempt_days": "Different days on which they were made, in the handoff's calendar; "
        "0: any.",
    }
    related = (Related("routing.rejection", "rejections", by="reason__id__exact"),)
    bulk = {
        "offer": Bulk(
            "Offer to reps", "routing.change_rejectionreason", partial(_offer, is_active=True)
        ),
        "retire": Bulk(
            "Offer no more",
            "routing.change_rejectionreason",
            partial(_offer, is_active=False),
            question="Offer these reasons to reps no more? What was rejected for them keeps them.",
        ),
    }


@admin.register(RoutingDecision)
class RoutingDecisionAdmin(ReadOnlyAdmin):
    list_display = (
        "at",
        linked("handoff__lead"),
        "rule",
        linked("rep"),
        linked("queue"),
        "why",
    )
    list_filter = (
        BY_HANDOFF,
        ("rep", AutocompleteSelectFilter),
        ("rule", ChoicesDropdownFilter),
    )
    list_filter_submit = True
    list_select_related = ("handoff__lead", "rep__user", "queue")
    search_fields = (*LEAD_TEXTS, "why")
    search_help_text = f"{BY_LEAD_HELP}, or a word of the reason"
    ordering = ("-pk",)
    when_empty = "Why each lead went where it went appears here with the first handoff."
    related = (*OF_HANDOFF, Related("routing.routingplan", "rules", at="plan"))
    fieldsets = (
        (None, {"fields": ("handoff", "at", "rule", ("rep", "queue"), "why", "by")}),
        ("By", {"fields": ("plan", "territory", "schema")}),
        (
            "As it was stored",
            {"fields": ("inputs", "outcomes", "candidates"), "classes": ("collapse",)},
        ),
    )
    change_form_outer_before_template = "admin/routing/decision.html"

    class Media:
        css = {"all": ("admin/definitions.css", "admin/routing.css")}

    def get_queryset(self, request: HttpRequest) -> QuerySet[RoutingDecision]:
        rows: QuerySet[RoutingDecision] = super().get_queryset(request)
        return rows.select_related("rep__user", "queue", "by", "plan", "territory")

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        row = options.get("obj")
        context |= {"panel": panel_of(row) if row is not None else None}
        return super().render_change_form(request, context, *args, **options)


@admin.register(Assignment)
class AssignmentAdmin(ReadOnlyAdmin):
    list_display = (
        "began_at",
        linked("handoff__lead"),
        linked("rep"),
        linked("queue"),
        "ended_at",
    )
    list_filter = (BY_HANDOFF, ("rep", AutocompleteSelectFilter))
    list_filter_submit = True
    list_select_related = ("handoff__lead", "rep__user", "queue")
    search_fields = LEAD_TEXTS
    search_help_text = BY_LEAD_HELP
    ordering = ("-pk",)
    when_empty = "Who held a handoff, and from when to when, appears here."
    related = OF_HANDOFF


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin):
    list_display = ("at", linked("handoff__lead"), "kind", "outcome", "by", "note")
    list_filter = (BY_HANDOFF, ("by", AutocompleteSelectFilter))
    list_filter_submit = True
    list_select_related = ("handoff__lead", "by")
    search_fields = (*LEAD_TEXTS, "note")
    search_help_text = f"{BY_LEAD_HELP}, or a word of the note"
    ordering = ("-pk",)
    when_empty = "Attempts to reach a lead appear here as reps log them."
    related = OF_HANDOFF


@admin.register(Acceptance)
class AcceptanceAdmin(ReadOnlyAdmin):
    list_display = ("at", linked("handoff__lead"), "by")
    list_filter = (BY_HANDOFF, ("by", AutocompleteSelectFilter))
    list_filter_submit = True
    list_select_related = ("handoff__lead", "by")
    search_fields = LEAD_TEXTS
    search_help_text = BY_LEAD_HELP
    ordering = ("-pk",)
    when_empty = "Acceptances appear here as reps accept leads."
    related = OF_HANDOFF


@admin.register(Rejection)
class RejectionAdmin(ReadOnlyAdmin):
    list_display = (
        "at",
        linked("handoff__lead"),
        linked("reason"),
        "comment",
        "criterion_key",
        "is_borne_out",
        "by",
    )
    list_filter = (
        ("reason", RelatedDropdownFilter),
        BY_HANDOFF,
        ("by", AutocompleteSelectFilter),
        ("bulk", AutocompleteSelectFilter),
    )
    list_filter_submit = True
    list_select_related = ("handoff__lead", "reason", "by")
    search_fields = (*LEAD_TEXTS, "comment")
    search_help_text = f"{BY_LEAD_HELP}, or a word of the comment"
    ordering = ("-pk",)
    when_empty = "Rejections appear here, each with its reason and comment."
    related = (*OF_HANDOFF, Related("routing.rejectionreason", "reason", at="reason"))


@admin.register(Reversal)
class ReversalAdmin(ReadOnlyAdmin):
    list_display = ("at", "acceptance", "rejection", "by")
    list_select_related = ("acceptance__by", "rejection__reason", "by")
    search_fields = ("by__email", "by__full_name")
    search_help_text = "Name or e-mail of the person"
    ordering = ("-pk",)
    when_empty = "Answers that were taken back within 30 seconds appear here."


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    list_display = (
        "at",
        "kind",
        linked("recipient"),
        linked("handoff__lead"),
        "read_at",
        "handled_at",
    )
    list_filter = (
        ("kind", ChoicesDropdownFilter),
        ("recipient", AutocompleteSelectFilter),
        BY_HANDOFF,
    )
    list_filter_submit = True
    list_select_related = ("recipient", "handoff__lead")
    search_fields = ("recipient__email", "recipient__full_name")
    search_help_text = "Name or e-mail of the recipient"
    ordering = ("-pk",)
    when_empty = "What people must be told appears here as handoffs open and clocks run."
    related = OF_HANDOFF
