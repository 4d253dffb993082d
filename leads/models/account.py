"""Companies."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Lower, Now


class Account(models.Model):
    """A company; `is_target` marks one that account-based marketing is after."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=200)
    domain = models.CharField(max_length=253, blank=True, help_text="Main e-mail domain.")
    country = models.CharField(max_length=2, blank=True, help_text="ISO 3166-1 alpha-2.")
    region = models.CharField(max_length=64, blank=True)
    industry = models.CharField(max_length=64, blank=True)
    employee_count = models.PositiveIntegerField(null=True, blank=True)
    revenue = models.DecimalField(
        max_digits=14, decimal_places=2, null=True, blank=True, help_text="A year."
    )
    expected_acv = models.DecimalField(
        "expected ACV",
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="Estimated annual contract value.",
    )
    currency = models.CharField(
        max_length=3, blank=True, help_text="ISO 4217, of revenue and expected ACV."
    )
    funding_stage = models.CharField(max_length=32, blank=True)
    tier = models.CharField(
        max_length=32,
        blank=True,
        default="",
        db_default="",
        help_text="How much the company matters, in your own words: “A”, “B”, “strategic”.",
    )
    technologies = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="subsidiaries"
    )
    is_target = models.BooleanField("target account", default=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("domain"),
                condition=~models.Q(domain=""),
                name="one_account_per_domain",
            ),
            models.CheckConstraint(
                condition=~models.Q(parent=models.F("id")) | models.Q(parent=None),
                name="account_is_not_its_own_parent",
            ),
            models.CheckConstraint(
                condition=models.Q(revenue=None, expected_acv=None) | ~models.Q(currency=""),
                name="account_money_has_currency",
            ),
            models.CheckConstraint(
                condition=models.Q(country="") | models.Q(country__regex=r"^[A-Z]{2}$"),
                name="account_country_is_iso",
            ),
        ]
        indexes = [
            GinIndex(fields=["name"], name="account_name_trigram", opclasses=["gin_trgm_ops"]),
            models.Index(fields=["name", "id"], name="account_by_name"),
            models.Index(
                fields=["name", "id"],
                condition=models.Q(is_target=True),
                name="account_targets_by_name",
            ),
            models.Index(models.Func("name", function="company_core"), name="account_by_core"),
            GinIndex(
                OpClass(models.Func("name", function="company_core"), name="gin_trgm_ops"),
                name="account_core_trigram",
            ),
            models.Index(fields=["updated_at", "id"], name="account_by_update"),
            GinIndex(fields=["domain"], name="account_domain_trigram", opclasses=["gin_trgm_ops"]),
        ]

    def __str__(self) -> str:
        return self.name
