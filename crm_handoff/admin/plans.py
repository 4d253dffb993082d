"""The routing rules: drafted by RevOps, compared with those in force, and published."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from crm_handoff.admin.base import AdminRequest, ModelAdmin
from crm_handoff.admin.columns import labelled
from crm_handoff.admin.links import page_of
from crm_handoff.admin.plan_rows import CHANGE, sheet_of
from crm_handoff.clock import database_now
from crm_handoff.reports import rerouting
from crm_handoff.web import rulebook
from routing import drafts, plans, soundness
from routing.enums import PlanState
from routing.models import RoutingPlan

PUBLISH = "routing.publish_routingplan"

STATE_COLORS = {"draft": "warning", "published": "success"}

REFUSALS = (drafts.PlanChanged, drafts.PlanIsFrozen, drafts.PlanUnsound)


@admin.register(RoutingPlan)
class RoutingPlanAdmin(ModelAdmin):
    list_display = (
        "__str__",
        labelled("state", STATE_COLORS),
        "note",
        "made_by",
        "made_at",
        "published_by",
        "published_at",
        "retired_at",
    )
    list_filter = (("state", ChoicesDropdownFilter),)
    list_filter_submit = True
    list_select_related = ("made_by", "published_by")
    search_fields = ("note",)
    ordering = ("-number",)
    actions = None
    warn_unsaved_form = True
    when_empty = (
        "The rules that ship apply: named accounts, accounts at work, territories, the fallback "
        "queue. Add a draft to change them."
    )
    change_form_outer_before_template = "admin/routing/plan.html"
    change_form_outer_after_template = "admin/routing/rules.html"

    class Media:
        css = {"all": ("admin/definitions.css", "admin/routing.css")}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(CHANGE)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_open = obj is None or obj.state == PlanState.DRAFT
        return is_open and request.user.has_perm(CHANGE)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # A draft is discarded by its own button.
        return False

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path(
                "<path:object_id>/discard/",
                wrap(require_POST(self.discard)),
                name="routing_routingplan_discard",
            ),
            path(
                "<path:object_id>/publish/",
                wrap(self.publish),
                name="routing_routingplan_publish",
            ),
        ]
        return [*own, *super().get_urls()]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is not None and obj.state == PlanState.DRAFT:
            return ((None, {"fields": ("note",)}),)
        made = (("made_by", "made_at"), ("published_by", "published_at"), "retired_at")
        return ((None, {"fields": ("note", *made)}),)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("made_by", "made_at", "published_by", "published_at", "retired_at")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **options)
        if field is not None and db_field.name == "note":
            field.widget.attrs["rows"] = 3
        return field

    def add_view(
        self, request: AdminRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Offer to begin with the rules in force or an earlier edition, and make the draft."""
        if not request.user.has_perm(CHANGE):
            raise PermissionDenied
        form = StartForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            return self._drafted(request, form.cleaned_data["copy_of"])
        existing = plans.draft()
        if existing is not None:
            self.message_user(request, str(drafts.DraftExists(existing)), messages.WARNING)
            return HttpResponseRedirect(page_of(existing))
        context = self._context(request, _("New draft of the routing rules")) | {"form": form}
        return TemplateResponse(request, "admin/routing/new_plan.html", context)

    def _drafted(self, request: AdminRequest, source: RoutingPlan | None) -> HttpResponse:
        try:
            made = drafts.start(by=request.user, at=database_now(), copy_of=source)
        except drafts.DraftExists as refusal:
            self.message_user(request, str(refusal), messages.WARNING)
            return HttpResponseRedirect(page_of(refusal.plan))
        said = _("%(plan)s are a draft: edit them, then publish.") % {"plan": made}
        self.message_user(request, said, messages.SUCCESS)
        return HttpResponseRedirect(page_of(made))

    def change_view(
        self,
        request: AdminRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        plan = self.get_object(request, object_id)
        context = (extra_context or {}) | (self._around(request, plan) if plan else {})
        page: HttpResponse = super().change_view(request, object_id, form_url, context)
        return page

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        context |= {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().render_change_form(request, context, *args, **options)

    def save_model(self, request: AdminRequest, obj: Any, form: Any, change: bool) -> None:
        drafts.save_note(obj, by=request.user)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        self.message_user(request, _("“%(plan)s” was saved.") % {"plan": obj}, messages.SUCCESS)
        return HttpResponseRedirect(page_of(obj))

    def discard(self, request: AdminRequest, object_id: str) -> HttpResponse:
        """Delete a draft with its rules."""
        plan = self._plan(request, object_id, CHANGE)
        try:
            drafts.discard(plan, by=request.user)
        except drafts.PlanIsFrozen as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return HttpResponseRedirect(page_of(plan))
        self.message_user(request, _("The draft is discarded."), messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:routing_routingplan_changelist"))

    def publish(self, request: AdminRequest, object_id: str) -> HttpResponse:
        """Show what publishing a draft would change, and publish it once that is confirmed."""
        plan = self._plan(request, object_id, PUBLISH)
        if plan.state != PlanState.DRAFT:
            self.message_user(request, str(drafts.PlanIsFrozen(plan)), messages.WARNING)
            return HttpResponseRedirect(page_of(plan))
        if request.method == "POST":
            return self._publish(request, plan)
        return self._proof(request, plan)

    def _publish(self, request: AdminRequest, plan: RoutingPlan) -> HttpResponse:
        try:
            seen = request.POST.get("seen", "")
            drafts.publish(plan, by=request.user, at=database_now(), seen=seen)
        except REFUSALS as refusal:
            for line in str(refusal).splitlines():
                self.message_user(request, line, messages.ERROR)
            return HttpResponseRedirect(
                reverse("admin:routing_routingplan_publish", args=[plan.pk])
            )
        said = _("%(plan)s are in force: every lead is routed by them from now on.")
        self.message_user(request, said % {"plan": plan}, messages.SUCCESS)
        return HttpResponseRedirect(page_of(plan))

    def _proof(self, request: AdminRequest, plan: RoutingPlan) -> HttpResponse:
        """Show what changes: in words, and for leads that were routed lately."""
        at, before = database_now(), plans.in_force()
        faults = soundness.faults_of(plan)
        is_sound = not any(fault.blocks for fault in faults)
        title = _("Publish %(plan)s?") % {"plan": plan}
        context = self._context(request, title) | {
            "plan": plan,
            "before": before,
            "faults": faults,
            "is_sound": is_sound,
            "amendments": rulebook.amendments(plans.rules_of(before), plans.rules_of(plan)),
            "sample": rerouting.of_recent(plan, at=at) if is_sound else None,
            "seen": drafts.fingerprint_of(plan),
            "plan_address": page_of(plan),
        }
        return TemplateResponse(request, "admin/routing/publish.html", context)

    def _plan(self, request: AdminRequest, object_id: str, permission: str) -> RoutingPlan:
        if not request.user.has_perm(permission):
            raise PermissionDenied
        found: RoutingPlan | None = self.get_object(request, object_id)
        if found is None:
            raise Http404
        return plans.with_rules(RoutingPlan.objects.filter(pk=found.pk)).get()

    def _context(self, request: HttpRequest, title: str) -> dict[str, Any]:
        context: dict[str, Any] = self.admin_site.each_context(request)
        return context | {
            "title": title,
            "opts": self.opts,
            "media": self.media,
            "list_address": reverse("admin:routing_routingplan_changelist"),
        }

    def _around(self, request: AdminRequest, plan: RoutingPlan) -> dict[str, Any]:
        """Return what stands around the note: rules, what to mend, and what it changed."""
        plan = plans.with_rules(RoutingPlan.objects.filter(pk=plan.pk)).get()
        is_draft = plan.state == PlanState.DRAFT
        may_edit = is_draft and request.user.has_perm(CHANGE)
        former = plans.before(plan)
        return {
            "plan": plan,
            "is_draft": is_draft,
            "may_edit": may_edit,
            "may_draft": request.user.has_perm(CHANGE),
            "may_publish": is_draft and request.user.has_perm(PUBLISH),
            "sheet": sheet_of(plan, is_editable=may_edit),
            "former": former,
            "amendments": rulebook.amendments(plans.rules_of(former), plans.rules_of(plan)),
        }


class StartForm(forms.Form):
    """With which rules a draft begins."""

    copy_of = forms.ModelChoiceField(
        RoutingPlan.objects.none(),
        label=lazy("Begin with"),
        required=False,
        empty_label=lazy("The rules in force"),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        chosen: Any = self.fields["copy_of"]
        chosen.queryset = editions()

    @property
    def has_editions(self) -> bool:
        """Whether there are former editions to begin with."""
        return editions().exists()


def editions() -> QuerySet[RoutingPlan]:
    """Return the editions of former times, the latest first."""
    return RoutingPlan.objects.filter(state=PlanState.RETIRED).order_by("-number")
