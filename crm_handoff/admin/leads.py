"""Leads and the history of each: all read-only, since facts come in through intake."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import FieldTextFilter
from unfold.paginator import InfinitePaginator

from crm_handoff.admin.base import ReadOnlyAdmin, ReadOnlyInline
from crm_handoff.people import access
from leads.models import (
    Assertion,
    AttributeChange,
    Evaluation,
    Lead,
    LeadIdentity,
    Opportunity,
    PendingMark,
    StageTransition,
    Touchpoint,
)


class LeadIdentityInline(ReadOnlyInline):
    model = LeadIdentity


class TransitionInline(ReadOnlyInline):
    model = StageTransition
    fields = ("at", "from_stage", "to_stage", "cause", "path", "by", "note")
    joined = ("by",)
    ordering = ("-at", "-pk")


@admin.register(Lead)
class LeadAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "email", "account", "job_title", "stage", "source", "stage_at")
    list_filter = ("stage", "no_longer_meets", "source", ("country", FieldTextFilter))
    list_filter_submit = True
    list_select_related = ("account", "source")
    search_fields = ("email", "first_name", "last_name", "account__name")
    ordering = ("-pk",)
    inlines = (LeadIdentityInline, TransitionInline)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Lead]:
        return access.leads_visible_to(request.user)


@admin.register(LeadIdentity)
class LeadIdentityAdmin(ReadOnlyAdmin):
    list_display = ("system", "external_id", "lead")
    list_filter = ("system",)
    list_select_related = ("lead",)
    search_fields = ("external_id", "lead__email")
    ordering = ("-pk",)


@admin.register(Touchpoint)
class TouchpointAdmin(ReadOnlyAdmin):
    list_display = ("occurred_at", "kind", "lead", "channel", "campaign", "is_verified", "is_bot")
    list_filter = ("kind", ("channel", FieldTextFilter), "is_verified", "is_bot")
    list_filter_submit = True
    paginator = InfinitePaginator
    list_select_related = ("kind", "lead", "campaign")
    search_fields = ("external_id", "lead__email")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Touchpoint]:
        return access.touchpoints_visible_to(request.user)


@admin.register(Opportunity)
class OpportunityAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "lead", "stage", "amount", "currency", "owner", "closed_at")
    list_filter = ("stage", "system")
    list_select_related = ("lead", "owner")
    search_fields = ("name", "external_id", "lead__email")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Opportunity]:
        return access.opportunities_visible_to(request.user)


@admin.register(Evaluation)
class EvaluationAdmin(ReadOnlyAdmin):
    list_display = ("lead", "at", "stage", "path", "points", "fit", "engagement", "intent")
    list_filter = ("stage", "path")
    list_select_related = ("lead",)
    search_fields = ("lead__email",)
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Evaluation]:
        return access.evaluations_visible_to(request.user)


@admin.register(StageTransition)
class StageTransitionAdmin(ReadOnlyAdmin):
    list_display = ("at", "lead", "from_stage", "to_stage", "cause", "path", "by")
    list_filter = ("to_stage", "cause", "path")
    list_select_related = ("lead", "by")
    search_fields = ("lead__email",)
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[StageTransition]:
        return access.transitions_visible_to(request.user)


@admin.register(Assertion)
class AssertionAdmin(ReadOnlyAdmin):
    list_display = ("lead", "what", "value", "asserted_by", "asserted_at", "expires_at")
    list_filter = ("what",)
    list_select_related = ("lead", "asserted_by")
    search_fields = ("lead__email", "evidence")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Assertion]:
        return access.assertions_visible_to(request.user)


@admin.register(AttributeChange)
class AttributeChangeAdmin(ReadOnlyAdmin):
    list_display = ("effective_at", "about", "field", "old", "new", "source")
    list_filter = (("field", FieldTextFilter), ("source", FieldTextFilter))
    list_filter_submit = True
    list_select_related = ("lead", "account", "opportunity__lead")
    search_fields = ("lead__email", "account__name")
    paginator = InfinitePaginator
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[AttributeChange]:
        return access.changes_visible_to(request.user)

    @admin.display(description="about")
    def about(self, change: AttributeChange) -> str:
        return str(change.lead or change.account or change.opportunity)


@admin.register(PendingMark)
class PendingMarkAdmin(ReadOnlyAdmin):
    list_display = ("lead", "marked_at")
    list_select_related = ("lead",)
    search_fields = ("lead__email",)
    ordering = ("pk",)
