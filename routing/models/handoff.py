"""The transfer of one lead to sales."""

import uuid
from typing import Any

from django.db import models
from django.db.models.functions import Now

from definitions.models import DefinitionVersion
from leads.models import Campaign, Evaluation, ImportRun, Lead, Source
from routing.enums import HandoffStatus
from routing.models.calendar import BusinessCalendar
from routing.models.rep import Rep
from routing.models.territory import Queue, Territory


class Handoff(models.Model):
    """One lead handed to sales: packet, owner (rep or queue), status, clocks.

    `packet` is the frozen handover packet, JSON with a `schema` number. The calendar is fixed
    when the handoff opens and does not change on reroute. `qualified_at` is when the response
    clock started: the lead crossed the threshold then. Campaign, source and import are those that
    the lead came by as it was handed over: the batches of the criteria SLA.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    lead = models.ForeignKey(
        Lead, on_delete=models.PROTECT, related_name="handoffs", db_index=False
    )
    version = models.ForeignKey(DefinitionVersion, on_delete=models.PROTECT, related_name="+")
    evaluation = models.ForeignKey(Evaluation, on_delete=models.PROTECT, related_name="handoffs")
    packet: models.JSONField[Any, Any] = models.JSONField()
    status = models.CharField(max_length=10, choices=HandoffStatus)
    rep = models.ForeignKey(
        Rep, null=True, blank=True, on_delete=models.PROTECT, related_name="handoffs"
    )
    queue = models.ForeignKey(
        Queue, null=True, blank=True, on_delete=models.PROTECT, related_name="handoffs"
    )
    territory = models.ForeignKey(
        Territory, null=True, blank=True, on_delete=models.PROTECT, related_name="handoffs"
    )
    calendar = models.ForeignKey(BusinessCalendar, on_delete=models.PROTECT, related_name="+")
    is_over_capacity = models.BooleanField(
        default=False, help_text="A person assigned it above the rep's capacity."
    )
    floor_missed = models.BooleanField(
        default=False, help_text="Handed over below the agreement's criteria floor."
    )
    campaign = models.ForeignKey(
        Campaign, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    source = models.ForeignKey(
        Source, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    import_run = models.ForeignKey(
        ImportRun,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    qualified_at = models.DateTimeField()
    opened_at = models.DateTimeField()
    assigned_at = models.DateTimeField(null=True, blank=True)
    first_attempt_at = models.DateTimeField(null=True, blank=True)
    first_contact_at = models.DateTimeField(
        null=True, blank=True, help_text="When the lead was first reached."
    )
    accepted_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        permissions = [
            ("answer_handoff", "Can attempt, accept and reject own handoffs"),
            ("answer_any_handoff", "Can attempt, accept and reject any handoff"),
            ("assign_handoff", "Can assign a handoff to a rep"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=("lead",),
                condition=models.Q(status__in=sorted(HandoffStatus.OPEN)),
                name="one_open_handoff_per_lead",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=HandoffStatus.values), name="handoff_status_known"
            ),
            models.CheckConstraint(
                condition=models.Q(status="queued", queue__isnull=False, rep=None)
                | models.Q(status__in=("assigned", "accepted"), rep__isnull=False, queue=None)
                | models.Q(status__in=sorted(HandoffStatus.CLOSED)),
                name="open_handoff_has_one_owner",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    status__in=sorted(HandoffStatus.CLOSED), closed_at__isnull=False
                )
                | models.Q(status__in=sorted(HandoffStatus.OPEN), closed_at=None),
                name="handoff_closed_iff_not_open",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="accepted") | models.Q(accepted_at__isnull=False),
                name="accepted_handoff_says_when",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=("assigned", "accepted"), assigned_at__isnull=False)
                | ~models.Q(status__in=("assigned", "accepted")),
                name="held_handoff_says_since_when",
            ),
        ]
        indexes = [
            models.Index(
                fields=["rep", "status"],
                condition=models.Q(status__in=sorted(HandoffStatus.OPEN)),
                name="handoff_open_by_rep",
            ),
            models.Index(
                fields=["queue"],
                condition=models.Q(status="queued"),
                name="handoff_queued_by_queue",
            ),
            models.Index(
                fields=["opened_at", "id"],
                condition=models.Q(status="queued"),
                name="handoff_waiting_longest",
            ),
            models.Index(fields=["lead"], name="handoff_by_lead"),
            models.Index(
                fields=["opened_at", "id"],
                # What reports of a period count by, so that they read no row of the table.
                include=[
                    "version",
                    "status",
                    "floor_missed",
                    "campaign",
                    "source",
                    "import_run",
                ],
                name="handoff_counted_by_opening",
            ),
            models.Index(
                fields=["campaign", "opened_at"],
                condition=models.Q(campaign__isnull=False),
                name="handoff_by_campaign",
            ),
            models.Index(
                fields=["source", "opened_at"],
                condition=models.Q(source__isnull=False),
                name="handoff_by_source",
            ),
            models.Index(
                fields=["import_run", "opened_at"],
                condition=models.Q(import_run__isnull=False),
                name="handoff_by_import",
            ),
        ]

    def __str__(self) -> str:
        return f"Handoff of {self.lead}"
