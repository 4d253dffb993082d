"""How evenly the rotation gives its turns: who should have received how many, and who did."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from routing.cases import TURN
from routing.models import Territory, TerritoryMembership

Members = QuerySet[TerritoryMembership]

ABLE = "ok"
"""Code of a candidate who could have taken the turn."""

OTHERWISE = "otherwise"
"""Stands for what somebody received by another way than the rotation."""


@dataclass(frozen=True, slots=True)
class Share:
    """A member's part in the turns of a territory.

    `expected`: turns by weight among those who could have taken each. `received`: turns taken.
    `otherwise_count`: leads of the territory that came by name, by account or by a person.
    `skipped`: by the code of the reason, how often the rotation passed over them. `owed`: turns
    that the rotation owes them now, less than 0 when they are ahead.
    """

    member: TerritoryMembership
    expected: float
    received: int
    otherwise_count: int
    skipped: Mapping[str, int]
    owed: float

    @property
    def is_in(self) -> bool:
        """Whether they still take turns there."""
        return self.member.is_active and self.member.rep.is_active

    @property
    def ahead(self) -> float:
        """Turns received beyond the share, less than 0 when they are behind."""
        return self.received - self.expected


@dataclass(frozen=True, slots=True)
class Fairness:
    """The turns of one territory; `queued_count` are leads that nobody could take."""

    territory: Territory
    turn_count: int
    queued_count: int
    shares: list[Share] = field(default_factory=list)

    @property
    def widest(self) -> float:
        """How many turns the member farthest from their share is away from it."""
        return max((abs(share.ahead) for share in self.shares), default=0.0)


COUNTED = """
WITH alike AS (
    SELECT decision.territory_id, decision.rule, decision.rep_id, count(*) AS times,
        min(decision.id) AS id, pool.members
    FROM routing_routingdecision decision
    CROSS JOIN LATERAL (
        SELECT string_agg((one->>'rep') || (one->>'code') || coalesce(one->>'weight', '')
            || CASE WHEN one ? 'speaks' THEN '+' ELSE '' END, ' ') AS members
        FROM jsonb_array_elements(decision.candidates) one
        WHERE decision.schema = 2 AND decision.rule IN ('territory', 'queue')
            AND NOT one ?| ARRAY['outside', 'takes_turns']
    ) pool
    WHERE decision.territory_id = ANY(%(territories)s)
        AND decision.at >= %(since)s AND decision.at < %(until)s
    GROUP BY decision.territory_id, decision.rule, decision.rep_id, pool.members
), turn AS (
    SELECT alike.id, alike.times, alike.territory_id, alike.rule, alike.rep_id,
        (one->>'rep')::bigint AS rep, coalesce((one->>'weight')::float, 1) AS weight,
        (one->>'eligible')::boolean AS eligible, one->>'code' AS code, one ? 'speaks' AS speaks
    FROM alike
    CROSS JOIN LATERAL (
        SELECT candidates FROM routing_routingdecision WHERE id = alike.id LIMIT 1
    ) first
    CROSS JOIN LATERAL jsonb_array_elements(first.candidates) one
    WHERE alike.members IS NOT NULL AND NOT one ?| ARRAY['outside', 'takes_turns']
), judged AS (
    SELECT *, eligible AND (speaks OR NOT bool_or(eligible AND speaks) OVER each) AS is_able
    FROM turn WINDOW each AS (PARTITION BY id)
), shared AS (
    SELECT *, sum(weight) FILTER (WHERE is_able) OVER (PARTITION BY id) AS worth FROM judged
)
SELECT territory_id, rep,
    CASE WHEN is_able THEN 'ok' WHEN eligible THEN 'language' ELSE code END AS why,
    sum(times)::bigint, coalesce(sum(times * weight / worth) FILTER (WHERE is_able), 0),
    coalesce(sum(times) FILTER (WHERE rule = 'territory' AND rep = rep_id), 0)::bigint
FROM shared GROUP BY 1, 2, 3
UNION ALL
SELECT territory_id, rep_id, 'otherwise', sum(times)::bigint, 0, 0 FROM alike
WHERE rule <> 'territory' AND rep_id IS NOT NULL GROUP BY 1, 2
UNION ALL
SELECT territory_id, NULL, rule, sum(times)::bigint, 0, 0 FROM alike
WHERE rule IN ('territory', 'queue') GROUP BY 1, 3
"""
"""By territory and member: why they were or were not able, how often, their share, what they took.

Whoever speaks the lead's language goes before those who do not: these were passed over for it.
Decisions between members in the same standing are put together first, and one of each kind is
taken apart: that needs no sorting of every candidate of every decision.
"""


def of_members(members: Members, *, since: datetime, until: datetime) -> list[Fairness]:
    """Return the turns of the territories of some members, from `since` (inclusive) to `until`.

    Members who take no turns any more are shown as long as they took one in that time. Two
    queries at any number.
    """
    found = list(
        members.select_related("territory", "rep__user").order_by(
            "territory__position", "territory", "pk"
        )
    )
    tally = _counted({member.territory_id for member in found}, since=since, until=until)
    by_territory: dict[int, list[TerritoryMembership]] = defaultdict(list)
    for member in found:
        by_territory[member.territory_id].append(member)
    return [_fairness(rows, tally) for rows in by_territory.values()]


@dataclass(slots=True)
class Tally:
    """What was counted of one member, or with `rep` None of a territory."""

    counts: Counter[str] = field(default_factory=Counter)
    expected: float = 0.0
    received: int = 0


Key = tuple[int, int | None]


def _counted(
    territories: Iterable[int], *, since: datetime, until: datetime
) -> Mapping[Key, Tally]:
    asked: dict[str, Any] = {"territories": list(territories), "since": since, "until": until}
    tallies: dict[Key, Tally] = defaultdict(Tally)
    with connection.cursor() as cursor:
        cursor.execute(COUNTED, asked)
        for territory, rep, why, count, expected, received in cursor.fetchall():
            tally = tallies[territory, rep]
            tally.counts[why] += count
            tally.expected += expected
            tally.received += received
    return tallies


def _fairness(members: list[TerritoryMembership], tallies: Mapping[Key, Tally]) -> Fairness:
    territory = members[0].territory
    own = tallies.get((territory.pk, None), Tally())
    shares = [_share(member, tallies.get((territory.pk, member.rep_id))) for member in members]
    return Fairness(
        territory=territory,
        turn_count=own.counts["territory"],
        queued_count=own.counts["queue"],
        shares=[share for share in shares if share is not None],
    )


def _share(member: Any, tally: Tally | None) -> Share | None:
    if tally is None:
        if not (member.is_active and member.rep.is_active):
            return None
        tally = Tally()
    counts = tally.counts
    return Share(
        member=member,
        expected=tally.expected,
        received=tally.received,
        otherwise_count=counts[OTHERWISE],
        skipped={
            why: count for why, count in counts.most_common() if why not in (ABLE, OTHERWISE)
        },
        owed=member.credit / TURN,
    )
