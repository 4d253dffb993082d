"""Paused clocks and who waits longest are found without looking at all the others."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("routing", "0028_no_index_twice")]
    operations = [
        AddIndexConcurrently(
            model_name="slatimer",
            index=models.Index(
                fields=["due_at"], condition=models.Q(state="paused"), name="timer_paused_due"
            ),
        ),
        AddIndexConcurrently(
            model_name="handoff",
            index=models.Index(
                fields=["opened_at", "id"],
                condition=models.Q(status="queued"),
                name="handoff_waiting_longest",
            ),
        ),
    ]
