"""What an absence sets going, said before it is entered: which leads move, and to whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from routing import departures
from routing.models import Absence, Rep, Territory, TerritoryMembership


@dataclass(frozen=True, slots=True)
class Effect:
    """What happens to the leads of a rep as they go away.

    territories: names of those in whose rotation untouched leads, or new ones, go. deserted: the
    ones of them where nobody else is there as it begins. kept_count: leads in work, which stay.
    """

    begins_at: datetime
    is_now: bool
    untouched_count: int
    kept_count: int
    delegate: Rep | None
    is_delegate_away: bool
    territories: Sequence[str]
    deserted: Sequence[Territory]


def effect_of(rep: Rep, *, begins_at: datetime, delegate: Rep | None, at: datetime) -> Effect:
    """Say what happens to a rep's leads, as things stand now; five queries at most."""
    moving = list(departures.untouched(rep).values_list("territory_id", flat=True))
    others = _others_there(rep, at=begins_at)
    concerned = Territory.objects.filter(pk__in={*moving} - {None})
    if not moving:
        concerned = Territory.objects.filter(
            memberships__rep=rep, memberships__is_active=True, is_active=True
        )
    there = concerned.annotate(is_staffed=Exists(others)).select_related("queue")
    territories = list(there.order_by("position", "pk"))
    is_away = delegate is not None and _away(delegate, at=begins_at)
    return Effect(
        begins_at=begins_at,
        is_now=begins_at <= at,
        untouched_count=len(moving),
        kept_count=max(0, rep.open_count + rep.excess_count - len(moving)),
        delegate=delegate,
        is_delegate_away=is_away,
        territories=[territory.name for territory in territories],
        deserted=[territory for territory in territories if not territory.is_staffed],
    )


def _others_there(rep: Rep, *, at: datetime) -> QuerySet[TerritoryMembership]:
    absent = Absence.objects.filter(rep=OuterRef("rep"), span__contains=at)
    members = TerritoryMembership.objects.filter(
        ~Exists(absent),
        territory=OuterRef("pk"),
        is_active=True,
        rep__is_active=True,
        rep__user__is_active=True,
    )
    return members.exclude(rep=rep)


def _away(rep: Rep, *, at: datetime) -> bool:
    return Absence.objects.filter(rep=rep, span__contains=at).exists()
