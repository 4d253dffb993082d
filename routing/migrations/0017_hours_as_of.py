"""Which edit of its calendar each clock heeds."""

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("routing", "0016_what_was_before")]
    operations = [
        migrations.AddField(
            model_name="slatimer",
            name="hours_as_of",
            field=models.DateTimeField(
                db_default=django.db.models.functions.datetime.Now(),
                editable=False,
                help_text="Of the calendar's edits the last one that its due instants heed.",
            ),
        ),
    ]
