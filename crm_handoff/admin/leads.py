"""Leads and the history of each: all read-only, since facts come in through intake."""

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    FieldTextFilter,
    RelatedDropdownFilter,
)

from crm_handoff.admin.base import AdminRequest, ByIdentity, ReadOnlyAdmin, ReadOnlyInline
from crm_handoff.admin.bulk import Bulk, BulkAdmin
from crm_handoff.admin.columns import STAGE_COLORS, aged, flagged, labelled, linked
from crm_handoff.admin.filters import DaysFilter
from crm_handoff.admin.links import Related
from crm_handoff.people import access
from leads import pending
from leads.models import (
    Assertion,
    AttributeChange,
    Evaluation,
    Lead,
    LeadIdentity,
    Opportunity,
    PendingMark,
    StageTransition,
    Touchpoint,
)
from routing.enums import HandoffStatus
from routing.models import Handoff

LEAD_TEXTS = ("lead__email", "lead__first_name", "lead__last_name")
BY_LEAD_HELP = "Name or e-mail of the lead"
CHANGED = aged("updated_at", description="changed", is_sortable=True)
STAGE = labelled("stage", STAGE_COLORS, is_sortable=True)
OUTCOMES = {"open": "primary", "won": "success", "lost": "danger"}


class LeadIdentityInline(ReadOnlyInline):
    model = LeadIdentity
    verbose_name_plural = "names elsewhere"
    ordering = ("pk",)


class TransitionInline(ReadOnlyInline):
    model = StageTransition
    fields = ("at", "from_stage", "to_stage", "cause", "path", "motion", "by", "note")
    joined = ("by",)
    ordering = ("-at", "-pk")


def _judge_again(request: AdminRequest, lead: Lead) -> str:
    pending.mark([lead.pk])
    return "waits for judgement"


@admin.register(Lead)
class LeadAdmin(BulkAdmin, ByIdentity, ReadOnlyAdmin):
    list_display = (
        "__str__",
        "email",
        linked("account"),
        "job_title",
        STAGE,
        aged("stage_at", description="in stage for"),
        "owner",
        CHANGED,
    )
    list_filter = (
        ("stage", ChoicesDropdownFilter),
        ("account", AutocompleteSelectFilter),
        ("source", RelatedDropdownFilter),
        ("campaign", AutocompleteSelectFilter),
        ("persona", RelatedDropdownFilter),
        ("product_line", FieldTextFilter),
        "no_longer_meets",
        ("updated_at", DaysFilter),
    )
    list_filter_submit = True
    list_select_related = ("account",)
    sortable_by = (STAGE, CHANGED)
    search_fields = ("email", "first_name", "last_name", "account__name", "account__domain")
    search_help_text = "Name, e-mail or company, or a system's id like crm:4711"
    identity = "identities"
    ordering = ("-pk",)
    when_empty = "Leads appear here as forms, webhooks, imports and the API report them."
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("first_name", "last_name"),
                    ("email", "phone"),
                    ("account", "account_reason"),
                    ("job_title", "persona"),
                    ("country", "region", "language"),
                    "product_line",
                    ("expected_acv", "currency"),
                )
            },
        ),
        (
            "Stage",
            {
                "fields": (
                    ("stage", "stage_at", "owner"),
                    ("version", "latest_evaluation"),
                    ("no_longer_meets", "reevaluate_at"),
                )
            },
        ),
        ("Came from", {"fields": (("source", "campaign"), ("created_at", "updated_at"))}),
        (
            "Recycled",
            {
                "fields": (
                    ("recycled_at", "recycle_count"),
                    ("cool_off_until", "is_cool_off_firm"),
                    "recycled_for",
                ),
                "classes": ("collapse",),
            },
        ),
    )
    inlines = (LeadIdentityInline, TransitionInline)
    related = (
        Related("leads.account", "account", at="account"),
        Related("leads.touchpoint", "touchpoints", by="lead__id__exact"),
        Related("leads.evaluation", "evaluations", by="lead__id__exact"),
        Related("leads.stagetransition", "stage transitions", by="lead__id__exact"),
        Related("routing.handoff", "handoffs", by="lead__id__exact"),
        Related("leads.opportunity", "opportunities", by="lead__id__exact"),
        Related("leads.attributechange", "attribute history", by="lead__id__exact"),
        Related("leads.assertion", "answers", by="lead__id__exact"),
        Related("leads.note", "notes", by="lead__id__exact"),
    )
    bulk = {
        "judge_again": Bulk("Judge again", "leads.change_lead", _judge_again),
    }

    def get_queryset(self, request: HttpRequest) -> QuerySet[Lead]:
        held = Handoff.objects.filter(lead=OuterRef("pk"), status__in=HandoffStatus.HELD)
        owner = Subquery(held.values("rep__user__full_name")[:1])
        return access.leads.visible_to(request.user).annotate(owner_name=owner)

    @admin.display(description="owner")
    def owner(self, lead: Lead) -> str:
        return getattr(lead, "owner_name", None) or "-"


@admin.register(LeadIdentity)
class LeadIdentityAdmin(ByIdentity, ReadOnlyAdmin):
    list_display = ("__str__", "system", "external_id", linked("lead"))
    list_filter = (("lead", AutocompleteSelectFilter),)
    list_filter_submit = True
    list_select_related = ("lead",)
    search_fields = LEAD_TEXTS
    search_help_text = f"{BY_LEAD_HELP}, or a system's id like crm:4711"
    ordering = ("-pk",)
    when_empty = "Names of leads in other systems appear here with the first facts from each."


@admin.register(Touchpoint)
class TouchpointAdmin(ByIdentity, ReadOnlyAdmin):
    list_display = (
        "occurred_at",
        "kind",
        linked("lead"),
        "channel",
        linked("campaign"),
        linked("asset"),
        flagged("is_verified", "verified", color="success"),
        flagged("is_bot", "bot"),
    )
    list_filter = (
        ("lead", AutocompleteSelectFilter),
        ("kind", RelatedDropdownFilter),
        ("campaign", AutocompleteSelectFilter),
        ("asset", AutocompleteSelectFilter),
        ("occurred_at", DaysFilter),
    )
    list_filter_submit = True
    list_select_related = ("kind", "lead", "campaign", "asset")
    sortable_by = ("occurred_at",)
    search_fields = LEAD_TEXTS
    search_help_text = f"{BY_LEAD_HELP}, or a system's id like website:4711"
    ordering = ("-occurred_at", "-pk")
    when_empty = "What leads did appears here as forms, webhooks, imports and the API report it."
    related = (Related("leads.lead", "lead", at="lead"),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Touchpoint]:
        return access.leads.touchpoints_visible_to(request.user)


@admin.register(Opportunity)
class OpportunityAdmin(ByIdentity, ReadOnlyAdmin):
    list_display = (
        "__str__",
        linked("lead"),
        linked("account"),
        labelled("stage", OUTCOMES, is_sortable=True),
        "amount",
        "currency",
        "owner",
        "opened_at",
        "closed_at",
    )
    list_filter = (
        ("stage", ChoicesDropdownFilter),
        ("lead", AutocompleteSelectFilter),
        ("account", AutocompleteSelectFilter),
        ("owner", AutocompleteSelectFilter),
        ("closed_at", DaysFilter),
    )
    list_filter_submit = True
    list_select_related = ("lead", "account", "owner")
    sortable_by = ("amount", "opened_at", "closed_at")
    search_fields = ("name", *LEAD_TEXTS, "account__name")
    search_help_text = f"Name of the deal, {BY_LEAD_HELP.lower()}, company, or an id like crm:4711"
    ordering = ("-pk",)
    when_empty = "Deals appear here when reps open them, or the CRM reports them."
    related = (
        Related("leads.lead", "lead", at="lead"),
        Related("leads.account", "account", at="account"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Opportunity]:
        return access.leads.opportunities_visible_to(request.user)


@admin.register(Evaluation)
class EvaluationAdmin(ReadOnlyAdmin):
    list_display = ("at", linked("lead"), "stage", "path", "points", "fit", "engagement", "intent")
    list_filter = (
        ("lead", AutocompleteSelectFilter),
        ("version", AutocompleteSelectFilter),
    )
    list_filter_submit = True
    list_select_related = ("lead",)
    search_fields = LEAD_TEXTS
    search_help_text = BY_LEAD_HELP
    ordering = ("-pk",)
    when_empty = "Judgements appear here once a definition is active and a lead has facts."
    related = (
        Related("leads.lead", "lead", at="lead"),
        Related("definitions.definitionversion", "version", at="version"),
        Related("routing.handoff", "handoffs", by="evaluation__id__exact"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Evaluation]:
        return access.leads.evaluations_visible_to(request.user)


@admin.register(StageTransition)
class StageTransitionAdmin(ReadOnlyAdmin):
    list_display = (
        "at",
        linked("lead"),
        "from_stage",
        "to_stage",
        "cause",
        "path",
        "motion",
        "by",
    )
    list_filter = (
        ("to_stage", ChoicesDropdownFilter),
        ("lead", AutocompleteSelectFilter),
        ("by", AutocompleteSelectFilter),
    )
    list_filter_submit = True
    list_select_related = ("lead", "by")
    search_fields = LEAD_TEXTS
    search_help_text = BY_LEAD_HELP
    ordering = ("-pk",)
    when_empty = "Each move of a lead to another stage appears here, with what caused it."
    related = (
        Related("leads.lead", "lead", at="lead"),
        Related("leads.evaluation", "evaluation", at="evaluation"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[StageTransition]:
        return access.leads.transitions_visible_to(request.user)


@admin.register(Assertion)
class AssertionAdmin(ReadOnlyAdmin):
    list_display = (
        "what",
        linked("lead"),
        "value",
        "evidence",
        "asserted_by",
        "asserted_at",
        "expires_at",
    )
    list_filter = (("lead", AutocompleteSelectFilter), ("asserted_by", AutocompleteSelectFilter))
    list_filter_submit = True
    list_select_related = ("lead", "asserted_by")
    search_fields = ("evidence", *LEAD_TEXTS)
    search_help_text = f"Evidence, or {BY_LEAD_HELP.lower()}"
    ordering = ("-pk",)
    when_empty = "What people found out about a lead appears here, with who said so and how."
    related = (Related("leads.lead", "lead", at="lead"),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Assertion]:
        return access.leads.assertions_visible_to(request.user)


@admin.register(AttributeChange)
class AttributeChangeAdmin(ReadOnlyAdmin):
    list_display = ("effective_at", "about", "field", "old", "new", "source")
    list_filter = (
        ("lead", AutocompleteSelectFilter),
        ("account", AutocompleteSelectFilter),
        ("opportunity", AutocompleteSelectFilter),
    )
    list_filter_submit = True
    list_select_related = ("lead", "account", "opportunity__lead")
    search_fields = (*LEAD_TEXTS, "account__name")
    search_help_text = f"{BY_LEAD_HELP}, or company"
    ordering = ("-pk",)
    when_empty = "Each change of a fact appears here, with the system that said so."

    def get_queryset(self, request: HttpRequest) -> QuerySet[AttributeChange]:
        return access.leads.changes_visible_to(request.user)

    @admin.display(description="about")
    def about(self, change: AttributeChange) -> SafeString:
        subject = change.lead or change.account or change.opportunity
        return format_html("{}", subject)


def _try_now(request: AdminRequest, mark: PendingMark) -> str:
    pending.mark([mark.lead_id])
    return "is tried again now"


@admin.register(PendingMark)
class PendingMarkAdmin(BulkAdmin, ReadOnlyAdmin):
    list_display = (
        linked("lead"),
        aged("marked_at", description="waits for"),
        "failure_count",
        "retry_at",
        "page",
    )
    list_filter = (("lead", AutocompleteSelectFilter),)
    list_filter_submit = True
    list_display_links = None
    list_select_related = ("lead",)
    search_fields = LEAD_TEXTS
    search_help_text = BY_LEAD_HELP
    ordering = ("pk",)
    when_empty = "No lead waits for judgement: each is judged within seconds of its facts."
    bulk = {
        "try_now": Bulk("Judge now, without waiting", "leads.change_lead", _try_now),
    }

    @admin.display(description="why")
    def page(self, mark: PendingMark) -> SafeString:
        address = reverse("web:lead", args=[mark.lead.public_id])
        return format_html('<a href="{}">The lead\'s page</a>', address)
