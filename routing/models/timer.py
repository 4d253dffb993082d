"""Running promises, the things due on them, and their ledger."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from routing.enums import SlaEventKind, StepKind, StepState, TimerMilestone, TimerState
from routing.models.handoff import Handoff
from routing.models.rep import Rep
from routing.models.review_task import ReviewTask
from routing.models.territory import Queue


class SlaTimer(models.Model):
    """One promise about a handoff or a question, copied from its term or question at the start.

    A response clock that was breached stays breached; `stopped_at` then says when the response
    came after all. `missed_by_rep` / `missed_by_queue`: who held the handoff when it came due.
    """

    handoff = models.ForeignKey(
        Handoff, null=True, blank=True, on_delete=models.PROTECT, related_name="timers"
    )
    review_task = models.ForeignKey(
        ReviewTask,
        null=True,
        blank=True,
        db_index=False,
        on_delete=models.PROTECT,
        related_name="timers",
    )
    milestone = models.CharField(max_length=20, choices=TimerMilestone)
    term_key = models.CharField(max_length=64)
    is_high_intent = models.BooleanField(default=False)
    is_business_time = models.BooleanField()
    respond_within = models.DurationField()
    stop_kinds: models.JSONField[Any, Any] = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=TimerState, default=TimerState.RUNNING)
    started_at = models.DateTimeField()
    promised_at = models.DateTimeField(help_text="When the promised time is used up.")
    backstop_at = models.DateTimeField(
        null=True, blank=True, help_text="Wall-clock limit; the earlier of the two is due."
    )
    due_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True, blank=True)
    breached_at = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    missed_by_rep = models.ForeignKey(
        Rep, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    missed_by_queue = models.ForeignKey(
        Queue, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    tzdata_version = models.CharField(max_length=16)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = "SLA timer"
        constraints = [
            models.UniqueConstraint(
                fields=("handoff",),
                condition=models.Q(milestone="first_response") & ~models.Q(state="cancelled"),
                name="one_response_clock_per_handoff",
            ),
            models.UniqueConstraint(
                fields=("handoff", "milestone"),
                condition=models.Q(state__in=("running", "paused")),
                name="one_running_timer_per_milestone",
            ),
            models.UniqueConstraint(
                fields=("review_task",),
                condition=models.Q(review_task__isnull=False),
                name="one_answer_clock_per_question",
            ),
            models.CheckConstraint(
                condition=models.Q(handoff=None, review_task__isnull=False, milestone="answer")
                | (
                    models.Q(handoff__isnull=False, review_task=None)
                    & ~models.Q(milestone="answer")
                ),
                name="timer_is_of_one_thing",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=TimerState.values), name="timer_state_known"
            ),
            models.CheckConstraint(
                condition=models.Q(milestone__in=TimerMilestone.values),
                name="timer_milestone_known",
            ),
            models.CheckConstraint(
                condition=models.Q(state="breached", breached_at__isnull=False)
                | (~models.Q(state="breached") & models.Q(breached_at=None)),
                name="timer_breached_iff_says_when",
            ),
            models.CheckConstraint(
                condition=models.Q(state="paused", paused_at__isnull=False)
                | (~models.Q(state="paused") & models.Q(paused_at=None)),
                name="timer_paused_iff_says_when",
            ),
            models.CheckConstraint(
                condition=models.Q(state="met", stopped_at__isnull=False) | ~models.Q(state="met"),
                name="timer_met_says_when",
            ),
            models.CheckConstraint(
                condition=models.Q(due_at__gte=models.F("started_at")),
                name="timer_due_after_start",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], condition=models.Q(state="running"), name="timer_running_due"
            ),
            models.Index(fields=["updated_at", "id"], name="timer_by_update"),
            models.Index(fields=["milestone", "due_at"], name="timer_by_due"),
        ]

    def __str__(self) -> str:
        return f"{self.get_milestone_display()} due {self.due_at:%Y-%m-%d %H:%M}"


class SlaTimerStep(models.Model):
    """One thing due on a timer; fires once, in one transaction with its effect."""

    timer = models.ForeignKey(SlaTimer, on_delete=models.PROTECT, related_name="steps")
    kind = models.CharField(max_length=10, choices=StepKind)
    due_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=StepState, default=StepState.ARMED)
    fired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "SLA timer step"
        constraints = [
            models.UniqueConstraint("timer", "kind", name="one_step_per_kind"),
            models.CheckConstraint(
                condition=models.Q(state__in=StepState.values), name="step_state_known"
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=StepKind.values), name="step_kind_known"
            ),
            models.CheckConstraint(
                condition=models.Q(state="fired", fired_at__isnull=False)
                | (~models.Q(state="fired") & models.Q(fired_at=None)),
                name="step_fired_iff_says_when",
            ),
            models.CheckConstraint(
                condition=models.Q(fired_at=None) | models.Q(fired_at__gte=models.F("due_at")),
                name="step_never_fires_early",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], condition=models.Q(state="armed"), name="step_armed_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} at {self.due_at:%Y-%m-%d %H:%M}"


class SlaEvent(models.Model):
    """A line in a clock's ledger; append-only."""

    timer = models.ForeignKey(SlaTimer, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=15, choices=SlaEventKind)
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    detail: models.JSONField[Any, Any] = models.JSONField(default=dict)

    class Meta:
        verbose_name = "SLA event"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=SlaEventKind.values), name="sla_event_kind_known"
            ),
        ]
        indexes = [models.Index(fields=["timer", "at"], name="sla_event_by_timer")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.at:%Y-%m-%d %H:%M}"
