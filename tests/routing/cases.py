"""A territory and its members as the rules see them, without a database."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from definitions.conditions import FactRef, predicate_of
from routing import rules
from routing.cases import Case, Condition, Member, Outcome, Person, Pool, Rule

NOW = datetime(2026, 1, 13, 12, tzinfo=UTC)

SHIPPED = tuple(
    Rule(kind=kind, name=kind)
    for kind in ("named_account", "account_owner", "territory", "fallback_queue")
)


def person(rep: int, **said: Any) -> Person:
    return Person(rep=rep, name=f"Rep {rep}", **{"load": 0, "capacity": 10_000} | said)


def pool(members: Iterable[Member], **said: Any) -> Pool:
    values = {
        "territory": 1,
        "key": "dach",
        "name": "DACH",
        "queue": 7,
        "queue_name": "DACH leads",
    }
    return Pool(**values | said, members={one.person.rep: one for one in members})


def team(count: int, **said: Any) -> Pool:
    return pool([Member(person(rep)) for rep in range(1, count + 1)], **said)


def case(of: Pool | None, *others: Person, **said: Any) -> Case:
    """A lead that belongs to a territory, by the rules that ship."""
    asked = said.pop("rules", SHIPPED)
    known = [member.person for member in of.members.values()] if of else []
    values: dict[str, Any] = {
        "at": NOW,
        "rules": asked,
        "people": {one.rep: one for one in [*known, *others]},
        "pool": of,
        "pool_rule": next(place for place, rule in enumerate(asked) if rule.kind == "territory")
        if of
        else None,
        "account": "Acme",
        "fallback": (9, "Fallback"),
    }
    return Case(**values | said)


def where(fact: str, operator: str, wanted: Any) -> Condition:
    return Condition(FactRef.of(fact), operator, wanted, predicate_of(fact, operator, wanted))


def route(of: Pool, **said: Any) -> Outcome:
    """Decide a lead and let the owner have it."""
    one = case(of, **said)
    outcome = rules.decide(one)
    rules.take(one, outcome)
    return outcome


def received(outcomes: Sequence[Outcome]) -> Counter[int]:
    return Counter(outcome.rep for outcome in outcomes if outcome.rep is not None)


def why(outcome: Outcome) -> dict[int, tuple[str, str]]:
    """Code and words of each candidate, by rep."""
    return {row["rep"]: (row["code"], row["why"]) for row in outcome.candidates}
