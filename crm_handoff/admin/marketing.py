"""Sources, campaigns, personas and assets."""

from django.contrib import admin
from django.db import models
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    RangeDateFilter,
    RelatedDropdownFilter,
)
from unfold.widgets import UnfoldAdminURLInputWidget

from crm_handoff.admin.base import EditableAdmin
from crm_handoff.admin.columns import linked
from crm_handoff.admin.links import Related
from leads.models import Asset, Campaign, Persona, Source


@admin.register(Source)
class SourceAdmin(EditableAdmin):
    list_display = ("name", "key")
    search_fields = ("name", "key")
    ordering = ("name",)
    fixed_fields = ("key",)
    when_empty = "Sources appear here with the first facts that name one; or add them."
    related = (
        Related("leads.campaign", "campaigns", by="source__id__exact"),
        Related("leads.lead", "leads", by="source__id__exact"),
    )


@admin.register(Campaign)
class CampaignAdmin(EditableAdmin):
    list_display = ("name", linked("source"), "starts_on", "ends_on", "cost", "currency")
    list_filter = (("source", RelatedDropdownFilter), ("starts_on", RangeDateFilter))
    list_filter_submit = True
    list_select_related = ("source",)
    search_fields = ("name", "key")
    ordering = ("name",)
    fixed_fields = ("key",)
    autocomplete_fields = ("source",)
    when_empty = "Campaigns appear here with the first touchpoints that name one; or add them."
    help_texts = {
        "starts_on": "Day, in the organization's time zone. Blank: not known.",
        "ends_on": "Last day, in the organization's time zone. Blank: still running.",
        "cost": "All that was spent, in the currency beside it, two decimals.",
    }
    related = (
        Related("leads.lead", "leads", by="campaign__id__exact"),
        Related("leads.touchpoint", "touchpoints", by="campaign__id__exact"),
        Related("leads.asset", "assets", by="campaign__id__exact"),
    )


@admin.register(Persona)
class PersonaAdmin(EditableAdmin):
    list_display = ("name", "key", "pains")
    search_fields = ("name", "key")
    ordering = ("name",)
    fixed_fields = ("key",)
    when_empty = "Add the kinds of buyers that assets are written for."
    related = (
        Related("leads.asset", "assets", by="persona__id__exact"),
        Related("leads.lead", "leads", by="persona__id__exact"),
    )


@admin.register(Asset)
class AssetAdmin(EditableAdmin):
    list_display = (
        "title",
        "journey_stage",
        linked("persona"),
        linked("campaign"),
        "has_talking_point",
        "updated_at",
    )
    list_filter = (
        "journey_stage",
        ("persona", RelatedDropdownFilter),
        ("campaign", AutocompleteSelectFilter),
    )
    list_filter_submit = True
    list_select_related = ("persona", "campaign")
    search_fields = ("title", "key")
    formfield_overrides = {
        models.URLField: {"widget": UnfoldAdminURLInputWidget, "assume_scheme": "https"}
    }
    ordering = ("title",)
    fixed_fields = ("key",)
    autocomplete_fields = ("persona", "campaign")
    when_empty = "Assets appear here with the first touchpoints that name one; or add them."
    related = (Related("leads.touchpoint", "touchpoints", by="asset__id__exact"),)

    @admin.display(boolean=True, description="talking point")
    def has_talking_point(self, asset: Asset) -> bool:
        return bool(asset.pain and asset.question and asset.proof)
