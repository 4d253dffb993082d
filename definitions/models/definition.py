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
    review_every_days = models.PositiveSmallIntegerField(
        default=90,
        db_default=90,
        help_text="Days in force after which both sides review the version.",
    )
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("is_catch_all",),
                condition=models.Q(is_catch_all=True),
                name="one_catch_all_definition",
            ),
            models.CheckConstraint(
                condition=models.Q(review_every_days__gt=0), name="definition_is_reviewed"
            ),
        ]

    def __str__(self) -> str:
        return self.name
