"""Which part of the market a lead belongs to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from leads import matching
from leads.matching import AccountMatch, Company
from leads.models import Lead
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
    match = matching.match_account(email=lead.email) if lead.account is None else None
    return _inputs(lead, match)


def _inputs(lead: Lead, match: AccountMatch | None) -> RoutingInputs:
    account = match.account if match else lead.account
    if account is None:
        return RoutingInputs(
            lead_id=lead.pk,
            country=lead.country,
            region=lead.region,
            language=lead.language,
            product_line=lead.product_line,
        )
    return RoutingInputs(
        lead_id=lead.pk,
        account_id=account.pk,
        account_name=account.name,
        account_reason=match.reason if match else lead.account_reason,
        country=account.country or lead.country,
        region=account.region or lead.region,
        industry=account.industry,
        employee_count=account.employee_count,
        language=lead.language,
        product_line=lead.product_line,
    )


def inputs_of_many(lead_ids: Iterable[int]) -> list[RoutingInputs]:
    """Return what `inputs_of` says of each lead that exists; three queries at most."""
    leads = list(
        Lead.objects.filter(pk__in=list(lead_ids))
        .select_related("account")
        .only(*_OF_LEAD, *(f"account__{name}" for name in _OF_ACCOUNT))
        .order_by("pk")
    )
    alone = [lead for lead in leads if lead.account is None]
    matches = matching.match_accounts([Company(email=lead.email) for lead in alone])
    by_address = {lead.pk: match for lead, match in zip(alone, matches, strict=True)}
    return [_inputs(lead, by_address.get(lead.pk)) for lead in leads]


_OF_LEAD = ("account_reason", "email", "country", "region", "language", "product_line")
_OF_ACCOUNT = ("name", "country", "region", "industry", "employee_count")


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
