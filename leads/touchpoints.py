"""Touchpoints come in: many at a time, each known once."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Any, Literal
from uuid import UUID

from django.db import connection, transaction
from django.db.models.functions import Lower

from leads import opportunities
from leads.marketing import campaigns_by_key
from leads.models import Asset, Lead, LeadIdentity, Touchpoint

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


@dataclass(frozen=True, slots=True)
class _Known:
    """What the keys of a list name."""

    leads: Mapping[int | UUID | Identity, int]
    torn: frozenset[Identity]
    """Identities whose external id and e-mail address name two different leads."""
    kinds: Mapping[str, tuple[int, str]]
    assets: Mapping[str, int]
    deals: frozenset[int]
    """Leads that have any."""


def record(
    items: Sequence[TouchpointFacts], *, system: str, received_at: datetime, mark: bool = True
) -> list[TouchpointOutcome]:
    """Save touchpoints that are not known yet; at most nine queries for any number.

    One is known by (system, external id): a repetition changes nothing. Campaigns are created on
    sight; an unknown lead, kind or asset refuses that one touchpoint alone. Leads with new ones
    are marked pending if `mark`.

    Returns:
        One outcome for each item, in order.
    """
    known = _known(items)
    reasons = [_refusal(item, known) for item in items]
    accepted = [item for item, reason in zip(items, reasons, strict=True) if not reason]
    campaigns = campaigns_by_key(item.campaign for item in accepted if item.campaign)
    rows = [_row(item, known, campaigns) for item in accepted]
    # Saving is one statement; only beside deals is there a second, which must not be without it.
    with transaction.atomic() if known.deals else nullcontext():
        created = _insert(rows, system=system, received_at=received_at, mark=mark)
        touched = {row[1] for row in rows if row[0] in created} & known.deals
        if touched:
            opportunities.flag_won_before_contact(touched)
    repeated = [row[0] for row in rows if row[0] not in created]
    ids = created | _ids(repeated, system=system)
    logger.info("%s of %s touchpoints from %s are new", len(created), len(items), system)
    ready = iter(rows)
    return [
        TouchpointOutcome(None, REFUSED, reason)
        if reason
        else _outcome(next(ready)[0], created, ids)
        for reason in reasons
    ]


def _outcome(
    external_id: str, created: dict[str, int], ids: Mapping[str, int]
) -> TouchpointOutcome:
    # Taken out: the same one further down in the list is a repetition.
    if created.pop(external_id, None) is not None:
        return TouchpointOutcome(ids[external_id], CREATED)
    return TouchpointOutcome(ids[external_id], REPEATED)


def _known(items: Sequence[TouchpointFacts]) -> _Known:
    wanted = {item.asset for item in items if item.asset}
    leads, torn, deals = _leads({item.lead for item in items})
    return _Known(
        leads=leads,
        torn=torn,
        kinds=_kinds({item.kind for item in items}),
        assets=dict(Asset.objects.filter(key__in=wanted).values_list("key", "pk"))
        if wanted
        else {},
        deals=deals,
    )


def _kinds(keys: set[str]) -> dict[str, tuple[int, str]]:
    # Written out, like the next ones: asked for every touchpoint that ever arrives.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT key, id, category FROM definitions_touchpointkind WHERE key = ANY(%s)",
            [sorted(keys)],
        )
        return {key: (pk, category) for key, pk, category in cursor.fetchall()}


def _leads(
    named: set[int | UUID | Identity],
) -> tuple[dict[int | UUID | Identity, int], frozenset[Identity], frozenset[int]]:
    found: dict[int | UUID | Identity, int] = {}
    torn = set()
    identities = [name for name in named if isinstance(name, Identity)]
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
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT id, public_id, EXISTS (SELECT FROM leads_opportunity WHERE lead_id = lead.id)
            FROM leads_lead AS lead
            WHERE id = ANY(%s::bigint[]) OR public_id = ANY(%s::uuid[])
            """,
            [
                [*found.values(), *(name for name in named if isinstance(name, int))],
                [name for name in named if isinstance(name, UUID)],
            ],
        )
        rows = cursor.fetchall()
    found |= {name: pk for pk, public_id, _ in rows for name in (pk, public_id) if name in named}
    return found, frozenset(torn), frozenset(pk for pk, _, has_deals in rows if has_deals)


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


def _refusal(item: TouchpointFacts, known: _Known) -> str:
    if item.lead not in known.leads:
        is_torn = item.lead in known.torn
        return f"lead: {TWO_LEADS if is_torn else 'no such lead is known.'}"
    if item.kind not in known.kinds:
        return f"kind: “{item.kind}” is not a known kind of touchpoint."
    if item.asset and item.asset not in known.assets:
        return f"asset: “{item.asset}” is not known."
    if item.occurred_at.tzinfo is None:
        return "occurred_at: must say its time zone."
    return ""


_Row = tuple[str, int, int, str, datetime, int | None, int | None, bool, bool, str]


def _row(item: TouchpointFacts, known: _Known, campaigns: Mapping[str, int]) -> _Row:
    kind_id, category = known.kinds[item.kind]
    lead_id = known.leads[item.lead]
    return (
        item.external_id or _derived(item, lead_id),
        lead_id,
        kind_id,
        item.channel or category,
        item.occurred_at,
        campaigns.get(item.campaign),
        known.assets.get(item.asset),
        item.is_verified,
        item.is_bot,
        json.dumps(dict(item.detail)),
    )


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


_INSERT = """
WITH new AS (
INSERT INTO leads_touchpoint (external_id, lead_id, kind_id, channel, occurred_at, campaign_id,
    asset_id, is_verified, is_bot, detail, system, received_at)
SELECT external_id, lead_id, kind_id, channel, occurred_at, campaign_id, asset_id, is_verified,
    is_bot, detail::jsonb, %s, %s
FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::text[], %s::timestamptz[], %s::bigint[],
    %s::bigint[], %s::boolean[], %s::boolean[], %s::text[])
    AS new (external_id, lead_id, kind_id, channel, occurred_at, campaign_id, asset_id,
        is_verified, is_bot, detail)
ON CONFLICT (system, external_id) DO NOTHING
RETURNING external_id, id, lead_id
), marked AS (
INSERT INTO leads_pendingmark (lead_id) SELECT DISTINCT lead_id FROM new WHERE %s
)
SELECT external_id, id FROM new
"""


def _insert(
    rows: Sequence[_Row], *, system: str, received_at: datetime, mark: bool
) -> dict[str, int]:
    if not rows:
        return {}
    # In one order everywhere: two lists that share touchpoints then wait, never deadlock.
    columns = [list(column) for column in zip(*sorted(rows, key=itemgetter(0)), strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [system, received_at, *columns, mark])
        return dict(cursor.fetchall())


def _ids(external_ids: Sequence[str], *, system: str) -> dict[str, int]:
    if not external_ids:
        return {}
    rows = Touchpoint.objects.filter(system=system, external_id__in=set(external_ids))
    return dict(rows.values_list("external_id", "pk"))
