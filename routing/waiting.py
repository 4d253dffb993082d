"""Which of the leads that wait in queues could go to somebody now, most urgent first."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import F, Q, QuerySet

from routing import roster
from routing.books import Book
from routing.enums import HandoffStatus
from routing.models import Rep, RoomMark, Territory, TerritoryMembership

Urgency = tuple[datetime, int]
"""Where a waiting handoff stands: when its response is due, then its id."""

LOOKS_BACK = timedelta(days=1)
"""So long after rules were published, what waits by former ones is looked for."""

FIRST: Urgency = (datetime.min.replace(tzinfo=UTC), 0)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A claimed handoff.

    is_stale: it was put in its queue by rules that are not in force. is_redrawn: it may belong to
    another territory or queue by now.
    """

    handoff_id: int
    due_at: datetime
    is_stale: bool
    is_redrawn: bool

    @property
    def urgency(self) -> Urgency:
        """Where it stands among those that wait."""
        return self.due_at, self.handoff_id


@dataclass(frozen=True, slots=True)
class Reach:
    """Who has room at an instant, as the claim looks at it; all are ids.

    open_to_any: territories where a free member takes any lead. tongues: territory and language
    of free members where the language is required. seconds: territories whose second contact is
    free. named: reps who are free, or for whom somebody free stands in; valued: those of them
    whom a rule names for high value.
    """

    free: list[int]
    open_to_any: list[int]
    tongues: list[tuple[int, str]]
    seconds: list[int]
    named: list[int]
    valued: list[int]


def reach(book: Book, *, at: datetime) -> Reach:
    """Look who has room; five queries at most, none of them about leads."""
    absences = roster.absences_at(at)
    languages = dict(_free(absences).values_list("pk", "languages"))
    stood_in = {rep for rep, away in absences.items() if away.delegate_id in languages}
    named = {*languages, *stood_in}
    out = roster.suspended(languages)
    members = _with_room(languages.keys() - out) if languages else []
    seconds = Territory.objects.filter(secondary__in=list(languages), is_active=True)
    return Reach(
        free=sorted(languages),
        open_to_any=sorted({place for place, _, required in members if not required}),
        tongues=sorted(_tongues(members, languages)),
        seconds=list(seconds.values_list("pk", flat=True)) if languages else [],
        named=sorted(named),
        valued=sorted({rule.rep for rule in book.rules if rule.rep} & named),
    )


def claim(
    found: Reach, book: Book, *, at: datetime, limit: int, after: Urgency = FIRST
) -> list[Waiting]:
    """Lock up to `limit` handoffs that may have somebody free, most urgent first; one query.

    Those that another worker holds are left to it. after: where the last claim ended. Also those
    that former rules put into their queues, for a while after new ones were published, and those
    that another territory covers by now, while its drawing is marked.
    """
    is_new = book.published_at is not None and at - book.published_at <= LOOKS_BACK
    if not (found.named or is_new or RoomMark.objects.filter(is_redrawn=True).exists()):
        return []
    asked: dict[str, Any] = {
        "plan": book.plan_id,
        "free": found.free,
        "open_to_any": found.open_to_any,
        "tongue_territories": [place for place, _ in found.tongues],
        "tongues": [language for _, language in found.tongues],
        "seconds": found.seconds,
        "named": found.named,
        "valued": [f'[{{"rep": {rep}}}]' for rep in found.valued],
        "has_valued": bool(found.valued),
        "looks_back": is_new or bool(found.valued),
        "everywhere": any(rule.territory for rule in book.rules),
        "held": sorted(HandoffStatus.HELD),
        "after_due": after[0],
        "after_id": after[1],
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, asked)
        return [Waiting(*row) for row in cursor.fetchall()]


def _free(absent: Collection[int]) -> QuerySet[Rep]:
    return Rep.objects.filter(
        is_active=True,
        user__is_active=True,
        capacity__gt=F("open_count") + F("excess_count"),
    ).exclude(pk__in=list(absent))


def _with_room(reps: Iterable[int]) -> list[tuple[int, int, bool]]:
    """Return territory and rep of memberships with room, and whether the language is required."""
    rows = TerritoryMembership.objects.filter(
        Q(capacity=None) | Q(capacity__gt=F("open_count") + F("excess_count")),
        rep__in=list(reps),
        is_active=True,
        territory__is_active=True,
    )
    return list(rows.values_list("territory_id", "rep_id", "territory__language_is_required"))


def _tongues(
    members: Iterable[tuple[int, int, bool]], languages: dict[int, list[str]]
) -> set[tuple[int, str]]:
    return {
        (place, language)
        for place, rep, required in members
        if required
        for language in ("", *languages[rep])
    }


_COVERING = """
    SELECT {what} FROM routing_territory AS place
    LEFT JOIN leads_account AS account ON account.id = queued.account_id
    WHERE place.is_active
      AND (countries = '{{}}'
           OR coalesce(nullif(account.country, ''), queued.country) = ANY(countries))
      AND (regions = '{{}}' OR coalesce(nullif(account.region, ''), queued.region) = ANY(regions))
      AND (industries = '{{}}' OR account.industry = ANY(industries))
      AND (product_lines = '{{}}' OR queued.product_line = ANY(product_lines))
      AND (min_employees IS NULL OR account.employee_count >= min_employees)
      AND (max_employees IS NULL OR account.employee_count <= max_employees)
"""
"""Which active territories cover a waiting lead, as `territories.first_for` asks."""

_COVERED = _COVERING.format(what="")
_FIRST_COVERING = _COVERING.format(what="place.id") + "ORDER BY place.position, place.id LIMIT 1"

# In steps that the planner cannot join in another order: with statistics of an empty table it
# would look at every pair of a lead and a handoff.
_CLAIM = f"""
WITH queued AS MATERIALIZED (
    SELECT handoff.id, handoff.territory_id, lead.account_id, lead.language, lead.country,
           lead.region, lead.product_line, handoff.queue_id
    FROM routing_handoff AS handoff JOIN leads_lead AS lead ON lead.id = handoff.lead_id
    WHERE handoff.status = 'queued'
), redrawn AS MATERIALIZED (
    SELECT id FROM queued
    WHERE EXISTS (SELECT FROM routing_roommark WHERE is_redrawn) AND territory_id IS NOT NULL
      AND (account_id IS NULL  -- may be known by the address
           OR queue_id <> (SELECT queue_id FROM routing_territory WHERE id = territory_id)
           OR ({_FIRST_COVERING}) <> territory_id)
), known AS MATERIALIZED (
    SELECT account_id FROM routing_namedaccount WHERE rep_id = ANY(%(named)s)
    UNION
    SELECT lead.account_id FROM routing_handoff AS theirs
    JOIN leads_lead AS lead ON lead.id = theirs.lead_id
    WHERE theirs.rep_id = ANY(%(free)s) AND theirs.status = ANY(%(held)s)
      AND lead.account_id IS NOT NULL
    UNION
    SELECT deal.account_id FROM leads_opportunity AS deal
    JOIN routing_rep AS rep ON rep.user_id = deal.owner_id
    WHERE rep.id = ANY(%(free)s) AND deal.stage = 'open' AND deal.account_id IS NOT NULL
), able AS MATERIALIZED (
    SELECT id, coalesce((SELECT due_at FROM routing_slatimer WHERE handoff_id = queued.id
        AND milestone = 'first_response' AND state <> 'cancelled' LIMIT 1), 'infinity') AS due_at
    FROM queued
    WHERE territory_id = ANY(%(open_to_any)s)
      OR (territory_id, language) IN (
          SELECT * FROM unnest(%(tongue_territories)s::bigint[], %(tongues)s::text[]))
      OR account_id IN (SELECT account_id FROM known)
      OR (territory_id = ANY(%(seconds)s) AND (%(has_valued)s OR account_id IN (
          SELECT account_id FROM routing_namedaccount)))
      OR ((territory_id IS NULL OR territory_id IN (
              SELECT id FROM routing_territory WHERE NOT is_active))
          AND (%(everywhere)s OR EXISTS ({_COVERED})))
      OR id IN (SELECT id FROM redrawn)
      OR (%(looks_back)s AND EXISTS (
          SELECT FROM routing_assignment AS held
          JOIN routing_routingdecision AS made ON made.id = held.decision_id
          WHERE held.handoff_id = queued.id AND held.ended_at IS NULL
            AND (made.plan_id IS DISTINCT FROM %(plan)s
                 OR made.candidates @> ANY(%(valued)s::jsonb[]))))
)
SELECT handoff.id, able.due_at, (
    SELECT made.plan_id IS DISTINCT FROM %(plan)s
    FROM routing_assignment AS held
    JOIN routing_routingdecision AS made ON made.id = held.decision_id
    WHERE held.handoff_id = handoff.id AND held.ended_at IS NULL),
    able.id IN (SELECT id FROM redrawn)
FROM able JOIN routing_handoff AS handoff ON handoff.id = able.id
WHERE handoff.status = 'queued'
  AND (able.due_at, able.id) > (%(after_due)s, %(after_id)s)
ORDER BY able.due_at, able.id
LIMIT %(limit)s
FOR NO KEY UPDATE OF handoff SKIP LOCKED
"""  # noqa: S608 - made of the constants above
