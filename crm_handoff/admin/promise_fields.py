"""Inputs for what versions promise and demand: durations, criteria, the tasks of a cadence."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from unfold.widgets import (
    UnfoldAdminSelect2MultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from definitions import shapes
from definitions.enums import AttemptKind
from definitions.form import CADENCE_TASK
from definitions.models import DefinitionVersion
from definitions.validity import MOST_CADENCE_TASKS

LONGEST_TASK = 200
"""Characters of what a task is."""

MORE_TASKS = 3
"""So many rows for tasks that are still to be written."""

DURATION_HELP = lazy("A number and its unit: 15 minutes, 4 hours, 2 days.")


class DurationInput(forms.CharField):
    """A duration as people write it, like `15 minutes`."""

    widget = UnfoldAdminTextInputWidget

    def __init__(self, **options: Any) -> None:
        options.setdefault("help_text", DURATION_HELP)
        super().__init__(**options)

    def clean(self, value: Any) -> timedelta | None:
        typed = " ".join(str(super().clean(value)).split()).lower()
        if not typed:
            return None
        if shapes.duration(typed):
            raise ValidationError(_("Write a number and a unit: 15 minutes, 4 hours or 2 days."))
        return shapes.duration_of(typed)

    def prepare_value(self, value: Any) -> Any:
        return shapes.words_of(value) if isinstance(value, timedelta) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)


class CriteriaField(forms.MultipleChoiceField):
    """Criteria of the version, by their labels; `offer` fills them in."""

    widget = UnfoldAdminSelect2MultipleWidget

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, **options)

    def offer(self, version: DefinitionVersion, chosen: Iterable[str]) -> None:
        """Offer the version's criteria but its exclusions, and what is chosen already."""
        rows = version.criterion_set.filter(is_exclusion=False).order_by("position", "pk")
        known = [(row.key, f"{row.label} ({row.key})") for row in rows]
        lost = sorted(set(chosen) - {key for key, _label in known})
        self.choices = [*known, *((key, _("%s (deleted)") % key) for key in lost)]


class CadenceInput(forms.Widget):
    """A row of inputs for each task of a cadence, and some for more."""

    use_fieldset = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[dict[str, str]]:
        typed = (
            {part: str(data.get(f"{name}-{number}-{part}", "")).strip() for part in CADENCE_TASK}
            for number in range(MOST_CADENCE_TASKS)
        )
        # A way of contact is always chosen: it says nothing by itself.
        return [row for row in typed if row["after"] or row["what"]]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return not any(key.startswith(f"{name}-") for key in data)

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        rows = list(value or [])
        shown = min(len(rows) + MORE_TASKS, MOST_CADENCE_TASKS)
        rows += [{}] * (shown - len(rows))
        inputs = [
            self._inputs(f"{name}-{number}", row, number + 1) for number, row in enumerate(rows)
        ]
        return render_to_string("admin/definitions/cadence.html", {"rows": inputs})

    def id_for_label(self, id_: str) -> str:
        return ""

    def _inputs(self, name: str, row: Mapping[str, str], number: int) -> dict[str, SafeString]:
        labels = {
            "after": _("Time after the assignment of task %(number)s"),
            "kind": _("Way of contact of task %(number)s"),
            "what": _("What task %(number)s is"),
        }
        widgets: dict[str, forms.Widget] = {
            "after": UnfoldAdminTextInputWidget(attrs={"placeholder": _("4 hours")}),
            "kind": UnfoldAdminSelectWidget(choices=AttemptKind.choices),
            "what": UnfoldAdminTextInputWidget(attrs={"maxlength": LONGEST_TASK}),
        }
        return {
            part: widget.render(
                f"{name}-{part}",
                row.get(part),
                {"id": f"id_{name}-{part}", "aria-label": labels[part] % {"number": number}},
            )
            for part, widget in widgets.items()
        }


class CadenceField(forms.Field):
    """The tasks of a cadence, as a version keeps them."""

    widget = CadenceInput

    def clean(self, value: Any) -> list[dict[str, str]]:
        faults: list[ValidationError] = []
        tasks = [
            self._task(row, number=number, faults=faults)
            for number, row in enumerate(value or [], 1)
        ]
        if faults:
            raise ValidationError(faults)
        return tasks

    def has_changed(self, initial: Any, data: Any) -> bool:
        return list(initial or []) != list(data or [])

    def _task(
        self, row: Mapping[str, str], *, number: int, faults: list[ValidationError]
    ) -> dict[str, str]:
        after = " ".join(row["after"].split()).lower()
        if shapes.duration(after):
            sentence = _("Task %(number)s: write a number and a unit, for example 4 hours.")
            faults.append(ValidationError(sentence % {"number": number}))
        else:
            after = shapes.words_of(shapes.duration_of(after))
        if not row["what"]:
            sentence = _("Task %(number)s: say in some words what is to be done.")
            faults.append(ValidationError(sentence % {"number": number}))
        return {"kind": row["kind"], "after": after, "what": row["what"]}
