"""A naive reading of a document, aloud: no masks, no ranks, nothing compiled, nothing shared."""

from datetime import datetime
from decimal import Decimal
from itertools import chain
from typing import Any

from definitions.conditions import predicate_of
from definitions.engine import FactRef
from definitions.vocabulary import LEVELS, Dimension

Row = dict[str, Any]

BARRED = ("mql", "pql", "sql")
"""Stages that nobody who meets an exclusion reaches."""


class Naive:
    """Judges somebody by what is known of them; `latest` says when each fact last happened."""

    def __init__(
        self,
        content: Row,
        answers: dict[FactRef, Any],
        *,
        at: datetime,
        latest: dict[FactRef, datetime],
    ) -> None:
        self.content = content
        self.answers = answers
        self.at = at
        self.latest = latest

    def ref(self, row: Row) -> FactRef:
        return FactRef.of(row["fact"], row["parameters"])

    def value(self, row: Row) -> Any:
        return self.answers[self.ref(row)]

    def is_met(self, row: Row) -> bool:
        return predicate_of(row["fact"], row["operator"], row["wanted"])(self.value(row))

    def level(self, dimension: Dimension) -> str:
        granted = str(LEVELS[dimension][0])
        for level in LEVELS[dimension][1:]:
            row = self.content["levels"].get(dimension, {}).get(level)
            quantifier = any if row and row["match"] == "any" else all
            if row and quantifier([self.is_met(one) for one in row["criteria"].values()]):
                granted = str(level)
        return granted

    def given(self, row: Row) -> Decimal:
        """The points of one rule that is met."""
        points = Decimal(row["points"])
        if row.get("per"):
            points *= self.value(row) // row["per"]
        if row.get("cap") is not None and abs(points) > abs(row["cap"]):
            points = Decimal(row["cap"])
        if row.get("half_life_days") and self.ref(row) in self.latest:
            days = max((self.at - self.latest[self.ref(row)]).days, 0)
            halvings = Decimal(days) / Decimal(row["half_life_days"])
            points = (points / Decimal(2) ** halvings).quantize(Decimal("0.01"))
        return points

    def score(self) -> dict[str, Decimal]:
        """The points of each rule that gives any."""
        rules = self.content["score"].items()
        given = {key: self.given(row) for key, row in rules if self.is_met(row)}
        return {key: points for key, points in given.items() if points}

    def points(self) -> Decimal:
        return sum(self.score().values(), Decimal(0))

    def is_excluded(self) -> bool:
        return any(self.is_met(row) for row in self.content["exclusions"].values())

    def holds(self, row: Row) -> bool:
        if row["stage"] in BARRED and self.is_excluded():
            return False
        return (
            self.points() >= row.get("min_points", self.points())
            and all(self.is_met(self.content["signals"][key]) for key in row.get("criteria", []))
            and all(
                LEVELS[one].index(self.level(one)) >= LEVELS[one].index(row[one])
                for one in Dimension
                if one in row
            )
        )

    def reached(self) -> tuple[tuple[str, str], ...]:
        holding = {
            (row["stage"], row["path"]) for row in self.content["stages"] if self.holds(row)
        }
        by_stage = (
            [(stage, path) for path in ("standard", "direct") if (stage, path) in holding][:1]
            for stage in ("iql", "mql", "sql")
        )
        return tuple(chain.from_iterable(by_stage))
