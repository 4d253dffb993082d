"""Reviews of versions in force, and who signed them: read-only."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from crm_handoff.admin.base import ReadOnlyAdmin, ReadOnlyInline
from crm_handoff.admin.columns import labelled
from crm_handoff.admin.links import Related
from crm_handoff.people import access
from definitions.models import DefinitionReview, ReviewSignature

OUTCOME = labelled("outcome", {"confirmed": "success", "revised": "warning"})


class SignatureInline(ReadOnlyInline):
    model = ReviewSignature
    fields = ("side", "outcome", "signer", "signed_at", "comment")
    joined = ("signer",)
    ordering = ("pk",)


@admin.register(DefinitionReview)
class ReviewAdmin(ReadOnlyAdmin):
    list_display = ("opened_at", "version", "due_at", OUTCOME, "closed_at", "next_version")
    list_filter = ("outcome", ("version", AutocompleteSelectFilter))
    list_filter_submit = True
    list_select_related = ("version__definition", "next_version__definition")
    search_fields = ("findings", "version__definition__name")
    search_help_text = "Findings, or definition"
    ordering = ("-pk",)
    when_empty = "Reviews open by themselves when a version has been in force for some time."
    related = (Related("definitions.definitionversion", "version", at="version"),)
    inlines = (SignatureInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[DefinitionReview]:
        return access.agreements.reviews_visible_to(request.user)


@admin.register(ReviewSignature)
class ReviewSignatureAdmin(ReadOnlyAdmin):
    list_display = ("signed_at", "review", "side", OUTCOME, "signer", "comment")
    list_filter = ("side", "outcome", ("signer", AutocompleteSelectFilter))
    list_filter_submit = True
    list_select_related = ("review__version__definition", "signer")
    search_fields = ("comment", "signer__email", "review__version__definition__name")
    search_help_text = "Comment, signer, or definition"
    ordering = ("-pk",)
    when_empty = "Signatures appear here as both sides sign a review on its page."

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReviewSignature]:
        return access.agreements.review_signatures_visible_to(request.user)
