"""What fired, and what the ledgers of clocks say, is found by when it happened."""

from django.contrib.postgres.indexes import BrinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("routing", "0021_timers_awaited")]
    operations = [
        AddIndexConcurrently(
            model_name="slatimerstep",
            index=models.Index(
                fields=["fired_at"],
                condition=models.Q(("state", "fired")),
                name="step_fired_recently",
            ),
        ),
        AddIndexConcurrently(
            model_name="slaevent",
            index=BrinIndex(fields=["at"], name="sla_event_by_time", pages_per_range=16),
        ),
    ]
