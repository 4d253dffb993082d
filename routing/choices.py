"""Who receives a lead: the rules in force asked under locks, the answer as a decision keeps it."""

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from routing import pools, records, rotation, rules
from routing.cases import Case, Outcome
from routing.enums import RuleKind
from routing.models import Queue, Rep, Territory
from routing.pools import Market, Question
from routing.rules import WHY_LENGTH as WHY_LENGTH
from routing.territories import RoutingInputs

FACTS = tuple(column.name for column in fields(RoutingInputs))
"""What a decision keeps of the lead."""


class NoFallbackQueue(Exception):
    """No territory covers a lead and no queue is marked as the fallback."""

    def __init__(self) -> None:
        super().__init__("No territory covers this lead: mark one queue as the fallback.")


@dataclass(frozen=True, slots=True)
class Choice:
    """An owner, either a rep or a queue, and how it was found; as a decision stores it.

    plan_id: the published rules by which; None for those that ship, or a person's choice.
    """

    rule: RuleKind
    why: str
    rep: Rep | None = None
    queue: Queue | None = None
    territory: Territory | None = None
    plan_id: int | None = None
    inputs: dict[str, Any] = field(default_factory=dict)
    outcomes: list[dict[str, Any]] = field(default_factory=list)
    candidates: list[dict[str, Any]] = field(default_factory=list)


def choose(question: Question, *, at: datetime) -> Choice:
    """Choose the owner of a lead: never nobody, and nobody above capacity.

    Locks the territory, then the reps in question, until the transaction ends, and charges the
    turn to whoever takes one: call it within a transaction that uses the answer.

    Raises:
        NoFallbackQueue: no territory covers the lead and no queue is the fallback.
    """
    market = pools.lock([question], at=at)
    case = market.case(question)
    outcome = rules.decide(case)
    if outcome.turn is not None:
        rotation.charge([outcome.turn])
    return of_outcome(outcome, case, question, market)


def of_outcome(outcome: Outcome, case: Case, question: Question, market: Market) -> Choice:
    """Return what the rules said with the rows that it names.

    Raises:
        NoFallbackQueue: no territory covers the lead and no queue is the fallback.
    """
    territory, rep, queue = owner_of(outcome, case, market)
    return Choice(
        rule=RuleKind(outcome.rule),
        why=outcome.why,
        rep=rep,
        queue=queue,
        territory=territory,
        plan_id=market.book.plan_id,
        inputs=inputs_of(question, case, outcome),
        outcomes=list(outcome.lines),
        candidates=outcome.candidates,
    )


def owner_of(
    outcome: Outcome, case: Case, market: Market
) -> tuple[Territory | None, Rep | None, Queue | None]:
    """Return the territory of a lead, and its owner: a rep or a queue.

    Raises:
        NoFallbackQueue: no territory covers the lead and no queue is the fallback.
    """
    territory = market.territories[case.pool.territory] if case.pool else None
    if outcome.rep is not None:
        return territory, market.reps[outcome.rep], None
    return territory, None, _queue(outcome, territory, market)


def inputs_of(question: Question, case: Case, outcome: Outcome) -> dict[str, Any]:
    """Return what a decision keeps as its inputs: the lead's facts, and all else it rests on."""
    kept = records.inputs_of(case, outcome)
    facts = {name: getattr(question.inputs, name) for name in FACTS}
    return facts | {"territory": case.pool.key if case.pool else None} | kept


def _queue(outcome: Outcome, territory: Territory | None, market: Market) -> Queue:
    if outcome.queue is None:
        raise NoFallbackQueue
    for known in (territory.queue if territory else None, market.fallback):
        if known is not None and known.pk == outcome.queue:
            return known
    return Queue.objects.get(pk=outcome.queue)
