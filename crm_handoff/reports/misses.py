"""Sales' promise of a first response: how often it was missed, by whom, where and when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db import connection

from crm_handoff.reports.rates import Rate
from crm_handoff.reports.weeks import WeekRule
from definitions.models import Definition

ROLLING = timedelta(days=28)
"""The time over which a signed limit is judged, up to the moment of looking."""
ALL = slice(None)


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
    """A clock that came due, by id, and whom it counts for: a rep, a queue, or nobody.

    holder: their name, for a queue its manager's before it; blank for nobody.
    """

    timer: int
    rep: int | None
    queue: int | None
    holder: str


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
    """Return how often first responses were missed, in two queries at any size.

    definition: None counts all. A promise is counted once, for whoever held the lead when it came
    due or was kept; those of a new owner after a breach are none.
    """
    wanted = _wanted(window, definition=definition) | _weeks(window, rule)
    rows = _rows(_GROUPED, wanted)
    names = _names(rows)
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
    shown: slice = ALL,
) -> list[Counted]:
    """Return the clocks behind a line, the latest due first; one query.

    Without `by` those of all lines. shown: which of them, by place.
    """
    place = {
        "first": shown.start or 0,
        "most": None if shown.stop is None else shown.stop - (shown.start or 0),
    }
    wanted = _wanted(window, definition=definition) | _weeks(window, rule) | {"key": key} | place
    conditions = [f"{_KEYS[by]} = %(key)s"] if by is not None else []
    conditions += ["is_missed"] if is_missed_only else []
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    rows = _rows(_CASES.format(where=where), wanted)
    return [Counted(row["id"], row["rep_id"], row["queue_id"], row["holder"]) for row in rows]


_IS_DUE = """
    timer.milestone = 'first_response' AND timer.state IN ('running', 'met', 'breached')
    AND timer.due_at > %(begins_at)s AND timer.due_at <= %(ends_at)s
"""
"""Which clocks came due. One that still runs though it is due has been missed."""

_IS_MISSED = "timer.state <> 'met'"

_IS_SAID = "(timer.missed_by_rep_id IS NOT NULL OR timer.missed_by_queue_id IS NOT NULL)"

_CAME_DUE = f"""
    SELECT timer.id, timer.due_at, timer.term_key, {_IS_MISSED} AS is_missed,
           handoff.territory_id, handoff.source_id,
           CASE WHEN {_IS_SAID} THEN timer.missed_by_rep_id ELSE held.rep_id END AS rep_id,
           CASE WHEN {_IS_SAID} THEN timer.missed_by_queue_id ELSE held.queue_id END AS queue_id
    FROM routing_slatimer timer
    JOIN routing_handoff handoff ON handoff.id = timer.handoff_id
    LEFT JOIN LATERAL (
        SELECT rep_id, queue_id FROM routing_assignment
        WHERE handoff_id = CASE WHEN NOT {_IS_SAID} THEN timer.handoff_id END
          AND began_at <= least(timer.due_at, coalesce(timer.stopped_at, timer.due_at))
        ORDER BY began_at DESC, id DESC LIMIT 1
    ) held ON true
    WHERE {_IS_DUE} AND (%(definition)s::bigint IS NULL OR handoff.version_id IN (
        SELECT id FROM definitions_definitionversion WHERE definition_id = %(definition)s))
"""  # noqa: S608 - made of the constants above
"""Clocks that came due, and whom they count for: who missed it, else who held it then."""

_MANAGED = """
    LEFT JOIN routing_rep rep ON rep.id = due.rep_id
    LEFT JOIN routing_queue queue ON queue.id = due.queue_id
"""

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
    By.WEEK: "week::text",
}
"""What a line is known by, in SQL."""

_COUNTED = "sum(missed)::bigint AS missed, sum(counted)::bigint AS counted"

_GROUPED = f"""
    WITH alike AS (
        SELECT rep_id, queue_id, territory_id, term_key, source_id, {_WEEK} AS week,
               count(*) FILTER (WHERE is_missed) AS missed, count(*) AS counted
        FROM ({_CAME_DUE}) due GROUP BY 1, 2, 3, 4, 5, 6
    ), due AS MATERIALIZED (
        SELECT due.*, coalesce(rep.manager_id, queue.manager_id) AS manager_id
        FROM alike due {_MANAGED}
    )
    SELECT 'all' AS by, '' AS key, {_COUNTED} FROM due HAVING count(*) > 0
    {
    " ".join(
        f"UNION ALL SELECT '{by}', {key}, {_COUNTED} FROM due GROUP BY 2"
        for by, key in _KEYS.items()
    )
}
"""  # noqa: S608 - made of the constants above
"""Every clock is looked at once; what is alike in all ways is put together first."""

_BY_DEFINITION = f"""
    SELECT version.definition_id, count(*) FILTER (WHERE {_IS_MISSED}) AS missed,
           count(*) AS counted
    FROM routing_slatimer timer
    JOIN routing_handoff handoff ON handoff.id = timer.handoff_id
    JOIN definitions_definitionversion version ON version.id = handoff.version_id
    WHERE {_IS_DUE} GROUP BY version.definition_id
"""  # noqa: S608 - made of the constants above

_PERSON = "coalesce(nullif({0}.full_name, ''), {0}.email)"

_CASES = f"""
    SELECT found.id, found.rep_id, found.queue_id, coalesce({_PERSON.format("held")},
           {_PERSON.format("managed")} || ' (' || queue.name || ')', '') AS holder
    FROM (
        SELECT due.* FROM (
            SELECT due.*, {_WEEK} AS week, coalesce(rep.manager_id, queue.manager_id) AS manager_id
            FROM ({_CAME_DUE}) due {_MANAGED}
        ) due {{where}}
        ORDER BY due.due_at DESC, due.id DESC LIMIT %(most)s OFFSET %(first)s
    ) found
    LEFT JOIN routing_rep rep ON rep.id = found.rep_id
    LEFT JOIN crm_handoff_user held ON held.id = rep.user_id
    LEFT JOIN routing_queue queue ON queue.id = found.queue_id
    LEFT JOIN crm_handoff_user managed ON managed.id = queue.manager_id
    ORDER BY found.due_at DESC, found.id DESC
"""  # noqa: S608 - made of the constants above; `where` of those alone

_NAMES = f"""
    SELECT 'holder', 'rep:' || rep.id, {_PERSON.format("person")}
    FROM routing_rep rep JOIN crm_handoff_user person ON person.id = rep.user_id
    WHERE 'rep:' || rep.id = ANY(%(holder)s)
    UNION ALL
    SELECT 'holder', 'queue:' || queue.id, {_PERSON.format("person")} || ' (' || queue.name || ')'
    FROM routing_queue queue JOIN crm_handoff_user person ON person.id = queue.manager_id
    WHERE 'queue:' || queue.id = ANY(%(holder)s)
    UNION ALL
    SELECT 'team', person.id::text, {_PERSON.format("person")}
    FROM crm_handoff_user person WHERE person.id::text = ANY(%(team)s)
    UNION ALL
    SELECT 'territory', id::text, name FROM routing_territory WHERE id::text = ANY(%(territory)s)
    UNION ALL
    SELECT 'source', id::text, name FROM leads_source WHERE id::text = ANY(%(source)s)
    UNION ALL (
        SELECT DISTINCT ON (key) 'term', key, label FROM definitions_slaterm
        WHERE key = ANY(%(term)s) ORDER BY key, version_id DESC
    )
"""  # noqa: S608 - made of the constants above


def _names(rows: Sequence[Mapping[str, Any]]) -> Mapping[tuple[str, str], str]:
    """Return the names of what lines are known by, by that and its key; one query."""
    keys: dict[str, list[str]] = {by: [] for by in By}
    for row in rows:
        if row["by"] in keys:
            keys[row["by"]].append(row["key"])
    with connection.cursor() as cursor:
        cursor.execute(_NAMES, keys)
        return {(by, key): name for by, key, name in cursor.fetchall()}


def _line(
    by: By,
    row: Mapping[str, Any],
    rate: Rate,
    *,
    names: Mapping[tuple[str, str], str],
    starts: Sequence[datetime],
) -> Line:
    key = row["key"]
    if by == By.WEEK:
        return Line(by, key, "", rate, starts[int(key) - 1])
    return Line(by, key, names.get((by, key)) or (key if by == By.TERM else ""), rate)


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
