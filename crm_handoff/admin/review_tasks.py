"""Questions about leads, asked and answered: read-only, since pages ask and people answer."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter

from crm_handoff.admin.base import ReadOnlyAdmin
from crm_handoff.admin.columns import labelled, linked
from crm_handoff.admin.links import Related
from crm_handoff.people import access
from routing.models import ReviewTask

STATE_COLORS = {"open": "info", "answered": "success"}


@admin.register(ReviewTask)
class ReviewTaskAdmin(ReadOnlyAdmin):
    when_empty = (
        "Questions appear here when a lead waits for nothing but what only a person can judge."
    )
    list_display = (
        "opened_at",
        "question",
        linked("lead"),
        labelled("state", STATE_COLORS),
        "owner",
        "answered_by",
        "closed_at",
    )
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ("version", AutocompleteSelectFilter),
        ("owner", AutocompleteSelectFilter),
    )
    list_filter_submit = True
    list_select_related = ("lead", "owner", "answered_by")
    search_fields = ("question", "key", "lead__email", "lead__first_name", "lead__last_name")
    search_help_text = "Question, or name or e-mail of the lead"
    ordering = ("-pk",)
    related = (
        Related("leads.lead", "lead", at="lead"),
        Related("routing.slatimer", "clock", by="review_task__id__exact"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReviewTask]:
        return access.leads.questions_visible_to(request.user)
