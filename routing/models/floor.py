"""Whether handovers kept to the criteria floor of the agreement."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from routing.enums import FloorCheckCause
from routing.models.handoff import Handoff


class FloorCheck(models.Model):
    """A handover was checked by machine against its version's criteria floor; append-only.

    `missed` are the keys of the criteria that did not hold, `values` what was seen of each
    criterion of the floor, by key. The latest check says what counts; the handoff's
    `floor_missed` repeats it.
    """

    handoff = models.ForeignKey(
        Handoff, on_delete=models.PROTECT, related_name="floor_checks", db_index=False
    )
    at = models.DateTimeField()
    cause = models.CharField(max_length=10, choices=FloorCheckCause)
    missed = ArrayField(models.CharField(max_length=64), default=list)
    values: models.JSONField[Any, Any] = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(cause__in=FloorCheckCause.values), name="floor_cause_known"
            ),
        ]
        indexes = [models.Index(fields=["handoff", "at"], name="floor_check_by_handoff")]

    def __str__(self) -> str:
        return ", ".join(self.missed) or "kept"
