"""Imagined leads by which a definition is tried."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.db.models.lookups import Exact

from definitions.enums import choices
from definitions.models import Definition
from definitions.vocabulary import RuleStage


def _is_json(field: str, name: str) -> Exact[Any]:
    return Exact(models.Func(field, function="jsonb_typeof"), models.Value(name))


class Example(models.Model):
    """Somebody imagined who must, or must not, reach a stage by a definition.

    `profile`: what is known of the person and the company, by fact, and `job_title`.
    `touchpoints`: a list of {kind, channel, days_ago} and, where they matter, {campaign, asset,
    colleague, is_unverified}. `answers`: what people answered, by what was asked. Nobody's name,
    address or number is in it. `is_active` is false once retired.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    definition = models.ForeignKey(Definition, on_delete=models.PROTECT, related_name="examples")
    name = models.CharField(max_length=120)
    stage = models.CharField(
        max_length=10, choices=choices(RuleStage), help_text="That is tried, or any above it."
    )
    is_expected = models.BooleanField(
        "must reach it", default=True, help_text="Off: must not reach it."
    )
    profile: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    touchpoints: models.JSONField[Any, Any] = models.JSONField(default=list, blank=True)
    answers: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    why = models.TextField(blank=True, help_text="What both teams want it to show.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    is_active = models.BooleanField(default=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "definition",
                Lower("name"),
                condition=models.Q(is_active=True),
                name="one_active_example_per_name",
            ),
            models.CheckConstraint(
                condition=models.Q(stage__in=list(RuleStage)), name="example_stage_known"
            ),
            models.CheckConstraint(
                condition=models.Q(name__regex=r"\S"), name="example_has_a_name"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    _is_json("profile", "object"),
                    _is_json("touchpoints", "array"),
                    _is_json("answers", "object"),
                ),
                name="example_facts_are_named",
            ),
        ]

    def __str__(self) -> str:
        return self.name
