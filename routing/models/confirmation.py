"""Confirmations of leads as sales qualified."""

from django.conf import settings
from django.db import models

from definitions.enums import Checklist
from routing.models.handoff import Handoff


class Confirmation(models.Model):
    """A rep confirmed a lead by the checklist of its version; append-only.

    The answers are assertions about the lead, made at the same instant. `began_at` is when the
    rep opened the checklist; None when nobody saw it, as when another system confirms.
    """

    handoff = models.ForeignKey(Handoff, on_delete=models.PROTECT, related_name="confirmations")
    checklist = models.CharField(max_length=10, choices=Checklist)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    began_at = models.DateTimeField(null=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(checklist__in=Checklist.values),
                name="confirmation_checklist_known",
            ),
            models.CheckConstraint(
                condition=models.Q(began_at=None) | models.Q(began_at__lte=models.F("at")),
                name="confirmation_began_before",
            ),
        ]
        indexes = [models.Index(fields=["at"], name="confirmation_by_instant")]

    def __str__(self) -> str:
        return f"Confirmed by {self.by}"
