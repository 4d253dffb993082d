"""Leads are listed by country, and those that no longer meet by themselves: few among all.

Built beside running work.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("leads", "0014_notes")]

    operations = [
        AddIndexConcurrently(
            "lead",
            models.Index(
                fields=["id"],
                condition=models.Q(no_longer_meets=True),
                name="lead_that_no_longer_meets",
            ),
        ),
        AddIndexConcurrently(
            "lead", models.Index(fields=["country", "id"], name="lead_by_country")
        ),
    ]
