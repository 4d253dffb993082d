"""Sales' answer to a handoff."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from routing.enums import ReasonCategory
from routing.models.handoff import Handoff


class RejectionReason(models.Model):
    """Why a lead can be rejected, and what becomes of it then."""

    key = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=120)
    category = models.CharField(max_length=15, choices=ReasonCategory)
    cool_off = models.DurationField(
        null=True, blank=True, help_text="Rest before the lead may return; blank: disqualified."
    )
    ends_early_on_intent = models.BooleanField(
        default=True, help_text="Strong new intent ends the cool-off."
    )
    position = models.PositiveSmallIntegerField(default=100)
    is_active = models.BooleanField(
        default=True, help_text="Untick to retire: kept in history, hidden from forms."
    )
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(category__in=ReasonCategory.values),
                name="reason_category_known",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Acceptance(models.Model):
    """Sales took the lead; append-only."""

    handoff = models.ForeignKey(Handoff, on_delete=models.PROTECT, related_name="acceptances")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"Accepted by {self.by}"


class Rejection(models.Model):
    """Sales refused the lead, with a reason and a comment, always; append-only."""

    handoff = models.ForeignKey(Handoff, on_delete=models.PROTECT, related_name="rejections")
    reason = models.ForeignKey(RejectionReason, on_delete=models.PROTECT, related_name="+")
    comment = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(comment__regex=r"\S"), name="rejection_has_a_comment"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reason}: {self.comment}"


class Reversal(models.Model):
    """The same person took an answer back within its grace; a compensating row; append-only."""

    acceptance = models.OneToOneField(
        Acceptance, null=True, on_delete=models.PROTECT, related_name="reversal"
    )
    rejection = models.OneToOneField(
        Rejection, null=True, on_delete=models.PROTECT, related_name="reversal"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(acceptance__isnull=False, rejection=None)
                | models.Q(acceptance=None, rejection__isnull=False),
                name="reversal_is_of_one_answer",
            ),
        ]

    def __str__(self) -> str:
        return f"Taken back by {self.by}"
