"""What people must be told."""

from typing import Any

from django.conf import settings
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models.functions import Now

from routing.enums import NoticeKind
from routing.models.handoff import Handoff


class Notice(models.Model):
    """The decision that a person must be told, written with the change that causes it.

    `key` makes it one: the same cause never tells twice. `detail` holds what the text needs.
    """

    public_id = models.UUIDField(db_default=RandomUUID(), unique=True, editable=False)
    key = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=20, choices=NoticeKind)
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="notices"
    )
    handoff = models.ForeignKey(
        Handoff, null=True, blank=True, on_delete=models.PROTECT, related_name="notices"
    )
    detail: models.JSONField[Any, Any] = models.JSONField(default=dict)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    handled_at = models.DateTimeField(
        null=True, blank=True, help_text="When its deliveries were written."
    )
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=NoticeKind.values), name="notice_kind_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"], condition=models.Q(handled_at=None), name="notice_not_handled"
            ),
            models.Index(
                fields=["recipient", "at"],
                condition=models.Q(read_at=None),
                name="notice_unread",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} for {self.recipient}"
