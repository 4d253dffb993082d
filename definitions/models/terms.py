"""SLA terms: what a version promises in time."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from definitions.enums import AttemptKind, Milestone, StartEvent, choices
from definitions.models.content import ContentRow
from definitions.vocabulary import LEVELS, Dimension, Path, RuleStage


class SlaTerm(ContentRow):
    """A promise in time; of the terms of one milestone the first whose conditions hold applies.

    `later_warnings` are further shares of the time in percent, after `warn_at_pct`. After a breach
    come, each if it has its time: a reminder of the owner, word to the manager, escalation to the
    named operator, another rep. `cadence` are tasks for whoever receives the lead, a list of
    `{"kind": …, "after": duration, "what": text}` counted from the assignment in the term's hours.
    """

    key = models.SlugField(max_length=64)
    label = models.CharField(max_length=200)
    milestone = models.CharField(
        max_length=20, choices=Milestone, default=Milestone.FIRST_RESPONSE
    )
    when_stage = models.CharField(max_length=10, choices=choices(RuleStage), blank=True)
    when_path = models.CharField(max_length=15, choices=choices(Path), blank=True)
    when_min_points = models.SmallIntegerField(null=True, blank=True)
    when_criteria = ArrayField(
        models.CharField(max_length=64),
        default=list,
        blank=True,
        help_text="Keys of criteria that must all be met.",
    )
    when_intent = models.CharField(
        max_length=10,
        blank=True,
        default="",
        db_default="",
        choices=[(level, level) for level in LEVELS[Dimension.INTENT][1:]],
        help_text="At least this level of intent; blank: any.",
    )
    is_high_intent = models.BooleanField(default=False)
    counts_from = models.CharField(
        max_length=15,
        choices=StartEvent,
        blank=True,
        default="",
        db_default="",
        help_text="Blank: as usual for the milestone.",
    )
    respond_within = models.DurationField(help_text="From qualification to the milestone.")
    is_business_time = models.BooleanField(
        default=True, help_text="Counted in the calendar's open hours, else around the clock."
    )
    at_latest_within = models.DurationField(
        null=True, blank=True, help_text="Wall-clock backstop; the earlier of the two counts."
    )
    calendar_key = models.SlugField(
        max_length=64, blank=True, help_text="Blank: the territory's calendar."
    )
    stop_kinds = ArrayField(
        models.CharField(max_length=10, choices=AttemptKind),
        default=list,
        blank=True,
        help_text="Kinds of attempt that keep the promise; empty: any.",
    )
    warn_at_pct = models.PositiveSmallIntegerField(
        default=50, help_text="Share of the time after which the owner is warned."
    )
    later_warnings = ArrayField(
        models.PositiveSmallIntegerField(),
        default=list,
        db_default=[],
        blank=True,
        help_text="Further shares of the time, in percent, after which the owner is warned again.",
    )
    remind_after = models.DurationField(
        null=True, blank=True, help_text="From breach to a reminder of the owner; blank: none."
    )
    manager_after = models.DurationField(
        null=True,
        blank=True,
        help_text="From breach to word to the owner's manager; blank: at the breach.",
    )
    escalate_after = models.DurationField(
        null=True, blank=True, help_text="From breach to the named operator; blank: never."
    )
    reassign_after = models.DurationField(
        null=True, blank=True, help_text="From breach to another rep; blank: never."
    )
    cadence: models.JSONField[Any, Any] = models.JSONField(
        default=list, db_default=models.Value([], models.JSONField()), blank=True
    )

    class Meta:
        verbose_name = "SLA term"
        constraints = [
            models.UniqueConstraint("version", "key", name="one_sla_term_per_key"),
            models.CheckConstraint(
                condition=models.Q(milestone__in=Milestone.values), name="sla_milestone_known"
            ),
            models.CheckConstraint(
                condition=models.Q(warn_at_pct__range=(1, 99)), name="sla_warns_before_due"
            ),
            models.CheckConstraint(
                condition=models.Q(later_warnings__contained_by=list(range(1, 100))),
                name="sla_warns_again_before_due",
            ),
            models.CheckConstraint(
                condition=models.Q(when_intent__in=("", *LEVELS[Dimension.INTENT][1:])),
                name="sla_intent_known",
            ),
            models.CheckConstraint(
                condition=models.Q(counts_from__in=("", *StartEvent.values)),
                name="sla_start_known",
            ),
            models.CheckConstraint(
                condition=models.Q(stop_kinds__contained_by=AttemptKind.values),
                name="sla_stop_kinds_known",
            ),
        ]

    def __str__(self) -> str:
        return self.label
