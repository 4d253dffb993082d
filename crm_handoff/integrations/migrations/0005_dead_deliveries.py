"""Dead letters are counted and listed, however many were delivered. Built beside running work."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("integrations", "0004_delivery_by_address")]

    operations = [
        AddIndexConcurrently(
            "delivery",
            models.Index(fields=["id"], condition=models.Q(state="dead"), name="delivery_dead"),
        ),
    ]
