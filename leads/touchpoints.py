"""Touchpoints come in: many at a time, each known once."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Lower

from leads import bulk, opportunities
from leads.enums import Stage
from leads.marketing import campaigns_by_key
from leads.models import Lead, LeadIdentity, Touchpoint
from leads.tallies import ACCOUNT_FACTS

logger = logging.getLogger(__name__)

CREATED: Literal["created"] = "created"
REPEATED: Literal["repeated"] = "repeated"
REFUSED: Literal["refused"] = "refused"

TWO_LEADS = "the external id and the e-mail address name two different leads."


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A lead as a system names it: by external id, else by e-mail address."""

    system: str
    external_id: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchpointFacts:
    """One dated thing that a lead did.

    lead: its id, its public id, or an identity. kind, campaign, asset: keys. channel: blank
    stands for the kind's category. external_id: blank is derived of what, who and when, so that a
    repetition is still known. is_verified: from a first-party or signed source, matched to this
    person.
    """

    lead: int | UUID | Identity
    kind: str
    occurred_at: datetime
    channel: str = ""
    external_id: str = ""
    campaign: str = ""
    asset: str = ""
    is_verified: bool = False
    is_bot: bool = False
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TouchpointOutcome:
    """What became of a touchpoint; `reason` says why it was refused, the field's name first."""

    touchpoint_id: int | None
    status: Literal["created", "repeated", "refused"]
    reason: str = ""


_Row = dict[str, Any]
"""A touchpoint as JSON; `place` is where it stands in its list."""


class _Found(NamedTuple):
    """What the keys of a touchpoint name, and the touchpoint if it is new."""

    place: int
    lead_id: int | None
    kind_id: int | None
    asset_id: int | None
    campaign_id: int | None
    has_deals: bool
    touchpoint_id: int | None


def record(
    items: Sequence[TouchpointFacts], *, system: str, received_at: datetime, mark: bool = True
) -> list[TouchpointOutcome]:
    """Save touchpoints that are not known yet; one query, at most ten for any number.

    One is known by (system, external id): a repetition changes nothing. Campaigns are created on
    sight; an unknown lead, kind or asset refuses that one touchpoint alone. Leads with new ones
    are marked pending if `mark`.

    Returns:
        One outcome for each item, in order.
    """
    leads, torn = _leads(items)
    rows = [_row(place, item, leads) for place, item in enumerate(items)]
    common = {"system": system, "received_at": received_at, "mark": mark}
    found = _save(rows, common, beside_deals=False)
    reasons = [_refusal(item, found[place], torn) for place, item in enumerate(items)]
    later = [row for row in rows if not reasons[row["place"]] and _waits(row, found)]
    if later:
        found |= _save_later(later, common)
    created = {
        row["external_id"]: touchpoint_id
        for row in rows
        if (touchpoint_id := found[row["place"]].touchpoint_id)
    }
    accepted = [row["external_id"] for row in rows if not reasons[row["place"]]]
    ids = created | _ids([name for name in accepted if name not in created], system=system)
    logger.info("%s of %s touchpoints from %s are new", len(created), len(items), system)
    return [
        TouchpointOutcome(None, REFUSED, reason)
        if reason
        else _outcome(row["external_id"], created, ids)
        for row, reason in zip(rows, reasons, strict=True)
    ]


def _save_later(rows: Sequence[_Row], common: Mapping[str, Any]) -> dict[int, _Found]:
    """Save those of a new campaign or beside deals, which are looked at again with them."""
    campaigns_by_key(row["campaign"] for row in rows if row["campaign"])
    with transaction.atomic():
        saved = _save(rows, common, beside_deals=True)
        opportunities.flag_won_before_contact(
            one.lead_id for one in saved.values() if one.lead_id and one.touchpoint_id
        )
    return saved


def _outcome(
    external_id: str, created: dict[str, int], ids: Mapping[str, int]
) -> TouchpointOutcome:
    # Taken out: the same one further down in the list is a repetition.
    if created.pop(external_id, None) is not None:
        return TouchpointOutcome(ids[external_id], CREATED)
    return TouchpointOutcome(ids[external_id], REPEATED)


def _waits(row: _Row, found: Mapping[int, _Found]) -> bool:
    """Say whether something must be done before, or together with, saving an accepted one."""
    one = found[row["place"]]
    return one.has_deals or (bool(row["campaign"]) and one.campaign_id is None)


def _leads(
    items: Sequence[TouchpointFacts],
) -> tuple[dict[int | UUID | Identity, int], frozenset[Identity]]:
    """Find the leads that saving cannot find by itself.

    Returns:
        Ids by name, and the identities whose external id and e-mail address name two leads.
    """
    found: dict[int | UUID | Identity, int] = {}
    torn = set()
    identities = [name for name in {item.lead for item in items} if isinstance(name, Identity)]
    if identities:
        by_identity = _by_identity(identities)
        by_email = _by_email([name.email.strip().lower() for name in identities if name.email])
        for name in identities:
            one = by_identity.get((name.system, name.external_id))
            other = by_email.get(name.email.strip().lower())
            if one and other and one != other:
                torn.add(name)
            elif lead_id := one or other:
                found[name] = lead_id
    # The name of a touchpoint that came without one is derived of its lead's id.
    nameless = {item.lead for item in items if not item.external_id}
    public_ids = [name for name in nameless if isinstance(name, UUID)]
    if public_ids:
        leads = Lead.objects.filter(public_id__in=public_ids)
        found |= dict(leads.values_list("public_id", "pk"))
    return found, frozenset(torn)


def _by_identity(identities: Sequence[Identity]) -> dict[tuple[str, str], int]:
    rows = LeadIdentity.objects.filter(
        system__in={name.system for name in identities},
        external_id__in={name.external_id for name in identities if name.external_id},
    )
    return {
        (system, external_id): lead_id
        for system, external_id, lead_id in rows.values_list("system", "external_id", "lead_id")
    }


def _by_email(emails: Sequence[str]) -> dict[str, int]:
    if not emails:
        return {}
    leads = Lead.objects.exclude(email="").alias(address=Lower("email")).filter(address__in=emails)
    return {email.lower(): pk for email, pk in leads.values_list("email", "pk")}


def _refusal(item: TouchpointFacts, found: _Found, torn: frozenset[Identity]) -> str:
    if found.lead_id is None:
        return f"lead: {TWO_LEADS if item.lead in torn else 'no such lead is known.'}"
    if found.kind_id is None:
        return f"kind: “{item.kind}” is not a known kind of touchpoint."
    if item.asset and found.asset_id is None:
        return f"asset: “{item.asset}” is not known."
    if item.occurred_at.tzinfo is None:
        return "occurred_at: must say its time zone."
    return ""


def _row(place: int, item: TouchpointFacts, leads: Mapping[int | UUID | Identity, int]) -> _Row:
    lead = item.lead
    lead_id = lead if isinstance(lead, int) else leads.get(lead)
    external_id = item.external_id
    if not external_id and lead_id is not None:
        external_id = _derived(item, lead_id)
    return {
        "place": place,
        "external_id": external_id,
        "named_id": lead_id,
        # One without a name was looked for already: it must not be found by now, and saved so.
        "public_id": str(lead) if isinstance(lead, UUID) and external_id else None,
        "kind": item.kind,
        "channel": item.channel,
        "occurred_at": item.occurred_at.isoformat() if item.occurred_at.tzinfo else None,
        "campaign": item.campaign,
        "asset": item.asset,
        "is_verified": item.is_verified,
        "is_bot": item.is_bot,
        "detail": dict(item.detail),
    }


def _derived(item: TouchpointFacts, lead_id: int) -> str:
    said = (
        lead_id,
        item.kind,
        item.channel,
        item.occurred_at.timestamp(),
        item.campaign,
        item.asset,
    )
    return "derived:" + hashlib.sha256(repr(said).encode()).hexdigest()[:40]


# Saved in one order everywhere: two lists that share touchpoints then wait, never deadlock.
# Where the agreement counts what an account's people do, each changes what is said of the others.
_SAVE = """
WITH said AS MATERIALIZED (
    SELECT item.*, kind.id AS kind_id, kind.category,
        CASE WHEN item.public_id IS NULL
            THEN (SELECT id FROM leads_lead AS lead WHERE lead.id = item.named_id)
            ELSE (SELECT id FROM leads_lead AS lead WHERE lead.public_id = item.public_id)
        END AS lead_id,
        (SELECT id FROM leads_asset AS asset WHERE asset.key = item.asset) AS asset_id,
        (SELECT id FROM leads_campaign AS campaign WHERE campaign.key = item.campaign)
            AS campaign_id
    FROM jsonb_to_recordset(%(items)s::jsonb) AS item (
        place int, external_id text, named_id bigint, public_id uuid, kind text, channel text,
        occurred_at timestamptz, campaign text, asset text, is_verified boolean, is_bot boolean,
        detail jsonb
    ) LEFT JOIN definitions_touchpointkind AS kind ON kind.key = item.kind
), known AS (
    SELECT *, EXISTS (
        SELECT FROM leads_opportunity AS deal WHERE deal.lead_id = said.lead_id
    ) AS has_deals
    FROM said
), new AS (
    INSERT INTO leads_touchpoint (external_id, lead_id, kind_id, channel, occurred_at,
        campaign_id, asset_id, is_verified, is_bot, detail, system, received_at)
    SELECT external_id, lead_id, kind_id, COALESCE(NULLIF(channel, ''), category), occurred_at,
        campaign_id, asset_id, is_verified, is_bot, detail, %(system)s, %(received_at)s
    FROM known
    WHERE lead_id IS NOT NULL AND kind_id IS NOT NULL AND occurred_at IS NOT NULL
        AND (asset = '' OR asset_id IS NOT NULL)
        AND (campaign = '' OR campaign_id IS NOT NULL)
        AND (NOT has_deals OR %(beside_deals)s)
    ORDER BY external_id, place
    ON CONFLICT (system, external_id) DO NOTHING
    RETURNING external_id, id, lead_id
), marked AS (
    INSERT INTO leads_pendingmark (lead_id) SELECT DISTINCT lead_id FROM new WHERE %(mark)s
), marked_with_them AS (
    INSERT INTO leads_pendingmark (lead_id, is_backlog)
    SELECT DISTINCT colleague.id, TRUE
    FROM new JOIN leads_lead AS lead ON lead.id = new.lead_id
    JOIN leads_lead AS colleague ON colleague.account_id = lead.account_id
    WHERE %(mark)s AND colleague.id NOT IN (SELECT lead_id FROM new)
        AND colleague.stage <> ALL(%(over)s)
        AND EXISTS (
            SELECT FROM definitions_definitionversion AS version WHERE state = 'active' AND (
                EXISTS (SELECT FROM definitions_criterion
                        WHERE version_id = version.id AND fact = ANY(%(shared)s))
                OR EXISTS (SELECT FROM definitions_scorerule
                           WHERE version_id = version.id AND fact = ANY(%(shared)s))
                OR EXISTS (SELECT FROM definitions_segmentrule
                           WHERE version_id = version.id AND fact = ANY(%(shared)s))
            )
        )
)
SELECT place, known.lead_id, kind_id, asset_id, campaign_id, has_deals, new.id
FROM known LEFT JOIN new USING (external_id)
"""


def _save(
    rows: Sequence[_Row], common: Mapping[str, Any], *, beside_deals: bool
) -> dict[int, _Found]:
    if not rows:
        return {}
    values = {
        **common,
        "items": json.dumps(rows),
        "beside_deals": beside_deals,
        "over": sorted(Stage.TERMINAL),
        "shared": sorted(ACCOUNT_FACTS),
    }
    with bulk.cursor() as cursor:
        cursor.execute(_SAVE, values)
        return {found[0]: _Found(*found) for found in cursor.fetchall()}


def _ids(external_ids: Sequence[str], *, system: str) -> dict[str, int]:
    if not external_ids:
        return {}
    rows = Touchpoint.objects.filter(system=system, external_id__in=set(external_ids))
    return dict(rows.values_list("external_id", "pk"))
