"""What the outside sends, and how a source of it proves itself."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from crm_handoff.integrations.presets import Preset
from crm_handoff.integrations.signatures import Scheme


class InboundSource(models.Model):
    """A system that calls us by webhooks, how it proves itself, and what its JSON means.

    The secret is sealed; while it is replaced, the one before is good until `previous_until`.
    `mapping` is as `payloads` reads it.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(
        max_length=200, help_text="What calls, for example “Calendly of the sales team”."
    )
    system = models.SlugField(
        max_length=64, help_text="Facts of this source belong to this external system."
    )
    preset = models.CharField(max_length=10, choices=Preset, default=Preset.GENERIC)
    scheme = models.CharField("proof", max_length=10, choices=Scheme)
    sealed_secret = models.BinaryField()
    previous_sealed_secret = models.BinaryField(null=True)
    previous_until = models.DateTimeField(null=True, editable=False)
    mapping: models.JSONField[Any, Any] = models.JSONField(default=dict)
    is_active = models.BooleanField(
        default=True, help_text="Calls to an inactive source are answered as if it did not exist."
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = "webhook source"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(preset__in=Preset.values), name="source_preset_known"
            ),
            models.CheckConstraint(
                condition=models.Q(scheme__in=Scheme.values), name="source_scheme_known"
            ),
            models.CheckConstraint(
                condition=models.Q(previous_sealed_secret=None, previous_until=None)
                | models.Q(previous_sealed_secret__isnull=False, previous_until__isnull=False),
                name="source_previous_secret_ends",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class InboundEvent(models.Model):
    """One call of a source, kept as it came; known once by its id.

    A call that could not be read is quarantined with what was wrong, and can be read again once
    the mapping is mended. `results` says what became of each thing that it tells of; `body` is
    blank once a call that was read is 30 days old.
    """

    class State(models.TextChoices):
        PROCESSED = "processed"
        IGNORED = "ignored", "Left out by the mapping"
        QUARANTINED = "quarantined"

    source = models.ForeignKey(
        InboundSource, db_index=False, on_delete=models.PROTECT, related_name="events"
    )
    event_id = models.CharField(max_length=255)
    received_at = models.DateTimeField()
    body = models.BinaryField()
    state = models.CharField(max_length=11, choices=State)
    problems: models.JSONField[Any, Any] = models.JSONField(default=list)
    results: models.JSONField[Any, Any] = models.JSONField(default=list)
    read_at = models.DateTimeField()
    read_count = models.PositiveSmallIntegerField(default=1)

    class Meta:
        verbose_name = "webhook call"
        constraints = [
            models.UniqueConstraint("source", "event_id", name="one_event_per_id"),
            models.CheckConstraint(
                condition=models.Q(state__in=("processed", "ignored", "quarantined")),
                name="event_state_known",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="quarantined") | ~models.Q(problems=[]),
                name="quarantined_event_says_why",
            ),
        ]
        indexes = [
            models.Index(fields=["source", "-received_at"], name="event_by_source"),
            models.Index(
                fields=["source"],
                condition=models.Q(state="quarantined"),
                name="event_quarantined",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.received_at:%Y-%m-%d %H:%M:%S}"
