"""From first contact to won: how many leads, from which origin, in which month, how fast."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from leads.enums import Anomaly
from leads.models import LeadIdentity

NOT_SAID = "not said"
"""Label of a slice whose leads never told; a source named `unknown` is another slice."""

MOST_LISTED = 100
"""Flagged deals listed on the page; all of them are counted."""


@dataclass(frozen=True, slots=True)
class FunnelSlice:
    """Leads that share a source or a month.

    `key` is the source's key or the month as YYYY-MM, "" where it was not said. `won_pct` is
    0 to 100 with three decimals.
    """

    key: str
    label: str
    lead_count: int
    won_count: int
    median_days_to_won: float | None

    @property
    def won_pct(self) -> Decimal:
        """Share of the leads that were won, in percent."""
        return percent(self.won_count, self.lead_count)


@dataclass(frozen=True, slots=True)
class AnomalyCount:
    """How many opportunities of the funnel's leads carry a flag."""

    anomaly: Anomaly
    count: int

    @property
    def label(self) -> str:
        """The flag in words."""
        return str(self.anomaly.label)


@dataclass(frozen=True, slots=True)
class FlaggedDeal:
    """A deal whose dates contradict each other; it counts in the funnel all the same."""

    opportunity_id: int
    lead_public_id: str
    lead: str
    system: str
    external_id: str
    first_contact_at: datetime
    won_at: datetime

    @property
    def days_to_won(self) -> float:
        """Days from first contact to won; negative."""
        return (self.won_at - self.first_contact_at).total_seconds() / 86400


@dataclass(frozen=True, slots=True)
class Funnel:
    """Leads by first contact, and what became of them until now.

    A lead counts once, as won when any of its opportunities is. First contact is its earliest
    touchpoint; days to won run from there to the close of its first won deal, and the median
    interpolates between the two middle values. `by_source` has the most leads first,
    `by_month` the earliest month first; a slice "not said" stands last in both.
    """

    zone: str
    lead_count: int
    opportunity_count: int
    won_count: int
    median_days_to_won: float | None
    by_source: tuple[FunnelSlice, ...]
    by_month: tuple[FunnelSlice, ...]
    anomalies: tuple[AnomalyCount, ...]
    flagged: tuple[FlaggedDeal, ...]

    @property
    def won_pct(self) -> Decimal:
        """Share of the leads that were won, in percent with three decimals."""
        return percent(self.won_count, self.lead_count)


def percent(part: int, whole: int) -> Decimal:
    """Return part of whole in percent with three decimals; 0 of nothing."""
    share = Decimal(100) * part / whole if whole else Decimal(0)
    return share.quantize(Decimal("0.001"))


def funnel(
    *, zone: str, system: str = "", start: date | None = None, end: date | None = None
) -> Funnel:
    """Return the funnel of all leads; three queries, whatever the size.

    Args:
        zone: IANA zone in which days and months of first contact are counted.
        system: only leads that this external system knows; blank: all.
        start: only leads first met on this day or later.
        end: only leads first met on this day or earlier.
    """
    wanted = {"zone": zone, "system": system, "start": start, "end": end}
    slices = _slices(wanted)
    whole = next(row for row in slices if row["set"] == _WHOLE)
    return Funnel(
        zone=zone,
        lead_count=whole["lead_count"],
        opportunity_count=whole["opportunity_count"],
        won_count=whole["won_count"],
        median_days_to_won=whole["median_days_to_won"],
        by_source=tuple(_slice(row, "source") for row in slices if row["set"] == _BY_SOURCE),
        by_month=tuple(_slice(row, "month") for row in slices if row["set"] == _BY_MONTH),
        anomalies=_anomalies(wanted),
        flagged=_flagged(wanted),
    )


def systems() -> list[str]:
    """Return the external systems that know leads, by name; one query."""
    names = LeadIdentity.objects.order_by("system").values_list("system", flat=True)
    return list(names.distinct())


# What GROUPING(source, month) tells of the three sets of groups below: a bit for each that is
# summed over.
_WHOLE, _BY_SOURCE, _BY_MONTH = 3, 1, 2

_MET = """
    WITH contact AS (
        SELECT lead_id, min(occurred_at) AS first_at
        FROM leads_touchpoint GROUP BY lead_id
    ), deal AS (
        SELECT lead_id, min(closed_at) FILTER (WHERE stage = 'won') AS won_at
        FROM leads_opportunity GROUP BY lead_id
    ), met AS (
        SELECT lead.id, lead.source_id, contact.first_at, deal.won_at,
               deal.lead_id IS NOT NULL AS has_opportunity,
               to_char(contact.first_at AT TIME ZONE %(zone)s, 'YYYY-MM') AS month
        FROM leads_lead lead
        LEFT JOIN contact ON contact.lead_id = lead.id
        LEFT JOIN deal ON deal.lead_id = lead.id
        WHERE (%(system)s = '' OR EXISTS (
                SELECT FROM leads_leadidentity identity
                WHERE identity.lead_id = lead.id AND identity.system = %(system)s))
          AND (%(start)s::date IS NULL
               OR (contact.first_at AT TIME ZONE %(zone)s)::date >= %(start)s)
          AND (%(end)s::date IS NULL
               OR (contact.first_at AT TIME ZONE %(zone)s)::date <= %(end)s)
    )
"""
"""Every lead of the funnel with its first contact and first won deal; the queries go on."""


def _slices(wanted: dict[str, Any]) -> list[dict[str, Any]]:
    return _rows(
        """
        SELECT GROUPING(source.key, month) AS set, source.key AS source,
               source.name AS source_label, month, month AS month_label,
               count(*) AS lead_count,
               count(*) FILTER (WHERE has_opportunity) AS opportunity_count,
               count(won_at) AS won_count,
               percentile_cont(0.5) WITHIN GROUP (
                   ORDER BY extract(epoch FROM won_at - first_at)::float / 86400
               ) AS median_days_to_won
        FROM met LEFT JOIN leads_source source ON source.id = met.source_id
        GROUP BY GROUPING SETS ((), (source.key, source.name), (month))
        ORDER BY set, source.key IS NULL AND month IS NULL, month, lead_count DESC, source.key
        """,
        wanted,
    )


def _slice(row: dict[str, Any], by: str) -> FunnelSlice:
    return FunnelSlice(
        key=row[by] or "",
        label=row[f"{by}_label"] or NOT_SAID,
        lead_count=row["lead_count"],
        won_count=row["won_count"],
        median_days_to_won=row["median_days_to_won"],
    )


def _anomalies(wanted: dict[str, Any]) -> tuple[AnomalyCount, ...]:
    rows = _rows(
        """
        SELECT anomaly, count(*) AS count
        FROM met JOIN leads_opportunity deal ON deal.lead_id = met.id, unnest(anomalies) anomaly
        GROUP BY anomaly
        """,
        wanted,
    )
    counts = {row["anomaly"]: row["count"] for row in rows}
    return tuple(AnomalyCount(anomaly, counts.get(anomaly.value, 0)) for anomaly in Anomaly)


def _flagged(wanted: dict[str, Any]) -> tuple[FlaggedDeal, ...]:
    rows = _rows(
        """
        SELECT deal.id AS opportunity_id, lead.public_id::text AS lead_public_id,
               coalesce(nullif(concat_ws(' ', nullif(first_name, ''), nullif(last_name, '')), ''),
                        nullif(email, ''), 'Lead ' || left(lead.public_id::text, 8)) AS lead,
               deal.system, deal.external_id,
               met.first_at AS first_contact_at, deal.closed_at AS won_at
        FROM met
        JOIN leads_lead lead ON lead.id = met.id
        JOIN leads_opportunity deal ON deal.lead_id = met.id
        WHERE deal.anomalies @> ARRAY[%(flag)s]::varchar[]
        ORDER BY deal.closed_at, deal.id
        LIMIT %(most)s
        """,
        wanted | {"flag": Anomaly.WON_BEFORE_CONTACT.value, "most": MOST_LISTED},
    )
    return tuple(FlaggedDeal(**row) for row in rows)


def _rows(query: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(_MET + query, parameters)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
