"""Judgements that were kept."""

from typing import Any

from django.db import models

from definitions.enums import choices
from definitions.models import DefinitionVersion
from definitions.vocabulary import LEVELS, Dimension, Path, RuleStage
from leads.models.lead import Lead


class Evaluation(models.Model):
    """A lead judged by a version at an instant; append-only.

    Stored only when stage, path, levels or the set of met criteria changed. `results` is a list
    of `{"key", "met", "seen"}` for every criterion, `score` of `{"key", "points"}`; wording and
    wanted values are the version's.
    """

    lead = models.ForeignKey(
        Lead, db_index=False, on_delete=models.PROTECT, related_name="evaluations"
    )
    version = models.ForeignKey(DefinitionVersion, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    known_at = models.DateTimeField(help_text="What had been received by then was considered.")
    tipped_at = models.DateTimeField(
        help_text="When the fact that tipped the verdict was received, or time alone tipped it."
    )
    stage = models.CharField(max_length=10, choices=choices(RuleStage), blank=True)
    path = models.CharField(max_length=15, choices=choices(Path), blank=True)
    fit = models.CharField(max_length=20)
    engagement = models.CharField(max_length=20)
    intent = models.CharField(max_length=20)
    authority = models.CharField(max_length=20)
    product = models.CharField(max_length=20)
    points = models.DecimalField(max_digits=8, decimal_places=2)
    results: models.JSONField[Any, Any] = models.JSONField()
    score: models.JSONField[Any, Any] = models.JSONField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(stage__in=("", *RuleStage)), name="evaluation_stage_known"
            ),
            models.CheckConstraint(
                condition=models.Q(stage="", path="") | models.Q(path__in=list(Path)),
                name="evaluation_path_iff_stage",
            ),
            models.CheckConstraint(
                condition=models.Q(fit__in=LEVELS[Dimension.FIT])
                & models.Q(engagement__in=LEVELS[Dimension.ENGAGEMENT])
                & models.Q(intent__in=LEVELS[Dimension.INTENT])
                & models.Q(authority__in=LEVELS[Dimension.AUTHORITY])
                & models.Q(product__in=LEVELS[Dimension.PRODUCT]),
                name="evaluation_levels_known",
            ),
        ]
        indexes = [models.Index(fields=["lead", "at"], name="evaluation_by_lead")]

    def __str__(self) -> str:
        return f"{self.lead_id}: {self.stage or 'no stage'} at {self.at:%Y-%m-%d %H:%M}"
