"""A task that a person put on another day stays there, so it is known which were."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """An empty column without a default: the table is not rewritten."""

    dependencies = [("routing", "0032_counted_by_opening")]
    operations = [
        migrations.AddField(
            "followup", "moved_at", models.DateTimeField(editable=False, null=True)
        ),
    ]
