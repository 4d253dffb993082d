"""People who may buy."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Lower, Now

from definitions.enums import choices
from definitions.models import DefinitionVersion
from definitions.vocabulary import Dimension
from leads.enums import Stage
from leads.models.account import Account
from leads.models.marketing import Campaign, Persona, Source


class Lead(models.Model):
    """A person at (perhaps) an account, with a lifecycle stage.

    `stage`, `latest_evaluation`, `reevaluate_at` and the flags are kept by the lifecycle and by
    qualification alone; `reevaluate_at` is the earliest instant at which passing time alone can
    change the verdict.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    account = models.ForeignKey(
        Account,
        null=True,
        blank=True,
        db_index=False,
        on_delete=models.PROTECT,
        related_name="leads",
    )
    account_reason = models.CharField(
        max_length=300,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="By what the lead was matched to its account.",
    )
    email = models.EmailField(blank=True)
    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    job_title = models.CharField(max_length=200, blank=True)
    phone = models.CharField(max_length=32, blank=True)
    country = models.CharField(max_length=2, blank=True, help_text="ISO 3166-1 alpha-2.")
    region = models.CharField(max_length=64, blank=True)
    language = models.CharField(max_length=2, blank=True, help_text="ISO 639-1.")
    product_line = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        help_text="What the lead asked for, for example “payroll”.",
    )
    source = models.ForeignKey(Source, null=True, blank=True, on_delete=models.PROTECT)
    campaign = models.ForeignKey(Campaign, null=True, blank=True, on_delete=models.PROTECT)
    persona = models.ForeignKey(Persona, null=True, blank=True, on_delete=models.PROTECT)
    expected_acv = models.DecimalField(
        "expected ACV",
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="Annual contract value as the lead declared it.",
    )
    currency = models.CharField(max_length=3, blank=True, help_text="ISO 4217, of expected ACV.")

    stage = models.CharField(max_length=15, choices=Stage, default=Stage.NEW, editable=False)
    stage_at = models.DateTimeField(null=True, editable=False)
    version = models.ForeignKey(
        DefinitionVersion,
        null=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The version that last judged the lead.",
    )
    latest_evaluation = models.ForeignKey(
        "leads.Evaluation",
        null=True,
        editable=False,
        db_index=False,
        on_delete=models.PROTECT,
        related_name="+",
    )
    no_longer_meets = models.BooleanField(default=False, editable=False)
    recycled_at = models.DateTimeField(null=True, editable=False)
    recycled_for = ArrayField(
        models.CharField(max_length=12, choices=choices(Dimension)),
        default=list,
        editable=False,
        help_text="Dimensions in which something must change before the lead returns.",
    )
    cool_off_until = models.DateTimeField(null=True, editable=False)
    is_cool_off_firm = models.BooleanField(
        default=False, editable=False, help_text="Not even new direct intent ends it early."
    )
    recycle_count = models.PositiveSmallIntegerField(default=0, editable=False)
    reevaluate_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("email"), condition=~models.Q(email=""), name="one_lead_per_email"
            ),
            models.CheckConstraint(
                condition=models.Q(stage__in=Stage.values), name="lead_stage_known"
            ),
            models.CheckConstraint(
                condition=models.Q(expected_acv=None) | ~models.Q(currency=""),
                name="lead_acv_has_currency",
            ),
            models.CheckConstraint(
                condition=models.Q(stage="recycled")
                | models.Q(recycled_at=None, cool_off_until=None),
                name="only_recycled_leads_cool_off",
            ),
            models.CheckConstraint(
                condition=models.Q(country="") | models.Q(country__regex=r"^[A-Z]{2}$"),
                name="lead_country_is_iso",
            ),
        ]
        indexes = [
            models.Index(
                fields=["reevaluate_at"],
                condition=models.Q(reevaluate_at__isnull=False),
                name="lead_reevaluate_due",
            ),
            models.Index(fields=["stage", "id"], name="lead_by_stage"),
            models.Index(
                "account", Lower("last_name"), Lower("first_name"), name="lead_by_account_and_name"
            ),
            models.Index(fields=["updated_at", "id"], name="lead_by_update"),
            models.Index(
                fields=["id"],
                condition=models.Q(no_longer_meets=True),
                name="lead_that_no_longer_meets",
            ),
            models.Index(fields=["country", "id"], name="lead_by_country"),
            GinIndex(fields=["email"], name="lead_email_trigram", opclasses=["gin_trgm_ops"]),
            GinIndex(
                fields=["first_name", "last_name"],
                name="lead_name_trigram",
                opclasses=["gin_trgm_ops", "gin_trgm_ops"],
            ),
        ]

    def __str__(self) -> str:
        return self.full_name or self.email or f"Lead {str(self.public_id)[:8]}"

    @property
    def full_name(self) -> str:
        """First and last name, blank when neither is known."""
        return f"{self.first_name} {self.last_name}".strip()


class LeadIdentity(models.Model):
    """The name of a lead in another system."""

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="identities")
    system = models.CharField(max_length=64)
    external_id = models.CharField(max_length=200)

    class Meta:
        verbose_name_plural = "lead identities"
        constraints = [
            models.UniqueConstraint("system", "external_id", name="one_lead_per_identity"),
        ]

    def __str__(self) -> str:
        return f"{self.system}:{self.external_id}"
