"""Who may see which rows: one function a model, for admin, API and web alike.

What is not returned does not exist for that person: interfaces answer 404. Somebody without the
model's view permission sees nothing; somebody with it but without “see everybody's leads” sees
what they hold or held.
"""

from typing import Any, Protocol, TypeVar

from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from crm_handoff.checkups import Checkup
from crm_handoff.integrations.models import AbsenceFeed
from crm_handoff.people.models import Invitation
from crm_handoff.people.roles import SEE_EVERYONES_LEADS
from definitions.enums import Side, VersionState
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
from leads.models import (
    Account,
    Assertion,
    Asset,
    AttributeChange,
    Campaign,
    Evaluation,
    Example,
    Impact,
    ImpactLine,
    ImportRun,
    Lead,
    Note,
    Opportunity,
    Persona,
    Source,
    StageTransition,
    SuspectedDuplicate,
    Touchpoint,
)
from routing.enums import HandoffStatus
from routing.models import (
    Absence,
    AbsenceSeries,
    Acceptance,
    BulkRejection,
    BusinessCalendar,
    Confirmation,
    FloorCheck,
    FollowUp,
    Handoff,
    NamedAccount,
    Notice,
    Queue,
    Rejection,
    RejectionReason,
    Rep,
    ReviewTask,
    RoutingDecision,
    RoutingPlan,
    SlaAlert,
    SlaTimer,
    Suspension,
    Territory,
    TerritoryMembership,
)

RowT = TypeVar("RowT", bound=Model)


class Viewer(Protocol):
    """Whoever asks: a person, nobody in particular, or an integration (which has no `pk`)."""

    @property
    def pk(self) -> Any:
        """Primary key of a person, None for everybody else."""

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Say whether the permission was given."""


def handoffs_visible_to(user: Viewer) -> QuerySet[Handoff]:
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
    """Return the waiting handoffs that a rep may take themselves.

    Those that wait in territories that allow it, and that the rep works.
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


def leads_visible_to(user: Viewer) -> QuerySet[Lead]:
    """Return the leads that somebody may see; a rep: those with a handoff that they may see."""
    leads = Lead.objects.all()
    if not user.has_perm("leads.view_lead"):
        return leads.none()
    if user.has_perm(SEE_EVERYONES_LEADS):
        return leads
    return leads.filter(Exists(handoffs_visible_to(user).filter(lead=OuterRef("pk"))))


def opportunities_visible_to(user: Viewer) -> QuerySet[Opportunity]:
    """Return the opportunities that somebody may see; a rep: of visible leads, or their own."""
    opportunities = Opportunity.objects.all()
    if not user.has_perm("leads.view_opportunity"):
        return opportunities.none()
    if user.has_perm(SEE_EVERYONES_LEADS):
        return opportunities
    return opportunities.filter(
        Q(owner=user.pk)
        | Q(sourced_by=user.pk)
        | Exists(leads_visible_to(user).filter(pk=OuterRef("lead")))
    )


def accounts_visible_to(user: Viewer) -> QuerySet[Account]:
    """Return the accounts that somebody may see; a rep: those of visible leads."""
    accounts = Account.objects.all()
    if not user.has_perm("leads.view_account"):
        return accounts.none()
    if user.has_perm(SEE_EVERYONES_LEADS):
        return accounts
    return accounts.filter(Exists(leads_visible_to(user).filter(account=OuterRef("pk"))))


def leads_reportable_by(user: Viewer) -> QuerySet[Lead]:
    """Return the leads of which somebody may report facts, also without reading any back."""
    return Lead.objects.all() if user.has_perm(SEE_EVERYONES_LEADS) else leads_visible_to(user)


def accounts_reportable_by(user: Viewer) -> QuerySet[Account]:
    """Return the accounts of which somebody may report facts, also without reading any back."""
    if user.has_perm(SEE_EVERYONES_LEADS):
        return Account.objects.all()
    return accounts_visible_to(user)


def evaluations_visible_to(user: Viewer) -> QuerySet[Evaluation]:
    """Return the evaluations that somebody may see: of visible leads."""
    return _of_visible_leads(Evaluation, user)


def touchpoints_visible_to(user: Viewer) -> QuerySet[Touchpoint]:
    """Return the touchpoints that somebody may see: of visible leads."""
    return _of_visible_leads(Touchpoint, user)


def transitions_visible_to(user: Viewer) -> QuerySet[StageTransition]:
    """Return the stage transitions that somebody may see: of visible leads."""
    return _of_visible_leads(StageTransition, user)


def assertions_visible_to(user: Viewer) -> QuerySet[Assertion]:
    """Return the human answers that somebody may see: about visible leads."""
    return _of_visible_leads(Assertion, user)


def notes_visible_to(user: Viewer) -> QuerySet[Note]:
    """Return the notes that somebody may see: about visible leads."""
    return _of_visible_leads(Note, user)


def changes_visible_to(user: Viewer) -> QuerySet[AttributeChange]:
    """Return the attribute history that somebody may see; a rep: of visible leads alone."""
    return _of_visible_leads(AttributeChange, user)


def invitations_visible_to(user: Viewer) -> QuerySet[Invitation]:
    """Return the invitations that somebody may see: all, or none."""
    may_see = user.has_perm("crm_handoff.view_invitation")
    return Invitation.objects.all() if may_see else Invitation.objects.none()


def notices_visible_to(user: Viewer) -> QuerySet[Notice]:
    """Return the notices addressed to this person."""
    return Notice.objects.filter(recipient=user.pk) if user.pk else Notice.objects.none()


def decisions_visible_to(user: Viewer) -> QuerySet[RoutingDecision]:
    """Return the routing decisions that somebody may see: about visible handoffs."""
    return _of_visible_handoffs(RoutingDecision, user)


def timers_visible_to(user: Viewer) -> QuerySet[SlaTimer]:
    """Return the clocks that somebody may see: of visible handoffs."""
    return _of_visible_handoffs(SlaTimer, user)


def questions_visible_to(user: Viewer) -> QuerySet[ReviewTask]:
    """Return the questions about leads that somebody may see; a rep: those asked of them."""
    return _own_or_all(ReviewTask, user, Q(owner=user.pk))


def questions_for(user: Viewer) -> QuerySet[ReviewTask]:
    """Return the questions that somebody may answer: their own, and those of their side.

    Theirs is the side for which a version names them operator or deputy.
    """
    if not user.has_perm("routing.answer_reviewtask"):
        return ReviewTask.objects.none()
    marketing = Q(version__marketing_operator=user.pk) | Q(version__marketing_deputy=user.pk)
    sales = Q(version__sales_operator=user.pk) | Q(version__sales_deputy=user.pk)
    return questions_visible_to(user).filter(
        Q(owner=user.pk) | (Q(side=Side.MARKETING) & marketing) | (Q(side=Side.SALES) & sales)
    )


def followups_visible_to(user: Viewer) -> QuerySet[FollowUp]:
    """Return the tasks that somebody may see: about visible handoffs."""
    return _of_visible_handoffs(FollowUp, user)


def confirmations_visible_to(user: Viewer) -> QuerySet[Confirmation]:
    """Return the confirmations that somebody may see: of visible handoffs."""
    return _of_visible_handoffs(Confirmation, user)


def reps_visible_to(user: Viewer) -> QuerySet[Rep]:
    """Return the reps that somebody may see; a rep: themselves."""
    return _own_or_all(Rep, user, Q(user=user.pk))


def memberships_visible_to(user: Viewer) -> QuerySet[TerritoryMembership]:
    """Return who works which territory, as far as somebody may see it; a rep: their own."""
    return _own_or_all(TerritoryMembership, user, Q(rep__user=user.pk))


def absences_visible_to(user: Viewer) -> QuerySet[Absence]:
    """Return the absences that somebody may see; a rep: their own, and where they stand in."""
    return _own_or_all(Absence, user, Q(rep__user=user.pk) | Q(delegate__user=user.pk))


def absence_series_visible_to(user: Viewer) -> QuerySet[AbsenceSeries]:
    """Return the recurring absences that somebody may see; a rep: theirs, where they stand in."""
    return _own_or_all(AbsenceSeries, user, Q(rep__user=user.pk) | Q(delegate__user=user.pk))


def absence_feeds_visible_to(user: Viewer) -> QuerySet[AbsenceFeed]:
    """Return the calendars of absences that somebody may see; a rep: their own."""
    return _own_or_all(AbsenceFeed, user, Q(rep__user=user.pk))


def named_accounts_visible_to(user: Viewer) -> QuerySet[NamedAccount]:
    """Return the named accounts that somebody may see; a rep: those named for them."""
    return _own_or_all(NamedAccount, user, Q(rep__user=user.pk))


def suspensions_visible_to(user: Viewer) -> QuerySet[Suspension]:
    """Return who is or was out of rotation, as far as somebody may see it; a rep: themselves."""
    return _own_or_all(Suspension, user, Q(rep__user=user.pk))


def alerts_visible_to(user: Viewer) -> QuerySet[SlaAlert]:
    """Return the broken limits that somebody may see; a rep: those that they were told of."""
    return _own_or_all(SlaAlert, user, Q(told=user.pk))


def checkups_visible_to(user: Viewer) -> QuerySet[Checkup]:
    """Return the answers to the invariants that somebody may see: with the permission, all."""
    return _all_with_permission(Checkup, user)


def duplicates_visible_to(user: Viewer) -> QuerySet[SuspectedDuplicate]:
    """Return the suspected duplicates that somebody may see; a rep: of two visible leads."""
    pairs = _all_with_permission(SuspectedDuplicate, user)
    if user.has_perm(SEE_EVERYONES_LEADS):
        return pairs
    leads = leads_visible_to(user)
    return pairs.filter(
        Exists(leads.filter(pk=OuterRef("lead"))), Exists(leads.filter(pk=OuterRef("other")))
    )


def imports_visible_to(user: Viewer) -> QuerySet[ImportRun]:
    """Return the imports that somebody may see, rows and all; a rep: those that they started."""
    return _own_or_all(ImportRun, user, Q(started_by=user.pk))


def sources_visible_to(user: Viewer) -> QuerySet[Source]:
    """Return the sources that somebody may see: with the permission, every one."""
    return _all_with_permission(Source, user)


def campaigns_visible_to(user: Viewer) -> QuerySet[Campaign]:
    """Return the campaigns that somebody may see: with the permission, every one."""
    return _all_with_permission(Campaign, user)


def personas_visible_to(user: Viewer) -> QuerySet[Persona]:
    """Return the personas that somebody may see: with the permission, every one."""
    return _all_with_permission(Persona, user)


def assets_visible_to(user: Viewer) -> QuerySet[Asset]:
    """Return the assets that somebody may see: with the permission, every one."""
    return _all_with_permission(Asset, user)


def territories_visible_to(user: Viewer) -> QuerySet[Territory]:
    """Return the territories that somebody may see: with the permission, every one."""
    return _all_with_permission(Territory, user)


def queues_visible_to(user: Viewer) -> QuerySet[Queue]:
    """Return the queues that somebody may see: with the permission, every one."""
    return _all_with_permission(Queue, user)


def plans_visible_to(user: Viewer) -> QuerySet[RoutingPlan]:
    """Return the editions of the routing rules that somebody may see.

    Without everybody's leads: those that were published.
    """
    plans = _all_with_permission(RoutingPlan, user)
    return plans if user.has_perm(SEE_EVERYONES_LEADS) else plans.exclude(published_at=None)


def calendars_visible_to(user: Viewer) -> QuerySet[BusinessCalendar]:
    """Return the calendars that somebody may see: with the permission, every one."""
    return _all_with_permission(BusinessCalendar, user)


def reasons_visible_to(user: Viewer) -> QuerySet[RejectionReason]:
    """Return the reasons that somebody may see, retired ones included."""
    return _all_with_permission(RejectionReason, user)


def definitions_visible_to(user: Viewer) -> QuerySet[Definition]:
    """Return the definitions that somebody may see: the agreement is published to both teams."""
    return _all_with_permission(Definition, user)


def versions_visible_to(user: Viewer) -> QuerySet[DefinitionVersion]:
    """Return the versions that somebody may see; who edits none: those that left draft."""
    versions = _all_with_permission(DefinitionVersion, user)
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
    return _all_with_permission(Proposal, user)


def reviews_visible_to(user: Viewer) -> QuerySet[DefinitionReview]:
    """Return the reviews of versions in force that somebody may see: with everybody's leads.

    Their figures are over all leads.
    """
    return _of_everybody(DefinitionReview, user)


def review_signatures_visible_to(user: Viewer) -> QuerySet[ReviewSignature]:
    """Return the signatures under reviews that somebody may see: those of visible reviews."""
    return _of_everybody(ReviewSignature, user)


def examples_visible_to(user: Viewer) -> QuerySet[Example]:
    """Return the examples that somebody may see: with the permission, every one."""
    return _all_with_permission(Example, user)


def impacts_visible_to(user: Viewer) -> QuerySet[Impact]:
    """Return the previews that somebody may see: of versions that they may see."""
    return _of_visible_versions(Impact, user)


def impact_lines_visible_to(user: Viewer) -> QuerySet[ImpactLine]:
    """Return what previews say of leads, as far as somebody may see those."""
    return _of_visible_leads(ImpactLine, user)


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


def floor_checks_visible_to(user: Viewer) -> QuerySet[FloorCheck]:
    """Return the checks against the floor that somebody may see: those of visible handoffs."""
    return _of_visible_handoffs(FloorCheck, user)


def bulk_rejections_visible_to(user: Viewer) -> QuerySet[BulkRejection]:
    """Return the rejections of batches that somebody may see: with everybody's leads."""
    return _of_everybody(BulkRejection, user)


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


def _of_visible_leads(model: type[RowT], user: Viewer) -> QuerySet[RowT]:
    rows = _all_with_permission(model, user)
    if user.has_perm(SEE_EVERYONES_LEADS):
        return rows
    return rows.filter(Exists(leads_visible_to(user).filter(pk=OuterRef("lead"))))


def _of_everybody(model: type[RowT], user: Viewer) -> QuerySet[RowT]:
    rows = _all_with_permission(model, user)
    return rows if user.has_perm(SEE_EVERYONES_LEADS) else rows.none()


def _of_visible_versions(model: type[RowT], user: Viewer) -> QuerySet[RowT]:
    rows = _all_with_permission(model, user)
    if user.has_perm(SEE_EVERYONES_LEADS):
        return rows
    return rows.filter(Exists(versions_visible_to(user).filter(pk=OuterRef("version"))))


def _of_visible_handoffs(model: type[RowT], user: Viewer) -> QuerySet[RowT]:
    rows = _all_with_permission(model, user)
    if user.has_perm(SEE_EVERYONES_LEADS):
        return rows
    return rows.filter(Exists(handoffs_visible_to(user).filter(pk=OuterRef("handoff"))))


def _own_or_all(model: type[RowT], user: Viewer, own: Q) -> QuerySet[RowT]:
    rows = _all_with_permission(model, user)
    if user.has_perm(SEE_EVERYONES_LEADS):
        return rows
    return rows.filter(own) if user.pk else rows.none()


def _all_with_permission(model: type[RowT], user: Viewer) -> QuerySet[RowT]:
    rows = model._default_manager.all()
    is_allowed = user.has_perm(f"{model._meta.app_label}.view_{model._meta.model_name}")
    return rows if is_allowed else rows.none()
