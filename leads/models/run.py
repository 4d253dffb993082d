"""Imports that ran."""

from typing import Any

from django.conf import settings
from django.db import models

from leads.enums import ImportMode


class ImportRun(models.Model):
    """One file read by one mapping, with its report.

    `report` holds counts (`created`, `updated`, `unchanged`, `refused`) and the refused rows as
    `{"line", "column", "reason"}`.
    """

    mapping = models.CharField(max_length=64)
    file_name = models.CharField(max_length=255)
    file_hash = models.CharField(max_length=64)
    mode = models.CharField(max_length=10, choices=ImportMode)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    report: models.JSONField[Any, Any] = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(mode__in=ImportMode.values), name="import_mode_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} by {self.mapping}"
