"""What a decision stores of the case that it decided, and the case read from it again.

Plain Python over JSON: everything that the choice depended on, once. What a rep was like stands
with the candidates, the rest with the inputs.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from definitions.conditions import FactRef, predicate_of
from definitions.vocabulary import ASKED_FACTS, FactType
from routing.cases import Case, Condition, Member, Outcome, Person, Pool, Rule


def inputs_of(case: Case, outcome: Outcome) -> dict[str, Any]:
    """Return what a decision keeps of a case beside its candidates, as JSON.

    `earned` names the reps who earned by the turn that was taken.
    """
    kept: dict[str, Any] = {
        "named": case.named,
        "owner": case.owner,
        "preferred": case.preferred,
        "previous_reps": sorted(case.previous),
        "barred_reps": sorted(case.barred),
        "fallback": list(case.fallback) if case.fallback else None,
        "rules": [
            _rule_as_json(rule, case.answers[place] if case.answers else ())
            for place, rule in enumerate(case.rules)
        ],
    }
    if case.language_name:
        kept["language_name"] = case.language_name
    if case.pool is not None:
        kept["pool"] = _pool_as_json(case.pool)
        kept["pool_rule"] = case.pool_rule
    if outcome.turn is not None:
        kept["earned"] = [member.person.rep for member in outcome.turn.earned]
    return {name: value for name, value in kept.items() if value not in (None, [])}


def case_of(
    inputs: Mapping[str, Any], candidates: Sequence[Mapping[str, Any]], *, at: datetime
) -> Case:
    """Read a case from what a decision of schema 2 stored.

    Raises:
        KeyError, ValueError: it does not hold what the choice depended on.
    """
    language = inputs["language"]
    people = {row["rep"]: _person(row, language) for row in candidates}
    fallback = inputs.get("fallback")
    return Case(
        at=at,
        rules=[_rule(row) for row in inputs["rules"]],
        answers=[_answers(row) for row in inputs["rules"]],
        people=people,
        pool=_pool(inputs["pool"], candidates, people) if "pool" in inputs else None,
        pool_rule=inputs.get("pool_rule"),
        account=inputs["account_name"],
        named=inputs.get("named"),
        owner=inputs.get("owner"),
        preferred=inputs.get("preferred"),
        language=language,
        language_name=inputs.get("language_name", ""),
        previous=frozenset(inputs.get("previous_reps", ())),
        barred=frozenset(inputs.get("barred_reps", ())),
        fallback=(fallback[0], fallback[1]) if fallback else None,
    )


def _rule_as_json(rule: Rule, answers: Sequence[Any]) -> dict[str, Any]:
    row: dict[str, Any] = {"kind": str(rule.kind), "name": rule.name}
    named = {"rep": rule.rep, "territory": rule.territory, "queue": rule.queue}
    row |= {name: value for name, value in named.items() if value is not None}
    if rule.queue_name:
        row["queue_name"] = rule.queue_name
    if rule.conditions:
        row["conditions"] = [
            {
                "fact": condition.ref.fact,
                "parameters": {name: _plain(value) for name, value in condition.ref.parameters},
                "operator": str(condition.operator),
                "wanted": _plain(condition.wanted),
                "seen": _plain(seen),
            }
            for condition, seen in zip(rule.conditions, answers, strict=False)
        ]
    return row


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(one) for one in value]
    return value


def _pool_as_json(pool: Pool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "territory": pool.territory,
        "key": pool.key,
        "name": pool.name,
        "queue": pool.queue,
        "queue_name": pool.queue_name,
        "zone": pool.zone,
        "make_up_turns": pool.make_up_turns,
        "turn": pool.turn,
    }
    if pool.language_is_required:
        row["language_is_required"] = True
    if pool.secondary is not None:
        row["secondary"] = pool.secondary
    return row


def _rule(row: Mapping[str, Any]) -> Rule:
    return Rule(
        kind=row["kind"],
        name=row["name"],
        conditions=tuple(_condition(one) for one in row.get("conditions", ())),
        rep=row.get("rep"),
        territory=row.get("territory"),
        queue=row.get("queue"),
        queue_name=row.get("queue_name", ""),
    )


def _condition(row: Mapping[str, Any]) -> Condition:
    wanted = _numbers(row["fact"], row["wanted"])
    return Condition(
        FactRef.of(row["fact"], row["parameters"]),
        row["operator"],
        wanted,
        predicate_of(row["fact"], row["operator"], wanted),
    )


def _answers(row: Mapping[str, Any]) -> list[Any]:
    return [_numbers(one["fact"], one["seen"]) for one in row.get("conditions", ())]


def _numbers(fact: str, value: Any) -> Any:
    """Read numbers that were written as texts, since JSON knows no decimals."""
    if ASKED_FACTS[fact].type is not FactType.NUMBER:
        return value
    if isinstance(value, list):
        return [_numbers(fact, one) for one in value]
    return Decimal(value) if isinstance(value, str) else value


def _person(row: Mapping[str, Any], language: str) -> Person:
    until = row.get("away")
    return Person(
        rep=row["rep"],
        name=row["name"],
        load=row["open"],
        capacity=row["of"],
        languages=(language,) if row.get("speaks") else (),
        is_active=row.get("active", True),
        is_away=until is not None,
        away_until=datetime.fromisoformat(until) if until else None,
        delegate=row.get("delegate"),
        is_suspended=row.get("suspended", False),
    )


def _pool(
    row: Mapping[str, Any], candidates: Sequence[Mapping[str, Any]], people: Mapping[int, Person]
) -> Pool:
    members = {
        one["rep"]: Member(
            person=people[one["rep"]],
            weight=one.get("weight", 1),
            credit=one.get("credit", 0),
            load=one.get("territory_open", 0),
            capacity=one.get("territory_of"),
            takes_turns=one.get("takes_turns", True),
        )
        for one in candidates
        if not one.get("outside")
    }
    return Pool(
        territory=row["territory"],
        key=row["key"],
        name=row["name"],
        queue=row["queue"],
        queue_name=row["queue_name"],
        zone=row["zone"],
        language_is_required=row.get("language_is_required", False),
        make_up_turns=row["make_up_turns"],
        secondary=row.get("secondary"),
        turn=row.get("turn", 0),
        members=members,
    )
