"""Drops what the index of a foreign key does when another one begins with the same column."""

import django.db.models.deletion
from django.db import migrations, models

COVERED = {
    "routing_handoff": ("lead_id", "routing_handoff_lead_id_990a8e74"),
    "routing_routingdecision": ("handoff_id", "routing_routingdecision_handoff_id_cdd712c9"),
    "routing_attempt": ("handoff_id", "routing_attempt_handoff_id_6a7ab614"),
    "routing_slaevent": ("timer_id", "routing_slaevent_timer_id_55ab0ddb"),
    "routing_slatimerstep": ("timer_id", "routing_slatimerstep_timer_id_25f9f2a0"),
}


def drop(table: str) -> migrations.RunSQL:
    """Drop one index while the table is in use; the state of the models is told apart."""
    column, index = COVERED[table]
    return migrations.RunSQL(
        f"DROP INDEX CONCURRENTLY IF EXISTS {index}",
        f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {index} ON {table} ({column})",
    )


def unindexed(model: str, name: str, to: str, related_name: str) -> migrations.AlterField:
    """Say of a foreign key that it has no index of its own."""
    key = models.ForeignKey(
        db_index=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name=related_name,
        to=to,
    )
    return migrations.AlterField(model, name, key)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("routing", "0027_notice_updated_at")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[drop(table) for table in COVERED],
            state_operations=[
                unindexed("handoff", "lead", "leads.lead", "handoffs"),
                unindexed("routingdecision", "handoff", "routing.handoff", "decisions"),
                unindexed("attempt", "handoff", "routing.handoff", "attempts"),
                unindexed("slaevent", "timer", "routing.slatimer", "events"),
                unindexed("slatimerstep", "timer", "routing.slatimer", "steps"),
            ],
        )
    ]
