"""Clocks that somebody waits for are found by their due instant; built beside work."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("routing", "0020_floor_follows_checks")]
    operations = [
        migrations.AddField(
            model_name="slatimer",
            name="given_up_at",
            field=models.DateTimeField(
                blank=True,
                null=True,
                help_text="When its handoff closed without the answer that it waited for.",
            ),
        ),
        AddIndexConcurrently(
            "slatimer",
            models.Index(
                fields=["due_at"],
                condition=models.Q(
                    state__in=("running", "paused", "breached"),
                    stopped_at__isnull=True,
                    given_up_at__isnull=True,
                ),
                name="timer_awaited_due",
            ),
        ),
    ]
