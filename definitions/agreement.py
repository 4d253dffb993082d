"""An agreement: the content of a version, compiled once so that judging is quick."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from definitions.conditions import FactRef, Predicate
from definitions.titles import TitleRules
from definitions.vocabulary import (
    FACTS,
    Category,
    IntentLevel,
    Process,
    RuleStage,
    Subject,
)


@dataclass(frozen=True, slots=True)
class Kind:
    """What a touchpoint kind means under an agreement."""

    key: str
    category: Category
    intent_level: IntentLevel
    is_direct_intent: bool
    is_product_use: bool


@dataclass(frozen=True, slots=True)
class CompiledCriterion:
    """A criterion in words and in code; `bit` is its place in the mask of met criteria.

    `dimension` and `level` are "" for a signal; an exclusion is a signal that keeps whoever meets
    it from every stage from MQL upwards. `index` is the place of its question in the
    agreement's `refs`.
    """

    key: str
    label: str
    ref: FactRef
    operator: str
    wanted: Any
    dimension: str
    level: str
    index: int
    bit: int
    predicate: Predicate
    is_exclusion: bool = False


@dataclass(frozen=True, slots=True)
class CompiledQuestion:
    """A yes-or-no question that only a person can answer; `key` is what is asserted.

    `answer_within` is business time; the answer holds for `valid_days` of 24 hours.
    """

    key: str
    question: str
    side: str
    answer_within: timedelta
    valid_days: int


@dataclass(frozen=True, slots=True)
class CompiledScoreRule:
    """A score rule in words and in code; `index` as with criteria."""

    key: str
    label: str
    ref: FactRef
    operator: str
    wanted: Any
    points: int
    per: int | None
    cap: int | None
    half_life_days: int | None
    index: int
    predicate: Predicate


@dataclass(frozen=True, slots=True)
class Rung:
    """A level that criteria grant: all of `mask`, or any of it."""

    level: str
    rank: int
    mask: int
    is_any: bool


@dataclass(frozen=True, slots=True)
class Ladder:
    """A dimension with its rungs, highest first; `lowest` holds when none is granted."""

    dimension: str
    lowest: str
    rungs: tuple[Rung, ...]


@dataclass(frozen=True, slots=True)
class CompiledStageRule:
    """What reaches a stage; `minimums` are pairs of a ladder's place and the least rank on it.

    `is_barred`: whoever meets an exclusion does not reach it.
    """

    stage: str
    path: str
    minimums: tuple[tuple[int, int], ...]
    min_points: int | None
    mask: int
    is_barred: bool = True


@dataclass(frozen=True, slots=True)
class Agreement:
    """The content of a version, ready to judge; immutable.

    `refs` are the distinct questions of criteria and score rules, in order; whoever answers
    them gives the values in that order. `segment_refs` are asked apart, before an agreement is
    chosen. `plan` is what judging needs of the criteria: key, index, bit, predicate.

    `decaying` are the places in `refs` whose latest touchpoint matters day by day, because
    points with a half-life decide about a stage: the verdict can then change at every whole day
    after it.

    `exclusion_mask` has the bits of the exclusions, `questions` what only a person can answer.
    """

    definition: str
    process: Process
    handoff_stage: RuleStage
    day_zone: str
    refs: tuple[FactRef, ...]
    criteria: tuple[CompiledCriterion, ...]
    plan: tuple[tuple[str, int, int, Predicate], ...]
    score_rules: tuple[CompiledScoreRule, ...]
    ladders: tuple[Ladder, ...]
    stage_rules: tuple[CompiledStageRule, ...]
    segment_refs: tuple[FactRef, ...]
    segment: tuple[Predicate, ...]
    kinds: Mapping[str, Kind]
    title_rules: TitleRules
    floor_criteria: tuple[str, ...]
    floor_exempt_paths: tuple[str, ...]
    decaying: tuple[int, ...]
    exclusion_mask: int = 0
    questions: tuple[CompiledQuestion, ...] = ()

    def matches_segment(self, values: Sequence[Any]) -> bool:
        """Say whether somebody belongs to the segment; `values` answer `segment_refs` in order."""
        return all(predicate(value) for predicate, value in zip(self.segment, values, strict=True))

    def criterion(self, key: str) -> CompiledCriterion:
        """Return the criterion of that key.

        Raises:
            KeyError: there is none.
        """
        for criterion in self.criteria:
            if criterion.key == key:
                return criterion
        raise KeyError(key)

    def missed_floor(self, *, met: Iterable[str], path: str) -> tuple[str, ...]:
        """Return the keys of floor criteria that are not met; `met` are the keys of those met.

        On an exempt path what is asked about the account does not count.
        """
        keys = frozenset(met)
        is_exempt = path in self.floor_exempt_paths
        return tuple(
            key
            for key in self.floor_criteria
            if key not in keys and not (is_exempt and self._is_about_account(key))
        )

    def _is_about_account(self, key: str) -> bool:
        return FACTS[self.criterion(key).ref.fact].subject is Subject.ACCOUNT
