"""Versions of definitions: read, submitted, signed and activated here; drafted from a file."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import admin
from django.contrib.auth import authenticate
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    RelatedDropdownFilter,
)

from crm_handoff import pipeline
from crm_handoff.admin.base import AdminRequest, ReadOnly, ReadOnlyAdmin, ReadOnlyInline
from crm_handoff.admin.columns import labelled
from crm_handoff.admin.links import Related
from crm_handoff.admin.steps import Step, StepsAdmin
from crm_handoff.clock import database_now
from definitions import versions
from definitions.enums import Side, VersionState
from definitions.models import (
    Criterion,
    DefinitionVersion,
    Level,
    ScoreRule,
    SegmentRule,
    SignOff,
    SlaTerm,
    StageRule,
    VersionKind,
    VersionTitleRule,
)


class WrongPassword(Exception):
    """A signature needs the signer's own password again."""


REFUSALS = (
    WrongPassword,
    versions.ContentInvalid,
    versions.SideAlreadySigned,
    versions.SignerMayNotSign,
    versions.VersionIsFrozen,
    versions.VersionNotActive,
    versions.VersionNotInReview,
    versions.VersionNotSigned,
    versions.VersionNotYetEffective,
)
"""What an operation may answer; shown to the person in its own words."""


def _submit(request: AdminRequest, version: DefinitionVersion) -> str:
    versions.submit(version, by=request.user, at=database_now())
    return f"{version} is in review: both sides can sign it now."


def _withdraw(request: AdminRequest, version: DefinitionVersion) -> str:
    versions.withdraw(version, by=request.user)
    return f"{version} is a draft again; its signatures no longer count."


def _sign(request: AdminRequest, version: DefinitionVersion, *, side: Side) -> str:
    _check_password(request)
    comment = request.POST.get("comment", "")
    versions.sign(version, side=side, by=request.user, at=database_now(), comment=comment)
    return f"You signed {version} for {side.label.lower()}."


def _check_password(request: AdminRequest) -> None:
    # By way of the sign-in backends, so that guesses count towards the same pause.
    password = request.POST.get("password", "")
    signer = authenticate(request, username=request.user.get_username(), password=password)
    if signer != request.user:
        raise WrongPassword("That is not your password; nothing was signed.")


def _activate(request: AdminRequest, version: DefinitionVersion) -> str:
    pipeline.put_in_force(version, by=request.user, at=database_now())
    return f"{version} is in force."


def _retire(request: AdminRequest, version: DefinitionVersion) -> str:
    versions.retire(version, by=request.user, at=database_now())
    return f"{version} is no longer in force."


STATE_COLORS = {
    "draft": "warning",
    "in_review": "info",
    "signed": "primary",
    "active": "success",
}
CHANGE = "definitions.change_definitionversion"


def _in(*states: VersionState) -> Callable[[DefinitionVersion], bool]:
    return lambda version: version.state in states


STEPS = {
    "submit": Step("Submit for review", CHANGE, _in(VersionState.DRAFT), _submit),
    "sign-marketing": Step(
        "Sign for marketing",
        "definitions.sign_marketing",
        _in(VersionState.IN_REVIEW),
        partial(_sign, side=Side.MARKETING),
        asks_password=True,
    ),
    "sign-sales": Step(
        "Sign for sales",
        "definitions.sign_sales",
        _in(VersionState.IN_REVIEW),
        partial(_sign, side=Side.SALES),
        asks_password=True,
    ),
    "activate": Step("Activate", CHANGE, _in(VersionState.SIGNED), _activate),
    "withdraw": Step(
        "Withdraw to draft",
        CHANGE,
        _in(VersionState.IN_REVIEW, VersionState.SIGNED),
        _withdraw,
        is_grave=True,
    ),
    "retire": Step("Retire", CHANGE, _in(VersionState.ACTIVE), _retire, is_grave=True),
}
"""The buttons of a version's page, in the order of its life."""


def _line(value: Any) -> str:
    """Return a JSON value as people write it."""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


class CriterionInline(ReadOnlyInline):
    model = Criterion
    fields = ("label", "level", "fact", "of", "operator", "value", "key")
    readonly_fields = ("of", "value")
    joined = ("level",)
    ordering = ("position", "pk")

    @admin.display(description="parameters")
    def of(self, criterion: Criterion) -> str:
        return "; ".join(f"{key}: {_line(part)}" for key, part in criterion.parameters.items())

    @admin.display(description="wanted")
    def value(self, criterion: Criterion) -> str:
        return _line(criterion.wanted)


class StageRuleInline(ReadOnlyInline):
    model = StageRule
    fields = (
        "stage",
        "path",
        "fit",
        "engagement",
        "intent",
        "authority",
        "product",
        "min_points",
        "required_criteria",
    )
    ordering = ("position", "pk")


class ScoreRuleInline(ReadOnlyInline):
    model = ScoreRule
    fields = ("label", "points", "per", "cap", "half_life_days", "key")
    ordering = ("position", "pk")


class SlaTermInline(ReadOnlyInline):
    model = SlaTerm
    fields = (
        "label",
        "milestone",
        "respond_within",
        "is_business_time",
        "at_latest_within",
        "stop_kinds",
        "when_criteria",
    )
    ordering = ("position", "pk")


class SignOffInline(ReadOnlyInline):
    model = SignOff
    fields = ("side", "signer", "signed_at", "review_round", "content_hash", "comment")
    joined = ("signer",)
    ordering = ("-signed_at", "-pk")


@admin.register(DefinitionVersion)
class DefinitionVersionAdmin(ReadOnly, StepsAdmin):
    list_display = (
        "__str__",
        labelled("state", STATE_COLORS),
        "process",
        "handoff_stage",
        "change_note",
        "author",
        "submitted_at",
        "activated_at",
    )
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ("process", ChoicesDropdownFilter),
        ("definition", RelatedDropdownFilter),
    )
    list_filter_submit = True
    list_select_related = ("definition", "author")
    search_fields = ("definition__name", "definition__key", "change_note")
    ordering = ("definition", "-number")
    inlines = (
        StageRuleInline,
        CriterionInline,
        ScoreRuleInline,
        SlaTermInline,
        SignOffInline,
    )
    when_empty = "Load a definition's file as a draft, and its first version appears here."
    related = (
        Related("definitions.definition", "definition", at="definition"),
        Related("definitions.criterion", "criteria", by="version__id__exact"),
        Related("definitions.scorerule", "points", by="version__id__exact"),
        Related("definitions.slaterm", "SLA terms", by="version__id__exact"),
        Related("definitions.versiontitlerule", "title rules", by="version__id__exact"),
        Related("leads.evaluation", "evaluations", by="version__id__exact"),
    )
    steps = STEPS
    refusals = REFUSALS
    fieldsets = (
        (None, {"fields": ("definition", "number", "state", "process", "handoff_stage")}),
        ("Change", {"fields": ("change_note", "effective_at", "in_flight_plan", "sunset_days")}),
        (
            "Agreement",
            {
                "fields": (
                    ("marketing_operator", "marketing_deputy"),
                    ("sales_operator", "sales_deputy"),
                    ("criteria_limit_pct", "response_limit_pct"),
                    "checklist",
                    "handover_fields",
                    "floor_criteria",
                    "floor_exempt_paths",
                    "day_zone",
                )
            },
        ),
        ("Signed text", {"fields": ("content_hash", "text"), "classes": ("collapse",)}),
        (
            "History",
            {"fields": ("author", "created_at", "submitted_at", "activated_at", "retired_at")},
        ),
    )

    @admin.display(description="text")
    def text(self, version: DefinitionVersion) -> SafeString:
        return format_html(
            '<pre style="white-space: pre-wrap">{}</pre>', versions.canonical_text(version)
        )


class ContentRowAdmin(ReadOnlyAdmin):
    """Rows of a version's content; a version is written as a file and loaded as a draft."""

    list_filter = (("version", AutocompleteSelectFilter),)
    list_filter_submit = True
    when_empty = "The content of versions appears here, once a draft is loaded."
    related = (Related("definitions.definitionversion", "version", at="version"),)
    list_select_related: tuple[str, ...] = ("version__definition",)
    ordering: tuple[str, ...] = ("-version", "position", "pk")


@admin.register(Level)
class LevelAdmin(ContentRowAdmin):
    list_display = ("version", "dimension", "key", "match")
    search_fields = ("dimension", "key")


@admin.register(Criterion)
class CriterionAdmin(ContentRowAdmin):
    list_display = ("label", "version", "level", "fact", "operator", "wanted")
    list_select_related = ("version__definition", "level")
    search_fields = ("label", "key", "fact")


@admin.register(ScoreRule)
class ScoreRuleAdmin(ContentRowAdmin):
    list_display = ("label", "version", "points", "per", "cap", "half_life_days")
    search_fields = ("label", "key", "fact")


@admin.register(StageRule)
class StageRuleAdmin(ContentRowAdmin):
    list_display = ("stage", "path", "version", "fit", "engagement", "intent", "authority")
    search_fields = ("stage", "path")


@admin.register(SegmentRule)
class SegmentRuleAdmin(ContentRowAdmin):
    list_display = ("version", "fact", "operator", "wanted")
    search_fields = ("fact",)


@admin.register(SlaTerm)
class SlaTermAdmin(ContentRowAdmin):
    list_display = ("label", "version", "milestone", "respond_within", "is_business_time")
    search_fields = ("label", "key")


@admin.register(VersionKind)
class VersionKindAdmin(ContentRowAdmin):
    list_display = ("key", "version", "category", "intent_level", "is_direct_intent")
    search_fields = ("key",)
    ordering = ("-version", "key")


@admin.register(VersionTitleRule)
class VersionTitleRuleAdmin(ContentRowAdmin):
    list_display = ("position", "phrase", "version", "language", "authority", "confidence")
    search_fields = ("phrase",)


@admin.register(SignOff)
class SignOffAdmin(ReadOnlyAdmin):
    list_display = ("version", "side", "signer", "signed_at", "review_round")
    list_filter = (
        "side",
        ("version", AutocompleteSelectFilter),
        ("signer", AutocompleteSelectFilter),
    )
    list_filter_submit = True
    list_select_related = ("version__definition", "signer")
    search_fields = ("version__definition__name", "signer__email", "signer__full_name")
    search_help_text = "Definition, or name or e-mail of who signed"
    ordering = ("-pk",)
    when_empty = "Signatures appear here as both sides sign a version in review."
    related = (Related("definitions.definitionversion", "version", at="version"),)
