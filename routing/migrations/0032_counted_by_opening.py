"""Reports of a period count handoffs by an index alone; built beside work."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("routing", "0031_called_off_and_parts")]
    operations = [
        AddIndexConcurrently(
            "handoff",
            models.Index(
                fields=["opened_at", "id"],
                include=[
                    "version",
                    "status",
                    "floor_missed",
                    "campaign",
                    "source",
                    "import_run",
                ],
                name="handoff_counted_by_opening",
            ),
        ),
        RemoveIndexConcurrently("handoff", "handoff_by_opening"),
    ]
