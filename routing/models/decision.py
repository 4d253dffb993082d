"""Why a lead went where it went, and who held it when."""

from typing import Any

from django.conf import settings
from django.db import models

from routing.enums import RuleKind
from routing.models.handoff import Handoff
from routing.models.plan import RoutingPlan
from routing.models.rep import Rep
from routing.models.territory import Queue, Territory


class RoutingDecision(models.Model):
    """The recorded answer to “why did this lead go there”; append-only.

    `inputs` are the facts that the rules saw; `outcomes` a list of `{"rule", "matched", "why"}`;
    `candidates` a list of `{"rep", "name", "eligible", "why"}`, in the order considered. Those of
    schema 2 hold all that the choice depended on, so that replaying it gives the same owner.
    """

    handoff = models.ForeignKey(
        Handoff, on_delete=models.PROTECT, related_name="decisions", db_index=False
    )
    at = models.DateTimeField()
    rule = models.CharField(max_length=20, choices=RuleKind)
    plan = models.ForeignKey(
        RoutingPlan, null=True, on_delete=models.PROTECT, related_name="decisions", db_index=False
    )
    territory = models.ForeignKey(
        Territory, null=True, on_delete=models.PROTECT, related_name="decisions", db_index=False
    )
    schema = models.PositiveSmallIntegerField(default=2, db_default=1)
    inputs: models.JSONField[Any, Any] = models.JSONField()
    outcomes: models.JSONField[Any, Any] = models.JSONField()
    candidates: models.JSONField[Any, Any] = models.JSONField()
    rep = models.ForeignKey(Rep, null=True, on_delete=models.PROTECT, related_name="decisions")
    queue = models.ForeignKey(Queue, null=True, on_delete=models.PROTECT, related_name="decisions")
    why = models.CharField(max_length=300, help_text="The reason in one sentence, for the rep.")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(rep__isnull=False, queue=None)
                | models.Q(rep=None, queue__isnull=False),
                name="decision_names_one_owner",
            ),
            models.CheckConstraint(
                condition=models.Q(rule__in=RuleKind.values), name="decision_rule_known"
            ),
        ]
        indexes = [
            models.Index(fields=["handoff", "at"], name="decision_by_handoff"),
            models.Index(fields=["territory", "at"], name="decision_by_territory"),
        ]

    def __str__(self) -> str:
        return self.why


class Assignment(models.Model):
    """A holder's segment of a handoff: who had it from when until when."""

    handoff = models.ForeignKey(Handoff, on_delete=models.PROTECT, related_name="assignments")
    decision = models.ForeignKey(
        RoutingDecision, on_delete=models.PROTECT, related_name="assignments"
    )
    rep = models.ForeignKey(Rep, null=True, on_delete=models.PROTECT, related_name="assignments")
    queue = models.ForeignKey(
        Queue, null=True, on_delete=models.PROTECT, related_name="assignments"
    )
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("handoff",),
                condition=models.Q(ended_at=None),
                name="one_running_assignment_per_handoff",
            ),
            models.CheckConstraint(
                condition=models.Q(rep__isnull=False, queue=None)
                | models.Q(rep=None, queue__isnull=False),
                name="assignment_names_one_holder",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at=None) | models.Q(ended_at__gte=models.F("began_at")),
                name="assignment_ends_after_it_began",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rep or self.queue} from {self.began_at:%Y-%m-%d %H:%M}"
