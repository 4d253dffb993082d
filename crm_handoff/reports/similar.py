"""Which deals that we won are like this lead?"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import (
    Case,
    F,
    IntegerField,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from leads.enums import OpportunityStage
from leads.models import Account, Lead, Opportunity, Touchpoint

MOST = 3
"""Deals shown, each of another company."""

CANDIDATES = 20
"""Deals most alike of which those are taken."""

LATEST = 1000
"""Deals looked at: those won last."""

SIZE_BANDS = ((1, 49), (50, 199), (200, 999), (1000, 4999), (5000, 2**31 - 1))
"""Companies of one band, in people, are of one size."""

WEIGHTS = {"company": 16, "industry": 8, "size": 4, "persona": 2, "source": 1}
"""What a trait that is shared counts; each more than all after it together."""

LEAST = WEIGHTS["size"] + WEIGHTS["source"]
"""Likeness from which a deal is called similar: an industry, or a size with something beside."""

TRAITS: dict[str, str | Promise] = {
    "company": _("same company"),
    "industry": _("same industry"),
    "size": _("same company size"),
    "persona": _("same persona"),
    "source": _("same source"),
}
"""Each trait in words."""


@dataclass(frozen=True, slots=True)
class SimilarDeal:
    """A deal that was won, told without the people in it.

    amount: in `currency` (ISO 4217), None when nobody said. days_to_win: days from the lead's
    first touchpoint to the close, None when it has none before.
    """

    company: str
    industry: str
    employee_count: int | None
    amount: Decimal | None
    currency: str
    won_at: datetime
    days_to_win: int | None
    why: tuple[str | Promise, ...]


def similar_won(lead: Lead, *, at: datetime) -> list[SimilarDeal]:
    """Return the won deals most like a lead, most alike first, of equals the latest; one query.

    At most three of the last thousand; those of the lead itself and those won after `at` are
    left out. Companies, amounts and days are no secret among colleagues: everybody who may see
    the lead may see them.
    """
    traits = _traits(lead)
    if not traits:
        return []
    latest = Opportunity.objects.filter(stage=OpportunityStage.WON, closed_at__lte=at)
    rows = (
        _told(latest.order_by("-closed_at", "-pk")[:LATEST])
        .exclude(lead=lead)
        .annotate(**{name: _flag(trait) for name, trait in traits.items()})
        .annotate(likeness=sum((F(name) * WEIGHTS[name] for name in traits), Value(0)))
        .filter(likeness__gte=LEAST)
        .annotate(first_at=_first_touch())
        .order_by("-likeness", "-closed_at", "-pk")
    )
    likest = _one_each(rows[:CANDIDATES])
    return [_deal(row, traits) for row in likest[:MOST]]


def _one_each(rows: Iterable[Any]) -> list[Any]:
    """Return the first row of each company, in order; rows without a company all."""
    seen: dict[Any, Any] = {}
    for row in rows:
        seen.setdefault(row.company_id or ("no company", row.pk), row)
    return list(seen.values())


def _told(latest: QuerySet[Opportunity]) -> QuerySet[Opportunity]:
    return Opportunity.objects.filter(pk__in=latest.values("pk")).annotate(
        company_id=Coalesce("account", "lead__account"),
        company_name=Coalesce("account__name", "lead__account__name", Value("")),
        business=Coalesce("account__industry", "lead__account__industry", Value("")),
        people=Coalesce("account__employee_count", "lead__account__employee_count"),
    )


def _traits(lead: Lead) -> dict[str, Q]:
    """Return what another deal can share with this lead, by the names of `TRAITS`."""
    traits = _company_traits(lead.account) if lead.account else {}
    if lead.persona_id:
        traits["persona"] = Q(lead__persona=lead.persona_id)
    if lead.source_id:
        traits["source"] = Q(lead__source=lead.source_id)
    return traits


def _company_traits(account: Account) -> dict[str, Q]:
    traits = {"company": Q(company_id=account.pk)}
    if account.industry:
        traits["industry"] = Q(business=account.industry)
    if account.employee_count:
        traits["size"] = Q(people__range=band_of(account.employee_count))
    return traits


def band_of(people: int) -> tuple[int, int]:
    """Return the least and the most people of companies of one size with this one, from 1 on."""
    return next(band for band in SIZE_BANDS if people <= band[1])


def _flag(trait: Q) -> Case:
    return Case(When(trait, then=1), default=0, output_field=IntegerField())


def _first_touch() -> Subquery:
    touches = Touchpoint.objects.filter(lead=OuterRef("lead")).order_by().values("lead")
    return Subquery(touches.annotate(first=Min("occurred_at")).values("first"))


def _deal(row: Opportunity, traits: dict[str, Q]) -> SimilarDeal:
    told = vars(row)
    won_at: datetime = told["closed_at"]
    first_at: datetime | None = told["first_at"]
    return SimilarDeal(
        company=told["company_name"],
        industry=told["business"],
        employee_count=told["people"],
        amount=row.amount,
        currency=row.currency,
        won_at=won_at,
        days_to_win=(won_at - first_at).days if first_at and first_at <= won_at else None,
        why=tuple(TRAITS[name] for name in traits if told[name]),
    )
