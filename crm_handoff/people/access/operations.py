"""Who may see imports, and how the product is doing."""

from django.db.models import Q, QuerySet

from crm_handoff.checkups import Checkup
from crm_handoff.people.access import viewers
from crm_handoff.people.access.viewers import Viewer
from leads.models import ImportRun


def imports_visible_to(user: Viewer) -> QuerySet[ImportRun]:
    """Return the imports that somebody may see, rows and all; a rep: those that they started."""
    return viewers.own_or_all(ImportRun, user, Q(started_by=user.pk))


def checkups_visible_to(user: Viewer) -> QuerySet[Checkup]:
    """Return the answers to the invariants that somebody may see: with the permission, all."""
    return viewers.all_with_permission(Checkup, user)
