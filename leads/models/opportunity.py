"""Deals."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from leads.enums import Anomaly, OpportunityStage
from leads.models.account import Account
from leads.models.lead import Lead


class Opportunity(models.Model):
    """A deal that came of a lead; a won one without a handoff is kept and flagged."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="opportunities")
    account = models.ForeignKey(Account, null=True, blank=True, on_delete=models.PROTECT)
    system = models.CharField(max_length=64)
    external_id = models.CharField(max_length=200)
    name = models.CharField(max_length=200, blank=True)
    stage = models.CharField(
        max_length=10, choices=OpportunityStage, default=OpportunityStage.OPEN
    )
    amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True, help_text="ISO 4217.")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="owned_opportunities",
        help_text="Who closes the deal.",
    )
    sourced_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="sourced_opportunities",
        help_text="Who developed the lead, usually an SDR.",
    )
    opened_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    loss_reason = models.CharField(max_length=200, blank=True)
    anomalies = ArrayField(
        models.CharField(max_length=32, choices=Anomaly), default=list, blank=True, editable=False
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name_plural = "opportunities"
        constraints = [
            models.UniqueConstraint("system", "external_id", name="one_opportunity_per_identity"),
            models.CheckConstraint(
                condition=models.Q(stage__in=OpportunityStage.values),
                name="opportunity_stage_known",
            ),
            models.CheckConstraint(
                condition=models.Q(stage="open", closed_at=None)
                | (~models.Q(stage="open") & models.Q(closed_at__isnull=False)),
                name="opportunity_closed_iff_decided",
            ),
            models.CheckConstraint(
                condition=models.Q(amount=None) | ~models.Q(currency=""),
                name="opportunity_amount_has_currency",
            ),
        ]
        indexes = [
            models.Index(fields=["stage", "closed_at"], name="opportunity_by_outcome"),
            models.Index(fields=["updated_at", "id"], name="opportunity_by_update"),
            models.Index(fields=["name", "id"], name="opportunity_by_name"),
            models.Index(fields=["stage", "id"], name="opportunity_by_stage"),
            models.Index(fields=["amount", "id"], name="opportunity_by_amount"),
            models.Index(fields=["opened_at", "id"], name="opportunity_by_opening"),
            models.Index(fields=["closed_at", "id"], name="opportunity_by_closing"),
        ]

    def __str__(self) -> str:
        return self.name or f"{self.lead} ({self.stage})"
