"""Routing rules drawn up in a line each."""

from routing import drafts, plans, soundness
from routing.models import RoutingCondition, RoutingPlan, RoutingRule
from tests.routing import sales
from tests.routing.sales import NOON


def market():
    """Germany worked by Rita, and a fallback queue."""
    sales.fallback()
    return sales.team(sales.rep("Rita"))


def drafted(by, **options):
    return reread(drafts.start(by=by, at=NOON, **options))


def reread(plan):
    return plans.with_rules(RoutingPlan.objects.filter(pk=plan.pk)).get()


def kinds(plan):
    return [rule.kind for rule in plans.rules_of(reread(plan))]


def names(plan):
    return [rule.name for rule in plans.rules_of(reread(plan))]


def add(plan, kind, name="A rule", **fields):
    rule = RoutingRule(plan=plan, kind=kind, name=name, **fields)
    drafts.save_rule(rule, by=plan.made_by)
    return rule


def when(rule, fact="country", operator="is", wanted="DE", **parameters):
    condition = RoutingCondition(
        rule=rule, fact=fact, operator=operator, wanted=wanted, parameters=parameters
    )
    drafts.save_condition(condition, by=rule.plan.made_by)
    return condition


def publish(plan, *, at=NOON, by=None):
    plan = reread(plan)
    seen = drafts.fingerprint_of(plan)
    return drafts.publish(plan, by=by or plan.made_by, at=at, seen=seen)


def problems(plan):
    return soundness.problems_in(reread(plan))
