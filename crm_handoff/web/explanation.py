"""Why somebody is, or is not, qualified: an evaluation in the words of its version."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import accumulate

from django.utils.translation import gettext as _

from crm_handoff.agreements.values import plain, wanted_words, words
from crm_handoff.agreements.words import (
    DIMENSIONS,
    PATHS,
    points_each,
    score_limits,
    stage_name,
)
from crm_handoff.web.citing import Cited, cited_of
from definitions.agreement import (
    Agreement,
    CompiledCriterion,
    CompiledScoreRule,
    CompiledStageRule,
)
from definitions.queries import agreement_of
from definitions.vocabulary import FACTS, LEVELS, Dimension, Path, RuleStage
from leads import citations, qualification
from leads.models import Evaluation

EDGE_PCT = 12
"""Names nearer to an end of a bar than this are written inwards."""


@dataclass(frozen=True, slots=True)
class Line:
    """One criterion with what was seen, what is wanted, and what stands behind it."""

    key: str
    label: str
    level: str
    is_met: bool
    seen: str
    wanted: str
    cited: Cited


@dataclass(frozen=True, slots=True)
class Threshold:
    """What wants at least a level on a dimension; `place_pct` is where on the bar.

    `names` are the stages, with the path where not all paths want it; `mark` is what stands above
    the place, "" where another path of the same stage is marked elsewhere.
    """

    names: str
    mark: str
    level: str
    place_pct: int

    @property
    def anchor(self) -> str:
        """To which side of its place a name is written."""
        if self.place_pct > 100 - EDGE_PCT:
            return "end"
        return "start" if self.place_pct < EDGE_PCT else "middle"


@dataclass(frozen=True, slots=True)
class Bar:
    """A dimension: how far up its levels, who wants what of it, and the criteria behind it.

    `not_asked` names the stages that are reached without looking at it.
    """

    key: str
    name: str
    level: str
    filled_pct: int
    is_short: bool
    thresholds: list[Threshold]
    not_asked: str
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class Points:
    """A score rule and the points that it gave; `running` is the sum down to it.

    `how` says by what it counts, its cap and its half-life.
    """

    label: str
    points: Decimal
    running: Decimal
    how: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """An evaluation explained.

    `missing` says what the next stage still wants, in sentences; `idle` are rules that gave no
    points; `now` the points at this instant, where they are others than were kept. `barring` are
    the exclusions that are met: they keep the lead from every stage from MQL upwards.
    """

    evaluation: Evaluation
    reached: str
    bars: list[Bar]
    barring: list[Line]
    signals: list[Line]
    points: list[Points]
    idle: list[str]
    total: Decimal
    now: Decimal | None
    next_stage: str
    missing: list[str]


def explain(evaluation: Evaluation, *, at: datetime | None = None) -> Explanation:
    """Explain an evaluation by the version that gave it; reads the version and what it cites.

    With `at` the points at that instant are computed too, a few queries more.
    """
    agreement = agreement_of(evaluation.version)
    lines = _lines(evaluation, agreement)
    further = _next_rule(evaluation, agreement)
    given = {row["key"] for row in evaluation.score}
    return Explanation(
        evaluation=evaluation,
        reached=_reached(evaluation),
        bars=_bars(evaluation, agreement, lines, _goal(evaluation, agreement)),
        barring=[
            lines[c.key] for c in agreement.criteria if c.is_exclusion and lines[c.key].is_met
        ],
        signals=[lines[c.key] for c in agreement.criteria if not (c.level or c.is_exclusion)],
        points=_points(evaluation, agreement),
        idle=[rule.label for rule in agreement.score_rules if rule.key not in given],
        total=evaluation.points,
        now=_points_now(evaluation, at=at) if at else None,
        next_stage=further.stage.upper() if further else "",
        missing=_missing(evaluation, agreement, lines, further) if further else [],
    )


def level_words(level: str) -> str:
    """Write a level of any dimension in the reader's words."""
    return plain(level)


def _lines(evaluation: Evaluation, agreement: Agreement) -> dict[str, Line]:
    results = {row["key"]: row for row in evaluation.results}
    behind = citations.of(evaluation, agreement)
    lines = {}
    for criterion in agreement.criteria:
        unit = FACTS[criterion.ref.fact].unit
        result = results.get(criterion.key, {})
        lines[criterion.key] = Line(
            key=criterion.key,
            label=criterion.label,
            level=level_words(criterion.level),
            is_met=bool(result.get("met")),
            seen=words(result.get("seen"), unit),
            wanted=wanted_words(criterion.operator, criterion.wanted, unit),
            cited=cited_of(behind[criterion.ref]),
        )
    return lines


def _reached(evaluation: Evaluation) -> str:
    if not evaluation.stage:
        return _("no stage yet")
    return _("%(stage)s by the %(path)s path") % {
        "stage": evaluation.stage.upper(),
        "path": PATHS[evaluation.path],
    }


def _goal(evaluation: Evaluation, agreement: Agreement) -> CompiledStageRule | None:
    """Return the rule by which a bar is short or not: the one that hands over to sales.

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
                name=str(DIMENSIONS[ladder.dimension]),
                level=level_words(level),
                filled_pct=_pct(levels.index(level), levels),
                is_short=levels.index(level) < least,
                thresholds=_thresholds(agreement, place, levels),
                not_asked=_not_asked(agreement, place),
                lines=own,
            )
        )
    return bars


def _thresholds(agreement: Agreement, place: int, levels: tuple[str, ...]) -> list[Threshold]:
    """Return who wants which level of a dimension, lowest level first."""
    wanted: dict[int, list[CompiledStageRule]] = {}
    for rule in agreement.stage_rules:
        if least := _least(rule, place):
            wanted.setdefault(least, []).append(rule)
    return [
        Threshold(
            names=_names(rules, agreement),
            mark=" · ".join(_marked(rules, agreement, place)),
            level=level_words(levels[least]),
            place_pct=_pct(least, levels),
        )
        for least, rules in sorted(wanted.items())
    ]


def _not_asked(agreement: Agreement, place: int) -> str:
    rules = [
        rule
        for rule in agreement.stage_rules
        if not _least(rule, place) and rule.stage != RuleStage.IQL
    ]
    return _names(rules, agreement)


def _least(rule: CompiledStageRule, place: int) -> int:
    return dict(rule.minimums).get(place, 0)


def _names(rules: Sequence[CompiledStageRule], agreement: Agreement) -> str:
    """Name stages, with the path only where not all paths to the stage are meant."""
    all_paths = Counter(rule.stage for rule in agreement.stage_rules)
    here = Counter(rule.stage for rule in rules)
    names = [
        rule.stage.upper()
        if here[rule.stage] == all_paths[rule.stage]
        else stage_name(rule.stage, rule.path)
        for rule in rules
    ]
    return ", ".join(dict.fromkeys(names))


def _marked(rules: Sequence[CompiledStageRule], agreement: Agreement, place: int) -> Iterable[str]:
    """Return the stages whose name stands above the bar: each once, where its first path wants."""
    first: dict[str, CompiledStageRule] = {}
    for rule in agreement.stage_rules:
        if _least(rule, place):
            first.setdefault(rule.stage, rule)
    return [rule.stage.upper() for rule in rules if first[rule.stage] is rule]


def _pct(rank: int, levels: tuple[str, ...]) -> int:
    return round(100 * rank / (len(levels) - 1))


def _points(evaluation: Evaluation, agreement: Agreement) -> list[Points]:
    rules = {rule.key: rule for rule in agreement.score_rules}
    given = [Decimal(str(row["points"])) for row in evaluation.score]
    rows = zip(evaluation.score, given, accumulate(given), strict=True)
    return [
        Points(
            label=rules[row["key"]].label if row["key"] in rules else row["key"],
            points=points,
            running=running,
            how=_how(rules[row["key"]]) if row["key"] in rules else (),
        )
        for row, points, running in rows
    ]


def _how(rule: CompiledScoreRule) -> tuple[str, ...]:
    """Say how a rule gives its points: for each, up to how many, and how they fade."""
    unit = FACTS[rule.ref.fact].unit
    said = []
    if rule.per is not None:
        said.append(points_each(words(rule.points), rule.per, unit))
    said += score_limits(lambda name: getattr(rule, name), points=rule.points)
    return tuple(said)


def _points_now(evaluation: Evaluation, *, at: datetime) -> Decimal | None:
    """Return the points at an instant, None where they are those that were kept."""
    lead_id = evaluation.lead_id
    verdicts = qualification.verdicts_at([lead_id], evaluation.version, at=at, known_at=at)
    now = Decimal(verdicts[lead_id].points)
    return None if now == evaluation.points else now


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
    stage = rule.stage.upper()
    sentences = []
    for place, least in rule.minimums:
        dimension = Dimension(agreement.ladders[place].dimension)
        levels, level = LEVELS[dimension], getattr(evaluation, dimension)
        if levels.index(level) < least:
            sentences.append(
                _("%(dimension)s is %(level)s, %(stage)s wants %(wanted)s.")
                % {
                    "dimension": DIMENSIONS[dimension],
                    "level": level_words(level),
                    "stage": stage,
                    "wanted": level_words(levels[least]),
                }
            )
    sentences += [_not_met(c) for c in agreement.criteria if _is_open(c, rule, lines)]
    if rule.min_points is not None and evaluation.points < rule.min_points:
        points = {"points": words(evaluation.points), "wanted": words(rule.min_points)}
        sentences.append(_("%(points)s of %(wanted)s points.") % points)
    return sentences


def _is_open(
    criterion: CompiledCriterion, rule: CompiledStageRule, lines: Mapping[str, Line]
) -> bool:
    return bool(rule.mask & criterion.bit) and not lines[criterion.key].is_met


def _not_met(criterion: CompiledCriterion) -> str:
    return _("%(criterion)s: not yet.") % {"criterion": criterion.label}
