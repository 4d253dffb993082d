"""Notices about agreements can be chosen too, but for those that the agreement waits for."""

from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models

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
    ("signature_wanted", "A signature is wanted"),
    ("signature_refused", "A signature was refused"),
    ("version_active", "A definition took effect"),
    ("activation_failed", "A definition could not take effect"),
    ("review_due", "A definition is due for review"),
    ("review_overdue", "A review is overdue"),
    ("question_asked", "A question about a lead"),
]
"""As they stood when this migration was written."""

ALWAYS_WANTED = ("escalated", "signature_wanted", "activation_failed", "review_overdue")


class Migration(migrations.Migration):
    dependencies = [("integrations", "0005_dead_deliveries")]

    operations = [
        migrations.AlterField(
            model_name="noticepreference",
            name="kind",
            field=models.CharField(choices=KINDS, max_length=20),
        ),
        migrations.RemoveConstraint(
            model_name="noticepreference", name="preference_kind_known"
        ),
        migrations.RemoveConstraint(
            model_name="noticepreference", name="escalations_are_always_wanted"
        ),
        AddConstraintNotValid(
            model_name="noticepreference",
            constraint=models.CheckConstraint(
                condition=models.Q(kind__in=[kind for kind, _ in KINDS]),
                name="preference_kind_known",
            ),
        ),
        AddConstraintNotValid(
            model_name="noticepreference",
            constraint=models.CheckConstraint(
                condition=models.Q(is_wanted=True) | ~models.Q(kind__in=ALWAYS_WANTED),
                name="what_waits_for_somebody_is_always_wanted",
                violation_error_message="What waits for the person whom the agreement names "
                "cannot be switched off.",
            ),
        ),
        ValidateConstraint("noticepreference", "preference_kind_known"),
        ValidateConstraint("noticepreference", "what_waits_for_somebody_is_always_wanted"),
    ]
