"""Who can receive leads, when, and from which territory."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RelatedDropdownFilter

from crm_handoff.admin.base import (
    AdminRequest,
    EditableAdmin,
    ModelAdmin,
    RowsFormSet,
    TabularInline,
)
from crm_handoff.admin.bulk import Bulk, BulkAdmin, RowRefused
from crm_handoff.admin.columns import linked
from crm_handoff.admin.fields import country_codes, language_codes, words
from crm_handoff.admin.links import Related
from routing import rotation
from routing.cases import TURN
from routing.defaults import OWNER_WITHIN
from routing.models import NamedAccount, Queue, Rep, Territory, TerritoryMembership

WEIGHT_HELP = "A whole number from 1: a rep of weight 2 receives twice as many leads as one of 1."
SIZE_HELP = "People at the company, a whole number. Blank: any."
LIMIT_HELP = (
    "Open leads of this territory, a whole number, at which the rep is skipped. Blank: only the "
    "rep's own limit."
)
WORDS_HELP = "As sources write them, separated by commas. Blank: any."


class MembershipInline(TabularInline):
    """The memberships that there are; whose they are is text, so that many are one query."""

    model = TerritoryMembership
    formset = RowsFormSet
    extra = 0
    hide_title = True
    ordering = ("pk",)
    per_page = 50
    verbose_name_plural = "memberships"
    help_texts = {"weight": WEIGHT_HELP, "capacity": LIMIT_HELP}

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[TerritoryMembership]:
        rows: QuerySet[TerritoryMembership] = super().get_queryset(request)
        return rows.select_related("territory", "rep__user")


@admin.display(description="turns owed", ordering="credit")
def turns_owed(member: TerritoryMembership) -> str:
    """Say how many turns the rotation owes a member; below zero: had more than their share."""
    return f"{member.credit / TURN:.2f}"


class NewMembers(RowsFormSet):
    """Memberships to add; whoever joins starts as far in the rotation as the others are."""

    def save_new(self, form: Any, commit: bool = True) -> Any:
        made = super().save_new(form, commit=False)
        made.credit = rotation.join_credit(made.territory)
        if commit:
            made.save()
        return made


class NewMembershipInline(TabularInline):
    """Memberships to add."""

    model = TerritoryMembership
    formset = NewMembers
    extra = 0
    hide_title = True
    verbose_name_plural = "new memberships"
    help_texts = {"weight": WEIGHT_HELP, "capacity": LIMIT_HELP}

    def get_queryset(self, request: HttpRequest) -> QuerySet[TerritoryMembership]:
        rows: QuerySet[TerritoryMembership] = super().get_queryset(request)
        return rows.none()


class TerritoriesOfRep(MembershipInline):
    fields = ("territory", "weight", "capacity", "is_active", turns_owed)
    readonly_fields = ("territory", turns_owed)


class NewTerritoryOfRep(NewMembershipInline):
    fields = ("territory", "weight", "capacity")
    autocomplete_fields = ("territory",)


class RepsOfTerritory(MembershipInline):
    fields = ("rep", "weight", "capacity", "is_active", turns_owed)
    readonly_fields = ("rep", turns_owed)


class NewRepOfTerritory(NewMembershipInline):
    fields = ("rep", "weight", "capacity")
    autocomplete_fields = ("rep",)


class RepForm(forms.ModelForm):
    languages = language_codes()


class TerritoryForm(forms.ModelForm):
    countries = country_codes()
    regions = words(WORDS_HELP)
    industries = words(WORDS_HELP)
    product_lines = words(WORDS_HELP)


def _receive(request: AdminRequest, rep: Rep, *, is_active: bool) -> str:
    if rep.is_active == is_active:
        raise RowRefused("received leads before" if is_active else "received none before")
    rep.is_active = is_active
    rep.save(update_fields=["is_active"])
    if is_active:
        return "receives leads again"
    return f"receives no more leads, and keeps the {rep.open_count + rep.excess_count} open ones"


@admin.register(Rep)
class RepAdmin(BulkAdmin, EditableAdmin):
    list_display = ("user", "kind", "spoken", "load", linked("manager"), "is_active")
    list_filter = (
        "kind",
        "is_active",
        ("memberships__territory", RelatedDropdownFilter),
        ("manager", AutocompleteSelectFilter),
    )
    list_filter_submit = True
    list_select_related = ("user", "manager")
    search_fields = ("user__email", "user__full_name")
    ordering = ("user__email",)
    autocomplete_fields = ("user", "manager")
    readonly_fields = ("open_count", "excess_count")
    form = RepForm
    fixed_fields = ("user",)
    when_empty = "Add the people of sales who receive leads; invite them under People first."
    help_texts = {
        "capacity": "Open leads, a whole number; at this many the rep is skipped.",
    }
    inlines = (TerritoriesOfRep, NewTerritoryOfRep)
    related = (
        Related("crm_handoff.user", "person", at="user"),
        Related("routing.handoff", "handoffs", by="rep__id__exact"),
        Related("routing.absence", "absences", by="rep__id__exact"),
        Related("routing.namedaccount", "named accounts", by="rep__id__exact"),
        Related("routing.routingdecision", "decisions", by="rep__id__exact"),
    )
    bulk = {
        "receive": Bulk(
            "Receive leads again", "routing.change_rep", partial(_receive, is_active=True)
        ),
        "stop_receiving": Bulk(
            "Receive no more leads",
            "routing.change_rep",
            partial(_receive, is_active=False),
            question="Send these reps no more leads? They keep the ones that they hold.",
        ),
    }

    @admin.display(description="languages")
    def spoken(self, rep: Rep) -> str:
        return ", ".join(rep.languages)

    @admin.display(description="open leads", ordering="open_count")
    def load(self, rep: Rep) -> str:
        return f"{rep.open_count + rep.excess_count} of {rep.capacity}"


@admin.register(Territory)
class TerritoryAdmin(EditableAdmin):
    list_display = (
        "position",
        "name",
        "covers",
        linked("queue"),
        linked("calendar"),
        linked("secondary"),
        "is_active",
    )
    list_display_links = ("name",)
    list_filter = ("is_active", ("queue", RelatedDropdownFilter))
    list_filter_submit = True
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
                    "product_lines",
                    ("min_employees", "max_employees"),
                ),
                "description": "All that is filled in must hold. The first territory whose "
                "conditions hold takes the lead.",
            },
        ),
        (
            "Receives",
            {
                "fields": (
                    "language_is_required",
                    "may_pull",
                    "make_up_turns",
                    "queue",
                    "calendar",
                    "secondary",
                )
            },
        ),
    )
    when_empty = "Add the parts of the market; what none covers waits in the fallback queue."
    help_texts = {
        "position": "A whole number: territories are tried in this order, the smallest first.",
        "min_employees": SIZE_HELP,
        "max_employees": SIZE_HELP,
        "make_up_turns": "Turns, a whole number, that an absent member gets back at most; 0: what "
        "was missed is missed.",
    }
    inlines = (RepsOfTerritory, NewRepOfTerritory)
    related = (
        Related("routing.handoff", "handoffs", by="territory__id__exact"),
        Related("routing.queue", "queue", at="queue"),
        Related("routing.businesscalendar", "calendar", at="calendar"),
    )

    @admin.display(description="covers")
    def covers(self, territory: Territory) -> str:
        parts = [*territory.countries, *territory.regions, *territory.industries]
        return ", ".join([*parts, *territory.product_lines]) or "everything"


@admin.register(Queue)
class QueueAdmin(EditableAdmin):
    list_display = ("name", "key", linked("manager"), "is_fallback")
    list_select_related = ("manager",)
    search_fields = ("name", "key")
    ordering = ("name",)
    autocomplete_fields = ("manager",)
    fixed_fields = ("key",)
    help_texts = {
        "assign_within": "Business hours:minutes:seconds in which a waiting lead is to get an "
        "owner, 01:00:00 for an hour. Blank: its response clock alone says.",
    }
    when_empty = (
        "Add where leads wait when nobody can take them; load_defaults makes the fallback."
    )
    related = (
        Related("routing.handoff", "handoffs", by="queue__id__exact"),
        Related("routing.territory", "territories", by="queue__id__exact"),
    )

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        said: dict[str, Any] = super().get_changeform_initial_data(request)
        return {"assign_within": OWNER_WITHIN} | said


@admin.register(NamedAccount)
class NamedAccountAdmin(ModelAdmin):
    list_display = ("__str__", linked("account"), linked("rep"), "updated_at")
    list_filter = (("rep", AutocompleteSelectFilter), ("account", AutocompleteSelectFilter))
    list_filter_submit = True
    list_select_related = ("account", "rep__user")
    search_fields = ("account__name", "rep__user__email", "rep__user__full_name")
    search_help_text = "Company, or name or e-mail of the rep"
    ordering = ("-pk",)
    when_empty = "Add the accounts whose leads go to one rep, wherever they come from."
    related = (
        Related("leads.account", "account", at="account"),
        Related("routing.rep", "rep", at="rep"),
    )
    autocomplete_fields = ("account", "rep")


@admin.register(TerritoryMembership)
class TerritoryMembershipAdmin(EditableAdmin):
    list_display = (
        "__str__",
        linked("territory"),
        linked("rep"),
        "weight",
        "load",
        turns_owed,
        "is_active",
    )
    list_filter = (
        ("territory", RelatedDropdownFilter),
        ("rep", AutocompleteSelectFilter),
        "is_active",
    )
    list_filter_submit = True
    list_select_related = ("territory", "rep__user")
    search_fields = ("rep__user__email", "territory__name")
    ordering = ("territory", "pk")
    autocomplete_fields = ("territory", "rep")
    readonly_fields = ("open_count", "excess_count", turns_owed)
    fixed_fields = ("territory", "rep")
    when_empty = "Add which reps receive the leads of which territory."
    help_texts = {"weight": WEIGHT_HELP, "capacity": LIMIT_HELP}

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.credit = rotation.join_credit(obj.territory)
        super().save_model(request, obj, form, change)

    @admin.display(description="open leads there")
    def load(self, membership: TerritoryMembership) -> str:
        held = membership.open_count + membership.excess_count
        return f"{held} of {membership.capacity}" if membership.capacity is not None else str(held)
