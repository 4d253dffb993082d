"""Is the agreement kept, and does it pay: each process by weeks, never the two together."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from crm_handoff.reports.limits import Limits, limits_in_force
from crm_handoff.reports.rates import Rate
from crm_handoff.reports.weeks import Week, WeekRule
from definitions.vocabulary import Process

WEEKS_SHOWN = 13

COHORT_WEEKS = 13
"""Leads that became MQL in so many weeks are asked what became of them."""

BECOMES_SQL_WITHIN = timedelta(weeks=4)
"""Each of a cohort had at least this long; becoming SQL later does not count."""

ACCEPTANCE_TARGET_PCT = 70


@dataclass(slots=True)
class WeekFigures:
    """What happened in a week.

    Handed over, answered and below the floor go by when the handoff opened; clocks by when they
    came due; SQLs by when they became it; won by when the deal closed. `handed_over_by_now_count`
    counts up to the point in the week at which the present one stands. `returned_count` are of
    those accepted. `won_amounts` are sums by ISO currency.
    """

    week: Week
    handed_over_count: int = 0
    handed_over_by_now_count: int = 0
    accepted_count: int = 0
    rejected_count: int = 0
    pending_count: int = 0
    expired_count: int = 0
    returned_count: int = 0
    below_floor_count: int = 0
    due_count: int = 0
    missed_count: int = 0
    sql_count: int = 0
    direct_count: int = 0
    won_count: int = 0
    won_amounts: dict[str, Decimal] = field(default_factory=dict)

    @property
    def acceptance(self) -> Rate:
        """Accepted of decided."""
        return Rate(self.accepted_count, self.accepted_count + self.rejected_count)

    @property
    def response_misses(self) -> Rate:
        """Missed of the first-response clocks that came due."""
        return Rate(self.missed_count, self.due_count)

    @property
    def floor_misses(self) -> Rate:
        """Handed over below the criteria floor, of all handed over."""
        return Rate(self.below_floor_count, self.handed_over_count)

    @property
    def direct(self) -> Rate:
        """SQLs by the direct path, of all SQLs."""
        return Rate(self.direct_count, self.sql_count)


@dataclass(frozen=True, slots=True)
class Scorecard:
    """One process; `weeks` has the earliest first, the last one still running.

    `cohort`: of the leads that became MQL for the first time in the 13 weeks that ended four
    weeks ago, those that became SQL within four weeks. `limits` is None when no version of the
    process is in force.
    """

    process: Process
    weeks: tuple[WeekFigures, ...]
    cohort: Rate
    limits: Limits | None

    @property
    def this_week(self) -> WeekFigures:
        """The week that runs."""
        return self.weeks[-1]

    @property
    def last_week(self) -> WeekFigures:
        """The week before it."""
        return self.weeks[-2]


def scorecards(*, at: datetime, rule: WeekRule) -> tuple[Scorecard, ...]:
    """Return a scorecard a process that is in force or hands leads over.

    at: figures are those known by then. Eight queries, at any size.
    """
    weeks = rule.weeks_until(at, count=WEEKS_SHOWN)
    wanted = _wanted(weeks, at)
    figures = _figures(weeks, wanted, (_HANDED_OVER, _CAME_DUE, _BECAME_SQL))
    for row in _rows(_WON, wanted):
        _add_won(figures[row["process"]][row["week"] - 1], row)
    cohorts = {
        row["process"]: Rate(row["sql_count"], row["count"]) for row in _rows(_COHORTS, wanted)
    }
    return _cards(figures, cohorts, limits_in_force(at=at))


def _figures(
    weeks: Sequence[Week], wanted: dict[str, Any], queries: Iterable[str]
) -> dict[str, tuple[WeekFigures, ...]]:
    figures: dict[str, tuple[WeekFigures, ...]] = defaultdict(
        lambda: tuple(WeekFigures(week) for week in weeks)
    )
    for query in queries:
        for row in _rows(query, wanted):
            week = figures[row.pop("process")][row.pop("week") - 1]
            for name, value in row.items():
                setattr(week, name, value)
    return figures


def _cards(
    figures: dict[str, tuple[WeekFigures, ...]],
    cohorts: dict[str, Rate],
    limits: dict[str, Limits],
) -> tuple[Scorecard, ...]:
    return tuple(
        Scorecard(process, figures[process], cohorts.get(process, Rate(0, 0)), limits.get(process))
        for process in Process
        if process in figures or process in limits
    )


def _wanted(weeks: Sequence[Week], at: datetime) -> dict[str, Any]:
    this, last = weeks[-1], weeks[-2]
    return {
        "starts": [week.starts_at for week in weeks],
        "first": weeks[0].starts_at,
        "at": at,
        "by_now": last.starts_at + (at - this.starts_at),
        "cohort_start": this.starts_at - BECOMES_SQL_WITHIN - timedelta(weeks=COHORT_WEEKS),
        "cohort_end": this.starts_at - BECOMES_SQL_WITHIN,
        "becomes_within": BECOMES_SQL_WITHIN,
    }


_HANDED_OVER = """
    SELECT version.process, width_bucket(opened_at, %(starts)s::timestamptz[]) AS week,
           count(*) AS handed_over_count,
           count(*) FILTER (WHERE opened_at < %(by_now)s) AS handed_over_by_now_count,
           count(*) FILTER (WHERE was_taken) AS accepted_count,
           count(*) FILTER (WHERE NOT was_taken AND status = 'rejected') AS rejected_count,
           count(*) FILTER (WHERE NOT was_taken AND status IN ('queued', 'assigned'))
               AS pending_count,
           count(*) FILTER (WHERE NOT was_taken AND status = 'expired') AS expired_count,
           count(*) FILTER (WHERE was_taken AND status IN ('returned', 'rejected'))
               AS returned_count,
           count(*) FILTER (WHERE floor_missed) AS below_floor_count
    FROM routing_handoff handoff
    JOIN definitions_definitionversion version ON version.id = handoff.version_id
    CROSS JOIN LATERAL (
        SELECT accepted_at IS NOT NULL OR status = 'converted' OR EXISTS (
            SELECT FROM routing_confirmation WHERE handoff_id = handoff.id) AS was_taken
        OFFSET 0
    ) answer
    WHERE opened_at >= %(first)s AND opened_at <= %(at)s
    GROUP BY process, week
"""
"""Who confirms a lead or opens a deal from it has taken it, also without accepting it before.

`OFFSET 0`: else the planner would ask of each handoff six times whether it was confirmed.
"""

_CAME_DUE = """
    SELECT version.process, width_bucket(due_at, %(starts)s::timestamptz[]) AS week,
           count(*) AS due_count,
           count(*) FILTER (WHERE timer.state <> 'met') AS missed_count
    FROM routing_slatimer timer
    JOIN routing_handoff handoff ON handoff.id = timer.handoff_id
    JOIN definitions_definitionversion version ON version.id = handoff.version_id
    WHERE milestone = 'first_response' AND timer.state IN ('running', 'met', 'breached')
      AND due_at >= %(first)s AND due_at <= %(at)s
    GROUP BY process, week
"""
"""One that still runs though it is due has been missed, whether or not that was noted yet."""

_BECAME_SQL = """
    SELECT process, width_bucket(at, %(starts)s::timestamptz[]) AS week,
           count(DISTINCT lead_id) AS sql_count,
           count(DISTINCT lead_id) FILTER (WHERE path = 'direct') AS direct_count
    FROM (
        SELECT step.lead_id, step.at, step.path,
               CASE cause WHEN 'confirm' THEN 'sales_confirmed' ELSE version.process END AS process
        FROM leads_stagetransition step
        LEFT JOIN leads_evaluation evaluation ON evaluation.id = step.evaluation_id
        LEFT JOIN definitions_definitionversion version ON version.id = evaluation.version_id
        WHERE to_stage = 'sql' AND cause IN ('evaluation', 'confirm')
          AND step.at >= %(first)s AND step.at <= %(at)s
    ) became
    GROUP BY process, week
"""

_WON = """
    SELECT process, width_bucket(closed_at, %(starts)s::timestamptz[]) AS week, deal.currency,
           count(*) AS count, sum(amount) AS amount
    FROM leads_opportunity deal
    CROSS JOIN LATERAL (
        SELECT process FROM routing_handoff handoff
        JOIN definitions_definitionversion version ON version.id = handoff.version_id
        WHERE handoff.lead_id = deal.lead_id AND opened_at <= deal.closed_at
        ORDER BY opened_at DESC LIMIT 1
    ) handed_over
    WHERE deal.stage = 'won' AND closed_at >= %(first)s AND closed_at <= %(at)s
    GROUP BY process, week, deal.currency
"""

_COHORTS = """
    SELECT process, count(*) AS count, count(*) FILTER (WHERE EXISTS (
        SELECT FROM leads_stagetransition later
        WHERE later.lead_id = step.lead_id AND later.to_stage = 'sql'
          AND later.cause IN ('evaluation', 'confirm')
          AND later.at >= step.at AND later.at < step.at + %(becomes_within)s)) AS sql_count
    FROM leads_stagetransition step
    JOIN leads_evaluation evaluation ON evaluation.id = step.evaluation_id
    JOIN definitions_definitionversion version ON version.id = evaluation.version_id
    WHERE step.to_stage = 'mql' AND step.cause = 'evaluation'
      AND step.at >= %(cohort_start)s AND step.at < %(cohort_end)s
      AND NOT EXISTS (
        SELECT FROM leads_stagetransition earlier
        WHERE earlier.lead_id = step.lead_id AND earlier.to_stage = 'mql' AND earlier.id < step.id)
    GROUP BY process
"""


def _add_won(week: WeekFigures, row: dict[str, Any]) -> None:
    week.won_count += row["count"]
    if row["amount"] is not None:
        week.won_amounts[row["currency"]] = row["amount"]


def _rows(query: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
