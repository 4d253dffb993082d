"""Who may see which handoffs, with all that is about them, and who may answer."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from crm_handoff.people.access import viewers
from crm_handoff.people.access.viewers import RowT, Viewer
from crm_handoff.people.roles import SEE_EVERYONES_LEADS
from definitions.models import DefinitionVersion
from routing import holders
from routing.enums import HandoffStatus
from routing.models import (
    Acceptance,
    BulkRejection,
    Confirmation,
    FloorCheck,
    FollowUp,
    Handoff,
    Rejection,
    Rep,
    RoutingDecision,
    SlaAlert,
    SlaTimer,
    TerritoryMembership,
)


def visible_to(user: Viewer) -> QuerySet[Handoff]:
    """Return the handoffs that somebody may see.

    A rep: the open ones they hold, and the closed ones they held last or answered. Queued ones
    only with the permission to assign.
    """
    handoffs = Handoff.objects.all()
    if not user.has_perm("routing.view_handoff"):
        return handoffs.none()
    if user.has_perm(SEE_EVERYONES_LEADS):
        return handoffs
    return handoffs.filter(_own_handoff(user))


def pullable_by(user: Viewer) -> QuerySet[Handoff]:
    """Return the waiting handoffs of territories that let a rep who works them take one.

    Taking one may still be refused, in words: see `offered_to`.
    """
    if not user.has_perm("routing.answer_handoff") or not user.pk:
        return Handoff.objects.none()
    works = TerritoryMembership.objects.filter(
        territory=OuterRef("territory"),
        is_active=True,
        rep__user=user.pk,
        rep__is_active=True,
    )
    return Handoff.objects.filter(
        Exists(works),
        status=HandoffStatus.QUEUED,
        territory__may_pull=True,
        territory__is_active=True,
    )


def offered_to(user: Viewer) -> QuerySet[Handoff]:
    """Return the waiting handoffs that a rep may take, were they there and in rotation.

    Those of `pullable_by` in a language that they speak, where one is asked for, and that they
    neither gave back before nor were late with. Asks a query for the languages.
    """
    known = Rep.objects.filter(user=user.pk).values_list("languages", flat=True).first() or []
    speaks = Q(territory__language_is_required=False) | Q(lead__language__in=["", *known])
    given_up = holders.given_up().filter(rep__user=user.pk).values("handoff__lead")
    return pullable_by(user).filter(speaks).exclude(lead__in=given_up)


def may_answer(user: Viewer, handoff: Handoff) -> bool:
    """Say whether somebody may attempt, accept or reject this handoff; reads its rep's person.

    The holder may, and whoever may answer anybody's. A handoff that waits in a queue is answered
    by the latter alone.
    """
    if user.has_perm("routing.answer_any_handoff"):
        return True
    return (
        user.has_perm("routing.answer_handoff")
        and handoff.rep is not None
        and handoff.rep.user_id == user.pk
    )


def decisions_visible_to(user: Viewer) -> QuerySet[RoutingDecision]:
    """Return the routing decisions that somebody may see: about visible handoffs."""
    return _of_visible_handoffs(RoutingDecision, user)


def timers_visible_to(user: Viewer) -> QuerySet[SlaTimer]:
    """Return the clocks that somebody may see: of visible handoffs."""
    return _of_visible_handoffs(SlaTimer, user)


def followups_visible_to(user: Viewer) -> QuerySet[FollowUp]:
    """Return the tasks that somebody may see: about visible handoffs."""
    return _of_visible_handoffs(FollowUp, user)


def confirmations_visible_to(user: Viewer) -> QuerySet[Confirmation]:
    """Return the confirmations that somebody may see: of visible handoffs."""
    return _of_visible_handoffs(Confirmation, user)


def floor_checks_visible_to(user: Viewer) -> QuerySet[FloorCheck]:
    """Return the checks against the floor that somebody may see: those of visible handoffs."""
    return _of_visible_handoffs(FloorCheck, user)


def alerts_visible_to(user: Viewer) -> QuerySet[SlaAlert]:
    """Return the broken limits that somebody may see; a rep: those that they were told of."""
    return viewers.own_or_all(SlaAlert, user, Q(told=user.pk))


def bulk_rejections_visible_to(user: Viewer) -> QuerySet[BulkRejection]:
    """Return the rejections of batches that somebody may see: with everybody's leads."""
    return viewers.of_everybody(BulkRejection, user)


def may_reject_batch(user: Viewer, version: DefinitionVersion | None) -> bool:
    """Say whether somebody may reject what batches of a definition have below the floor.

    version: the definition's in force, whose operator of sales may as well.
    """
    operator_id = version.sales_operator_id if version is not None else None
    return (operator_id is not None and operator_id == user.pk) or user.has_perm(
        "routing.reject_batch"
    )


def _own_handoff(user: Viewer) -> Q:
    accepted = Acceptance.objects.filter(handoff=OuterRef("pk"), by=user.pk)
    rejected = Rejection.objects.filter(handoff=OuterRef("pk"), by=user.pk)
    answered = Q(Exists(accepted)) | Q(Exists(rejected))
    own = Q(rep__user=user.pk) | (Q(status__in=HandoffStatus.CLOSED) & answered)
    if user.has_perm("routing.assign_handoff"):
        own |= Q(status=HandoffStatus.QUEUED)
    return own


def _of_visible_handoffs(model: type[RowT], user: Viewer) -> QuerySet[RowT]:
    rows = viewers.all_with_permission(model, user)
    if user.has_perm(SEE_EVERYONES_LEADS):
        return rows
    return rows.filter(Exists(visible_to(user).filter(pk=OuterRef("handoff"))))
