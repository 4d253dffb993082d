"""Why sales refuses leads, from which campaigns they came, and when the mix is alarming."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from crm_handoff.reports.rates import Rate
from definitions.vocabulary import Process
from routing.enums import ReasonCategory

ALARM_ABOVE_PCT = {ReasonCategory.NO_FIT: 20.0, ReasonCategory.BAD_TIMING: 40.0}
"""Shares of all rejections above which the mix itself is the message."""

CAMPAIGNS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class CampaignShare:
    """How many of a reason's rejections came of one campaign; `name` blank: of none."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class ReasonShare:
    """A reason with its share of all rejections and the campaigns most of them came from."""

    name: str
    category: ReasonCategory
    share: Rate
    campaigns: tuple[CampaignShare, ...]


@dataclass(frozen=True, slots=True)
class RejectionMix:
    """Rejections that stand, of handoffs of one process; `reasons` has the most frequent first.

    `alarms` are the categories whose share is alarming, of at least 20 rejections.
    """

    rejection_count: int
    reasons: tuple[ReasonShare, ...]

    @property
    def alarms(self) -> tuple[ReasonCategory, ...]:
        """Categories with an alarm, in the order of the enumeration."""
        return tuple(category for category in ReasonCategory if self._is_alarming(category))

    def share_of(self, category: ReasonCategory) -> Rate:
        """Return the share of a category."""
        same = (reason.share.count for reason in self.reasons if reason.category == category)
        return Rate(sum(same), self.rejection_count)

    def _is_alarming(self, category: ReasonCategory) -> bool:
        share = self.share_of(category)
        if category == ReasonCategory.UNREACHABLE:
            others = (self.share_of(c).count for c in ReasonCategory if c != category)
            return share.is_enough and share.count > max(others)
        limit = ALARM_ABOVE_PCT.get(category)
        return limit is not None and share.is_surely_above(limit)


def mix(process: Process, *, start: datetime, end: datetime) -> RejectionMix:
    """Return the rejections from `start` up to, not including, `end`; one query."""
    rows = _rows({"process": process.value, "start": start, "end": end})
    total = sum(row["count"] for row in rows)
    by_reason: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_reason.setdefault(row["reason"], []).append(row)
    reasons = (_reason(found, total) for found in by_reason.values())
    return RejectionMix(total, tuple(sorted(reasons, key=lambda reason: -reason.share.count)))


def _reason(rows: list[dict[str, Any]], total: int) -> ReasonShare:
    return ReasonShare(
        name=rows[0]["reason"],
        category=ReasonCategory(rows[0]["category"]),
        share=Rate(sum(row["count"] for row in rows), total),
        campaigns=tuple(
            CampaignShare(row["campaign"] or "", row["count"]) for row in rows[:CAMPAIGNS_SHOWN]
        ),
    )


def _rows(wanted: dict[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(_QUERY, wanted)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


_QUERY = """
    SELECT reason.name AS reason, reason.category, campaign.name AS campaign, count(*) AS count
    FROM routing_rejection rejection
    JOIN routing_rejectionreason reason ON reason.id = rejection.reason_id
    JOIN routing_handoff handoff ON handoff.id = rejection.handoff_id
    JOIN definitions_definitionversion version ON version.id = handoff.version_id
    JOIN leads_lead lead ON lead.id = handoff.lead_id
    LEFT JOIN leads_campaign campaign ON campaign.id = lead.campaign_id
    WHERE version.process = %(process)s AND rejection.at >= %(start)s AND rejection.at < %(end)s
      AND NOT EXISTS (SELECT FROM routing_reversal WHERE rejection_id = rejection.id)
    GROUP BY reason.id, campaign.id
    ORDER BY count(*) DESC, reason.name, campaign.name
"""
