"""What one segment of the business calls qualified."""

import uuid

from django.db import models
from django.db.models.functions import Now


class Definition(models.Model):
    """A line of versions for one segment; segments are tried by `position`, first match."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    key = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    position = models.PositiveIntegerField(
        default=100, help_text="Order in which segments are tried; the catch-all comes last."
    )
    is_catch_all = models.BooleanField(
        default=False, help_text="Takes everyone whom no other segment matches."
    )
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("is_catch_all",),
                condition=models.Q(is_catch_all=True),
                name="one_catch_all_definition",
            ),
        ]

    def __str__(self) -> str:
        return self.name
