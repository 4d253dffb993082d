"""The form for what a version says beside its rows."""

from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelect2MultipleWidget,
    UnfoldAdminSelectWidget,
)

from crm_handoff.admin.fields import ZoneField
from crm_handoff.admin.promise_fields import CriteriaField
from crm_handoff.people import roles
from definitions import drafts, versions
from definitions.enums import InFlightPlan
from definitions.vocabulary import FACTS, Path

PEOPLE = ("marketing_operator", "marketing_deputy", "sales_operator", "sales_deputy")

INPUT_OF = {
    "in_flight": "sunset_days",
    "floor": "floor_criteria",
    "limits": "criteria_limit_pct",
    "operators": "marketing_operator",
}
"""Where a problem with a part of the version's own is shown, when the part is no input itself."""


class VersionForm(forms.ModelForm):
    """What a version says beside its rows."""

    day_zone = ZoneField(help_text=lazy("Where days are counted."))
    handover_fields = forms.MultipleChoiceField(
        label=lazy("Handover fields"),
        choices=lambda: [(key, capfirst(_(fact.label))) for key, fact in FACTS.items()],
        required=False,
        widget=UnfoldAdminSelect2MultipleWidget,
        help_text=lazy("Facts that must be known when somebody is handed over."),
    )
    floor_criteria = CriteriaField(
        label=lazy("Criteria floor"),
        help_text=lazy("Below these a handover is missed by marketing; nobody is held back."),
    )
    floor_exempt_paths = forms.MultipleChoiceField(
        label=lazy("Paths without the floor"),
        choices=lambda: [(str(one), capfirst(one.replace("_", "-"))) for one in Path],
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=lazy("By these paths the floor asks nothing of the company."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["change_note"].widget.attrs["rows"] = 4
        floor: Any = self.fields["floor_criteria"]
        floor.offer(self.instance, self.instance.floor_criteria)
        people = roles.people_with("definitions.operator").order_by("full_name", "email")
        offered = [("", _("Nobody yet")), *((person.pk, str(person)) for person in people)]
        for name in PEOPLE:
            chosen: Any = self.fields[name]
            chosen.widget = UnfoldAdminSelectWidget(choices=offered)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("in_flight_plan") != InFlightPlan.SUNSET:
            cleaned["sunset_days"] = None
        elif not cleaned.get("sunset_days"):
            self.add_error("sunset_days", _("Say after how many days the sunset is."))
        return cleaned

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        try:
            drafts.check_version(self.instance)
        except drafts.RowRefused as refusal:
            for problem in refusal.problems:
                part = problem.partition(":")[0].partition(".")[0]
                name = INPUT_OF.get(part, part)
                self.add_error(name if name in self.fields else None, problem)
        except versions.VersionIsFrozen as refusal:
            self.add_error(None, str(refusal))
