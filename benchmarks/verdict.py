"""A verdict with its explanation, against plain closures that record a tuple per condition.

The floor judges the shipped definition on the same facts: one closure a condition that appends
(key, met, value) to a list, closures for the levels, the points and the stage rules around them.
"""

import gc
import random
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import definitions
from definitions import document, engine
from definitions.conditions import FactRef
from definitions.vocabulary import FACTS, LEVELS, Authority, Dimension, FactType

GOAL = 0.6
DEFAULTS = Path(definitions.__file__).parent / "defaults"
PEOPLE = 20_000
ROUNDS = 5
AT = datetime(2026, 1, 13, 12, tzinfo=UTC)

Record = list[tuple[str, bool, Any]]
Node = Callable[[Sequence[Any], Record], bool]


def content() -> dict[str, Any]:
    text = (DEFAULTS / "mid_market.yaml").read_text(encoding="utf-8")
    kinds = document.read((DEFAULTS / "kinds.yaml").read_text(encoding="utf-8"))
    return document.read(text) | {"kinds": kinds}


def values_of(ref: FactRef, chance: random.Random) -> Any:
    fact = FACTS[ref.fact]
    if fact.type is FactType.LEVEL:
        return chance.choice(list(Authority)).value
    if fact.type is FactType.FLAG:
        return chance.random() < 0.3
    if fact.key == "industry":
        return chance.choice(["software", "fintech", "mining", "retail", "public sector"])
    if fact.key == "employee_count":
        return int(10 ** chance.uniform(0.5, 4.5))
    return chance.randint(0, 6)


def leaf(key: str, row: dict[str, Any], place: int) -> Node:
    holds = comparison(row["fact"], row["operator"], row.get("wanted"))

    def node(values: Sequence[Any], out: Record) -> bool:
        met = holds(values[place])
        out.append((key, met, values[place]))
        return met

    return node


def every(nodes: Sequence[Node]) -> Node:
    def node(values: Sequence[Any], out: Record) -> bool:
        met = True
        for one in nodes:
            met = one(values, out) and met
        return met

    return node


def some(nodes: Sequence[Node]) -> Node:
    def node(values: Sequence[Any], out: Record) -> bool:
        met = False
        for one in nodes:
            met = one(values, out) or met
        return met

    return node


def levels_of(rungs: Sequence[tuple[str, int, Node]]) -> Callable[..., dict[str, int]]:
    def levels(values: Sequence[Any], out: Record) -> dict[str, int]:
        ranks: dict[str, int] = {}
        for dimension, rank, node in rungs:
            if node(values, out):
                ranks[dimension] = rank
        return ranks

    return levels


def points_of(row: dict[str, Any], place: int, node: Node) -> Callable[..., float]:
    points, per, cap, half_life = (
        row.get(name) for name in ("points", "per", "cap", "half_life_days")
    )

    def given(values: Sequence[Any], latest: Sequence[datetime], out: Record) -> float:
        if not node(values, out):
            return 0
        number = points * (values[place] // per) if per else points
        if cap:
            number = min(number, cap)
        return number * 0.5 ** ((AT - latest[place]).days / half_life) if half_life else number

    return given


def stage_of(row: dict[str, Any]) -> Callable[..., bool]:
    minimums = [(d.value, LEVELS[d].index(row[d])) for d in Dimension if d in row]
    needed = row.get("criteria", [])

    def holds(levels: dict[str, int], met: dict[str, bool]) -> bool:
        for dimension, rank in minimums:
            if levels.get(dimension, 0) < rank:
                return False
        for key in needed:  # noqa: SIM110  # a generator would be slower
            if not met[key]:
                return False
        return True

    return holds


def closures(content: dict[str, Any], refs: Sequence[FactRef]) -> Callable[..., Any]:
    """Make the floor by hand from the document: no compiled tables, only nested closures."""

    def place_of(row: dict[str, Any]) -> int:
        return refs.index(FactRef.of(row["fact"], row.get("parameters")))

    def rung(dimension: str, level: str, row: dict[str, Any]) -> tuple[str, int, Node]:
        leaves = [leaf(key, one, place_of(one)) for key, one in row["criteria"].items()]
        node = some(leaves) if row.get("match") == "any" else every(leaves)
        return dimension, LEVELS[Dimension(dimension)].index(level), node

    levels_at = levels_of(
        [
            rung(dim, level, row)
            for dim, rows in content["levels"].items()
            for level, row in rows.items()
        ]
    )
    signals = [(key, leaf(key, row, place_of(row))) for key, row in content["signals"].items()]
    scores = [
        points_of(row, place_of(row), leaf(key, row, place_of(row)))
        for key, row in content["score"].items()
    ]
    stages = [(row["stage"], row["path"], stage_of(row)) for row in content["stages"]]

    def judge(values: Sequence[Any], latest: Sequence[datetime]) -> Any:
        out: Record = []
        levels = levels_at(values, out)
        met = {key: node(values, out) for key, node in signals}
        points = sum([given(values, latest, out) for given in scores])
        reached = [(stage, path) for stage, path, holds in stages if holds(levels, met)]
        return reached, levels, points, out

    return judge


def comparison(fact: str, operator: str, wanted: Any) -> Callable[[Any], bool]:
    order = {level: rank for rank, level in enumerate(FACTS[fact].levels)}
    if order and operator == "at_least":
        return lambda value: order[value] >= order[wanted]
    if operator == "at_least":
        return lambda value: value >= wanted
    if operator == "between":
        return lambda value: wanted[0] <= value <= wanted[1]
    if operator == "one_of":
        choices = frozenset(wanted)
        return lambda value: value in choices
    return lambda value: value == wanted


def seconds(work: Callable[[], Any]) -> float:
    gc.collect()
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    chance = random.Random(7)
    shipped = content()
    agreement = engine.compile(shipped)
    floor = closures(shipped, agreement.refs)
    answers = [[values_of(ref, chance) for ref in agreement.refs] for _ in range(PEOPLE)]
    latest = [AT - timedelta(days=chance.randint(0, 30)) for _ in agreement.refs]

    for values in answers[:2000]:
        verdict, (reached, levels, points, _) = (
            engine.judge(agreement, values, at=AT, latest=latest),
            floor(values, latest),
        )
        assert dict(verdict.reached).keys() == dict(reached).keys()
        assert abs(float(verdict.points) - points) < 0.01
        assert all(
            LEVELS[Dimension(dimension)][rank] == verdict.levels[dimension]
            for dimension, rank in levels.items()
        )

    def ours() -> None:
        for values in answers:
            engine.judge(agreement, values, at=AT, latest=latest)

    def theirs() -> None:
        for values in answers:
            floor(values, latest)

    pairs = [(seconds(ours), seconds(theirs)) for _ in range(ROUNDS)]
    mine, bare = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(
        f"verdict ours {mine / PEOPLE * 1e6:.1f} µs floor {bare / PEOPLE * 1e6:.1f} µs "
        f"ratio {bare / mine:.2f} goal {GOAL}"
    )


if __name__ == "__main__":
    main()
