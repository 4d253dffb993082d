"""Small charts that the server draws: columns by week, with a line where a limit is."""

from collections.abc import Sequence
from dataclasses import dataclass

GAP_SHARE = 0.28
"""Of a column's place, what stays free beside it."""

LEAST_PCT = 3.0
"""Height below which a column could not be seen; of nothing there is no column."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column; its place and size in percent of the drawing, and what it says on hover."""

    x: str
    y: str
    width: str
    height: str
    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Columns from the left, and from where `limit_y` is not blank, a line; both in percent.

    `label` says in words what the drawing shows.
    """

    columns: tuple[Column, ...]
    limit_y: str
    label: str


@dataclass(frozen=True, slots=True)
class Bar:
    """What a column is made of: a value or None, a kind for its color, a text."""

    value: float | None
    label: str
    kind: str = ""


def chart(bars: Sequence[Bar], *, label: str, limit: float | None = None) -> Chart:
    """Draw bars as columns on a common scale that starts at zero; the limit fits in, too."""
    most = max([bar.value or 0 for bar in bars] + [(limit or 0) * 1.25], default=0) or 1
    place = 100 / max(1, len(bars))
    columns = (
        _column(bar, index * place, place, 100 * (bar.value or 0) / most)
        for index, bar in enumerate(bars)
    )
    limit_y = _percent(100 - 100 * limit / most) if limit is not None else ""
    return Chart(tuple(columns), limit_y, label)


def _column(bar: Bar, left: float, place: float, height: float) -> Column:
    drawn = max(height, LEAST_PCT) if bar.value else 0.0
    return Column(
        x=_percent(left + place * GAP_SHARE / 2),
        y=_percent(100 - drawn),
        width=_percent(place * (1 - GAP_SHARE)),
        height=_percent(drawn),
        kind=bar.kind,
        label=bar.label,
    )


def _percent(value: float) -> str:
    """Write a length as SVG reads it, whatever the language."""
    return f"{value:.2f}%"
