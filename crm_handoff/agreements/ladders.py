"""Ladders: the levels of each dimension with the criteria that grant them, in words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from crm_handoff.agreements import conditions, values, words
from crm_handoff.agreements.words import Row
from definitions import document
from definitions.enums import Match
from definitions.vocabulary import LEVELS, Dimension


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


def lines_of(told: Row) -> dict[str, Line]:
    """Return the criteria of a content in words, by key."""
    questions = words.questions_of(told)
    return {
        key: Line(key, f"criteria.{key}", row["label"], conditions.row(row, questions=questions))
        for _dimension, _level, key, row in document.criteria_of(told)
    }


def read(told: Row, lines: Mapping[str, Line]) -> Iterable[Ladder]:
    """Yield the ladders of a content that have levels; `lines` as `lines_of` gives them."""
    for dimension in Dimension:
        rungs = (told.get("levels") or {}).get(dimension.value) or {}
        if rungs:
            yield Ladder(
                key=dimension.value,
                name=str(words.DIMENSIONS[dimension]),
                lowest=values.plain(LEVELS[dimension][0]),
                levels=tuple(
                    level_of(key, rungs[key], lines)
                    for key in reversed(LEVELS[dimension])
                    if key in rungs
                ),
            )


def level_of(key: str, rung: Row, lines: Mapping[str, Line]) -> Level:
    """Return a level with the criteria of its row in a content."""
    return Level(
        key=str(key),
        name=values.plain(key),
        is_any=rung.get("match") == Match.ANY and len(rung["criteria"]) > 1,
        lines=tuple(lines[one] for one in rung["criteria"]),
    )
