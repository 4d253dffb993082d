"""What the columns of a file mean: a mapping, said in YAML or on a page and read strictly."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from rapidfuzz import fuzz, process

from definitions import document, shapes
from leads import cells, declarations
from leads.cells import Cell, Reading
from leads.enums import FieldPolicy, ImportMode
from leads.fields import DETAIL, SECTIONS, Fields, Holds
from leads.models import ImportMapping
from leads.records import FileFormat, Layout, plain_name

SHIPPED = Path(__file__).parent / "defaults" / "mappings"
"""Where the mappings are that ship."""

LIKE = 60
"""How much alike a missing column and one of the file are, of 100, for the one to be offered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The fields that a mapping takes from a row for one thing.

    detail: what goes along with a touchpoint, by name. is_optional: a row without it (for a
    touchpoint its instant, for an opportunity its external id is blank) is fine. policies: what
    becomes of known values, by field; of those that are left out, they are overwritten.
    """

    cells: Mapping[str, Cell]
    detail: Mapping[str, Cell] = field(default_factory=dict)
    is_optional: bool = False
    policies: Mapping[str, FieldPolicy] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundSection:
    """A section at the columns of one file: each field's name, column and way to be read."""

    section: Section
    readings: tuple[tuple[str, str, Reading], ...]
    detail: tuple[tuple[str, str, Reading], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A mapping at the columns of one file."""

    mapping: "FileMapping"
    header: tuple[str, ...]
    lead: BoundSection | None
    account: BoundSection | None
    touchpoints: tuple[BoundSection, ...]
    opportunity: BoundSection | None
    campaign: BoundSection | None
    person: BoundSection | None


class ColumnsMissing(Exception):
    """Columns of the mapping are not in the file.

    missing: each with the file's column that is most like it, "" when none is.
    """

    def __init__(self, missing: Mapping[str, str], header: Sequence[str]) -> None:
        self.missing = missing
        said = (
            f"“{column}” (is “{nearest}” meant?)" if nearest else f"“{column}”"
            for column, nearest in missing.items()
        )
        super().__init__(
            f"The file has no column {', '.join(said)}; its columns are {', '.join(header)}."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMapping:
    """How to read one source's files.

    key: the name under which it is kept. holds: what rows are about. system: whose ids the file
    has; blank for campaigns and people. mode: None where it is chosen for each file. declared:
    what is said of how the file is written, by the names of a `Layout`. must_exist: rows about
    unknown leads are refused. person_email, person_name: patterns of the people named in rows;
    `{id}` stands for what the row says.
    """

    key: str
    name: str
    holds: Holds
    system: str
    mode: ImportMode | None
    declared: Mapping[str, Any]
    blanks: frozenset[str]
    must_exist: bool
    lead: Section | None
    account: Section | None
    touchpoints: tuple[Section, ...]
    opportunity: Section | None
    campaign: Section | None
    person: Section | None
    person_email: str
    person_name: str

    @property
    def sections(self) -> tuple[Section, ...]:
        """The sections that it has."""
        said = (
            self.lead,
            self.account,
            *self.touchpoints,
            self.opportunity,
            self.campaign,
            self.person,
        )
        return tuple(section for section in said if section)

    def layout(self, found: Layout) -> Layout:
        """Return how a file is written: as was found, but what is declared wins."""
        said = {
            name: value
            for name, value in self.declared.items()
            if (name == "sheet") == (found.format == FileFormat.XLSX)
        }
        return replace(found, **said)

    def bound(self, header: Sequence[str]) -> Bound:
        """Find the mapping's columns in a file; case and spaces of their names do not count.

        Raises:
            ColumnsMissing: some are not there.
        """
        places = {plain_name(name): place for place, name in enumerate(header)}
        missing = sorted(name for name in columns_of(self) if plain_name(name) not in places)
        if missing:
            raise ColumnsMissing({name: nearest(name, header) for name in missing}, header)

        def at(section: Section | None, name: str) -> BoundSection | None:
            return self._bound(section, SECTIONS[name], places) if section else None

        return Bound(
            mapping=self,
            header=tuple(header),
            lead=at(self.lead, "lead"),
            account=at(self.account, "account"),
            touchpoints=tuple(
                self._bound(section, SECTIONS["touchpoints"], places)
                for section in self.touchpoints
            ),
            opportunity=at(self.opportunity, "opportunity"),
            campaign=at(self.campaign, "campaign"),
            person=at(self.person, "person"),
        )

    def _bound(self, section: Section, fields: Fields, places: Mapping[str, int]) -> BoundSection:
        def readings(
            said: Mapping[str, Cell], readers: Fields
        ) -> tuple[tuple[str, str, Reading], ...]:
            return tuple(
                (
                    name,
                    cell.column,
                    cells.reading(
                        cell,
                        readers[name],
                        position=places[plain_name(cell.column)] if cell.column else None,
                        blanks=self.blanks,
                    ),
                )
                for name, cell in said.items()
            )

        return BoundSection(
            section=section,
            readings=readings(section.cells, fields),
            detail=readings(section.detail, dict.fromkeys(section.detail, DETAIL)),
        )


class MappingUnreadable(Exception):
    """The mapping says nothing that can be followed; the message lists every problem."""


def shipped() -> list[str]:
    """Return the keys of the mappings that ship, by name."""
    return sorted(path.stem for path in SHIPPED.glob("*.yaml"))


def content_of(key: str) -> dict[str, Any]:
    """Return the content of a mapping that was saved or ships, by its key; at most one query.

    Raises:
        MappingUnreadable: there is none.
    """
    saved = ImportMapping.objects.filter(key=key).values_list("content", flat=True).first()
    if saved is not None:
        return dict(saved)
    if key not in shipped():
        raise MappingUnreadable(
            f"{key}: no such mapping. Shipped: {', '.join(shipped())}; or give a YAML file."
        )
    return _content((SHIPPED / f"{key}.yaml").read_text(encoding="utf-8"), key=key)


def load(name: str) -> FileMapping:
    """Read a mapping: a saved or shipped one by its key, any other by the path of its YAML file.

    A path is what could be no key, like `forms.yaml` or `./forms`.

    Raises:
        MappingUnreadable: there is no such file, or it is no mapping.
    """
    if not shapes.slug(name):
        return read(content_of(name), key=name)
    path = Path(name)
    try:
        return parse(path.read_text(encoding="utf-8"), key=path.stem[:64])
    except (OSError, ValueError) as error:
        raise MappingUnreadable(f"{name}: there is no such file of text.") from error


def save(
    content: Mapping[str, Any], *, key: str, name: str, by: AbstractBaseUser | None
) -> ImportMapping:
    """Keep a mapping under a key, in the place of what was kept there.

    Raises:
        MappingUnreadable: it cannot be followed, or the key is none.
    """
    if shapes.slug(key):
        raise MappingUnreadable(f"{key}: the key {shapes.slug(key)}.")
    content = {**content, "name": name}
    read(content, key=key)
    saved, _ = ImportMapping.objects.update_or_create(
        key=key,
        defaults={"name": name, "content": content},
        create_defaults={
            "name": name,
            "content": content,
            "created_by_id": by.pk if by else None,
        },
    )
    return saved


def parse(text: str, *, key: str) -> FileMapping:
    """Read a mapping's text.

    Raises:
        MappingUnreadable: something is missing, unknown or contradictory.
    """
    return read(_content(text, key=key), key=key)


def read(content: Mapping[str, Any], *, key: str) -> FileMapping:
    """Read a mapping's content.

    Raises:
        MappingUnreadable: something is missing, unknown or contradictory.
    """
    wrong = [*declarations.problems(content)]
    if wrong:
        raise MappingUnreadable("\n".join(f"{key}: {problem}" for problem in wrong))
    return _build(content, key=key)


def columns_of(mapping: FileMapping) -> set[str]:
    """Return the columns that a file must have."""
    return {
        cell.column
        for section in mapping.sections
        for cell in (*section.cells.values(), *section.detail.values())
        if cell.column
    }


def nearest(name: str, header: Iterable[str]) -> str:
    """Return the column of a file that is most like a name, "" when none is much like it."""
    found = process.extractOne(
        name, header, scorer=fuzz.token_sort_ratio, processor=plain_name, score_cutoff=LIKE
    )
    return found[0] if found else ""


def _content(text: str, *, key: str) -> dict[str, Any]:
    try:
        return document.read(text)
    except document.DocumentUnreadable as error:
        raise MappingUnreadable(f"{key}: {error}") from error


def _build(content: Mapping[str, Any], *, key: str) -> FileMapping:
    people, lead = content.get("people") or {}, content.get("lead") or {}
    holds = declarations.holds(content)
    must_exist = lead.get("must_exist")
    if must_exist is None:
        must_exist = holds in (Holds.TOUCHPOINTS, Holds.OPPORTUNITIES)
    return FileMapping(
        key=key,
        name=content.get("name") or key,
        holds=holds,
        system=content.get("system") or "",
        mode=ImportMode(content["mode"]) if content.get("mode") else None,
        declared=_declared(content.get("file") or {}),
        blanks=frozenset(content["blanks"]),
        must_exist=must_exist,
        touchpoints=tuple(
            _section(row, SECTIONS["touchpoints"]) for row in content.get("touchpoints") or ()
        ),
        person_email=people.get("email") or "",
        person_name=people.get("name") or "",
        **{
            name: _section(content[name], SECTIONS[name]) if content.get(name) else None
            for name in ("lead", "account", "opportunity", "campaign", "person")
        },
    )


def _declared(file: Mapping[str, Any]) -> dict[str, Any]:
    names = {"multiline": "is_multiline"}
    return {names.get(name, name): value for name, value in file.items() if value is not None}


def _section(content: Mapping[str, Any], fields: Fields) -> Section:
    return Section(
        cells={name: Cell.of(content[name]) for name in fields if content.get(name) is not None},
        detail={name: Cell.of(cell) for name, cell in (content.get("detail") or {}).items()},
        is_optional=content.get("optional") or False,
        policies={
            name: FieldPolicy(policy)
            for name, policy in (content.get("keep") or {}).items()
            if policy
        },
    )
