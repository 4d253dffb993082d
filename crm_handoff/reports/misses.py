"""Sales' promise of a first response: how often it was missed, by whom, where and when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db import connection

from crm_handoff.models import User
from crm_handoff.reports.rates import Rate
from crm_handoff.reports.weeks import WeekRule
from definitions.models import Definition, SlaTerm
from leads.models import Source
from routing.models import Queue, Rep, Territory

ROLLING = timedelta(days=28)
"""The time over which a signed limit is judged, up to the moment of looking."""


class By(StrEnum):
    """By what missed promises are put together."""

    HOLDER = "holder"
    TEAM = "team"
    TERRITORY = "territory"
    TERM = "term"
    SOURCE = "source"
    WEEK = "week"


@dataclass(frozen=True, slots=True)
class Window:
    """From when (exclusive) until when (inclusive) promises came due."""

    begins_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Line:
    """How often a part of sales missed its promise.

    key: a rep ("rep:7"), a queue ("queue:3"), a manager, territory or source by id, a term by its
    key, a week by its place in the window; "" for those without one. `starts_at`: of a week alone.
    """

    by: By
    key: str
    name: str
    rate: Rate
    starts_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """A clock that came due, by id, and whom it counts for: a rep, a queue, or nobody."""

    timer: int
    rep: int | None
    queue: int | None


@dataclass(frozen=True, slots=True)
class Misses:
    """`overall`, and by each way of putting together its lines.

    Those come first that surely miss most: by the lower bound of the share's interval, so that
    one missed of one does not lead the list. Weeks stand in their order.
    """

    overall: Rate
    lines: Mapping[By, tuple[Line, ...]]


def rolling(*, at: datetime) -> Window:
    """Return the window that a signed limit is judged by."""
    return Window(at - ROLLING, at)


def rates_of_definitions(window: Window) -> dict[int, Rate]:
    """Return the miss rate of each definition with promises that came due, by id; one query."""
    rows = _rows(_BY_DEFINITION, _wanted(window))
    return {row["definition_id"]: Rate(row["missed"], row["counted"]) for row in rows}


def misses(window: Window, *, rule: WeekRule, definition: Definition | None = None) -> Misses:
    """Return how often first responses were missed, in seven queries at any size.

    definition: None counts all. A promise is counted once, for whoever held the lead when it came
    due or was kept; those of a new owner after a breach are none.
    """
    wanted = _wanted(window, definition=definition) | _weeks(window, rule)
    rows = _rows(_GROUPED, wanted)
    names = _Names(rows)
    lines: dict[By, list[Line]] = {by: [] for by in By}
    overall = Rate(0, 0)
    for row in rows:
        rate = Rate(row["missed"], row["counted"])
        if row["by"] == "all":
            overall = rate
        else:
            by = By(row["by"])
            lines[by].append(_line(by, row, rate, names=names, starts=wanted["starts"]))
    return Misses(overall, {by: _in_order(by, found) for by, found in lines.items()})


def cases(
    window: Window,
    *,
    rule: WeekRule,
    definition: Definition | None = None,
    by: By | None = None,
    key: str = "",
    is_missed_only: bool = True,
) -> list[Counted]:
    """Return the clocks behind a line, the latest due first; one query.

    Without `by` those of all lines.
    """
    wanted = _wanted(window, definition=definition) | _weeks(window, rule) | {"key": key}
    conditions = [f"{_KEYS[by]} = %(key)s"] if by is not None else []
    conditions += ["is_missed"] if is_missed_only else []
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    rows = _rows(_CASES.format(where=where), wanted)
    return [Counted(row["id"], row["rep_id"], row["queue_id"]) for row in rows]


_CAME_DUE = """
    SELECT timer.id, timer.due_at, timer.term_key, timer.state <> 'met' AS is_missed,
           version.definition_id, handoff.territory_id, handoff.source_id,
           holder.rep_id, holder.queue_id,
           coalesce(rep.manager_id, queue.manager_id) AS manager_id
    FROM routing_slatimer timer
    JOIN routing_handoff handoff ON handoff.id = timer.handoff_id
    JOIN definitions_definitionversion version ON version.id = handoff.version_id
    LEFT JOIN LATERAL (
        SELECT timer.missed_by_rep_id AS rep_id, timer.missed_by_queue_id AS queue_id
        WHERE timer.missed_by_rep_id IS NOT NULL OR timer.missed_by_queue_id IS NOT NULL
        UNION ALL (
            SELECT held.rep_id, held.queue_id FROM routing_assignment held
            WHERE held.handoff_id = timer.handoff_id
              AND timer.missed_by_rep_id IS NULL AND timer.missed_by_queue_id IS NULL
              AND held.began_at <= least(timer.due_at, coalesce(timer.stopped_at, timer.due_at))
            ORDER BY held.began_at DESC, held.id DESC LIMIT 1
        )
    ) holder ON true
    LEFT JOIN routing_rep rep ON rep.id = holder.rep_id
    LEFT JOIN routing_queue queue ON queue.id = holder.queue_id
    WHERE timer.milestone = 'first_response' AND timer.state IN ('running', 'met', 'breached')
      AND timer.due_at > %(begins_at)s AND timer.due_at <= %(ends_at)s
      AND (%(definition)s::bigint IS NULL OR version.definition_id = %(definition)s)
"""
"""Clocks that came due. One that still runs though it is due has been missed."""

_HOLDER = """
    CASE WHEN rep_id IS NOT NULL THEN 'rep:' || rep_id
         WHEN queue_id IS NOT NULL THEN 'queue:' || queue_id ELSE '' END
"""

_WEEK = "width_bucket(due_at, %(starts)s::timestamptz[])"

_KEYS = {
    By.HOLDER: f"({_HOLDER})",
    By.TEAM: "coalesce(manager_id::text, '')",
    By.TERRITORY: "coalesce(territory_id::text, '')",
    By.TERM: "term_key",
    By.SOURCE: "coalesce(source_id::text, '')",
    By.WEEK: f"({_WEEK})::text",
}
"""What a line is known by, in SQL."""

_COUNTED = "count(*) FILTER (WHERE is_missed) AS missed, count(*) AS counted"

_GROUPED = f"""
    WITH due AS MATERIALIZED ({_CAME_DUE})
    SELECT 'all' AS by, '' AS key, {_COUNTED} FROM due
    {
    " ".join(
        f"UNION ALL SELECT '{by}', {key}, {_COUNTED} FROM due GROUP BY 2"
        for by, key in _KEYS.items()
    )
}
"""  # noqa: S608 - made of the constants above

_BY_DEFINITION = f"""
    SELECT definition_id, {_COUNTED} FROM ({_CAME_DUE}) due GROUP BY definition_id
"""  # noqa: S608 - made of the constants above

_CASES = f"""
    SELECT due.id, due.rep_id, due.queue_id FROM ({_CAME_DUE}) due
    {{where}}
    ORDER BY due.due_at DESC, due.id DESC
"""  # noqa: S608 - made of the constants above; `where` of those alone


class _Names:
    """Names of what lines are known by; one query each of five kinds."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        keys: dict[str, set[str]] = {by: set() for by in (*By, "all")}
        for row in rows:
            keys[row["by"]].add(row["key"])
        holders = [key.partition(":") for key in keys[By.HOLDER] if key]
        reps = [int(pk) for kind, _, pk in holders if kind == "rep"]
        queues = [int(pk) for kind, _, pk in holders if kind == "queue"]
        self.names = {
            By.HOLDER: {
                **{
                    f"rep:{rep.pk}": str(rep)
                    for rep in Rep.objects.filter(pk__in=reps).select_related("user")
                },
                **{
                    f"queue:{queue.pk}": f"{queue.manager} ({queue.name})"
                    for queue in Queue.objects.filter(pk__in=queues).select_related("manager")
                },
            },
            By.TEAM: _by_id(User, keys[By.TEAM]),
            By.TERRITORY: _by_id(Territory, keys[By.TERRITORY]),
            By.SOURCE: _by_id(Source, keys[By.SOURCE]),
            By.TERM: dict(
                SlaTerm.objects.filter(key__in=keys[By.TERM])
                .order_by("key", "version_id")
                .values_list("key", "label")
            ),
        }

    def of(self, by: By, key: str) -> str:
        return self.names.get(by, {}).get(key, "")


def _by_id(model: Any, keys: set[str]) -> dict[str, str]:
    found = model.objects.in_bulk([int(key) for key in keys if key])
    return {str(pk): str(row) for pk, row in found.items()}


def _line(
    by: By, row: Mapping[str, Any], rate: Rate, *, names: _Names, starts: Sequence[datetime]
) -> Line:
    key = row["key"]
    if by == By.WEEK:
        return Line(by, key, "", rate, starts[int(key) - 1])
    return Line(by, key, names.of(by, key) or (key if by == By.TERM else ""), rate)


def _in_order(by: By, lines: list[Line]) -> tuple[Line, ...]:
    if by == By.WEEK:
        return tuple(sorted(lines, key=lambda line: int(line.key)))
    return tuple(
        sorted(
            lines,
            key=lambda line: (-line.rate.low_pct, -(line.rate.pct or 0), line.name, line.key),
        )
    )


def _wanted(window: Window, *, definition: Definition | None = None) -> dict[str, Any]:
    return {
        "begins_at": window.begins_at,
        "ends_at": window.ends_at,
        "definition": definition.pk if definition is not None else None,
    }


def _weeks(window: Window, rule: WeekRule) -> dict[str, Any]:
    weeks = [rule.week_of(window.ends_at)]
    while weeks[-1].starts_at > window.begins_at:
        weeks.append(rule.week_of(weeks[-1].starts_at - timedelta(days=1)))
    return {"starts": [week.starts_at for week in reversed(weeks)]}


def _rows(query: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
