"""What a manager fills in on the team page."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_handoff.web import deadlines, tags
from routing import roster
from routing.models import Rep


class RepField(forms.ModelChoiceField[Rep]):
    """A choice of active reps by their public id, each with the load and what keeps leads away.

    Rows have `absent`, the span of the absence that runs, and `is_out`, out of rotation.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(Rep.objects.none(), to_field_name="public_id", **options)
        self.widget.attrs["class"] = "input"

    def label_from_instance(self, obj: Rep) -> str:
        said: dict[str, Any] = {
            "rep": obj,
            "held": roster.load_of(obj),
            "capacity": obj.capacity,
        }
        absent = getattr(obj, "absent", None)
        if absent is not None and absent.upper is None:
            return _("%(rep)s, %(held)s of %(capacity)s open, away until further notice") % said
        if absent is not None:
            until = tags.over_at(absent.upper)
            words = _("%(rep)s, %(held)s of %(capacity)s open, away until %(until)s")
            return words % (said | {"until": until})
        if getattr(obj, "is_out", False):
            return _("%(rep)s, %(held)s of %(capacity)s open, out of rotation") % said
        return _("%(rep)s, %(held)s of %(capacity)s open") % said


class RepForm(forms.Form):
    """A form whose rep fields offer the reps that the person may see."""

    def __init__(self, *args: Any, reps: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for field in self.fields.values():
            if isinstance(field, RepField):
                field.queryset = reps


class AssignForm(RepForm):
    """Who gets the leads chosen, and why when that is above capacity."""

    rep = RepField(
        label=_("Rep"),
        required=False,
        empty_label=_("Let the routing rules choose"),
        error_messages={"invalid_choice": _("This rep is no longer active. Choose another.")},
    )
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=200,
        help_text=_("Needed when the rep is full: it is kept with the decision."),
        widget=forms.TextInput({"class": "input"}),
    )


class AbsenceForm(RepForm):
    """When a rep is away, and who stands in; times are the reader's."""

    rep = RepField(
        label=_("Rep"),
        empty_label=_("Choose a rep"),
        error_messages={"required": _("Choose who is away.")},
    )
    begins_at = forms.DateTimeField(
        label=_("Away from"),
        widget=forms.DateTimeInput({"class": "input", "type": "datetime-local"}, "%Y-%m-%dT%H:%M"),
        error_messages={"required": _("Say from when."), "invalid": _("Write a date and a time.")},
    )
    ends_at = forms.DateTimeField(
        label=_("Until"),
        required=False,
        help_text=_("Blank: until further notice."),
        widget=forms.DateTimeInput({"class": "input", "type": "datetime-local"}, "%Y-%m-%dT%H:%M"),
        error_messages={"invalid": _("Write a date and a time.")},
    )
    delegate = RepField(
        label=_("Stands in"),
        required=False,
        empty_label=_("Nobody: the rotation goes on without the rep"),
        help_text=_("Receives the untouched leads and what is routed to the rep by name."),
    )
    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=200,
        widget=forms.TextInput({"class": "input"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        at = timezone.now()
        for name in ("begins_at", "ends_at"):
            if (entered := cleaned.get(name)) and not deadlines.is_in_reach(entered, at=at):
                self.add_error(name, deadlines.TOO_FAR)
        return cleaned
