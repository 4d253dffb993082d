"""Running promises, the things due on them, and their ledger."""

from typing import Any

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce, Now

from routing.enums import (
    PauseReason,
    SlaEventKind,
    StepKind,
    StepState,
    TimerMilestone,
    TimerState,
)
from routing.models.calendar import BusinessCalendar
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
    given_up_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When its handoff closed without the answer that it waited for.",
    )
    calendar = models.ForeignKey(
        BusinessCalendar,
        null=True,
        blank=True,
        db_index=False,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="In whose hours it is counted; blank: around the clock.",
    )
    hours_as_of = models.DateTimeField(
        db_default=Now(),
        editable=False,
        help_text="Of the calendar's edits the last one that its due instants heed.",
    )
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_until = models.DateTimeField(
        null=True, blank=True, help_text="The pause ends by itself then."
    )
    pause_reason = models.CharField(
        max_length=20, choices=PauseReason, blank=True, default="", db_default=""
    )
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
                condition=models.Q(state="paused") | models.Q(paused_until=None, pause_reason=""),
                name="only_a_paused_timer_says_until_when",
            ),
            models.CheckConstraint(
                condition=models.Q(pause_reason__in=("", *PauseReason.values)),
                name="timer_pause_reason_known",
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
            models.Index(
                fields=["paused_until"],
                condition=models.Q(paused_until__isnull=False),
                name="timer_pause_ends",
            ),
            models.Index(
                fields=["due_at"], condition=models.Q(state="paused"), name="timer_paused_due"
            ),
            models.Index(
                fields=["calendar", "hours_as_of"],
                condition=models.Q(state__in=("running", "paused")),
                name="timer_active_by_calendar",
            ),
            models.Index(
                fields=["due_at"],
                condition=models.Q(
                    state__in=("running", "paused", "breached"),
                    stopped_at__isnull=True,
                    given_up_at__isnull=True,
                ),
                name="timer_awaited_due",
            ),
            models.Index(fields=["updated_at", "id"], name="timer_by_update"),
            models.Index(fields=["milestone", "due_at"], name="timer_by_due"),
        ]

    def __str__(self) -> str:
        return f"{self.get_milestone_display()} due {self.due_at:%Y-%m-%d %H:%M}"


class SlaTimerStep(models.Model):
    """One thing due on a timer; fires once, in one transaction with its effect.

    `level` tells the warnings of one timer apart, 1 is the first. Urgent ones, of high intent,
    are fired before others that are due.
    """

    timer = models.ForeignKey(
        SlaTimer, on_delete=models.PROTECT, related_name="steps", db_index=False
    )
    kind = models.CharField(max_length=10, choices=StepKind)
    level = models.PositiveSmallIntegerField(default=1, db_default=1)
    is_urgent = models.BooleanField(default=False, db_default=False)
    due_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=StepState, default=StepState.ARMED)
    fired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "SLA timer step"
        constraints = [
            models.UniqueConstraint("timer", "kind", "level", name="one_step_per_level"),
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
            models.Index(
                fields=["due_at"],
                condition=models.Q(state="armed", is_urgent=True),
                name="step_urgent_due",
            ),
            models.Index(
                fields=["fired_at"],
                condition=models.Q(state="fired"),
                name="step_fired_recently",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} at {self.due_at:%Y-%m-%d %H:%M}"


class SlaEvent(models.Model):
    """A line in a clock's ledger; append-only."""

    timer = models.ForeignKey(
        SlaTimer, on_delete=models.PROTECT, related_name="events", db_index=False
    )
    kind = models.CharField(max_length=15, choices=SlaEventKind)
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    detail: models.JSONField[Any, Any] = models.JSONField(default=dict)

    class Meta:
        verbose_name = "SLA event"
        constraints = [
            models.UniqueConstraint(
                "timer",
                "kind",
                Coalesce(KeyTextTransform("level", "detail"), Value("1")),
                condition=models.Q(kind__in=SlaEventKind.ONCE),
                name="step_fires_once",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=SlaEventKind.values), name="sla_event_kind_known"
            ),
        ]
        indexes = [
            models.Index(fields=["timer", "at"], name="sla_event_by_timer"),
            BrinIndex(fields=["at"], name="sla_event_by_time", pages_per_range=16),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.at:%Y-%m-%d %H:%M}"
