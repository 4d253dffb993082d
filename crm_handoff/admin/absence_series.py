"""Recurring absences and calendars of absences: read here, entered on the pages and by the API."""

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from crm_handoff.admin.base import ReadOnlyAdmin
from crm_handoff.admin.columns import linked
from crm_handoff.admin.links import Related
from crm_handoff.integrations.models import AbsenceFeed
from crm_handoff.web.absences import words_of
from routing.models import AbsenceSeries


@admin.register(AbsenceSeries)
class AbsenceSeriesAdmin(ReadOnlyAdmin):
    list_display = (
        "__str__",
        "when",
        linked("rep"),
        linked("delegate", description="stands in"),
        "starts_on",
        "ends_on",
        "ended_at",
    )
    list_filter = (("rep", AutocompleteSelectFilter),)
    list_filter_submit = True
    list_select_related = ("rep__user", "delegate__user")
    search_fields = ("rep__user__email", "rep__user__full_name", "note")
    search_help_text = "Name or e-mail of the rep, or a word of the note"
    ordering = ("-pk",)
    when_empty = "Reps enter what comes again on their page of absences."
    related = (
        Related("routing.rep", "rep", at="rep"),
        Related("routing.absence", "its days", by="series__id__exact"),
    )
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "rep",
                    "weekdays",
                    "every_weeks",
                    ("begins", "ends", "time_zone"),
                    ("starts_on", "ends_on"),
                    "delegate",
                    "note",
                    "entered_by",
                    ("planned_until", "ended_at"),
                )
            },
        ),
    )

    @admin.display(description="when")
    def when(self, series: AbsenceSeries) -> str:
        return words_of(series)


@admin.register(AbsenceFeed)
class AbsenceFeedAdmin(ReadOnlyAdmin):
    list_display = (
        "__str__",
        linked("rep"),
        "host",
        "is_active",
        "fetched_at",
        "next_fetch_at",
        "problem",
    )
    list_filter = ("is_active",)
    list_select_related = ("rep__user",)
    search_fields = ("rep__user__email", "rep__user__full_name", "host")
    search_help_text = "Name or e-mail of the rep, or the host of the calendar"
    ordering = ("-pk",)
    when_empty = "Reps connect their calendar on their page of absences."
    related = (Related("routing.rep", "rep", at="rep"),)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "rep",
                    "host",
                    "is_out_of_office_only",
                    "is_active",
                    ("fetched_at", "next_fetch_at"),
                    "problem",
                    "left_out",
                    "entered_by",
                )
            },
        ),
    )
