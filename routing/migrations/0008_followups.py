"""Tasks about handoffs, and how long it took to confirm a lead by its checklist.

Reps enter their own absences by a permission of its own.
"""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

KINDS = (
    ("call", "Call"),
    ("chat", "Two-way chat"),
    ("email", "E-mail"),
    ("meeting", "Meeting"),
    ("message", "Message"),
)
CHECKLISTS = (("none", "None"), ("bant", "BANT"), ("champ", "CHAMP"), ("meddic", "MEDDIC"))
OPEN = models.Q(cancelled_at=None, done_at=None)

KEPT = (
    "CREATE TRIGGER confirmation_is_append_only BEFORE UPDATE OR DELETE ON routing_confirmation "
    "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
)
UNKEPT = "DROP TRIGGER confirmation_is_append_only ON routing_confirmation"


def person(**options):
    return models.ForeignKey(
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to=settings.AUTH_USER_MODEL,
        **options,
    )


def handoff(related_name):
    return models.ForeignKey(
        on_delete=django.db.models.deletion.PROTECT,
        related_name=related_name,
        to="routing.handoff",
    )


def identity():
    return models.BigAutoField(
        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
    )


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0007_resource_stamps"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="Confirmation",
            fields=[
                ("id", identity()),
                ("checklist", models.CharField(choices=CHECKLISTS, max_length=10)),
                ("began_at", models.DateTimeField(null=True)),
                ("at", models.DateTimeField()),
                ("by", person()),
                ("handoff", handoff("confirmations")),
            ],
            options={
                "indexes": [models.Index(fields=["at"], name="confirmation_by_instant")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(checklist__in=[key for key, _ in CHECKLISTS]),
                        name="confirmation_checklist_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(began_at=None)
                        | models.Q(began_at__lte=models.F("at")),
                        name="confirmation_began_before",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FollowUp",
            fields=[
                ("id", identity()),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True),
                ),
                ("kind", models.CharField(choices=KINDS, max_length=10)),
                ("what", models.CharField(max_length=200)),
                ("due_at", models.DateTimeField()),
                ("created_at", models.DateTimeField()),
                ("done_at", models.DateTimeField(null=True)),
                ("cancelled_at", models.DateTimeField(null=True)),
                ("created_by", person(null=True)),
                ("done_by", person(null=True)),
                ("handoff", handoff("followups")),
            ],
            options={
                "verbose_name": "follow-up",
                "indexes": [
                    models.Index(
                        fields=["handoff", "due_at"],
                        condition=OPEN,
                        name="followup_open_by_handoff",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(kind__in=[key for key, _ in KINDS]),
                        name="followup_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(what__regex=r"\S"), name="followup_says_what"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(done_at=None, done_by=None)
                        | models.Q(done_at__isnull=False, done_by__isnull=False),
                        name="followup_done_by_somebody",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(done_at=None) | models.Q(cancelled_at=None),
                        name="followup_ends_once",
                    ),
                ],
            },
        ),
        migrations.RunSQL(KEPT, UNKEPT),
        migrations.AlterModelOptions(
            name="absence",
            options={"permissions": [("enter_own_absence", "Can enter and end own absences")]},
        ),
    ]
