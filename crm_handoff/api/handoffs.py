"""Handoffs: list, read, and the answers of the people who hold them."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from crm_handoff.api import packets
from crm_handoff.api.errors import DOMAIN_PROBLEMS, Problem
from crm_handoff.api.fields import Body, instant
from crm_handoff.api.filters import HandoffFilters
from crm_handoff.api.leads import version_of
from crm_handoff.api.views import ListView, PermittedView
from crm_handoff.clock import database_now
from crm_handoff.people import access
from crm_handoff.people.models import User
from definitions.enums import AttemptKind
from routing import handoffs
from routing.enums import AttemptOutcome, TimerMilestone
from routing.models import (
    Acceptance,
    Attempt,
    Handoff,
    Rejection,
    RejectionReason,
    RoutingDecision,
    SlaTimer,
)

DOMAIN_PROBLEMS.update(
    {
        handoffs.HandoffAlreadyDecided: Problem(
            409, "handoff_already_decided", "The handoff has been answered"
        ),
        handoffs.HandoffNotHeld: Problem(409, "handoff_not_held", "Nobody holds the handoff"),
        handoffs.CommentRequired: Problem(
            400, "comment_required", "A rejection needs a comment", field="comment"
        ),
        handoffs.ReasonRetired: Problem(
            400, "reason_retired", "The reason is not in use any more", field="reason"
        ),
        handoffs.NothingToUndo: Problem(409, "nothing_to_undo", "There is nothing to take back"),
        handoffs.NotYourAnswer: Problem(403, "not_your_answer", "The answer is somebody else's"),
        handoffs.UndoTooLate: Problem(409, "undo_too_late", "It is too late to take it back"),
    }
)

MOST_TEXT = 10_000


class AttemptBody(Body):
    """A contact attempt; it happened now."""

    kind = serializers.ChoiceField(choices=AttemptKind.choices)
    outcome = serializers.ChoiceField(choices=AttemptOutcome.choices)
    note = serializers.CharField(
        required=False, allow_blank=True, max_length=MOST_TEXT, default=""
    )
    next_step = serializers.CharField(required=False, allow_blank=True, max_length=200, default="")

    server_owned: ClassVar[frozenset[str]] = frozenset({"at", "by", "handoff"})


class RejectionBody(Body):
    """Why sales does not want the lead: a reason of the list and a comment, always."""

    reason = serializers.SlugRelatedField(
        slug_field="key", queryset=RejectionReason.objects.filter(is_active=True)
    )
    comment = serializers.CharField(max_length=MOST_TEXT)

    server_owned: ClassVar[frozenset[str]] = frozenset({"at", "by", "handoff"})


class NoBody(Body):
    """An answer that says nothing more."""

    server_owned: ClassVar[frozenset[str]] = frozenset({"at", "by", "handoff"})


class HandoffList(ListView):
    """`/handoffs/`."""

    required_permissions: ClassVar = {"GET": "routing.view_handoff"}
    filters = HandoffFilters

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[Handoff]:
        return with_relations(access.handoffs_visible_to(request.user)).defer("packet")

    def represent(self, row: Handoff) -> dict[str, Any]:
        return handoff_of(row)


class HandoffDetail(PermittedView):
    """`/handoffs/{id}/`."""

    required_permissions: ClassVar = {"GET": "routing.view_handoff"}

    def get(self, request: Request, handoff: UUID) -> Response:
        """Read a handoff with its packet, attempts, answers and routing decisions."""
        return Response(detail_of(request, handoff))


class AnswerView(PermittedView):
    """Something that the holder of a handoff does about it; answers with the handoff."""

    required_permissions: ClassVar = {"POST": "routing.answer_handoff"}
    body: ClassVar[type[Body]] = NoBody

    def post(self, request: Request, handoff: UUID) -> Response:
        """Do it; 404 for a handoff that the caller may not see, 403 for another's."""
        held = get_object_or_404(
            access.handoffs_visible_to(request.user).select_related("rep").defer("packet"),
            public_id=handoff,
        )
        if not access.may_answer(request.user, held):
            raise PermissionDenied("This handoff is somebody else's.")
        self.act(held, _person(request), self.body.checked(request.data))
        return Response(detail_of(request, handoff))

    def act(self, handoff: Handoff, by: User, said: dict[str, Any]) -> None:
        """Call the one operation."""
        raise NotImplementedError


class AttemptView(AnswerView):
    """`/handoffs/{id}/attempts/`."""

    body = AttemptBody

    def act(self, handoff: Handoff, by: User, said: dict[str, Any]) -> None:
        handoffs.attempt(handoff.pk, by=by, at=database_now(), **said)


class AcceptView(AnswerView):
    """`/handoffs/{id}/accept/`."""

    def act(self, handoff: Handoff, by: User, said: dict[str, Any]) -> None:
        handoffs.accept(handoff.pk, by=by, at=database_now())


class RejectView(AnswerView):
    """`/handoffs/{id}/reject/`."""

    body = RejectionBody

    def act(self, handoff: Handoff, by: User, said: dict[str, Any]) -> None:
        handoffs.reject(handoff.pk, by=by, at=database_now(), **said)


class UndoView(AnswerView):
    """`/handoffs/{id}/undo/`."""

    def act(self, handoff: Handoff, by: User, said: dict[str, Any]) -> None:
        handoffs.undo(handoff.pk, by=by, at=database_now())


def with_relations(rows: QuerySet[Handoff]) -> QuerySet[Handoff]:
    """Load what `handoff_of` reads: one query more, for the clocks, however many handoffs."""
    clocks = SlaTimer.objects.filter(milestone=TimerMilestone.FIRST_RESPONSE).exclude(
        state="cancelled"
    )
    return rows.select_related(
        "lead", "version__definition", "rep__user", "queue", "territory"
    ).prefetch_related(Prefetch("timers", clocks, to_attr="clocks"))


def handoff_of(handoff: Handoff) -> dict[str, Any]:
    """Write a handoff without its packet; reads what `with_relations` loads."""
    rep, queue, territory = handoff.rep, handoff.queue, handoff.territory
    return {
        "id": handoff.public_id,
        "lead": {"id": handoff.lead.public_id, "name": str(handoff.lead)},
        "status": handoff.status,
        "rep": {"id": rep.public_id, "name": str(rep), "kind": rep.kind} if rep else None,
        "queue": queue.key if queue else None,
        "territory": territory.key if territory else None,
        "version": version_of(handoff.version),
        "response_clock": _clock_of(handoff),
        "floor_missed": handoff.floor_missed,
        "is_over_capacity": handoff.is_over_capacity,
        "qualified_at": instant(handoff.qualified_at),
        "opened_at": instant(handoff.opened_at),
        "assigned_at": instant(handoff.assigned_at),
        "first_attempt_at": instant(handoff.first_attempt_at),
        "accepted_at": instant(handoff.accepted_at),
        "closed_at": instant(handoff.closed_at),
        "updated_at": instant(handoff.updated_at),
    }


def detail_of(request: Request, public_id: UUID) -> dict[str, Any]:
    """Write a handoff with its packet, attempts, answers and routing decisions.

    Raises:
        Http404: the caller may not see it.
    """
    rows = with_relations(access.handoffs_visible_to(request.user)).prefetch_related(
        Prefetch("attempts", Attempt.objects.select_related("by").order_by("pk")),
        Prefetch(
            "acceptances", Acceptance.objects.select_related("by", "reversal").order_by("pk")
        ),
        Prefetch(
            "rejections",
            Rejection.objects.select_related("by", "reason", "reversal").order_by("pk"),
        ),
        Prefetch(
            "decisions",
            RoutingDecision.objects.select_related("rep__user", "queue").order_by("pk"),
        ),
    )
    handoff = get_object_or_404(rows, public_id=public_id)
    return {
        **handoff_of(handoff),
        "packet": packets.public(handoff.packet),
        "attempts": [_attempt_of(attempt) for attempt in handoff.attempts.all()],
        "acceptances": [_answer_of(answer) for answer in handoff.acceptances.all()],
        "rejections": [
            {**_answer_of(answer), "reason": answer.reason.key, "comment": answer.comment}
            for answer in handoff.rejections.all()
        ],
        "decisions": [_decision_of(decision) for decision in handoff.decisions.all()],
    }


def _person(request: Request) -> User:
    if not isinstance(request.user, User):
        raise PermissionDenied("Only a person answers a handoff.")
    return request.user


def _clock_of(handoff: Handoff) -> dict[str, Any] | None:
    clock: SlaTimer | None = next(iter(handoff.clocks), None)  # type: ignore[attr-defined]
    if clock is None:
        return None
    return {
        "state": clock.state,
        "term": clock.term_key,
        "is_high_intent": clock.is_high_intent,
        "is_business_time": clock.is_business_time,
        "stop_kinds": clock.stop_kinds,
        "started_at": instant(clock.started_at),
        "due_at": instant(clock.due_at),
        "stopped_at": instant(clock.stopped_at),
        "breached_at": instant(clock.breached_at),
    }


def _attempt_of(attempt: Attempt) -> dict[str, Any]:
    return {
        "kind": attempt.kind,
        "outcome": attempt.outcome,
        "note": attempt.note,
        "next_step": attempt.next_step,
        "by": str(attempt.by),
        "at": instant(attempt.at),
    }


def _answer_of(answer: Acceptance | Rejection) -> dict[str, Any]:
    reversal = getattr(answer, "reversal", None)
    return {
        "by": str(answer.by),
        "at": instant(answer.at),
        "taken_back_at": instant(reversal.at) if reversal else None,
    }


def _decision_of(decision: RoutingDecision) -> dict[str, Any]:
    return {
        "at": instant(decision.at),
        "rule": decision.rule,
        "why": decision.why,
        "rep": str(decision.rep) if decision.rep else None,
        "queue": decision.queue.key if decision.queue else None,
        "candidates": [
            {
                "name": candidate.get("name"),
                "eligible": candidate.get("eligible"),
                "why": candidate.get("why"),
            }
            for candidate in decision.candidates
        ],
    }
