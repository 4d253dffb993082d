"""A row of a file as facts: what its cells say, or every reason why it cannot be taken."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from definitions.models import TouchpointKind
from leads import cells
from leads.companies import AccountFacts
from leads.enums import OpportunityStage, Stage
from leads.fields import MONEY, PEOPLE
from leads.intake import LeadFacts
from leads.mappings import Bound, BoundSection
from leads.marketing import CampaignFacts
from leads.models import Asset, Persona
from leads.people import Person, PersonFacts
from leads.phones import normalize_phone
from leads.records import Record
from leads.touchpoints import Identity, TouchpointFacts


class Problem(NamedTuple):
    """Why a row cannot be taken: a sentence, and the column that it is about, "" for the row."""

    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class RowRefused:
    """A row that cannot be taken, and every reason why."""

    line: int
    problems: tuple[Problem, ...]

    def __str__(self) -> str:
        said = (f"{column}: {reason}" if column else reason for column, reason in self.problems)
        return f"line {self.line}: {' '.join(said)}"


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


@dataclass(slots=True)
class Row:
    """What one row says.

    lead: with its account. account: of rows about companies alone. effective_at: since when it
    holds. deal: the values of its opportunity by the mapping's names, people as `Person`.
    """

    line: int
    lead: LeadFacts | None = None
    effective_at: datetime | None = None
    stage: Stage | None = None
    touchpoints: tuple[TouchpointFacts, ...] = ()
    deal: Mapping[str, Any] | None = None
    account: AccountFacts | None = None
    campaign: CampaignFacts | None = None
    person: PersonFacts | None = None


class _Refused:
    """Stands for a value that cannot be taken; the reason is noted already."""


_REFUSED = _Refused()

_Said = dict[str, Any]
"""What the cells of a section say, by field; nothing of those that are blank."""


def row_of(record: Record, bound: Bound, *, keys: Keys) -> Row | RowRefused:
    """Read a row by its mapping, or say everything that is wrong with it."""
    if record.damage:
        return RowRefused(record.line, (Problem("", record.damage),))
    problems: list[Problem] = []
    row = _Reading(bound, record, keys, problems).row()
    if row is None or problems:
        return RowRefused(record.line, tuple(dict.fromkeys(problems)))
    return row


def stored(row: Row) -> dict[str, str]:
    """Return a row as it would be stored: texts by section and field, `lead.email` for example.

    Instants are in UTC. Several touchpoints are numbered from 1.
    """
    said: dict[str, Any] = {"effective_at": row.effective_at, "stage": row.stage}
    parts: dict[str, Mapping[str, Any]] = {
        "lead": _facts(row.lead) | said if row.lead else {},
        "account": _facts((row.lead and row.lead.account) or row.account),
        "opportunity": row.deal or {},
        "campaign": _facts(row.campaign),
        "person": _facts(row.person),
    }
    for place, touchpoint in enumerate(row.touchpoints, start=1):
        name = "touchpoint" if len(row.touchpoints) == 1 else f"touchpoint {place}"
        parts[name] = _facts(touchpoint)
    return {
        f"{part}.{name}": written
        for part, values in parts.items()
        for name, value in values.items()
        if (written := _written(value))
    }


def _facts(facts: Any) -> dict[str, Any]:
    """Return the fields of facts that are simple values; of details, each for itself."""
    if facts is None:
        return {}
    said = {each.name: getattr(facts, each.name) for each in fields(facts)}
    detail = {f"detail.{name}": value for name, value in said.pop("detail", {}).items()}
    return {name: value for name, value in said.items() if not is_dataclass(value)} | detail


def _written(value: Any) -> str:
    return "" if value is None else WRITERS.get(type(value), str)(value)


WRITERS: Mapping[type, Callable[[Any], str]] = {
    bool: lambda value: str(value).lower(),
    date: date.isoformat,
    datetime: lambda value: value.astimezone(UTC).isoformat().replace("+00:00", "Z"),
    Decimal: lambda value: f"{value:f}",
    Person: lambda value: value.email,
    tuple: "; ".join,
}
"""How values are shown that are no texts, by type."""


class _Reading(NamedTuple):
    """One row as it is read."""

    bound: Bound
    record: Record
    keys: Keys
    problems: list[Problem]

    def row(self) -> Row | None:
        """Read the row; None when it cannot be taken."""
        bound, line = self.bound, self.record.line
        row: Row | None = None
        if bound.lead:
            row = self._about_lead(bound.lead)
        elif bound.account:
            said = self._account(bound.account)
            row = None if self.problems else Row(line, account=AccountFacts(**said))
        elif bound.campaign:
            said = self._needing(bound.campaign, "key")
            row = None if self.problems else Row(line, campaign=CampaignFacts(**said))
        elif bound.person:
            said = self._needing(bound.person, "email")
            row = None if self.problems else Row(line, person=PersonFacts(**said))
        return row

    def _account(self, section: BoundSection) -> _Said:
        said = self._values(section)
        if not ("name" in said or "domain" in said):
            self._refuse_blank(section, "name", "domain")
        return said

    def _needing(self, section: BoundSection, name: str) -> _Said:
        said = self._values(section)
        self._check_needed(section, said, name)
        return said

    def _about_lead(self, section: BoundSection) -> Row | None:
        said = self._values(section)
        effective_at, stage = said.pop("effective_at", None), said.pop("stage", None)
        if not ("external_id" in said or "email" in said):
            self._refuse_blank(section, "external_id", "email")
        if "persona" in said:
            self._check_key(section, said, "persona", self.keys.personas)
        account = self._values(self.bound.account) if self.bound.account else {}
        if "phone" in said:
            self._read_phone(section, said, account)
        touchpoints = [self._touchpoint(each) for each in self.bound.touchpoints]
        deal = self._deal(self.bound.opportunity) if self.bound.opportunity else None
        if self.problems:
            return None
        if "name" in account or "domain" in account:
            said["account"] = AccountFacts(**account)
        lead = LeadFacts(system=self.bound.mapping.system, **said)
        return Row(
            self.record.line,
            lead,
            effective_at,
            stage and Stage(stage),
            self._of_lead(lead, touchpoints),
            deal,
        )

    def _of_lead(
        self, lead: LeadFacts, said: Sequence[_Said | None]
    ) -> tuple[TouchpointFacts, ...]:
        if not said:
            return ()
        named = Identity(system=lead.system, external_id=lead.external_id, email=lead.email or "")
        return tuple(TouchpointFacts(lead=named, **each) for each in said if each is not None)

    def _touchpoint(self, section: BoundSection) -> _Said | None:
        said = self._values(section)
        if not ("occurred_at" in said and "kind" in said):
            if section.section.is_optional:
                return None
            self._check_needed(section, said, "occurred_at", "kind")
            return None
        self._check_key(section, said, "kind", self.keys.kinds)
        if "asset" in said:
            self._check_key(section, said, "asset", self.keys.assets)
        if section.detail:
            said["detail"] = self._read(section.detail)
        return said

    def _deal(self, section: BoundSection) -> Mapping[str, Any] | None:
        said = self._values(section)
        if section.section.is_optional and "external_id" not in said:
            return None
        is_open = said.get("stage") == OpportunityStage.OPEN
        is_closed = said.get("stage") in (OpportunityStage.WON, OpportunityStage.LOST)
        needed = ("external_id", "stage", *(("closed_at",) if is_closed else ()))
        self._check_needed(section, said, *needed)
        for name in PEOPLE:
            if name in said and said[name] is not _REFUSED:
                self._read_person(section, said, name)
        return said | {"closed_at": None} if is_open else said

    def _read_person(self, section: BoundSection, said: _Said, name: str) -> None:
        """Put somebody's e-mail address in the place of what the row calls them."""
        called = said[name]
        address = self.bound.mapping.person_email.replace("{id}", called).lower()
        try:
            validate_email(address)
        except ValidationError:
            self._refuse(section, name, f"{cells.quoted(address)} is no e-mail address.")
        said[name] = Person(address, called)

    def _read_phone(self, section: BoundSection, said: _Said, account: Mapping[str, Any]) -> None:
        """Read a telephone number by the country that the row names, else the mapping."""
        written = said["phone"]
        cell = section.section.cells["phone"]
        region = said.get("country") or account.get("country") or cell.region
        if written is _REFUSED or region is _REFUSED:
            return
        try:
            said["phone"] = normalize_phone(written, region=region)
        except ValueError as error:
            self._refuse(section, "phone", f"{cells.quoted(written)} {error}")

    def _values(self, section: BoundSection) -> _Said:
        """Read a section's cells; notes those that cannot be taken, and money without currency."""
        said = self._read(section.readings)
        if "currency" not in said and not MONEY.isdisjoint(said):
            self._refuse_blank(section, "currency")
        return said

    def _read(self, readings: Sequence[tuple[str, str, cells.Reading]]) -> _Said:
        values, said = self.record.values, {}
        for name, column, read in readings:
            try:
                value = read(values)
            except ValueError as error:
                self.problems.append(Problem(column or name, str(error)))
                value = _REFUSED
            if value is not None:
                said[name] = value
        return said

    def _check_needed(self, section: BoundSection, said: _Said, *names: str) -> None:
        for name in names:
            if name not in said:
                self._refuse_blank(section, name)

    def _refuse_blank(self, section: BoundSection, *names: str) -> None:
        said = section.section.cells
        columns = [said[name].column for name in names if name in said and said[name].column]
        self.problems.append(
            Problem(", ".join(columns) or names[0], "is blank, but the row needs it.")
        )

    def _check_key(
        self, section: BoundSection, said: _Said, name: str, known: frozenset[str]
    ) -> None:
        key = said[name]
        if key not in known and key is not _REFUSED:
            self._refuse(section, name, f"{cells.quoted(key)} is not a known {name}.")

    def _refuse(self, section: BoundSection, name: str, reason: str) -> None:
        column = section.section.cells[name].column or name
        self.problems.append(Problem(column, reason))
