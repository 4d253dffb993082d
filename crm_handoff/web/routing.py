"""Who receives which leads: the rules in force, territories with their people, and queues."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.db.models import Count, Min, Prefetch, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from crm_handoff.agreements import values
from crm_handoff.people import access
from crm_handoff.people.models import User
from crm_handoff.people.roles import SEE_EVERYONES_LEADS
from crm_handoff.web import rulebook
from crm_handoff.web.requests import PageRequest
from routing import plans
from routing.enums import HandoffStatus
from routing.models import Absence, Queue, Suspension, Territory, TerritoryMembership


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who works a territory; `share_pct` is the part of its turns by weight."""

    membership: TerritoryMembership
    held_count: int
    here_count: int
    share_pct: int
    away: Absence | None
    is_suspended: bool

    @property
    def is_full(self) -> bool:
        """Whether the rotation passes over them, for the rep's limit or the territory's."""
        limit = self.membership.capacity
        is_full_here = limit is not None and self.here_count >= limit
        return is_full_here or self.held_count >= self.membership.rep.capacity


@dataclass(frozen=True, slots=True)
class Region:
    """A territory: what it covers in words, and who works it."""

    territory: Territory
    covers: Sequence[str]
    members: Sequence[Member]


@require_GET
@cache_control(private=True, no_store=True)
@permission_required(("routing.view_routingplan", "routing.view_territory"), raise_exception=True)
def routing(request: PageRequest) -> HttpResponse:
    """Show what is in force in words, and what the team looks like for the rules."""
    at = timezone.now()
    plan = plans.in_force()
    may_edit = request.user.has_perm("routing.change_routingplan")
    context = {
        "plan": plan,
        "articles": rulebook.articles_of(plans.rules_of(plan)),
        "regions": regions_of(request.user, at=at),
        "queues": queues_of(request.user),
        "may_edit": may_edit,
        "draft": plans.draft() if may_edit else None,
        "sees_all": request.user.has_perm(SEE_EVERYONES_LEADS),
    }
    return render(request, "web/routing/routing.html", context)


def regions_of(user: User, *, at: datetime) -> list[Region]:
    """Return the active territories with the members that somebody may see; four queries."""
    away = Absence.objects.filter(span__contains=at).select_related("delegate__user")
    suspended = Suspension.objects.filter(ended_at=None)
    members = (
        access.routing.memberships_visible_to(user)
        .filter(is_active=True, rep__is_active=True)
        .select_related("rep__user")
        .prefetch_related(
            Prefetch("rep__absences", away, to_attr="away_now"),
            Prefetch("rep__suspensions", suspended, to_attr="suspended_now"),
        )
        .order_by("pk")
    )
    territories = (
        access.routing.territories_visible_to(user)
        .filter(is_active=True)
        .select_related("queue", "calendar", "secondary__user")
        .prefetch_related(Prefetch("memberships", members, to_attr="members"))
        .order_by("position", "pk")
    )
    return [_region(territory) for territory in territories]


def queues_of(user: User) -> QuerySet[Queue]:
    """Return the queues with `waiting_count` and `waiting_since`, the fullest first."""
    waits = Q(handoffs__status=HandoffStatus.QUEUED)
    return (
        access.routing.queues_visible_to(user)
        .select_related("manager")
        .annotate(
            waiting_count=Count("handoffs", filter=waits),
            waiting_since=Min("handoffs__opened_at", filter=waits),
        )
        .order_by("-waiting_count", "name", "pk")
    )


def _region(territory: Any) -> Region:
    worth = sum(membership.weight for membership in territory.members)
    return Region(
        territory=territory,
        covers=covers(territory),
        members=[_member(membership, worth) for membership in territory.members],
    )


def _member(membership: Any, worth: int) -> Member:
    rep = membership.rep
    return Member(
        membership=membership,
        held_count=rep.open_count + rep.excess_count,
        here_count=membership.open_count + membership.excess_count,
        share_pct=round(100 * membership.weight / worth) if worth else 0,
        away=rep.away_now[0] if rep.away_now else None,
        is_suspended=bool(rep.suspended_now),
    )


def covers(territory: Territory) -> list[str]:
    """Say what a territory covers, a text a condition; none: it covers everything."""
    lists = (
        [values.country(code) for code in territory.countries],
        territory.regions,
        territory.industries,
        territory.product_lines,
    )
    said = [values.listed(list(words), style="or") for words in lists if words]
    least, most = territory.min_employees, territory.max_employees
    if least is not None and most is not None:
        said.append(_("%(least)s to %(most)s people") % _sizes(least, most))
    elif least is not None:
        said.append(_("%(least)s people or more") % _sizes(least, most))
    elif most is not None:
        said.append(_("%(most)s people at most") % _sizes(least, most))
    return said


def _sizes(least: int | None, most: int | None) -> dict[str, str]:
    return {
        name: values.words(size)
        for name, size in (("least", least), ("most", most))
        if size is not None
    }
