"""A whole agreement in words, as both teams read, print and sign it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from crm_handoff.agreements import (
    conditions,
    ladders,
    responsibilities,
    tables,
    terms,
    values,
    words,
)
from crm_handoff.agreements.conditions import fact_name
from crm_handoff.agreements.ladders import Ladder, Line
from crm_handoff.agreements.responsibilities import Step
from crm_handoff.agreements.tables import PathTable
from crm_handoff.agreements.words import Row
from definitions import document
from definitions.content import content_of
from definitions.enums import Milestone, Side, VersionState
from definitions.models import DefinitionVersion

REMEMBERED_CONTENTS = 32


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
    lines = ladders.lines_of(told)
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
        segment=tuple(conditions.row(row) for row in told.get("segment") or ()),
        exclusions=tuple(lines[key] for key in told.get("exclusions") or ()),
        paths=tuple(tables.read(told, lines)),
        ladders=tuple(ladders.read(told, lines)),
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


def _points(told: Row) -> Iterable[PointsLine]:
    questions = words.questions_of(told)
    for key, row in (told.get("score") or {}).items():
        yield PointsLine(
            key=key,
            where=f"score.{key}",
            label=row["label"],
            words=conditions.row(row, questions=questions),
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
            whom=terms.when(row.get("when"), labels=labels),
            is_high_intent=row.get("is_high_intent") or False,
            promise=terms.promise(row),
            stops=terms.stops(row),
            calendar=row.get("calendar") or "",
            steps=tuple(terms.steps(row)),
            cadence=tuple(terms.cadence(row)),
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
