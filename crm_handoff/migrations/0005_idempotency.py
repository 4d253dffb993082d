import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    """Writes that came with an Idempotency-Key, and their answers."""

    dependencies = [("crm_handoff", "0004_key_scopes")]

    operations = [
        migrations.CreateModel(
            name="IdempotentRequest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("owner", models.UUIDField()),
                ("idempotency_key", models.CharField(max_length=255)),
                ("method", models.CharField(max_length=7)),
                ("path", models.TextField()),
                ("body_hash", models.BinaryField(max_length=32)),
                ("status", models.SmallIntegerField(null=True)),
                ("location", models.TextField(blank=True)),
                ("body", models.BinaryField(null=True)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("owner"),
                        models.F("idempotency_key"),
                        name="one_answer_per_request",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__range", (200, 299))),
                        name="only_success_is_kept",
                    ),
                ],
            },
        ),
    ]
