"""What people fill in about absences: how long, again and again, by which calendar."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_handoff.web import deadlines
from routing import halves
from routing.models import Absence, AbsenceSeries, Rep
from routing.series import Pattern

WEEKDAYS = (
    (0, gettext_lazy("Mon")),
    (1, gettext_lazy("Tue")),
    (2, gettext_lazy("Wed")),
    (3, gettext_lazy("Thu")),
    (4, gettext_lazy("Fri")),
    (5, gettext_lazy("Sat")),
    (6, gettext_lazy("Sun")),
)

EVERY_WEEKS = (
    (1, gettext_lazy("Every week")),
    (2, gettext_lazy("Every two weeks")),
    (3, gettext_lazy("Every three weeks")),
    (4, gettext_lazy("Every four weeks")),
)

DATE_AND_TIME = "%Y-%m-%dT%H:%M"


@dataclass(frozen=True, slots=True)
class Span:
    """From when until when somebody is away; None: until further notice."""

    begins_at: datetime
    ends_at: datetime | None


def colleagues_of(rep: Rep, *, also: int | None = None) -> QuerySet[Rep]:
    """Return who may stand in for a rep: the active members of the territories that they work.

    also: id of who stands in already, wherever they work.
    """
    worked = rep.memberships.filter(is_active=True).values("territory")
    members = Rep.objects.filter(
        is_active=True,
        user__is_active=True,
        memberships__is_active=True,
        memberships__territory__in=worked,
    )
    offered = Rep.objects.filter(Q(pk__in=members.values("pk")) | Q(pk=also)).exclude(pk=rep.pk)
    return offered.select_related("user").order_by("user__full_name", "pk")


class DelegateForm(forms.Form):
    """A form that asks who stands in for a rep."""

    delegate = forms.ModelChoiceField(Rep.objects.none(), required=False)

    def __init__(self, *args: Any, rep: Rep, **options: Any) -> None:
        super().__init__(*args, **options)
        self.rep = rep
        offered = colleagues_of(rep, also=self.initial.get("delegate"))
        self.fields["delegate"].queryset = offered  # type: ignore[attr-defined]


class WeeklyForm(DelegateForm):
    """On which days a rep is away again and again; wall times of the reader's zone."""

    weekdays = forms.TypedMultipleChoiceField(
        choices=WEEKDAYS, coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )
    every_weeks = forms.TypedChoiceField(
        choices=EVERY_WEEKS, coerce=int, required=False, empty_value=None
    )
    begins = forms.TimeField(required=False)
    ends = forms.TimeField(required=False)
    starts_on = forms.DateField(required=False)
    ends_on = forms.DateField(required=False)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.is_weekly() and not self.errors:
            self._check_days(cleaned, timezone.localdate())
            self._check_times(cleaned)
        return cleaned

    def is_weekly(self) -> bool:
        """Say whether the form is about days that come again."""
        return True

    def pattern(self, *, at: datetime) -> Pattern:
        """Return when it takes place, once the form is valid."""
        said = self.cleaned_data
        return Pattern(
            weekdays=said["weekdays"],
            starts_on=said["starts_on"] or timezone.localdate(at),
            time_zone=timezone.get_current_timezone_name(),
            ends_on=said["ends_on"],
            begins=said["begins"],
            ends=said["ends"],
            every_weeks=said["every_weeks"] or 1,
        )

    def _check_days(self, cleaned: dict[str, Any], today: date) -> None:
        first, last = cleaned.get("starts_on"), cleaned.get("ends_on")
        if not cleaned.get("weekdays"):
            self.add_error("weekdays", _("Choose at least one day of the week."))
        if last and last < (first or today):
            self.add_error("ends_on", _("Say a last day that is not before the first."))
        if any(day and abs(day - today) > deadlines.REACH for day in (first, last)):
            self.add_error("ends_on" if last else "starts_on", deadlines.TOO_FAR)

    def _check_times(self, cleaned: dict[str, Any]) -> None:
        begins, ends = cleaned.get("begins"), cleaned.get("ends")
        if (begins is None) != (ends is None):
            self.add_error("ends", _("Say both times, or none for the whole day."))
        elif begins and ends and ends <= begins:
            self.add_error("ends", _("Say an end that is after the beginning."))


class AwayForm(WeeklyForm):
    """From when until when a rep is away, and who stands in for them."""

    span_kind = forms.ChoiceField(
        choices=[
            ("today", gettext_lazy("The rest of today")),
            ("half", gettext_lazy("Half a day")),
            ("dates", gettext_lazy("Whole days")),
            ("weekly", gettext_lazy("Every week")),
            ("open", gettext_lazy("Until I am back")),
        ],
        initial="today",
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose how long.")},
    )
    day = forms.DateField(required=False)
    part = forms.ChoiceField(
        choices=[
            ("morning", gettext_lazy("Morning")),
            ("afternoon", gettext_lazy("Afternoon")),
        ],
        initial="afternoon",
        required=False,
        widget=forms.RadioSelect,
    )
    first = forms.DateField(required=False)
    last = forms.DateField(required=False)
    half: Span | None = None

    def is_weekly(self) -> bool:
        return self.cleaned_data.get("span_kind") == "weekly"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.errors:
            return cleaned
        today = timezone.localdate()
        if cleaned["span_kind"] == "dates":
            self._check_dates(cleaned.get("first"), cleaned.get("last"), today)
        elif cleaned["span_kind"] == "half":
            self._check_half(cleaned.get("day") or today, cleaned.get("part") or "afternoon")
        return cleaned

    def span(self, *, at: datetime) -> Span:
        """Return from when until when, once the form is valid; what runs already begins now."""
        kind, today = self.cleaned_data["span_kind"], timezone.localdate(at)
        if kind == "open":
            return Span(at, None)
        if kind == "half" and self.half is not None:
            return Span(max(at, self.half.begins_at), self.half.ends_at)
        first, last = today, today
        if kind == "dates":
            first = self.cleaned_data["first"]
            last = self.cleaned_data["last"] or first
        begins_at = max(at, deadlines.midnight(first))
        return Span(begins_at, deadlines.midnight(last + timedelta(days=1)))

    def _check_dates(self, first: date | None, last: date | None, today: date) -> None:
        if first is None:
            self.add_error("first", _("Say on which day you leave."))
        elif first < today:
            self.add_error("first", _("Choose today or a day to come."))
        elif last is not None and last < first:
            self.add_error("last", _("Say on which day you are last away: not before you leave."))
        elif (last or first) - today > deadlines.REACH:
            self.add_error("last", deadlines.TOO_FAR)

    def _check_half(self, day: date, part: str) -> None:
        at = timezone.now()
        if day < timezone.localdate(at):
            self.add_error("day", _("Choose today or a day to come."))
            return
        if day - timezone.localdate(at) > deadlines.REACH:
            self.add_error("day", deadlines.TOO_FAR)
            return
        found = halves.half_of(day, halves.hours_of(self.rep), is_morning=part == "morning")
        if found is None:
            self.add_error("day", _("Nothing is open on that day: choose whole days."))
        elif found.ends_at <= at:
            self.add_error("day", _("That half of the day is over: choose another."))
        else:
            self.half = Span(found.begins_at, found.ends_at)


class ChangeForm(DelegateForm):
    """When an absence is, who stands in, and what is noted; times are the reader's.

    The times of one that comes from a calendar cannot change here.
    """

    begins_at = forms.DateTimeField(
        widget=forms.DateTimeInput({"class": "input", "type": "datetime-local"}, DATE_AND_TIME),
        error_messages={
            "required": gettext_lazy("Say from when."),
            "invalid": gettext_lazy("Write a date and a time."),
        },
    )
    ends_at = forms.DateTimeField(
        required=False,
        widget=forms.DateTimeInput({"class": "input", "type": "datetime-local"}, DATE_AND_TIME),
        error_messages={"invalid": gettext_lazy("Write a date and a time.")},
    )
    note = forms.CharField(required=False, max_length=200)

    def __init__(self, *args: Any, absence: Absence, **options: Any) -> None:
        self.absence = absence
        initial = {
            "begins_at": absence.span.lower,
            "ends_at": absence.span.upper,
            "delegate": absence.delegate_id,
            "note": absence.note,
        }
        super().__init__(*args, rep=absence.rep, initial=initial, **options)
        if absence.external_id:
            self.fields["begins_at"].disabled = self.fields["ends_at"].disabled = True

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        at = timezone.now()
        for name in ("begins_at", "ends_at"):
            if (entered := cleaned.get(name)) and not deadlines.is_in_reach(entered, at=at):
                self.add_error(name, deadlines.TOO_FAR)
        return cleaned

    def said(self) -> dict[str, Any]:
        """Return what was said, once the form is valid; times left alone keep their seconds."""
        said = dict(self.cleaned_data)
        kept = {"begins_at": self.absence.span.lower, "ends_at": self.absence.span.upper}
        said.update({name: was for name, was in kept.items() if name not in self.changed_data})
        return said


class SeriesForm(WeeklyForm):
    """A recurring absence as it is, to be changed."""

    note = forms.CharField(required=False, max_length=200)

    def __init__(self, *args: Any, series: AbsenceSeries, **options: Any) -> None:
        self.series = series
        names = ("weekdays", "every_weeks", "begins", "ends", "starts_on", "ends_on", "note")
        initial = {name: getattr(series, name) for name in names}
        options["initial"] = initial | {"delegate": series.delegate_id}
        super().__init__(*args, rep=series.rep, **options)
        self.fields["every_weeks"].choices = _weeks_with(series.every_weeks)  # type: ignore[attr-defined]

    def pattern(self, *, at: datetime) -> Pattern:
        """Return when it takes place, in the zone that it was entered in."""
        return replace(super().pattern(at=at), time_zone=self.series.time_zone)


class CalendarForm(forms.Form):
    """The address of a calendar that says when a rep is away."""

    address = forms.CharField(
        max_length=2000,
        error_messages={
            "required": gettext_lazy("Paste the address that your calendar publishes."),
            "max_length": gettext_lazy("This address is too long."),
        },
    )
    is_out_of_office_only = forms.BooleanField(required=False)


def _weeks_with(count: int) -> list[tuple[int, Any]]:
    """Return the choices of how often, with one that was entered elsewhere."""
    known: list[tuple[int, Any]] = list(EVERY_WEEKS)
    if count not in dict(known):
        known.append((count, _("Every %(count)s weeks") % {"count": count}))
    return known
