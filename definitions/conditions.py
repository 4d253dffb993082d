"""Conditions: a fact compared with a wanted value, compiled to a plain function of the value."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

from definitions.vocabulary import ASKED_FACTS, Fact, FactType, Operator

Predicate = Callable[[Any], bool]
"""Says whether a value meets a condition."""


@dataclass(frozen=True, slots=True)
class FactRef:
    """One question: a fact with its parameters, in canonical form so that equal ones are equal."""

    fact: str
    parameters: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def of(cls, fact: str, parameters: Mapping[str, Any] | None = None) -> Self:
        """Build the canonical form: names sorted, lists as sorted tuples, False left out."""
        return cls(
            fact,
            tuple(
                (name, tuple(sorted(set(value))) if isinstance(value, (list, tuple)) else value)
                for name, value in sorted((parameters or {}).items())
                if value is not False
            ),
        )

    def parameter(self, name: str, default: Any = None) -> Any:
        """Return the parameter of that name, `default` when the question does not carry it."""
        return dict(self.parameters).get(name, default)


def predicate_of(fact: str, operator: str, wanted: Any) -> Predicate:
    """Compile a condition to a function of the fact's value.

    A missing value (None) meets nothing but `unknown`: neither `is_not` nor `none_of` takes
    ignorance for a match. Texts are compared without regard to case.
    """
    return COMPARISONS[Operator(operator)](ASKED_FACTS[fact], wanted)


def _at_least(fact: Fact, wanted: Any) -> Predicate:
    if fact.type is FactType.LEVEL:
        return _member(fact.levels[fact.levels.index(wanted) :])
    least = _number(wanted)
    return lambda value: value is not None and value >= least


def _at_most(fact: Fact, wanted: Any) -> Predicate:
    if fact.type is FactType.LEVEL:
        return _member(fact.levels[: fact.levels.index(wanted) + 1])
    most = _number(wanted)
    return lambda value: value is not None and value <= most


def _between(fact: Fact, wanted: Any) -> Predicate:
    low, high = wanted
    if fact.type is FactType.LEVEL:
        return _member(fact.levels[fact.levels.index(low) : fact.levels.index(high) + 1])
    least, most = _number(low), _number(high)
    return lambda value: value is not None and least <= value <= most


def _is(fact: Fact, wanted: Any) -> Predicate:
    if fact.type in FOLDED:
        folded = _folded(wanted)
        return lambda value: value is not None and _folded(value) == folded
    exact = _number(wanted)
    return lambda value: value is not None and value == exact


def _is_not(fact: Fact, wanted: Any) -> Predicate:
    equal = _is(fact, wanted)
    return lambda value: value is not None and not equal(value)


def _one_of(fact: Fact, wanted: Any) -> Predicate:
    if fact.type in FOLDED:
        choices = frozenset(map(_folded, wanted))
        return lambda value: _folded(value) in choices
    return _member(wanted)


def _none_of(fact: Fact, wanted: Any) -> Predicate:
    matches = _any_of(fact, wanted) if fact.type is FactType.SET else _one_of(fact, wanted)
    return lambda value: value is not None and not matches(value)


def _any_of(_: Fact, wanted: Any) -> Predicate:
    choices = frozenset(map(_folded, wanted))
    return lambda value: value is not None and not choices.isdisjoint(map(_folded, value))


def _known(_: Fact, __: Any) -> Predicate:
    return lambda value: value is not None


def _unknown(_: Fact, __: Any) -> Predicate:
    return lambda value: value is None


COMPARISONS: dict[Operator, Callable[[Fact, Any], Predicate]] = {
    Operator.AT_LEAST: _at_least,
    Operator.AT_MOST: _at_most,
    Operator.BETWEEN: _between,
    Operator.IS: _is,
    Operator.IS_NOT: _is_not,
    Operator.ONE_OF: _one_of,
    Operator.NONE_OF: _none_of,
    Operator.ANY_OF: _any_of,
    Operator.KNOWN: _known,
    Operator.UNKNOWN: _unknown,
}
"""One function an operator, from the fact and the wanted value to the predicate; total."""

FOLDED = frozenset({FactType.TEXT, FactType.SET, FactType.ANSWER})
"""Types whose texts are compared without regard to case."""


def _member(choices: Any) -> Predicate:
    members = frozenset(choices)
    return lambda value: value in members


def _number(wanted: Any) -> Any:
    # A float is a decimal that somebody wrote down: money must not be compared with its binary
    # neighbor.
    return Decimal(str(wanted)) if isinstance(wanted, float) else wanted


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value
