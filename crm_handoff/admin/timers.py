"""Clocks and their ledgers: read-only."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
)

from crm_handoff.admin.base import ReadOnlyAdmin, ReadOnlyInline
from crm_handoff.admin.columns import flagged, labelled, linked
from crm_handoff.admin.filters import DaysFilter
from crm_handoff.admin.links import Related
from crm_handoff.people import access
from routing.models import SlaEvent, SlaTimer, SlaTimerStep

BY_LEAD_HELP = "Name or e-mail of the lead"
STATE_COLORS = {
    "running": "info",
    "paused": "warning",
    "met": "success",
    "breached": "danger",
    "armed": "info",
    "fired": "warning",
}
OF_TIMER = (Related("routing.slatimer", "clock", at="timer"),)


class StepInline(ReadOnlyInline):
    model = SlaTimerStep
    ordering = ("due_at", "pk")


class EventInline(ReadOnlyInline):
    model = SlaEvent
    fields = ("at", "kind", "by", "detail")
    joined = ("by",)
    ordering = ("at", "pk")


@admin.register(SlaTimer)
class SlaTimerAdmin(ReadOnlyAdmin):
    list_display = (
        "due_at",
        linked("handoff__lead"),
        linked("review_task", description="question"),
        "milestone",
        labelled("state", STATE_COLORS),
        flagged("is_high_intent", "high intent", color="info"),
        "term_key",
        linked("missed_by_rep"),
        "stopped_at",
    )
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ("milestone", ChoicesDropdownFilter),
        ("pause_reason", ChoicesDropdownFilter),
        ("calendar", AutocompleteSelectFilter),
        ("handoff", AutocompleteSelectFilter),
        ("review_task", AutocompleteSelectFilter),
        ("due_at", DaysFilter),
        "is_high_intent",
    )
    list_filter_submit = True
    list_select_related = ("handoff__lead", "review_task", "missed_by_rep__user")
    search_fields = (
        "handoff__lead__email",
        "handoff__lead__first_name",
        "handoff__lead__last_name",
    )
    search_help_text = BY_LEAD_HELP
    ordering = ("-pk",)
    when_empty = (
        "Clocks start here with each handoff, by the terms of its signed version, and with each "
        "question about a lead."
    )
    inlines = (StepInline, EventInline)
    related = (
        Related("routing.handoff", "handoff", at="handoff"),
        Related("routing.reviewtask", "question", at="review_task"),
        Related("routing.businesscalendar", "calendar", at="calendar"),
        Related("routing.slatimerstep", "steps", by="timer__id__exact"),
        Related("routing.slaevent", "events", by="timer__id__exact"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[SlaTimer]:
        return access.handoffs.timers_visible_to(request.user)


@admin.register(SlaTimerStep)
class SlaTimerStepAdmin(ReadOnlyAdmin):
    list_display = (
        "due_at",
        "kind",
        "level",
        labelled("state", STATE_COLORS),
        flagged("is_urgent", "urgent", color="info"),
        linked("timer"),
        "fired_at",
    )
    list_filter = ("state", "kind", ("timer", AutocompleteSelectFilter))
    list_filter_submit = True
    list_select_related = ("timer",)
    search_fields = ("timer__handoff__lead__email",)
    search_help_text = "E-mail of the lead"
    ordering = ("-pk",)
    when_empty = (
        "What is due on each clock appears here: warnings, the breach, and the ladder after it."
    )
    related = OF_TIMER


@admin.register(SlaEvent)
class SlaEventAdmin(ReadOnlyAdmin):
    list_display = ("at", "kind", linked("timer"), "by")
    list_filter = (
        ("kind", ChoicesDropdownFilter),
        ("timer", AutocompleteSelectFilter),
        ("by", AutocompleteSelectFilter),
    )
    list_filter_submit = True
    list_select_related = ("timer", "by")
    search_fields = ("timer__handoff__lead__email",)
    search_help_text = "E-mail of the lead"
    ordering = ("-pk",)
    when_empty = "What happened to each clock appears here, from its start on."
    related = OF_TIMER
