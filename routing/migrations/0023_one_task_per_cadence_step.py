"""A handoff has each task of its cadence once; built while people work."""

from django.db import migrations, models

INDEX = """
CREATE UNIQUE INDEX CONCURRENTLY one_task_per_cadence_step
    ON routing_followup (handoff_id, cadence_step) WHERE cadence_step IS NOT NULL
"""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("routing", "0022_recent_history")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(INDEX, "DROP INDEX CONCURRENTLY one_task_per_cadence_step")
            ],
            state_operations=[
                migrations.AddConstraint(
                    model_name="followup",
                    constraint=models.UniqueConstraint(
                        fields=("handoff", "cadence_step"),
                        condition=models.Q(cadence_step__isnull=False),
                        name="one_task_per_cadence_step",
                    ),
                ),
            ],
        ),
    ]
