"""Rows that were read are recorded, each kind by its own intake; the outcomes by row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from leads import (
    account_batches,
    attributes,
    batches,
    entries,
    marketing,
    opportunities,
    people,
    touchpoints,
)
from leads.accounts import AccountOutcome
from leads.attributes import OVERWRITE_ALL, Policies
from leads.batches import Item
from leads.companies import AccountItem
from leads.entries import Entry
from leads.enums import ImportMode, RowState
from leads.fields import Holds
from leads.intake import LeadOutcome
from leads.mappings import Bound, FileMapping, Section
from leads.marketing import CampaignOutcome
from leads.models import Lead
from leads.opportunities import OpportunityFacts, OpportunityItem, OpportunityOutcome
from leads.people import Person, PersonOutcome
from leads.rows import Keys, Problem, Row

Changes = dict[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class Way:
    """How rows are saved: by which mapping, in which mode, received when."""

    bound: Bound
    keys: Keys
    mode: ImportMode
    at: datetime

    @property
    def mapping(self) -> FileMapping:
        """What the columns mean."""
        return self.bound.mapping

    @property
    def is_live(self) -> bool:
        """Whether what came in may qualify leads and open handoffs."""
        return self.mode == ImportMode.LIVE


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a row; `changes` are old and new values by field, as JSON."""

    state: RowState
    changes: Changes = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


Numbered = tuple[int, Row]
"""A row with the id under which it is staged."""


@dataclass(slots=True)
class Done:
    """What was saved of some rows, and what became of each."""

    results: dict[int, Result] = field(default_factory=dict)
    leads: list[tuple[int, Row, LeadOutcome]] = field(default_factory=list)
    touchpoint_ids: list[int] = field(default_factory=list)
    campaigns: list[tuple[int, CampaignOutcome]] = field(default_factory=list)
    people: list[tuple[int, PersonOutcome]] = field(default_factory=list)

    def add(self, other: "Done") -> None:
        """Add what was saved of other rows."""
        for name in self.__slots__:
            mine = getattr(self, name)
            setattr(
                self,
                name,
                mine | getattr(other, name)
                if isinstance(mine, dict)
                else [*mine, *getattr(other, name)],
            )


class RowNotTaken(Exception):
    """One of several rows that were to be saved together cannot be taken."""


def record(rows: Sequence[Numbered], way: Way) -> Done:
    """Save rows together, in the caller's transaction.

    Raises:
        RowNotTaken: one of them cannot be taken as it is.
        IntegrityError, DataError: the database refuses one of them.
    """
    match way.mapping.holds:
        case Holds.ACCOUNTS:
            return _record_accounts(rows, way)
        case Holds.CAMPAIGNS:
            return _record_campaigns(rows, way)
        case Holds.PEOPLE:
            return _record_people(rows, way)
    done = _record_leads(rows, way)
    if not way.is_live:
        entries.enter(_entries(done.leads, way))
    _record_touchpoints(done, way)
    _record_deals(done, way)
    return done


def _record_leads(rows: Sequence[Numbered], way: Way) -> Done:
    said = [(pk, row, row.lead) for pk, row in rows if row.lead]
    outcomes = batches.record(
        [Item(lead, row.effective_at) for _, row, lead in said],
        received_at=way.at,
        mark=way.is_live,
        is_creating=not way.mapping.must_exist,
        policies=_policies(way.mapping.lead),
        account_policies=_policies(way.mapping.account),
    )
    done = Done()
    for (pk, row, _), outcome in zip(said, outcomes, strict=True):
        if isinstance(outcome, LeadOutcome):
            done.leads.append((pk, row, outcome))
            done.results[pk] = Result(_state_of(outcome), named(outcome.changes))
        else:
            problem = Problem(identifying_column(way.mapping), str(outcome))
            done.results[pk] = Result(RowState.REFUSED, problems=(problem,))
    return done


def _state_of(outcome: LeadOutcome) -> RowState:
    if outcome.is_created:
        return RowState.CREATED
    if outcome.is_merged:
        return RowState.MERGED
    return RowState.UPDATED if outcome.changes else RowState.UNCHANGED


def named(changes: Mapping[str, tuple[Any, Any]], prefix: str = "") -> Changes:
    """Return changes by the fields' own names: `account` for `account_id`."""
    return {
        prefix + attributes.name_of(attribute): change for attribute, change in changes.items()
    }


def _policies(section: Section | None) -> Policies:
    return section.policies if section else OVERWRITE_ALL


def identifying_column(mapping: FileMapping) -> str:
    """Return the column that says which lead a row is about."""
    cells = mapping.lead.cells if mapping.lead else {}
    return next((cells[name].column for name in ("external_id", "email") if name in cells), "")


def _entries(taken: Sequence[tuple[int, Row, LeadOutcome]], way: Way) -> list[Entry]:
    return [
        Entry(outcome.lead.pk, row.stage, row.effective_at or way.at)
        for _, row, outcome in taken
        if row.stage
    ]


def _record_touchpoints(done: Done, way: Way) -> None:
    """Save the rows' touchpoints; a row of which one is new has created something."""
    items = [
        (pk, replace(touchpoint, lead=outcome.lead.pk))
        for pk, row, outcome in done.leads
        for touchpoint in row.touchpoints
    ]
    if not items:
        return
    outcomes = touchpoints.record(
        [touchpoint for _, touchpoint in items],
        system=way.mapping.system,
        received_at=way.at,
        mark=way.is_live,
    )
    for (pk, _), outcome in zip(items, outcomes, strict=True):
        if outcome.status == touchpoints.REFUSED:
            raise RowNotTaken(outcome.reason)
        if outcome.status == touchpoints.CREATED and outcome.touchpoint_id:
            done.touchpoint_ids.append(outcome.touchpoint_id)
            done.results[pk] = replace(done.results[pk], state=RowState.CREATED)


def _record_deals(done: Done, way: Way) -> None:
    """Save the rows' opportunities.

    Raises:
        RowNotTaken: a deal is known as another lead's, or its lead cannot go where it says.
    """
    said = [(pk, outcome.lead, row.deal) for pk, row, outcome in done.leads if row.deal]
    if not said:
        return
    named_people = [who for *_, deal in said for who in deal.values() if isinstance(who, Person)]
    ids = people.ids_of(named_people, name=way.mapping.person_name or "{id}")
    outcomes = opportunities.record_many(
        [_deal(lead, deal, ids, way) for _, lead, deal in said],
        received_at=way.at,
        mark=way.is_live,
        policies=_policies(way.mapping.opportunity),
    )
    for (pk, *_), outcome in zip(said, outcomes, strict=True):
        if not isinstance(outcome, OpportunityOutcome):
            raise RowNotTaken(str(outcome))
        before = done.results[pk]
        changes = before.changes | named(outcome.changes, "opportunity.")
        done.results[pk] = Result(_beside(before.state, outcome), changes)


def _beside(state: RowState, outcome: OpportunityOutcome) -> RowState:
    """Return what a row did whose lead is at `state`, with its deal."""
    if outcome.is_created:
        return RowState.CREATED
    return RowState.UPDATED if outcome.changes and state == RowState.UNCHANGED else state


def _deal(
    lead: Lead, deal: Mapping[str, Any], ids: Mapping[str, int], way: Way
) -> OpportunityItem:
    values: dict[str, Any] = {
        f"{name}_id" if isinstance(value, Person) else name: ids[value.email]
        if isinstance(value, Person)
        else value
        for name, value in deal.items()
    }
    facts = OpportunityFacts(system=way.mapping.system, lead=lead, **values)
    return OpportunityItem(facts, facts.closed_at or facts.opened_at)


def _record_accounts(rows: Sequence[Numbered], way: Way) -> Done:
    said = [(pk, row.account) for pk, row in rows if row.account]
    outcomes = account_batches.record(
        [AccountItem(facts=facts, system=way.mapping.system) for _, facts in said],
        received_at=way.at,
        mark=way.is_live,
        policies=_policies(way.mapping.account),
    )
    done = Done()
    for (pk, _), outcome in zip(said, outcomes, strict=True):
        if isinstance(outcome, AccountOutcome):
            done.results[pk] = _result(outcome.is_created, outcome.changes)
        else:
            done.results[pk] = _refused(outcome, way.mapping.account)
    return done


def _record_campaigns(rows: Sequence[Numbered], way: Way) -> Done:
    said = [(pk, row.campaign) for pk, row in rows if row.campaign]
    outcomes = marketing.record_campaigns(
        [facts for _, facts in said], policies=_policies(way.mapping.campaign)
    )
    done = Done()
    for (pk, _), outcome in zip(said, outcomes, strict=True):
        if isinstance(outcome, CampaignOutcome):
            done.campaigns.append((pk, outcome))
            done.results[pk] = _result(outcome.is_created, outcome.changes)
        else:
            done.results[pk] = _refused(outcome, way.mapping.campaign)
    return done


def _record_people(rows: Sequence[Numbered], way: Way) -> Done:
    said = [(pk, row.person) for pk, row in rows if row.person]
    outcomes = people.record_people(
        [facts for _, facts in said], policies=_policies(way.mapping.person)
    )
    done = Done()
    for (pk, _), outcome in zip(said, outcomes, strict=True):
        if isinstance(outcome, PersonOutcome):
            done.people.append((pk, outcome))
            done.results[pk] = _result(outcome.is_created, outcome.changes)
        else:
            done.results[pk] = _refused(outcome, way.mapping.person)
    return done


def _result(is_created: bool, changes: Mapping[str, tuple[Any, Any]]) -> Result:
    if is_created:
        return Result(RowState.CREATED)
    return Result(RowState.UPDATED if changes else RowState.UNCHANGED, named(changes))


def _refused(error: ValueError, section: Section | None) -> Result:
    """Name the column of a refusal that begins with the field's name."""
    name, _, reason = str(error).partition(": ")
    cell = section.cells.get(name) if section else None
    problem = Problem(cell.column, reason) if cell else Problem("", str(error))
    return Result(RowState.REFUSED, problems=(problem,))
