"""What the use of a product qualified lead speaks of. Nothing is rewritten."""

from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models

MOTIONS = [("new_business", "New business"), ("expansion", "Expansion")]


class Migration(migrations.Migration):
    dependencies = [("leads", "0018_examples")]
    operations = [
        migrations.AddField(
            "stagetransition",
            "motion",
            models.CharField(
                blank=True, choices=MOTIONS, default="", db_default="", max_length=15
            ),
        ),
        AddConstraintNotValid(
            "stagetransition",
            models.CheckConstraint(
                condition=models.Q(motion="")
                | models.Q(motion__in=[motion for motion, _ in MOTIONS], to_stage="pql"),
                name="transition_motion_is_of_pql",
            ),
        ),
        ValidateConstraint("stagetransition", "transition_motion_is_of_pql"),
    ]
