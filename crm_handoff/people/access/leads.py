"""Who may see which leads, with their accounts, deals and all that is recorded of them."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from crm_handoff.people.access import handoffs, viewers
from crm_handoff.people.access.viewers import RowT, Viewer
from crm_handoff.people.roles import SEE_EVERYONES_LEADS
from definitions.enums import Side
from leads.models import (
    Account,
    Assertion,
    AttributeChange,
    Evaluation,
    ImpactLine,
    Lead,
    Note,
    Opportunity,
    StageTransition,
    SuspectedDuplicate,
    Touchpoint,
)
from routing.models import ReviewTask


def visible_to(user: Viewer) -> QuerySet[Lead]:
    """Return the leads that somebody may see; a rep: those with a handoff that they may see."""
    leads = Lead.objects.all()
    if not user.has_perm("leads.view_lead"):
        return leads.none()
    if user.has_perm(SEE_EVERYONES_LEADS):
        return leads
    return leads.filter(Exists(handoffs.visible_to(user).filter(lead=OuterRef("pk"))))


def reportable_by(user: Viewer) -> QuerySet[Lead]:
    """Return the leads of which somebody may report facts, also without reading any back."""
    return Lead.objects.all() if user.has_perm(SEE_EVERYONES_LEADS) else visible_to(user)


def accounts_visible_to(user: Viewer) -> QuerySet[Account]:
    """Return the accounts that somebody may see; a rep: those of visible leads."""
    accounts = Account.objects.all()
    if not user.has_perm("leads.view_account"):
        return accounts.none()
    if user.has_perm(SEE_EVERYONES_LEADS):
        return accounts
    return accounts.filter(Exists(visible_to(user).filter(account=OuterRef("pk"))))


def accounts_reportable_by(user: Viewer) -> QuerySet[Account]:
    """Return the accounts of which somebody may report facts, also without reading any back."""
    if user.has_perm(SEE_EVERYONES_LEADS):
        return Account.objects.all()
    return accounts_visible_to(user)


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
        | Exists(visible_to(user).filter(pk=OuterRef("lead")))
    )


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


def duplicates_visible_to(user: Viewer) -> QuerySet[SuspectedDuplicate]:
    """Return the suspected duplicates that somebody may see; a rep: of two visible leads."""
    pairs = viewers.all_with_permission(SuspectedDuplicate, user)
    if user.has_perm(SEE_EVERYONES_LEADS):
        return pairs
    leads = visible_to(user)
    return pairs.filter(
        Exists(leads.filter(pk=OuterRef("lead"))), Exists(leads.filter(pk=OuterRef("other")))
    )


def impact_lines_visible_to(user: Viewer) -> QuerySet[ImpactLine]:
    """Return what previews say of leads, as far as somebody may see those."""
    return _of_visible_leads(ImpactLine, user)


def questions_visible_to(user: Viewer) -> QuerySet[ReviewTask]:
    """Return the questions about leads that somebody may see; a rep: those asked of them."""
    return viewers.own_or_all(ReviewTask, user, Q(owner=user.pk))


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


def _of_visible_leads(model: type[RowT], user: Viewer) -> QuerySet[RowT]:
    rows = viewers.all_with_permission(model, user)
    if user.has_perm(SEE_EVERYONES_LEADS):
        return rows
    return rows.filter(Exists(visible_to(user).filter(pk=OuterRef("lead"))))
