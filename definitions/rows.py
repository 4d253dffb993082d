"""The rows of a version, written from a document."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from definitions import shapes
from definitions.document import criteria_of
from definitions.models import (
    Criterion,
    DefinitionVersion,
    Level,
    Question,
    ScoreRule,
    SegmentRule,
    SlaTerm,
    StageRule,
    VersionKind,
    VersionTitleRule,
)
from definitions.vocabulary import Dimension

Row = Mapping[str, Any]

MINIMUMS = tuple(dimension.value for dimension in Dimension)
DURATIONS = (
    "respond_within",
    "at_latest_within",
    "remind_after",
    "manager_after",
    "escalate_after",
    "reassign_after",
)


def fields_of(content: Row) -> dict[str, Any]:
    """Return a document's plain columns of `DefinitionVersion`; not the people it names."""
    in_flight, limits, floor = (
        content.get(part) or {} for part in ("in_flight", "limits", "floor")
    )
    effective_at = content.get("effective_at")
    fields = {
        "process": content["process"],
        "handoff_stage": content["handoff_stage"],
        "day_zone": content.get("day_zone"),
        "effective_at": effective_at and datetime.fromisoformat(effective_at),
        "change_note": content.get("change_note"),
        "in_flight_plan": in_flight.get("plan"),
        "sunset_days": in_flight.get("sunset_days"),
        "checklist": content.get("checklist"),
        "handover_fields": content.get("handover_fields"),
        "floor_criteria": floor.get("criteria"),
        "floor_exempt_paths": floor.get("exempt_paths"),
        "criteria_limit_pct": _decimal(limits.get("criteria_pct")),
        "response_limit_pct": _decimal(limits.get("response_pct")),
    }
    return _present(fields)


def write(version: DefinitionVersion, content: Row) -> None:
    """Write a valid document's rows under a draft that has none; a dozen statements."""
    levels = _written_levels(version, content)
    Criterion.objects.bulk_create(
        Criterion(
            version=version,
            position=position,
            key=key,
            label=row["label"],
            level=levels.get((dimension, level)),
            is_exclusion=key in (content.get("exclusions") or {}),
            **_condition_fields(row),
        )
        for position, (dimension, level, key, row) in enumerate(criteria_of(content), 1)
    )
    SegmentRule.objects.bulk_create(
        SegmentRule(version=version, position=position, **_condition_fields(row))
        for position, row in enumerate(content.get("segment") or [], 1)
    )
    ScoreRule.objects.bulk_create(
        ScoreRule(
            version=version,
            position=position,
            key=key,
            **_condition_fields(row),
            **_taken(row, "label", "points", "per", "cap", "half_life_days"),
        )
        for position, (key, row) in enumerate((content.get("score") or {}).items(), 1)
    )
    Question.objects.bulk_create(
        Question(
            version=version,
            position=position,
            key=key,
            answer_within=shapes.duration_of(row["answer_within"]),
            **_taken(row, "question", "side", "valid_days"),
        )
        for position, (key, row) in enumerate((content.get("questions") or {}).items(), 1)
    )
    StageRule.objects.bulk_create(
        StageRule(
            version=version,
            position=position,
            required_criteria=row.get("criteria") or [],
            **_taken(row, "stage", "path", "min_points", *MINIMUMS),
        )
        for position, row in enumerate(content["stages"], 1)
    )
    SlaTerm.objects.bulk_create(
        SlaTerm(version=version, position=position, key=key, **_sla_fields(row))
        for position, (key, row) in enumerate(content["sla_terms"].items(), 1)
    )
    _write_copies(version, content)


def _write_copies(version: DefinitionVersion, content: Row) -> None:
    VersionKind.objects.bulk_create(
        VersionKind(
            version=version,
            key=key,
            category=row["category"],
            intent_level=row.get("intent_level") or "none",
            is_direct_intent=bool(row.get("is_direct_intent")),
            is_product_use=bool(row.get("is_product_use")),
        )
        for key, row in (content.get("kinds") or {}).items()
    )
    VersionTitleRule.objects.bulk_create(
        VersionTitleRule(
            version=version,
            position=position,
            **_taken(row, "language", "phrase", "unless", "authority", "confidence"),
        )
        for position, row in enumerate(content.get("title_rules") or [], 1)
    )


def _written_levels(version: DefinitionVersion, content: Row) -> dict[tuple[str, str], Level]:
    given = content.get("levels") or {}
    levels = [
        Level(version=version, dimension=dimension, key=key, **_taken(row, "match"))
        for dimension, rows in given.items()
        for key, row in (rows or {}).items()
    ]
    for position, level in enumerate(levels, 1):
        level.position = position
    return {(level.dimension, level.key): level for level in Level.objects.bulk_create(levels)}


def _condition_fields(row: Row) -> dict[str, Any]:
    wanted = row.get("wanted")
    return {
        "fact": row["fact"],
        "operator": row["operator"],
        "wanted": [_plain(one) for one in wanted] if isinstance(wanted, list) else _plain(wanted),
        "parameters": _present(row.get("parameters") or {}),
    }


def _sla_fields(row: Row) -> dict[str, Any]:
    when = row.get("when") or {}
    fields = {
        "when_stage": when.get("stage"),
        "when_path": when.get("path"),
        "when_min_points": when.get("min_points"),
        "when_intent": when.get("intent"),
        "when_criteria": when.get("criteria"),
        "calendar_key": row.get("calendar"),
        **{name: row[name] and shapes.duration_of(row[name]) for name in DURATIONS if name in row},
        "cadence": [_cadence_task(task) for task in row.get("cadence") or []],
    }
    names = (
        "label",
        "milestone",
        "is_high_intent",
        "counts_from",
        "is_business_time",
        "stop_kinds",
        "warn_at_pct",
        "later_warnings",
    )
    return _present(fields) | _taken(row, *names)


def _cadence_task(task: Row) -> dict[str, str]:
    # One way to write a duration, so that the text does not depend on how it was typed.
    after = shapes.words_of(shapes.duration_of(task["after"]))
    return {"kind": task["kind"], "after": after, "what": task["what"]}


def _taken(row: Row, *names: str) -> dict[str, Any]:
    return _present({name: row.get(name) for name in names})


def _present(fields: Row) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _plain(value: Any) -> Any:
    # JSON columns keep 2.0 but not 2.00, and text must not depend on how a number was typed.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _decimal(value: Any) -> str | None:
    return None if value is None else str(value)
