"""Rows of a version that ask a fact: criteria, points, the segment; and the levels they grant."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from crm_handoff.admin.asking import FactFirst
from crm_handoff.admin.conditions import ConditionForm, condition_inputs
from crm_handoff.admin.content_rows import ContentRowAdmin, RowForm
from crm_handoff.web.tags import words
from definitions import drafts
from definitions.models import Criterion, Level, ScoreRule, SegmentRule
from definitions.vocabulary import LEVELS, Dimension

SIGNAL = "signal"
EXCLUSION = "exclusion"

LONGEST_KEY = 64

LABEL_HELP = lazy("In people's words, as both sides read it.")
KEY_HELP = lazy(
    "By which other rows name it: letters, digits, - and _. Blank: made from the label. It stays."
)


def places() -> list[tuple[str, Any]]:
    """Return where a criterion can stand: the levels of each dimension, or on its own."""
    levels = [
        (
            words(dimension).capitalize(),
            [
                (f"{dimension}.{level}", f"{words(dimension)} · {words(level)}".capitalize())
                for level in LEVELS[dimension][1:]
            ],
        )
        for dimension in Dimension
    ]
    alone = [
        (SIGNAL, _("No level: a signal that stages, SLA terms and the floor name")),
        (EXCLUSION, _("Do-not-pass list: whoever meets it is not handed over")),
    ]
    return [*levels, (_("On its own"), alone)]


def place_of(row: Criterion) -> str:
    """Return the place of a criterion as `places` names it."""
    if row.level is not None:
        return f"{row.level.dimension}.{row.level.key}"
    return EXCLUSION if row.is_exclusion else SIGNAL


class KeyedForm(RowForm):
    """A row with a key, which is made from its label when nobody types one."""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "key" in self.fields and not cleaned.get("key"):
            cleaned["key"] = slugify(self.named())[:LONGEST_KEY].strip("-").replace("-", "_")
            if not cleaned["key"]:
                self.add_error("key", _("Type a key: letters, digits, - and _."))
        return cleaned

    def named(self) -> str:
        """Return the words from which a key is made."""
        return str(self.cleaned_data.get("label", ""))


def key_field() -> forms.SlugField:
    """Return the input for the key of a new row."""
    return forms.SlugField(
        max_length=LONGEST_KEY,
        required=False,
        label=lazy("Key"),
        widget=UnfoldAdminTextInputWidget,
        help_text=KEY_HELP,
    )


class FactForm(ConditionForm, RowForm):
    """A row that asks a fact."""


class CriterionForm(ConditionForm, KeyedForm):
    key = key_field()
    grants = forms.ChoiceField(
        label=lazy("Helps to grant"), choices=places, widget=UnfoldAdminSelectWidget
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance.pk is not None:
            del self.fields["key"]
            self.initial["grants"] = place_of(self.instance)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        self.instance.is_exclusion = cleaned.get("grants") == EXCLUSION
        return cleaned

    def place(self) -> drafts.Place:
        dimension, _dot, level = self.cleaned_data["grants"].partition(".")
        return (dimension, level) if level else None


class ScoreRuleForm(ConditionForm, KeyedForm):
    key = key_field()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance.pk is not None:
            del self.fields["key"]


class AskingAdmin(FactFirst, ContentRowAdmin):
    """Rows of a version that ask a fact."""

    read_fields: tuple[str, ...] = ("fact", "parameters", "operator", "wanted")
    last_fields: tuple[str, ...] = ()

    def known_to_form(self, request: HttpRequest, obj: Any) -> dict[str, Any]:
        return super().known_to_form(request, obj) | {"fact": self.fact_of(request, obj)}

    def inputs(self, request: HttpRequest, obj: Any) -> list[str]:
        own = super().inputs(request, obj)
        if obj is not None and not self.has_change_permission(request, obj):
            return [*own, *self.read_fields, *self.last_fields]
        fact = self.fact_of(request, obj)
        return [*own, *(condition_inputs(fact) if fact else ()), *self.last_fields]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"grants": request.GET.get("grants", SIGNAL)}


@admin.register(Level)
class LevelAdmin(ContentRowAdmin):
    list_display = ("version", "dimension", "key", "match")
    search_fields = ("dimension", "key")
    form = RowForm
    row_fields = ("match",)
    help_texts = {"match": "All: every criterion must hold. Any: one of them is enough."}

    def has_add_permission(self, request: HttpRequest) -> bool:
        # A level comes with its first criterion.
        return False

    def inputs(self, request: HttpRequest, obj: Any) -> list[str]:
        own = super().inputs(request, obj)
        return own if self.has_change_permission(request, obj) else ["dimension", "key", *own]


@admin.register(Criterion)
class CriterionAdmin(AskingAdmin):
    list_display = ("label", "version", "level", "fact", "operator", "wanted")
    list_select_related = ("version__definition", "level")
    search_fields = ("label", "key", "fact")
    form = CriterionForm
    row_fields = ("label", "grants")
    read_fields = ("level", "is_exclusion", *AskingAdmin.read_fields)
    last_fields = ("key",)
    help_texts = {"label": LABEL_HELP}

    def inputs(self, request: HttpRequest, obj: Any) -> list[str]:
        names = super().inputs(request, obj)
        if obj is not None and self.has_change_permission(request, obj):
            names.remove("key")
        return names


@admin.register(ScoreRule)
class ScoreRuleAdmin(AskingAdmin):
    list_display = ("label", "version", "points", "per", "cap", "half_life_days")
    search_fields = ("label", "key", "fact")
    form = ScoreRuleForm
    row_fields = ("label",)
    last_fields = ("points", "per", "cap", "half_life_days", "key")
    labels = {
        "per": lazy("For each …"),
        "cap": lazy("At most"),
        "half_life_days": lazy("Halves every … days"),
    }
    help_texts = {
        "label": LABEL_HELP,
        "points": "A whole number, not 0; less than 0 takes points away.",
        "per": "A whole number: points for each so many (5 per three opens: 3); blank: once.",
        "cap": "A whole number, with “per”: the most points of this rule.",
        "half_life_days": "Whole days after which the points count half; blank: they do not fade.",
    }

    def inputs(self, request: HttpRequest, obj: Any) -> list[str]:
        names = super().inputs(request, obj)
        if obj is not None and self.has_change_permission(request, obj):
            names.remove("key")
        return names


@admin.register(SegmentRule)
class SegmentRuleAdmin(AskingAdmin):
    list_display = ("version", "fact", "operator", "wanted")
    search_fields = ("fact",)
    form = FactForm
