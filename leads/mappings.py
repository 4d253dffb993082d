"""What the columns of a file mean: a mapping, written in YAML and read strictly."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from definitions import document, shapes
from definitions.shapes import Shape
from leads import cells
from leads.cells import Cell, Reader
from leads.enums import ImportMode, OpportunityStage, Stage

SHIPPED = Path(__file__).parent / "defaults" / "mappings"
"""Where the mappings are that ship."""

Fields = Mapping[str, Reader]

PERSON = cells.text(200)
COUNTRY = cells.letters(2, "country of ISO 3166-1 alpha-2")
LANGUAGE = cells.letters(2, "language of ISO 639-1")
CURRENCY = cells.letters(3, "currency of ISO 4217")

LEAD: Fields = {
    "external_id": cells.text(200),
    "email": cells.email,
    "first_name": cells.text(100),
    "last_name": cells.text(100),
    "job_title": cells.text(200),
    "phone": cells.text(32),
    "country": COUNTRY,
    "region": cells.text(64),
    "language": LANGUAGE,
    "source": cells.key,
    "campaign": cells.key,
    "persona": cells.key,
    "expected_acv": cells.money,
    "currency": CURRENCY,
    "effective_at": cells.instant,
    "stage": cells.one_of(frozenset(Stage.values) - {"new"}),
}
ACCOUNT: Fields = {
    "name": cells.text(200),
    "domain": cells.text(253),
    "country": COUNTRY,
    "region": cells.text(64),
    "industry": cells.text(64),
    "employee_count": cells.whole,
    "revenue": cells.money,
    "expected_acv": cells.money,
    "currency": CURRENCY,
    "funding_stage": cells.text(32),
    "technologies": cells.words,
    "is_target": cells.flag,
    "parent_domain": cells.text(253),
}
TOUCHPOINT: Fields = {
    "kind": cells.key,
    "occurred_at": cells.instant,
    "channel": cells.text(32),
    "external_id": cells.text(200),
    "campaign": cells.key,
    "asset": cells.key,
    "is_verified": cells.flag,
    "is_bot": cells.flag,
}
OPPORTUNITY: Fields = {
    "external_id": cells.text(200),
    "name": cells.text(200),
    "stage": cells.one_of(frozenset(OpportunityStage.values)),
    "amount": cells.money,
    "currency": CURRENCY,
    "owner": PERSON,
    "sourced_by": PERSON,
    "opened_at": cells.instant,
    "closed_at": cells.instant,
    "loss_reason": cells.text(200),
}
DETAIL = cells.text(2000)

PEOPLE = ("owner", "sourced_by")
"""Fields of an opportunity that name people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The fields that a mapping takes from a row for one thing.

    detail: what goes along with a touchpoint, by name. is_optional: a row without it (for a
    touchpoint its instant, for an opportunity its external id is blank) is fine.
    """

    cells: Mapping[str, Cell]
    detail: Mapping[str, Cell] = field(default_factory=dict)
    is_optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMapping:
    """How to read one source's files.

    key: the name of the mapping's file. must_exist: rows about unknown leads are refused.
    is_multiline: a quoted value may hold line breaks. person_email, person_name: patterns of the
    people named in rows; `{id}` stands for what the row says.
    """

    key: str
    name: str
    system: str
    mode: ImportMode
    delimiter: str
    quote: str
    encoding: str
    is_multiline: bool
    blanks: frozenset[str]
    must_exist: bool
    lead: Section
    account: Section | None
    touchpoints: tuple[Section, ...]
    opportunity: Section | None
    person_email: str
    person_name: str


class MappingUnreadable(Exception):
    """The mapping says nothing that can be followed; the message lists every problem."""


def shipped() -> list[str]:
    """Return the keys of the mappings that ship, by name."""
    return sorted(path.stem for path in SHIPPED.glob("*.yaml"))


def load(name: str) -> FileMapping:
    """Read a mapping: a shipped one by its key, any other by the path of its YAML file.

    Raises:
        MappingUnreadable: there is no such file, or it is no mapping.
    """
    path = SHIPPED / f"{name}.yaml" if name in shipped() else Path(name)
    try:
        return parse(path.read_text(encoding="utf-8"), key=path.stem[:64])
    except (OSError, UnicodeDecodeError) as error:
        raise MappingUnreadable(
            f"{name}: no such mapping. Shipped: {', '.join(shipped())}; or give a YAML file."
        ) from error


def parse(text: str, *, key: str) -> FileMapping:
    """Read a mapping's text.

    Raises:
        MappingUnreadable: something is missing, unknown or contradictory.
    """
    try:
        content = document.read(text)
    except document.DocumentUnreadable as error:
        raise MappingUnreadable(f"{key}: {error}") from error
    wrong = [*_problems(content)]
    if wrong:
        raise MappingUnreadable("\n".join(f"{key}: {problem}" for problem in wrong))
    return _build(content, key=key)


def columns_of(mapping: FileMapping) -> set[str]:
    """Return the columns that a file must have."""
    sections = (mapping.lead, mapping.account, *mapping.touchpoints, mapping.opportunity)
    return {
        cell.column
        for section in sections
        if section
        for cell in (*section.cells.values(), *section.detail.values())
        if cell.column
    }


def _encoding(value: Any) -> str:
    try:
        "".encode(value)
    except (LookupError, TypeError):
        return "must be an encoding, like utf-8, utf-16 or cp1252"
    return ""


def _sign(value: Any) -> str:
    return "" if isinstance(value, str) and len(value) == 1 else "must be one character"


def _texts(value: Any) -> str:
    is_table = isinstance(value, Mapping) and all(isinstance(text, str) for text in value.values())
    return "" if is_table and all(isinstance(key, str) for key in value) else "must map texts"


def _string(value: Any) -> str:
    return "" if isinstance(value, str) else "must be a text (in quotes if it looks like none)"


def _person(value: Any) -> str:
    return "" if isinstance(value, str) and "{id}" in value else "must be a text with {id} in it"


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
}
FILE: Mapping[str, Shape] = {
    "delimiter": _sign,
    "quote": _sign,
    "encoding": _encoding,
    "multiline": shapes.flag,
}
PEOPLE_SHAPES: Mapping[str, Shape] = {"email": _person, "name": _person}
CELL: Mapping[str, Shape] = {
    "column": shapes.text(200),
    "value": _string,
    "table": _texts,
    "otherwise": _string,
    "blank": _string,
    "prefix": _string,
    "formats": shapes.list_of(shapes.text(64), is_empty_allowed=False),
    "zone": shapes.zone,
    "fold": shapes.choice(("first", "second")),
    "decimal": _sign,
    "thousands": _sign,
    "separator": _sign,
}


def _problems(content: Mapping[str, Any]) -> Iterator[str]:
    first = [
        *shapes.problems(
            "mapping", content, WHOLE, required=("name", "system", "mode", "blanks", "lead")
        ),
    ]
    yield from first
    if first:
        return
    required = ("delimiter", "encoding")
    yield from shapes.problems("file", content.get("file") or {}, FILE, required=required)
    lead, opportunity = content["lead"], content.get("opportunity") or {}
    yield from _section_problems("lead", lead, LEAD, options=("must_exist",))
    if not {"external_id", "email"} & lead.keys():
        yield "lead: needs external_id or email, to say who is meant"
    if content.get("account"):
        yield from _section_problems("account", content["account"], ACCOUNT)
        if not {"name", "domain"} & content["account"].keys():
            yield "account: needs name or domain, to say which is meant"
    for place, touchpoint in enumerate(content.get("touchpoints") or (), start=1):
        where, options = f"touchpoint {place}", ("optional", "detail")
        yield from _section_problems(
            where, touchpoint, TOUCHPOINT, options=options, required=("kind", "occurred_at")
        )
        for name, cell in (touchpoint.get("detail") or {}).items():
            yield from _cell_problems(f"{where}: detail {name}", cell, DETAIL)
    if opportunity:
        yield from _section_problems(
            "opportunity",
            opportunity,
            OPPORTUNITY,
            options=("optional",),
            required=("external_id", "stage"),
        )
    people = content.get("people") or {}
    needed = ("email",) if opportunity.keys() & set(PEOPLE) else ()
    yield from shapes.problems("people", people, PEOPLE_SHAPES, required=needed)


def _section_problems(
    where: str,
    section: Mapping[str, Any],
    fields: Fields,
    *,
    options: tuple[str, ...] = (),
    required: tuple[str, ...] = (),
) -> Iterator[str]:
    known: dict[str, Shape] = dict.fromkeys(fields, shapes.anything)
    known |= dict.fromkeys(options, shapes.flag)
    if "detail" in options:
        known["detail"] = shapes.mapping
    yield from shapes.problems(where, section, known, required=required)
    for name, cell in section.items():
        if name in fields:
            yield from _cell_problems(f"{where}: {name}", cell, fields[name])
    for money in {"expected_acv", "revenue", "amount"} & section.keys():
        if "currency" not in section:
            yield f"{where}: {money} needs a currency"


def _cell_problems(where: str, cell: Any, read: Reader) -> Iterator[str]:
    if isinstance(cell, str):
        cell = {"column": cell}
    wrong = [*shapes.problems(where, cell, CELL)]
    yield from wrong
    if wrong:
        return
    if ("column" in cell) == ("value" in cell):
        yield f"{where}: needs either a column, or a value that is the same in every row"
    if "otherwise" in cell and "table" not in cell:
        yield f"{where}: otherwise needs a table"
    if read is cells.instant and "formats" not in cell:
        yield f"{where}: formats is missing (how instants are written, like %Y-%m-%d)"
    elif read is cells.instant and "zone" not in cell:
        if not all("%z" in form for form in cell["formats"]):
            yield f"{where}: zone is missing (the time zone meant, like UTC)"
    else:
        yield from _fixed_problems(where, _cell(cell), read)


def _fixed_problems(where: str, cell: Cell, read: Reader) -> Iterator[str]:
    """Read what the mapping itself says, so that a slip in it refuses no rows."""
    said = (cell.value, cell.otherwise, cell.blank, *(cell.table or {}).values())
    for text in said:
        try:
            if text is not None:
                read(cell.prefix + text, cell)
        except ValueError as error:
            yield f"{where}: “{text}” {error}"


def _build(content: Mapping[str, Any], *, key: str) -> FileMapping:
    file, people = content["file"], content.get("people") or {}
    return FileMapping(
        key=key,
        name=content["name"],
        system=content["system"],
        mode=ImportMode(content["mode"]),
        delimiter=file["delimiter"],
        quote=file.get("quote") or '"',
        encoding=file["encoding"],
        is_multiline=file.get("multiline") or False,
        blanks=frozenset(content["blanks"]),
        must_exist=content["lead"].get("must_exist") or False,
        lead=_section(content["lead"], LEAD),
        account=_section(content["account"], ACCOUNT) if content.get("account") else None,
        touchpoints=tuple(_section(row, TOUCHPOINT) for row in content.get("touchpoints") or ()),
        opportunity=_section(content["opportunity"], OPPORTUNITY)
        if content.get("opportunity")
        else None,
        person_email=people.get("email", ""),
        person_name=people.get("name", ""),
    )


def _section(content: Mapping[str, Any], fields: Fields) -> Section:
    return Section(
        cells={name: _cell(content[name]) for name in fields if content.get(name) is not None},
        detail={name: _cell(cell) for name, cell in (content.get("detail") or {}).items()},
        is_optional=content.get("optional") or False,
    )


def _cell(content: str | Mapping[str, Any]) -> Cell:
    if isinstance(content, str):
        return Cell(column=content)
    said: dict[str, Any] = {name: value for name, value in content.items() if value is not None}
    if "zone" in said:
        said["zone"] = ZoneInfo(said["zone"])
    if "formats" in said:
        said["formats"] = tuple(said["formats"])
    if "fold" in said:
        said["fold"] = ("first", "second").index(said["fold"])
    return Cell(**said)
