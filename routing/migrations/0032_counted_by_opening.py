"""Reports of a period count handoffs by an index alone; built beside work."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("routing", "0031_called_off_and_parts")]
    operations = [
        # To wait for a transaction that is open is no harm here, and a try that was cut off
        # leaves an index that is of no use.
        migrations.RunSQL("SET lock_timeout = 0", "RESET lock_timeout"),
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS handoff_counted_by_opening", migrations.RunSQL.noop
        ),
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
        migrations.RunSQL("RESET lock_timeout", "SET lock_timeout = 0"),
    ]
