"""One handoff: what do I say, is it true, and what do I do next?"""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import permission_required
from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from crm_handoff.people.access import handoffs_visible_to, may_answer, opportunities_visible_to
from crm_handoff.web import packets
from crm_handoff.web.clocks import clock_of
from crm_handoff.web.explanation import explain
from crm_handoff.web.forms import AttemptForm, OpportunityForm, OutcomeForm
from crm_handoff.web.queue import escalated_to, with_clocks
from crm_handoff.web.requests import PageRequest
from leads import lifecycle
from leads.enums import Cause, OpportunityStage, Stage
from leads.models import Opportunity
from routing.enums import HandoffStatus
from routing.models import Handoff, Rejection, RoutingDecision, SlaEvent


@require_GET
@permission_required("routing.view_handoff", raise_exception=True)
def handoff(request: PageRequest, public_id: UUID) -> HttpResponse:
    """Show the packet, the clock and the actions; below, why qualified and why here."""
    found = handoff_for(request, public_id)
    return render(request, "web/handoff.html", page(request, found))


def handoff_for(request: PageRequest, public_id: UUID) -> Handoff:
    """Return a handoff that this person may see, with what its page needs.

    Raises:
        Http404: there is none, or not for them.
    """
    visible = with_clocks(handoffs_visible_to(request.user)).prefetch_related(
        Prefetch(
            "decisions",
            RoutingDecision.objects.select_related("rep__user", "queue", "by").order_by(
                "-at", "-pk"
            ),
        ),
        Prefetch("rejections", Rejection.objects.select_related("reason", "by", "reversal")),
    )
    return get_object_or_404(
        visible.select_related("version__definition", "evaluation__version"), public_id=public_id
    )


def page(request: PageRequest, found: Handoff, **forms: Any) -> dict[str, Any]:
    """Return what the handoff's page draws; `forms` replace the empty ones after an error."""
    at = timezone.now()
    is_open = found.status in HandoffStatus.OPEN
    opportunity = _opportunity(request, found)
    return {
        "handoff": found,
        "lead": found.lead,
        "packet": found.packet,
        "company": packets.company_of(found.lead),
        "days": packets.days_of(found.packet),
        "clock": clock_of(found, at=at),
        "now": at.timestamp(),
        "explanation": explain(found.evaluation),
        "ledger": _ledger(found),
        "rejection": next((r for r in found.rejections.all() if not hasattr(r, "reversal")), None),
        "opportunity": opportunity,
        "is_open": is_open,
        "may_answer": may_answer(request.user, found),
        "may_accept": found.status == HandoffStatus.ASSIGNED,
        "may_confirm": is_open
        and lifecycle.is_allowed(
            found.version.process, found.lead.stage, Stage.SQL, cause=Cause.CONFIRM
        ),
        "attempt_form": AttemptForm(),
        "opportunity_form": OpportunityForm(),
        "outcome_form": OutcomeForm(),
    } | forms


def _ledger(found: Handoff) -> list[tuple[SlaEvent, str]]:
    """Return every event of the handoff's clocks with whom it was escalated to, if it was."""
    people = escalated_to([found])
    events = SlaEvent.objects.filter(timer__handoff=found).order_by("at", "pk")
    return [
        (event, people.get(event.detail.get("to"), ""))
        for event in events.select_related("timer", "by")
    ]


def _opportunity(request: PageRequest, found: Handoff) -> Opportunity | None:
    """Return the deal that this handoff became: the lead's open one, else its latest."""
    if found.status != HandoffStatus.CONVERTED:
        return None
    deals = opportunities_visible_to(request.user).filter(lead=found.lead_id)
    return min(deals, key=lambda d: (d.stage != OpportunityStage.OPEN, -d.pk), default=None)
