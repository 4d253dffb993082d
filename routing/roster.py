"""Reps, locked, and what the rules see of them."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils.translation import get_language_info

from routing.cases import Member, Person
from routing.models import Absence, Rep, Suspension, TerritoryMembership


def lock_reps(ids: Iterable[int]) -> dict[int, Rep]:
    """Lock reps by ascending id and return them by id, with their users."""
    return _by_id(Rep.objects.filter(pk__in=sorted(ids)))


def lock_members(territory_ids: Iterable[int], *, also: Iterable[int]) -> dict[int, Rep]:
    """Lock everybody who works one of some territories, and others; one query.

    Who is locked elsewhere is waited for, never skipped: skipping would give the next one two
    turns.
    """
    return _by_id(_in_question(territory_ids, also))


def read_members(territory_ids: Iterable[int], *, also: Iterable[int]) -> dict[int, Rep]:
    """Read those whom `lock_members` locks, without locking them; one query."""
    return {rep.pk: rep for rep in _in_question(territory_ids, also).select_related("user")}


def absences_at(at: datetime) -> dict[int, Absence]:
    """Return the absences that run at an instant, by rep; one query."""
    return {away.rep_id: away for away in Absence.objects.filter(span__contains=at)}


def suspended(ids: Iterable[int]) -> set[int]:
    """Return those of some reps who are out of rotation; one query."""
    running = Suspension.objects.filter(rep__in=list(ids), ended_at=None)
    return set(running.values_list("rep_id", flat=True))


def person(rep: Rep, *, absence: Absence | None = None, is_suspended: bool = False) -> Person:
    """Return what the rules see of a rep, who was read with the user."""
    return Person(
        rep=rep.pk,
        name=str(rep),
        load=load_of(rep),
        capacity=rep.capacity,
        languages=rep.languages,
        is_active=rep.is_active and rep.user.is_active,
        is_away=absence is not None,
        away_until=absence.span.upper if absence else None,
        delegate=absence.delegate_id if absence else None,
        is_suspended=is_suspended,
    )


def member(membership: TerritoryMembership, who: Person) -> Member:
    """Return what the rules see of a rep's place in a territory."""
    return Member(
        person=who,
        weight=membership.weight,
        credit=membership.credit,
        load=membership.open_count + membership.excess_count,
        capacity=membership.capacity,
        takes_turns=membership.is_active,
        pk=membership.pk,
    )


def load_of(rep: Rep) -> int:
    """Return how many open handoffs a rep holds."""
    return rep.open_count + rep.excess_count


def fullness(rep: Rep, territory_id: int | None) -> str:
    """Say how full a locked rep is, "30/30 open", for one more lead of a territory; "": not."""
    if load_of(rep) >= rep.capacity:
        return f"{load_of(rep)}/{rep.capacity} open"
    places = TerritoryMembership.objects.filter(rep=rep, territory=territory_id)
    place = places.exclude(capacity=None).select_related("territory").first()
    if place is None or place.capacity is None:
        return ""
    load = place.open_count + place.excess_count
    return f"{load}/{place.capacity} open in {place.territory}" if load >= place.capacity else ""


def language_name(code: str) -> str:
    """Return a language in words, "German" for "de"; the code itself when it is unknown."""
    try:
        return str(get_language_info(code)["name"])
    except KeyError:
        return code.upper()


def _in_question(territory_ids: Iterable[int], also: Iterable[int]) -> QuerySet[Rep]:
    members = TerritoryMembership.objects.filter(territory__in=list(territory_ids))
    return Rep.objects.filter(Q(pk__in=members.values("rep")) | Q(pk__in=sorted(also)))


def _by_id(reps: QuerySet[Rep]) -> dict[int, Rep]:
    rows = reps.select_related("user").select_for_update(of=("self",), no_key=True).order_by("pk")
    return {rep.pk: rep for rep in rows}
