"""Mappings that people saved."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class ImportMapping(models.Model):
    """What the columns of one source's files mean, under a name; see `leads.mappings`.

    `content` has the shape of a mapping's YAML. `updated_at` is kept by a trigger.
    """

    key = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    content: models.JSONField[Any, Any] = models.JSONField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return self.name
