"""The demo's routing rules: two editions that were published, and a draft that RevOps works on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from crm_handoff.demo import cast
from crm_handoff.models import User
from definitions.vocabulary import Operator
from routing import drafts, plans
from routing.enums import RuleKind
from routing.models import Rep, RoutingCondition, RoutingPlan, RoutingRule, Territory


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule to be drawn up. rep: an address; territory: a key.

    conditions: fact, operator and what is wanted. place: how many rules are asked before it.
    """

    kind: RuleKind
    name: str
    place: int
    rep: str = ""
    territory: str = ""
    least_amount: Decimal | None = None
    conditions: tuple[tuple[str, Operator, Any], ...] = ()


BIG = Decimal(100_000)
NORTH = ["AT", "CH", "DE", "GB", "IE"]
SOUTH = ["BE", "FR", "LU"]
BIG_DEALS = (
    Rule(
        RuleKind.HIGH_VALUE,
        "Big deals in DACH and the British Isles",
        2,
        rep=cast.JONAS,
        least_amount=BIG,
        conditions=(("country", Operator.ONE_OF, NORTH),),
    ),
    Rule(
        RuleKind.HIGH_VALUE,
        "Big deals in France and Benelux",
        3,
        rep=cast.ALEX,
        least_amount=BIG,
        conditions=(("country", Operator.ONE_OF, SOUTH),),
    ),
)
ENTERPRISE = Rule(
    RuleKind.TERRITORY,
    "Enterprise accounts",
    4,
    territory=cast.ENTERPRISE,
    conditions=(
        ("account_tier", Operator.IS, "A"),
        ("country", Operator.ONE_OF, [*NORTH, *SOUTH]),
    ),
)
INSIGHTS = Rule(
    RuleKind.TERRITORY,
    "Insights for larger companies",
    5,
    territory=cast.ENTERPRISE,
    conditions=(
        ("product_line", Operator.IS, "Insights"),
        ("employee_count", Operator.AT_LEAST, 300),
    ),
)


def begin(people: Mapping[str, User], *, at: datetime) -> None:
    """Publish the first edition: big deals go to account executives by name."""
    note = "From 100,000 a year on, an account executive takes the lead."
    _publish(_draw_up(BIG_DEALS, note=note, by=people[cast.REVOPS], at=at), people, at=at)


def revise(people: Mapping[str, User], *, at: datetime) -> None:
    """Publish the second: accounts of tier A have a territory of their own."""
    note = (
        "Accounts of tier A wait for whoever speaks their language. Whoever works Enterprise may "
        "take one from its queue."
    )
    _publish(_draw_up((ENTERPRISE,), note=note, by=people[cast.REVOPS], at=at), people, at=at)


def draft(people: Mapping[str, User], *, at: datetime) -> None:
    """Begin a third, which nobody has published."""
    note = (
        "Insights sells to finance and insurance: too much for the territories. Ask Samir first."
    )
    _draw_up((INSIGHTS,), note=note, by=people[cast.REVOPS], at=at)


def _draw_up(rules: tuple[Rule, ...], *, note: str, by: User, at: datetime) -> RoutingPlan:
    plan = drafts.start(by=by, at=at)
    plan.note = note
    drafts.save_note(plan, by=by)
    for rule in rules:
        _add(plan, rule, by=by)
    return plan


def _add(plan: RoutingPlan, said: Rule, *, by: User) -> None:
    rule = RoutingRule(
        plan=plan,
        kind=said.kind,
        name=said.name,
        least_amount=said.least_amount,
        rep=Rep.objects.get(user__email=said.rep) if said.rep else None,
        territory=Territory.objects.get(key=said.territory) if said.territory else None,
    )
    drafts.save_rule(rule, by=by)
    for fact, operator, wanted in said.conditions:
        condition = RoutingCondition(rule=rule, fact=fact, operator=operator, wanted=wanted)
        drafts.save_condition(condition, by=by)
    for _ in range(plan.rules.filter(position__lt=rule.position).count() - said.place):
        drafts.move_rule(rule, is_up=True, by=by)


def _publish(plan: RoutingPlan, people: Mapping[str, User], *, at: datetime) -> None:
    seen = drafts.fingerprint_of(plans.with_rules(RoutingPlan.objects.filter(pk=plan.pk)).get())
    drafts.publish(plan, by=people[cast.REVOPS], at=at, seen=seen)
