"""Notes that people wrote about leads."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from crm_handoff.admin.base import ReadOnlyAdmin
from crm_handoff.admin.columns import linked
from crm_handoff.admin.links import Related
from crm_handoff.people import access
from leads.models import Note


@admin.register(Note)
class NoteAdmin(ReadOnlyAdmin):
    list_display = ("at", linked("lead"), "by", "text")
    list_filter = (("lead", AutocompleteSelectFilter), ("by", AutocompleteSelectFilter))
    list_filter_submit = True
    list_select_related = ("lead", "by")
    search_fields = ("lead__email", "lead__first_name", "lead__last_name")
    search_help_text = "Name or e-mail of the lead"
    ordering = ("-pk",)
    when_empty = "Notes appear here as reps and leads of sales write them on a lead's page."
    related = (Related("leads.lead", "lead", at="lead"),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Note]:
        return access.leads.notes_visible_to(request.user)
