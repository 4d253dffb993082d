"""Working time."""

from functools import lru_cache
from typing import Any

import holidays
from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import ngettext
from unfold.widgets import UnfoldAdminSelect2Widget

from crm_handoff.admin.base import EditableAdmin, RowsFormSet, TabularInline
from crm_handoff.admin.fields import ZoneField
from crm_handoff.admin.links import Related
from routing import recounting
from routing.models import BusinessCalendar, CalendarClosure, CalendarWindow


@lru_cache(maxsize=1)
def _subdivisions() -> dict[str, list[str]]:
    return dict(sorted(holidays.list_supported_countries().items()))


class CalendarForm(forms.ModelForm):
    time_zone = ZoneField(help_text="Opening hours and holidays are counted in this zone.")
    holiday_country = forms.ChoiceField(
        choices=lambda: [("", "No public holidays"), *((code, code) for code in _subdivisions())],
        widget=UnfoldAdminSelect2Widget,
        required=False,
        help_text="ISO 3166-1 alpha-2.",
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        part = cleaned.get("holiday_subdivision", "")
        known = _subdivisions().get(cleaned.get("holiday_country", ""), [])
        if part and part not in known:
            self.add_error(
                "holiday_subdivision",
                f"Choose one of {', '.join(known)}." if known else "Nothing is known below it.",
            )
        return cleaned


class WindowInline(TabularInline):
    model = CalendarWindow
    formset = RowsFormSet
    extra = 0
    hide_title = True
    per_page = 50
    ordering = ("weekday", "opens")
    help_texts = {
        "opens": "Time of day in the calendar's zone.",
        "closes": "Time of day in the calendar's zone; 00:00 is the end of the day.",
    }


class ClosureInline(TabularInline):
    model = CalendarClosure
    formset = RowsFormSet
    extra = 0
    hide_title = True
    per_page = 50
    ordering = ("-on",)
    help_texts = {
        "on": "Day, in the calendar's zone.",
        "opens": "Time of day in the calendar's zone. Blank: all day.",
        "closes": "Time of day in the calendar's zone. Blank: all day.",
    }


@admin.register(BusinessCalendar)
class BusinessCalendarAdmin(EditableAdmin):
    list_display = (
        "name",
        "key",
        "time_zone",
        "holiday_country",
        "holiday_subdivision",
        "is_counted",
    )
    search_fields = ("name", "key")
    ordering = ("name",)
    form = CalendarForm
    fixed_fields = ("key",)
    when_empty = "Add the hours in which business time runs; load_defaults makes a first one."
    related = (
        Related("routing.territory", "territories", by="calendar__id__exact"),
        Related("routing.slatimer", "clocks", by="calendar__id__exact"),
    )
    inlines = (WindowInline, ClosureInline)

    @admin.display(description="clocks follow its hours", boolean=True)
    def is_counted(self, calendar: BusinessCalendar) -> bool:
        """Say whether the running clocks were counted anew since the last edit."""
        return calendar.recomputed_at >= calendar.changed_at

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save windows and closures, and say how many clocks follow the new hours."""
        super().save_related(request, form, formsets, change)
        calendar = BusinessCalendar.objects.get(pk=form.instance.pk)
        count = recounting.to_recount(calendar).count()
        if count:
            said = ngettext(
                "%(count)s running clock will be counted anew.",
                "%(count)s running clocks will be counted anew.",
                count,
            )
            self.message_user(request, said % {"count": count})
