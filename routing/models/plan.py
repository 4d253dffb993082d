"""The routing rules that RevOps draw up and publish, an edition at a time."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from definitions.models.content import Condition
from definitions.vocabulary import Operator
from routing.enums import PlanState, RuleKind
from routing.models.rep import Rep
from routing.models.territory import Queue, Territory


class RoutingPlan(models.Model):
    """An edition of the routing rules: a draft, the published one, or one of former times.

    At most one is a draft and one published. Triggers keep the rules of an edition as they were
    published, so that decisions can be explained and replayed.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    number = models.PositiveIntegerField(unique=True, editable=False)
    state = models.CharField(
        max_length=10, choices=PlanState, default=PlanState.DRAFT, editable=False
    )
    note = models.TextField(blank=True, help_text="What is new and why.")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Empty: it shipped with the product.",
    )
    made_at = models.DateTimeField(editable=False)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
    )
    published_at = models.DateTimeField(null=True, editable=False)
    retired_at = models.DateTimeField(null=True, editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        permissions = [("publish_routingplan", "Can publish routing rules")]
        constraints = [
            models.UniqueConstraint(
                fields=("state",),
                condition=models.Q(state__in=("draft", "published")),
                name="one_draft_and_one_published_plan",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=PlanState.values), name="plan_state_known"
            ),
            models.CheckConstraint(
                condition=models.Q(state="draft", published_at=None, retired_at=None)
                | models.Q(state="published", published_at__isnull=False, retired_at=None)
                | models.Q(state="retired", published_at__isnull=False, retired_at__isnull=False),
                name="plan_says_when_it_was_in_force",
            ),
        ]

    def __str__(self) -> str:
        return f"Routing rules {self.number}"


class RoutingRule(models.Model):
    """One rule of a plan; rules are asked by `position`, and the first that gives an owner wins.

    A rule applies when all of its conditions hold; without any it applies to every lead.
    `high_value` sends to `rep` from `least_amount` (the organization's currency) on. A `territory`
    rule without a territory takes the first that covers the lead. A `fallback_queue` rule without
    a queue takes the one that is marked as fallback.
    """

    plan = models.ForeignKey(RoutingPlan, on_delete=models.CASCADE, related_name="rules")
    position = models.PositiveIntegerField()
    name = models.CharField(max_length=120)
    kind = models.CharField(
        max_length=20,
        choices=[(kind, RuleKind(kind).label) for kind in RuleKind.PLANNED],
    )
    territory = models.ForeignKey(
        Territory, null=True, blank=True, on_delete=models.PROTECT, related_name="routing_rules"
    )
    rep = models.ForeignKey(
        Rep, null=True, blank=True, on_delete=models.PROTECT, related_name="routing_rules"
    )
    queue = models.ForeignKey(
        Queue, null=True, blank=True, on_delete=models.PROTECT, related_name="routing_rules"
    )
    least_amount = models.DecimalField(
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="Expected annual contract value from which the rep receives the lead.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("plan", "position"),
                name="one_rule_per_position",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=RuleKind.PLANNED), name="rule_kind_is_planned"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    kind="high_value",
                    rep__isnull=False,
                    least_amount__gt=0,
                    territory=None,
                    queue=None,
                )
                | models.Q(kind="territory", rep=None, least_amount=None, queue=None)
                | models.Q(kind="fallback_queue", rep=None, least_amount=None, territory=None)
                | models.Q(
                    kind__in=("named_account", "account_owner"),
                    rep=None,
                    least_amount=None,
                    territory=None,
                    queue=None,
                ),
                name="rule_names_what_its_kind_needs",
            ),
            models.CheckConstraint(condition=models.Q(name__regex=r"\S"), name="rule_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name


class RoutingCondition(Condition):
    """A condition of a rule, in the vocabulary of criteria, score, path and stage included."""

    rule = models.ForeignKey(RoutingRule, on_delete=models.CASCADE, related_name="conditions")
    position = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(operator__in=list(Operator)),
                name="routing_operator_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.fact} {self.operator} {self.wanted}"
