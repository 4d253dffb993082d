"""Signs of life of relays and workers, kept where readiness is judged: in the database."""

from datetime import datetime

from django.db import models


class Heartbeat(models.Model):
    """When a process last did its work; one row a process name."""

    class Kind(models.TextChoices):
        RELAY = "relay"
        WORKER = "worker"

    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=100, unique=True)
    at = models.DateTimeField()

    class Meta:
        app_label = "crm_handoff"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=("relay", "worker")), name="heartbeat_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%H:%M:%S}"


def beat(kind: Heartbeat.Kind, name: str, *, at: datetime) -> None:
    """Record that the process `name` did its work at `at`."""
    Heartbeat.objects.bulk_create(
        [Heartbeat(kind=kind, name=name, at=at)],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["at"],
    )
