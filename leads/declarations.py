"""What a mapping may say: every slip in it is found before a row is read."""

from collections.abc import Iterator, Mapping
from typing import Any

from definitions import shapes
from definitions.shapes import Shape
from leads import cells, dates, places
from leads.cells import Cell, Reader
from leads.enums import FieldPolicy, ImportMode
from leads.fields import (
    DETAIL,
    IDENTITY,
    MONEY,
    PEOPLE,
    SECTIONS,
    UNKEPT,
    Fields,
    Holds,
)

LEAD_OPTIONS = ("must_exist", "keep")


def _encoding(value: Any) -> str:
    try:
        "".encode(value)
    except (LookupError, TypeError):
        return "must be an encoding, like utf-8, utf-16 or cp1252"
    return ""


def _sign(value: Any) -> str:
    return "" if isinstance(value, str) and len(value) == 1 else "must be one character"


def _mark(value: Any) -> str:
    is_mark = isinstance(value, str) and len(value) == 1 and value not in "+-0123456789"
    return "" if is_mark else "must be one character that is no digit"


def _texts(value: Any) -> str:
    is_table = isinstance(value, Mapping) and all(isinstance(text, str) for text in value.values())
    return "" if is_table and all(isinstance(key, str) for key in value) else "must map texts"


def _string(value: Any) -> str:
    return "" if isinstance(value, str) else "must be a text (in quotes if it looks like none)"


def _person(value: Any) -> str:
    return "" if isinstance(value, str) and "{id}" in value else "must be a text with {id} in it"


def _region(value: Any) -> str:
    is_code = isinstance(value, str) and value.isupper() and len(value) == 2
    return (
        "" if is_code and places.is_country(value) else "must be a country of ISO 3166-1, like DE"
    )


def _zone(value: Any) -> str:
    return shapes.zone(value if isinstance(value, str) else "")


def _format(value: Any) -> str:
    if wrong := shapes.text(64)(value):
        return wrong
    directives = dates.DIRECTIVE.findall(value.replace("%%", ""))
    said = set(directives)
    if not said <= dates.KNOWN:
        return (
            f"must have directives out of {', '.join(f'%{each}' for each in sorted(dates.KNOWN))}"
        )
    if not (said & {"Y", "y"} and ((said >= {"d"} and said & {"m", "b", "B"}) or "j" in said)):
        return "must say the year, the month and the day, like %Y-%m-%d"
    return "must say nothing twice" if len(directives) > len(said) else ""


WHOLE: Mapping[str, Shape] = {
    "name": shapes.text(200),
    "system": shapes.slug,
    "mode": shapes.choice(ImportMode.values),
    "file": shapes.mapping,
    "blanks": shapes.list_of(_string),
    "people": shapes.mapping,
    "lead": shapes.mapping,
    "account": shapes.mapping,
    "touchpoints": shapes.rows,
    "opportunity": shapes.mapping,
    "campaign": shapes.mapping,
    "person": shapes.mapping,
}
FILE: Mapping[str, Shape] = {
    "delimiter": _sign,
    "quote": _sign,
    "encoding": _encoding,
    "multiline": shapes.flag,
    "sheet": shapes.text(31),
}
PEOPLE_SHAPES: Mapping[str, Shape] = {"email": _person, "name": _person}
CELL: Mapping[str, Shape] = {
    "column": shapes.text(200),
    "value": _string,
    "table": _texts,
    "otherwise": _string,
    "blank": _string,
    "prefix": _string,
    "slug": shapes.flag,
    "formats": shapes.list_of(_format, is_empty_allowed=False),
    "zone": _zone,
    "fold": shapes.choice(("first", "second")),
    "decimal": _mark,
    "thousands": _mark,
    "separator": _sign,
    "region": _region,
}


def holds(content: Mapping[str, Any]) -> Holds:
    """Return what a file's rows are about, by the sections of its mapping.

    Rows whose lead is only named are about its deal or its touchpoints.
    """
    if content.get("campaign"):
        return Holds.CAMPAIGNS
    if content.get("person"):
        return Holds.PEOPLE
    lead = content.get("lead")
    if not lead:
        return Holds.ACCOUNTS
    is_named_only = not content.get("account") and not lead.keys() - IDENTITY - set(LEAD_OPTIONS)
    if is_named_only and content.get("opportunity"):
        return Holds.OPPORTUNITIES
    return Holds.TOUCHPOINTS if is_named_only and content.get("touchpoints") else Holds.LEADS


def problems(content: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with a mapping, one sentence each."""
    first = [*shapes.problems("mapping", content, WHOLE, required=("blanks",))]
    yield from first or _content_problems(content)


def _content_problems(content: Mapping[str, Any]) -> Iterator[str]:
    yield from shapes.problems("file", content.get("file") or {}, FILE)
    yield from _subject_problems(content)
    yield from _lead_problems(content)
    if account := content.get("account"):
        yield from _section_problems("account", account, options=("keep",))
        if not {"name", "domain"} & account.keys():
            yield "account: needs name or domain, to say which is meant"
    for place, touchpoint in enumerate(content.get("touchpoints") or (), start=1):
        yield from _touchpoint_problems(f"touchpoint {place}", touchpoint)
    yield from _opportunity_problems(content)
    if campaign := content.get("campaign"):
        yield from _section_problems("campaign", campaign, options=("keep",), required=("key",))
    if person := content.get("person"):
        yield from _section_problems("person", person, options=("keep",), required=("email",))


def _subject_problems(content: Mapping[str, Any]) -> Iterator[str]:
    said = [name for name in SECTIONS if content.get(name)]
    if not said:
        yield f"mapping: needs a section that says what rows are about: {', '.join(SECTIONS)}"
    for alone in ("campaign", "person"):
        if alone in said and len(said) > 1:
            yield f"mapping: {alone} stands alone, without {', '.join(set(said) - {alone})}"
    for name in ("touchpoints", "opportunity"):
        if name in said and "lead" not in said:
            yield f"mapping: {name} needs a lead, to say whose it is"
    if {"lead", "account"} & set(said) and not content.get("system"):
        yield "mapping: system is missing"


def _lead_problems(content: Mapping[str, Any]) -> Iterator[str]:
    if lead := content.get("lead"):
        yield from _section_problems("lead", lead, options=LEAD_OPTIONS)
        if not IDENTITY & lead.keys():
            yield "lead: needs external_id or email, to say who is meant"


def _touchpoint_problems(where: str, touchpoint: Mapping[str, Any]) -> Iterator[str]:
    yield from _section_problems(
        "touchpoints",
        touchpoint,
        where=where,
        options=("optional", "detail"),
        required=("kind", "occurred_at"),
    )
    detail = touchpoint.get("detail")
    for name, cell in detail.items() if isinstance(detail, Mapping) else ():
        yield from _cell_problems(f"{where}: detail {name}", cell, DETAIL)


def _opportunity_problems(content: Mapping[str, Any]) -> Iterator[str]:
    opportunity = content.get("opportunity") or {}
    if opportunity:
        yield from _section_problems(
            "opportunity",
            opportunity,
            options=("optional", "keep"),
            required=("external_id", "stage"),
        )
    people = content.get("people") or {}
    needed = ("email",) if opportunity.keys() & set(PEOPLE) else ()
    yield from shapes.problems("people", people, PEOPLE_SHAPES, required=needed)


OPTIONS: Mapping[str, Shape] = {
    "must_exist": shapes.flag,
    "optional": shapes.flag,
    "detail": shapes.mapping,
    "keep": shapes.mapping,
}


def _section_problems(
    name: str,
    section: Mapping[str, Any],
    *,
    where: str = "",
    options: tuple[str, ...],
    required: tuple[str, ...] = (),
) -> Iterator[str]:
    fields, where = SECTIONS[name], where or name
    known: dict[str, Shape] = dict.fromkeys(fields, shapes.anything)
    known |= {option: OPTIONS[option] for option in options}
    yield from shapes.problems(where, section, known, required=required)
    for field, cell in section.items():
        if field in fields and cell is not None:
            yield from _cell_problems(f"{where}: {field}", cell, fields[field])
    for money in sorted(MONEY & section.keys()):
        if "currency" not in section:
            yield f"{where}: {money} needs a currency"
    if isinstance(keep := section.get("keep"), Mapping):
        yield from _keep_problems(name, keep, fields)


def _keep_problems(name: str, keep: Mapping[str, Any], fields: Fields) -> Iterator[str]:
    policy = shapes.choice(FieldPolicy.values)
    known = dict.fromkeys(fields.keys() - UNKEPT.get(name, frozenset()), policy)
    yield from shapes.problems(f"{name}: keep", keep, known)


def _cell_problems(where: str, cell: Any, reader: Reader) -> Iterator[str]:
    if isinstance(cell, str):
        cell = {"column": cell}
    wrong = [*shapes.problems(where, cell, CELL)]
    yield from wrong or _said_problems(
        where, {name: value for name, value in cell.items() if value is not None}, reader
    )


def _said_problems(where: str, cell: Mapping[str, Any], reader: Reader) -> Iterator[str]:
    if ("column" in cell) == ("value" in cell):
        yield f"{where}: needs either a column, or a value that is the same in every row"
    if "otherwise" in cell and "table" not in cell:
        yield f"{where}: otherwise needs a table"
    if "thousands" in cell and cell["thousands"] == cell.get("decimal", "."):
        yield f"{where}: decimal and thousands must be different marks"
    wrong = [*_date_problems(where, cell, reader)]
    yield from wrong or _fixed_problems(where, Cell.of(cell), reader)


def _date_problems(where: str, cell: Mapping[str, Any], reader: Reader) -> Iterator[str]:
    if reader not in (cells.instant, cells.day):
        return
    if "formats" not in cell:
        yield f"{where}: formats is missing (how days are written, like %Y-%m-%d)"
    elif reader is cells.instant and not ("zone" in cell or _name_zones(cell["formats"])):
        yield f"{where}: zone is missing (the time zone meant, like UTC)"


def _name_zones(formats: list[str]) -> bool:
    return all("%z" in form for form in formats)


def _fixed_problems(where: str, cell: Cell, reader: Reader) -> Iterator[str]:
    """Read what the mapping itself says, so that a slip in it refuses no rows."""
    said = (cell.value, cell.otherwise, cell.blank, *(cell.table or {}).values())
    read = reader(cell)
    for text in said:
        try:
            if text is not None:
                read(cell.prefix + text)
        except ValueError as error:
            yield f"{where}: {cells.quoted(text or '')} {error}"
