"""Who can receive leads, when, and from which territory."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from crm_handoff.admin.base import (
    EditableAdmin,
    ModelAdmin,
    RowsFormSet,
    TabularInline,
)
from crm_handoff.admin.fields import country_codes, language_codes, words
from routing.models import NamedAccount, Queue, Rep, Territory, TerritoryMembership


class MembershipInline(TabularInline):
    """The memberships that there are; whose they are is text, so that many are one query."""

    model = TerritoryMembership
    formset = RowsFormSet
    extra = 0
    hide_title = True
    ordering = ("pk",)
    verbose_name_plural = "memberships"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[TerritoryMembership]:
        rows: QuerySet[TerritoryMembership] = super().get_queryset(request)
        return rows.select_related("territory", "rep__user")


class NewMembershipInline(TabularInline):
    """Memberships to add."""

    model = TerritoryMembership
    formset = RowsFormSet
    extra = 0
    hide_title = True
    verbose_name_plural = "new memberships"

    def get_queryset(self, request: HttpRequest) -> QuerySet[TerritoryMembership]:
        rows: QuerySet[TerritoryMembership] = super().get_queryset(request)
        return rows.none()


class TerritoriesOfRep(MembershipInline):
    fields = ("territory", "weight", "is_active", "credit")
    readonly_fields = ("territory", "credit")


class NewTerritoryOfRep(NewMembershipInline):
    fields = ("territory", "weight")
    autocomplete_fields = ("territory",)


class RepsOfTerritory(MembershipInline):
    fields = ("rep", "weight", "is_active", "credit")
    readonly_fields = ("rep", "credit")


class NewRepOfTerritory(NewMembershipInline):
    fields = ("rep", "weight")
    autocomplete_fields = ("rep",)


class RepForm(forms.ModelForm):
    languages = language_codes()


class TerritoryForm(forms.ModelForm):
    countries = country_codes()
    regions = words("As sources write them, separated by commas. Blank: any.")
    industries = words("As sources write them, separated by commas. Blank: any.")


@admin.register(Rep)
class RepAdmin(EditableAdmin):
    list_display = ("user", "kind", "spoken", "load", "manager", "is_active")
    list_filter = ("kind", "is_active", "memberships__territory")
    list_select_related = ("user", "manager")
    search_fields = ("user__email", "user__full_name")
    ordering = ("user__email",)
    autocomplete_fields = ("user", "manager")
    readonly_fields = ("open_count", "excess_count")
    form = RepForm
    fixed_fields = ("user",)
    inlines = (TerritoriesOfRep, NewTerritoryOfRep)

    @admin.display(description="languages")
    def spoken(self, rep: Rep) -> str:
        return ", ".join(rep.languages)

    @admin.display(description="open leads", ordering="open_count")
    def load(self, rep: Rep) -> str:
        return f"{rep.open_count + rep.excess_count} of {rep.capacity}"


@admin.register(Territory)
class TerritoryAdmin(EditableAdmin):
    list_display = ("position", "name", "covers", "queue", "calendar", "secondary", "is_active")
    list_display_links = ("name",)
    list_filter = ("is_active", "queue")
    list_select_related = ("queue", "calendar", "secondary__user")
    search_fields = ("name", "key")
    ordering = ("position", "pk")
    autocomplete_fields = ("queue", "calendar", "secondary")
    form = TerritoryForm
    fixed_fields = ("key",)
    fieldsets = (
        (None, {"fields": ("name", "key", "position", "is_active")}),
        (
            "Covers",
            {
                "fields": (
                    "countries",
                    "regions",
                    "industries",
                    ("min_employees", "max_employees"),
                ),
                "description": "All that is filled in must hold. The first territory whose "
                "conditions hold takes the lead.",
            },
        ),
        ("Receives", {"fields": ("language_is_required", "queue", "calendar", "secondary")}),
    )
    inlines = (RepsOfTerritory, NewRepOfTerritory)

    @admin.display(description="covers")
    def covers(self, territory: Territory) -> str:
        parts = [*territory.countries, *territory.regions, *territory.industries]
        return ", ".join(parts) or "everything"


@admin.register(Queue)
class QueueAdmin(EditableAdmin):
    list_display = ("name", "key", "manager", "is_fallback")
    list_select_related = ("manager",)
    search_fields = ("name", "key")
    ordering = ("name",)
    autocomplete_fields = ("manager",)
    fixed_fields = ("key",)


@admin.register(NamedAccount)
class NamedAccountAdmin(ModelAdmin):
    list_display = ("account", "rep")
    list_select_related = ("account", "rep__user")
    search_fields = ("account__name", "rep__user__email")
    ordering = ("-pk",)
    autocomplete_fields = ("account", "rep")


@admin.register(TerritoryMembership)
class TerritoryMembershipAdmin(EditableAdmin):
    list_display = ("territory", "rep", "weight", "credit", "is_active")
    list_filter = ("territory", "is_active")
    list_select_related = ("territory", "rep__user")
    search_fields = ("rep__user__email", "territory__name")
    ordering = ("territory", "pk")
    autocomplete_fields = ("territory", "rep")
    readonly_fields = ("credit",)
    fixed_fields = ("territory", "rep")
