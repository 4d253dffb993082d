"""What a rep means to do next about a lead."""

import uuid

from django.conf import settings
from django.db import models

from definitions.enums import AttemptKind
from routing.models.handoff import Handoff

OPEN = models.Q(done_at=None, cancelled_at=None)
"""Still to be done."""


class FollowUp(models.Model):
    """A task about one handoff, due at an instant; done by a person, or cancelled with it.

    `kind` is the way in which the lead is to be contacted: an attempt of that kind does it.
    `created_by` is None for one that a cadence asks for. `moved_at`: when a person last put it on
    another instant, where it stays; what a cadence asks for moves by itself else.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    handoff = models.ForeignKey(Handoff, on_delete=models.PROTECT, related_name="followups")
    kind = models.CharField(max_length=10, choices=AttemptKind)
    what = models.CharField(max_length=200)
    due_at = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    cadence_step = models.PositiveSmallIntegerField(
        null=True, editable=False, help_text="Place in the promised cadence; empty: set apart."
    )
    created_at = models.DateTimeField()
    moved_at = models.DateTimeField(null=True, editable=False)
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "follow-up"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=AttemptKind.values), name="followup_kind_known"
            ),
            models.CheckConstraint(
                condition=models.Q(what__regex=r"\S"), name="followup_says_what"
            ),
            models.CheckConstraint(
                condition=models.Q(done_at=None, done_by=None)
                | models.Q(done_at__isnull=False, done_by__isnull=False),
                name="followup_done_by_somebody",
            ),
            models.CheckConstraint(
                condition=models.Q(done_at=None) | models.Q(cancelled_at=None),
                name="followup_ends_once",
            ),
            models.UniqueConstraint(
                fields=("handoff", "cadence_step"),
                condition=models.Q(cadence_step__isnull=False),
                name="one_task_per_cadence_step",
            ),
        ]
        indexes = [
            models.Index(
                fields=["handoff", "due_at"], condition=OPEN, name="followup_open_by_handoff"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.what}"
