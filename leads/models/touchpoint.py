"""Dated things that leads did."""

from typing import Any

from django.db import models

from definitions.models import TouchpointKind
from leads.models.lead import Lead
from leads.models.marketing import Asset, Campaign


class Touchpoint(models.Model):
    """One dated thing that a lead did, known once for each external id of its system.

    `occurred_at` is when it happened, `received_at` when this product heard of it.
    """

    lead = models.ForeignKey(
        Lead, db_index=False, on_delete=models.PROTECT, related_name="touchpoints"
    )
    kind = models.ForeignKey(TouchpointKind, on_delete=models.PROTECT, related_name="+")
    channel = models.CharField(max_length=32)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    system = models.CharField(max_length=64)
    external_id = models.CharField(max_length=200)
    campaign = models.ForeignKey(
        Campaign, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    asset = models.ForeignKey(
        Asset, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    is_verified = models.BooleanField(
        default=False, help_text="From a first-party or signed source, matched to this person."
    )
    is_bot = models.BooleanField(default=False)
    detail: models.JSONField[Any, Any] = models.JSONField(
        default=dict, blank=True, help_text="What the source said beside: page, form answers …"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "system", "external_id", name="one_touchpoint_per_external_id"
            ),
        ]
        indexes = [
            models.Index(
                fields=["lead", "occurred_at"],
                include=["kind", "channel"],
                name="touchpoint_by_lead_and_time",
            ),
            models.Index(fields=["occurred_at", "id"], name="touchpoint_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.occurred_at:%Y-%m-%d %H:%M}"
