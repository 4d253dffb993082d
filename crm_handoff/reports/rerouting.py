"""Where the leads of late would go by other rules than those in force."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from routing import books, pools, rules
from routing.books import Book
from routing.cases import Outcome
from routing.models import Handoff, Queue, RoutingPlan
from routing.pools import Market, Question
from routing.territories import inputs_of_many

ASKED = 200
"""Leads that are tried, the latest handed over."""

SHOWN = 50
"""Leads that would go elsewhere and are named."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A lead that would go elsewhere; `rule` is the name of the rule that sends it there."""

    handoff: Handoff
    was: str
    now: str
    rule: str


@dataclass(frozen=True, slots=True)
class Sample:
    """How many leads were tried, and which would go elsewhere."""

    asked_count: int
    moved: list[Moved]

    @property
    def shown(self) -> list[Moved]:
        """Those that are named."""
        return self.moved[:SHOWN]


def of_recent(plan: RoutingPlan, *, at: datetime, limit: int = ASKED) -> Sample:
    """Decide the latest leads by the rules in force and by a plan that `plans.with_rules` read.

    Each as if it came now, alone, and everybody were here and had room: so nothing but the rules
    makes a difference. Nothing is locked or changed.
    """
    handoffs = list(
        Handoff.objects.select_related("lead", "evaluation__version__definition")
        .defer("packet")
        .order_by("-opened_at", "-pk")[:limit]
    )
    inputs = {one.lead_id: one for one in inputs_of_many(row.lead_id for row in handoffs)}
    questions = [Question(inputs[row.lead_id], row.evaluation) for row in handoffs]
    present, coming = books.in_force(), books.compiled(plan)
    before, after = (_decided(questions, at=at, book=book) for book in (present, coming))
    queues = {queue.pk: str(queue) for queue in Queue.objects.all()}
    moved = [
        Moved(
            handoff=handoff,
            was=_owner(was, queues),
            now=_owner(now, queues),
            rule=_rule_of(now),
        )
        for handoff, was, now in zip(handoffs, before, after, strict=True)
        if (was.rep, was.queue) != (now.rep, now.queue)
    ]
    return Sample(asked_count=len(handoffs), moved=moved)


def _decided(questions: Sequence[Question], *, at: datetime, book: Book) -> list[Outcome]:
    if not questions:
        return []
    market = pools.preview(questions, at=at, book=book)
    _make_room(market)
    return [rules.decide(market.case(question)) for question in questions]


def _make_room(market: Market) -> None:
    for person in market.people.values():
        person.load, person.is_away = 0, False
    for pool in market.pools.values():
        for member in pool.members.values():
            member.load = 0


def _owner(outcome: Outcome, queues: dict[int, str]) -> str:
    if outcome.rep is None:
        return queues.get(outcome.queue or 0, "")
    chosen = (row["name"] for row in outcome.candidates if row["rep"] == outcome.rep)
    return next(chosen, "")


def _rule_of(outcome: Outcome) -> str:
    matched = [line["name"] for line in outcome.lines if line["matched"]]
    return matched[-1] if matched else ""
