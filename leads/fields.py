"""What a row of a file can say, field by field, and how each is read."""

from collections.abc import Mapping
from enum import StrEnum

from leads import addresses, cells, places
from leads.cells import Reader
from leads.enums import OpportunityStage, Stage

Fields = Mapping[str, Reader]


class Holds(StrEnum):
    """What a file's rows are about."""

    LEADS = "leads"
    ACCOUNTS = "accounts"
    TOUCHPOINTS = "touchpoints"
    OPPORTUNITIES = "opportunities"
    CAMPAIGNS = "campaigns"
    PEOPLE = "people"


COUNTRY = cells.plain(places.country_of)
CURRENCY = cells.plain(cells.currency)
DOMAIN = cells.plain(addresses.normalize_domain)
EMAIL = cells.plain(addresses.normalize_email)
FLAG = cells.plain(cells.flag)
ID = cells.plain(cells.identifier)
NAME = cells.text(200)

LEAD: Fields = {
    "external_id": ID,
    "email": EMAIL,
    "first_name": cells.text(100),
    "last_name": cells.text(100),
    "job_title": cells.text(200),
    # Read by the row's country, once that is known.
    "phone": cells.text(64),
    "country": COUNTRY,
    "region": cells.text(64),
    "language": cells.plain(places.language_of),
    "product_line": cells.text(64),
    "source": cells.key,
    "campaign": cells.key,
    "persona": cells.key,
    "expected_acv": cells.money,
    "currency": CURRENCY,
    "effective_at": cells.instant,
    "stage": cells.one_of(frozenset(Stage.values) - {"new"}),
}
ACCOUNT: Fields = {
    "name": NAME,
    "domain": DOMAIN,
    "country": COUNTRY,
    "region": cells.text(64),
    "industry": cells.text(64),
    "employee_count": cells.whole,
    "revenue": cells.money,
    "expected_acv": cells.money,
    "currency": CURRENCY,
    "funding_stage": cells.text(32),
    "tier": cells.text(32),
    "technologies": cells.words,
    "is_target": FLAG,
    "parent_domain": DOMAIN,
}
TOUCHPOINT: Fields = {
    "kind": cells.key,
    "occurred_at": cells.instant,
    "channel": cells.text(32),
    "external_id": ID,
    "campaign": cells.key,
    "asset": cells.key,
    "is_verified": FLAG,
    "is_bot": FLAG,
}
OPPORTUNITY: Fields = {
    "external_id": ID,
    "name": NAME,
    "stage": cells.one_of(frozenset(OpportunityStage.values)),
    "amount": cells.money,
    "currency": CURRENCY,
    "owner": NAME,
    "sourced_by": NAME,
    "opened_at": cells.instant,
    "closed_at": cells.instant,
    "loss_reason": cells.text(200),
}
CAMPAIGN: Fields = {
    "key": cells.key,
    "name": NAME,
    "source": cells.key,
    "starts_on": cells.day,
    "ends_on": cells.day,
    "cost": cells.money,
    "currency": CURRENCY,
}
PERSON: Fields = {
    "email": EMAIL,
    "full_name": NAME,
    "time_zone": cells.plain(cells.zone),
}
SECTIONS: Mapping[str, Fields] = {
    "lead": LEAD,
    "account": ACCOUNT,
    "touchpoints": TOUCHPOINT,
    "opportunity": OPPORTUNITY,
    "campaign": CAMPAIGN,
    "person": PERSON,
}
"""The fields of each section of a mapping; of `touchpoints`, those of each in its list."""

DETAIL = cells.text(2000)
"""What goes along with a touchpoint."""

MONEY = frozenset({"expected_acv", "revenue", "amount", "cost"})
"""Amounts, which need a currency."""

PEOPLE = ("owner", "sourced_by")
"""Fields of an opportunity that name people."""

IDENTITY = frozenset({"external_id", "email"})
"""Fields that say which lead is meant."""

UNKEPT: Mapping[str, frozenset[str]] = {
    "lead": frozenset({"external_id", "effective_at", "stage"}),
    "opportunity": frozenset({"external_id"}),
    "campaign": frozenset({"key"}),
    "person": frozenset({"email"}),
}
"""Fields for which nobody chooses what becomes of known values, by section."""
