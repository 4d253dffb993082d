"""Where places may have become free."""

from django.db import models
from django.db.models.functions import Now


class RoomMark(models.Model):
    """Somebody may have room for what waits in queues; written by a trigger, deleted by workers.

    Written only while something waits: when a rep's load falls, a capacity grows, somebody comes
    back or joins a territory. `is_redrawn`: as a territory came to cover other leads than before,
    or got another queue; once more ten seconds later, for what was being worked on meanwhile.
    """

    marked_at = models.DateTimeField(db_default=Now())
    is_redrawn = models.BooleanField(db_default=False)

    def __str__(self) -> str:
        return f"Room since {self.marked_at:%Y-%m-%d %H:%M}"
