"""What an edit of a calendar concerns is found by an index; built beside work."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("routing", "0017_hours_as_of")]
    operations = [
        RemoveIndexConcurrently("slatimer", "timer_active_by_calendar"),
        AddIndexConcurrently(
            "slatimer",
            models.Index(
                fields=["calendar", "hours_as_of"],
                condition=models.Q(state__in=("running", "paused")),
                name="timer_active_by_calendar",
            ),
        ),
    ]
