"""Recurring absences keep the days that were called off, others what they were made of."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    """Columns with constant defaults: no row is rewritten."""

    dependencies = [("routing", "0030_turns_of_one_worth")]
    operations = [
        migrations.RemoveConstraint("absence", "one_absence_per_external_id"),
        migrations.AddField(
            "absence",
            "parts",
            models.JSONField(blank=True, db_default={}, default=dict, editable=False),
        ),
        migrations.AddField(
            "absence", "would_end_at", models.DateTimeField(editable=False, null=True)
        ),
        migrations.AddField(
            "absenceseries",
            "called_off",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.DateField(),
                blank=True,
                db_default=[],
                default=list,
                editable=False,
                help_text="Local days on which it does not take place.",
                size=None,
            ),
        ),
    ]
