"""What people said about agreements: remarks, workshops, proposed fields, refused signatures."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from crm_handoff.admin.base import ReadOnlyAdmin
from crm_handoff.admin.columns import labelled
from crm_handoff.admin.links import Related
from crm_handoff.people import access
from definitions.models import Proposal, Refusal, Remark, Workshop

VERSION = Related("definitions.definitionversion", "version", at="version")
DEFINITION = Related("definitions.definition", "definition", at="definition")


@admin.register(Remark)
class RemarkAdmin(ReadOnlyAdmin):
    list_display = ("said_at", "said_by", "version", "criterion_key", "text")
    list_filter = (
        ("version", AutocompleteSelectFilter),
        ("said_by", AutocompleteSelectFilter),
    )
    list_filter_submit = True
    list_select_related = ("version__definition", "said_by")
    search_fields = ("text", "criterion_key", "definition__name")
    search_help_text = "Words, key of a criterion, or definition"
    ordering = ("-pk",)
    when_empty = "Remarks appear here as people discuss a version on its pages."
    related = (VERSION, DEFINITION)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Remark]:
        return access.agreements.remarks_visible_to(request.user)


@admin.register(Workshop)
class WorkshopAdmin(ReadOnlyAdmin):
    list_display = ("held_on", "version", "attendees", "decisions", "recorded_by")
    list_filter = (("version", AutocompleteSelectFilter),)
    list_filter_submit = True
    list_select_related = ("version__definition", "recorded_by")
    search_fields = ("attendees", "decisions", "version__definition__name")
    search_help_text = "Who was there, what was decided, or definition"
    ordering = ("-pk",)
    when_empty = "Records of workshops appear here as they are attached to a draft."
    related = (VERSION,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Workshop]:
        return access.agreements.workshops_visible_to(request.user)


@admin.register(Proposal)
class ProposalAdmin(ReadOnlyAdmin):
    list_display = (
        "field",
        labelled("outcome", {"adopted": "success", "declined": "warning"}),
        "definition",
        "proposed_by",
        "proposed_at",
    )
    list_filter = ("outcome", ("definition", AutocompleteSelectFilter))
    list_filter_submit = True
    list_select_related = ("definition", "proposed_by")
    search_fields = ("field", "why", "definition__name")
    search_help_text = "Field, words, or definition"
    ordering = ("-pk",)
    when_empty = "Fields appear here as people propose them on a definition's pages."
    related = (DEFINITION,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Proposal]:
        return access.agreements.proposals_visible_to(request.user)


@admin.register(Refusal)
class RefusalAdmin(ReadOnlyAdmin):
    list_display = ("refused_at", "version", "side", "refused_by", "reason")
    list_filter = (
        "side",
        ("version", AutocompleteSelectFilter),
        ("refused_by", AutocompleteSelectFilter),
    )
    list_filter_submit = True
    list_select_related = ("version__definition", "refused_by")
    search_fields = ("reason", "version__definition__name")
    search_help_text = "Words of the reason, or definition"
    ordering = ("-pk",)
    when_empty = "Refusals appear here when a side does not sign a version in review."
    related = (VERSION,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Refusal]:
        return access.agreements.refusals_visible_to(request.user)
