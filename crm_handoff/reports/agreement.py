"""What a version in force brought about, by its own criteria: what both sides review."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from crm_handoff.reports.rates import Rate, change_of
from definitions.models import DefinitionVersion
from definitions.queries import agreement_of

SCHEMA = 1
"""Of the JSON in which figures are kept; raised when its shape changes."""


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How often sales rejected for a reason."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class CriterionFigures:
    """Leads that met a criterion of the version: answered by sales, become SQL, and won.

    `dimension` and `level` are what it helps to grant, "" for a signal. `decided` counts leads
    that were accepted or rejected, `rejected` those of them that were rejected, most often for
    `reason` ("" when none was). `sqls` counts those that became SQL, `won` those of them of whom
    a deal was won since.
    """

    key: str
    label: str
    dimension: str
    level: str
    decided: int
    rejected: int
    reason: str
    sqls: int
    won: int


@dataclass(frozen=True, slots=True)
class CriterionRow:
    """A criterion with its shares, each with how many cases it stands on.

    `rejected_met` and `rejected_unmet`: rejected of those answered that met it, and that did not.
    `won` and `sqls`: how many of the won, and of all SQLs, met it. `rejected_change` and
    `won_change` are percentage points by which meeting it goes along with being rejected, and
    with being won; None when that may be chance.
    """

    key: str
    label: str
    dimension: str
    level: str
    reason: str
    rejected_met: Rate
    rejected_unmet: Rate
    won: Rate
    sqls: Rate
    rejected_change: float | None
    won_change: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    """What became of the leads that one version handed over, from `since` to `until`.

    `accepted` and `rejected` are answers that stand; `returned` were accepted before. `sqls` are
    the leads that became SQL by this version, by evaluation or by a rep's confirmation as its
    process has it; `won` those of them of whom a deal was won since.
    """

    since: datetime
    until: datetime
    handed_over: int
    accepted: int
    rejected: int
    pending: int
    expired: int
    returned: int
    sqls: int
    won: int
    reasons: tuple[ReasonCount, ...]
    criteria: tuple[CriterionFigures, ...]

    @property
    def acceptance(self) -> Rate:
        """Accepted of decided."""
        return Rate(self.accepted, self.accepted + self.rejected)

    @property
    def won_rate(self) -> Rate:
        """SQLs that were won, of all."""
        return Rate(self.won, self.sqls)

    @property
    def reason_shares(self) -> list[tuple[str, Rate]]:
        """Reasons with their share of all rejections, the most frequent first."""
        return [(one.name, Rate(one.count, self.rejected)) for one in self.reasons]

    @property
    def rows(self) -> list[CriterionRow]:
        """Criteria with their shares, in the order of the agreement."""
        return [self._row(one) for one in self.criteria]

    @property
    def telling_rejections(self) -> list[CriterionRow]:
        """Rows that somebody answered met: those first whose leads are rejected unlike others."""
        found = [row for row in self.rows if row.rejected_met.of]
        return sorted(
            found,
            key=lambda row: _rank(row.rejected_change, row.rejected_met, row.rejected_unmet),
        )

    @property
    def telling_wins(self) -> list[CriterionRow]:
        """Rows that some SQL met: those first that the won met more or less often than all."""
        found = [row for row in self.rows if row.sqls.count]
        return sorted(found, key=lambda row: _rank(row.won_change, row.won, row.sqls))

    def as_json(self) -> dict[str, Any]:
        """Return the figures as they are kept."""
        instants = {"since": self.since.isoformat(), "until": self.until.isoformat()}
        return {"schema": SCHEMA, **asdict(self), **instants}

    def _row(self, one: CriterionFigures) -> CriterionRow:
        decided = self.accepted + self.rejected
        met = Rate(one.rejected, one.decided)
        unmet = Rate(self.rejected - one.rejected, decided - one.decided)
        won_met = Rate(one.won, one.sqls)
        won_unmet = Rate(self.won - one.won, self.sqls - one.sqls)
        return CriterionRow(
            key=one.key,
            label=one.label,
            dimension=one.dimension,
            level=one.level,
            reason=one.reason,
            rejected_met=met,
            rejected_unmet=unmet,
            won=Rate(one.won, self.won),
            sqls=Rate(one.sqls, self.sqls),
            rejected_change=change_of(unmet, met),
            won_change=change_of(won_unmet, won_met),
        )


def _rank(change: float | None, this: Rate, other: Rate) -> tuple[bool, bool, float]:
    """Order rows: what is no chance first, then what stands on cases enough, the widest first."""
    apart = abs((this.pct or 0.0) - (other.pct or 0.0)) if this.of and other.of else 0.0
    return (change is None, not (this.is_enough and other.is_enough), -apart)


def figures_of(version: DefinitionVersion, *, at: datetime) -> Figures:
    """Return what a version brought about since it took effect; five queries, at any size.

    at: figures are those known by then. The version is or was in force.
    """
    wanted = {"version": version.pk, "until": at}
    decided = _HANDED_OVER + _DECIDED
    (counts,) = _rows(_HANDED_OVER + _ANSWERS, wanted)
    (became,) = _rows(_SQLS + _TOTALS, wanted)
    reasons = tuple(ReasonCount(**row) for row in _rows(decided + _REASONS, wanted))
    by_key: dict[str, dict[str, Any]] = {}
    for query in (decided + _REJECTED_BY_CRITERION, _SQLS + _WON_BY_CRITERION):
        for row in _rows(query, wanted):
            by_key.setdefault(row.pop("key"), {}).update(row)
    return Figures(
        since=version.activated_at or at,
        until=at,
        reasons=reasons,
        criteria=_criteria(version, by_key),
        **counts,
        **became,
    )


def from_json(kept: Mapping[str, Any]) -> Figures | None:
    """Return figures as they were kept; None when none were."""
    if not kept:
        return None
    said = {name: value for name, value in kept.items() if name != "schema"}
    return Figures(
        **said
        | {
            "since": datetime.fromisoformat(said["since"]),
            "until": datetime.fromisoformat(said["until"]),
            "reasons": tuple(ReasonCount(**one) for one in said["reasons"]),
            "criteria": tuple(CriterionFigures(**one) for one in said["criteria"]),
        }
    )


def _criteria(
    version: DefinitionVersion, by_key: Mapping[str, Mapping[str, Any]]
) -> tuple[CriterionFigures, ...]:
    none = {"decided": 0, "rejected": 0, "reason": "", "sqls": 0, "won": 0}
    return tuple(
        CriterionFigures(
            key=criterion.key,
            label=criterion.label,
            dimension=criterion.dimension,
            level=criterion.level,
            **{**none, **by_key.get(criterion.key, {})},
        )
        for criterion in agreement_of(version).criteria
        if not criterion.is_exclusion
    )


def _rows(query: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


_HANDED_OVER = """
    WITH handed_over AS (
        SELECT handoff.id, handoff.evaluation_id, handoff.status,
               accepted_at IS NOT NULL OR status = 'converted' OR EXISTS (
                   SELECT FROM routing_confirmation WHERE handoff_id = handoff.id) AS was_taken
        FROM routing_handoff handoff
        WHERE version_id = %(version)s AND opened_at <= %(until)s
    )
"""
"""Who confirms a lead or opens a deal from it has taken it, also without accepting it before."""

_ANSWERS = """
    SELECT count(*) AS handed_over,
           count(*) FILTER (WHERE was_taken) AS accepted,
           count(*) FILTER (WHERE NOT was_taken AND status = 'rejected') AS rejected,
           count(*) FILTER (WHERE NOT was_taken AND status IN ('queued', 'assigned')) AS pending,
           count(*) FILTER (WHERE NOT was_taken AND status = 'expired') AS expired,
           count(*) FILTER (WHERE was_taken AND status IN ('returned', 'rejected')) AS returned
    FROM handed_over
"""

_DECIDED = """
    , decided AS (
        SELECT handed_over.evaluation_id, NOT was_taken AS is_rejected, reason.name AS reason
        FROM handed_over
        LEFT JOIN LATERAL (
            SELECT name FROM routing_rejection rejection
            JOIN routing_rejectionreason ON routing_rejectionreason.id = rejection.reason_id
            WHERE rejection.handoff_id = handed_over.id AND NOT was_taken
              AND NOT EXISTS (SELECT FROM routing_reversal WHERE rejection_id = rejection.id)
            ORDER BY rejection.at DESC, rejection.id DESC LIMIT 1
        ) reason ON true
        WHERE was_taken OR status = 'rejected'
    )
"""

_REASONS = """
    SELECT coalesce(reason, '') AS name, count(*) AS count
    FROM decided WHERE is_rejected GROUP BY reason ORDER BY count(*) DESC, reason
"""

_REJECTED_BY_CRITERION = """
    SELECT result ->> 'key' AS key, count(*) AS decided,
           count(*) FILTER (WHERE is_rejected) AS rejected,
           coalesce(mode() WITHIN GROUP (ORDER BY reason) FILTER (WHERE is_rejected), '') AS reason
    FROM decided
    JOIN leads_evaluation evaluation ON evaluation.id = decided.evaluation_id
    CROSS JOIN LATERAL jsonb_array_elements(evaluation.results) result
    WHERE (result ->> 'met')::boolean
    GROUP BY result ->> 'key'
"""

_SQLS = """
    WITH became AS (
        SELECT DISTINCT ON (lead_id) lead_id, at, evaluation_id
        FROM (
            SELECT step.lead_id, step.at, step.evaluation_id
            FROM leads_stagetransition step
            JOIN leads_evaluation evaluation ON evaluation.id = step.evaluation_id
            WHERE step.to_stage = 'sql' AND step.cause = 'evaluation' AND step.at <= %(until)s
              AND evaluation.version_id = %(version)s
            UNION ALL
            SELECT handoff.lead_id, confirmation.at, handoff.evaluation_id
            FROM routing_confirmation confirmation
            JOIN routing_handoff handoff ON handoff.id = confirmation.handoff_id
            WHERE handoff.version_id = %(version)s AND confirmation.at <= %(until)s
        ) step
        ORDER BY lead_id, at
    ), sqls AS (
        SELECT lead_id, evaluation_id, EXISTS (
            SELECT FROM leads_opportunity deal
            WHERE deal.lead_id = became.lead_id AND deal.stage = 'won'
              AND deal.closed_at >= became.at AND deal.closed_at <= %(until)s) AS is_won
        FROM became
    )
"""
"""Leads that became SQL by the version, each once, as they were judged then."""

_TOTALS = "SELECT count(*) AS sqls, count(*) FILTER (WHERE is_won) AS won FROM sqls"

_WON_BY_CRITERION = """
    SELECT result ->> 'key' AS key, count(*) AS sqls, count(*) FILTER (WHERE is_won) AS won
    FROM sqls
    JOIN leads_evaluation evaluation ON evaluation.id = sqls.evaluation_id
    CROSS JOIN LATERAL jsonb_array_elements(evaluation.results) result
    WHERE (result ->> 'met')::boolean
    GROUP BY result ->> 'key'
"""
