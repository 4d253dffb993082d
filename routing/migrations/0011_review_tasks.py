"""Questions about leads, and clocks that are of a handoff or of a question."""

import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

STATES = [("open", "Open"), ("answered", "Answered"), ("cancelled", "No longer asked")]
MILESTONES = [
    ("first_response", "First Response"),
    ("acceptance", "Acceptance"),
    ("re_response", "First response of a new owner"),
    ("answer", "Answer to a question"),
]

STAMPED = """
CREATE TRIGGER reviewtask_updated_at BEFORE UPDATE ON routing_reviewtask
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION stamp_row()
"""
UNSTAMPED = "DROP TRIGGER reviewtask_updated_at ON routing_reviewtask"


class Migration(migrations.Migration):
    dependencies = [
        ("definitions", "0010_agreement"),
        ("leads", "0016_target_accounts"),
        ("routing", "0010_notice_kinds"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ReviewTask",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "public_id",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        editable=False,
                        unique=True,
                    ),
                ),
                ("key", models.SlugField(db_index=False, max_length=64)),
                ("question", models.CharField(max_length=300)),
                (
                    "side",
                    models.CharField(
                        choices=[("marketing", "Marketing"), ("sales", "Sales")], max_length=10
                    ),
                ),
                ("valid_days", models.PositiveSmallIntegerField()),
                ("state", models.CharField(choices=STATES, default="open", max_length=10)),
                ("opened_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "updated_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "answered_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "assertion",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="review_task",
                        to="leads.assertion",
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="review_tasks",
                        to="leads.lead",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="review_tasks",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="review_tasks",
                        to="definitions.definitionversion",
                    ),
                ),
            ],
            options={
                "verbose_name": "question about a lead",
                "verbose_name_plural": "questions about leads",
                "permissions": (("answer_reviewtask", "Can answer questions about leads"),),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("lead", "key"),
                        condition=models.Q(state="open"),
                        name="one_open_question_per_lead",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(state__in=[state for state, _ in STATES]),
                        name="question_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(side__in=["marketing", "sales"]),
                        name="asked_of_a_known_side",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(valid_days__gt=0), name="asked_answer_holds"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(state="open", closed_at=None)
                        | (~models.Q(state="open") & models.Q(closed_at__gte=models.F("opened_at"))),
                        name="question_closed_iff_not_open",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            state="answered", answered_by__isnull=False, assertion__isnull=False
                        )
                        | (
                            ~models.Q(state="answered")
                            & models.Q(answered_by=None, assertion=None)
                        ),
                        name="question_answered_iff_names_answer",
                    ),
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(state="open"),
                        fields=["owner"],
                        name="question_open_by_owner",
                    ),
                    models.Index(fields=["updated_at", "id"], name="question_by_update"),
                ],
            },
        ),
        migrations.RunSQL(STAMPED, UNSTAMPED),
        migrations.AlterField(
            model_name="slatimer",
            name="handoff",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="timers",
                to="routing.handoff",
            ),
        ),
        migrations.AddField(
            model_name="slatimer",
            name="review_task",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="timers",
                to="routing.reviewtask",
            ),
        ),
        migrations.RemoveConstraint(model_name="slatimer", name="timer_milestone_known"),
        migrations.AlterField(
            model_name="slatimer",
            name="milestone",
            field=models.CharField(choices=MILESTONES, max_length=20),
        ),
        AddConstraintNotValid(
            model_name="slatimer",
            constraint=models.CheckConstraint(
                condition=models.Q(milestone__in=[key for key, _ in MILESTONES]),
                name="timer_milestone_known",
            ),
        ),
        AddConstraintNotValid(
            model_name="slatimer",
            constraint=models.CheckConstraint(
                condition=models.Q(handoff=None, review_task__isnull=False, milestone="answer")
                | (
                    models.Q(handoff__isnull=False, review_task=None)
                    & ~models.Q(milestone="answer")
                ),
                name="timer_is_of_one_thing",
            ),
        ),
    ]
