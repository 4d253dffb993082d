"""The form of a document: which rows it has, and what each of their fields must look like."""

from collections.abc import Iterator, Mapping
from typing import Any

from definitions import shapes
from definitions.enums import (
    AttemptKind,
    Checklist,
    InFlightPlan,
    Match,
    Milestone,
    Side,
    StartEvent,
)
from definitions.shapes import Shape, problems
from definitions.titles import normalized
from definitions.vocabulary import (
    BARE_OPERATORS,
    FACTS,
    LEVELS,
    LIST_OPERATORS,
    OPERATORS_OF,
    Authority,
    Category,
    Dimension,
    Fact,
    FactType,
    IntentLevel,
    Operator,
    Parameter,
    Path,
    Process,
    RuleStage,
)

SCHEMA = 1

Row = Mapping[str, Any]


SMALL = shapes.whole(-32_768, 32_767)
KEYS = shapes.list_of(shapes.slug)

DOCUMENT: dict[str, Shape] = {
    "schema": shapes.whole(SCHEMA, SCHEMA),
    "definition": shapes.slug,
    "process": shapes.choice(Process),
    "handoff_stage": shapes.choice(RuleStage),
    "day_zone": shapes.zone,
    "effective_at": shapes.instant,
    "change_note": shapes.text(10_000),
    "in_flight": shapes.mapping,
    "checklist": shapes.choice(Checklist.values),
    "handover_fields": shapes.list_of(shapes.choice(FACTS)),
    "limits": shapes.mapping,
    "operators": shapes.mapping,
    "segment": shapes.rows,
    "levels": shapes.mapping,
    "signals": shapes.mapping,
    "exclusions": shapes.mapping,
    "score": shapes.mapping,
    "questions": shapes.mapping,
    "stages": shapes.rows,
    "floor": shapes.mapping,
    "sla_terms": shapes.mapping,
    "kinds": shapes.mapping,
    "title_rules": shapes.rows,
}
"""Every part of a document, in canonical order."""

CONDITION: dict[str, Shape] = {
    "fact": shapes.choice(FACTS),
    "parameters": shapes.mapping,
    "operator": shapes.choice(Operator),
    "wanted": shapes.anything,
}

CRITERION: dict[str, Shape] = {"label": shapes.text(200), **CONDITION}

SCORE_RULE: dict[str, Shape] = {
    **CRITERION,
    "points": lambda value: "must not be 0" if value == 0 else SMALL(value),
    "per": shapes.whole(1, 32_767),
    "cap": SMALL,
    "half_life_days": shapes.whole(1, 3650),
}

QUESTION: dict[str, Shape] = {
    "question": shapes.text(300),
    "side": shapes.choice(Side.values),
    "answer_within": shapes.duration,
    "valid_days": shapes.whole(1, 3650),
}

STAGE_RULE: dict[str, Shape] = {
    "stage": shapes.choice(RuleStage),
    "path": shapes.choice(Path),
    **{dimension.value: shapes.choice(LEVELS[dimension]) for dimension in Dimension},
    "min_points": SMALL,
    "criteria": KEYS,
}

SLA_WHEN: dict[str, Shape] = {
    "stage": shapes.choice(RuleStage),
    "path": shapes.choice(Path),
    "min_points": SMALL,
    "intent": shapes.choice(LEVELS[Dimension.INTENT][1:]),
    "criteria": KEYS,
}

SLA_TERM: dict[str, Shape] = {
    "label": shapes.text(200),
    "milestone": shapes.choice(Milestone.values),
    "when": shapes.mapping,
    "is_high_intent": shapes.flag,
    "counts_from": shapes.choice(StartEvent.values),
    "respond_within": shapes.duration,
    "is_business_time": shapes.flag,
    "at_latest_within": shapes.duration,
    "calendar": shapes.slug,
    "stop_kinds": shapes.list_of(shapes.choice(AttemptKind.values)),
    "warn_at_pct": shapes.whole(1, 99),
    "later_warnings": shapes.list_of(shapes.whole(1, 99)),
    "remind_after": shapes.duration,
    "manager_after": shapes.duration,
    "escalate_after": shapes.duration,
    "reassign_after": shapes.duration,
    "cadence": shapes.rows,
}

CADENCE_TASK: dict[str, Shape] = {
    "kind": shapes.choice(AttemptKind.values),
    "after": shapes.duration,
    "what": shapes.text(200),
}

KIND: dict[str, Shape] = {
    "category": shapes.choice(Category),
    "intent_level": shapes.choice(IntentLevel),
    "is_direct_intent": shapes.flag,
    "is_product_use": shapes.flag,
}


def _phrase(value: Any) -> str:
    return shapes.text(120)(value) or ("" if normalized(value) else "must have a word in it")


TITLE_RULE: dict[str, Shape] = {
    "language": lambda value: "" if _is_language(value) else "must be an ISO 639-1 code",
    "phrase": _phrase,
    "unless": shapes.list_of(_phrase),
    "authority": shapes.choice(Authority),
    "confidence": shapes.whole(1, 100),
}

ABOUT: dict[str, Shape] = {
    "name": shapes.text(200),
    "description": shapes.text(10_000),
    "position": shapes.whole(0, 2**31 - 1),
    "is_catch_all": shapes.flag,
}
"""What a file may say of a definition that does not exist yet; no part of the agreement."""

PARAMETERS: dict[Parameter, Shape] = {
    Parameter.DAYS: shapes.whole(1, 3650),
    Parameter.KINDS: shapes.list_of(shapes.slug, is_empty_allowed=False),
    Parameter.CATEGORIES: shapes.list_of(shapes.choice(Category), is_empty_allowed=False),
    Parameter.CHANNELS: shapes.list_of(shapes.text(64), is_empty_allowed=False),
    Parameter.MIN_INTENT: shapes.choice(list(IntentLevel)[1:]),
    Parameter.DIRECT_ONLY: shapes.flag,
    Parameter.VERIFIED_ONLY: shapes.flag,
    Parameter.CAMPAIGNS: shapes.list_of(shapes.slug, is_empty_allowed=False),
    Parameter.WHAT: shapes.slug,
}
"""The shape of each parameter; total."""


def malformed(content: Row) -> Iterator[str]:
    """Yield every row and field that does not look as it must, one sentence each."""
    yield from problems(
        "document",
        content,
        DOCUMENT,
        required=("schema", "definition", "process", "handoff_stage", "stages", "sla_terms"),
    )
    yield from _malformed_parts(content)
    for number, row in enumerate(list_in(content, "segment"), 1):
        yield from _condition(f"segment[{number}]", row, CONDITION)
    yield from _malformed_levels(content)
    for part, where, fields in (
        ("signals", "criteria", CRITERION),
        ("exclusions", "exclusions", CRITERION),
        ("score", "score", SCORE_RULE),
    ):
        for key, row in mapping_in(content, part):
            yield from _key(where, key)
            yield from _condition(f"{where}.{key}", row, fields)
    for key, row in mapping_in(content, "questions"):
        yield from _key("questions", key)
        yield from problems(f"questions.{key}", row, QUESTION, required=QUESTION)
    for number, row in enumerate(list_in(content, "stages"), 1):
        yield from problems(f"stages[{number}]", row, STAGE_RULE, required=("stage", "path"))
    yield from _malformed_terms(content)
    yield from _malformed_copies(content)


def _malformed_terms(content: Row) -> Iterator[str]:
    for key, row in mapping_in(content, "sla_terms"):
        yield from _key("sla_terms", key)
        where = f"sla_terms.{key}"
        yield from problems(where, row, SLA_TERM, required=("label", "respond_within"))
        if isinstance(row, Mapping) and row.get("when") is not None:
            yield from problems(f"{where}.when", row["when"], SLA_WHEN)
        for number, task in enumerate(
            list_in(row, "cadence") if isinstance(row, Mapping) else [], 1
        ):
            yield from problems(
                f"{where}.cadence[{number}]", task, CADENCE_TASK, required=CADENCE_TASK
            )


def _malformed_copies(content: Row) -> Iterator[str]:
    for key, row in mapping_in(content, "kinds"):
        yield from _key("kinds", key)
        yield from problems(f"kinds.{key}", row, KIND, required=("category",))
    for number, row in enumerate(list_in(content, "title_rules"), 1):
        where = f"title_rules[{number}]"
        yield from problems(where, row, TITLE_RULE, required=("phrase", "authority", "confidence"))


def _malformed_parts(content: Row) -> Iterator[str]:
    parts: dict[str, dict[str, Shape]] = {
        "in_flight": {
            "plan": shapes.choice(InFlightPlan.values),
            "sunset_days": shapes.whole(1, 3650),
        },
        "limits": {"criteria_pct": shapes.percent, "response_pct": shapes.percent},
        "floor": {"criteria": KEYS, "exempt_paths": shapes.list_of(shapes.choice(Path))},
        "operators": {"marketing": shapes.mapping, "sales": shapes.mapping},
    }
    for part, fields in parts.items():
        yield from problems(part, content.get(part) or {}, fields)
    for side, row in mapping_in(content, "operators"):
        fields = {"operator": shapes.email, "deputy": shapes.email}
        yield from problems(f"operators.{side}", row or {}, fields)


def _malformed_levels(content: Row) -> Iterator[str]:
    for dimension, _ in mapping_in(content, "levels"):
        if dimension not in list(Dimension):
            yield f"levels: {dimension} is no dimension ({', '.join(Dimension)})"
            continue
        if wrong := shapes.mapping(content["levels"][dimension]):
            yield f"levels: {dimension} {wrong}"
        keys = LEVELS[Dimension(dimension)][1:]
        for level, row in mapping_in(content["levels"], dimension):
            where = f"levels.{dimension}.{level}"
            if level not in keys:
                yield f"{where}: no level to grant (known: {', '.join(keys)})"
            fields = {"match": shapes.choice(Match.values), "criteria": shapes.mapping}
            yield from problems(where, row, fields, required=("criteria",))
            if isinstance(row, Mapping) and not row.get("criteria"):
                yield f"{where}: no criterion grants it"
            for key, criterion in mapping_in(row, "criteria") if isinstance(row, Mapping) else ():
                yield from _key("criteria", key)
                yield from _condition(f"criteria.{key}", criterion, CRITERION)


def malformed_condition(
    where: str, row: Any, *, facts: Mapping[str, Fact] = FACTS
) -> Iterator[str]:
    """Yield what is wrong with a condition that stands alone, a sentence each."""
    yield from _condition(where, row, CONDITION | {"fact": shapes.choice(facts)}, facts=facts)


def _condition(
    where: str, row: Any, fields: dict[str, Shape], *, facts: Mapping[str, Fact] = FACTS
) -> Iterator[str]:
    required = [name for name in ("label", "fact", "operator", "points") if name in fields]
    wrong = list(problems(where, row, fields, required=required))
    yield from wrong
    if not wrong:
        fact, operator = facts[row["fact"]], Operator(row["operator"])
        yield from _parameters(where, fact, row.get("parameters") or {})
        if operator not in OPERATORS_OF[fact.type]:
            allowed = ", ".join(sorted(OPERATORS_OF[fact.type]))
            yield f"{where}: fact {fact.key} is not compared by {operator} (but: {allowed})"
        elif sentence := _wanted(fact, operator, row.get("wanted")):
            yield f"{where}: wanted {sentence}"


def _parameters(where: str, fact: Fact, parameters: Row) -> Iterator[str]:
    for name, value in parameters.items():
        if name not in fact.parameters:
            yield f"{where}: fact {fact.key} takes no {name}"
        elif sentence := PARAMETERS[Parameter(name)](value):
            yield f"{where}: {name} {sentence}"
    needed = [Parameter.DAYS] * fact.is_windowed + [Parameter.WHAT] * (fact.key == "asserted")
    for name in needed:
        if name not in parameters:
            yield f"{where}: fact {fact.key} needs {name}"


def _answer(value: Any) -> str:
    return "" if isinstance(value, bool) else shapes.text(200)(value)


VALUES: dict[FactType, Shape] = {
    FactType.NUMBER: shapes.number,
    FactType.TEXT: shapes.text(200),
    FactType.FLAG: shapes.flag,
    FactType.SET: shapes.text(200),
    FactType.ANSWER: _answer,
}


def _wanted(fact: Fact, operator: Operator, wanted: Any) -> str:
    if operator in BARE_OPERATORS:
        return "" if wanted is None else f"must be left out with {operator}"
    shape = shapes.choice(fact.levels) if fact.type is FactType.LEVEL else VALUES[fact.type]
    if operator not in LIST_OPERATORS:
        return shape(wanted)
    if operator is not Operator.BETWEEN:
        return shapes.list_of(shape, is_empty_allowed=False)(wanted)
    if not isinstance(wanted, list) or len(wanted) != 2 or any(map(shape, wanted)):
        return "must be a list of a least and a most value"
    low, high = map(fact.levels.index, wanted) if fact.levels else wanted
    return "" if low <= high else "must have the least value first"


def _key(where: str, key: Any) -> Iterator[str]:
    if sentence := shapes.slug(key):
        yield f"{where}: {key} {sentence}"


def _is_language(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 2 and value.isalpha() and value.islower()


def mapping_in(content: Row, part: str) -> Iterator[tuple[str, Any]]:
    """Yield the names and values of a part; nothing when it is left out."""
    value = content.get(part)
    yield from value.items() if isinstance(value, Mapping) else ()


def list_in(content: Row, part: str) -> list[Any]:
    """Return the rows of a part; none when it is left out."""
    value = content.get(part)
    return value if isinstance(value, list) else []
