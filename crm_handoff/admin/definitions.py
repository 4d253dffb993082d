"""Definitions and the shared catalog."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest

from crm_handoff.admin.base import EditableAdmin, ModelAdmin
from crm_handoff.admin.fields import ListField
from definitions.models import Definition, DefinitionVersion, TitleRule, TouchpointKind


@admin.register(Definition)
class DefinitionAdmin(EditableAdmin):
    list_display = ("position", "name", "key", "is_catch_all")
    list_display_links = ("name",)
    search_fields = ("name", "key")
    ordering = ("position", "pk")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Definition]:
        versions = DefinitionVersion.objects.filter(definition=OuterRef("pk"))
        rows: QuerySet[Definition] = super().get_queryset(request)
        return rows.annotate(has_versions=Exists(versions))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        fields = super().get_readonly_fields(request, obj)
        # The key is in the text that both sides sign.
        return (*fields, "key") if obj and obj.has_versions else fields


@admin.register(TouchpointKind)
class TouchpointKindAdmin(EditableAdmin):
    list_display = ("name", "key", "category", "intent_level", "is_direct_intent")
    list_filter = ("category", "intent_level", "is_direct_intent", "is_product_use")
    search_fields = ("name", "key")
    ordering = ("category", "name")
    fixed_fields = ("key",)


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
