"""Calendars elsewhere that say when reps are away."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from routing.models import Rep


class AbsenceFeed(models.Model):
    """The iCalendar address of one rep's calendar, read again and again.

    The address is a secret: whoever has it reads the calendar. It is sealed, only its host is
    shown, and a feed that was stopped keeps none. `left_out` lists the times that the calendar
    says and that are no absences here because the rep entered others: `begins_at` and `ends_at`
    as ISO 8601. `next_fetch_at` is also the token of whoever reads it at the moment.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    rep = models.OneToOneField(Rep, on_delete=models.PROTECT, related_name="absence_feed")
    sealed_address = models.BinaryField(default=b"")
    host = models.CharField(max_length=255)
    is_out_of_office_only = models.BooleanField(
        default=False,
        help_text="Only whole days and what is marked as out of office, not what is merely busy.",
    )
    is_active = models.BooleanField(default=True)
    next_fetch_at = models.DateTimeField(null=True, editable=False)
    fetched_at = models.DateTimeField(null=True, editable=False)
    etag = models.CharField(max_length=300, blank=True, editable=False)
    problem = models.CharField(max_length=300, blank=True, editable=False)
    left_out: models.JSONField[Any, Any] = models.JSONField(default=list, editable=False)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = "calendar of absences"
        verbose_name_plural = "calendars of absences"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(is_active=True, next_fetch_at__isnull=False)
                & ~models.Q(sealed_address=b"")
                | models.Q(is_active=False, next_fetch_at=None, sealed_address=b""),
                name="feed_is_read_or_keeps_no_address",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_fetch_at"],
                condition=models.Q(is_active=True),
                name="feed_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rep}: {self.host}"
