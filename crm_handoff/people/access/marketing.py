"""Who may see what marketing works with: sources, campaigns, personas, assets."""

from django.db.models import QuerySet

from crm_handoff.people.access import viewers
from crm_handoff.people.access.viewers import Viewer
from leads.models import Asset, Campaign, Persona, Source


def sources_visible_to(user: Viewer) -> QuerySet[Source]:
    """Return the sources that somebody may see: with the permission, every one."""
    return viewers.all_with_permission(Source, user)


def campaigns_visible_to(user: Viewer) -> QuerySet[Campaign]:
    """Return the campaigns that somebody may see: with the permission, every one."""
    return viewers.all_with_permission(Campaign, user)


def personas_visible_to(user: Viewer) -> QuerySet[Persona]:
    """Return the personas that somebody may see: with the permission, every one."""
    return viewers.all_with_permission(Persona, user)


def assets_visible_to(user: Viewer) -> QuerySet[Asset]:
    """Return the assets that somebody may see: with the permission, every one."""
    return viewers.all_with_permission(Asset, user)
