"""Target accounts are listed by name, however many others there are. Built beside running work."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("leads", "0015_search")]

    operations = [
        AddIndexConcurrently(
            "account",
            models.Index(
                fields=["name", "id"],
                condition=models.Q(is_target=True),
                name="account_targets_by_name",
            ),
        ),
    ]
