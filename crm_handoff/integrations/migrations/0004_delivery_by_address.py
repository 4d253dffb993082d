from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Find when somebody was written to last, and the message that waits for them."""

    atomic = False

    dependencies = [("integrations", "0003_preferences")]

    operations = [
        AddIndexConcurrently(
            model_name="delivery",
            index=models.Index(fields=["address", "next_at"], name="delivery_by_address"),
        ),
    ]
