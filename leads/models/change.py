"""History of attributes, so that facts can be read as of any instant."""

from typing import Any

from django.db import models

from leads.models.account import Account
from leads.models.lead import Lead
from leads.models.opportunity import Opportunity


class AttributeChange(models.Model):
    """One field of a lead, account or opportunity changed; append-only.

    `old` and `new` are JSON in the field's type; creation is a change from null.
    """

    lead = models.ForeignKey(
        Lead,
        null=True,
        db_index=False,
        on_delete=models.PROTECT,
        related_name="attribute_changes",
    )
    account = models.ForeignKey(
        Account,
        null=True,
        db_index=False,
        on_delete=models.PROTECT,
        related_name="attribute_changes",
    )
    opportunity = models.ForeignKey(
        Opportunity,
        null=True,
        db_index=False,
        on_delete=models.PROTECT,
        related_name="attribute_changes",
    )
    field = models.CharField(max_length=64)
    old: models.JSONField[Any, Any] = models.JSONField(null=True)
    new: models.JSONField[Any, Any] = models.JSONField(null=True)
    effective_at = models.DateTimeField()
    received_at = models.DateTimeField()
    source = models.CharField(max_length=64, help_text="System that said so.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(lead__isnull=False, account=None, opportunity=None)
                | models.Q(lead=None, account__isnull=False, opportunity=None)
                | models.Q(lead=None, account=None, opportunity__isnull=False),
                name="change_is_of_one_thing",
            ),
        ]
        indexes = [
            models.Index(
                fields=["lead", "field", "effective_at"],
                condition=models.Q(lead__isnull=False),
                name="change_by_lead",
            ),
            models.Index(
                fields=["account", "field", "effective_at"],
                condition=models.Q(account__isnull=False),
                name="change_by_account",
            ),
            models.Index(
                fields=["opportunity", "field", "effective_at"],
                condition=models.Q(opportunity__isnull=False),
                name="change_by_opportunity",
            ),
            models.Index(fields=["received_at"], name="change_by_receipt"),
        ]

    def __str__(self) -> str:
        return f"{self.field}: {self.old} → {self.new}"
