"""Leads that may be one person."""

from django.db import models
from django.db.models.functions import Now

from leads.models.lead import Lead


class SuspectedDuplicate(models.Model):
    """Two leads that look like one person, and why; a suggestion, on which nothing relies."""

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="+", db_index=False)
    other = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500)
    found_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint("lead", "other", name="one_suspicion_per_pair"),
            models.CheckConstraint(
                condition=models.Q(lead__lt=models.F("other")), name="suspicion_in_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.lead} and {self.other}: {self.reason}"
