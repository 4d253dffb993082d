"""Which criteria hold anyway when others do, as far as their wording alone tells."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from definitions.enums import Match
from definitions.vocabulary import FACTS, IntentLevel, Operator, Parameter

Row = Mapping[str, Any]


def is_implied(level: Row, *, by: Row, kinds: Row) -> bool:
    """Say whether whoever has one level of a content by its criteria has the other by its own.

    kinds: the content's kinds of touchpoint. Sound, not complete: a no may be wrong, a yes never.
    """
    own, others = list(level["criteria"].values()), list(by["criteria"].values())
    if _is_any(by):
        return all(_grants(level, own, [other], kinds) for other in others)
    return _grants(level, own, others, kinds)


def _grants(level: Row, own: Iterable[Row], given: Iterable[Row], kinds: Row) -> bool:
    quantifier = any if _is_any(level) else all
    return quantifier(any(_follows(row, other, kinds) for other in given) for row in own)


def _is_any(level: Row) -> bool:
    return bool(level.get("match") == Match.ANY)


def _follows(row: Row, other: Row, kinds: Row) -> bool:
    """Say whether a condition holds whenever another does."""
    if row["fact"] != other["fact"]:
        return False
    given, wide = other.get("parameters") or {}, row.get("parameters") or {}
    if given != wide and not (_is_count(row) and _is_within(given, wide, kinds)):
        return False
    if given == wide and _demand(row) == _demand(other):
        return True
    least, most = _bounds(row)
    low, high = _bounds(other)
    if least is None and most is None:
        return False
    return (least is None or (low is not None and low >= least)) and (
        most is None or (high is not None and high <= most)
    )


def _demand(row: Row) -> tuple[str, str]:
    return row["operator"], repr(row.get("wanted"))


def _is_count(row: Row) -> bool:
    """Say whether more touchpoints can only help a condition."""
    fact = FACTS[row["fact"]]
    return fact.is_windowed and row["operator"] == Operator.AT_LEAST


def _is_within(narrow: Row, wide: Row, kinds: Row) -> bool:
    """Say whether all touchpoints that pass some parameters pass others too."""
    meant = [kinds[key] for key in narrow.get(Parameter.KINDS, ()) if key in kinds]
    return all(WITHIN[Parameter(name)](narrow, value, meant) for name, value in wide.items())


def _has_all(name: Parameter) -> Callable[[Row, Any, list[Row]], bool]:
    return lambda narrow, value, _meant: name in narrow and set(narrow[name]) <= set(value)


def _in_categories(narrow: Row, categories: list[str], meant: list[Row]) -> bool:
    own = narrow.get(Parameter.CATEGORIES) or [kind["category"] for kind in meant]
    return bool(own) and set(own) <= set(categories)


def _of_intent(narrow: Row, least: str, meant: list[Row]) -> bool:
    ranks = [*map(str, IntentLevel)]
    own = [kind["intent_level"] for kind in meant]
    if narrow.get(Parameter.MIN_INTENT):
        own = [narrow[Parameter.MIN_INTENT]]
    if narrow.get(Parameter.DIRECT_ONLY):
        own = [IntentLevel.HIGH.value]
    return bool(own) and all(ranks.index(level) >= ranks.index(least) for level in own)


def _is_direct(narrow: Row, _value: bool, meant: list[Row]) -> bool:
    is_given = bool(narrow.get(Parameter.DIRECT_ONLY))
    return is_given or (bool(meant) and all(kind.get("is_direct_intent") for kind in meant))


WITHIN: dict[Parameter, Callable[[Row, Any, list[Row]], bool]] = {
    Parameter.DAYS: lambda narrow, days, _meant: narrow.get(Parameter.DAYS, days + 1) <= days,
    Parameter.KINDS: _has_all(Parameter.KINDS),
    Parameter.CATEGORIES: _in_categories,
    Parameter.CHANNELS: _has_all(Parameter.CHANNELS),
    Parameter.CAMPAIGNS: _has_all(Parameter.CAMPAIGNS),
    Parameter.MIN_INTENT: _of_intent,
    Parameter.DIRECT_ONLY: _is_direct,
    Parameter.VERIFIED_ONLY: lambda narrow, _value, _meant: bool(
        narrow.get(Parameter.VERIFIED_ONLY)
    ),
}
"""Whether touchpoints are within a parameter, by the narrower parameters and the kinds they name.

Total but for the one that names an answer.
"""


def _bounds(row: Row) -> tuple[Any, Any]:
    """Return the least and the most value that a condition takes, as ranks where it has levels."""
    levels, wanted = FACTS[row["fact"]].levels, row.get("wanted")

    def rank(value: Any) -> Any:
        return levels.index(value) if levels else value

    if row["operator"] == Operator.AT_LEAST:
        return rank(wanted), None
    if row["operator"] == Operator.AT_MOST:
        return None, rank(wanted)
    if row["operator"] == Operator.BETWEEN and isinstance(wanted, list):
        return rank(wanted[0]), rank(wanted[1])
    return None, None
