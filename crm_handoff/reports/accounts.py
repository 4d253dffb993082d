"""How accounts stand: who of each is engaged, and how far its people are together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

ENGAGED_WITHIN = timedelta(days=30)
"""Somebody with a touchpoint so recently is engaged; bots do not count."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the people of an account amount to.

    `points` is the sum of what each one's latest evaluation gave. People and touchpoints of the
    last 30 days are counted as engaged; `engaged_at` is the latest touchpoint of all.
    """

    people_count: int = 0
    engaged_count: int = 0
    decision_maker_count: int = 0
    touchpoint_count: int = 0
    points: Decimal = Decimal(0)
    engaged_at: datetime | None = None


_STANDINGS = """
WITH people AS (
    SELECT lead.id, lead.account_id, judged.points, judged.authority
    FROM leads_lead AS lead
    LEFT JOIN leads_evaluation AS judged ON judged.id = lead.latest_evaluation_id
    WHERE lead.account_id = ANY(%(accounts)s)
), engaged AS (
    SELECT lead_id, count(*) AS touchpoints, max(occurred_at) AS latest
    FROM leads_touchpoint
    WHERE lead_id IN (SELECT id FROM people) AND NOT is_bot
      AND occurred_at > %(since)s AND occurred_at <= %(at)s
    GROUP BY lead_id
)
SELECT account_id, count(*), count(engaged.lead_id),
       count(*) FILTER (WHERE authority = 'decision_maker'),
       coalesce(sum(touchpoints), 0)::bigint, coalesce(sum(points), 0), max(latest)
FROM people LEFT JOIN engaged ON engaged.lead_id = people.id
GROUP BY account_id
"""


def standings(account_ids: Sequence[int], *, at: datetime) -> dict[int, Standing]:
    """Return how accounts stand at an instant, by key; those without people are left out.

    One query, whatever their number.
    """
    if not account_ids:
        return {}
    values: dict[str, Any] = {
        "accounts": list(account_ids),
        "since": at - ENGAGED_WITHIN,
        "at": at,
    }
    with connection.cursor() as cursor:
        cursor.execute(_STANDINGS, values)
        return {key: Standing(*rest) for key, *rest in cursor.fetchall()}
