"""A version's content: the canonical document of its rows."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from django.db.models import Manager, Model

from definitions import shapes
from definitions.form import CADENCE_TASK, DOCUMENT, SCHEMA
from definitions.models import (
    Criterion,
    DefinitionVersion,
    Question,
    ScoreRule,
    SlaTerm,
    StageRule,
    VersionKind,
    VersionTitleRule,
)
from definitions.vocabulary import LEVELS, Dimension, Parameter

Row = Mapping[str, Any]
M = TypeVar("M", bound=Model)

COPIED = ("kinds", "title_rules")
"""Parts that a document which leaves them out has from the catalog: to have none is to say so."""

MINIMUMS = tuple(dimension.value for dimension in Dimension)


def content_of(version: DefinitionVersion) -> dict[str, Any]:
    """Return the canonical document of a version's rows: plain values, ordered, blanks left out.

    About a dozen queries, however many rows there are; fewer where rows were prefetched.
    """
    content = {
        "schema": SCHEMA,
        "definition": version.definition.key,
        "process": version.process,
        "handoff_stage": version.handoff_stage,
        "day_zone": version.day_zone,
        "effective_at": version.effective_at and _instant(version.effective_at),
        "change_note": version.change_note,
        "in_flight": _lean(plan=version.in_flight_plan, sunset_days=version.sunset_days),
        "checklist": version.checklist,
        "handover_fields": version.handover_fields,
        "limits": {
            "criteria_pct": _percent(version.criteria_limit_pct),
            "response_pct": _percent(version.response_limit_pct),
        },
        "operators": _operators(version),
        "segment": segment_of(version),
        "levels": _levels(version),
        "signals": _free_criteria(version, is_exclusion=False),
        "exclusions": _free_criteria(version, is_exclusion=True),
        "score": {row.key: _score_rule(row) for row in _in_order(version.scorerule_set)},
        "questions": {row.key: _question(row) for row in _in_order(version.question_set)},
        "stages": [_stage_rule(row) for row in _in_order(version.stagerule_set)],
        "floor": _lean(criteria=version.floor_criteria, exempt_paths=version.floor_exempt_paths),
        "sla_terms": {row.key: _sla_term(row) for row in _in_order(version.slaterm_set)},
        "kinds": {row.key: _kind(row) for row in version.kinds.order_by("key")},
        "title_rules": [_title_rule(row) for row in _in_order(version.title_rules)],
    }
    lean = _lean(**content)
    return {part: content[part] for part in DOCUMENT if part in lean or part in COPIED}


def segment_of(version: DefinitionVersion) -> list[dict[str, Any]]:
    """Return the conditions of belonging to the segment as the content has them; one query."""
    return [_condition(row) for row in _in_order(version.segmentrule_set)]


def _in_order(rows: Manager[M]) -> list[M]:
    # Sorted here, so that rows which somebody has read already are not read again.
    return sorted(rows.all(), key=lambda row: (getattr(row, "position", 0), row.pk))


def _operators(version: DefinitionVersion) -> dict[str, Any]:
    return _lean(
        marketing=_lean(
            operator=version.marketing_operator and version.marketing_operator.email,
            deputy=version.marketing_deputy and version.marketing_deputy.email,
        ),
        sales=_lean(
            operator=version.sales_operator and version.sales_operator.email,
            deputy=version.sales_deputy and version.sales_deputy.email,
        ),
    )


def _levels(version: DefinitionVersion) -> dict[str, Any]:
    criteria: dict[int | None, dict[str, Any]] = {}
    for row in _in_order(version.criterion_set):
        criteria.setdefault(row.level_id, {})[row.key] = _criterion(row)
    levels = {(level.dimension, level.key): level for level in version.level_set.all()}
    return _lean(
        **{
            dimension.value: {
                str(key): {"match": level.match, "criteria": criteria.get(level.pk, {})}
                for key in LEVELS[dimension]
                if (level := levels.get((dimension.value, str(key))))
            }
            for dimension in Dimension
        }
    )


def _free_criteria(version: DefinitionVersion, *, is_exclusion: bool) -> dict[str, Any]:
    return {
        row.key: _criterion(row)
        for row in _in_order(version.criterion_set)
        if row.level_id is None and row.is_exclusion == is_exclusion
    }


def _condition(row: Any) -> dict[str, Any]:
    condition = {
        "fact": row.fact,
        "parameters": _parameters(row.parameters),
        "operator": row.operator,
        "wanted": row.wanted,
    }
    return _lean(**condition)


def _parameters(parameters: Row) -> dict[str, Any]:
    # A name that nobody knows is kept, so that validation can point at it.
    names = [*map(str, Parameter), *sorted(set(parameters) - set(Parameter))]
    return {
        name: sorted(value, key=str) if isinstance(value, list) else value
        for name in names
        if (value := parameters.get(name)) not in (None, False)
    }


def _criterion(row: Criterion) -> dict[str, Any]:
    return {"label": row.label, **_condition(row)}


def _score_rule(row: ScoreRule) -> dict[str, Any]:
    return _lean(
        label=row.label,
        **_condition(row),
        points=row.points,
        per=row.per,
        cap=row.cap,
        half_life_days=row.half_life_days,
    )


def _question(row: Question) -> dict[str, Any]:
    return {
        "question": row.question,
        "side": row.side,
        "answer_within": shapes.words_of(row.answer_within),
        "valid_days": row.valid_days,
    }


def _stage_rule(row: StageRule) -> dict[str, Any]:
    return _lean(
        stage=row.stage,
        path=row.path,
        **{dimension: getattr(row, dimension) for dimension in MINIMUMS},
        min_points=row.min_points,
        criteria=row.required_criteria,
    )


def _sla_term(row: SlaTerm) -> dict[str, Any]:
    return _lean(
        label=row.label,
        milestone=row.milestone,
        when=_lean(
            stage=row.when_stage,
            path=row.when_path,
            min_points=row.when_min_points,
            intent=row.when_intent,
            criteria=row.when_criteria,
        ),
        is_high_intent=row.is_high_intent,
        counts_from=row.counts_from,
        respond_within=shapes.words_of(row.respond_within),
        is_business_time=row.is_business_time,
        at_latest_within=row.at_latest_within and shapes.words_of(row.at_latest_within),
        calendar=row.calendar_key,
        stop_kinds=row.stop_kinds,
        warn_at_pct=row.warn_at_pct,
        later_warnings=row.later_warnings,
        remind_after=row.remind_after and shapes.words_of(row.remind_after),
        manager_after=row.manager_after and shapes.words_of(row.manager_after),
        escalate_after=row.escalate_after and shapes.words_of(row.escalate_after),
        reassign_after=row.reassign_after and shapes.words_of(row.reassign_after),
        cadence=[_lean(**{name: task.get(name) for name in CADENCE_TASK}) for task in row.cadence],
    )


def _kind(row: VersionKind) -> dict[str, Any]:
    return {
        "category": row.category,
        "intent_level": row.intent_level,
        "is_direct_intent": row.is_direct_intent,
        "is_product_use": row.is_product_use,
    }


def _title_rule(row: VersionTitleRule) -> dict[str, Any]:
    return _lean(
        language=row.language,
        phrase=row.phrase,
        unless=row.unless,
        authority=row.authority,
        confidence=row.confidence,
    )


def _lean(**values: Any) -> dict[str, Any]:
    # False and 0 say something; None, "" and what is empty do not.
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}


def _instant(value: datetime) -> str:
    return value.astimezone(UTC).isoformat()


def _percent(value: Decimal) -> int | float:
    return int(value) if value == int(value) else float(value)
