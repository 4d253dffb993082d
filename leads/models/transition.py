"""The history of stages."""

from django.conf import settings
from django.db import models

from definitions.enums import choices
from definitions.vocabulary import Path
from leads.enums import Cause, Motion, Stage
from leads.models.evaluation import Evaluation
from leads.models.lead import Lead


class StageTransition(models.Model):
    """A lead went from one stage to another, why, and by whom; append-only.

    `motion`: of a step to PQL by evaluation, whether the account was a customer then.
    """

    lead = models.ForeignKey(
        Lead, db_index=False, on_delete=models.PROTECT, related_name="transitions"
    )
    from_stage = models.CharField(max_length=15, choices=Stage)
    to_stage = models.CharField(max_length=15, choices=Stage)
    cause = models.CharField(max_length=15, choices=Cause)
    path = models.CharField(max_length=15, choices=choices(Path), blank=True)
    motion = models.CharField(max_length=15, choices=Motion, blank=True, default="", db_default="")
    evaluation = models.ForeignKey(
        Evaluation,
        null=True,
        db_index=False,
        on_delete=models.PROTECT,
        related_name="transitions",
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField()
    note = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(from_stage__in=Stage.values)
                & models.Q(to_stage__in=Stage.values),
                name="transition_stages_known",
            ),
            models.CheckConstraint(
                condition=models.Q(cause__in=Cause.values), name="transition_cause_known"
            ),
            models.CheckConstraint(
                condition=models.Q(motion="")
                | models.Q(motion__in=Motion.values, to_stage=Stage.PQL),
                name="transition_motion_is_of_pql",
            ),
            models.CheckConstraint(
                condition=~models.Q(from_stage=models.F("to_stage")), name="transition_moves"
            ),
            models.CheckConstraint(
                condition=~models.Q(cause="evaluation") | models.Q(evaluation__isnull=False),
                name="transition_by_evaluation_names_it",
            ),
            models.CheckConstraint(
                condition=~models.Q(cause__in=("accept", "confirm", "reject", "undo"))
                | models.Q(by__isnull=False),
                name="transition_by_a_person_names_them",
            ),
        ]
        indexes = [
            models.Index(fields=["lead", "at"], name="transition_by_lead"),
            models.Index(fields=["to_stage", "at"], name="transition_by_stage"),
        ]

    def __str__(self) -> str:
        return f"{self.from_stage} → {self.to_stage}"
