"""Signatures under a version, and why one was refused."""

from django.conf import settings
from django.db import models

from definitions.enums import Side
from definitions.models.version import DefinitionVersion


class SignOff(models.Model):
    """One person's signature for one side over the version's content hash; append-only.

    A signature counts for the round in which it was given: withdrawing a version to edit it ends
    the round.
    """

    version = models.ForeignKey(
        DefinitionVersion, on_delete=models.PROTECT, related_name="signoffs"
    )
    review_round = models.PositiveIntegerField()
    side = models.CharField(max_length=10, choices=Side)
    signer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="signoffs"
    )
    content_hash = models.CharField(max_length=64)
    signed_at = models.DateTimeField()
    comment = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "version", "review_round", "side", name="one_signature_per_side"
            ),
            models.UniqueConstraint(
                "version", "review_round", "signer", name="one_signature_per_person"
            ),
            models.CheckConstraint(
                condition=models.Q(side__in=Side.values), name="signoff_side_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.signer} for {self.side}"


class Refusal(models.Model):
    """One side's answer that it does not sign the present content, and why; append-only.

    It blocks nothing: the side may still sign in the same round, or the version is withdrawn.
    """

    version = models.ForeignKey(
        DefinitionVersion, on_delete=models.PROTECT, related_name="refusals"
    )
    review_round = models.PositiveIntegerField()
    side = models.CharField(max_length=10, choices=Side)
    refused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    refused_at = models.DateTimeField()
    content_hash = models.CharField(max_length=64)
    reason = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "version", "review_round", "side", "refused_by", name="one_refusal_per_person"
            ),
            models.CheckConstraint(
                condition=models.Q(side__in=Side.values), name="refusal_side_known"
            ),
            models.CheckConstraint(
                condition=models.Q(reason__regex=r"\S"), name="refusal_says_why"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.refused_by} refused for {self.side}"
