import django.contrib.postgres.fields
import django.contrib.postgres.functions
import django.db.models.deletion
from django.db import migrations, models

import crm_handoff.people.models


class Migration(migrations.Migration):
    """Keys for a purpose, at a rate, replaced by others; existing ones keep what they could do."""

    dependencies = [("crm_handoff", "0003_view_all_leads")]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="scopes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("ingest", "Ingest: send leads, accounts, touchpoints and opportunities"),
                        ("read", "Read: everything but people and keys"),
                        ("handoff", "Handoff: answer handoffs for the people named"),
                        (
                            "config",
                            "Config: change campaigns, territories, reps, calendars, reasons",
                        ),
                    ],
                    max_length=16,
                ),
                default=crm_handoff.people.models.usual_scopes,
                help_text="What the key may be used for.",
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="apikey",
            name="rate_per_minute",
            field=models.PositiveIntegerField(
                db_default=6000,
                default=6000,
                help_text="Calls a minute; as many at once when the key has rested.",
            ),
        ),
        migrations.AddField(
            model_name="apikey",
            name="family",
            field=models.UUIDField(
                db_default=django.contrib.postgres.functions.RandomUUID(), editable=False
            ),
        ),
        migrations.AddField(
            model_name="apikey",
            name="replaces",
            field=models.OneToOneField(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="replaced_by",
                to="crm_handoff.apikey",
            ),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("scopes__contained_by", ["ingest", "read", "handoff", "config"]),
                    ("scopes__len__gt", 0),
                ),
                name="api_key_scopes_known",
                violation_error_message="A key has at least one of the known scopes.",
            ),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.CheckConstraint(
                condition=models.Q(("rate_per_minute__gt", 0)), name="api_key_rate_is_positive"
            ),
        ),
        migrations.CreateModel(
            name="CallAllowance",
            fields=[
                (
                    "key",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="crm_handoff.apikey",
                    ),
                ),
                ("calls_left", models.FloatField()),
                ("counted_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("calls_left__gte", 0)),
                        name="call_allowance_not_overdrawn",
                    )
                ],
            },
        ),
        # Written on every call and worth nothing after a crash: no journal, no wait for the disk.
        migrations.RunSQL(
            "ALTER TABLE crm_handoff_callallowance SET UNLOGGED", migrations.RunSQL.noop
        ),
    ]
