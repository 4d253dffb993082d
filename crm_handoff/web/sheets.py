"""The tables of an agreement as pages draw them: stages side by side, with what changed marked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from crm_handoff.agreements.published import Published
from crm_handoff.agreements.tables import Cell, PathTable, TableRow
from definitions.differences import Change, compare

Content = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Face:
    """A cell under its stage; `is_changed`: it says otherwise than the version before."""

    stage: str
    cell: Cell
    is_changed: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table with a face a stage."""

    name: str
    faces: tuple[Face, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A path with its stages side by side."""

    path: PathTable
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Marks:
    """What changed: keys of criteria, levels ("fit.in"), stage rules and fields of them."""

    criteria: frozenset[str] = frozenset()
    levels: frozenset[str] = frozenset()
    rules: frozenset[str] = frozenset()
    fields: frozenset[tuple[str, str]] = frozenset()


def marks_between(before: Content, after: Content) -> Marks:
    """Return what of a table's cells changed between two contents."""
    changes = compare(before, after)
    stages = [change.path[1:] for change in changes if change.path[0] == "stages"]
    return Marks(
        criteria=frozenset(c.path[1] for c in changes if c.path[0] == "criteria"),
        levels=frozenset(_levels(changes)),
        rules=frozenset(path[0] for path in stages if len(path) == 1),
        fields=frozenset((path[0], path[1]) for path in stages if len(path) > 1),
    )


def tables(told: Published, marks: Marks) -> list[Table]:
    """Return the tables of an agreement, one a path."""
    return [
        Table(path, tuple(_row(path, number, marks) for number in range(len(path.rows))))
        for path in told.paths
    ]


def _levels(changes: Iterable[Change]) -> Iterable[str]:
    """Yield the levels whose criteria came, went or moved, or that match otherwise."""
    for change in changes:
        if change.path[0] == "levels":
            yield change.path[1]
        if change.path[0] == "criteria":
            for value in (change.before, change.after):
                if len(change.path) == 2 and value:
                    yield value["place"]
                elif change.path[2:] == ("place",):
                    yield value


def _row(path: PathTable, number: int, marks: Marks) -> Row:
    row = path.rows[number]
    return Row(
        name=row.name,
        faces=tuple(
            Face(column.name, cell, _is_changed(f"{column.stage}.{path.key}", row, cell, marks))
            for column, cell in zip(path.columns, row.cells, strict=True)
        ),
    )


def _is_changed(rule: str, row: TableRow, cell: Cell, marks: Marks) -> bool:
    field = {"points": "min_points"}.get(row.key, row.key)
    if (rule, field) in marks.fields or (rule in marks.rules and cell.is_asked):
        return True
    levels = {f"{row.key}.{level.key}" for level in cell.levels}
    return bool(levels & marks.levels) or bool(_keys(cell) & marks.criteria)


def _keys(cell: Cell) -> set[str]:
    lines = [*cell.lines, *(line for level in cell.levels for line in level.lines)]
    return {line.key for line in lines}
