"""Leads waiting to be judged."""

from django.db import models
from django.db.models.functions import Now

from leads.models.lead import Lead


class PendingMark(models.Model):
    """New facts about a lead wait for judgement; inserted with them, deleted by the worker.

    Append-only by intake: an upsert would wait behind the lock of the worker that is judging.
    A mark whose lead could not be judged rests until `retry_at`; one whose lead was judged and
    is about to be handed over is reserved until then. `is_backlog`: a version that came into
    force is to judge the lead; such marks wait behind those of fresh facts.
    """

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="pending_marks")
    marked_at = models.DateTimeField(db_default=Now())
    failure_count = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    retry_at = models.DateTimeField(null=True, editable=False)
    is_backlog = models.BooleanField(default=False, db_default=False, editable=False)

    class Meta:
        indexes = [models.Index(fields=["is_backlog", "id"], name="mark_in_order_of_claims")]

    def __str__(self) -> str:
        return f"{self.lead_id} since {self.marked_at:%H:%M:%S}"
