"""Why somebody is, or is not, qualified: an evaluation in the words of its version."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from definitions.agreement import Agreement, CompiledCriterion, CompiledStageRule
from definitions.queries import agreement_of
from definitions.vocabulary import FACTS, LEVELS, Dimension, Operator, Path, RuleStage
from leads.models import Evaluation

SINGULARS = {
    "assets": "asset",
    "channels": "channel",
    "days": "day",
    "people": "person",
    "touchpoints": "touchpoint",
}
"""Units as they follow a one; others do not change."""

MOST_CHOICES = 4
"""Choices of a criterion that are written out; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Line:
    """One criterion with what was seen and what is wanted, in words."""

    key: str
    label: str
    level: str
    is_met: bool
    seen: str
    wanted: str


@dataclass(frozen=True, slots=True)
class Threshold:
    """The least level that a stage wants on a dimension; `place_pct` is where on the bar."""

    stage: str
    level: str
    place_pct: int


@dataclass(frozen=True, slots=True)
class Bar:
    """A dimension: how far up its levels, the thresholds, and the criteria behind it."""

    key: str
    level: str
    filled_pct: int
    is_short: bool
    thresholds: list[Threshold]
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class Points:
    """A score rule and the points that it gave."""

    label: str
    points: Decimal


@dataclass(frozen=True, slots=True)
class Explanation:
    """An evaluation explained. `missing` says what the next stage still wants, in sentences."""

    evaluation: Evaluation
    reached: str
    bars: list[Bar]
    signals: list[Line]
    points: list[Points]
    total: Decimal
    next_stage: str
    missing: list[str]


def explain(evaluation: Evaluation) -> Explanation:
    """Explain an evaluation by the version that gave it; reads the version."""
    agreement = agreement_of(evaluation.version)
    results = {row["key"]: row for row in evaluation.results}
    lines = {c.key: _line(c, results) for c in agreement.criteria}
    goal = _goal(evaluation, agreement)
    further = _next_rule(evaluation, agreement)
    labels = {rule.key: rule.label for rule in agreement.score_rules}
    return Explanation(
        evaluation=evaluation,
        reached=_reached(evaluation),
        bars=_bars(evaluation, agreement, lines, goal),
        signals=[lines[c.key] for c in agreement.criteria if not c.level],
        points=[
            Points(labels.get(row["key"], row["key"]), Decimal(str(row["points"])))
            for row in evaluation.score
        ],
        total=evaluation.points,
        next_stage=further.stage.upper() if further else "",
        missing=_missing(evaluation, agreement, lines, further) if further else [],
    )


def words(value: Any, unit: str = "") -> str:
    """Write a fact's value for people: numbers with thousands and unit, lists, yes and no."""
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return _choices([words(item) for item in value])
    if isinstance(value, int | float | Decimal):
        number = f"{value:,.2f}".removesuffix(".00")
        return f"{number} {SINGULARS.get(unit, unit) if value == 1 else unit}".strip()
    return str(value).replace("_", " ")


def wanted_words(operator: str, wanted: Any, unit: str = "") -> str:
    """Write what a criterion wants: "at least 4 touchpoints", "50 to 2,000 people"."""
    match operator:
        case Operator.BETWEEN:
            least, most = wanted
            return f"{words(least)} to {words(most, unit)}"
        case Operator.KNOWN | Operator.UNKNOWN:
            return str(operator)
        case Operator.IS:
            return words(wanted, unit)
        case Operator.IS_NOT:
            return f"not {words(wanted, unit)}"
    return f"{operator.replace('_', ' ')} {words(wanted, unit)}"


def _choices(items: list[str]) -> str:
    if len(items) <= MOST_CHOICES:
        return ", ".join(items) or "none"
    return f"{', '.join(items[:MOST_CHOICES])} and {len(items) - MOST_CHOICES} more"


def _line(criterion: CompiledCriterion, results: Mapping[str, Any]) -> Line:
    unit = FACTS[criterion.ref.fact].unit
    result = results.get(criterion.key, {})
    return Line(
        key=criterion.key,
        label=criterion.label,
        level=words(criterion.level),
        is_met=bool(result.get("met")),
        seen=words(result.get("seen"), unit),
        wanted=wanted_words(criterion.operator, criterion.wanted, unit),
    )


def _reached(evaluation: Evaluation) -> str:
    if not evaluation.stage:
        return "no stage yet"
    return f"{evaluation.stage.upper()} by the {words(evaluation.path)} path"


def _goal(evaluation: Evaluation, agreement: Agreement) -> CompiledStageRule | None:
    """Return the rule against which the bars are drawn: the one that hands over to sales.

    By the path that was taken, when that is how it was reached.
    """
    rules = [rule for rule in agreement.stage_rules if rule.stage == agreement.handoff_stage]
    taken = [
        rule for rule in rules if (rule.stage, rule.path) == (evaluation.stage, evaluation.path)
    ]
    return next(iter(taken or rules), None)


def _bars(
    evaluation: Evaluation,
    agreement: Agreement,
    lines: Mapping[str, Line],
    goal: CompiledStageRule | None,
) -> list[Bar]:
    bars = []
    for place, ladder in enumerate(agreement.ladders):
        own = [lines[c.key] for c in agreement.criteria if c.dimension == ladder.dimension]
        if not own:
            continue
        levels = LEVELS[Dimension(ladder.dimension)]
        level = getattr(evaluation, ladder.dimension)
        least = dict(goal.minimums).get(place, 0) if goal else 0
        bars.append(
            Bar(
                key=ladder.dimension,
                level=words(level),
                filled_pct=_pct(levels.index(level), levels),
                is_short=levels.index(level) < least,
                thresholds=_thresholds(agreement, place, levels, goal),
                lines=own,
            )
        )
    return bars


def _thresholds(
    agreement: Agreement, place: int, levels: tuple[str, ...], goal: CompiledStageRule | None
) -> list[Threshold]:
    found = []
    for rule in agreement.stage_rules:
        least = dict(rule.minimums).get(place, 0)
        if least and (rule is goal or rule.path == Path.STANDARD):
            name = rule.stage.upper()
            is_other = goal is not None and rule.stage == goal.stage and rule is not goal
            if not is_other:
                found.append(Threshold(name, words(levels[least]), _pct(least, levels)))
    return found


def _pct(rank: int, levels: tuple[str, ...]) -> int:
    return round(100 * rank / (len(levels) - 1))


def _next_rule(evaluation: Evaluation, agreement: Agreement) -> CompiledStageRule | None:
    stages = [str(stage) for stage in RuleStage]
    reached = stages.index(evaluation.stage) if evaluation.stage else -1
    higher = [
        rule
        for rule in agreement.stage_rules
        if rule.path == Path.STANDARD and stages.index(rule.stage) > reached
    ]
    return min(higher, key=lambda rule: stages.index(rule.stage), default=None)


def _missing(
    evaluation: Evaluation,
    agreement: Agreement,
    lines: Mapping[str, Line],
    rule: CompiledStageRule,
) -> list[str]:
    sentences = []
    for place, least in rule.minimums:
        dimension = Dimension(agreement.ladders[place].dimension)
        levels, level = LEVELS[dimension], getattr(evaluation, dimension)
        if levels.index(level) < least:
            sentences.append(
                f"{dimension.capitalize()} is {words(level)}, "
                f"{rule.stage.upper()} wants {words(levels[least])}."
            )
    for criterion in agreement.criteria:
        if rule.mask & criterion.bit and not lines[criterion.key].is_met:
            sentences.append(f"{criterion.label}: not yet.")
    if rule.min_points is not None and evaluation.points < rule.min_points:
        sentences.append(f"{evaluation.points} of {rule.min_points} points.")
    return sentences
