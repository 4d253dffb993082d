"""A mapping's document as a page shows it: each field with its column, samples and choices."""

import copy
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm_handoff.web.import_fields import WHO, Field, Kind, Part, parts_of
from crm_handoff.web.import_forms import AS_BEFORE, FIXED, NOT_HERE, OTHER, section_at
from crm_handoff.web.import_values import (
    Option,
    formats_of,
    shortened,
    slug_example,
    table_of,
    unread,
)
from leads import samples, suggestions
from leads.enums import FieldPolicy
from leads.fields import MONEY, UNKEPT
from leads.files import Record, plain_name

SHOWN_SAMPLES = 3
POLICIES = {
    FieldPolicy.OVERWRITE: _("Overwrite"),
    FieldPolicy.FILL: _("Fill blanks"),
    FieldPolicy.KEEP: _("Keep known"),
}


Words = Mapping[str, Sequence[tuple[str, str]]]
"""The words that a field can say, with their labels, by section and field."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file with the texts of its first rows, each once, blank ones left out."""

    index: int
    name: str
    texts: tuple[str, ...]

    @property
    def choice(self) -> str:
        """Return the column as a choice of a field."""
        return str(self.index)

    @property
    def samples(self) -> tuple[str, ...]:
        """Return a few texts, shortened."""
        return tuple(shortened(text) for text in self.texts[:SHOWN_SAMPLES])


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A field on the page; `chosen` is its column's choice, “the same”, or none."""

    key: str
    field: Field
    chosen: str
    value: str = ""
    words: tuple[Option, ...] = ()
    samples: tuple[str, ...] = ()
    formats: tuple[Option, ...] = ()
    other: str = ""
    table: str = ""
    is_slug: bool = False
    slug_example: str = ""
    asks_slug: bool = False
    asks_table: bool = False
    policies: tuple[Option, ...] = ()
    wrong: str = ""

    @property
    def is_shown(self) -> bool:
        """Whether it stands among the main fields."""
        return self.field.is_main or bool(self.chosen or self.wrong)

    @property
    def id(self) -> str:
        """Return the id of its control."""
        return f"id_{self.key.replace('.', '_')}"

    @property
    def asks_format(self) -> bool:
        """Whether it has to be said how its instants are written."""
        return bool(self.formats)

    @property
    def is_other(self) -> bool:
        """Whether the way of writing is written out."""
        return any(option.is_chosen and option.value == OTHER for option in self.formats)

    @property
    def has_extra(self) -> bool:
        """Whether more than a column is said of it."""
        return self.chosen == FIXED or self.asks_format or self.asks_table or bool(self.wrong)

    @property
    def table_rows(self) -> int:
        """Return the height of the table of meanings, in lines."""
        return min(max(self.table.count("\n") + 1, 2), 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartSheet:
    """A part of the page; `details` are columns that may be kept along with a touchpoint."""

    part: Part
    rows: tuple[Row, ...]
    details: tuple[Option, ...] = ()
    asks_existing: bool = False
    must_exist: bool = False

    @property
    def main(self) -> tuple[Row, ...]:
        """Return the fields that are shown at once: the main ones, and those in use."""
        return tuple(row for row in self.rows if row.is_shown)

    @property
    def more(self) -> tuple[Row, ...]:
        """Return the fields that are shown on request."""
        return tuple(row for row in self.rows if not row.is_shown)

    @property
    def is_used(self) -> bool:
        """Whether the file says anything of it."""
        return any(row.chosen for row in self.rows)

    @property
    def has_detail(self) -> bool:
        """Whether further columns are kept."""
        return any(option.is_chosen for option in self.details)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The whole description as the page shows it."""

    document: str
    holds: str
    parts: tuple[PartSheet, ...]
    system: str
    blanks: str
    zone: str
    marks: str
    person_email: str
    region: str
    unused: tuple[Column, ...]

    def _chosen(self) -> Iterator[Row]:
        rows = (row for part in self.parts for row in part.rows)
        return (row for row in rows if row.chosen or row.wrong)

    @property
    def has_system(self) -> bool:
        """Whether ids of another system are meant."""
        return any(part.part.path in ("lead", "account") for part in self.parts)

    @property
    def has_instants(self) -> bool:
        """Whether a field in use is an instant that does not say its own zone."""
        instants = (row for row in self._chosen() if row.field.kind == Kind.INSTANT)
        return any("%z" not in row.other for row in instants)

    @property
    def has_numbers(self) -> bool:
        """Whether a field in use is a number."""
        return any(row.field.kind == Kind.NUMBER for row in self._chosen())

    @property
    def has_phones(self) -> bool:
        """Whether telephone numbers are read."""
        return any(row.field.name == "phone" for row in self._chosen())

    @property
    def names_people(self) -> bool:
        """Whether a field in use names a person."""
        return any(row.field.name in ("owner", "sourced_by") for row in self._chosen())

    @property
    def problems(self) -> list[str]:
        """Return what has to be settled before the document can be read, one sentence each."""
        wrong = [f"{row.field.label}: {row.wrong}" for row in self._chosen() if row.wrong]
        if self.has_instants and not self.zone:
            wrong.append(gettext("Choose the time zone of its dates."))
        if self.has_numbers and not self.marks:
            wrong.append(gettext("Choose how its numbers look: some can be read in two ways."))
        if self.has_system and not self.system:
            wrong.append(gettext("Name the system that the ids are from."))
        return wrong


@dataclass(frozen=True, slots=True)
class _Given:
    """What a page's fields are drawn of: the file's columns by name, blanks, and known words."""

    columns: Mapping[str, Column]
    blanks: frozenset[str]
    words: Words

    def texts(self, cell: Mapping[str, Any]) -> tuple[Column | None, list[str]]:
        """Return a cell's column with its texts that say something."""
        column = self.columns.get(plain_name(cell.get("column") or ""))
        return column, [text for text in column.texts if text not in self.blanks] if column else []


def columns_of(header: Sequence[str], sample: Iterable[Record]) -> list[Column]:
    """Return the columns of a file with what the first rows say in them."""
    rows = [record.values for record in sample if not record.damage]
    return [
        Column(
            index,
            name,
            tuple(dict.fromkeys(text for row in rows if (text := row[index].strip()))),
        )
        for index, name in enumerate(header)
    ]


def completed(
    document: Mapping[str, Any], holds: str, header: Sequence[str], sample: Sequence[Record]
) -> dict[str, Any]:
    """Return a document in which all is said of its columns that they tell by themselves.

    What was said already stays; what has two readings is left open.
    """
    whole = copy.deepcopy(dict(document))
    names = {plain_name(name): name for name in header}
    for part in parts_of(holds, whole):
        section = section_at(whole, part.path)
        for field in part.fields:
            cell = _cell(section.get(field.name))
            column = names.get(plain_name(cell.get("column") or ""))
            if column:
                name = part.path.partition(".")[0]
                told = suggestions.describe(name, field.name, column, header, sample).cell or {}
                section[field.name] = _left_open(cell, told) | cell
    return whole


def _left_open(cell: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a column tells by itself and nobody has said; marks go together."""
    is_marked = cell.get("decimal") or cell.get("thousands")
    told = {k: v for k, v in told.items() if not (is_marked and k in ("decimal", "thousands"))}
    return {key: value for key, value in told.items() if key not in cell}


def sheet_of(
    document: Mapping[str, Any], holds: str, columns: Sequence[Column], *, words: Words
) -> Sheet:
    """Return the page's view of a document; `words` are those that fields may say."""
    blanks = [text for text in document.get("blanks") or () if text]
    by_name = {plain_name(column.name): column for column in columns}
    given = _Given(by_name, frozenset(blanks), words)
    parts = tuple(_part(part, document, given) for part in parts_of(holds, document))
    return Sheet(
        document=json.dumps(document),
        holds=holds,
        parts=parts,
        system=document.get("system") or "",
        blanks="\n".join(blanks),
        zone=_common(_cells(document, holds, Kind.INSTANT), lambda cell: cell.get("zone") or ""),
        marks=_common(
            _cells(document, holds, Kind.NUMBER),
            lambda cell: _marks_of(cell, given),
        ),
        person_email=(document.get("people") or {}).get("email", "{id}"),
        region=_cell(section_at(document, "lead").get("phone")).get("region") or "",
        unused=_unused(parts, columns),
    )


def _unused(parts: Sequence[PartSheet], columns: Sequence[Column]) -> tuple[Column, ...]:
    used = {row.chosen for part in parts for row in part.rows}
    kept = {option.value for part in parts for option in part.details if option.is_chosen}
    return tuple(
        column for column in columns if column.choice not in used and column.name not in kept
    )


def _cells(document: Mapping[str, Any], holds: str, kind: Kind) -> list[dict[str, Any]]:
    return [
        _cell(section[field.name])
        for part in parts_of(holds, document)
        if (section := section_at(document, part.path))
        for field in part.fields
        if field.kind == kind and section.get(field.name) is not None
    ]


def _common(found: Sequence[Mapping[str, Any]], read: Any) -> str:
    """Return what all cells share, “as before” where they differ, "" where nothing is said."""
    said = {read(cell) for cell in found}
    if len(said) > 1:
        return AS_BEFORE if "" not in said else ""
    return str(said.pop()) if said else ""


def _marks_of(cell: Mapping[str, Any], given: _Given) -> str:
    """Return the marks in a cell's numbers; "" where its texts have two readings."""
    is_said = cell.get("decimal") or cell.get("thousands")
    texts = [] if is_said else given.texts(cell)[1]
    if samples.numbers_of(texts).is_ambiguous:
        return ""
    return (cell.get("decimal") or ".") + (cell.get("thousands") or "")


def _cell(said: Any) -> dict[str, Any]:
    return {"column": said} if isinstance(said, str) else dict(said or {})


def _part(part: Part, document: Mapping[str, Any], given: _Given) -> PartSheet:
    section = section_at(document, part.path)
    rows = [_row(f"{part.path}.{field.name}", field, section, given) for field in part.fields]
    is_touchpoint = part.path.startswith("touchpoints")
    return PartSheet(
        part=part,
        rows=tuple(_with_currency(rows)),
        details=_details(section, given.columns.values()) if is_touchpoint else (),
        asks_existing=part.path == "lead",
        must_exist=bool(section.get("must_exist", part is WHO)),
    )


def _with_currency(rows: Sequence[Row]) -> list[Row]:
    """Ask for the currency where amounts are read and none is said."""
    has_money = any(row.chosen and row.field.name in MONEY for row in rows)
    return [
        replace(row, wrong=gettext("Which one? Choose its column, or say the same in every row."))
        if row.field.name == "currency" and has_money and not row.chosen
        else row
        for row in rows
    ]


def _details(section: Mapping[str, Any], columns: Iterable[Column]) -> tuple[Option, ...]:
    said = (section.get("detail") or {}).values()
    kept = {plain_name(_cell(cell).get("column") or "") for cell in said}
    return tuple(
        Option(column.name, column.name, plain_name(column.name) in kept) for column in columns
    )


def _row(key: str, field: Field, section: Mapping[str, Any], given: _Given) -> Row:
    cell = _cell(section.get(field.name))
    column, texts = given.texts(cell)
    if column is None and "value" not in cell:
        return Row(key=key, field=field, chosen=NOT_HERE)
    formats, wrong = formats_of(field, cell, texts, is_fixed=column is None)
    words = given.words.get(word_key(key), ())
    return Row(
        key=key,
        field=field,
        chosen=column.choice if column else FIXED,
        value=cell.get("value") or "",
        words=tuple(Option(word, label, word == cell.get("value")) for word, label in words),
        samples=tuple(shortened(text) for text in texts[:SHOWN_SAMPLES]),
        formats=formats,
        other="|".join(cell.get("formats") or ()),
        table=table_of(key, field, cell, texts),
        is_slug=bool(cell.get("slug")),
        slug_example=slug_example(texts),
        asks_slug=field.kind == Kind.KEY,
        asks_table=bool(cell.get("table") or cell.get("slug") or unread(key, field, texts)),
        policies=_policies(key, (section.get("keep") or {}).get(field.name, "overwrite")),
        wrong=wrong or _blank_value(cell, is_fixed=column is None),
    )


def word_key(key: str) -> str:
    """Return the key of a field without its place in a list: `touchpoints.kind`."""
    parts = key.split(".")
    return f"{parts[0]}.{parts[-1]}"


def _policies(key: str, chosen: str) -> tuple[Option, ...]:
    """Return what may become of values that are known; none where nobody can choose."""
    section, name = key.split(".")[0], key.split(".")[-1]
    if section == "touchpoints" or name in UNKEPT.get(section, ()):
        return ()
    return tuple(Option(value, label, value == chosen) for value, label in POLICIES.items())


def _blank_value(cell: Mapping[str, Any], *, is_fixed: bool) -> str:
    return gettext("Say what it is in every row.") if is_fixed and not cell.get("value") else ""
