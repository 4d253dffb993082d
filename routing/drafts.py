"""Drafts of the routing rules: started from what is in force, edited, discarded or published."""

import hashlib
import json
import logging
from datetime import datetime

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import F, Max
from django.utils.translation import gettext as _

from routing import plans, soundness
from routing.enums import PlanState, RuleKind
from routing.models import RoutingCondition, RoutingPlan, RoutingRule

logger = logging.getLogger(__name__)

TARGETS: dict[str, tuple[str, ...]] = {
    RuleKind.NAMED_ACCOUNT: (),
    RuleKind.ACCOUNT_OWNER: (),
    RuleKind.HIGH_VALUE: ("rep", "least_amount"),
    RuleKind.TERRITORY: ("territory",),
    RuleKind.FALLBACK_QUEUE: ("queue",),
}
"""What a rule of each kind may name; total over the kinds that plans are made of."""


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


@transaction.atomic
def start(
    *, by: AbstractBaseUser, at: datetime, copy_of: RoutingPlan | None = None
) -> RoutingPlan:
    """Make a draft of the published rules, or of the shipped ones when none were published.

    copy_of: an edition of former times to begin with instead.

    Raises:
        DraftExists: there is one already.
    """
    # Whoever drafts or publishes waits here: the table has a row a year, and is read by all.
    editions = RoutingPlan.objects.select_for_update(no_key=True).order_by("pk")
    states = {plan.state: plan for plan in editions}
    if existing := states.get(PlanState.DRAFT):
        raise DraftExists(existing)
    source = copy_of if copy_of is not None else states.get(PlanState.PUBLISHED)
    number = max((plan.number for plan in editions), default=0) + 1
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
        source = plans.with_rules(RoutingPlan.objects.filter(pk=source.pk)).get()
    for rule in plans.rules_of(source):
        conditions = plans.conditions_of(rule)
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
    if problems := list(soundness.malformed(condition)):
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
    plan = plans.with_rules(RoutingPlan.objects.filter(pk=plan.pk)).get()
    if fingerprint_of(plan) != seen:
        raise PlanChanged
    if problems := soundness.problems_in(plan):
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
            [
                [one.fact, one.operator, one.wanted, one.parameters]
                for one in plans.conditions_of(rule)
            ],
        ]
        for rule in plans.rules_of(plan)
    ]
    seed = json.dumps([plan.note, rules], sort_keys=True)
    return hashlib.sha256(seed.encode()).hexdigest()[:32]


def _lock(plan: RoutingPlan) -> None:
    """Hold a draft until the transaction ends.

    Raises:
        PlanIsFrozen: it is none.
    """
    held = RoutingPlan.objects.select_for_update(no_key=True).filter(pk=plan.pk).first()
    if held is None or held.state != PlanState.DRAFT:
        raise PlanIsFrozen(plan)
