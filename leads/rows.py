"""A row of a file as facts: what its cells say about a lead, its touchpoints and its deal."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from definitions.models import TouchpointKind
from leads import cells, mappings
from leads.accounts import AccountFacts
from leads.cells import CellRefused
from leads.enums import OpportunityStage, Stage
from leads.files import Record
from leads.intake import LeadFacts
from leads.mappings import FileMapping, Section
from leads.models import Asset, Persona
from leads.people import Person
from leads.touchpoints import Identity, TouchpointFacts

MONEY = ("expected_acv", "revenue", "amount")


class RowRefused(ValueError):
    """A row cannot be taken; says in which line and column, and why."""

    def __init__(self, line: int, column: str, reason: str) -> None:
        self.line = line
        self.column = column
        self.reason = reason
        super().__init__(
            f"line {line}, {column}: {reason}" if column else f"line {line}: {reason}"
        )


@dataclass(frozen=True, slots=True)
class Keys:
    """What a row may name, by key; everything else refuses it."""

    kinds: frozenset[str]
    assets: frozenset[str]
    personas: frozenset[str]

    @classmethod
    def read(cls) -> "Keys":
        """Read the keys that exist; three queries."""
        models = (TouchpointKind, Asset, Persona)
        return cls(*(frozenset(m._default_manager.values_list("key", flat=True)) for m in models))


@dataclass(frozen=True, slots=True)
class Row:
    """What one row says.

    deal: the values of its opportunity by the mapping's names, people as `Person`.
    """

    line: int
    lead: LeadFacts
    effective_at: datetime | None
    stage: Stage | None
    touchpoints: tuple[TouchpointFacts, ...]
    deal: Mapping[str, Any] | None


def row_of(record: Record, mapping: FileMapping, *, keys: Keys) -> Row:
    """Read a row by its mapping.

    Raises:
        RowRefused: it is damaged, or a value cannot be taken; the first that cannot is named.
    """
    if record.damage:
        raise RowRefused(record.line, "", record.damage)
    try:
        return _row(record, mapping, keys)
    except CellRefused as error:
        raise RowRefused(record.line, error.column, error.reason) from error


def _row(record: Record, mapping: FileMapping, keys: Keys) -> Row:
    said = _values(mapping.lead, record, mapping, mappings.LEAD)
    effective_at, stage = said.pop("effective_at", None), said.pop("stage", None)
    if not (said.get("external_id") or said.get("email")):
        _refuse_blank(mapping.lead, "external_id", "email")
    _check_key(mapping.lead, said, "persona", keys.personas)
    account = mapping.account and _values(mapping.account, record, mapping, mappings.ACCOUNT)
    if account and (account.get("name") or account.get("domain")):
        said["account"] = AccountFacts(**account)
    lead = LeadFacts(system=mapping.system, **({"external_id": ""} | _present(said)))
    return Row(
        line=record.line,
        lead=lead,
        effective_at=effective_at,
        stage=stage and Stage(stage),
        touchpoints=tuple(
            touchpoint
            for section in mapping.touchpoints
            if (touchpoint := _touchpoint(section, record, mapping, lead, keys))
        ),
        deal=_deal(mapping.opportunity, record, mapping) if mapping.opportunity else None,
    )


def _touchpoint(
    section: Section, record: Record, mapping: FileMapping, lead: LeadFacts, keys: Keys
) -> TouchpointFacts | None:
    said = _values(section, record, mapping, mappings.TOUCHPOINT)
    for name in ("occurred_at", "kind"):
        if said[name] is None:
            if section.is_optional:
                return None
            _refuse_blank(section, name)
    _check_key(section, said, "kind", keys.kinds)
    _check_key(section, said, "asset", keys.assets)
    detail = {
        name: cells.value_of(cell, mappings.DETAIL, record.values, blanks=mapping.blanks)
        for name, cell in section.detail.items()
    }
    named = Identity(system=lead.system, external_id=lead.external_id, email=lead.email or "")
    return TouchpointFacts(lead=named, detail=_present(detail), **_present(said))


def _deal(section: Section, record: Record, mapping: FileMapping) -> Mapping[str, Any] | None:
    said = _values(section, record, mapping, mappings.OPPORTUNITY)
    if said["external_id"] is None and section.is_optional:
        return None
    for name in ("external_id", "stage"):
        if said[name] is None:
            _refuse_blank(section, name)
    is_open = said["stage"] == OpportunityStage.OPEN
    if not is_open and said.get("closed_at") is None:
        _refuse_blank(section, "closed_at")
    return _present(_with_addresses(said, section, mapping)) | (
        {"closed_at": None} if is_open else {}
    )


def _with_addresses(
    said: dict[str, Any], section: Section, mapping: FileMapping
) -> dict[str, Any]:
    """Put the e-mail addresses of people in the place of what the row calls them."""
    addresses = {}
    for name in mappings.PEOPLE:
        if said.get(name) is not None:
            address = mapping.person_email.replace("{id}", said[name]).lower()
            try:
                addresses[name] = Person(cells.email(address, section.cells[name]), said[name])
            except ValueError as error:
                raise CellRefused(section.cells[name].column, f"“{address}” {error}") from error
    return said | addresses


def _values(
    section: Section, record: Record, mapping: FileMapping, readers: mappings.Fields
) -> dict[str, Any]:
    """Read a section's cells; None where blank.

    Raises:
        CellRefused: a value cannot be taken, or is money without a currency.
    """
    said = {
        name: cells.value_of(cell, readers[name], record.values, blanks=mapping.blanks)
        for name, cell in section.cells.items()
    }
    if any(said.get(money) is not None for money in MONEY) and not said["currency"]:
        _refuse_blank(section, "currency")
    return said


def _refuse_blank(section: Section, *names: str) -> None:
    columns = (section.cells[name].column for name in names if name in section.cells)
    raise CellRefused(", ".join(columns) or names[0], "is blank, but the row needs it.")


def _check_key(
    section: Section, said: Mapping[str, Any], name: str, known: frozenset[str]
) -> None:
    key = said.get(name)
    if key is not None and key not in known:
        raise CellRefused(section.cells[name].column or name, f"“{key}” is not a known {name}.")


def _present(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if value is not None}
