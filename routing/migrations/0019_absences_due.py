"""Absences whose leads have not moved on are found by their beginning."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("routing", "0018_timers_by_hours")]

    operations = [
        migrations.AddIndex(
            model_name="absence",
            index=models.Index(
                models.F("span__startswith"),
                condition=models.Q(("moved_on_at", None)),
                name="absence_not_moved_on",
            ),
        ),
    ]
