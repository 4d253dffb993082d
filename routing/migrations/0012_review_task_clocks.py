"""What clocks are of holds for those of old, and a question has one. Built beside running work."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations, models

INDEX = """
CREATE UNIQUE INDEX CONCURRENTLY one_answer_clock_per_question
    ON routing_slatimer (review_task_id) WHERE review_task_id IS NOT NULL
"""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("routing", "0011_review_tasks")]

    operations = [
        ValidateConstraint(model_name="slatimer", name="timer_milestone_known"),
        ValidateConstraint(model_name="slatimer", name="timer_is_of_one_thing"),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(INDEX, "DROP INDEX one_answer_clock_per_question"),
            ],
            state_operations=[
                migrations.AddConstraint(
                    model_name="slatimer",
                    constraint=models.UniqueConstraint(
                        fields=("review_task",),
                        condition=models.Q(review_task__isnull=False),
                        name="one_answer_clock_per_question",
                    ),
                ),
            ],
        ),
    ]
