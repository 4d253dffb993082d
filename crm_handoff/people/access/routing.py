"""Who may see by which arrangements leads find their owner."""

from django.db.models import Q, QuerySet

from crm_handoff.people.access import viewers
from crm_handoff.people.access.viewers import Viewer
from crm_handoff.people.roles import SEE_EVERYONES_LEADS
from routing.models import (
    BusinessCalendar,
    NamedAccount,
    Queue,
    RejectionReason,
    RoutingPlan,
    Territory,
    TerritoryMembership,
)


def territories_visible_to(user: Viewer) -> QuerySet[Territory]:
    """Return the territories that somebody may see: with the permission, every one."""
    return viewers.all_with_permission(Territory, user)


def memberships_visible_to(user: Viewer) -> QuerySet[TerritoryMembership]:
    """Return who works which territory, as far as somebody may see it; a rep: their own."""
    return viewers.own_or_all(TerritoryMembership, user, Q(rep__user=user.pk))


def named_accounts_visible_to(user: Viewer) -> QuerySet[NamedAccount]:
    """Return the named accounts that somebody may see; a rep: those named for them."""
    return viewers.own_or_all(NamedAccount, user, Q(rep__user=user.pk))


def queues_visible_to(user: Viewer) -> QuerySet[Queue]:
    """Return the queues that somebody may see: with the permission, every one."""
    return viewers.all_with_permission(Queue, user)


def plans_visible_to(user: Viewer) -> QuerySet[RoutingPlan]:
    """Return the editions of the routing rules that somebody may see.

    Without everybody's leads: those that were published.
    """
    plans = viewers.all_with_permission(RoutingPlan, user)
    return plans if user.has_perm(SEE_EVERYONES_LEADS) else plans.exclude(published_at=None)


def calendars_visible_to(user: Viewer) -> QuerySet[BusinessCalendar]:
    """Return the calendars that somebody may see: with the permission, every one."""
    return viewers.all_with_permission(BusinessCalendar, user)


def reasons_visible_to(user: Viewer) -> QuerySet[RejectionReason]:
    """Return the reasons that somebody may see, retired ones included."""
    return viewers.all_with_permission(RejectionReason, user)
