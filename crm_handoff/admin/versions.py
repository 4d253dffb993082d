"""Versions of definitions: drafts are edited here, submitted, withdrawn and copied; later read."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.widgets import UnfoldAdminSelectWidget

from crm_handoff.admin import drafting, sheet
from crm_handoff.admin.base import AdminRequest
from crm_handoff.admin.columns import labelled
from crm_handoff.admin.content_rows import CHANGE
from crm_handoff.admin.links import Related, page_of
from crm_handoff.admin.signoffs import SignOffInline
from crm_handoff.admin.steps import StepsAdmin
from crm_handoff.admin.version_forms import PEOPLE, VersionForm
from crm_handoff.admin.version_steps import REFUSALS, STEPS
from crm_handoff.clock import database_now
from crm_handoff.people import roles
from definitions import drafts, soundness, versions
from definitions.content import content_of
from definitions.enums import VersionState
from definitions.models import DefinitionVersion
from leads import examples

STATE_COLORS = {
    "draft": "warning",
    "in_review": "info",
    "signed": "primary",
    "active": "success",
}


@admin.register(DefinitionVersion)
class DefinitionVersionAdmin(drafting.DraftingAdmin, StepsAdmin):
    list_display = (
        "__str__",
        labelled("state", STATE_COLORS),
        "process",
        "handoff_stage",
        "change_note",
        "author",
        "submitted_at",
        "activated_at",
    )
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ("process", ChoicesDropdownFilter),
        ("definition", RelatedDropdownFilter),
    )
    list_filter_submit = True
    list_select_related = ("definition", "author")
    search_fields = ("definition__name", "definition__key", "change_note")
    ordering = ("definition", "-number")
    form = VersionForm
    inlines = (SignOffInline,)
    actions = None
    warn_unsaved_form = True
    when_empty = "Start a draft from a template, a copy or a file: its first version appears here."
    change_form_outer_before_template = "admin/definitions/version.html"
    change_form_outer_after_template = "admin/definitions/sheet.html"
    help_texts = {
        "handoff_stage": "Reaching it hands over to sales.",
        "effective_at": "Day and time at which it takes effect; blank: once both have signed.",
        "sunset_days": "With the plan “Sunset”: whole days until the old version ends.",
        "change_note": "What changes and why, as both sides read it before they sign.",
        "criteria_limit_pct": "Percent of a batch that may miss the criteria.",
        "response_limit_pct": "Percent of first responses that may come too late.",
        "checklist": "Questions by which a rep confirms an SQL.",
    }
    related = (
        Related("definitions.definition", "definition", at="definition"),
        Related("leads.evaluation", "evaluations", by="version__id__exact"),
    )
    steps = STEPS
    refusals = REFUSALS

    class Media:
        css = {"all": ("admin/definitions.css",)}
        js = ("admin/definitions.js",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[DefinitionVersion]:
        rows: QuerySet[DefinitionVersion] = super().get_queryset(request)
        return rows.select_related("definition", "author", *PEOPLE)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(CHANGE)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_open = obj is None or obj.state == VersionState.DRAFT
        return is_open and request.user.has_perm(CHANGE)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # A draft is discarded by its own button.
        return False

    def get_urls(self) -> list[URLPattern]:
        discard = path(
            "<path:object_id>/discard/",
            self.admin_site.admin_view(require_POST(self.discard)),
            name="definitions_definitionversion_discard",
        )
        return [discard, *super().get_urls()]

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any
    ) -> Any:
        if not self.has_change_permission(request, obj):
            options["form"] = forms.ModelForm
        return super().get_form(request, obj, change, **options)

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return () if obj is None or obj.state == VersionState.DRAFT else self.inlines

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        life = ("author", "created_at", "submitted_at", "activated_at", "retired_at")
        own = (
            (
                None,
                {
                    "fields": (
                        ("process", "handoff_stage"),
                        "change_note",
                        ("effective_at", "day_zone"),
                        ("in_flight_plan", "sunset_days"),
                    )
                },
            ),
            (
                _("Handover, floor and limits"),
                {
                    "fields": (
                        "handover_fields",
                        "checklist",
                        "floor_criteria",
                        "floor_exempt_paths",
                        ("criteria_limit_pct", "response_limit_pct"),
                    )
                },
            ),
            (
                _("Who answers for it"),
                {
                    "fields": (
                        ("marketing_operator", "marketing_deputy"),
                        ("sales_operator", "sales_deputy"),
                    )
                },
            ),
        )
        if obj is not None and obj.state == VersionState.DRAFT:
            return own
        text = (_("Signed text"), {"fields": ("content_hash", "text"), "classes": ("collapse",)})
        return (*own, text, (_("History"), {"fields": life}))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("content_hash", "text", "author", "created_at", *HISTORY)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if db_field.name in PEOPLE:
            options["queryset"] = roles.people_with("definitions.operator")
            options["widget"] = UnfoldAdminSelectWidget
        return super().formfield_for_foreignkey(db_field, request, **options)

    def change_view(
        self,
        request: AdminRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        version = self.get_object(request, object_id)
        context = (extra_context or {}) | (self._around(request, version) if version else {})
        return super().change_view(request, object_id, form_url, context)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        context |= {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().render_change_form(request, context, *args, **options)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        said = _("“%(version)s” was saved.") % {"version": obj}
        self.message_user(request, said, messages.SUCCESS)
        return HttpResponseRedirect(page_of(obj))

    def discard(self, request: AdminRequest, object_id: str) -> HttpResponse:
        """Delete a draft that was never submitted."""
        version = self.get_object(request, object_id)
        if version is None:
            raise Http404
        if not request.user.has_perm(CHANGE):
            raise PermissionDenied
        name = str(version)
        try:
            drafts.discard(version, by=request.user)
        except (drafts.DraftIsHistory, versions.VersionIsFrozen) as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return HttpResponseRedirect(
                reverse("admin:definitions_definitionversion_change", args=[object_id])
            )
        said = _("The draft %(version)s is discarded.") % {"version": name}
        self.message_user(request, said, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:definitions_definitionversion_changelist"))

    def save_model(self, request: AdminRequest, obj: Any, form: Any, change: bool) -> None:
        # Another plan takes the days of the sunset away though nobody touched them.
        fields = {*form.changed_data, "sunset_days"}
        drafts.save_version(obj, fields=fields, by=request.user)

    def _around(self, request: AdminRequest, version: DefinitionVersion) -> dict[str, Any]:
        """Return what stands around the inputs: the sheet, its problems, and further pages."""
        is_draft = version.state == VersionState.DRAFT
        may = request.user.has_perm(CHANGE)
        sheet.prefetch(version)
        content = content_of(version)
        problems = soundness.problems_of(version, content=content) if is_draft else []
        return {
            "sheet": sheet.sheet_of(
                version, content=content, problems=problems, is_editable=is_draft and may
            ),
            "examples": examples.results(version, at=database_now()) if is_draft else [],
            "is_draft": is_draft,
            "may_edit": may,
            "pages": _pages(version),
            "discard_address": reverse(
                "admin:definitions_definitionversion_discard", args=[version.pk]
            )
            if is_draft and may and version.review_round == 1
            else "",
        }

    @admin.display(description="text")
    def text(self, version: DefinitionVersion) -> SafeString:
        return format_html(
            '<pre style="white-space: pre-wrap">{}</pre>', versions.canonical_text(version)
        )


HISTORY = ("submitted_at", "activated_at", "retired_at")

SIGNABLE = frozenset({VersionState.IN_REVIEW, VersionState.SIGNED})


def _pages(version: DefinitionVersion) -> list[tuple[str, str]]:
    """Return titles and addresses of a version's pages for both teams."""
    named = [version.definition.key, version.number]
    pages = [
        (_("Read the agreement"), "web:version"),
        (_("Compare"), "web:version_compare"),
        (_("Try a lead"), "web:version_try"),
        (_("Preview the impact"), "web:version_impact"),
        (_("Discussion"), "web:version_discussion"),
        (_("Download as file"), "web:version_file"),
    ]
    if version.state in SIGNABLE:
        pages.insert(0, (_("Read and sign"), "web:version_sign"))
    return [(title, reverse(name, args=named)) for title, name in pages]
