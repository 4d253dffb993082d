"""The rows of routing rules: edited while their plan is a draft, read from then on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_POST

from crm_handoff.admin.asking import FactFirst, address_with
from crm_handoff.admin.base import AdminRequest, ModelAdmin
from crm_handoff.admin.conditions import AskingForm, condition_inputs
from crm_handoff.admin.links import Related, page_of
from crm_handoff.web import rulebook
from definitions.vocabulary import ASKED_FACTS, Fact
from routing import drafts, plans, soundness
from routing.enums import PlanState, RuleKind
from routing.models import RoutingCondition, RoutingPlan, RoutingRule

CHANGE = "routing.change_routingplan"
"""Who may change a plan may change its rules and their conditions."""

MOST_DIGITS = 18
"""Longest key that a column of keys holds."""

KINDS: dict[str, str | Promise] = {
    RuleKind.NAMED_ACCOUNT: lazy("Accounts on the list go to the rep for whom they are named."),
    RuleKind.ACCOUNT_OWNER: lazy("Whoever works the account or another lead of it gets this too."),
    RuleKind.HIGH_VALUE: lazy("From an amount on, one rep receives the lead."),
    RuleKind.TERRITORY: lazy("The rotation of one territory, or of the first that covers it."),
    RuleKind.FALLBACK_QUEUE: lazy("Waits in a queue, whose manager answers for it."),
}
"""What a rule of each kind does; total over the kinds that plans are made of."""


@dataclass(frozen=True, slots=True)
class ConditionLine:
    """A condition in words; addresses are blank where it cannot be edited."""

    words: str
    edit: str
    remove: str


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule in words, what is wrong with it, and where it is edited."""

    article: rulebook.Article
    anchor: str
    conditions: list[ConditionLine]
    faults: list[soundness.Fault]
    edit: str
    remove: str
    add_condition: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A plan's rules in words, and what is wrong with the plan as a whole."""

    rules: list[RuleLine]
    faults: list[soundness.Fault]
    add: str

    @property
    def problems(self) -> list[tuple[str, str]]:
        """What must be mended before publishing, each with the anchor of its rule."""
        anchors = {line.article.rule.pk: line.anchor for line in self.rules}
        return [
            (fault.words, anchors.get(fault.rule_id or 0, ""))
            for fault in self.faults
            if fault.blocks
        ]

    @property
    def remarks(self) -> list[str]:
        """What is worth a look and no reason not to publish."""
        return [fault.words for fault in self.faults if not fault.blocks]


def anchor_of(rule: RoutingRule) -> str:
    """Return the name of a rule's place on the page of its plan."""
    return f"rule-{rule.pk}"


def sheet_of(plan: RoutingPlan, *, is_editable: bool) -> Sheet:
    """Write a plan that `plans.with_rules` read; only a draft is looked through for faults."""
    faults = soundness.faults_of(plan) if plan.state == PlanState.DRAFT else []
    articles = rulebook.articles_of(plans.rules_of(plan))
    add = reverse("admin:routing_routingrule_add")
    return Sheet(
        rules=[_line(article, faults, is_editable=is_editable) for article in articles],
        faults=faults,
        add=f"{add}?plan={plan.pk}" if is_editable else "",
    )


def _line(
    article: rulebook.Article, faults: list[soundness.Fault], *, is_editable: bool
) -> RuleLine:
    rule = article.rule
    conditions = [
        ConditionLine(
            words=words,
            edit=_address(condition, "change") if is_editable else "",
            remove=_address(condition, "delete") if is_editable else "",
        )
        for condition, words in zip(plans.conditions_of(rule), article.when, strict=True)
    ]
    add = reverse("admin:routing_routingcondition_add")
    return RuleLine(
        article=article,
        anchor=anchor_of(rule),
        conditions=conditions,
        faults=[fault for fault in faults if fault.rule_id == rule.pk],
        edit=_address(rule, "change") if is_editable else "",
        remove=_address(rule, "delete") if is_editable else "",
        add_condition=f"{add}?rule={rule.pk}" if is_editable else "",
    )


def _address(row: Model, page: str) -> str:
    return reverse(f"admin:routing_{row._meta.model_name}_{page}", args=[row.pk])


class PlanRowAdmin(ModelAdmin):
    """Rows of a plan; they open from its page and lead back to it."""

    actions = None

    class Media:
        css = {"all": ("admin/definitions.css", "admin/routing.css")}
        js = ("admin/definitions.js",)

    def rule_of(self, row: Any) -> RoutingRule:
        """Return the rule that a row is or belongs to."""
        raise NotImplementedError

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may = request.user.has_perm(CHANGE)
        return may and (obj is None or _is_draft(self.rule_of(obj).plan))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is not None and self.has_change_permission(request, obj)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        context |= {"show_save_and_continue": False, "show_save_and_add_another": False}
        return super().render_change_form(request, context, *args, **options)

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        self.message_user(request, _("“%(row)s” was added.") % {"row": obj}, messages.SUCCESS)
        return self._back(obj)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        self.message_user(request, _("“%(row)s” was saved.") % {"row": obj}, messages.SUCCESS)
        return self._back(obj)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        try:
            page: HttpResponse = super().delete_view(request, object_id, extra_context)
        except drafts.PlanIsFrozen as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return self._back(row)
        is_done = request.method == "POST" and page.status_code == 302 and row is not None
        return HttpResponseRedirect(page_of(self.rule_of(row).plan)) if is_done else page

    def _back(self, row: Any) -> HttpResponse:
        rule = self.rule_of(row)
        return HttpResponseRedirect(f"{page_of(rule.plan)}#{anchor_of(rule)}")


class RuleForm(forms.ModelForm):
    """A rule; `plan` and `kind` are set on the class for one request."""

    plan: RoutingPlan
    kind: str

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.instance.plan, self.instance.kind = self.plan, self.kind
        for name in ("rep", "least_amount"):
            if name in self.fields:
                self.fields[name].required = True


@admin.register(RoutingRule)
class RoutingRuleAdmin(PlanRowAdmin):
    list_display = ("name", "plan", "position", "kind", "territory", "rep", "queue")
    list_select_related = ("plan", "territory", "rep__user", "queue")
    search_fields = ("name",)
    ordering = ("-plan", "position", "pk")
    autocomplete_fields = ("territory", "rep", "queue")
    form = RuleForm
    when_empty = "The rules of routing plans appear here, once a draft is made."
    help_texts = {
        "name": lazy("In people's words, as it is shown beside each lead that it routes."),
        "least_amount": lazy(
            "Expected annual contract value in the organization's currency, for example 100000."
        ),
        "rep": lazy("Receives the lead; when full or away, whoever stands in, or the rotation."),
        "territory": lazy("Blank: the first territory that covers the lead."),
        "queue": lazy("Blank: the queue that is marked as the fallback."),
    }
    related = (Related("routing.routingplan", "back to its rules", at="plan"),)

    def rule_of(self, row: RoutingRule) -> RoutingRule:
        return row

    def has_add_permission(self, request: HttpRequest) -> bool:
        # A rule is added from the page of its plan, which it names.
        return request.user.has_perm(CHANGE) and _plan_named(request) is not None

    def get_urls(self) -> list[URLPattern]:
        move = path(
            "<path:object_id>/move/<str:way>/",
            self.admin_site.admin_view(require_POST(self.move)),
            name="routing_routingrule_move",
        )
        return [move, *super().get_urls()]

    def move(self, request: AdminRequest, object_id: str, way: str) -> HttpResponse:
        """Let a rule be asked earlier or later, and come back to it."""
        rule = self.get_object(request, object_id)
        if rule is None or way not in ("up", "down"):
            raise Http404
        if not request.user.has_perm(CHANGE):
            raise PermissionDenied
        try:
            drafts.move_rule(rule, is_up=way == "up", by=request.user)
        except drafts.PlanIsFrozen as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        return self._back(rule)

    def add_view(
        self, request: AdminRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Let the kind be chosen first, since each names something else."""
        if self.has_add_permission(request) and request.GET.get("kind") not in KINDS:
            return self._choose_kind(request)
        page: HttpResponse = super().add_view(request, form_url, extra_context)
        return page

    def _choose_kind(self, request: HttpRequest) -> HttpResponse:
        context = self.admin_site.each_context(request) | {
            "title": _("What shall the rule do?"),
            "opts": self.opts,
            "media": self.media,
            "kinds": [
                (RuleKind(kind).label, text, address_with(request, kind=kind))
                for kind, text in KINDS.items()
            ],
        }
        return TemplateResponse(request, "admin/routing/kinds.html", context)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any
    ) -> Any:
        if obj is not None and not self.has_change_permission(request, obj):
            return super().get_form(request, obj, change, **options | {"form": forms.ModelForm})
        known: Mapping[str, Any] = {
            "plan": obj.plan if obj else _plan_named(request),
            "kind": obj.kind if obj else request.GET.get("kind", ""),
        }
        options["form"] = type("Form", (self.form,), dict(known))
        return super().get_form(request, obj, change, **options)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        kind = obj.kind if obj else request.GET.get("kind", "")
        own = ["name", *drafts.TARGETS.get(kind, ())]
        may_edit = obj is None or self.has_change_permission(request, obj)
        return own if may_edit else ["plan", "position", "kind", *own]

    def save_model(self, request: AdminRequest, obj: Any, form: Any, change: bool) -> None:
        drafts.save_rule(obj, by=request.user)

    def delete_model(self, request: AdminRequest, obj: Any) -> None:
        drafts.delete_rule(obj, by=request.user)


class RoutingConditionForm(AskingForm):
    """A condition of a rule; `rule` is set on the class for one request as well."""

    rule: RoutingRule

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.instance.rule = self.rule

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        try:
            drafts.check_condition(self.instance)
        except drafts.ConditionRefused as refusal:
            for problem in refusal.problems:
                self.add_error(None, problem)


@admin.register(RoutingCondition)
class RoutingConditionAdmin(FactFirst, PlanRowAdmin):
    list_display = ("rule", "fact", "operator", "wanted")
    list_select_related = ("rule__plan",)
    search_fields = ("fact", "rule__name")
    ordering = ("-rule", "position", "pk")
    form = RoutingConditionForm
    when_empty = "The conditions of routing rules appear here, once a rule has one."
    related = (Related("routing.routingrule", "its rule", at="rule"),)
    facts: Mapping[str, Fact] = ASKED_FACTS

    def rule_of(self, row: RoutingCondition) -> RoutingRule:
        return row.rule

    def has_add_permission(self, request: HttpRequest) -> bool:
        # A condition is added from the page of its plan, and names its rule.
        return request.user.has_perm(CHANGE) and _rule_named(request) is not None

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any
    ) -> Any:
        if obj is not None and not self.has_change_permission(request, obj):
            return super().get_form(request, obj, change, **options | {"form": forms.ModelForm})
        known = {
            "rule": obj.rule if obj else _rule_named(request),
            "fact": self.fact_of(request, obj),
        }
        options |= {"form": type("Form", (self.form,), known), "fields": ["operator"]}
        return super().get_form(request, obj, change, **options)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is not None and not self.has_change_permission(request, obj):
            return [(None, {"fields": ["rule", "fact", "parameters", "operator", "wanted"]})]
        fact = self.fact_of(request, obj)
        return [(None, {"fields": condition_inputs(fact) if fact else []})]

    def save_model(self, request: AdminRequest, obj: Any, form: Any, change: bool) -> None:
        drafts.save_condition(obj, by=request.user)

    def delete_model(self, request: AdminRequest, obj: Any) -> None:
        drafts.delete_condition(obj, by=request.user)


def _is_draft(plan: RoutingPlan) -> bool:
    return plan.state == PlanState.DRAFT


def _plan_named(request: HttpRequest) -> RoutingPlan | None:
    """Return the draft that the address names, None when there is none such."""
    found: RoutingPlan | None = _drafts_row(
        RoutingPlan, request.GET.get("plan", ""), state=PlanState.DRAFT
    )
    return found


def _rule_named(request: HttpRequest) -> RoutingRule | None:
    """Return the rule of a draft that the address names, None when there is none such."""
    found: RoutingRule | None = _drafts_row(
        RoutingRule, request.GET.get("rule", ""), plan__state=PlanState.DRAFT
    )
    return found


def _drafts_row(model: type[Any], named: str, **state: str) -> Any:
    if not named.isdecimal() or len(named) > MOST_DIGITS:
        return None
    return model._default_manager.filter(pk=named, **state).first()
