"""A lead put before the rules, as plain data: reps, territory, rules, and what was answered."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from definitions.conditions import FactRef, Predicate


class Ask(StrEnum):
    """What a rule looks for, and by what an owner was found; stored as the rule of a decision."""

    DELEGATE = "delegate"
    NAMED_ACCOUNT = "named_account"
    ACCOUNT_OWNER = "account_owner"
    HIGH_VALUE = "high_value"
    TERRITORY = "territory"
    SECONDARY = "secondary"
    QUEUE = "queue"
    FALLBACK_QUEUE = "fallback_queue"


class Code(StrEnum):
    """Why a rep may receive a lead or not, for counting; the words stand beside it."""

    OK = "ok"
    BARRED = "barred"
    PREVIOUS = "previous"
    INACTIVE = "inactive"
    AWAY = "away"
    FULL = "full"
    TERRITORY_FULL = "territory_full"
    LANGUAGE = "language"
    SUSPENDED = "suspended"


@dataclass(slots=True)
class Person:
    """A rep as the rules see them; `load` are the open handoffs they hold.

    away_until: the end of an absence that runs, None when they are here or it has no end.
    delegate: who stands in for them meanwhile.
    """

    rep: int
    name: str
    load: int
    capacity: int
    languages: Collection[str] = ()
    is_active: bool = True
    is_away: bool = False
    away_until: datetime | None = None
    delegate: int | None = None
    is_suspended: bool = False


@dataclass(slots=True)
class Look:
    """What was said of a rep, true until their load changes; many decisions share it.

    text: the row as JSON, once it was written.
    """

    row: dict[str, Any]
    text: str = ""


@dataclass(slots=True)
class Member:
    """A rep's place in a territory; `capacity` limits its open handoffs alone, None: no limit.

    One who takes no turns any more is still held to the limit. `looked` remembers what was last
    said of them.
    """

    person: Person
    weight: int = 1
    credit: int = 0
    load: int = 0
    capacity: int | None = None
    takes_turns: bool = True
    pk: int = 0
    looked: tuple[tuple[Any, ...], Look] | None = field(default=None, repr=False)


TURN = 720_720_000_000
"""What a turn of a rotation costs: most shares of it by weight are whole numbers."""


@dataclass(slots=True)
class Pool:
    """A territory as the rules see it; members by rep, in the order of their joining.

    make_up_turns: how many turns an absent member is owed at most. turn: what one is worth; 0 in
    decisions that were stored while it was worth the weights of all who earned by it.
    """

    territory: int
    key: str
    name: str
    queue: int
    queue_name: str
    zone: str = "UTC"
    language_is_required: bool = False
    make_up_turns: int = 0
    secondary: int | None = None
    turn: int = TURN
    members: dict[int, Member] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of a rule, compiled."""

    ref: FactRef
    operator: str
    wanted: Any
    predicate: Predicate = field(compare=False)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule; it applies when all of its conditions hold.

    rep: whom a high-value rule names. territory: the one that a territory rule names, None for
    the first that covers the lead. queue: the one that a fallback rule names, None for the one
    that is marked as fallback.
    """

    kind: str
    name: str
    conditions: tuple[Condition, ...] = ()
    rep: int | None = None
    territory: int | None = None
    queue: int | None = None
    queue_name: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """All that a choice depends on.

    answers: for each rule the values that its conditions ask for. pool: the territory that the
    lead belongs to, found by the rule at place `pool_rule`. people: everybody who may come into
    question, by rep. named, owner: whom the account is named for, and who works it. preferred:
    who stands in for the last holder. previous: who held the lead and gave it back; they come
    last. barred: who does not come into question. fallback: the queue marked so, with its name.
    """

    at: datetime
    rules: Sequence[Rule]
    people: Mapping[int, Person]
    answers: Sequence[Sequence[Any]] = ()
    pool: Pool | None = None
    pool_rule: int | None = None
    account: str = ""
    named: int | None = None
    owner: int | None = None
    preferred: int | None = None
    language: str = ""
    language_name: str = ""
    previous: Collection[int] = frozenset()
    barred: Collection[int] = frozenset()
    fallback: tuple[int, str] | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn of the rotation: each of `earned` earns its share, `taken` pays the price."""

    taken: Member
    earned: Sequence[Member]
    shares: Sequence[int]
    price: int


def shares_of(weights: Sequence[int], turn: int = TURN) -> list[int]:
    """Divide what a turn is worth by weights, in whole numbers; worth 0: the weights themselves.

    A turn costs the same whoever could take it, so members of equal weight who could take the same
    turns stay within one turn of one another, whoever else comes and goes: they earn the same,
    their credits differ by exactly the turns that one took more, and the one who is behind goes
    first. The rest of a division, less than one for each who earns, is nobody's.
    """
    if not turn:
        return list(weights)
    total = sum(weights)
    return [turn * weight // total for weight in weights]


@dataclass(frozen=True, slots=True)
class Outcome:
    """An owner, either a rep or a queue, and how it was found.

    Neither: no territory covers the lead and no queue is the fallback. `lines` has one a rule
    asked; `seen` holds what was said of each rep considered, and the credit they had.
    """

    rule: str
    why: str
    rep: int | None = None
    queue: int | None = None
    turn: Turn | None = None
    lines: Sequence[dict[str, Any]] = ()
    seen: Sequence[tuple[Look, int]] = ()

    @property
    def candidates(self) -> list[dict[str, Any]]:
        """A row for each rep considered; none with a credit of 0 says so."""
        return [
            {**look.row, "credit": credit} if credit else dict(look.row)
            for look, credit in self.seen
        ]
