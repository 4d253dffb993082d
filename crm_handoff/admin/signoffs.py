"""Signatures under versions, to be read."""

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from crm_handoff.admin.base import ReadOnlyAdmin, ReadOnlyInline
from crm_handoff.admin.links import Related
from definitions.models import SignOff


class SignOffInline(ReadOnlyInline):
    model = SignOff
    fields = ("side", "signer", "signed_at", "review_round", "content_hash", "comment")
    joined = ("signer",)
    ordering = ("-signed_at", "-pk")


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
