"""The content of a version as rows: levels, criteria, points, questions, stage rules."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from definitions.enums import Match, Side, choices
from definitions.models.version import DefinitionVersion
from definitions.vocabulary import LEVELS, Dimension, Operator, Path, RuleStage


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
