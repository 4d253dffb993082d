"""Sales' answer to a handoff."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from definitions.models import Definition
from routing.enums import BatchKind, ReasonCategory
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
    min_attempts = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="Attempts that it takes before."
    )
    min_attempt_days = models.PositiveSmallIntegerField(
        default=0,
        db_default=0,
        help_text="Different days, in the calendar's zone, on which they were made.",
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


class BulkRejection(models.Model):
    """Sales refused what a batch had below the criteria floor, in one go; append-only.

    `missed_count` of `handed_over_count` was above the signed limit, in percent, at that instant.
    `batch_key` names the campaign, source or import by id, the week by its first day.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    definition = models.ForeignKey(
        Definition, on_delete=models.PROTECT, related_name="bulk_rejections"
    )
    batch_kind = models.CharField(max_length=12, choices=BatchKind)
    batch_key = models.CharField(max_length=64)
    batch_name = models.CharField(max_length=200)
    handed_over_count = models.PositiveIntegerField()
    missed_count = models.PositiveIntegerField()
    limit_pct = models.DecimalField(max_digits=5, decimal_places=2)
    reason = models.ForeignKey(RejectionReason, on_delete=models.PROTECT, related_name="+")
    comment = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        permissions = [("reject_batch", "Can reject what a batch has below the floor")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(batch_kind__in=BatchKind.values),
                name="bulk_rejection_batch_known",
            ),
            models.CheckConstraint(
                condition=models.Q(comment__regex=r"\S"), name="bulk_rejection_has_a_comment"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    handed_over_count__gte=20,
                    missed_count__lte=models.F("handed_over_count"),
                    missed_count__gt=models.F("limit_pct")
                    * models.F("handed_over_count")
                    / models.Value(100),
                ),
                name="bulk_rejection_above_the_limit",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.batch_name}: {self.missed_count} of {self.handed_over_count}"

    @property
    def handoff_ids(self) -> list[uuid.UUID]:
        """The public ids of the handoffs that it rejected, taken back later or not."""
        return [one.handoff.public_id for one in self.rejections.all()]


class Rejection(models.Model):
    """Sales refused the lead, with a reason and a comment, always; append-only.

    `criterion_key` names the criterion of the agreement that the lead is said to miss;
    `is_borne_out` whether the recorded facts say so too.
    """

    handoff = models.ForeignKey(Handoff, on_delete=models.PROTECT, related_name="rejections")
    reason = models.ForeignKey(RejectionReason, on_delete=models.PROTECT, related_name="+")
    comment = models.TextField()
    criterion_key = models.CharField(max_length=64, blank=True, default="", db_default="")
    is_borne_out = models.BooleanField(null=True)
    bulk = models.ForeignKey(
        BulkRejection, null=True, on_delete=models.PROTECT, related_name="rejections"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(comment__regex=r"\S"), name="rejection_has_a_comment"
            ),
            models.CheckConstraint(
                condition=models.Q(criterion_key="", is_borne_out=None)
                | (~models.Q(criterion_key="") & models.Q(is_borne_out__isnull=False)),
                name="named_criterion_was_checked",
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
