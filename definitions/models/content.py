"""The content of a version as rows: levels, criteria, points, stage rules, SLA terms, copies."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from definitions.enums import AttemptKind, Match, Milestone, Side, StartEvent, choices
from definitions.models.catalog import TitleRuleFields
from definitions.models.version import DefinitionVersion
from definitions.vocabulary import (
    LEVELS,
    Authority,
    Category,
    Dimension,
    IntentLevel,
    Operator,
    Path,
    RuleStage,
)


class ContentRow(models.Model):
    """A row that belongs to one version and is frozen with it."""

    version = models.ForeignKey(
        DefinitionVersion, on_delete=models.CASCADE, related_name="%(class)s_set"
    )
    position = models.PositiveIntegerField(default=0)

    class Meta:
        abstract = True


class Condition(models.Model):
    """A fact compared with a wanted value.

    `parameters` are the fact's own (for example `{"kinds": ["demo_request"], "days": 7}`);
    `wanted` is JSON in the fact's type, a list for operators that take several values.
    """

    fact = models.SlugField(max_length=64)
    parameters: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    operator = models.CharField(max_length=10, choices=choices(Operator))
    wanted: models.JSONField[Any, Any] = models.JSONField(null=True, blank=True)

    class Meta:
        abstract = True


class SegmentRule(ContentRow, Condition):
    """A condition of belonging to the segment; all of a version's must hold."""

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(operator__in=list(Operator)), name="segment_operator_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.fact} {self.operator} {self.wanted}"


class Level(ContentRow):
    """A level of a dimension that criteria grant; the lowest of each needs no row."""

    dimension = models.CharField(max_length=12, choices=choices(Dimension))
    key = models.CharField(max_length=20)
    match = models.CharField(max_length=3, choices=Match, default=Match.ALL)

    class Meta:
        constraints = [
            models.UniqueConstraint("version", "dimension", "key", name="one_row_per_level"),
            models.CheckConstraint(
                condition=models.Q(
                    *(
                        models.Q(dimension=dimension, key__in=keys[1:])
                        for dimension, keys in LEVELS.items()
                    ),
                    _connector=models.Q.OR,
                ),
                name="level_is_of_its_dimension",
            ),
            models.CheckConstraint(
                condition=models.Q(match__in=Match.values), name="level_match_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dimension}: {self.key}"


class Criterion(ContentRow, Condition):
    """One machine-checkable condition.

    With a level it helps to grant it; without one it is a signal that stage rules, SLA terms and
    the floor name by `key`. An exclusion is a signal that keeps whoever meets it from every stage
    from MQL upwards.
    """

    key = models.SlugField(max_length=64)
    label = models.CharField(max_length=200, help_text="The criterion in people's words.")
    level = models.ForeignKey(
        Level, null=True, blank=True, on_delete=models.CASCADE, related_name="criteria"
    )
    is_exclusion = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Whoever meets it is not passed on: no stage from MQL upwards is reached.",
    )

    class Meta:
        verbose_name_plural = "criteria"
        constraints = [
            models.UniqueConstraint("version", "key", name="one_criterion_per_key"),
            models.CheckConstraint(
                condition=models.Q(is_exclusion=False) | models.Q(level=None),
                name="exclusion_grants_no_level",
            ),
            models.CheckConstraint(
                condition=models.Q(operator__in=list(Operator)), name="criterion_operator_known"
            ),
        ]

    def __str__(self) -> str:
        return self.label


class ScoreRule(ContentRow, Condition):
    """Points for a condition.

    Flat `points` when it holds; with `per`, `points` for each `per` of a counted fact, up to
    `cap`. With a half-life the points halve for each one that passed since the fact last
    happened.
    """

    key = models.SlugField(max_length=64)
    label = models.CharField(max_length=200)
    points = models.SmallIntegerField(help_text="May be negative.")
    per = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Points for each so many of the fact; blank: once."
    )
    cap = models.SmallIntegerField(
        null=True, blank=True, help_text="Most points (least, when negative) of this rule."
    )
    half_life_days = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("version", "key", name="one_score_rule_per_key"),
            models.CheckConstraint(
                condition=models.Q(operator__in=list(Operator)), name="score_operator_known"
            ),
            models.CheckConstraint(condition=~models.Q(points=0), name="score_points_not_zero"),
            models.CheckConstraint(
                condition=models.Q(per=None) | models.Q(per__gt=0), name="score_per_positive"
            ),
            models.CheckConstraint(
                condition=models.Q(half_life_days=None) | models.Q(half_life_days__gt=0),
                name="score_half_life_positive",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.points:+} {self.label}"


class Question(ContentRow):
    """A criterion that only a person can judge, asked of one side before it decides.

    Criteria ask for the answer by the fact `asserted` with `key` as what was asked. The answer
    holds for `valid_days` of 24 hours; `answer_within` counts business time.
    """

    key = models.SlugField(max_length=64)
    question = models.CharField(max_length=300, help_text="A full sentence, answered yes or no.")
    side = models.CharField(
        max_length=10, choices=Side, help_text="The side whose operator is asked."
    )
    answer_within = models.DurationField(help_text="Business time from asking to the answer.")
    valid_days = models.PositiveSmallIntegerField(
        default=90, help_text="Days after which the answer no longer counts."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint("version", "key", name="one_question_per_key"),
            models.CheckConstraint(
                condition=models.Q(side__in=Side.values), name="question_side_known"
            ),
            models.CheckConstraint(
                condition=models.Q(valid_days__gt=0), name="question_answer_holds"
            ),
        ]

    def __str__(self) -> str:
        return self.question


def _minimum(dimension: Dimension) -> "models.CharField[str, str]":
    return models.CharField(
        max_length=20,
        blank=True,
        choices=[(level, level.replace("_", " ")) for level in LEVELS[dimension]],
        help_text="At least this level; blank: no requirement.",
    )


class StageRule(ContentRow):
    """What reaches a stage by a path: least levels, least points, signals that must be met."""

    stage = models.CharField(max_length=10, choices=choices(RuleStage))
    path = models.CharField(max_length=15, choices=choices(Path), default=Path.STANDARD)
    fit = _minimum(Dimension.FIT)
    engagement = _minimum(Dimension.ENGAGEMENT)
    intent = _minimum(Dimension.INTENT)
    authority = _minimum(Dimension.AUTHORITY)
    product = _minimum(Dimension.PRODUCT)
    min_points = models.SmallIntegerField(null=True, blank=True)
    required_criteria = ArrayField(
        models.CharField(max_length=64),
        default=list,
        blank=True,
        help_text="Keys of criteria that must be met.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint("version", "stage", "path", name="one_stage_rule_per_path"),
            models.CheckConstraint(
                condition=models.Q(stage__in=list(RuleStage)), name="stage_rule_stage_known"
            ),
            models.CheckConstraint(
                condition=models.Q(path__in=list(Path)), name="stage_rule_path_known"
            ),
            models.CheckConstraint(
                condition=models.Q(fit__in=("", *LEVELS[Dimension.FIT]))
                & models.Q(engagement__in=("", *LEVELS[Dimension.ENGAGEMENT]))
                & models.Q(intent__in=("", *LEVELS[Dimension.INTENT]))
                & models.Q(authority__in=("", *LEVELS[Dimension.AUTHORITY]))
                & models.Q(product__in=("", *LEVELS[Dimension.PRODUCT])),
                name="stage_rule_levels_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stage} ({self.path})"


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


class VersionKind(models.Model):
    """A version's own copy of what a touchpoint kind means."""

    version = models.ForeignKey(DefinitionVersion, on_delete=models.CASCADE, related_name="kinds")
    key = models.SlugField(max_length=64)
    category = models.CharField(max_length=20, choices=choices(Category))
    intent_level = models.CharField(max_length=10, choices=choices(IntentLevel))
    is_direct_intent = models.BooleanField()
    is_product_use = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint("version", "key", name="one_copy_per_kind"),
            models.CheckConstraint(
                condition=models.Q(category__in=list(Category)), name="copied_category_known"
            ),
            models.CheckConstraint(
                condition=models.Q(intent_level__in=list(IntentLevel)),
                name="copied_intent_level_known",
            ),
        ]

    def __str__(self) -> str:
        return self.key


class VersionTitleRule(TitleRuleFields):
    """A version's own copy of a title rule."""

    version = models.ForeignKey(
        DefinitionVersion, on_delete=models.CASCADE, related_name="title_rules"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint("version", "position", name="one_copy_per_title_rule"),
            models.CheckConstraint(
                condition=models.Q(authority__in=list(Authority)), name="copied_authority_known"
            ),
        ]
