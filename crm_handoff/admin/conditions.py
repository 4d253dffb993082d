"""Inputs of a condition: those that its fact takes, and no others."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelect2MultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from crm_handoff.admin import offers
from crm_handoff.admin.fields import ListField
from definitions.models import DefinitionVersion
from definitions.vocabulary import (
    BARE_OPERATORS,
    FACTS,
    LIST_OPERATORS,
    OPERATORS_OF,
    Fact,
    FactType,
    Operator,
    Parameter,
)

OPERATORS = {
    Operator.AT_LEAST: lazy("is at least"),
    Operator.AT_MOST: lazy("is at most"),
    Operator.BETWEEN: lazy("is between, both included"),
    Operator.IS: lazy("is"),
    Operator.IS_NOT: lazy("is known, and is not"),
    Operator.ONE_OF: lazy("is one of"),
    Operator.NONE_OF: lazy("is known, and is none of"),
    Operator.ANY_OF: lazy("has any of"),
    Operator.KNOWN: lazy("is known"),
    Operator.UNKNOWN: lazy("is not known"),
}
"""Operators in words; total."""

YES_NO = (("yes", lazy("Yes")), ("no", lazy("No")))

INPUTS: dict[FactType, tuple[str, ...]] = {
    FactType.NUMBER: ("number", "number_to"),
    FactType.FLAG: ("flag",),
    FactType.TEXT: ("choices", "others"),
    FactType.SET: ("choices", "others"),
    FactType.LEVEL: ("rank", "rank_to", "choices"),
    FactType.ANSWER: ("flag", "others"),
}
"""Inputs for what is wanted, by the type of the fact; total."""

FIRST = frozenset({Parameter.DAYS, Parameter.WHAT})
"""Parameters that a question cannot do without; the others narrow it, and come last."""

TWO = frozenset({"number_to", "rank_to"})
"""Inputs that only a range takes."""

LABELS = {
    Parameter.DAYS: lazy("In the last … days"),
    Parameter.KINDS: lazy("Only these kinds"),
    Parameter.CATEGORIES: lazy("Only these categories"),
    Parameter.CHANNELS: lazy("Only on these channels"),
    Parameter.MIN_INTENT: lazy("Only with at least this intent"),
    Parameter.DIRECT_ONLY: lazy("Only direct intent actions"),
    Parameter.VERIFIED_ONLY: lazy("Only verified touchpoints"),
    Parameter.CAMPAIGNS: lazy("Only of these campaigns"),
    Parameter.WHAT: lazy("Answer to"),
}
"""Parameters in words; total."""

HELP = {
    Parameter.DAYS: lazy("A whole number of days, counted back from the moment of judging."),
    Parameter.KINDS: lazy("Kinds of touchpoint as this version means them; none chosen: all."),
    Parameter.CATEGORIES: lazy("None chosen: all."),
    Parameter.CHANNELS: lazy("As systems name them, separated by commas; blank: all."),
    Parameter.DIRECT_ONLY: lazy("Demo request, booking, RFP …: kinds that ask for sales."),
    Parameter.VERIFIED_ONLY: lazy("From a first-party or signed source, matched to the person."),
    Parameter.WHAT: lazy("A question of this version, by its key, or another answer by its key."),
}


def subject_of(fact: Fact) -> str:
    """Return what a fact asks, with the unit of its values."""
    label, unit = _(fact.label), _(fact.unit) if fact.unit else ""
    return f"{label} ({unit})" if unit and unit not in label.lower() else label


class AskingForm(forms.ModelForm):
    """A row with a condition; `fact` is set on the class for one request.

    `version`: whose kinds and questions are offered; None: the catalog's.
    """

    version: DefinitionVersion | None = None
    fact: Fact

    operator = forms.ChoiceField(label=lazy("Condition"), widget=UnfoldAdminSelectWidget)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # Another fact than the stored one starts with blank inputs.
        row = self.instance
        is_same = row.pk is not None and row.fact == self.fact.key
        row.fact = self.fact.key
        self._offer_operators(row.operator if is_same else "")
        wanted = row.wanted if is_same else None
        for name in INPUTS[self.fact.type]:
            self.fields[name] = _wanted_field(name, self.fact, wanted)
        for parameter in self.fact.parameters:
            value = row.parameters.get(parameter) if is_same else None
            self.fields[parameter] = _parameter_field(parameter, self.version, value)

    def clean(self) -> dict[str, Any]:
        """Write the inputs as the row's parameters and wanted value."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        self.instance.parameters = {
            str(name): value
            for name in self.fact.parameters
            if (value := cleaned.get(name)) not in (None, "", [], False)
        }
        if operator := cleaned.get("operator"):
            self.instance.wanted = _wanted(Operator(operator), cleaned)
        return cleaned

    def _offer_operators(self, chosen: str) -> None:
        allowed = [one for one in Operator if one in OPERATORS_OF[self.fact.type]]
        field = self.fields["operator"]
        field.choices = [(str(one), OPERATORS[one]) for one in allowed]  # type: ignore[attr-defined]
        field.initial = chosen or str(allowed[0])
        field.widget.attrs["data-operator"] = ""
        self.initial["operator"] = field.initial


class ConditionForm(AskingForm):
    """A row of a version with a condition; `version` is set on the class as well."""

    version: DefinitionVersion

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.instance.version = self.version


def condition_inputs(fact: Fact) -> list[str]:
    """Return the names of the inputs of a fact's condition, in the order of reading."""
    first = [str(name) for name in fact.parameters if name in FIRST]
    last = [str(name) for name in fact.parameters if name not in FIRST]
    return [*first, "operator", *INPUTS[fact.type], *last]


def _wanted(operator: Operator, cleaned: Mapping[str, Any]) -> Any:
    """Return the wanted value in the fact's type as far as it was typed; None where it was not."""
    if operator in BARE_OPERATORS:
        return None
    if operator is Operator.BETWEEN:
        return [_first(cleaned, "number", "rank"), _first(cleaned, "number_to", "rank_to")]
    several = [*(cleaned.get("choices") or []), *(cleaned.get("others") or [])]
    if operator in LIST_OPERATORS:
        return list(dict.fromkeys(several))
    return _single(cleaned, several)


def _single(cleaned: Mapping[str, Any], several: list[str]) -> Any:
    if cleaned.get("flag"):
        return cleaned["flag"] == "yes"
    typed = _first(cleaned, "number", "rank")
    if typed is not None or not several:
        return typed
    # One value is wanted here, which a list of several is not.
    return several[0] if len(several) == 1 else several


def _first(cleaned: Mapping[str, Any], *names: str) -> Any:
    value = next((cleaned[name] for name in names if cleaned.get(name) not in (None, "")), None)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def _wanted_field(name: str, fact: Fact, wanted: Any) -> forms.Field:
    values = wanted if isinstance(wanted, list) else [] if wanted is None else [wanted]
    field = _bare_field(name, fact, values)
    field.required = False
    field.widget.attrs["data-wanted"] = "two" if name in TWO else name
    return field


def _bare_field(name: str, fact: Fact, values: list[Any]) -> forms.Field:
    if name in ("number", "number_to", "rank", "rank_to"):
        made = _number_field if fact.type is FactType.NUMBER else _level_field
        return made(fact, values, is_second=name in TWO)
    if name == "flag":
        return _flag_field(values)
    return (_choices_field if name == "choices" else _others_field)(fact, values)


def _number_field(fact: Fact, values: list[Any], *, is_second: bool) -> forms.Field:
    unit = capfirst(_(fact.unit)) if fact.unit else ""
    return forms.DecimalField(
        label=_("To") if is_second else _("Value"),
        initial=_at(values, is_second=is_second),
        widget=UnfoldAdminDecimalFieldWidget(attrs={"step": "any"}),
        help_text=_("Only where it is between two values.") if is_second else unit,
    )


def _level_field(fact: Fact, values: list[Any], *, is_second: bool) -> forms.Field:
    return forms.ChoiceField(
        label=_("To") if is_second else _("Level"),
        choices=[("", "-"), *offers.values_of(fact)],
        initial=_at(values, is_second=is_second),
        widget=UnfoldAdminSelectWidget,
        help_text=_("Only where it is between two levels.") if is_second else "",
    )


def _flag_field(values: list[Any]) -> forms.Field:
    known = {True: "yes", False: "no"} if values and isinstance(values[0], bool) else {}
    return forms.ChoiceField(
        label=_("Answer"),
        choices=[("", "-"), *YES_NO],
        initial=known.get(values[0], "") if values else "",
        widget=UnfoldAdminSelectWidget,
    )


def _choices_field(fact: Fact, values: list[Any]) -> forms.Field:
    known = offers.values_of(fact)
    offered = offers.also(known, values) if known else []
    widget: forms.Widget = UnfoldAdminSelect2MultipleWidget()
    if fact.type is FactType.LEVEL:
        widget = UnfoldAdminCheckboxSelectMultipleWidget()
    return forms.MultipleChoiceField(
        label=_("Values"),
        choices=offered,
        initial=[value for value in values if isinstance(value, str)] if offered else [],
        widget=widget if offered else forms.MultipleHiddenInput(),
        help_text=_("Capitals and small letters are taken as equal.")
        if fact.type is not FactType.LEVEL
        else "",
    )


def _others_field(fact: Fact, values: list[Any]) -> forms.Field:
    known = offers.values_of(fact)
    kept = [value for value in values if isinstance(value, str)] if not known else []
    return ListField(
        value=forms.CharField(max_length=200),
        label=_("Other values") if known else _("Values"),
        initial=kept,
        help_text=_("Separated by commas."),
    )


def _parameter_field(parameter: str, version: DefinitionVersion | None, value: Any) -> forms.Field:
    name = Parameter(parameter)
    field = _bare_parameter(name, version, value)
    field.label, field.help_text = LABELS[name], HELP.get(name, "")
    field.required = name in (Parameter.DAYS, Parameter.WHAT)
    field.initial = value
    return field


def _bare_parameter(name: Parameter, version: DefinitionVersion | None, value: Any) -> forms.Field:
    if name is Parameter.DAYS:
        return forms.IntegerField(
            min_value=1, max_value=3650, widget=UnfoldAdminIntegerFieldWidget
        )
    if name in (Parameter.DIRECT_ONLY, Parameter.VERIFIED_ONLY):
        return forms.BooleanField(widget=UnfoldBooleanSwitchWidget)
    if name is Parameter.CHANNELS:
        return ListField(value=forms.CharField(max_length=64))
    return _offering(name, offers.parameters_of(version, name), value)


def _offering(name: Parameter, offered: offers.Choices, value: Any) -> forms.Field:
    if name is Parameter.MIN_INTENT:
        return forms.ChoiceField(
            choices=[("", _("Any")), *offered], widget=UnfoldAdminSelectWidget
        )
    if name is Parameter.WHAT:
        hint = {"placeholder": ", ".join(key for key, _question in offered)}
        return forms.SlugField(max_length=64, widget=UnfoldAdminTextInputWidget(attrs=hint))
    widget: type[forms.Widget] = UnfoldAdminSelect2MultipleWidget
    if name is Parameter.CATEGORIES:
        widget = UnfoldAdminCheckboxSelectMultipleWidget
    return forms.MultipleChoiceField(choices=offers.also(offered, value or []), widget=widget)


def _at(values: list[Any], *, is_second: bool) -> Any:
    place = 1 if is_second else 0
    return values[place] if len(values) > place else None


FACT_SUBJECTS = {
    "account": lazy("The company"),
    "person": lazy("The person"),
    "touchpoints": lazy("What was done"),
    "verdict": lazy("What judging found"),
}
"""Subjects of facts in words; total."""


def facts_by_subject(facts: Mapping[str, Fact] = FACTS) -> list[tuple[str, list[Fact]]]:
    """Return facts under what they speak of, in the order of the vocabulary."""
    groups = [
        (str(title), [fact for fact in facts.values() if fact.subject == subject])
        for subject, title in FACT_SUBJECTS.items()
    ]
    return [(title, found) for title, found in groups if found]
