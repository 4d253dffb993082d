"""Rows that contradict each other: levels, stages and exclusions that nobody or all can reach."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations, pairwise
from typing import Any

from definitions import ranges
from definitions.conditions import FactRef
from definitions.document import criteria_of
from definitions.enums import Match
from definitions.form import Row, mapping_in
from definitions.ranges import Range
from definitions.vocabulary import LEVELS, Dimension, Parameter, Path, RuleStage

Taken = Mapping[FactRef, Range]
"""What values of each fact asked some conditions take together."""

PASSED_ON = frozenset({RuleStage.MQL, RuleStage.PQL, RuleStage.SQL})
"""Stages that exclusions keep from."""

ASKED_BY = {"buying_team_confirmed": "buying_team_confirmed"}
"""Facts that ask one question by themselves, with the key of the question."""


def stage_name(row: Row) -> str:
    """Return the name by which problems call a stage rule."""
    return f"stages.{row['stage']}.{row['path']}"


def contradictions(content: Row) -> Iterator[str]:
    """Yield what can never be met or reached in a well-formed content, a sentence each.

    Only what is certain is said: facts are taken for independent of each other.
    """
    yield from _Reach(content).problems()


class _Reach:
    """A content's criteria by key, each with the values that it takes."""

    def __init__(self, content: Row) -> None:
        self.content = content
        self.rows = {key: row for _dimension, _level, key, row in criteria_of(content)}
        self.exclusions = dict(mapping_in(content, "exclusions"))
        self.names = {
            key: f"exclusions.{key}" if key in self.exclusions else f"criteria.{key}"
            for key in self.rows
        }
        self.refs = {
            key: FactRef.of(row["fact"], row.get("parameters")) for key, row in self.rows.items()
        }
        self.taken = {key: ranges.of_row(row) for key, row in self.rows.items()}
        self.levels = {
            (dimension, level): row
            for dimension, rows in mapping_in(content, "levels")
            for level, row in (rows or {}).items()
        }

    def problems(self) -> Iterator[str]:
        for key, taken in self.taken.items():
            if ranges.is_empty(taken):
                yield f"{self.names[key]}: nobody can meet it"
        yield from self._levels()
        for rule in self.content.get("stages") or ():
            yield from self._stage(rule)
        yield from self._loosened()
        yield from self._pointless()
        yield from self._exclusions()
        yield from self._questions()

    def _levels(self) -> Iterator[str]:
        for (dimension, level), row in self.levels.items():
            if row.get("match") == Match.ANY:
                continue
            for one, other in combinations(row["criteria"], 2):
                if self._contradict(one, other):
                    yield (
                        f"levels.{dimension}.{level}: nobody reaches it, criteria.{one} and "
                        f"criteria.{other} contradict each other"
                    )
        for dimension in Dimension:
            steps = [(dimension.value, level) for level in LEVELS[dimension]]
            for lower, higher in pairwise([step for step in steps if step in self.levels]):
                if self._implies_level(lower, higher):
                    yield (
                        f"levels.{dimension}.{lower[1]}: nobody stays on it, whoever meets it "
                        f"meets {higher[1]} too"
                    )

    def _stage(self, rule: Row) -> Iterator[str]:
        where, required = stage_name(rule), list(rule.get("criteria") or ())
        for key in required:
            if key in self.exclusions and rule["stage"] in PASSED_ON:
                yield f"{where}: asks for exclusions.{key}, which keeps everyone out"
        for one, other in combinations(required, 2):
            if self._contradict(one, other):
                yield (
                    f"{where}: nobody reaches it, criteria.{one} and criteria.{other} "
                    "contradict each other"
                )
        for dimension in Dimension:
            wanted = rule.get(dimension.value)
            if wanted and self._is_out_of_reach(dimension, wanted, required):
                yield f"{where}: nobody reaches it, its criteria contradict {dimension} {wanted}"
        least, most = rule.get("min_points"), self._most_points()
        if least is not None and most is not None and least > most:
            yield f"{where}: min_points {least} is out of reach, the points rules give {most}"

    def _is_out_of_reach(self, dimension: Dimension, wanted: str, required: list[str]) -> bool:
        ranks = LEVELS[dimension]
        rungs = [
            self.levels[dimension.value, level]
            for level in ranks[ranks.index(wanted) :]
            if (dimension.value, level) in self.levels
        ]
        demanded = self._together(required)
        if wanted == ranks[0] or not rungs or _is_never(demanded):
            return False
        return all(_is_never(_joined(demanded, way)) for rung in rungs for way in self._ways(rung))

    def _most_points(self) -> int | None:
        """Return the most points that all rules give together; None without a bound."""
        most = 0
        for _key, row in mapping_in(self.content, "score"):
            if row["points"] <= 0:
                continue
            if row.get("per") is not None and row.get("cap") is None:
                return None
            most += row["points"] if row.get("cap") is None else row["cap"]
        return most

    def _loosened(self) -> Iterator[str]:
        for lower, higher in ladders(self.content):
            for key in lower.get("criteria") or ():
                if key in self.rows and not self._asks(higher, key):
                    below = lower["stage"]
                    yield f"{stage_name(higher)}: asks no criteria.{key}, which {below} does"

    def _pointless(self) -> Iterator[str]:
        rules = self.content.get("stages") or ()
        for rule in rules:
            for preferred in rules:
                if rule["stage"] == preferred["stage"] and self._is_preferred(preferred, rule):
                    yield (
                        f"{stage_name(rule)}: never counts, whoever meets it meets "
                        f"{stage_name(preferred)} too"
                    )

    def _is_preferred(self, preferred: Row, rule: Row) -> bool:
        """Say whether a path that counts before another asks nothing that the other does not."""
        paths = [*map(str, Path)]
        if paths.index(preferred["path"]) >= paths.index(rule["path"]):
            return False
        for dimension in Dimension:
            ranks = LEVELS[dimension]
            least, more = (one.get(dimension.value) or ranks[0] for one in (preferred, rule))
            if ranks.index(least) > ranks.index(more):
                return False
        least_points, points = preferred.get("min_points"), rule.get("min_points")
        if least_points is not None and (points is None or points < least_points):
            return False
        return all(
            key in self.rows and self._asks(rule, key) for key in preferred.get("criteria") or ()
        )

    def _exclusions(self) -> Iterator[str]:
        for key in self.exclusions:
            if ranges.is_within(ranges.whole(self.refs[key]), self.taken[key]):
                yield f"exclusions.{key}: keeps everyone out"
            for rule in self.content.get("stages") or ():
                named = [one for one in rule.get("criteria") or () if one in self.rows]
                if rule["stage"] not in PASSED_ON or key in named:
                    continue
                for one in named:
                    if self._implies(one, key):
                        yield (
                            f"exclusions.{key}: keeps out everyone who meets criteria.{one}, "
                            f"which {stage_name(rule)} asks for"
                        )

    def _questions(self) -> Iterator[str]:
        rows = [*self.rows.values(), *(row for _key, row in mapping_in(self.content, "score"))]
        rows += self.content.get("segment") or []
        asked = {(row.get("parameters") or {}).get(Parameter.WHAT) for row in rows}
        asked |= {ASKED_BY.get(row["fact"]) for row in rows}
        for key, _row in mapping_in(self.content, "questions"):
            if key not in asked:
                yield f"questions.{key}: no criterion asks for its answer"

    def _asks(self, rule: Row, key: str) -> bool:
        """Say whether whoever meets a rule meets a criterion, as far as that is certain."""
        required = [one for one in rule.get("criteria") or () if one in self.rows]
        if key in required or self._covers(self._together(required), key):
            return True
        for dimension in Dimension:
            ranks = LEVELS[dimension]
            wanted = rule.get(dimension.value) or ranks[0]
            rungs = [
                self.levels[dimension.value, level]
                for level in ranks[ranks.index(wanted) :]
                if (dimension.value, level) in self.levels
            ]
            ways = [way for rung in rungs for way in self._ways(rung)]
            if wanted != ranks[0] and ways and all(self._covers(way, key) for way in ways):
                return True
        return False

    def _ways(self, level: Row) -> Iterator[Taken]:
        """Yield what each way to a level takes: all its criteria, or any one of them."""
        if level.get("match") == Match.ANY:
            yield from (self._together([key]) for key in level["criteria"])
        else:
            yield self._together(level["criteria"])

    def _implies_level(self, lower: tuple[str, str], higher: tuple[str, str]) -> bool:
        wanted = self.levels[higher]
        combined = any if wanted.get("match") == Match.ANY else all
        return all(
            combined(self._covers(way, key) for key in wanted["criteria"])
            for way in self._ways(self.levels[lower])
        )

    def _covers(self, taken: Taken, key: str) -> bool:
        ref = self.refs[key]
        return ref in taken and ranges.is_within(taken[ref], self.taken[key])

    def _implies(self, one: str, other: str) -> bool:
        return self._covers({self.refs[one]: self.taken[one]}, other)

    def _contradict(self, one: str, other: str) -> bool:
        if one not in self.rows or other not in self.rows or self.refs[one] != self.refs[other]:
            return False
        both = (self.taken[one], self.taken[other])
        return not any(map(ranges.is_empty, both)) and ranges.is_empty(ranges.met(*both))

    def _together(self, keys: Iterable[str]) -> Taken:
        known = [key for key in keys if key in self.rows]
        taken: dict[FactRef, Range] = {}
        for key in known:
            taken = _joined(taken, {self.refs[key]: self.taken[key]})
        return taken


def _joined(one: Taken, other: Taken) -> dict[FactRef, Range]:
    joined = dict(one)
    for ref, taken in other.items():
        joined[ref] = ranges.met(joined[ref], taken) if ref in joined else taken
    return joined


def _is_never(taken: Taken) -> bool:
    return any(map(ranges.is_empty, taken.values()))


def ladders(content: Row) -> Iterator[tuple[Any, Any]]:
    """Yield each pair of rules of one path of which the second comes after the first."""
    rules = {(row["stage"], row["path"]): row for row in content.get("stages") or ()}
    for path in Path:
        ladder = [
            rules[stage, path]
            for stage in (RuleStage.IQL, RuleStage.MQL, RuleStage.SQL)
            if (stage, path) in rules
        ]
        yield from pairwise(ladder)
