"""Rows of a version that promise or demand: stage rules, SLA terms, questions; and its copies."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelect2MultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from crm_handoff.admin.content_rows import ContentRowAdmin, RowForm
from crm_handoff.admin.criteria import LONGEST_KEY, KeyedForm, key_field
from crm_handoff.admin.fields import ListField
from crm_handoff.admin.links import page_of
from definitions import shapes
from definitions.enums import AttemptKind
from definitions.form import CADENCE_TASK
from definitions.models import (
    DefinitionVersion,
    Question,
    SlaTerm,
    StageRule,
    VersionKind,
    VersionTitleRule,
)
from definitions.validity import MOST_CADENCE_TASKS
from definitions.vocabulary import Dimension
from routing.models import BusinessCalendar

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


class StageRuleForm(RowForm):
    required_criteria = CriteriaField(
        label=lazy("Must be met besides"), help_text=lazy("Criteria that must hold, all of them.")
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["required_criteria"]
        field.offer(self.version, self.instance.required_criteria)


@admin.register(StageRule)
class StageRuleAdmin(ContentRowAdmin):
    list_display = ("stage", "path", "version", "fit", "engagement", "intent", "authority")
    search_fields = ("stage", "path")
    form = StageRuleForm
    row_fields = ("stage", "path", *map(str, Dimension), "min_points", "required_criteria")
    labels = {"min_points": lazy("Least points"), "product": lazy("Product use")}
    help_texts = {
        "path": "Direct skips engagement; account-based asks no personal fit; product-led goes by "
        "use of the product.",
        "min_points": "The least points, a whole number; blank: points do not matter.",
    }


class SlaTermForm(KeyedForm):
    key = key_field()
    respond_within = DurationInput(label=lazy("Respond within"))
    at_latest_within = DurationInput(
        label=lazy("At the latest within"),
        required=False,
        help_text=lazy("Around the clock; the earlier of the two counts. 24 hours, for example."),
    )
    remind_after = DurationInput(
        label=lazy("Remind the owner after"),
        required=False,
        help_text=lazy("From the miss: 5 minutes, for example; blank: no reminder."),
    )
    manager_after = DurationInput(
        label=lazy("Tell the manager after"),
        required=False,
        help_text=lazy("From the miss: 10 minutes, for example; blank: at the miss."),
    )
    escalate_after = DurationInput(
        label=lazy("Escalate after"),
        required=False,
        help_text=lazy(
            "From the miss to the named operator: 15 minutes, for example; blank: never."
        ),
    )
    reassign_after = DurationInput(
        label=lazy("Reassign after"),
        required=False,
        help_text=lazy("From the miss to another rep: 30 minutes, for example; blank: never."),
    )
    when_criteria = CriteriaField(
        label=lazy("Only when met"), help_text=lazy("Criteria that must all hold; none: any.")
    )
    stop_kinds = forms.MultipleChoiceField(
        label=lazy("Kept by"),
        choices=AttemptKind.choices,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=lazy("Ways of contact that keep the promise; none chosen: any."),
    )
    later_warnings = ListField(
        label=lazy("Warn again after … percent"),
        value=forms.IntegerField(min_value=1, max_value=99),
        spelled=int,
        help_text=lazy("Rising, separated by commas: 80, 95. Blank: one warning alone."),
    )
    cadence = CadenceField(
        label=lazy("Cadence"),
        required=False,
        help_text=lazy(
            "Tasks that whoever receives the lead gets, counted in this term's hours from the"
            " assignment. Goes with a first response; an empty row is left out."
        ),
    )
    calendar_key = forms.ChoiceField(
        label=lazy("Calendar"), required=False, widget=UnfoldAdminSelectWidget
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        chosen: Any = self.fields["when_criteria"]
        chosen.offer(self.version, self.instance.when_criteria)
        calendars = BusinessCalendar.objects.order_by("name", "pk").values_list("key", "name")
        known = [("", _("The territory's calendar")), *calendars]
        present = self.instance.calendar_key
        if present and present not in dict(known):
            known.append((present, present))
        calendar: Any = self.fields["calendar_key"]
        calendar.choices = known
        if self.instance.pk is not None:
            del self.fields["key"]


@admin.register(SlaTerm)
class SlaTermAdmin(ContentRowAdmin):
    list_display = ("label", "version", "milestone", "respond_within", "is_business_time")
    search_fields = ("label", "key")
    form = SlaTermForm
    row_fields = (
        "label",
        "milestone",
        "respond_within",
        "counts_from",
        "is_business_time",
        "at_latest_within",
        "when_stage",
        "when_path",
        "when_min_points",
        "when_intent",
        "when_criteria",
        "is_high_intent",
        "stop_kinds",
        "warn_at_pct",
        "later_warnings",
        "remind_after",
        "manager_after",
        "escalate_after",
        "reassign_after",
        "cadence",
        "calendar_key",
        "key",
    )
    labels = {
        "is_business_time": lazy("Business time"),
        "when_stage": lazy("Only at the stage"),
        "when_path": lazy("Only by the path"),
        "when_min_points": lazy("Only from … points"),
        "when_intent": lazy("Only from intent"),
        "counts_from": lazy("Counted from"),
        "is_high_intent": lazy("High intent"),
        "warn_at_pct": lazy("Warn after … percent"),
    }
    typed_once = ("key",)
    help_texts = {
        "when_stage": "Blank: whatever stage was reached.",
        "when_path": "Blank: by whatever path.",
        "when_min_points": "The least points, a whole number; blank: points do not matter.",
        "when_intent": "At least this level of intent; blank: any.",
        "counts_from": "Blank: as usual. A first response and an acceptance count from the "
        "qualification, a second attempt from the first, an opportunity or return from the "
        "acceptance.",
        "is_high_intent": "Shown as high intent, and claimed first.",
        "warn_at_pct": "Percent of the time after which the owner is warned, 1 to 99.",
    }


class QuestionForm(KeyedForm):
    key = key_field()
    answer_within = DurationInput(
        label=lazy("Answer within"), help_text=lazy("Business time: 4 hours, 2 days.")
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance.pk is not None:
            del self.fields["key"]

    def named(self) -> str:
        return str(self.cleaned_data.get("question", ""))


@admin.register(Question)
class QuestionAdmin(ContentRowAdmin):
    list_display = ("question", "version", "side", "answer_within", "valid_days")
    search_fields = ("question", "key")
    form = QuestionForm
    row_fields = ("question", "side", "answer_within", "valid_days", "key")
    labels = {"side": lazy("Asked of"), "valid_days": lazy("Holds for … days")}
    typed_once = ("key",)
    help_texts = {"valid_days": "Days for which an answer counts; then it is asked again."}


class KindForm(RowForm):
    key = forms.SlugField(
        max_length=LONGEST_KEY,
        label=lazy("Key"),
        widget=UnfoldAdminTextInputWidget,
        help_text=lazy("As systems name the kind of touchpoint. It stays."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance.pk is not None:
            del self.fields["key"]

    def clean_key(self) -> str:
        """Write the key as keys are written."""
        return str(slugify(self.cleaned_data["key"])).replace("-", "_")


@admin.register(VersionKind)
class VersionKindAdmin(ContentRowAdmin):
    list_display = ("key", "version", "category", "intent_level", "is_direct_intent")
    search_fields = ("key",)
    ordering = ("-version", "key")
    form = KindForm
    row_fields = ("key", "category", "intent_level", "is_direct_intent", "is_product_use")
    labels = {
        "is_direct_intent": lazy("Direct intent"),
        "is_product_use": lazy("Product use"),
    }
    typed_once = ("key",)
    help_texts = {
        "is_direct_intent": "Asks for sales outright (demo request, booking, RFP …): high intent.",
        "is_product_use": "Is use of the product itself.",
    }


class VersionTitleRuleForm(RowForm):
    unless = ListField(
        label=lazy("Unless"),
        value=forms.CharField(max_length=120),
        help_text=lazy("Not when the title also has one of these, separated by commas."),
    )


@admin.register(VersionTitleRule)
class VersionTitleRuleAdmin(ContentRowAdmin):
    list_display = ("position", "phrase", "version", "language", "authority", "confidence")
    list_display_links = ("phrase",)
    search_fields = ("phrase",)
    form = VersionTitleRuleForm
    row_fields = ("phrase", "unless", "language", "authority", "confidence")
    change_form_outer_before_template = "admin/definitions/ordered.html"
    help_texts = {
        "phrase": "Words that stand next to each other in the title; the first rule that fits "
        "holds.",
        "confidence": "Percent, a whole number from 1 to 100.",
    }

    def after_move(self, row: Any) -> HttpResponse:
        return HttpResponseRedirect(page_of(row))

    def inputs(self, request: HttpRequest, obj: Any) -> list[str]:
        own = super().inputs(request, obj)
        is_read = obj is not None and not self.has_change_permission(request, obj)
        return ["position", *own] if is_read else own
