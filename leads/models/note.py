"""What people write down about leads."""

from django.conf import settings
from django.db import models

from leads.models.lead import Lead


class Note(models.Model):
    """What somebody wants the next reader to know of a lead; append-only.

    A note says nothing that qualification reads: answers that count are assertions.
    """

    lead = models.ForeignKey(Lead, db_index=False, on_delete=models.PROTECT, related_name="notes")
    text = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(text__regex=r"\S"), name="note_says_something"
            ),
        ]
        indexes = [models.Index(fields=["lead", "at"], name="note_by_lead")]

    def __str__(self) -> str:
        return f"{self.by}: {self.text}"
