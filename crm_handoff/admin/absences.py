"""When reps are away."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.widgets import UnfoldAdminSplitDateTimeWidget

from crm_handoff.admin.base import AdminRequest, ModelAdmin
from crm_handoff.admin.columns import linked
from crm_handoff.admin.links import Related
from crm_handoff.web import deadlines
from routing import absences
from routing.models import Absence

WRITTEN_ELSEWHERE = (
    "A day of a recurring absence, or read from a calendar: change it on the page of all absences."
)


class AbsenceForm(forms.ModelForm):
    begins_at = forms.SplitDateTimeField(label="From", widget=UnfoldAdminSplitDateTimeWidget)
    ends_at = forms.SplitDateTimeField(
        label="Until",
        required=False,
        widget=UnfoldAdminSplitDateTimeWidget,
        help_text="Day and time; blank: until further notice.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.span:
            self.initial["begins_at"] = self.instance.span.lower
            self.initial["ends_at"] = self.instance.span.upper
        if "begins_at" in self.fields:
            zone = timezone.get_current_timezone_name()
            self.fields["begins_at"].help_text = f"Times are in your zone, {zone}."

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name in ("begins_at", "ends_at"):
            said = cleaned.get(name)
            if said and not deadlines.is_in_reach(said, at=timezone.now()):
                self.add_error(name, deadlines.TOO_FAR)
        begins, ends = cleaned.get("begins_at"), cleaned.get("ends_at")
        if begins and ends and ends <= begins:
            self.add_error("ends_at", "The absence ends before it begins.")
        elif begins:
            self.instance.span = DateTimeTZRange(begins, ends)
        if cleaned.get("delegate") and cleaned["delegate"] == cleaned.get("rep"):
            self.add_error("delegate", "Somebody else stands in for a rep.")
        return cleaned

    def _get_validation_exclusions(self) -> set[str]:
        # The two inputs stand for the span, so that an overlap is said before it is refused.
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        return excluded - {"span"} if self.instance.span else excluded


@admin.register(Absence)
class AbsenceAdmin(ModelAdmin):
    list_display = (
        "__str__",
        "begins",
        "ends",
        linked("rep"),
        linked("delegate", description="stands in"),
        "note",
        "entered_by",
    )
    list_filter = (("rep", AutocompleteSelectFilter), ("delegate", AutocompleteSelectFilter))
    list_filter_submit = True
    list_select_related = ("rep__user", "delegate__user", "entered_by")
    search_fields = ("rep__user__email", "rep__user__full_name", "note")
    search_help_text = "Name or e-mail of the rep, or a word of the note"
    ordering = ("-span", "-pk")
    when_empty = "Add when a rep is away: their leads go to who stands in, or to the rotation."
    form = AbsenceForm
    autocomplete_fields = ("rep", "delegate")
    readonly_fields = ("begins", "ends", "entered_by")
    related = (
        Related("routing.rep", "rep", at="rep"),
        Related("routing.rep", "who stands in", at="delegate"),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Absence | None = None) -> Any:
        is_open = self.has_change_permission(request, obj)
        times = ("begins_at", "ends_at") if is_open else ("begins", "ends")
        fields = ("rep", *times, "delegate", "note", "entered_by")
        about = "" if _is_by_itself(obj) else WRITTEN_ELSEWHERE
        return ((None, {"fields": fields, "description": about}),)

    def has_change_permission(self, request: HttpRequest, obj: Absence | None = None) -> bool:
        return _is_by_itself(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Absence | None = None) -> bool:
        return _is_by_itself(obj) and super().has_delete_permission(request, obj)

    def save_model(
        self, request: AdminRequest, obj: Absence, form: forms.ModelForm, change: bool
    ) -> None:
        obj.entered_by = request.user
        absences.settle(obj, at=timezone.now())
        obj.save()

    @admin.display(description="from", ordering="span")
    def begins(self, absence: Absence) -> str:
        return _local(absence.span.lower)

    @admin.display(description="until")
    def ends(self, absence: Absence) -> str:
        return _local(absence.span.upper) if absence.span.upper else "further notice"


def _is_by_itself(absence: Absence | None) -> bool:
    """Say whether nothing else would write an absence again as it was."""
    return absence is None or (absence.series_id is None and not absence.external_id)


def _local(instant: datetime) -> str:
    return date_format(timezone.localtime(instant), "DATETIME_FORMAT")
