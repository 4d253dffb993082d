"""One handoff: what do I say, is it true, and what do I do next?"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import permission_required
from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from crm_handoff.people import access
from crm_handoff.people.access.handoffs import may_answer
from crm_handoff.people.access.leads import opportunities_visible_to
from crm_handoff.people.models import User
from crm_handoff.people.roles import SEE_EVERYONES_LEADS
from crm_handoff.reports.similar import similar_won
from crm_handoff.web import decisions, outreach, packets
from crm_handoff.web.clocks import clock_of, watched
from crm_handoff.web.criteria import named_by
from crm_handoff.web.explanation import explain
from crm_handoff.web.forms import OpportunityForm, OutcomeForm
from crm_handoff.web.judging import judge_of
from crm_handoff.web.next_step import Situation, Task, next_step_of
from crm_handoff.web.notes import NoteForm, notes_of
from crm_handoff.web.requests import PageRequest
from crm_handoff.web.tags import near
from definitions.enums import AttemptKind
from leads import lifecycle
from leads.enums import Cause, OpportunityStage, Stage
from leads.models import Opportunity
from routing.enums import AttemptOutcome, HandoffStatus, SlaEventKind, TimerState
from routing.followups import open_of
from routing.models import Attempt, FollowUp, Handoff, RoutingDecision, SlaEvent, SlaTimer
from routing.packet import later

ESCALATED = SlaEventKind.ESCALATED


@require_GET
@cache_control(private=True, no_store=True)
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
    found = get_object_or_404(
        access.handoffs.visible_to(request.user)
        .select_related(
            "calendar",
            "evaluation__version__definition",
            "lead__account",
            "queue",
            "rep__user",
            "territory",
            "version__definition",
        )
        .prefetch_related(
            "calendar__windows",
            "calendar__closures",
            Prefetch("timers", SlaTimer.objects.order_by("pk")),
            Prefetch("timers__events", SlaEvent.objects.select_related("by")),
            Prefetch("decisions", decisions.with_names(RoutingDecision.objects.all())),
        ),
        public_id=public_id,
    )
    found.evaluation.lead = found.lead
    return found


def page(request: PageRequest, found: Handoff, **forms: Any) -> dict[str, Any]:
    """Return what the handoff's page draws; `forms` replace the empty ones after an error."""
    at = timezone.now()
    return (
        {"handoff": found, "lead": found.lead, "now": str(at.timestamp())}
        | _told(found, at=at)
        | _done(request, found, at=at)
        | {
            "opportunity_form": OpportunityForm(),
            "outcome_form": OutcomeForm(),
            "note_form": NoteForm(),
        }
        | forms
    )


def _told(found: Handoff, *, at: datetime) -> dict[str, Any]:
    """Return what is known: the packet, what came since, and why the lead is qualified."""
    packet, lead = found.packet, found.lead
    built_at = datetime.fromisoformat(packet["built_at"])
    since = later(lead, found.version, built_at=built_at, at=at)
    points = packets.talking_points_of(packet, since.talking_points, at=at)
    return {
        "packet": packet,
        "why": packets.why_lead(
            found,
            packets.latest_intent_of(packet),
            motion=packet["qualification"].get("motion", ""),
        ),
        "why_me": found.decisions.all()[0].why if found.decisions.all() else "",
        "panels": decisions.panels_of(found.decisions.all()),
        "company": packets.company_of(lead),
        "authority": packets.authority_of(packet),
        "persona": packet.get("persona") or since.persona,
        "journey": packets.journey_of(packet, since.journey),
        "first_facts": packets.first_facts_of(packet),
        "more_facts": packets.more_facts_of(packet),
        "missing": packets.missing_of(packet),
        "top_points": points[: packets.TOP],
        "other_points": points[packets.TOP :],
        "timeline": packets.timeline_of(packet, since.touchpoints, at=at),
        "similar": similar_won(lead, at=at),
        "explanation": explain(found.evaluation),
        "judge": judge_of(lead, at=at),
    }


def _done(request: PageRequest, found: Handoff, *, at: datetime) -> dict[str, Any]:
    """Return what people did and may do: clock, answers, notes, other handoffs, next step."""
    rejections = outreach.rejections_of(found)
    rejection = next((row for row in rejections if row.handoff_id == found.pk), None)
    attempts = outreach.attempts_of(found)
    checks = outreach.checklist_of(found, at=at)
    known = {
        "clock": clock_of(found, at=at),
        "ledger": _ledger(found),
        "attempts": attempts,
        "contacts": outreach.contacts_of(found, attempts, rejections),
        "rejection": rejection,
        "named_criterion": named_by(rejection, found.version) if rejection else "",
        "others": outreach.other_handoffs(found, viewer=request.user),
        "notes": notes_of(found.lead),
        "may_note": request.user.has_perm("leads.add_note"),
        "page_address": request.path,
        "opportunity": _opportunity(request, found),
        "tasks": list(open_of(found).order_by("due_at", "pk")),
        "checks": checks,
        "answered_count": sum(check.answer is not None for check in checks),
        "is_open": found.status in HandoffStatus.OPEN,
        "sees_all": request.user.has_perm(SEE_EVERYONES_LEADS),
        "may_answer": may_answer(request.user, found),
        "may_accept": found.status == HandoffStatus.ASSIGNED,
        "may_pause": request.user.has_perm("routing.change_slatimer"),
        "clock_states": {TimerState(timer.state) for timer in found.timers.all()},
        "may_confirm": _may_confirm(found),
    }
    return known | {"step": next_step_of(_situation(request, found, known), at=at)}


def _situation(request: PageRequest, found: Handoff, known: Mapping[str, Any]) -> Situation:
    lead, clock, timer = found.lead, known["clock"], watched(found)
    is_running = clock is not None and clock.is_running
    rests = lead.cool_off_until if lead.stage == Stage.RECYCLED else None
    deal = known["opportunity"]
    return Situation(
        status=HandoffStatus(found.status),
        name=lead.first_name or str(lead),
        owner=str(found.rep or found.queue or ""),
        may_answer=known["may_answer"],
        may_assign=request.user.has_perm("routing.assign_handoff"),
        may_confirm=known["may_confirm"],
        has_phone=bool(lead.phone),
        has_email=bool(lead.email),
        is_running=is_running,
        is_late=clock is not None and clock.state == "late",
        stop_kinds=frozenset(timer.stop_kinds if timer and is_running else ()),
        outcomes=_outcomes(found, known["attempts"]),
        task=_task(known["tasks"][0]) if known["tasks"] else None,
        answered_count=known["answered_count"],
        question_count=len(known["checks"]),
        deal=OpportunityStage(deal.stage) if deal else None,
        rests_until=near(timezone.localtime(rests)) if rests else "",
    )


def _outcomes(found: Handoff, attempts: Iterable[Attempt]) -> tuple[AttemptOutcome, ...]:
    own = (row for row in attempts if row.handoff_id == found.pk)
    return tuple(AttemptOutcome(row.outcome) for row in own)


def _task(row: FollowUp) -> Task:
    due = near(timezone.localtime(row.due_at))
    return Task(AttemptKind(row.kind), row.what, row.due_at, due)


def _may_confirm(found: Handoff) -> bool:
    return found.status in HandoffStatus.HELD and lifecycle.is_allowed(
        found.version.process, found.lead.stage, Stage.SQL, cause=Cause.CONFIRM
    )


def _ledger(found: Handoff) -> list[tuple[SlaEvent, str]]:
    """Return every event of the handoff's clocks with whom it was escalated to; one query."""
    events = sorted(
        (event for timer in found.timers.all() for event in timer.events.all()),
        key=lambda event: (event.at, event.pk),
    )
    to = {event.pk: event.detail.get("to") for event in events if event.kind == ESCALATED}
    people = User.objects.in_bulk(set(to.values()) - {None})
    return [(event, str(people.get(to.get(event.pk), ""))) for event in events]


def _opportunity(request: PageRequest, found: Handoff) -> Opportunity | None:
    """Return the deal that this handoff became: the lead's open one, else its latest."""
    if found.status != HandoffStatus.CONVERTED:
        return None
    deals = opportunities_visible_to(request.user).filter(lead=found.lead_id)
    return min(deals, key=lambda d: (d.stage != OpportunityStage.OPEN, -d.pk), default=None)
