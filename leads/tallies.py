"""Touchpoints counted: every question about them answered for many leads in one query."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from definitions.agreement import Agreement, Kind
from definitions.conditions import FactRef
from definitions.models import TouchpointKind
from definitions.vocabulary import IntentLevel, Parameter
from leads import bulk
from leads.models import Campaign
from leads.profiles import AsOf

MOST_QUESTIONS = 60
"""How many questions one query answers: each has a bit of a 64-bit mask."""

EVERY_BIT = -1
INTENT_ORDER = tuple(IntentLevel)

AGGREGATES: dict[str, str] = {
    "touchpoint_count": "count(*)",
    "touchpoint_days": "count(DISTINCT (occurred_at AT TIME ZONE %(zone)s)::date)",
    "touchpoint_channels": "count(DISTINCT channel)",
    "touchpoint_assets": "count(DISTINCT asset_id)",
    "days_since_touchpoint": "max(occurred_at)",
    "campaigns": "array_agg(DISTINCT campaign_id)",
    "account_touchpoint_count": "count(*)",
    "account_people_engaged": "count(DISTINCT lead_id)",
}
"""What each fact about touchpoints takes of those that its question means."""

ACCOUNT_FACTS = frozenset({"account_touchpoint_count", "account_people_engaged"})


@dataclass(frozen=True, slots=True)
class Tallies:
    """Touchpoints counted by group (a lead, or an account); groups without any are left out.

    Each row of `rows` begins with when the latest touchpoint was received, and with the instant
    at which passing time alone changes an answer, or a little earlier: a touchpoint leaves a
    window, or one dated ahead arrives. `places` says where in a row the answer to a question
    stands, `latest_places` where the instant of the latest touchpoint that it counted.
    """

    rows: Mapping[int, Sequence[Any]]
    places: Mapping[FactRef, int]
    latest_places: Mapping[FactRef, int]


RECEIVED, CHANGES = 0, 1
"""Places in a row of tallies."""


def count(
    members: Iterable[tuple[int, int]],
    refs: Sequence[FactRef],
    agreement: Agreement,
    as_of: AsOf,
    *,
    fading: Collection[FactRef] = (),
) -> Tallies:
    """Tally the touchpoints of groups of leads as of an instant; two or three queries.

    `members` are pairs of a lead and its group: itself, or its account. At most
    `MOST_QUESTIONS` refs. Of the `fading` ones the latest touchpoint is told too.
    """
    pairs = list(members)
    dated = [ref for ref in refs if ref in fading]
    first = CHANGES + 1
    return Tallies(
        rows=_rows(pairs, refs, dated, _Question(refs, agreement, as_of)) if pairs else {},
        places={ref: first + place for place, ref in enumerate(refs)},
        latest_places={ref: first + len(refs) + place for place, ref in enumerate(dated)},
    )


def _rows(
    pairs: Sequence[tuple[int, int]],
    refs: Sequence[FactRef],
    dated: Sequence[FactRef],
    question: "_Question",
) -> dict[int, Sequence[Any]]:
    answers = [question.aggregate(ref) for ref in refs]
    answers += [f"max(occurred_at) {question.chosen([ref])}" for ref in dated]
    parameters = question.parameters() | {
        "leads": bulk.array(lead_id for lead_id, _ in pairs),
        "groups": bulk.array(group_id for _, group_id in pairs),
    }
    with bulk.cursor() as cursor:
        cursor.execute(question.sql(answers), parameters)
        return {group_id: row for group_id, *row in cursor}


class _Question:
    """One query under construction: `mask` has the bit of each ref for which it counts."""

    def __init__(self, refs: Sequence[FactRef], agreement: Agreement, as_of: AsOf) -> None:
        self.refs = refs
        self.bits = {ref: 1 << place for place, ref in enumerate(refs)}
        self.agreement = agreement
        self.as_of = as_of
        self.days = {ref: ref.parameter(Parameter.DAYS) for ref in refs}

    def sql(self, answers: Sequence[str]) -> str:
        changes = ["min(occurred_at) FILTER (WHERE occurred_at > %(at)s)"]
        for days in self._windows():
            chosen = self.chosen([ref for ref in self.refs if self.days[ref] == days])
            changes.append(f"min(occurred_at) {chosen} + make_interval(hours => {24 * days})")
        return f"""
            SELECT group_id, max(received_at), LEAST({", ".join(changes)}), {", ".join(answers)}
            FROM (
                SELECT touchpoint.*, member.group_id, {self._mask()} AS mask
                FROM unnest(%(leads)s::bigint[], %(groups)s::bigint[])
                    AS member (lead_id, group_id)
                JOIN leads_touchpoint AS touchpoint ON touchpoint.lead_id = member.lead_id
                LEFT JOIN unnest(%(kinds)s::bigint[], %(masks)s::bigint[]) AS kind (id, mask)
                    ON kind.id = touchpoint.kind_id
                WHERE NOT touchpoint.is_bot {self._bounds()}
            ) AS counted
            GROUP BY group_id
        """  # noqa: S608  # numbers and parameters alone

    def parameters(self) -> dict[str, Any]:
        kinds, masks = self._kinds()
        return {
            "at": self.as_of.at,
            "heard_by": self.as_of.heard_by,
            "zone": self.agreement.day_zone,
            "kinds": kinds,
            "masks": masks,
            "unheard_of": sum(bit for ref, bit in self.bits.items() if not _asks_of_kind(ref)),
        } | self._lists()

    def aggregate(self, ref: FactRef) -> str:
        return f"{AGGREGATES[ref.fact]} {self.chosen([ref])}"

    def chosen(self, refs: Sequence[FactRef]) -> str:
        bits = sum(self.bits[ref] for ref in refs)
        return f"FILTER (WHERE mask & {bits} <> 0)"

    def _windows(self) -> list[int]:
        return sorted({days for days in self.days.values() if days is not None})

    def _bounds(self) -> str:
        bounds = ""
        if self.as_of.known_at is not None:
            bounds += " AND touchpoint.received_at <= %(heard_by)s"
        if None not in self.days.values():
            longest = self._windows()[-1]
            bounds += f" AND occurred_at > %(at)s - make_interval(hours => {24 * longest})"
        return bounds

    def _mask(self) -> str:
        """Combine what the kind, the age and each other filter let count."""
        masks = ["COALESCE(kind.mask, %(unheard_of)s::bigint)", self._age_mask()]
        for ref, bit in self.bits.items():
            others = EVERY_BIT & ~bit
            for name, test in _TESTS.items():
                if ref.parameter(name):
                    condition = test.format(f"{name.value}_{bit}")
                    masks.append(f"CASE WHEN {condition} THEN {EVERY_BIT} ELSE {others} END")
        return " & ".join(f"({mask})" for mask in masks)

    def _age_mask(self) -> str:
        cases = ["WHEN occurred_at > %(at)s THEN 0"]
        for days in self._windows():
            within = sum(
                bit
                for ref, bit in self.bits.items()
                if self.days[ref] is None or self.days[ref] >= days
            )
            cases.append(
                f"WHEN occurred_at > %(at)s - make_interval(hours => {24 * days}) THEN {within}"
            )
        ever = sum(bit for ref, bit in self.bits.items() if self.days[ref] is None)
        return f"CASE {' '.join(cases)} ELSE {ever} END::bigint"

    def _kinds(self) -> tuple[list[int], list[int]]:
        rows = list(TouchpointKind.objects.values_list("pk", "key").order_by("pk"))
        kinds = tuple((key, self.agreement.kinds.get(key)) for _, key in rows)
        return [pk for pk, _ in rows], _masks(tuple(self.refs), kinds)

    def _lists(self) -> dict[str, Any]:
        lists: dict[str, Any] = {}
        for ref, bit in self.bits.items():
            if channels := ref.parameter(Parameter.CHANNELS):
                lists[f"channels_{bit}"] = list(channels)
            if keys := ref.parameter(Parameter.CAMPAIGNS):
                ids = Campaign.objects.filter(key__in=keys).values_list("pk", flat=True)
                lists[f"campaigns_{bit}"] = list(ids)
        return lists


_TESTS: dict[Parameter, str] = {
    Parameter.CHANNELS: "channel = ANY(%({})s)",
    Parameter.CAMPAIGNS: "COALESCE(campaign_id = ANY(%({})s), FALSE)",
    Parameter.VERIFIED_ONLY: "is_verified",
}
"""Filters that look at the touchpoint itself; the others look at its kind."""

_OF_KIND = (Parameter.KINDS, Parameter.CATEGORIES, Parameter.MIN_INTENT, Parameter.DIRECT_ONLY)


def _asks_of_kind(ref: FactRef) -> bool:
    return any(ref.parameter(name) for name in _OF_KIND)


# The same few agreements ask again and again: working this out costs more than the query.
@lru_cache(maxsize=256)
def _masks(refs: tuple[FactRef, ...], kinds: tuple[tuple[str, Kind | None], ...]) -> list[int]:
    """Return for each kind the bits of the questions for which its touchpoints count."""
    return [
        sum(1 << place for place, ref in enumerate(refs) if counts(ref, key, kind))
        for key, kind in kinds
    ]


def counts(ref: FactRef, key: str, kind: Kind | None) -> bool:
    """Say whether touchpoints of a kind count for a question, whatever else it asks of them.

    Without the agreement's copy of the kind only its key is known.
    """
    if (kinds := ref.parameter(Parameter.KINDS)) and key not in kinds:
        return False
    if kind is None:
        return not any(ref.parameter(name) for name in _OF_KIND[1:])
    categories = ref.parameter(Parameter.CATEGORIES)
    least = ref.parameter(Parameter.MIN_INTENT)
    return (
        (not categories or kind.category in categories)
        and (not least or _is_at_least(kind.intent_level, least))
        and (not ref.parameter(Parameter.DIRECT_ONLY) or kind.is_direct_intent)
    )


def _is_at_least(level: IntentLevel, least: str) -> bool:
    return INTENT_ORDER.index(level) >= INTENT_ORDER.index(IntentLevel(least))
