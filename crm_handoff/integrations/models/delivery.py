"""What is owed to the outside, with every try at it."""

import uuid
from typing import Any

from django.db import models
from django.db.models.functions import Now

from routing.models import Notice


class Delivery(models.Model):
    """One message by one channel, retried until delivered or dead-lettered.

    It tells the notices of `told`, or is a letter, of which `payload` holds only the name and the
    person. What it said of notices is kept in `payload` once it was sent. `key` is the dedupe key.
    A worker owns the delivery while its lease runs; whoever finishes must still hold
    `lease_token`.
    """

    class Channel(models.TextChoices):
        EMAIL = "email", "E-mail"

    class State(models.TextChoices):
        READY = "ready"
        DONE = "done"
        DEAD = "dead", "Dead letter"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    key = models.CharField(max_length=160, unique=True)
    channel = models.CharField(max_length=10, choices=Channel)
    address = models.CharField(max_length=254)
    payload: models.JSONField[Any, Any] = models.JSONField()
    state = models.CharField(max_length=5, choices=State, default=State.READY)
    attempt_count = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField()
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=("ready", "done", "dead")),
                name="delivery_state_known",
            ),
            models.CheckConstraint(
                condition=models.Q(channel__in=("email",)), name="delivery_channel_known"
            ),
            models.CheckConstraint(
                condition=models.Q(lease_token=None, lease_until=None)
                | models.Q(lease_token__isnull=False, lease_until__isnull=False),
                name="delivery_lease_is_whole",
            ),
            models.CheckConstraint(
                condition=models.Q(state="ready", finished_at=None)
                | (~models.Q(state="ready") & models.Q(finished_at__isnull=False)),
                name="delivery_finished_iff_not_ready",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_at"], condition=models.Q(state="ready"), name="delivery_ready"
            ),
            models.Index(fields=["id"], condition=models.Q(state="dead"), name="delivery_dead"),
            models.Index(fields=["address", "next_at"], name="delivery_by_address"),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} to {self.address}"


class DeliveryNotice(models.Model):
    """A notice that a delivery tells; each channel tells a notice once."""

    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="told")
    notice = models.ForeignKey(
        Notice, db_index=False, on_delete=models.PROTECT, related_name="tellings"
    )
    channel = models.CharField(max_length=10, choices=Delivery.Channel)

    class Meta:
        verbose_name = "notice told"
        verbose_name_plural = "notices told"
        constraints = [
            models.UniqueConstraint(
                fields=("notice", "channel"), name="one_telling_per_notice_and_channel"
            ),
            models.CheckConstraint(
                condition=models.Q(channel__in=Delivery.Channel.values),
                name="telling_channel_known",
            ),
        ]

    def __str__(self) -> str:
        return str(self.notice)


class DeliveryAttempt(models.Model):
    """One try, written and committed before the call and closed after it.

    An attempt without `finished_at` and `outcome` is one whose answer nobody heard: the only
    explanation of a duplicate.
    """

    class Outcome(models.TextChoices):
        DELIVERED = "delivered"
        FAILED = "failed"

    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)
    detail = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("delivery", "number", name="one_attempt_per_number"),
            models.CheckConstraint(
                condition=models.Q(finished_at=None, outcome="")
                | models.Q(finished_at__isnull=False, outcome__in=("delivered", "failed")),
                name="delivery_attempt_closed_with_outcome",
            ),
        ]

    def __str__(self) -> str:
        return f"Try {self.number} of {self.delivery}"
