"""A whole agreement in words, as both teams read, print and sign it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from crm_handoff.agreements import responsibilities, values, words
from crm_handoff.agreements.conditions import fact_name
from crm_handoff.agreements.implications import is_implied
from crm_handoff.agreements.responsibilities import Step
from definitions import document
from definitions.content import content_of
from definitions.enums import Match, Milestone, Side, VersionState
from definitions.models import DefinitionVersion
from definitions.vocabulary import LEVELS, Dimension, Path, RuleStage

Row = Mapping[str, Any]

REMEMBERED_CONTENTS = 32


@dataclass(frozen=True, slots=True)
class Line:
    """A criterion: its label as its author wrote it, and what it asks in words.

    `where` names the row as problems do, for example "criteria.company_size".
    """

    key: str
    where: str
    label: str
    words: str


@dataclass(frozen=True, slots=True)
class Level:
    """A level of a dimension and the criteria that grant it: all of them, or any when `is_any`."""

    key: str
    name: str
    is_any: bool
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Ladder:
    """A dimension with its levels, highest first; `lowest` holds when none is granted."""

    key: str
    name: str
    lowest: str
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """What a stage asks of one row of the table; `is_asked` False: nothing.

    `sentence` says it shortly ("medium or above"). `levels` are the ways to have it, the lowest
    first; each is enough, and those that follow from another are left out. `lines` are single
    criteria that must all be met.
    """

    is_asked: bool = False
    sentence: str = ""
    levels: tuple[Level, ...] = ()
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class TableRow:
    """A dimension, or single criteria ("criteria"), or points ("points"), by stage."""

    key: str
    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A stage of a table; `is_handoff`: reaching it hands over to sales. `where` as above."""

    stage: str
    where: str
    name: str
    is_handoff: bool


@dataclass(frozen=True, slots=True)
class PathTable:
    """A path: its stages side by side, a row for everything that any of them asks."""

    key: str
    name: str
    about: str
    columns: tuple[Column, ...]
    rows: tuple[TableRow, ...]


@dataclass(frozen=True, slots=True)
class PointsLine:
    """A score rule: when it gives points, and how many."""

    key: str
    where: str
    label: str
    words: str
    points: str
    is_negative: bool


@dataclass(frozen=True, slots=True)
class QuestionLine:
    """A question that only a person can answer; `words` says who, by when and for how long."""

    key: str
    where: str
    question: str
    side: str
    words: str


@dataclass(frozen=True, slots=True)
class TermLine:
    """An SLA term; the first of a milestone whose `whom` fits applies.

    `steps` say what happens before and after a miss, in order of time; `cadence` what whoever
    receives the lead is to do.
    """

    key: str
    where: str
    label: str
    milestone: str
    whom: str
    is_high_intent: bool
    promise: str
    stops: str
    calendar: str
    steps: tuple[str, ...]
    cadence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom the agreement names."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Party:
    """A side of the agreement with its named operator and deputy, None where nobody is named."""

    side: str
    name: str
    operator: Person | None
    deputy: Person | None


@dataclass(frozen=True, slots=True)
class Floor:
    """The least that a handover must show; `exempt` are paths spared what is asked of accounts."""

    lines: tuple[Line, ...]
    exempt: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """Shares of misses above which the other side may act, in sentences."""

    criteria: str
    response: str


@dataclass(frozen=True, slots=True)
class Published:
    """A version in words and in the reader's language; labels and notes stay as written.

    `segment` has one sentence a condition, all of which must hold; none takes everyone. `people`
    are marketing and sales. `effective` says since or from when it is in force, `plan` what
    becomes of leads under way then.
    """

    definition: str
    name: str
    description: str
    number: int
    state: str
    is_catch_all: bool
    content_hash: str
    change_note: str
    effective: str
    plan: str
    process: str
    handoff: str
    day_zone: str
    segment: tuple[str, ...]
    exclusions: tuple[Line, ...]
    paths: tuple[PathTable, ...]
    ladders: tuple[Ladder, ...]
    signals: tuple[Line, ...]
    points: tuple[PointsLine, ...]
    questions: tuple[QuestionLine, ...]
    floor: Floor
    limits: Limits
    terms: tuple[TermLine, ...]
    people: tuple[Party, ...]
    steps: tuple[Step, ...]
    handover_fields: tuple[str, ...]
    checklist: str
    kinds: tuple[Line, ...]
    title_rules: tuple[str, ...]


def read(version: DefinitionVersion, *, at: datetime) -> Published:
    """Return a version in words; no query for a submitted one whose people are loaded.

    A draft is read from its rows, a dozen queries.
    """
    told = content(version)
    floor = told.get("floor") or {}
    lines = _lines(told)
    return Published(
        definition=version.definition.key,
        name=version.definition.name,
        description=version.definition.description,
        number=version.number,
        state=version.state,
        is_catch_all=version.definition.is_catch_all,
        content_hash=version.content_hash,
        change_note=told.get("change_note") or "",
        effective=_effective(version, at=at),
        plan=words.plan(told.get("in_flight")),
        process=str(words.PROCESSES[told["process"]]),
        handoff=_("Reaching %(stage)s hands over to sales.")
        % {"stage": told["handoff_stage"].upper()},
        day_zone=told.get("day_zone") or "UTC",
        segment=tuple(words.row(row) for row in told.get("segment") or ()),
        exclusions=tuple(lines[key] for key in told.get("exclusions") or ()),
        paths=tuple(_paths(told, lines)),
        ladders=tuple(_ladders(told, lines)),
        signals=tuple(lines[key] for key in told.get("signals") or ()),
        points=tuple(_points(told)),
        questions=tuple(_questions(told)),
        floor=Floor(
            lines=tuple(lines[key] for key in floor.get("criteria") or () if key in lines),
            exempt=tuple(str(words.PATH_NAMES[path]) for path in floor.get("exempt_paths") or ()),
        ),
        limits=_limits(told.get("limits") or {}),
        terms=tuple(_terms(told)),
        people=tuple(_people(version)),
        steps=responsibilities.steps_of(told),
        handover_fields=tuple(fact_name(key) for key in told.get("handover_fields") or ()),
        checklist=words.checklist(told.get("checklist")),
        kinds=tuple(
            Line(key, f"kinds.{key}", capfirst(values.plain(key)), words.kind(row))
            for key, row in (told.get("kinds") or {}).items()
        ),
        title_rules=tuple(words.title_rule(row) for row in told.get("title_rules") or ()),
    )


def content(version: DefinitionVersion) -> Row:
    """Return the content of a version, not to be changed: its frozen text, a draft's rows."""
    if version.content_hash:
        return _parsed(version.content)
    return content_of(version)


@lru_cache(maxsize=REMEMBERED_CONTENTS)
def _parsed(text: str) -> Row:
    return document.read(text)


def _lines(told: Row) -> dict[str, Line]:
    questions = words.questions_of(told)
    return {
        key: Line(key, f"criteria.{key}", row["label"], words.row(row, questions=questions))
        for _dimension, _level, key, row in document.criteria_of(told)
    }


def _ladders(told: Row, lines: Mapping[str, Line]) -> Iterable[Ladder]:
    for dimension in Dimension:
        rungs = (told.get("levels") or {}).get(dimension.value) or {}
        if rungs:
            yield Ladder(
                key=dimension.value,
                name=str(words.DIMENSIONS[dimension]),
                lowest=values.plain(LEVELS[dimension][0]),
                levels=tuple(
                    _level(key, rungs[key], lines)
                    for key in reversed(LEVELS[dimension])
                    if key in rungs
                ),
            )


def _level(key: str, rung: Row, lines: Mapping[str, Line]) -> Level:
    return Level(
        key=str(key),
        name=values.plain(key),
        is_any=rung.get("match") == Match.ANY and len(rung["criteria"]) > 1,
        lines=tuple(lines[one] for one in rung["criteria"]),
    )


def _paths(told: Row, lines: Mapping[str, Line]) -> Iterable[PathTable]:
    order = [*map(str, RuleStage)]
    for path in Path:
        rules = sorted(
            (row for row in told.get("stages") or () if row["path"] == path),
            key=lambda row: order.index(row["stage"]),
        )
        if rules:
            yield PathTable(
                key=path.value,
                name=str(words.PATH_NAMES[path]),
                about=str(words.PATH_NOTES[path]),
                columns=tuple(_column(row, told) for row in rules),
                rows=tuple(_rows(rules, told, lines)),
            )


def _column(rule: Row, told: Row) -> Column:
    return Column(
        stage=rule["stage"],
        where=f"stages.{rule['stage']}.{rule['path']}",
        name=rule["stage"].upper(),
        is_handoff=rule["stage"] == told["handoff_stage"],
    )


def _rows(rules: list[Row], told: Row, lines: Mapping[str, Line]) -> Iterable[TableRow]:
    for dimension in Dimension:
        cells = tuple(_cell(rule, dimension, told, lines) for rule in rules)
        if any(cell.is_asked for cell in cells):
            yield TableRow(dimension.value, str(words.DIMENSIONS[dimension]), cells)
    required = tuple(_required(rule, lines) for rule in rules)
    if any(cell.is_asked for cell in required):
        yield TableRow("criteria", _("Must be met"), required)
    points = tuple(_least_points(rule) for rule in rules)
    if any(cell.is_asked for cell in points):
        yield TableRow("points", _("Points"), points)


def _cell(rule: Row, dimension: Dimension, told: Row, lines: Mapping[str, Line]) -> Cell:
    levels = LEVELS[dimension]
    wanted = rule.get(dimension.value) or levels[0]
    if wanted == levels[0]:
        return Cell()
    rungs = (told.get("levels") or {}).get(dimension.value) or {}
    kinds = told.get("kinds") or {}
    ways = [
        key for key in levels[levels.index(wanted) :] if (rungs.get(key) or {}).get("criteria")
    ]
    enough = [
        key
        for place, key in enumerate(ways)
        if not any(is_implied(rungs[lower], by=rungs[key], kinds=kinds) for lower in ways[:place])
    ]
    return Cell(
        is_asked=True,
        sentence=words.level(dimension, wanted),
        levels=tuple(_level(key, rungs[key], lines) for key in enough),
    )


def _required(rule: Row, lines: Mapping[str, Line]) -> Cell:
    asked = tuple(lines[key] for key in rule.get("criteria") or () if key in lines)
    return Cell(is_asked=bool(asked), lines=asked)


def _least_points(rule: Row) -> Cell:
    least = rule.get("min_points")
    if least is None:
        return Cell()
    return Cell(is_asked=True, sentence=words.at_least_points(least))


def _points(told: Row) -> Iterable[PointsLine]:
    questions = words.questions_of(told)
    for key, row in (told.get("score") or {}).items():
        yield PointsLine(
            key=key,
            where=f"score.{key}",
            label=row["label"],
            words=words.row(row, questions=questions),
            points=words.score_rule(row),
            is_negative=row["points"] < 0,
        )


def _questions(told: Row) -> Iterable[QuestionLine]:
    for key, row in (told.get("questions") or {}).items():
        yield QuestionLine(
            key=key,
            where=f"questions.{key}",
            question=row["question"],
            side=str(Side(row["side"]).label),
            words=words.question(row),
        )


def _terms(told: Row) -> Iterable[TermLine]:
    labels = words.labels_of(told)
    for key, row in (told.get("sla_terms") or {}).items():
        milestone = Milestone(row.get("milestone") or Milestone.FIRST_RESPONSE)
        yield TermLine(
            key=key,
            where=f"sla_terms.{key}",
            label=row["label"],
            milestone=str(milestone.label),
            whom=words.term_when(row.get("when"), labels=labels),
            is_high_intent=row.get("is_high_intent") or False,
            promise=words.term_promise(row),
            stops=words.term_stops(row),
            calendar=row.get("calendar") or "",
            steps=tuple(words.term_steps(row)),
            cadence=tuple(words.term_cadence(row)),
        )


def _limits(limits: Row) -> Limits:
    said = {name: values.words(limits.get(name)) for name in ("criteria_pct", "response_pct")}
    return Limits(
        criteria=_(
            "When more than %(criteria_pct)s percent of a batch miss the floor, sales may reject"
            " the batch at once."
        )
        % said,
        response=_(
            "When more than %(response_pct)s percent of first responses are late, marketing"
            " escalates to the operator of sales."
        )
        % said,
    )


def _people(version: DefinitionVersion) -> Iterable[Party]:
    for side in Side:
        yield Party(
            side=side.value,
            name=str(side.label),
            operator=_person(getattr(version, f"{side}_operator")),
            deputy=_person(getattr(version, f"{side}_deputy")),
        )


def _person(user: AbstractBaseUser | None) -> Person | None:
    return Person(name=str(user), email=user.get_username()) if user else None


def _effective(version: DefinitionVersion, *, at: datetime) -> str:
    said = {
        "since": version.activated_at and values.absolute(version.activated_at),
        "until": version.retired_at and values.absolute(version.retired_at),
        "date": version.effective_at and values.absolute(version.effective_at),
    }
    if version.state == VersionState.ACTIVE:
        return _("In force since %(since)s") % said
    if version.state == VersionState.RETIRED:
        return _("In force from %(since)s to %(until)s") % said
    if version.effective_at and version.effective_at > at:
        if version.state == VersionState.SIGNED:
            return _("Takes effect on %(date)s") % said
        return _("Takes effect on %(date)s, when both sides have signed by then") % said
    return _("Takes effect as soon as both sides have signed")
