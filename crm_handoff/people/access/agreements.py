"""Who may see definitions and their versions, with what was said about them."""

from django.db.models import Exists, OuterRef, QuerySet

from crm_handoff.people.access import viewers
from crm_handoff.people.access.viewers import RowT, Viewer
from crm_handoff.people.roles import SEE_EVERYONES_LEADS
from definitions.enums import VersionState
from definitions.models import (
    Definition,
    DefinitionReview,
    DefinitionVersion,
    Proposal,
    Refusal,
    Remark,
    ReviewSignature,
    Workshop,
)
from leads.models import Example, Impact


def definitions_visible_to(user: Viewer) -> QuerySet[Definition]:
    """Return the definitions that somebody may see: the agreement is published to both teams."""
    return viewers.all_with_permission(Definition, user)


def versions_visible_to(user: Viewer) -> QuerySet[DefinitionVersion]:
    """Return the versions that somebody may see; who edits none: those that left draft."""
    versions = viewers.all_with_permission(DefinitionVersion, user)
    if user.has_perm(SEE_EVERYONES_LEADS):
        return versions
    return versions.exclude(state=VersionState.DRAFT)


def remarks_visible_to(user: Viewer) -> QuerySet[Remark]:
    """Return the remarks that somebody may see: said about versions that they may see."""
    return _of_visible_versions(Remark, user)


def workshops_visible_to(user: Viewer) -> QuerySet[Workshop]:
    """Return the records of workshops that somebody may see: of versions that they may see."""
    return _of_visible_versions(Workshop, user)


def refusals_visible_to(user: Viewer) -> QuerySet[Refusal]:
    """Return the refused signatures that somebody may see: of versions that they may see."""
    return _of_visible_versions(Refusal, user)


def proposals_visible_to(user: Viewer) -> QuerySet[Proposal]:
    """Return the proposed fields that somebody may see: with the permission, every one."""
    return viewers.all_with_permission(Proposal, user)


def reviews_visible_to(user: Viewer) -> QuerySet[DefinitionReview]:
    """Return the reviews of versions in force that somebody may see: with everybody's leads.

    Their figures are over all leads.
    """
    return viewers.of_everybody(DefinitionReview, user)


def review_signatures_visible_to(user: Viewer) -> QuerySet[ReviewSignature]:
    """Return the signatures under reviews that somebody may see: those of visible reviews."""
    return viewers.of_everybody(ReviewSignature, user)


def examples_visible_to(user: Viewer) -> QuerySet[Example]:
    """Return the examples that somebody may see: with the permission, every one."""
    return viewers.all_with_permission(Example, user)


def impacts_visible_to(user: Viewer) -> QuerySet[Impact]:
    """Return the previews that somebody may see: of versions that they may see."""
    return _of_visible_versions(Impact, user)


def _of_visible_versions(model: type[RowT], user: Viewer) -> QuerySet[RowT]:
    rows = viewers.all_with_permission(model, user)
    if user.has_perm(SEE_EVERYONES_LEADS):
        return rows
    return rows.filter(Exists(versions_visible_to(user).filter(pk=OuterRef("version"))))
