"""What a version would change: previews, and the leads whose standing each changes."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models

from definitions.enums import choices
from definitions.models import DefinitionVersion
from definitions.vocabulary import Path
from leads.enums import ImpactState, Stage, StandingChange
from leads.models.lead import Lead


class Impact(models.Model):
    """One preview: the live leads judged as if a version came into force at `at`.

    `content` is the version's text when it was asked, and `content_hash` its SHA-256. Leads up to
    `last_lead_id` were looked at: `judged_count` of `total_count`. `stages_before` and
    `stages_after` count them by the stage whose rules they meet, now and then. Of
    `with_sales_count` leads that sales has and works on, all of which stay there,
    `with_sales_short_count` would not reach the handoff stage.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    version = models.ForeignKey(
        DefinitionVersion, on_delete=models.CASCADE, related_name="impacts"
    )
    content = models.TextField()
    content_hash = models.CharField(max_length=64)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField()
    at = models.DateTimeField(help_text="The instant of activation that is imagined.")
    state = models.CharField(
        max_length=10,
        choices=ImpactState,
        default=ImpactState.WAITING,
        db_default=ImpactState.WAITING,
    )
    total_count = models.PositiveIntegerField(default=0, db_default=0)
    judged_count = models.PositiveIntegerField(default=0, db_default=0)
    last_lead_id = models.BigIntegerField(default=0, db_default=0, editable=False)
    stages_before: models.JSONField[Any, Any] = models.JSONField(default=dict)
    stages_after: models.JSONField[Any, Any] = models.JSONField(default=dict)
    with_sales_count = models.PositiveIntegerField(default=0, db_default=0)
    with_sales_short_count = models.PositiveIntegerField(default=0, db_default=0)
    problem = models.TextField(blank=True, help_text="Why it failed.")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("version",),
                condition=models.Q(state__in=("waiting", "running")),
                name="one_impact_at_work_per_version",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=ImpactState.values), name="impact_state_known"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=("done", "failed"), finished_at__isnull=False)
                | (~models.Q(state__in=("done", "failed")) & models.Q(finished_at=None)),
                name="impact_finished_iff_over",
            ),
            models.CheckConstraint(
                condition=models.Q(judged_count__lte=models.F("total_count")),
                name="impact_judges_no_more_than_there_are",
            ),
            models.CheckConstraint(
                condition=models.Q(with_sales_short_count__lte=models.F("with_sales_count")),
                name="impact_short_are_with_sales",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version} at {self.at:%Y-%m-%d %H:%M}"


class ImpactLine(models.Model):
    """A lead whose standing a version would change.

    `is_handoff`: it would be handed over to sales. `version_before` judged it last,
    `version_after` would: another definition's where the segments move it.
    """

    impact = models.ForeignKey(
        Impact, db_index=False, on_delete=models.CASCADE, related_name="lines"
    )
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="+")
    change = models.CharField(max_length=12, choices=StandingChange)
    stage_before = models.CharField(max_length=15, choices=Stage)
    stage_after = models.CharField(max_length=15, choices=Stage)
    path = models.CharField(max_length=15, choices=choices(Path), blank=True)
    is_handoff = models.BooleanField()
    version_before = models.ForeignKey(
        DefinitionVersion, null=True, db_index=False, on_delete=models.CASCADE, related_name="+"
    )
    version_after = models.ForeignKey(
        DefinitionVersion, db_index=False, on_delete=models.CASCADE, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint("impact", "lead", name="one_line_per_lead_and_impact"),
            models.CheckConstraint(
                condition=models.Q(change__in=StandingChange.values), name="impact_change_known"
            ),
            models.CheckConstraint(
                condition=models.Q(stage_before__in=Stage.values, stage_after__in=Stage.values),
                name="impact_stages_known",
            ),
            models.CheckConstraint(
                condition=(models.Q(change="up") & ~models.Q(stage_before=models.F("stage_after")))
                | (~models.Q(change="up") & models.Q(stage_before=models.F("stage_after"))),
                name="impact_moves_iff_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id}: {self.stage_before} → {self.stage_after}"
