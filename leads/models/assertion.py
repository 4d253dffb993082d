"""What a person knows and says: human answers as dated, expiring facts."""

from typing import Any

from django.conf import settings
from django.db import models

from leads.models.lead import Lead


class Assertion(models.Model):
    """A human answer about a lead with its evidence; the latest that has not expired counts.

    `what` names the fact, for example `buying_team_confirmed`; `value` is its JSON value.
    Append-only: to change an answer is to give a later one.
    """

    lead = models.ForeignKey(
        Lead, db_index=False, on_delete=models.PROTECT, related_name="assertions"
    )
    what = models.SlugField(max_length=64)
    value: models.JSONField[Any, Any] = models.JSONField()
    evidence = models.TextField(help_text="How we know.")
    asserted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    asserted_at = models.DateTimeField()
    received_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["lead", "what", "asserted_at"], name="assertion_by_lead")]

    def __str__(self) -> str:
        return f"{self.what} = {self.value}"
