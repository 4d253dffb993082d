"""The rules in force, compiled: what they ask of a lead, and the answers for many at once."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from definitions.conditions import FactRef, predicate_of
from definitions.queries import agreement_of
from definitions.vocabulary import VERDICT_FACTS, Operator
from leads import facts
from leads.models import Evaluation
from routing import plans
from routing.cases import Condition, Rule
from routing.enums import PlanState, RuleKind
from routing.models import RoutingPlan, RoutingRule

REMEMBERED_PLANS = 8
"""So many published plans are kept compiled in memory; others are read again."""

EXPECTED_AMOUNT = "expected_acv"
"""The fact that a high-value rule compares with its least amount."""


@dataclass(frozen=True, slots=True)
class Book:
    """A plan, compiled; `plan_id` is None while the shipped rules apply."""

    plan_id: int | None
    rules: tuple[Rule, ...]
    published_at: datetime | None = None

    @property
    def refs(self) -> tuple[FactRef, ...]:
        """Every question about a lead that some rule asks, each once."""
        asked = (condition.ref for rule in self.rules for condition in rule.conditions)
        return tuple(dict.fromkeys(asked))

    def answers(self, known: dict[FactRef, Any]) -> list[list[Any]]:
        """Return what each rule's conditions want to know, in their order."""
        return [[known[condition.ref] for condition in rule.conditions] for rule in self.rules]


def in_force() -> Book:
    """Return the rules in force; one query when they were compiled before."""
    published = RoutingPlan.objects.filter(state=PlanState.PUBLISHED).values_list("pk", flat=True)
    plan_id = published.first()
    return SHIPPED if plan_id is None else _published(plan_id)


def compiled(plan: RoutingPlan | None) -> Book:
    """Compile a plan that `plans.with_rules` read; None stands for the rules that ship."""
    rules = tuple(_compiled_rule(rule) for rule in plans.rules_of(plan))
    if plan is None:
        return Book(None, rules)
    return Book(plan.pk, rules, plan.published_at)


def ask(
    book: Book, evaluations: Iterable[Evaluation], *, at: datetime
) -> dict[int, dict[FactRef, Any]]:
    """Answer what the rules ask of judged leads, by lead; no query when they ask nothing.

    What was done and said counts as of `at`, what judging found is the evaluation's. The number
    of queries grows with the versions that judged, not with the leads.
    """
    refs = book.refs
    if not refs:
        return {}
    verdicts = [ref for ref in refs if ref.fact in VERDICT_FACTS]
    others = [ref for ref in refs if ref.fact not in VERDICT_FACTS]
    by_version = defaultdict(list)
    for evaluation in evaluations:
        by_version[evaluation.version].append(evaluation)
    answers: dict[int, dict[FactRef, Any]] = {}
    for version, judged in by_version.items():
        ids = [evaluation.lead_id for evaluation in judged]
        known = facts.answer_each(ids, others, agreement_of(version), at=at) if others else {}
        for evaluation in judged:
            row = dict(zip(others, known.get(evaluation.lead_id, ()), strict=False))
            row |= {ref: _of_verdict(evaluation, ref.fact) for ref in verdicts}
            answers[evaluation.lead_id] = dict.fromkeys(refs) | row
    return answers


def _of_verdict(evaluation: Evaluation, fact: str) -> Any:
    value = getattr(evaluation, fact)
    return None if value == "" else value


def _compiled_rule(rule: RoutingRule) -> Rule:
    conditions = [
        compiled_condition(row.fact, row.parameters, row.operator, row.wanted)
        for row in plans.conditions_of(rule)
    ]
    if rule.kind == RuleKind.HIGH_VALUE:
        least = rule.least_amount
        conditions.append(compiled_condition(EXPECTED_AMOUNT, {}, Operator.AT_LEAST, least))
    return Rule(
        kind=rule.kind,
        name=rule.name,
        conditions=tuple(conditions),
        rep=rule.rep_id,
        territory=rule.territory_id,
        queue=rule.queue_id,
        queue_name=str(rule.queue) if rule.queue else "",
    )


def compiled_condition(
    fact: str, parameters: dict[str, Any], operator: str, wanted: Any
) -> Condition:
    """Compile a condition of a rule."""
    ref = FactRef.of(fact, parameters)
    return Condition(ref, operator, wanted, predicate_of(fact, operator, wanted))


SHIPPED = compiled(None)
"""What applies as long as nobody published anything."""


@lru_cache(maxsize=REMEMBERED_PLANS)
def _published(plan_id: int) -> Book:
    # What was published stays as it is: triggers keep it.
    return compiled(plans.with_rules(RoutingPlan.objects.filter(pk=plan_id)).get())
