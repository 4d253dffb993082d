import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Languages of people, invitations instead of typed passwords, and the first steps.

    New columns are nullable or have a constant default: no table is rewritten.
    """

    dependencies = [("crm_handoff", "0005_idempotency")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="language",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Code of the language of pages and messages; blank: the browser's for "
                "pages, the organization's for messages.",
                max_length=16,
            ),
        ),
        migrations.AddField(
            model_name="organization",
            name="language",
            field=models.CharField(
                db_default="en",
                default="en",
                help_text="Language of messages to people who chose none.",
                max_length=16,
            ),
        ),
        migrations.AddField(
            model_name="organization",
            name="set_up_at",
            field=models.DateTimeField(
                blank=True,
                editable=False,
                help_text="When somebody put the first steps away; blank while they are to be "
                "done.",
                null=True,
            ),
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True),
                ),
                ("invited_at", models.DateTimeField()),
                (
                    "sent_at",
                    models.DateTimeField(help_text="When the message was asked for last."),
                ),
                ("accepted_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                (
                    "invited_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invitations",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "revoked_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("accepted_at", None), ("revoked_at", None)),
                        fields=("person",),
                        name="one_open_invitation",
                        violation_error_message="This person is invited already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("accepted_at", None), ("revoked_at", None), _connector="OR"
                        ),
                        name="invitation_ends_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("revoked_at", None), ("revoked_by", None)),
                            models.Q(
                                ("revoked_at__isnull", False), ("revoked_by__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="invitation_taken_back_by_somebody",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Allowance",
            fields=[
                (
                    "subject",
                    models.BinaryField(max_length=32, primary_key=True, serialize=False),
                ),
                ("remaining", models.FloatField()),
                ("counted_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("remaining__gte", 0)), name="allowance_not_overdrawn"
                    )
                ],
            },
        ),
        # Worth nothing after a crash: no journal, no wait for the disk.
        migrations.RunSQL(
            "ALTER TABLE crm_handoff_allowance SET UNLOGGED", migrations.RunSQL.noop
        ),
    ]
