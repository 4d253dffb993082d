"""The routing rules as they are read: those in force, a draft, those of former times."""

from typing import Any

from django.db.models import Prefetch, QuerySet

from routing.enums import PlanState, RuleKind
from routing.models import RoutingCondition, RoutingPlan, RoutingRule

SHIPPED = (
    (RuleKind.NAMED_ACCOUNT, "Named accounts"),
    (RuleKind.ACCOUNT_OWNER, "Accounts that a rep works already"),
    (RuleKind.TERRITORY, "Territories"),
    (RuleKind.FALLBACK_QUEUE, "Everything else"),
)
"""The rules as long as nobody published any, in order."""


def in_force() -> RoutingPlan | None:
    """Return the published plan with its rules; None when the shipped rules apply."""
    return with_rules(RoutingPlan.objects.filter(state=PlanState.PUBLISHED)).first()


def draft() -> RoutingPlan | None:
    """Return the draft with its rules; None when there is none."""
    return with_rules(RoutingPlan.objects.filter(state=PlanState.DRAFT)).first()


def before(plan: RoutingPlan) -> RoutingPlan | None:
    """Return what was in force before a plan, with its rules; None: the shipped rules were."""
    published = RoutingPlan.objects.exclude(published_at=None).exclude(pk=plan.pk)
    if plan.published_at is not None:
        published = published.filter(published_at__lt=plan.published_at)
    return with_rules(published.order_by("-published_at", "-pk")).first()


def with_rules(plans: QuerySet[RoutingPlan]) -> QuerySet[RoutingPlan]:
    """Read with plans their rules in order, and what those name; two queries more."""
    rules = RoutingRule.objects.order_by("position", "pk").select_related(
        "territory", "rep__user", "queue"
    )
    conditions = RoutingCondition.objects.order_by("position", "pk")
    return plans.prefetch_related(
        Prefetch("rules", rules), Prefetch("rules__conditions", conditions)
    )


def rules_of(plan: RoutingPlan | None) -> list[RoutingRule]:
    """Return the rules of a plan that `with_rules` read, or for None those that ship, unsaved."""
    return list(plan.rules.all()) if plan is not None else shipped()


def shipped() -> list[RoutingRule]:
    """Return the rules that apply as long as none are published; they are not saved."""
    return [
        RoutingRule(position=position, kind=kind, name=name)
        for position, (kind, name) in enumerate(SHIPPED, 1)
    ]


def conditions_of(rule: RoutingRule) -> list[RoutingCondition]:
    """Return the conditions of a rule in order; none of a rule that was never saved."""
    return list(rule.conditions.all()) if rule.pk is not None else []


def row_of(condition: RoutingCondition) -> dict[str, Any]:
    """Return a condition as a document writes it."""
    return {
        "fact": condition.fact,
        "operator": condition.operator,
        "wanted": condition.wanted,
        "parameters": condition.parameters,
    }
