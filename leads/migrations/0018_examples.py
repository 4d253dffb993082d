"""Imagined leads by which a definition is tried."""

import uuid

import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
from django.conf import settings
from django.db import migrations, models


def of_type(field: str, name: str) -> django.db.models.lookups.Exact:
    return django.db.models.lookups.Exact(
        models.Func(field, function="jsonb_typeof"), models.Value(name)
    )


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("definitions", "0009_resource_stamps"),
        ("leads", "0017_backlog_and_impacts"),
    ]

    operations = [
        migrations.CreateModel(
            name="Example",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("name", models.CharField(max_length=120)),
                (
                    "stage",
                    models.CharField(
                        choices=[
                            ("iql", "IQL"),
                            ("mql", "MQL"),
                            ("pql", "PQL"),
                            ("sql", "SQL"),
                        ],
                        help_text="That is tried, or any above it.",
                        max_length=10,
                    ),
                ),
                (
                    "is_expected",
                    models.BooleanField(
                        default=True,
                        help_text="Off: must not reach it.",
                        verbose_name="must reach it",
                    ),
                ),
                ("profile", models.JSONField(blank=True, default=dict)),
                ("touchpoints", models.JSONField(blank=True, default=list)),
                ("answers", models.JSONField(blank=True, default=dict)),
                (
                    "why",
                    models.TextField(blank=True, help_text="What both teams want it to show."),
                ),
                ("created_at", models.DateTimeField(editable=False)),
                ("updated_at", models.DateTimeField(editable=False)),
                ("is_active", models.BooleanField(default=True, editable=False)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "definition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="examples",
                        to="definitions.definition",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("definition"),
                        django.db.models.functions.text.Lower("name"),
                        condition=models.Q(("is_active", True)),
                        name="one_active_example_per_name",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("stage__in", ["iql", "mql", "pql", "sql"])),
                        name="example_stage_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("name__regex", "\\S")), name="example_has_a_name"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            of_type("profile", "object"),
                            of_type("touchpoints", "array"),
                            of_type("answers", "object"),
                        ),
                        name="example_facts_are_named",
                    ),
                ],
            },
        ),
    ]
