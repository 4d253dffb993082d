"""What is known of leads, their accounts and deals as of an instant."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from leads import bulk
from leads.enums import OpportunityStage
from leads.models import AttributeChange, Lead, Opportunity, Persona, Source

END_OF_TIME = datetime.max.replace(tzinfo=UTC)


class Profile(NamedTuple):
    """The attributes that facts are made of; "" and None where nothing is known.

    `deal_amount` is that of the latest open deal which has one.
    """

    email: str = ""
    job_title: str = ""
    phone: str = ""
    country: str = ""
    region: str = ""
    language: str = ""
    product_line: str = ""
    source: str | None = None
    persona: str | None = None
    expected_acv: Decimal | None = None
    currency: str = ""
    account_id: int | None = None
    account_country: str | None = None
    account_region: str | None = None
    industry: str | None = None
    employee_count: int | None = None
    revenue: Decimal | None = None
    account_acv: Decimal | None = None
    account_currency: str | None = None
    funding_stage: str | None = None
    tier: str | None = None
    technologies: Sequence[str] | None = None
    is_target: bool | None = None
    deal_amount: Decimal | None = None
    deal_currency: str | None = None


@dataclass(frozen=True, slots=True)
class AsOf:
    """An instant to look at, and up to when what was received by then is taken into account."""

    at: datetime
    known_at: datetime | None

    @property
    def heard_by(self) -> datetime:
        """Up to when what was received counts; the end of time when all of it does."""
        return self.known_at or END_OF_TIME

    @property
    def earliest(self) -> datetime:
        """The earlier of the two: no change received by then is hidden by either."""
        return min(self.at, self.known_at or self.at)


def read(lead_ids: Sequence[int], as_of: AsOf) -> dict[int, Profile]:
    """Return the profile of each lead; at most eight queries for any number.

    The rows hold what is true now, and so what was true at any instant after which no change was
    received: then they are read, else the history.
    """
    if _has_later_changes(as_of):
        return from_history(lead_ids, as_of)
    return from_rows(lead_ids)


def members_of(account_ids: Iterable[int], as_of: AsOf) -> list[tuple[int, int]]:
    """Return (lead, account) of everybody who belonged to one of the accounts; two queries."""
    accounts = sorted(set(account_ids))
    with bulk.cursor() as cursor:
        if not _has_later_changes(as_of):
            cursor.execute(
                "SELECT id, account_id FROM leads_lead WHERE account_id = ANY(%s::bigint[])",
                [bulk.array(accounts)],
            )
            return list(cursor)
        cursor.execute(
            """
            SELECT lead_id, new::bigint FROM (
                SELECT DISTINCT ON (lead_id) lead_id, new FROM leads_attributechange
                WHERE field = 'account' AND effective_at <= %(at)s
                    AND received_at <= %(heard_by)s
                    AND lead_id IN (
                        SELECT lead_id FROM leads_attributechange
                        WHERE field = 'account' AND lead_id IS NOT NULL
                            AND new IN (SELECT to_jsonb(unnest(%(accounts)s::bigint[])))
                    )
                ORDER BY lead_id, effective_at DESC, id DESC
            ) AS membership
            WHERE new IN (SELECT to_jsonb(unnest(%(accounts)s::bigint[])))
            """,
            {"at": as_of.at, "heard_by": as_of.heard_by, "accounts": accounts},
        )
        return list(cursor)


def customers_among(account_ids: Iterable[int], as_of: AsOf) -> frozenset[int]:
    """Return those accounts of which a deal was won by then; two queries."""
    accounts = sorted(set(account_ids))
    sql = _CUSTOMERS_THEN if _has_later_changes(as_of) else _CUSTOMERS_NOW
    instants = {"at": as_of.at, "heard_by": as_of.heard_by}
    asked: dict[str, Any] = {"accounts": bulk.array(accounts)} | instants
    with bulk.cursor() as cursor:
        cursor.execute(sql, asked)
        return frozenset(account for (account,) in cursor)


_CUSTOMERS_NOW = """
SELECT DISTINCT account_id FROM leads_opportunity
WHERE account_id = ANY(%(accounts)s::bigint[]) AND stage = 'won'
"""

_CUSTOMERS_THEN = """
WITH deal AS (
    SELECT id FROM leads_opportunity WHERE account_id = ANY(%(accounts)s::bigint[])
    UNION
    SELECT opportunity_id FROM leads_attributechange
    WHERE opportunity_id IS NOT NULL AND field = 'account'
        AND new IN (SELECT to_jsonb(unnest(%(accounts)s::bigint[])))
), said AS (
    SELECT DISTINCT ON (opportunity_id, field) opportunity_id, field, new
    FROM leads_attributechange
    WHERE opportunity_id IN (SELECT id FROM deal) AND field IN ('account', 'stage')
        AND effective_at <= %(at)s AND received_at <= %(heard_by)s
    ORDER BY opportunity_id, field, effective_at DESC, id DESC
)
SELECT DISTINCT buyer.new::bigint FROM said AS buyer
JOIN said AS outcome ON outcome.opportunity_id = buyer.opportunity_id
WHERE buyer.field = 'account' AND jsonb_typeof(buyer.new) = 'number'
    AND buyer.new::bigint = ANY(%(accounts)s::bigint[])
    AND outcome.field = 'stage' AND outcome.new = '"won"'
"""


def _has_later_changes(as_of: AsOf) -> bool:
    # Nothing holds from before its receipt that was not received, so the receipt says it all.
    with bulk.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM leads_attributechange WHERE received_at > %s)",
            [as_of.earliest],
        )
        row = cursor.fetchone()
        return bool(row and row[0])


_ROWS = """
SELECT lead.id, lead.email, lead.job_title, lead.phone, lead.country, lead.region, lead.language,
    lead.product_line, source.key, persona.key, lead.expected_acv, lead.currency, lead.account_id,
    account.country, account.region, account.industry, account.employee_count, account.revenue,
    account.expected_acv, account.currency, account.funding_stage, account.tier,
    account.technologies, account.is_target, deal.amount, deal.currency
FROM leads_lead AS lead
LEFT JOIN leads_source AS source ON source.id = lead.source_id
LEFT JOIN leads_persona AS persona ON persona.id = lead.persona_id
LEFT JOIN leads_account AS account ON account.id = lead.account_id
LEFT JOIN (
    SELECT DISTINCT ON (lead_id) lead_id, amount, currency FROM leads_opportunity
    WHERE lead_id = ANY(%(leads)s::bigint[]) AND stage = 'open' AND amount IS NOT NULL
    ORDER BY lead_id, opened_at DESC NULLS LAST, id DESC
) AS deal ON deal.lead_id = lead.id
WHERE lead.id = ANY(%(leads)s::bigint[])
"""


def from_rows(lead_ids: Sequence[int]) -> dict[int, Profile]:
    """Read what is true now off the rows; one query."""
    with bulk.cursor() as cursor:
        cursor.execute(_ROWS, {"leads": bulk.array(lead_ids)})
        return {lead_id: Profile._make(rest) for lead_id, *rest in cursor}


def from_history(lead_ids: Sequence[int], as_of: AsOf) -> dict[int, Profile]:
    """Read what was true off the changes; at most eight queries."""
    known = Lead.objects.filter(pk__in=lead_ids).values_list("pk", flat=True)
    leads = _history("lead", lead_ids, as_of)
    accounts = _history(
        "account", {said["account"] for said in leads.values() if said.get("account")}, as_of
    )
    deals = _deals(lead_ids, as_of)
    keys = _keys(leads.values())
    return {
        lead_id: _profile(leads.get(lead_id, {}), accounts, deals.get(lead_id, {}), keys)
        for lead_id in known
    }


_BLANK_ACCOUNT: dict[str, Any] = {
    "country": "",
    "region": "",
    "industry": "",
    "currency": "",
    "funding_stage": "",
    "tier": "",
    "technologies": [],
}
"""What the row of an account holds where nothing was said."""


def _profile(
    lead: Mapping[str, Any],
    accounts: Mapping[int, dict[str, Any]],
    deal: Mapping[str, Any],
    keys: tuple[Mapping[int, str], Mapping[int, str]],
) -> Profile:
    sources, personas = keys
    account_id = lead.get("account")
    account = _BLANK_ACCOUNT | accounts.get(account_id, {}) if account_id else {}
    return Profile(
        **{field: lead.get(field) or "" for field in Profile._fields[:7]},
        source=sources.get(lead.get("source") or 0),
        persona=personas.get(lead.get("persona") or 0),
        expected_acv=_amount(lead.get("expected_acv")),
        currency=lead.get("currency") or "",
        account_id=account_id,
        account_country=account.get("country"),
        account_region=account.get("region"),
        industry=account.get("industry"),
        employee_count=account.get("employee_count"),
        revenue=_amount(account.get("revenue")),
        account_acv=_amount(account.get("expected_acv")),
        account_currency=account.get("currency"),
        funding_stage=account.get("funding_stage"),
        tier=account.get("tier"),
        technologies=account.get("technologies"),
        is_target=bool(account.get("is_target")) if account_id else None,
        deal_amount=_amount(deal.get("amount")),
        deal_currency=deal.get("currency"),
    )


def _history(owner: str, ids: Iterable[int], as_of: AsOf) -> dict[int, dict[str, Any]]:
    """Return what was true of each row of a kind, by field; one query."""
    wanted = sorted(ids)
    if not wanted:
        return {}
    key = f"{owner}_id"
    changes = AttributeChange.objects.filter(
        **{f"{key}__in": wanted}, effective_at__lte=as_of.at, received_at__lte=as_of.heard_by
    )
    latest = changes.order_by(key, "field", "-effective_at", "-pk").distinct(key, "field")
    values: dict[int, dict[str, Any]] = defaultdict(dict)
    for row_id, field, new in latest.values_list(key, "field", "new"):
        values[row_id][field] = new
    return values


def _deals(lead_ids: Sequence[int], as_of: AsOf) -> dict[int, Mapping[str, Any]]:
    """Return the latest open deal with an amount of each lead that had one; two queries."""
    leads = dict(Opportunity.objects.filter(lead__in=lead_ids).values_list("pk", "lead_id"))
    deals: dict[int, Mapping[str, Any]] = {}
    for pk, said in sorted(_history("opportunity", leads, as_of).items(), key=_opening):
        if said.get("stage") == OpportunityStage.OPEN and said.get("amount") is not None:
            deals[leads[pk]] = said
    return deals


def _opening(item: tuple[int, Mapping[str, Any]]) -> tuple[float, int]:
    pk, said = item
    opened_at = said.get("opened_at")
    return (datetime.fromisoformat(opened_at).timestamp() if opened_at else float("-inf"), pk)


def _keys(leads: Iterable[Mapping[str, Any]]) -> tuple[dict[int, str], dict[int, str]]:
    rows = list(leads)
    sources = {said["source"] for said in rows if said.get("source")}
    personas = {said["persona"] for said in rows if said.get("persona")}
    return (
        dict(Source.objects.filter(pk__in=sources).values_list("pk", "key")),
        dict(Persona.objects.filter(pk__in=personas).values_list("pk", "key")),
    )


def _amount(said: str | None) -> Decimal | None:
    return None if said is None else Decimal(said)
