"""Segments compared: pure algebra over their conditions, without looking at anybody."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from definitions import ranges
from definitions.conditions import FactRef
from definitions.ranges import Range

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Segment:
    """A definition's segment and its place in the order in which they are tried."""

    name: str
    order: tuple[Any, ...]
    is_catch_all: bool
    rows: tuple[Row, ...]


def ranges_of(rows: Iterable[Row]) -> dict[FactRef, Range]:
    """Return what values of each fact asked all of some conditions take together."""
    taken: dict[FactRef, Range] = {}
    for row in rows:
        ref = FactRef.of(row["fact"], row.get("parameters"))
        asked = ranges.of_row(row)
        taken[ref] = ranges.met(taken[ref], asked) if ref in taken else asked
    return taken


def overlap(one: Sequence[Row], other: Sequence[Row]) -> bool:
    """Say whether somebody can be in both of two segments; facts are taken for independent."""
    together = ranges_of([*one, *other])
    return not any(ranges.is_empty(values) for values in together.values())


def covers(earlier: Sequence[Row], later: Sequence[Row]) -> bool:
    """Say whether the earlier segment takes everyone whom the later would take."""
    inner = ranges_of(later)
    if any(ranges.is_empty(values) for values in inner.values()):
        return True
    return all(
        ranges.is_within(inner.get(ref, ranges.whole(ref)), values)
        for ref, values in ranges_of(earlier).items()
    )


def clashes(segment: Segment, others: Iterable[Segment]) -> list[str]:
    """Return how a segment collides with others, a sentence each that names both.

    One that is tried earlier must leave somebody to a later one; and of two that ask the same
    facts none may take anybody whom the other takes, since the order would then decide unseen.
    The catch-all is tried last, takes whoever is left, and collides with nothing.
    """
    if segment.is_catch_all:
        return []
    found = (_clash(segment, other) for other in others if not other.is_catch_all)
    return list(dict.fromkeys(sentence for sentence in found if sentence))


def _clash(segment: Segment, other: Segment) -> str:
    where = "segment[1]" if segment.rows else "segment"
    earlier, later = sorted((segment, other), key=lambda one: one.order)
    if covers(earlier.rows, later.rows):
        if earlier is segment:
            return f"{where}: takes everyone whom {other.name} would take, and is tried before it"
        return f"{where}: nobody is left, {other.name} is tried before and takes them all"
    asks_the_same = ranges_of(segment.rows).keys() == ranges_of(other.rows).keys()
    if asks_the_same and overlap(segment.rows, other.rows):
        return f"{where}: overlaps with {other.name}, which asks the same and takes some of them"
    return ""
