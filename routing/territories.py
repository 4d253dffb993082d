"""Which part of the market a lead belongs to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django.db.models import QuerySet

from leads import bulk, matching
from leads.matching import AccountMatch, Company
from leads.models import Account, Lead
from routing.models import Territory


@dataclass(frozen=True, slots=True)
class RoutingInputs:
    """The facts by which a lead is routed; the account's where it has one that says so.

    account_reason: by what the lead was matched to the account. country: ISO 3166-1 alpha-2.
    language: ISO 639-1. Blank or None: not known.
    """

    lead_id: int
    account_id: int | None = None
    account_name: str = ""
    account_reason: str = ""
    country: str = ""
    region: str = ""
    industry: str = ""
    employee_count: int | None = None
    language: str = ""
    product_line: str = ""


def inputs_of(lead: Lead) -> RoutingInputs:
    """Return what routing needs to know of a lead; reads its account if that is not loaded.

    A lead that came before its account was known is routed by the account of its address.
    """
    inputs = RoutingInputs(
        lead_id=lead.pk,
        country=lead.country,
        region=lead.region,
        language=lead.language,
        product_line=lead.product_line,
    )
    if lead.account is not None:
        return _of_account(inputs, lead.account, reason=lead.account_reason)
    return _by_match(inputs, matching.match_account(email=lead.email))


def _of_account(inputs: RoutingInputs, account: Account, *, reason: str) -> RoutingInputs:
    return replace(
        inputs,
        account_id=account.pk,
        account_name=account.name,
        account_reason=reason,
        country=account.country or inputs.country,
        region=account.region or inputs.region,
        industry=account.industry,
        employee_count=account.employee_count,
    )


def _by_match(inputs: RoutingInputs, match: AccountMatch | None) -> RoutingInputs:
    return inputs if match is None else _of_account(inputs, match.account, reason=match.reason)


def inputs_of_many(lead_ids: Iterable[int]) -> list[RoutingInputs]:
    """Return what `inputs_of` says of each lead that exists; three queries at most."""
    with bulk.cursor() as cursor:
        cursor.execute(_OF_LEADS, {"leads": bulk.array(lead_ids)})
        known = [(email, RoutingInputs(*row)) for email, *row in cursor.fetchall()]
    alone = {email for email, inputs in known if inputs.account_id is None}
    asked = [Company(email=email) for email in alone]
    matches = dict(zip(alone, matching.match_accounts(asked), strict=True)) if alone else {}
    return [
        inputs if inputs.account_id is not None else _by_match(inputs, matches[email])
        for email, inputs in known
    ]


# The account's facts where it has one that says so, as in `inputs_of`.
_OF_LEADS = """
SELECT lead.email, lead.id, account.id, coalesce(account.name, ''),
       CASE WHEN account.id IS NULL THEN '' ELSE lead.account_reason END,
       coalesce(nullif(account.country, ''), lead.country),
       coalesce(nullif(account.region, ''), lead.region),
       coalesce(account.industry, ''), account.employee_count, lead.language, lead.product_line
FROM leads_lead AS lead LEFT JOIN leads_account AS account ON account.id = lead.account_id
WHERE lead.id = ANY(%(leads)s::bigint[])
ORDER BY lead.id
"""


def active() -> list[Territory]:
    """Return the territories that take leads, in the order in which they are tried; one query."""
    return list(Territory.objects.filter(is_active=True).order_by("position", "pk"))


def first_for(
    leads: Iterable[RoutingInputs], *, tried: Sequence[Territory] | None = None
) -> list[tuple[RoutingInputs, Territory | None]]:
    """Return with each lead the first active territory whose conditions hold, None if none does.

    What is not known meets no condition. tried: the active ones in order, None to read them.
    """
    rows = active() if tried is None else tried
    found: dict[tuple[object, ...], Territory | None] = {}
    placed = []
    for one in leads:
        asked = (one.country, one.region, one.industry, one.product_line, one.employee_count)
        if asked not in found:
            found[asked] = next((each for each in rows if _takes(each, one)), None)
        placed.append((one, found[asked]))
    return placed


def lock(ids: Iterable[int]) -> dict[int, Territory]:
    """Take the rotations of territories, by ascending id; return the rows as they are then.

    With their queues and calendars. One query.
    """
    rows = _in_order(ids).select_for_update(of=("self",), no_key=True)
    return {each.pk: each for each in rows}


def read(ids: Iterable[int]) -> dict[int, Territory]:
    """Read what `lock` reads without taking the rotations. One query."""
    return {each.pk: each for each in _in_order(ids)}


def _in_order(ids: Iterable[int]) -> QuerySet[Territory]:
    rows = Territory.objects.select_related("queue", "calendar")
    return rows.filter(pk__in=sorted(ids)).order_by("pk")


def _takes(territory: Territory, inputs: RoutingInputs) -> bool:
    conditions = (
        (territory.countries, inputs.country),
        (territory.regions, inputs.region),
        (territory.industries, inputs.industry),
        (territory.product_lines, inputs.product_line),
    )
    if any(wanted and value not in wanted for wanted, value in conditions):
        return False
    least, most = territory.min_employees, territory.max_employees
    if inputs.employee_count is None:
        return least is None and most is None
    return (least is None or least <= inputs.employee_count) and (
        most is None or inputs.employee_count <= most
    )
