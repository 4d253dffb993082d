"""What the columns of a file may mean: offered with the reason, never taken without asking."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from rapidfuzz import fuzz

from definitions import document
from definitions.shapes import SLUG
from leads import cells, samples
from leads.cells import Cell
from leads.fields import FLAG, IDENTITY, SECTIONS, Holds
from leads.records import Record, plain_name

BLANKS = ("", "-", "\N{EN DASH}", "NaN", "NULL", "null", "None", "N/A", "n/a", "#N/A", "Select")
"""Texts that are offered as saying nothing."""

FULL = 100
CALLED = 99
"""How sure a column is that is called as people call the field."""

ALONE = 98
"""The same where that says enough only since rows are about nothing else."""

LIKE = 88
"""How much alike a column and a field's name are, of 100, for the one to be offered."""

MOST_SAMPLES = 3
ENOUGH = 0.5
"""Share of its values that a field must be able to take for a column to be offered."""

MOST = 0.8
"""Share of a column's values that must be e-mail addresses for it to be one of them unnamed."""

BY_VALUES = 60
"""How sure a column is that only its values speak for, of 100."""

COLUMNS = Path(__file__).parent / "defaults" / "columns.yaml"
BRACKETS = re.compile(r"\s*\([^)]*\)")
JOINTS = str.maketrans("-_/.", "    ")
DATED = (cells.instant, cells.day)
COUNTED = (cells.money, cells.whole)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSuggestion:
    """What a field may be read of.

    section, field: as a mapping names them; of `touchpoints`, those of the first. column: of the
    file, blank when none is offered. score: how sure that is, of 100; why: a sentence. values: the
    first few of the column. dates, numbers: how they may be written; None where the field has
    none. cell: what the mapping would say of it as far as that is known; None without a column.
    """

    section: str
    field: str
    column: str
    score: int
    why: str
    values: tuple[str, ...]
    dates: samples.Dates | None
    numbers: samples.Numbers | None
    cell: Mapping[str, Any] | None

    @property
    def is_ambiguous(self) -> bool:
        """Whether its values have two readings, so that somebody must say which is meant."""
        return any(said and said.is_ambiguous for said in (self.dates, self.numbers))


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """What the columns of a file may mean.

    fields: every field of every section, in the order in which they are shown. blanks: texts
    offered as saying nothing; found: those of them that are in the sample. unused: columns that
    no field is read of.
    """

    holds: Holds
    fields: tuple[FieldSuggestion, ...]
    blanks: tuple[str, ...]
    found: tuple[str, ...]
    unused: tuple[str, ...]

    def content(self) -> dict[str, Any]:
        """Return a mapping's content as far as it is known; what is ambiguous is left out."""
        sections: dict[str, dict[str, Any]] = {}
        for each in self.fields:
            if each.cell is not None:
                sections.setdefault(each.section, {})[each.field] = dict(each.cell)
        content: dict[str, Any] = {"blanks": [*self.blanks], **sections}
        if "touchpoints" in sections:
            content["touchpoints"] = [sections["touchpoints"]]
        return content


def sections_of(holds: Holds) -> dict[str, tuple[str, ...]]:
    """Return the fields by section that rows of a kind can say, in the order of showing."""
    return {
        name: tuple(field for field in SECTIONS[name] if name != "lead" or _of_lead(holds, field))
        for name in HELD[holds]
    }


HELD: Mapping[Holds, tuple[str, ...]] = {
    Holds.LEADS: ("lead", "account"),
    Holds.ACCOUNTS: ("account",),
    Holds.TOUCHPOINTS: ("lead", "touchpoints"),
    Holds.OPPORTUNITIES: ("lead", "opportunity"),
    Holds.CAMPAIGNS: ("campaign",),
    Holds.PEOPLE: ("person",),
}
"""The sections of what rows are about; total."""


def _of_lead(holds: Holds, field: str) -> bool:
    return holds == Holds.LEADS or field in IDENTITY


def suggest(header: Sequence[str], sample: Sequence[Record], *, holds: Holds) -> Suggestion:
    """Find what columns may mean, by their names and by what the first rows have in them.

    Args:
        header: the file's columns.
        sample: its first rows; damaged ones say nothing.
        holds: what rows are about.
    """
    columns = _columns(header, sample)
    chosen = _chosen(columns, holds)
    said = tuple(
        _suggested(section, field, chosen.get((section, field)))
        for section, names in sections_of(holds).items()
        for field in names
    )
    used = {each.column for each in said}
    texts = {cells.bare(text) for record in sample if not record.damage for text in record.values}
    return Suggestion(
        holds=holds,
        fields=said,
        blanks=BLANKS,
        found=tuple(text for text in BLANKS if text in texts),
        unused=tuple(name for name in header if name not in used),
    )


def describe(
    section: str, field: str, column: str, header: Sequence[str], sample: Sequence[Record]
) -> FieldSuggestion:
    """Return what is known of a field when somebody says of which column it is read.

    Raises:
        KeyError: there is no such section, field or column.
    """
    columns = {each.name: each for each in _columns(header, sample)}
    said = _Choice(columns[column], FULL, "You said so.")
    return _suggested(section, field, said)


class _Column(NamedTuple):
    """A column of the file with those of its first values that say something."""

    name: str
    values: tuple[str, ...]


class _Choice(NamedTuple):
    """A column for a field, how sure that is, of 100, and why."""

    column: _Column
    score: int
    why: str


_Field = tuple[str, str]
"""A section and a field."""


def _columns(header: Sequence[str], sample: Sequence[Record]) -> list[_Column]:
    rows = [record.values for record in sample if not record.damage]
    return [
        _Column(
            name, tuple(text for row in rows if (text := cells.bare(row[place])) not in BLANKS)
        )
        for place, name in enumerate(header)
    ]


def _chosen(columns: Sequence[_Column], holds: Holds) -> dict[_Field, _Choice]:
    """Give each field the surest column, and each column to one field."""
    offers = [
        (choice, (section, field))
        for section, fields in sections_of(holds).items()
        for field in fields
        for column in columns
        if (choice := _offer(column, section, field, holds))
    ]
    chosen: dict[_Field, _Choice] = {}
    used: set[str] = set()
    for choice, field in sorted(offers, key=lambda offer: -offer[0].score):
        if field not in chosen and choice.column.name not in used:
            chosen[field] = choice
            used.add(choice.column.name)
    return chosen


def _offer(column: _Column, section: str, field: str, holds: Holds) -> _Choice | None:
    """Say how well a column fits a field; None when it does not."""
    known, name = names_of(holds)[section, field], _worded(column.name)
    score, nearest = max((_likeness(name, each), each) for each in known)
    if meant := alone(holds).get(name):
        score = ALONE if meant == (section, field) else 0
    elif name == _worded(field):
        score = FULL
    if score >= LIKE and _is_readable(column, section, field):
        why = "Its name says so." if score >= ALONE else f"Its name is like “{nearest}”."
        return _Choice(column, score, why)
    if field == "email" and column.values and _share(column, SECTIONS[section][field]) >= MOST:
        return _Choice(column, BY_VALUES, "Its values are e-mail addresses.")
    return None


def _likeness(name: str, known: str) -> int:
    if name.replace(" ", "") == known.replace(" ", ""):
        return CALLED
    return min(ALONE - 1, int(fuzz.token_sort_ratio(name, known)))


def _worded(name: str) -> str:
    said = BRACKETS.sub("", plain_name(name)) or plain_name(name)
    return " ".join(said.translate(JOINTS).split())


@cache
def names_of(holds: Holds) -> Mapping[_Field, frozenset[str]]:
    """Return what each field is called, as `_worded` writes it."""
    said = written()["alone"][holds.value]
    return {
        (section, field): frozenset(
            map(
                _worded,
                (
                    field,
                    *written()[section].get(field, ()),
                    *said.get(section, {}).get(field, ()),
                ),
            )
        )
        for section, fields in sections_of(holds).items()
        for field in fields
    }


@cache
def alone(holds: Holds) -> Mapping[str, _Field]:
    """Return the names that say enough only where rows are about such things, with the field."""
    return {
        _worded(name): (section, field)
        for section, fields in written()["alone"][holds.value].items()
        for field, names in fields.items()
        for name in names
    }


@cache
def written() -> Mapping[str, Any]:
    """Return the table of what people call columns, as it is written."""
    return document.read(COLUMNS.read_text(encoding="utf-8"))


def _is_readable(column: _Column, section: str, field: str) -> bool:
    """Say whether the field can take a good part of a column's values, if it has any."""
    if not column.values:
        return True
    reader = SECTIONS[section][field]
    if reader in DATED:
        return bool(samples.dates_of(column.values).formats)
    if reader in COUNTED:
        return bool(samples.numbers_of(column.values, reader=reader).marks)
    if reader is cells.key:
        return True
    return bool(_table(column, section, field)) or _share(column, reader) >= ENOUGH


def _share(column: _Column, reader: cells.Reader) -> float:
    """Return the share of its values that a column's field can take."""
    read = reader(Cell(column=column.name))
    return sum(_can(read, text) for text in column.values) / len(column.values)


def _can(read: cells.Read, text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True


def _suggested(section: str, field: str, choice: _Choice | None) -> FieldSuggestion:
    reader = SECTIONS[section][field]
    column, score, why = choice or _Choice(_Column("", ()), 0, "")
    dates = samples.dates_of(column.values) if reader in DATED else None
    numbers = samples.numbers_of(column.values, reader=reader) if reader in COUNTED else None
    cell: dict[str, Any] = {"column": column.name}
    if dates and dates.formats and not dates.is_ambiguous:
        cell["formats"] = [*dates.formats]
    if numbers and numbers.marks and not numbers.is_ambiguous:
        cell |= _marks(*numbers.marks[0])
    if reader is cells.key and not all(map(SLUG.match, column.values)):
        cell["slug"] = True
    if table := _table(column, section, field):
        cell["table"] = table
    return FieldSuggestion(
        section=section,
        field=field,
        column=column.name,
        score=score,
        why=why,
        values=tuple(dict.fromkeys(column.values))[:MOST_SAMPLES],
        dates=dates,
        numbers=numbers,
        cell=cell if choice else None,
    )


def _marks(decimal: str, thousands: str) -> dict[str, str]:
    said = {} if decimal == "." else {"decimal": decimal}
    return said | ({"thousands": thousands} if thousands else {})


def _table(column: _Column, section: str, field: str) -> dict[str, str]:
    """Return what the column's texts stand for where the field takes few words; else nothing."""
    if SECTIONS[section][field] is FLAG:
        words = written()["words"]["flag"]
    elif (section, field) == ("opportunity", "stage"):
        words = written()["words"]["stage"]
    else:
        return {}
    meant = {said.casefold(): word for word, spoken in words.items() for said in (word, *spoken)}
    return {
        text: meant[text.casefold()]
        for text in dict.fromkeys(column.values)
        if text.casefold() in meant
    }
