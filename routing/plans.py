"""The routing rules as RevOps draw them up: a draft is edited, found sound, and published."""

import hashlib
import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import F, Max, Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from definitions import ranges, segments
from definitions.form import malformed_condition
from definitions.vocabulary import ASKED_FACTS
from routing.enums import PlanState, RuleKind
from routing.models import (
    Queue,
    RoutingCondition,
    RoutingPlan,
    RoutingRule,
    Territory,
    TerritoryMembership,
)

logger = logging.getLogger(__name__)

SHIPPED = (
    (RuleKind.NAMED_ACCOUNT, "Named accounts"),
    (RuleKind.ACCOUNT_OWNER, "Accounts that a rep works already"),
    (RuleKind.TERRITORY, "Territories"),
    (RuleKind.FALLBACK_QUEUE, "Everything else"),
)
"""The rules as long as nobody published any, in order."""

TARGETS: dict[str, tuple[str, ...]] = {
    RuleKind.NAMED_ACCOUNT: (),
    RuleKind.ACCOUNT_OWNER: (),
    RuleKind.HIGH_VALUE: ("rep", "least_amount"),
    RuleKind.TERRITORY: ("territory",),
    RuleKind.FALLBACK_QUEUE: ("queue",),
}
"""What a rule of each kind may name; total over the kinds that plans are made of."""

ENDINGS = frozenset({RuleKind.TERRITORY, RuleKind.FALLBACK_QUEUE})
"""Kinds that leave no lead to the rules after them, once they apply."""

ALIKE = frozenset({RuleKind.NAMED_ACCOUNT, RuleKind.ACCOUNT_OWNER})
"""Kinds of which a second rule finds nobody whom the first did not find."""


class DraftExists(Exception):
    """There is a draft already; `plan` is it."""

    def __init__(self, plan: RoutingPlan) -> None:
        super().__init__(_("%(plan)s are a draft already: edit or discard it.") % {"plan": plan})
        self.plan = plan


class PlanIsFrozen(Exception):
    """The plan is no draft, hence stays as it is."""

    def __init__(self, plan: RoutingPlan) -> None:
        said = _("%(plan)s were published: start a new draft to change something.")
        super().__init__(said % {"plan": plan})


class PlanUnsound(Exception):
    """The draft cannot be published as it is; `problems` has a sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class PlanChanged(Exception):
    """The draft was edited since whoever publishes it read it."""

    def __init__(self) -> None:
        super().__init__(_("The draft was edited meanwhile: read it again before you publish."))


class ConditionRefused(Exception):
    """A condition makes no sense; `problems` has a sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a plan; `rule_id` is the rule that it is about, None for all of them.

    One that does not `block` is worth a look, and no reason not to publish.
    """

    words: str
    rule_id: int | None = None
    blocks: bool = True


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


@transaction.atomic
def start_draft(
    *, by: AbstractBaseUser, at: datetime, copy_of: RoutingPlan | None = None
) -> RoutingPlan:
    """Make a draft of the published rules, or of the shipped ones when none were published.

    copy_of: an edition of former times to begin with instead.

    Raises:
        DraftExists: there is one already.
    """
    # Whoever drafts or publishes waits here: the table has a row a year, and is read by all.
    plans = RoutingPlan.objects.select_for_update(no_key=True).order_by("pk")
    states = {plan.state: plan for plan in plans}
    if existing := states.get(PlanState.DRAFT):
        raise DraftExists(existing)
    source = copy_of if copy_of is not None else states.get(PlanState.PUBLISHED)
    number = max((plan.number for plan in plans), default=0) + 1
    try:
        with transaction.atomic():
            made = RoutingPlan.objects.create(number=number, made_by_id=by.pk, made_at=at)
    except IntegrityError as error:
        # Somebody else's came first, and there was no row to wait at.
        raise DraftExists(RoutingPlan.objects.get(state=PlanState.DRAFT)) from error
    _copy(source, made)
    logger.info("%s drafted by %s", made, by)
    return made


def _copy(source: RoutingPlan | None, made: RoutingPlan) -> None:
    if source is not None:
        source = with_rules(RoutingPlan.objects.filter(pk=source.pk)).get()
    for rule in rules_of(source):
        conditions = conditions_of(rule)
        rule.pk, rule.plan = None, made
        rule._state.adding = True
        rule.save()
        for condition in conditions:
            condition.pk, condition.rule = None, rule
            condition._state.adding = True
        RoutingCondition.objects.bulk_create(conditions)


@transaction.atomic
def save_note(plan: RoutingPlan, *, by: AbstractBaseUser) -> None:
    """Save what a draft says is new and why.

    Raises:
        PlanIsFrozen: it was published meanwhile.
    """
    _lock(plan)
    plan.save(update_fields=["note"])
    logger.info("%s: note edited by %s", plan, by)


@transaction.atomic
def save_rule(rule: RoutingRule, *, by: AbstractBaseUser) -> None:
    """Save a rule of a draft; what its kind does not name is emptied.

    A new one goes behind the others, but before the rule that takes everything else.

    Raises:
        PlanIsFrozen: its plan was published.
    """
    _lock(rule.plan)
    for name in {name for names in TARGETS.values() for name in names}:
        if name not in TARGETS[rule.kind]:
            setattr(rule, name, None)
    if rule._state.adding:
        rule.position = _place_in(rule.plan)
    rule.save()
    logger.info("Rule “%s” of %s saved by %s", rule, rule.plan, by)


def _place_in(plan: RoutingPlan) -> int:
    rules = plan.rules.order_by("-position")
    last = rules.first()
    if last is None:
        return 1
    if last.kind != RuleKind.FALLBACK_QUEUE or last.conditions.exists():
        return last.position + 1
    rules.filter(pk=last.pk).update(position=F("position") + 1)
    return last.position


@transaction.atomic
def move_rule(rule: RoutingRule, *, is_up: bool, by: AbstractBaseUser) -> None:
    """Let a rule be asked one place earlier or later; the first and the last stay.

    Raises:
        PlanIsFrozen: its plan was published.
    """
    _lock(rule.plan)
    rule.refresh_from_db(fields=["position"])
    others = rule.plan.rules.filter(
        **{"position__lt" if is_up else "position__gt": rule.position}
    ).order_by("-position" if is_up else "position")
    other = others.first()
    if other is None:
        return
    RoutingRule.objects.filter(pk=rule.pk).update(position=other.position)
    RoutingRule.objects.filter(pk=other.pk).update(position=rule.position)
    logger.info("Rule “%s” of %s moved by %s", rule, rule.plan, by)


@transaction.atomic
def delete_rule(rule: RoutingRule, *, by: AbstractBaseUser) -> None:
    """Delete a rule of a draft with its conditions.

    Raises:
        PlanIsFrozen: its plan was published.
    """
    _lock(rule.plan)
    rule.delete()
    logger.info("Rule “%s” of %s deleted by %s", rule, rule.plan, by)


def check_condition(condition: RoutingCondition) -> None:
    """Say whether a condition makes sense at all.

    Raises:
        ConditionRefused: its fact is not known, or is not compared like this.
    """
    if problems := list(_malformed(condition)):
        raise ConditionRefused(problems)


@transaction.atomic
def save_condition(condition: RoutingCondition, *, by: AbstractBaseUser) -> None:
    """Save a condition of a draft's rule, a new one behind the others.

    Raises:
        ConditionRefused: it makes no sense.
        PlanIsFrozen: the plan was published.
    """
    _lock(condition.rule.plan)
    check_condition(condition)
    if condition._state.adding:
        last = condition.rule.conditions.aggregate(last=Max("position"))["last"]
        condition.position = (last or 0) + 1
    condition.save()
    logger.info("Condition “%s” of rule “%s” saved by %s", condition, condition.rule, by)


@transaction.atomic
def delete_condition(condition: RoutingCondition, *, by: AbstractBaseUser) -> None:
    """Delete a condition of a draft's rule.

    Raises:
        PlanIsFrozen: the plan was published.
    """
    _lock(condition.rule.plan)
    condition.delete()
    logger.info("Condition “%s” of rule “%s” deleted by %s", condition, condition.rule, by)


@transaction.atomic
def discard(plan: RoutingPlan, *, by: AbstractBaseUser) -> None:
    """Delete a draft with its rules.

    Raises:
        PlanIsFrozen: it was published.
    """
    _lock(plan)
    name = str(plan)
    plan.delete()
    logger.info("%s discarded by %s", name, by)


@transaction.atomic
def publish(plan: RoutingPlan, *, by: AbstractBaseUser, at: datetime, seen: str) -> RoutingPlan:
    """Put a draft in force and retire the plan before it; leads are routed by it from then on.

    seen: the fingerprint of what was read before, as `fingerprint_of` gives it.

    Raises:
        PlanChanged: the draft was edited since.
        PlanIsFrozen: it was published.
        PlanUnsound: something must be mended first.
    """
    _lock(plan)
    plan = with_rules(RoutingPlan.objects.filter(pk=plan.pk)).get()
    if fingerprint_of(plan) != seen:
        raise PlanChanged
    if problems := problems_in(plan):
        raise PlanUnsound(problems)
    RoutingPlan.objects.filter(state=PlanState.PUBLISHED).update(
        state=PlanState.RETIRED, retired_at=at
    )
    plan.state, plan.published_by_id, plan.published_at = PlanState.PUBLISHED, by.pk, at
    plan.save(update_fields=["state", "published_by", "published_at"])
    logger.info("%s published by %s", plan, by)
    return plan


def fingerprint_of(plan: RoutingPlan) -> str:
    """Return what is the same exactly as long as the note and rules of a plan are."""
    rules = [
        [
            rule.pk,
            rule.name,
            rule.kind,
            *(str(getattr(rule, f"{name}_id", None)) for name in ("territory", "rep", "queue")),
            str(rule.least_amount),
            [[one.fact, one.operator, one.wanted, one.parameters] for one in conditions_of(rule)],
        ]
        for rule in rules_of(plan)
    ]
    seed = json.dumps([plan.note, rules], sort_keys=True)
    return hashlib.sha256(seed.encode()).hexdigest()[:32]


def problems_in(plan: RoutingPlan) -> list[str]:
    """Return why a plan that `with_rules` read cannot be published, a sentence each."""
    return [fault.words for fault in faults_of(plan) if fault.blocks]


def faults_of(plan: RoutingPlan) -> list[Fault]:
    """Return what is wrong with a plan that `with_rules` read; three queries at most."""
    rules = rules_of(plan)
    return [
        *_incomplete(rules),
        *(fault for rule in rules for fault in _unsound(rule)),
        *_unreachable(rules),
        *_unmanned(rules),
    ]


def _incomplete(rules: list[RoutingRule]) -> Iterator[Fault]:
    """Yield what a plan lacks: it must find an owner for every lead."""
    last = rules[-1] if rules else None
    if last is None or last.kind != RuleKind.FALLBACK_QUEUE or conditions_of(last):
        yield Fault(
            _("The last rule must be a fallback queue without conditions, else leads get stuck.")
        )
    needs = [rule for rule in rules if rule.kind == RuleKind.FALLBACK_QUEUE and rule.queue is None]
    if needs and not Queue.objects.filter(is_fallback=True).exists():
        yield Fault(_("No queue is marked as the fallback: mark one under Queues."), needs[0].pk)


def _unsound(rule: RoutingRule) -> Iterator[Fault]:
    """Yield what is wrong with one rule by itself."""
    said = {"rule": rule.name}
    for condition in conditions_of(rule):
        for problem in _malformed(condition):
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


def _malformed(condition: RoutingCondition) -> Iterator[str]:
    yield from malformed_condition(condition.fact, row_of(condition), facts=ASKED_FACTS)


def _sound_rows(rule: RoutingRule) -> list[dict[str, Any]]:
    return [row_of(one) for one in conditions_of(rule) if not list(_malformed(one))]


def row_of(condition: RoutingCondition) -> dict[str, Any]:
    """Return a condition as a document writes it."""
    return {
        "fact": condition.fact,
        "operator": condition.operator,
        "wanted": condition.wanted,
        "parameters": condition.parameters,
    }


def _lock(plan: RoutingPlan) -> None:
    """Hold a draft until the transaction ends.

    Raises:
        PlanIsFrozen: it is none.
    """
    held = RoutingPlan.objects.select_for_update(no_key=True).filter(pk=plan.pk).first()
    if held is None or held.state != PlanState.DRAFT:
        raise PlanIsFrozen(plan)
