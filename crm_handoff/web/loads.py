"""How much each rep holds, and who is away."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Prefetch, Q, Value

from crm_handoff.people.access.people import absences_visible_to
from crm_handoff.people.models import User
from routing.models import Absence, Rep

LOOK_AHEAD = timedelta(days=14)
"""How far ahead absences are shown."""


@dataclass(frozen=True, slots=True)
class Load:
    """What a rep holds against their capacity.

    `share_pct` is what fits the capacity, in percent of the bar, which is as long as the greater
    of capacity and load: the rest of the bar of an overfull rep is the excess. `away` is the
    absence that holds now, `territories` are names.
    """

    rep: Rep
    held_count: int
    share_pct: int
    excess_count: int
    away: Absence | None
    territories: Sequence[str]

    @property
    def is_full(self) -> bool:
        """Whether the rep is skipped by the rotation."""
        return self.held_count >= self.rep.capacity


def loads(*, at: datetime) -> list[Load]:
    """Return the load of every active rep, the fullest first; two queries."""
    now = Absence.objects.filter(span__contains=at).select_related("delegate__user")
    is_worked = Q(memberships__is_active=True, memberships__territory__is_active=True)
    reps = (
        Rep.objects.filter(is_active=True)
        .select_related("user")
        .prefetch_related(Prefetch("absences", queryset=now, to_attr="away_now"))
        .annotate(
            territory_names=ArrayAgg(
                "memberships__territory__name",
                filter=is_worked,
                distinct=True,
                order_by="memberships__territory__name",
                default=Value([]),
            )
        )
    )
    found = [_load(rep) for rep in reps]
    return sorted(found, key=lambda load: (-load.share_pct, -load.excess_count, str(load.rep)))


def coming_absences(user: User, *, at: datetime) -> list[Absence]:
    """Return the absences that hold now or begin within two weeks, by beginning; one query."""
    span = DateTimeTZRange(at, at + LOOK_AHEAD)
    return list(
        absences_visible_to(user)
        .filter(span__overlap=span, rep__is_active=True)
        .select_related("rep__user", "delegate__user")
        .order_by("span", "pk")
    )


def _load(rep: Any) -> Load:
    held_count = rep.open_count + rep.excess_count
    scale = max(rep.capacity, held_count) or 1
    return Load(
        rep=rep,
        held_count=held_count,
        share_pct=round(100 * min(held_count, rep.capacity) / scale),
        excess_count=max(0, held_count - rep.capacity),
        away=rep.away_now[0] if rep.away_now else None,
        territories=rep.territory_names,
    )
