"""Contact attempts."""

from django.conf import settings
from django.db import models

from definitions.enums import AttemptKind
from routing.enums import AttemptOutcome
from routing.models.handoff import Handoff


class Attempt(models.Model):
    """A rep tried to contact a lead; append-only."""

    handoff = models.ForeignKey(
        Handoff, on_delete=models.PROTECT, related_name="attempts", db_index=False
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=AttemptKind)
    outcome = models.CharField(max_length=20, choices=AttemptOutcome)
    note = models.TextField(blank=True)
    next_step = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=AttemptKind.values), name="attempt_kind_known"
            ),
            models.CheckConstraint(
                condition=models.Q(outcome__in=AttemptOutcome.values),
                name="attempt_outcome_known",
            ),
        ]
        indexes = [models.Index(fields=["handoff", "at"], name="attempt_by_handoff")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.get_outcome_display()}"
