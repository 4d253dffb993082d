import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import crm_handoff.integrations.models.preference

KINDS = [
    ("assigned", "Assigned"),
    ("queued", "Queued"),
    ("warning", "Warning"),
    ("breached", "Breached"),
    ("escalated", "Escalated"),
    ("reassigned_away", "Reassigned Away"),
    ("accepted", "Accepted"),
    ("rejected", "Rejected"),
    ("expired", "Expired"),
    ("invariant", "A health check failed"),
]
KIND_NAMES = [kind for kind, _ in KINDS]

COPY = """
INSERT INTO integrations_deliverynotice (delivery_id, notice_id, channel)
SELECT id, notice_id, channel FROM integrations_delivery WHERE notice_id IS NOT NULL
ON CONFLICT DO NOTHING
"""
COPY_BACK = """
UPDATE integrations_delivery AS delivery SET notice_id = told.notice_id
FROM (SELECT delivery_id, min(notice_id) AS notice_id
      FROM integrations_deliverynotice GROUP BY delivery_id) AS told
WHERE told.delivery_id = delivery.id
"""


class Migration(migrations.Migration):
    """A delivery tells several notices; people say what they want to be told, and when not.

    The column of the one notice is dropped last, so that deliveries are locked but for a moment.
    """

    dependencies = [
        ("integrations", "0002_inbound"),
        ("routing", "0007_resource_stamps"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DeliveryNotice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("channel", models.CharField(choices=[("email", "E-mail")], max_length=10)),
                ("delivery", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="told", to="integrations.delivery")),
                ("notice", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="tellings", to="routing.notice")),
            ],
            options={
                "verbose_name": "notice told",
                "verbose_name_plural": "notices told",
                "constraints": [
                    models.UniqueConstraint(fields=("notice", "channel"), name="one_telling_per_notice_and_channel"),
                    models.CheckConstraint(condition=models.Q(("channel__in", ["email"])), name="telling_channel_known"),
                ],
            },
        ),
        migrations.CreateModel(
            name="NoticePreference",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=KINDS, max_length=20)),
                ("channel", models.CharField(choices=[("email", "E-mail")], max_length=10)),
                ("is_wanted", models.BooleanField()),
                ("person", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="notice_preferences", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("person", "kind", "channel"), name="one_preference_per_kind_and_channel"),
                    models.CheckConstraint(condition=models.Q(("kind__in", KIND_NAMES)), name="preference_kind_known"),
                    models.CheckConstraint(condition=models.Q(("channel__in", ["email"])), name="preference_channel_known"),
                    models.CheckConstraint(
                        condition=models.Q(("is_wanted", True), models.Q(("kind", "escalated"), _negated=True), _connector="OR"),
                        name="escalations_are_always_wanted",
                        violation_error_message="Escalations to the person whom the agreement names cannot be switched off.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="QuietHours",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("starts", models.TimeField(help_text="Time of day in the person's zone.")),
                ("ends", models.TimeField(help_text="Time of day in the person's zone.")),
                (
                    "weekdays",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.SmallIntegerField(),
                        default=crm_handoff.integrations.models.preference.whole_week,
                        help_text="Days on which they begin; 0 is Monday, 6 is Sunday.",
                        size=None,
                    ),
                ),
                ("lets_high_intent_through", models.BooleanField(default=True, help_text="Leads of high intent are told at once all the same.")),
                ("person", models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name="quiet_hours", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "verbose_name_plural": "quiet hours",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("starts", models.F("ends")), _negated=True),
                        name="quiet_hours_end",
                        violation_error_message="Quiet hours begin and end at different times.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("weekdays__contained_by", [0, 1, 2, 3, 4, 5, 6]), ("weekdays__len__gt", 0)),
                        name="quiet_hours_on_known_days",
                        violation_error_message="Quiet hours begin on at least one day of the week.",
                    ),
                ],
            },
        ),
        migrations.RunSQL(COPY, COPY_BACK, elidable=True),
        migrations.RemoveField(model_name="delivery", name="notice"),
    ]
