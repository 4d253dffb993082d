"""Promises that came due are counted, however many there are. Built beside running work."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("routing", "0008_followups")]

    operations = [
        AddIndexConcurrently(
            "slatimer", models.Index(fields=["milestone", "due_at"], name="timer_by_due")
        ),
    ]
