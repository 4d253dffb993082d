"""Sources, campaigns, personas and assets."""

from django.contrib import admin
from django.db import models
from unfold.widgets import UnfoldAdminURLInputWidget

from crm_handoff.admin.base import EditableAdmin
from leads.models import Asset, Campaign, Persona, Source


@admin.register(Source)
class SourceAdmin(EditableAdmin):
    list_display = ("name", "key")
    search_fields = ("name", "key")
    ordering = ("name",)
    fixed_fields = ("key",)


@admin.register(Campaign)
class CampaignAdmin(EditableAdmin):
    list_display = ("name", "source", "starts_on", "ends_on", "cost", "currency")
    list_filter = ("source",)
    list_select_related = ("source",)
    search_fields = ("name", "key")
    ordering = ("name",)
    fixed_fields = ("key",)
    autocomplete_fields = ("source",)


@admin.register(Persona)
class PersonaAdmin(EditableAdmin):
    list_display = ("name", "key", "pains")
    search_fields = ("name", "key")
    ordering = ("name",)
    fixed_fields = ("key",)


@admin.register(Asset)
class AssetAdmin(EditableAdmin):
    list_display = ("title", "journey_stage", "persona", "campaign", "has_talking_point")
    list_filter = ("journey_stage", "persona")
    list_select_related = ("persona", "campaign")
    search_fields = ("title", "key")
    formfield_overrides = {
        models.URLField: {"widget": UnfoldAdminURLInputWidget, "assume_scheme": "https"}
    }
    ordering = ("title",)
    fixed_fields = ("key",)
    autocomplete_fields = ("persona", "campaign")

    @admin.display(boolean=True, description="talking point")
    def has_talking_point(self, asset: Asset) -> bool:
        return bool(asset.pain and asset.question and asset.proof)
