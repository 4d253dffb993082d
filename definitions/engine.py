"""The engine: facts in; levels, points, stage by path and reasons out. Plain Python."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from definitions.agreement import Agreement, CompiledScoreRule
from definitions.compilation import compile  # noqa: A004
from definitions.conditions import FactRef

__all__ = ["Agreement", "FactRef", "Verdict", "compile", "judge"]

Points = int | Decimal
"""Whole points, or with two decimal places where a half-life is at work."""

CENT = Decimal("0.01")
HALF = Decimal("0.5")
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an agreement says of somebody at an instant.

    `stage` is the highest stage that a rule reaches, by `path` ("" and "" when none);
    `reached` has every stage reached with its path, lowest first, the standard path preferred.
    `levels` has every dimension. `points` is the sum of `score`, which lists (rule, points) of
    the rules that gave any. `results` lists (criterion, met, value seen) of every criterion.
    """

    stage: str
    path: str
    reached: tuple[tuple[str, str], ...]
    levels: dict[str, str]
    points: Points
    score: tuple[tuple[str, Points], ...]
    results: tuple[tuple[str, bool, Any], ...]


def judge(
    agreement: Agreement,
    values: Sequence[Any],
    *,
    at: datetime,
    latest: Sequence[datetime | None] = (),
) -> Verdict:
    """Judge somebody by the values of the agreement's facts; pure.

    Args:
        agreement: whose `refs` the values answer, in order.
        values: None where nothing is known.
        at: the instant of the values; half-lives count whole days of 24 hours up to it.
        latest: in the order of `refs`, when the latest touchpoint counted occurred; without it
            points with a half-life do not fade.
    """
    results = []
    mask = 0
    for key, index, bit, predicate in agreement.plan:
        value = values[index]
        met = predicate(value)
        if met:
            mask |= bit
        results.append((key, met, value))
    levels, ranks = _levels(agreement, mask)
    score = _score(agreement, values, at, latest)
    points = sum([given for _, given in score])
    reached = _reached(agreement, ranks, points, mask)
    stage, path = reached[-1] if reached else ("", "")
    return Verdict(stage, path, reached, levels, points, tuple(score), tuple(results))


def _levels(agreement: Agreement, mask: int) -> tuple[dict[str, str], list[int]]:
    levels: dict[str, str] = {}
    ranks = []
    for ladder in agreement.ladders:
        level, rank = ladder.lowest, 0
        for rung in ladder.rungs:
            common = mask & rung.mask
            if common == rung.mask or (common and rung.is_any):
                level, rank = rung.level, rung.rank
                break
        levels[ladder.dimension] = level
        ranks.append(rank)
    return levels, ranks


def _score(
    agreement: Agreement, values: Sequence[Any], at: datetime, latest: Sequence[datetime | None]
) -> list[tuple[str, Points]]:
    score: list[tuple[str, Points]] = []
    for rule in agreement.score_rules:
        value = values[rule.index]
        if rule.predicate(value):
            given = _points(rule, value, at, latest[rule.index] if latest else None)
            if given:
                score.append((rule.key, given))
    return score


def _points(rule: CompiledScoreRule, value: Any, at: datetime, latest: datetime | None) -> Points:
    points: Points = rule.points
    if rule.per is not None:
        points *= int(value // rule.per)
    if rule.cap is not None:
        points = min(points, rule.cap) if rule.points > 0 else max(points, rule.cap)
    if rule.half_life_days is not None and latest is not None:
        age = max((at - latest) // DAY, 0)
        points = _faded(points, age, rule.half_life_days)
    return points


# The same few ages come up for everybody, and a power of decimals is slow.
@lru_cache(maxsize=4096)
def _faded(points: Points, age_days: int, half_life_days: int) -> Decimal:
    return (points * HALF ** (Decimal(age_days) / half_life_days)).quantize(CENT)


def _reached(
    agreement: Agreement, ranks: Sequence[int], points: Points, mask: int
) -> tuple[tuple[str, str], ...]:
    reached: list[tuple[str, str]] = []
    is_excluded = bool(mask & agreement.exclusion_mask)
    for rule in agreement.stage_rules:
        if is_excluded and rule.is_barred:
            continue
        if rule.mask & mask != rule.mask:
            continue
        if rule.min_points is not None and points < rule.min_points:
            continue
        # The rules are sorted: of a stage's paths the first that holds is the preferred one.
        if reached and reached[-1][0] == rule.stage:
            continue
        for place, least in rule.minimums:
            if ranks[place] < least:
                break
        else:
            reached.append((rule.stage, rule.path))
    return tuple(reached)
