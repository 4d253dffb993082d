"""A recurring absence that says when it begins says when it ends."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("routing", "0023_one_task_per_cadence_step")]

    operations = [
        migrations.RemoveConstraint("absenceseries", "series_has_both_times_or_none"),
        migrations.AddConstraint(
            "absenceseries",
            models.CheckConstraint(
                condition=models.Q(("begins", None), ("ends", None))
                | models.Q(
                    ("begins__isnull", False),
                    ("ends__gt", models.F("begins")),
                    ("ends__isnull", False),
                ),
                name="series_has_both_times_or_none",
            ),
        ),
    ]
