"""From the canonical content of a version to its agreement."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from definitions.agreement import (
    Agreement,
    CompiledCriterion,
    CompiledQuestion,
    CompiledScoreRule,
    CompiledStageRule,
    Kind,
    Ladder,
    Rung,
)
from definitions.conditions import FactRef, Predicate, predicate_of
from definitions.document import criteria_of
from definitions.shapes import duration_of
from definitions.titles import TitleRule, TitleRules
from definitions.vocabulary import (
    LEVELS,
    Authority,
    Category,
    Dimension,
    IntentLevel,
    Path,
    Process,
    RuleStage,
)


def compile(content: Mapping[str, Any]) -> Agreement:  # noqa: A001  # read as engine.compile
    """Compile the canonical content of a version.

    The content is taken for valid: `definitions.validity` says what is wrong with one that is
    not.
    """
    refs: dict[FactRef, int] = {}
    criteria = tuple(_criteria(content, refs))
    score_rules = tuple(_score_rules(content, refs))
    ladders = tuple(_ladder(dimension, content, criteria) for dimension in Dimension)
    stage_rules = _stage_rules(content, criteria, ladders)
    segment = content.get("segment", [])
    floor = content.get("floor", {})
    return Agreement(
        definition=content.get("definition", ""),
        process=Process(content["process"]),
        handoff_stage=RuleStage(content["handoff_stage"]),
        day_zone=content.get("day_zone", "UTC"),
        refs=tuple(refs),
        criteria=criteria,
        plan=tuple((c.key, c.index, c.bit, c.predicate) for c in criteria),
        score_rules=score_rules,
        ladders=ladders,
        stage_rules=stage_rules,
        segment_refs=tuple(_ref(row) for row in segment),
        segment=tuple(_predicate(row) for row in segment),
        kinds={key: _kind(key, row) for key, row in content.get("kinds", {}).items()},
        title_rules=TitleRules([_title_rule(row) for row in content.get("title_rules", [])]),
        floor_criteria=tuple(floor.get("criteria", ())),
        floor_exempt_paths=tuple(floor.get("exempt_paths", ())),
        decaying=_decaying(score_rules, stage_rules),
        exclusion_mask=sum(c.bit for c in criteria if c.is_exclusion),
        questions=tuple(_question(key, row) for key, row in content.get("questions", {}).items()),
    )


def _ref(row: Mapping[str, Any]) -> FactRef:
    return FactRef.of(row["fact"], row.get("parameters"))


def _predicate(row: Mapping[str, Any]) -> Predicate:
    return predicate_of(row["fact"], row["operator"], row.get("wanted"))


def _criteria(content: Mapping[str, Any], refs: dict[FactRef, int]) -> Iterable[CompiledCriterion]:
    for number, (dimension, level, key, row) in enumerate(criteria_of(content)):
        ref = _ref(row)
        yield CompiledCriterion(
            key=key,
            label=row["label"],
            ref=ref,
            operator=row["operator"],
            wanted=row.get("wanted"),
            dimension=dimension,
            level=level,
            index=refs.setdefault(ref, len(refs)),
            bit=1 << number,
            predicate=_predicate(row),
            is_exclusion=key in content.get("exclusions", {}),
        )


def _question(key: str, row: Mapping[str, Any]) -> CompiledQuestion:
    return CompiledQuestion(
        key=key,
        question=row["question"],
        side=row["side"],
        answer_within=duration_of(row["answer_within"]),
        valid_days=row["valid_days"],
    )


def _score_rules(
    content: Mapping[str, Any], refs: dict[FactRef, int]
) -> Iterable[CompiledScoreRule]:
    for key, row in content.get("score", {}).items():
        ref = _ref(row)
        yield CompiledScoreRule(
            key=key,
            label=row["label"],
            ref=ref,
            operator=row["operator"],
            wanted=row.get("wanted"),
            points=row["points"],
            per=row.get("per"),
            cap=row.get("cap"),
            half_life_days=row.get("half_life_days"),
            index=refs.setdefault(ref, len(refs)),
            predicate=_predicate(row),
        )


def _ladder(
    dimension: Dimension, content: Mapping[str, Any], criteria: Sequence[CompiledCriterion]
) -> Ladder:
    keys = LEVELS[dimension]
    levels = content.get("levels", {}).get(dimension.value, {})
    rungs = (
        Rung(
            level=str(key),
            rank=rank,
            mask=sum(c.bit for c in criteria if (c.dimension, c.level) == (dimension, key)),
            is_any=levels[key].get("match", "all") == "any",
        )
        for rank, key in enumerate(keys)
        if levels.get(key, {}).get("criteria")
    )
    return Ladder(dimension.value, str(keys[0]), tuple(rungs)[::-1])


def _stage_rules(
    content: Mapping[str, Any], criteria: Sequence[CompiledCriterion], ladders: Sequence[Ladder]
) -> tuple[CompiledStageRule, ...]:
    bits = {criterion.key: criterion.bit for criterion in criteria}
    rules = (
        CompiledStageRule(
            stage=row["stage"],
            path=row["path"],
            minimums=tuple(
                (place, LEVELS[Dimension(ladder.dimension)].index(row[ladder.dimension]))
                for place, ladder in enumerate(ladders)
                if row.get(ladder.dimension)
            ),
            min_points=row.get("min_points"),
            mask=sum(bits[key] for key in set(row.get("criteria", ()))),
            is_barred=row["stage"] != RuleStage.IQL,
        )
        for row in content.get("stages", [])
    )
    stages, paths = [*map(str, RuleStage)], [*map(str, Path)]
    return tuple(
        sorted(rules, key=lambda rule: (stages.index(rule.stage), paths.index(rule.path)))
    )


def _kind(key: str, row: Mapping[str, Any]) -> Kind:
    return Kind(
        key=key,
        category=Category(row["category"]),
        intent_level=IntentLevel(row.get("intent_level", "none")),
        is_direct_intent=row.get("is_direct_intent", False),
        is_product_use=row.get("is_product_use", False),
    )


def _title_rule(row: Mapping[str, Any]) -> TitleRule:
    return TitleRule(
        language=row.get("language", ""),
        phrase=row["phrase"],
        authority=Authority(row["authority"]),
        confidence=row["confidence"],
        unless=tuple(row.get("unless", ())),
    )


def _decaying(
    score_rules: Sequence[CompiledScoreRule], stage_rules: Sequence[CompiledStageRule]
) -> tuple[int, ...]:
    if all(rule.min_points is None for rule in stage_rules):
        return ()
    return tuple(sorted({rule.index for rule in score_rules if rule.half_life_days}))
