"""What values of a fact a condition takes: met with others, compared, found to be none."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import inf
from typing import Any

from definitions.conditions import FactRef
from definitions.vocabulary import ASKED_FACTS, Fact, FactType, Operator, Parameter, Subject

Row = Mapping[str, Any]

FROM_BELOW = frozenset({Operator.AT_LEAST, Operator.BETWEEN, Operator.IS})
FROM_ABOVE = frozenset({Operator.AT_MOST, Operator.BETWEEN, Operator.IS})
"""Comparisons of numbers that set a least, and that set a most value."""


@dataclass(frozen=True, slots=True)
class Range:
    """Values that a fact may have; `takes_unknown` where it need not be known at all."""

    takes_unknown: bool


@dataclass(frozen=True, slots=True)
class Numbers(Range):
    """Numbers from `least` to `most`, both included, but for those in `but`."""

    least: Decimal | float
    most: Decimal | float
    but: frozenset[Any] = frozenset()


@dataclass(frozen=True, slots=True)
class Words(Range):
    """The words in `only`, or with None every word, but for those in `but`."""

    only: frozenset[Any] | None
    but: frozenset[Any] = frozenset()


@dataclass(frozen=True, slots=True)
class Sets(Range):
    """Sets that have a word of each of `hits`, and none of `but`."""

    hits: frozenset[frozenset[Any]] = frozenset()
    but: frozenset[Any] = frozenset()
    is_impossible: bool = False


def of_row(row: Row) -> Range:
    """Return what values of its fact a content's condition takes, within what the fact can be."""
    fact = ASKED_FACTS[row["fact"]]
    taken = _RANGES[fact.type](fact, Operator(row["operator"]), row.get("wanted"))
    return met(taken, whole(FactRef.of(fact.key, row.get("parameters"))))


def whole(ref: FactRef) -> Range:
    """Return every value that a fact can have at all."""
    fact = ASKED_FACTS[ref.fact]
    match fact.type:
        case FactType.NUMBER:
            return Numbers(takes_unknown=True, least=_least(fact), most=_most(fact, ref))
        case FactType.SET:
            return Sets(takes_unknown=True)
        case FactType.LEVEL:
            return Words(takes_unknown=False, only=frozenset(fact.levels))
        case FactType.FLAG:
            return Words(takes_unknown=True, only=frozenset({True, False}))
        case _:
            return Words(takes_unknown=True, only=None)


def met(one: Range, other: Range) -> Range:
    """Return the values that two ranges of one fact share."""
    takes_unknown = one.takes_unknown and other.takes_unknown
    match one, other:
        case Numbers(), Numbers():
            return Numbers(
                takes_unknown,
                max(one.least, other.least),
                min(one.most, other.most),
                one.but | other.but,
            )
        case Words(), Words():
            return Words(takes_unknown, _both(one.only, other.only), one.but | other.but)
        case Sets(), Sets():
            return Sets(
                takes_unknown,
                one.hits | other.hits,
                one.but | other.but,
                one.is_impossible or other.is_impossible,
            )
        case _:
            raise TypeError(f"{one} and {other} are of two sorts of facts.")


def is_empty(values: Range) -> bool:
    """Say whether no value is left, not even that nothing is known."""
    return not values.takes_unknown and _is_impossible(values)


def is_within(inner: Range, outer: Range) -> bool:
    """Say whether every value of one range is in the other; only what is certain counts."""
    if inner.takes_unknown and not outer.takes_unknown:
        return False
    if _is_impossible(inner):
        return True
    match inner, outer:
        case Numbers(), Numbers():
            lost = {one for one in outer.but - inner.but if inner.least <= one <= inner.most}
            return outer.least <= inner.least and inner.most <= outer.most and not lost
        case Words(), Words():
            return _is_word_within(inner, outer)
        case Sets(), Sets():
            hits = all(any(mine <= wanted for mine in inner.hits) for wanted in outer.hits)
            return hits and outer.but <= inner.but and not outer.is_impossible
        case _:
            raise TypeError(f"{inner} and {outer} are of two sorts of facts.")


def _is_impossible(values: Range) -> bool:
    match values:
        case Numbers():
            is_one = values.least == values.most
            return values.least > values.most or (is_one and values.least in values.but)
        case Words():
            return values.only is not None and not values.only - values.but
        case Sets():
            return values.is_impossible or any(hit <= values.but for hit in values.hits)
        case _:
            return False


def _is_word_within(inner: Words, outer: Words) -> bool:
    if inner.only is not None:
        left = inner.only - inner.but
        return not left & outer.but and (outer.only is None or left <= outer.only)
    return outer.only is None and outer.but <= inner.but


def _both(one: frozenset[Any] | None, other: frozenset[Any] | None) -> frozenset[Any] | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other


def _least(fact: Fact) -> Decimal | float:
    # Points may be taken away below nothing; what is counted or paid is not.
    return -inf if fact.subject is Subject.VERDICT else Decimal(0)


def _most(fact: Fact, ref: FactRef) -> Decimal | float:
    if fact.unit == "percent":
        return Decimal(100)
    if fact.key == "touchpoint_days":
        # A window of so many times 24 hours touches one day more.
        return Decimal(ref.parameter(Parameter.DAYS) + 1)
    if fact.key == "touchpoint_channels" and (channels := ref.parameter(Parameter.CHANNELS)):
        return Decimal(len(channels))
    return inf


def _numbers(_fact: Fact, operator: Operator, wanted: Any) -> Range:
    if operator is Operator.UNKNOWN:
        return Numbers(takes_unknown=True, least=inf, most=-inf)
    given = [Decimal(str(one)) for one in _listed(wanted)]
    if operator is Operator.IS_NOT:
        return Numbers(takes_unknown=False, least=-inf, most=inf, but=frozenset(given))
    return Numbers(
        takes_unknown=False,
        least=given[0] if operator in FROM_BELOW else -inf,
        most=given[-1] if operator in FROM_ABOVE else inf,
    )


def _words(_fact: Fact, operator: Operator, wanted: Any) -> Range:
    if operator is Operator.UNKNOWN:
        return Words(takes_unknown=True, only=frozenset())
    given = _folded(_listed(wanted))
    if operator in (Operator.IS, Operator.ONE_OF):
        return Words(takes_unknown=False, only=given)
    return Words(takes_unknown=False, only=None, but=given)


def _levels(fact: Fact, operator: Operator, wanted: Any) -> Range:
    levels = fact.levels
    match operator:
        case Operator.AT_LEAST:
            only = levels[levels.index(wanted) :]
        case Operator.AT_MOST:
            only = levels[: levels.index(wanted) + 1]
        case Operator.BETWEEN:
            only = levels[levels.index(wanted[0]) : levels.index(wanted[1]) + 1]
        case _:
            return _words(fact, operator, wanted)
    return Words(takes_unknown=False, only=frozenset(only))


def _sets(_fact: Fact, operator: Operator, wanted: Any) -> Range:
    match operator:
        case Operator.ANY_OF:
            return Sets(takes_unknown=False, hits=frozenset({_folded(wanted)}))
        case Operator.NONE_OF:
            return Sets(takes_unknown=False, but=_folded(wanted))
        case Operator.UNKNOWN:
            return Sets(takes_unknown=True, is_impossible=True)
        case _:
            return Sets(takes_unknown=False)


_RANGES = {
    FactType.NUMBER: _numbers,
    FactType.TEXT: _words,
    FactType.FLAG: _words,
    FactType.ANSWER: _words,
    FactType.LEVEL: _levels,
    FactType.SET: _sets,
}
"""What values a condition takes, by the type of its fact; total."""


def _listed(wanted: Any) -> list[Any]:
    if isinstance(wanted, list):
        return wanted
    return [] if wanted is None else [wanted]


def _folded(values: Any) -> frozenset[Any]:
    return frozenset(value.casefold() if isinstance(value, str) else value for value in values)
