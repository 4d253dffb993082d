"""Rows of a version that promise or demand: stage rules, SLA terms, questions."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminSelectWidget

from crm_handoff.admin.content_rows import ContentRowAdmin, RowForm
from crm_handoff.admin.criteria import KeyedForm, key_field
from crm_handoff.admin.fields import ListField
from crm_handoff.admin.promise_fields import CadenceField, CriteriaField, DurationInput
from definitions.enums import AttemptKind
from definitions.models import Question, SlaTerm, StageRule
from definitions.vocabulary import Dimension
from routing.models import BusinessCalendar


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
