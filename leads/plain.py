"""Rows that tell nothing but what known leads did: the database saves them by itself.

The same as `touchpoints.record`, in one statement for any number of rows.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from leads import opportunities
from leads.cells import Reading
from leads.mappings import Bound, FileMapping
from leads.marketing import campaigns_by_key
from leads.records import plain_name
from leads.rows import Keys

TOLD = (
    "external_id",
    "kind",
    "channel",
    "occurred_at",
    "campaign",
    "asset",
    "is_verified",
    "is_bot",
    "detail",
)
"""What is told of a touchpoint."""

OF_ITS_OWN = ("external_id", "occurred_at")
"""What hardly two rows share."""

MOST_KNOWN = 10_000
"""Combinations of what rows share that are kept while a file is read."""

quote = json.encoder.encode_basestring


def is_plain(mapping: FileMapping) -> bool:
    """Say whether rows tell nothing but what known leads did, under names."""
    others = (mapping.account, mapping.opportunity, mapping.campaign, mapping.person)
    return bool(
        mapping.touchpoints
        and mapping.must_exist
        and mapping.lead
        and [*mapping.lead.cells] in (["external_id"], ["email"])
        and not any(others)
        and all("external_id" in section.cells for section in mapping.touchpoints)
    )


def told(who: tuple[str, str], said: Mapping[str, Any]) -> str:
    """Write a touchpoint as JSON, as the database reads it.

    By hand: a general encoder takes longer than all else that is done to a row.

    Args:
        who: its lead: `who`, by external id, or `mail`, by address; and which.
        said: what is told of it, by the names of `TOLD`; what is missing was not said.
    """
    return _head(who, said["external_id"], said["occurred_at"]) + _rest(said)


def _head(who: tuple[str, str], external_id: str, occurred_at: datetime) -> str:
    return (
        f'{{"{who[0]}":{quote(who[1])},"external_id":{quote(external_id)},'
        f'"occurred_at":"{occurred_at.isoformat()}"'
    )


def _rest(said: Mapping[str, Any]) -> str:
    text = f',"kind":{quote(said["kind"])}'
    for name in ("channel", "campaign", "asset"):
        if said.get(name):
            text += f',"{name}":{quote(said[name])}'
    for name in ("is_verified", "is_bot"):
        if said.get(name):
            text += f',"{name}":true'
    if detail := said.get("detail"):
        parts = ",".join(f"{quote(name)}:{quote(value)}" for name, value in detail.items())
        text += f',"detail":{{{parts}}}'
    return text + "}"


@dataclass(frozen=True, slots=True)
class Quick:
    """Reads plain rows without a word on what is wrong with others.

    What is not a row's own, all but its lead, instant and name, is read once for all rows that
    say the same.
    """

    name: str
    lead: Reading
    external_id: Reading
    occurred_at: Reading
    places: tuple[int, ...]
    rest: tuple[tuple[str, Reading], ...]
    detail: tuple[tuple[str, Reading], ...]
    keys: Keys
    known: dict[tuple[str, ...], str]

    @classmethod
    def of(cls, bound: Bound, keys: Keys) -> "Quick | None":
        """Prepare to read a file's rows; None where each tells of several touchpoints."""
        if bound.lead is None or len(bound.touchpoints) != 1:
            return None
        (lead,) = bound.lead.readings
        section = bound.touchpoints[0]
        readings = {name: read for name, _, read in section.readings}
        columns = {
            plain_name(column)
            for name, column, _ in (*section.readings, *section.detail)
            if name not in OF_ITS_OWN
        }
        return cls(
            "who" if lead[0] == "external_id" else "mail",
            lead[2],
            readings["external_id"],
            readings["occurred_at"],
            tuple(at for at, name in enumerate(bound.header) if plain_name(name) in columns),
            tuple((name, read) for name, read in readings.items() if name not in OF_ITS_OWN),
            tuple((name, read) for name, _, read in section.detail),
            keys,
            {},
        )

    def told(self, values: Sequence[str]) -> tuple[str, str] | None:
        """Return the name of a row's touchpoint, and it as JSON.

        None: something is missing or cannot be taken; `rows.row_of` says what.
        """
        same = tuple([values[at] for at in self.places])
        try:
            lead, external_id = self.lead(values), self.external_id(values)
            occurred_at = self.occurred_at(values)
            rest = self.known.get(same) or self._read(values)
        except ValueError:
            return None
        if not (lead and external_id and occurred_at and rest):
            return None
        if len(self.known) < MOST_KNOWN:
            self.known[same] = rest
        return external_id, _head((self.name, lead), external_id, occurred_at) + rest

    def _read(self, values: Sequence[str]) -> str:
        """Return what is not a row's own as JSON, "" when something is not known."""
        said = {name: read(values) for name, read in self.rest}
        detail = {name: read(values) for name, read in self.detail}
        said["detail"] = {name: text for name, text in detail.items() if text is not None}
        asset = said.get("asset")
        is_known = said["kind"] in self.keys.kinds and (not asset or asset in self.keys.assets)
        return _rest(said) if is_known else ""


@dataclass(frozen=True, slots=True)
class PlainSaved:
    """What became of plain rows: the touchpoints that are new, and rows by what became of them.

    refused: why, by the row's id.
    """

    touchpoint_ids: list[int]
    created_count: int
    unchanged_count: int
    refused: dict[int, str]


def save(run_id: int, place: int, *, system: str, received_at: datetime, mark: bool) -> PlainSaved:
    """Save the touchpoints of a slice's plain rows; three queries, four beside deals.

    Campaigns are created on sight. A touchpoint that is known stays as it is. A row about an
    unknown lead is refused.
    """
    asked: dict[str, Any] = {
        "run": run_id,
        "place": place,
        "system": system,
        "received_at": received_at,
        "mark": mark,
    }
    with connection.cursor() as cursor:
        # Else, when it expects more rows than come, the database looks for each by reading all.
        cursor.execute("SET LOCAL work_mem = '256MB'")
        cursor.execute(_CAMPAIGNS, asked)
        campaigns_by_key(key for (key,) in cursor.fetchall())
        cursor.execute(_SAVE, asked)
        touchpoint_ids, lead_ids, created_count, row_count, refused = cursor.fetchone()
    if lead_ids:
        opportunities.flag_won_before_contact(lead_ids)
    reasons = dict(json.loads(refused or "[]"))
    return PlainSaved(
        touchpoint_ids or [], created_count, row_count - created_count - len(reasons), reasons
    )


_CAMPAIGNS = """
SELECT DISTINCT item ->> 'campaign'
FROM leads_importrow AS row, jsonb_array_elements(row.touchpoints) AS item
WHERE run_id = %(run)s AND slice = %(place)s AND item ? 'campaign'
"""

# Looked up one by one, by indexes: of rows that were only just staged, the planner knows nothing.
# Saved in one order everywhere: two lists that share touchpoints then wait, never deadlock.
_SAVE = """
WITH said AS MATERIALIZED (
    SELECT row.id AS row_id, item.*, kind.id AS kind_id, kind.category,
        CASE WHEN item.asset IS NOT NULL
            THEN (SELECT id FROM leads_asset AS asset WHERE asset.key = item.asset)
        END AS asset_id,
        CASE WHEN item.campaign IS NOT NULL
            THEN (SELECT id FROM leads_campaign AS campaign WHERE campaign.key = item.campaign)
        END AS campaign_id,
        CASE WHEN item.who IS NOT NULL
            THEN (SELECT lead_id FROM leads_leadidentity AS identity
                WHERE identity.system = %(system)s AND identity.external_id = item.who)
            ELSE (SELECT id FROM leads_lead AS lead
                WHERE lead.email <> '' AND lower(lead.email) = lower(item.mail))
        END AS lead_id
    FROM leads_importrow AS row
    CROSS JOIN LATERAL jsonb_to_recordset(row.touchpoints) AS item (
        who text, mail text, external_id text, kind text, channel text, occurred_at timestamptz,
        campaign text, asset text, is_verified boolean, is_bot boolean, detail jsonb)
    LEFT JOIN definitions_touchpointkind AS kind ON kind.key = item.kind
    WHERE row.run_id = %(run)s AND row.slice = %(place)s
), wrong AS (
    SELECT row_id, min(CASE
        WHEN lead_id IS NULL THEN 'No such lead is known.'
        WHEN kind_id IS NULL THEN 'the kind of touchpoint is not known any more.'
        ELSE 'the asset is not known any more.' END) AS reason
    FROM said WHERE lead_id IS NULL OR kind_id IS NULL OR asset IS NOT NULL AND asset_id IS NULL
    GROUP BY row_id
), new AS (
    INSERT INTO leads_touchpoint (external_id, lead_id, kind_id, channel, occurred_at,
        campaign_id, asset_id, is_verified, is_bot, detail, system, received_at)
    SELECT external_id, lead_id, kind_id, COALESCE(NULLIF(channel, ''), category), occurred_at,
        campaign_id, asset_id, COALESCE(is_verified, FALSE), COALESCE(is_bot, FALSE),
        COALESCE(detail, '{}'), %(system)s, %(received_at)s
    FROM said WHERE row_id NOT IN (SELECT row_id FROM wrong)
    ORDER BY external_id
    ON CONFLICT (system, external_id) DO NOTHING
    RETURNING id, lead_id, external_id
), marked AS (
    INSERT INTO leads_pendingmark (lead_id) SELECT DISTINCT lead_id FROM new WHERE %(mark)s
)
SELECT (SELECT array_agg(id) FROM new),
    (SELECT array_agg(DISTINCT lead_id) FROM new
        WHERE EXISTS (SELECT FROM leads_opportunity AS deal WHERE deal.lead_id = new.lead_id)),
    (SELECT count(DISTINCT row_id) FILTER
        (WHERE external_id IN (SELECT external_id FROM new)) FROM said),
    (SELECT count(DISTINCT row_id) FROM said),
    (SELECT jsonb_agg(jsonb_build_array(row_id, reason)) FROM wrong)
"""
