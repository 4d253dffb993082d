"""Signed limits that were broken, and who was told."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from definitions.enums import Side
from definitions.models import Definition


class SlaAlert(models.Model):
    """One side broke its signed limit in a window, and its named person was told once.

    `side` is the one that missed: sales by late responses, marketing by leads below the floor.
    `missed_count` of `counted` is above `limit_pct` percent. Until somebody acknowledges it, no
    other is raised for the same side of the definition.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    definition = models.ForeignKey(Definition, on_delete=models.PROTECT, related_name="alerts")
    side = models.CharField(max_length=10, choices=Side)
    window_begins_at = models.DateTimeField()
    window_ends_at = models.DateTimeField()
    counted = models.PositiveIntegerField()
    missed_count = models.PositiveIntegerField()
    limit_pct = models.DecimalField(max_digits=5, decimal_places=2)
    told = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    comment = models.TextField(blank=True, help_text="What is done about it.")
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = "SLA alert"
        permissions = [("acknowledge_slaalert", "Can acknowledge a broken limit")]
        constraints = [
            models.UniqueConstraint(
                "definition", "side", "window_begins_at", name="one_alert_per_window"
            ),
            models.UniqueConstraint(
                fields=("definition", "side"),
                condition=models.Q(acknowledged_at=None),
                name="one_alert_to_acknowledge",
            ),
            models.CheckConstraint(
                condition=models.Q(side__in=Side.values), name="alert_side_known"
            ),
            models.CheckConstraint(
                condition=models.Q(window_ends_at__gt=models.F("window_begins_at")),
                name="alert_window_takes_time",
            ),
            models.CheckConstraint(
                condition=models.Q(missed_count__lte=models.F("counted")),
                name="alert_missed_of_counted",
            ),
            models.CheckConstraint(
                condition=models.Q(acknowledged_at=None, acknowledged_by=None)
                | models.Q(acknowledged_at__isnull=False, acknowledged_by__isnull=False),
                name="alert_acknowledged_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_side_display()}: {self.missed_count} of {self.counted}"
