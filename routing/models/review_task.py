"""Questions about leads that only a person can answer."""

from django.conf import settings
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models.functions import Now

from definitions.enums import Side
from definitions.models import DefinitionVersion
from leads.models import Assertion, Lead
from routing.enums import ReviewTaskState


class ReviewTask(models.Model):
    """A question of an agreement that one lead waits for, asked of one person, with a clock.

    Everything it needs is copied from the version's question. The owner is the operator of the
    side that it asks. Answered, it names the `assertion` that holds the answer, for `valid_days`
    of 24 hours at most; it is cancelled when the lead waits for it no longer.
    """

    public_id = models.UUIDField(db_default=RandomUUID(), unique=True, editable=False)
    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="review_tasks")
    version = models.ForeignKey(
        DefinitionVersion, on_delete=models.PROTECT, related_name="review_tasks"
    )
    key = models.SlugField(max_length=64, db_index=False)
    question = models.CharField(max_length=300)
    side = models.CharField(max_length=10, choices=Side)
    valid_days = models.PositiveSmallIntegerField()
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="review_tasks"
    )
    state = models.CharField(max_length=10, choices=ReviewTaskState, default=ReviewTaskState.OPEN)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    assertion = models.OneToOneField(
        Assertion, null=True, blank=True, on_delete=models.PROTECT, related_name="review_task"
    )
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = "question about a lead"
        verbose_name_plural = "questions about leads"
        permissions = (("answer_reviewtask", "Can answer questions about leads"),)
        constraints = [
            models.UniqueConstraint(
                fields=("lead", "key"),
                condition=models.Q(state="open"),
                name="one_open_question_per_lead",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=ReviewTaskState.values), name="question_state_known"
            ),
            models.CheckConstraint(
                condition=models.Q(side__in=Side.values), name="asked_of_a_known_side"
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
                | (~models.Q(state="answered") & models.Q(answered_by=None, assertion=None)),
                name="question_answered_iff_names_answer",
            ),
        ]
        indexes = [
            models.Index(
                fields=["owner"], condition=models.Q(state="open"), name="question_open_by_owner"
            ),
            models.Index(fields=["updated_at", "id"], name="question_by_update"),
        ]

    def __str__(self) -> str:
        return self.question
