"""What is wrong with the routing rules of a plan, before they are published."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from definitions import ranges, segments
from definitions.form import malformed_condition
from definitions.vocabulary import ASKED_FACTS
from routing import plans
from routing.enums import RuleKind
from routing.models import (
    Queue,
    RoutingCondition,
    RoutingPlan,
    RoutingRule,
    Territory,
    TerritoryMembership,
)

ALIKE = frozenset({RuleKind.NAMED_ACCOUNT, RuleKind.ACCOUNT_OWNER})
"""Kinds of which a second rule finds nobody whom the first did not find."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a plan; `rule_id` is the rule that it is about, None for all of them.

    One that does not `block` is worth a look, and no reason not to publish.
    """

    words: str
    rule_id: int | None = None
    blocks: bool = True


def problems_in(plan: RoutingPlan) -> list[str]:
    """Return why a plan that `with_rules` read cannot be published, a sentence each."""
    return [fault.words for fault in faults_of(plan) if fault.blocks]


def faults_of(plan: RoutingPlan) -> list[Fault]:
    """Return what is wrong with a plan that `with_rules` read; three queries at most."""
    rules = plans.rules_of(plan)
    return [
        *_incomplete(rules),
        *(fault for rule in rules for fault in _unsound(rule)),
        *_unreachable(rules),
        *_unmanned(rules),
    ]


def _incomplete(rules: list[RoutingRule]) -> Iterator[Fault]:
    """Yield what a plan lacks: it must find an owner for every lead."""
    last = rules[-1] if rules else None
    if last is None or last.kind != RuleKind.FALLBACK_QUEUE or plans.conditions_of(last):
        yield Fault(
            _("The last rule must be a fallback queue without conditions, else leads get stuck.")
        )
    needs = [rule for rule in rules if rule.kind == RuleKind.FALLBACK_QUEUE and rule.queue is None]
    if needs and not Queue.objects.filter(is_fallback=True).exists():
        yield Fault(_("No queue is marked as the fallback: mark one under Queues."), needs[0].pk)


def _unsound(rule: RoutingRule) -> Iterator[Fault]:
    """Yield what is wrong with one rule by itself."""
    said = {"rule": rule.name}
    for condition in plans.conditions_of(rule):
        for problem in malformed(condition):
            text = _("“%(rule)s” has a condition that makes no sense: %(problem)s")
            yield Fault(text % (said | {"problem": problem}), rule.pk)
    if _is_impossible(rule):
        text = _("“%(rule)s” can never apply: its conditions contradict each other.")
        yield Fault(text % said, rule.pk)
    if rule.rep is not None and not (rule.rep.is_active and rule.rep.user.is_active):
        text = _("“%(rule)s” names %(rep)s, who receives no leads any more.")
        yield Fault(text % (said | {"rep": rule.rep}), rule.pk)
    if rule.territory is not None and not rule.territory.is_active:
        text = _("“%(rule)s” names the territory %(territory)s, which is not active.")
        yield Fault(text % (said | {"territory": rule.territory}), rule.pk)


def _is_impossible(rule: RoutingRule) -> bool:
    rows = _sound_rows(rule)
    return any(ranges.is_empty(values) for values in segments.ranges_of(rows).values())


def _unreachable(rules: list[RoutingRule]) -> Iterator[Fault]:
    """Yield each rule to which an earlier one leaves nothing; the last is there to be sure."""
    asked = rules[:-1] if rules and rules[-1].kind == RuleKind.FALLBACK_QUEUE else rules
    for number, rule in enumerate(asked):
        earlier = next((one for one in rules[:number] if _leaves_nothing(one, rule)), None)
        if earlier is not None and not _is_impossible(rule):
            text = _("“%(rule)s” can never apply: “%(earlier)s” is asked before and takes it all.")
            yield Fault(text % {"rule": rule.name, "earlier": earlier.name}, rule.pk)


def _leaves_nothing(earlier: RoutingRule, later: RoutingRule) -> bool:
    takes_all = _ends_the_search(earlier) or (earlier.kind == later.kind and later.kind in ALIKE)
    return takes_all and segments.covers(_sound_rows(earlier), _sound_rows(later))


def _ends_the_search(rule: RoutingRule) -> bool:
    """Say whether a rule gives an owner to whatever meets its conditions."""
    if rule.kind == RuleKind.FALLBACK_QUEUE:
        return True
    return rule.kind == RuleKind.TERRITORY and rule.territory is not None


def _unmanned(rules: list[RoutingRule]) -> Iterator[Fault]:
    """Yield territories that nobody works: what goes there waits in their queues for good."""
    named = [rule for rule in rules if rule.kind == RuleKind.TERRITORY]
    if not named:
        return
    worked = set(_worked())
    for rule in named:
        if rule.territory is not None and rule.territory_id not in worked:
            text = _("“%(rule)s” sends to %(territory)s, where nobody receives leads.")
            yield Fault(text % {"rule": rule.name, "territory": rule.territory}, rule.pk)
    if all(rule.territory is not None for rule in named):
        return
    for territory in Territory.objects.filter(is_active=True).exclude(pk__in=worked):
        text = _("Nobody receives leads in %(territory)s: they will wait in its queue.")
        yield Fault(text % {"territory": territory}, blocks=False)


def _worked() -> Iterable[int]:
    """Return the keys of the territories that an active member works."""
    return (
        TerritoryMembership.objects.filter(
            Q(is_active=True, rep__is_active=True, rep__user__is_active=True)
        )
        .values_list("territory", flat=True)
        .distinct()
    )


def malformed(condition: RoutingCondition) -> Iterator[str]:
    """Yield why a condition makes no sense, a sentence each."""
    yield from malformed_condition(condition.fact, plans.row_of(condition), facts=ASKED_FACTS)


def _sound_rows(rule: RoutingRule) -> list[dict[str, Any]]:
    return [plans.row_of(one) for one in plans.conditions_of(rule) if not list(malformed(one))]
