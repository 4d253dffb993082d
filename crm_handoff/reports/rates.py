"""Shares with what can honestly be said of them: how sure they are, and whether they moved."""

import math
from dataclasses import dataclass

ENOUGH = 20
"""Cases below which a share is shown, but nothing is concluded from it."""

Z = 1.959963984540054
"""Of a 95 % interval."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` cases out of `of`; percentages are 0 to 100."""

    count: int
    of: int

    @property
    def pct(self) -> float | None:
        """The share; None when there is no case."""
        return 100 * self.count / self.of if self.of else None

    @property
    def is_enough(self) -> bool:
        """Whether there are cases enough to conclude anything."""
        return self.of >= ENOUGH

    @property
    def low_pct(self) -> float:
        """Lower bound of the 95 % Wilson interval; 0 when there is no case."""
        return self._wilson()[0]

    @property
    def high_pct(self) -> float:
        """Upper bound of the 95 % Wilson interval; 100 when there is no case."""
        return self._wilson()[1]

    def breaks(self, limit_pct: float) -> bool:
        """Say whether a signed limit is broken: the raw share above it, of cases enough."""
        return self.is_enough and 100 * self.count > limit_pct * self.of

    def is_surely_above(self, limit_pct: float) -> bool:
        """Say whether an alarm rings: cases enough, and the interval's lower bound above."""
        return self.is_enough and self.low_pct > limit_pct

    def _wilson(self) -> tuple[float, float]:
        if not self.of:
            return 0.0, 100.0
        share, weight = self.count / self.of, Z * Z / self.of
        middle = share + weight / 2
        reach = Z * math.sqrt((share * (1 - share) + weight / 4) / self.of)
        low = (middle - reach) / (1 + weight) if self.count else 0.0
        high = (middle + reach) / (1 + weight) if self.count < self.of else 1.0
        return 100 * low, 100 * high


def change_of(before: Rate, after: Rate) -> float | None:
    """Return by how many percentage points a share moved, or None when that may be chance.

    Chance is ruled out when both have cases enough and Newcombe's 95 % interval of the
    difference, made of both Wilson intervals, does not hold zero.
    """
    if not (before.is_enough and after.is_enough):
        return None
    was, now = before.pct or 0.0, after.pct or 0.0
    moved = now - was
    down = math.hypot(now - after.low_pct, before.high_pct - was)
    up = math.hypot(after.high_pct - now, was - before.low_pct)
    return None if moved - down <= 0 <= moved + up else moved
