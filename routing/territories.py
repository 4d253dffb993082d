"""Which part of the market a lead belongs to, and whose turn it is there."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import Q, QuerySet

from leads import matching
from leads.matching import AccountMatch, Company
from leads.models import Lead
from routing.models import Territory, TerritoryMembership


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
            lead_id=lead.pk, country=lead.country, region=lead.region, language=lead.language
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


_OF_LEAD = ("account_reason", "email", "country", "region", "language")
_OF_ACCOUNT = ("name", "country", "region", "industry", "employee_count")


def first_for(
    leads: Iterable[RoutingInputs],
) -> list[tuple[RoutingInputs, Territory | None]]:
    """Return with each lead the territory that `lock_for` would take; one query, no lock."""
    tried = list(Territory.objects.filter(is_active=True).order_by("position", "pk"))
    return [(one, next((each for each in tried if _takes_all(each, one)), None)) for one in leads]


def lock_for(inputs: RoutingInputs) -> Territory | None:
    """Take the rotation of the first active territory whose conditions hold; None if none does.

    What is not known meets no condition. One query, for the territory with queue and calendar.
    """
    return (
        _locked()
        .filter(
            _takes("countries", inputs.country),
            _takes("regions", inputs.region),
            _takes("industries", inputs.industry),
            _takes_size(inputs.employee_count),
            is_active=True,
        )
        .order_by("position", "pk")
        .first()
    )


def lock(territory: Territory) -> Territory:
    """Take the rotation of a territory and return the row as it is then."""
    return _locked().get(pk=territory.pk)


def next_in_turn(memberships: Sequence[TerritoryMembership]) -> TerritoryMembership:
    """Say whose turn it is among some members by smooth weighted round robin.

    Over any run of turns with the same members each gets their share, one turn more or less.
    """
    return max(memberships, key=lambda member: (member.credit + member.weight, -member.pk))


def charge_turn(taken: TerritoryMembership, *, among: Collection[TerritoryMembership]) -> None:
    """Write down a turn taken: all who could have taken it earn, who took it pays.

    Call it under the territory's lock.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE routing_territorymembership
            SET credit = credit + weight - CASE WHEN id = %s THEN %s ELSE 0 END
            WHERE id = ANY(%s)
            """,
            [taken.pk, sum(member.weight for member in among), [member.pk for member in among]],
        )


def _locked() -> QuerySet[Territory]:
    return Territory.objects.select_related("queue", "calendar").select_for_update(
        of=("self",), no_key=True
    )


def _takes(field: str, value: str) -> Q:
    anything = Q(**{field: []})
    return anything | Q(**{f"{field}__contains": [value]}) if value else anything


def _takes_all(territory: Territory, inputs: RoutingInputs) -> bool:
    """Say of a row in hand what the query of `lock_for` says."""
    conditions = (
        (territory.countries, inputs.country),
        (territory.regions, inputs.region),
        (territory.industries, inputs.industry),
    )
    if any(wanted and value not in wanted for wanted, value in conditions):
        return False
    least, most = territory.min_employees, territory.max_employees
    if inputs.employee_count is None:
        return least is None and most is None
    return (least is None or least <= inputs.employee_count) and (
        most is None or inputs.employee_count <= most
    )


def _takes_size(employees: int | None) -> Q:
    if employees is None:
        return Q(min_employees=None, max_employees=None)
    return (Q(min_employees=None) | Q(min_employees__lte=employees)) & (
        Q(max_employees=None) | Q(max_employees__gte=employees)
    )
