"""Who may see reps, their absences, and what is meant for a person."""

from django.db.models import Q, QuerySet

from crm_handoff.integrations.models import AbsenceFeed
from crm_handoff.people.access import viewers
from crm_handoff.people.access.viewers import Viewer
from crm_handoff.people.models import Invitation
from routing.models import Absence, AbsenceSeries, Notice, Rep, Suspension


def reps_visible_to(user: Viewer) -> QuerySet[Rep]:
    """Return the reps that somebody may see; a rep: themselves."""
    return viewers.own_or_all(Rep, user, Q(user=user.pk))


def absences_visible_to(user: Viewer) -> QuerySet[Absence]:
    """Return the absences that somebody may see; a rep: their own, and where they stand in."""
    return viewers.own_or_all(Absence, user, Q(rep__user=user.pk) | Q(delegate__user=user.pk))


def absence_series_visible_to(user: Viewer) -> QuerySet[AbsenceSeries]:
    """Return the recurring absences that somebody may see; a rep: theirs, where they stand in."""
    return viewers.own_or_all(
        AbsenceSeries, user, Q(rep__user=user.pk) | Q(delegate__user=user.pk)
    )


def absence_feeds_visible_to(user: Viewer) -> QuerySet[AbsenceFeed]:
    """Return the calendars of absences that somebody may see; a rep: their own."""
    return viewers.own_or_all(AbsenceFeed, user, Q(rep__user=user.pk))


def suspensions_visible_to(user: Viewer) -> QuerySet[Suspension]:
    """Return who is or was out of rotation, as far as somebody may see it; a rep: themselves."""
    return viewers.own_or_all(Suspension, user, Q(rep__user=user.pk))


def invitations_visible_to(user: Viewer) -> QuerySet[Invitation]:
    """Return the invitations that somebody may see: all, or none."""
    may_see = user.has_perm("crm_handoff.view_invitation")
    return Invitation.objects.all() if may_see else Invitation.objects.none()


def notices_visible_to(user: Viewer) -> QuerySet[Notice]:
    """Return the notices addressed to this person."""
    return Notice.objects.filter(recipient=user.pk) if user.pk else Notice.objects.none()
