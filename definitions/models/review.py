"""Reviews of a version that has been in force for a while."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from definitions.enums import Side
from definitions.models.version import DefinitionVersion


class DefinitionReview(models.Model):
    """Both sides look at what a version brought about, and confirm or revise it.

    `figures` are frozen when the review opens. Closing takes a signature of each side.
    """

    class Outcome(models.TextChoices):
        """How a review ended; blank: it is open."""

        CONFIRMED = "confirmed", _("Confirmed")
        REVISED = "revised", _("To be revised")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    version = models.ForeignKey(
        DefinitionVersion, on_delete=models.PROTECT, related_name="reviews"
    )
    due_at = models.DateTimeField()
    opened_at = models.DateTimeField()
    overdue_told_at = models.DateTimeField(null=True, blank=True)
    figures: models.JSONField[Any, Any] = models.JSONField(default=dict)
    findings = models.TextField(blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)
    next_version = models.ForeignKey(
        DefinitionVersion,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="The draft that came of it.",
    )
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("version",),
                condition=models.Q(closed_at=None),
                name="one_open_review_per_version",
            ),
            models.CheckConstraint(
                condition=models.Q(outcome="", closed_at=None, next_version=None)
                | models.Q(outcome="confirmed", closed_at__isnull=False, next_version=None)
                | models.Q(outcome="revised", closed_at__isnull=False),
                name="review_closed_iff_it_has_an_outcome",
            ),
        ]
        indexes = [models.Index(fields=["version", "closed_at"], name="review_by_version")]

    def __str__(self) -> str:
        return f"Review of {self.version}"


class ReviewSignature(models.Model):
    """One person's signature for one side under a review, with what they saw; append-only."""

    review = models.ForeignKey(
        DefinitionReview, on_delete=models.PROTECT, related_name="signatures"
    )
    side = models.CharField(max_length=10, choices=Side)
    outcome = models.CharField(max_length=10, choices=DefinitionReview.Outcome)
    signer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    signed_at = models.DateTimeField()
    looked_at: models.JSONField[Any, Any] = models.JSONField(default=list)
    comment = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("review", "side", name="one_review_signature_per_side"),
            models.UniqueConstraint("review", "signer", name="one_review_signature_per_person"),
            models.CheckConstraint(
                condition=models.Q(side__in=Side.values), name="review_signature_side_known"
            ),
            models.CheckConstraint(
                condition=models.Q(outcome__in=("confirmed", "revised")),
                name="review_signature_outcome_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.signer} for {self.side}"
