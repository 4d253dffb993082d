"""A version's own copies: what kinds of touchpoints mean, and how titles are read."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as lazy
from unfold.widgets import UnfoldAdminTextInputWidget

from crm_handoff.admin.content_rows import ContentRowAdmin, RowForm
from crm_handoff.admin.criteria import LONGEST_KEY
from crm_handoff.admin.fields import ListField
from crm_handoff.admin.links import page_of
from definitions.models import VersionKind, VersionTitleRule


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
