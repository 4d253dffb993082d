"""Definitions and the shared catalog."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.forms import ModelForm
from django.http import HttpRequest

from crm_handoff.admin.base import EditableAdmin, ModelAdmin
from crm_handoff.admin.fields import ListField
from crm_handoff.admin.links import Related
from definitions.enums import VersionState
from definitions.models import Definition, DefinitionVersion, TitleRule, TouchpointKind
from leads import scopes


@admin.register(Definition)
class DefinitionAdmin(EditableAdmin):
    list_display = ("position", "name", "key", "active_version", "is_catch_all", "updated_at")
    list_display_links = ("name",)
    search_fields = ("name", "key")
    ordering = ("position", "pk")
    when_empty = "Run manage.py load_defaults for the shipped definitions, or add one."
    help_texts = {
        "position": "A whole number: segments are tried in this order, the smallest first.",
    }
    related = (Related("definitions.definitionversion", "versions", by="definition__id__exact"),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Definition]:
        versions = DefinitionVersion.objects.filter(definition=OuterRef("pk"))
        rows: QuerySet[Definition] = super().get_queryset(request)
        active = versions.filter(state=VersionState.ACTIVE).values("number")[:1]
        return rows.annotate(has_versions=Exists(versions), active_number=Subquery(active))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        fields = super().get_readonly_fields(request, obj)
        # The key is in the text that both sides sign.
        return (*fields, "key") if getattr(obj, "has_versions", False) else fields

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and {"position", "is_catch_all"} & {*form.changed_data}:
            marked_count = scopes.mark(scopes.everyone())
            self.message_user(
                request, f"{marked_count} live leads are judged anew, since the order changed."
            )

    @admin.display(description="active version")
    def active_version(self, definition: Definition) -> str:
        number = getattr(definition, "active_number", None)
        return str(number) if number else "none"


@admin.register(TouchpointKind)
class TouchpointKindAdmin(EditableAdmin):
    list_display = ("name", "key", "category", "intent_level", "is_direct_intent")
    list_filter = ("category", "intent_level", "is_direct_intent", "is_product_use")
    search_fields = ("name", "key")
    ordering = ("category", "name")
    fixed_fields = ("key",)
    when_empty = "Run manage.py load_defaults for the shipped kinds, or add one."
    related = (Related("leads.touchpoint", "touchpoints", by="kind__id__exact"),)


class TitleRuleForm(forms.ModelForm):
    unless = ListField(
        value=forms.CharField(max_length=120),
        help_text="Not when the title also has one of these, separated by commas.",
    )


@admin.register(TitleRule)
class TitleRuleAdmin(ModelAdmin):
    list_display = ("position", "phrase", "language", "authority", "confidence")
    list_display_links = ("phrase",)
    list_filter = ("language", "authority")
    search_fields = ("phrase",)
    ordering = ("position",)
    form = TitleRuleForm
    when_empty = "Run manage.py load_defaults for the shipped rules, or add one."
    help_texts = {
        "position": "A whole number: rules are tried in this order, the first that fits holds.",
        "confidence": "Percent, a whole number from 1 to 100.",
    }
