"""Tables: what each stage asks by each path, side by side, in words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from crm_handoff.agreements import ladders, words
from crm_handoff.agreements.implications import is_implied
from crm_handoff.agreements.ladders import Level, Line
from crm_handoff.agreements.words import Row
from definitions.vocabulary import LEVELS, Dimension, Path, RuleStage


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


def read(told: Row, lines: Mapping[str, Line]) -> Iterable[PathTable]:
    """Yield a table for each path that a content has rules of; `lines` are its criteria by key."""
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
        levels=tuple(ladders.level_of(key, rungs[key], lines) for key in enough),
    )


def _required(rule: Row, lines: Mapping[str, Line]) -> Cell:
    asked = tuple(lines[key] for key in rule.get("criteria") or () if key in lines)
    return Cell(is_asked=bool(asked), lines=asked)


def _least_points(rule: Row) -> Cell:
    least = rule.get("min_points")
    if least is None:
        return Cell()
    return Cell(is_asked=True, sentence=words.at_least_points(least))
