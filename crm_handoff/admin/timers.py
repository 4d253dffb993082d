"""Clocks and their ledgers: read-only."""

from django.contrib import admin

from crm_handoff.admin.base import ReadOnlyAdmin, ReadOnlyInline
from routing.models import SlaEvent, SlaTimer, SlaTimerStep


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
    list_display = ("due_at", "handoff", "milestone", "term_key", "state", "stopped_at")
    list_filter = ("state", "milestone", "term_key")
    list_select_related = ("handoff__lead",)
    search_fields = ("handoff__lead__email",)
    ordering = ("-pk",)
    inlines = (StepInline, EventInline)


@admin.register(SlaTimerStep)
class SlaTimerStepAdmin(ReadOnlyAdmin):
    list_display = ("due_at", "kind", "state", "timer", "fired_at")
    list_filter = ("state", "kind")
    list_select_related = ("timer",)
    search_fields = ("timer__handoff__lead__email",)
    ordering = ("-pk",)


@admin.register(SlaEvent)
class SlaEventAdmin(ReadOnlyAdmin):
    list_display = ("at", "kind", "timer", "by")
    list_filter = ("kind",)
    list_select_related = ("timer", "by")
    search_fields = ("timer__handoff__lead__email",)
    ordering = ("-pk",)
