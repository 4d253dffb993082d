"""Handoffs as rows of a list: clock, company, why this lead, why me, and what is next."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import (
    BigIntegerField,
    CharField,
    OuterRef,
    Prefetch,
    QuerySet,
    Subquery,
    Value,
    prefetch_related_objects,
)
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce, NullIf
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm_handoff import reasons
from crm_handoff.people.models import User
from crm_handoff.web import packets
from crm_handoff.web.clocks import Clock, clock_of, watched
from crm_handoff.web.tags import within
from definitions.models import SlaTerm
from routing.enums import SlaEventKind, TimerMilestone
from routing.models import Attempt, FollowUp, Handoff, RoutingDecision, SlaEvent, SlaTimer

NEW_SECONDS = 90
"""Assigned less long ago than this, a row that appears makes the sound."""


@dataclass(frozen=True, slots=True)
class Task:
    """Something that is to be done about a lead; `is_today` from its day on."""

    followup: FollowUp
    handoff: Handoff
    is_overdue: bool
    is_today: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One handoff in a list; `next_task` is the first thing that is still to be done."""

    handoff: Handoff
    clock: Clock | None
    company: packets.Company
    why_lead: str
    why_me: str
    attempts: str
    escalation: str
    is_fresh: bool
    is_high_intent: bool
    tasks: Sequence[Task]

    @property
    def is_waiting(self) -> bool:
        """Whether a promise still runs or was broken without an answer.

        That a deal or a return follows in some weeks makes nobody wait, until that is due soon.
        """
        if self.clock is None or not self.clock.is_running:
            return False
        timer = watched(self.handoff)
        is_far = timer is not None and timer.milestone == TimerMilestone.OUTCOME
        return not is_far or self.clock.state in ("soon", "late")

    @property
    def next_task(self) -> Task | None:
        """Return what is to be done first."""
        return self.tasks[0] if self.tasks else None


def rows_of(handoffs: QuerySet[Handoff], *, at: datetime) -> list[Row]:
    """Return the rows of handoffs without their attempts, in a fixed number of queries."""
    found = handoffs.select_related(
        "lead__account", "lead__source", "evaluation", "calendar", "rep__user", "queue"
    ).prefetch_related(
        "calendar__windows",
        "calendar__closures",
        Prefetch("timers", timers_with_words()),
        Prefetch("followups", open_followups(), to_attr="open_followups"),
    )
    # Packets are large, and no list shows them.
    narrow = found.defer("packet").annotate(why_me=latest_why())
    return [_row(handoff, at=at) for handoff in narrow]


def with_attempts(rows: Sequence[Row]) -> list[Row]:
    """Return rows with what was tried so far; one query."""
    attempts = Attempt.objects.order_by("-at", "-pk")
    prefetch_related_objects([row.handoff for row in rows], Prefetch("attempts", attempts))
    return [replace(row, attempts=_attempts(row.handoff)) for row in rows]


def timers_with_words() -> QuerySet[SlaTimer]:
    """Return clocks with their term's label, and with whom they were escalated to."""
    terms = SlaTerm.objects.filter(version=OuterRef("handoff__version"), key=OuterRef("term_key"))
    person = User.objects.filter(pk=OuterRef("person")).values(
        name=Coalesce(NullIf("full_name", Value("")), "email", output_field=CharField())
    )
    escalated = (
        SlaEvent.objects.filter(timer=OuterRef("pk"), kind=SlaEventKind.ESCALATED)
        .annotate(person=Cast(KT("detail__to"), BigIntegerField()), to=Subquery(person))
        .order_by("-at")
    )
    return SlaTimer.objects.annotate(
        label=Subquery(terms.values("label")[:1]),
        escalated_at=Subquery(escalated.values("at")[:1]),
        escalated_to=Subquery(escalated.values("to")[:1]),
    ).order_by("pk")


def open_followups() -> QuerySet[FollowUp]:
    """Return what is still to be done, what is due first on top."""
    return FollowUp.objects.filter(done_at=None, cancelled_at=None).order_by("due_at", "pk")


def latest_why() -> Subquery:
    """Return the sentence of a handoff's latest routing decision, as an annotation."""
    decisions = RoutingDecision.objects.filter(handoff=OuterRef("pk"))
    return Subquery(decisions.order_by("-at", "-pk").values("why")[:1])


def with_clocks(handoffs: QuerySet[Handoff]) -> QuerySet[Handoff]:
    """Fetch with the handoffs what their clocks, names and attempts need."""
    escalations = SlaEvent.objects.filter(kind=SlaEventKind.ESCALATED).order_by("-at")
    timers = SlaTimer.objects.prefetch_related(Prefetch("events", queryset=escalations))
    return handoffs.select_related(
        "lead__account", "evaluation", "calendar", "rep__user", "queue", "territory"
    ).prefetch_related(
        "calendar__windows",
        "calendar__closures",
        Prefetch("timers", queryset=timers.order_by("pk")),
        Prefetch("attempts", queryset=Attempt.objects.select_related("by").order_by("-at", "-pk")),
    )


def escalated_to(handoffs: Iterable[Handoff]) -> dict[int, str]:
    """Return the names of the people to whom handoffs were escalated, by key; one query.

    Reads what `with_clocks` fetches.
    """
    events = [
        event
        for handoff in handoffs
        for timer in handoff.timers.all()
        for event in timer.events.all()
    ]
    people = User.objects.filter(pk__in={event.detail.get("to") for event in events} - {None})
    return {person.pk: str(person) for person in people}


def _row(handoff: Any, *, at: datetime) -> Row:
    timers = list(handoff.timers.all())
    fresh_for = (at - handoff.assigned_at).total_seconds() if handoff.assigned_at else NEW_SECONDS
    return Row(
        handoff=handoff,
        clock=clock_of(handoff, at=at),
        company=packets.company_of(handoff.lead),
        why_lead=packets.why_lead(handoff, (timers[0].label or "") if timers else ""),
        why_me=reasons.said(handoff.why_me or ""),
        attempts="",
        escalation=_escalation(timers),
        is_fresh=fresh_for < NEW_SECONDS,
        is_high_intent=any(timer.is_high_intent for timer in timers),
        tasks=[_task(followup, handoff, at=at) for followup in handoff.open_followups],
    )


def _task(followup: FollowUp, handoff: Handoff, *, at: datetime) -> Task:
    due_on, today = timezone.localdate(followup.due_at), timezone.localdate(at)
    return Task(followup, handoff, is_overdue=followup.due_at <= at, is_today=due_on <= today)


def _attempts(handoff: Handoff) -> str:
    attempts = list(handoff.attempts.all())
    if not attempts:
        return ""
    latest = attempts[0]
    said = ngettext(
        "%(count)s attempt, last %(how)s: %(outcome)s",
        "%(count)s attempts, last %(how)s: %(outcome)s",
        len(attempts),
    )
    return said % {
        "count": len(attempts),
        "how": within(latest.get_kind_display()),
        "outcome": within(latest.get_outcome_display()),
    }


def _escalation(timers: Sequence[Any]) -> str:
    escalated = [timer for timer in timers if timer.escalated_at is not None]
    if not escalated:
        return ""
    latest = max(escalated, key=lambda timer: timer.escalated_at)
    return _("escalated to %(person)s %(time)s") % {
        "person": latest.escalated_to or _("nobody"),
        "time": f"{timezone.localtime(latest.escalated_at):%H:%M}",
    }
