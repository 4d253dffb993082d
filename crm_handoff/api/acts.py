"""What people do about a handoff: attempts, acceptance, rejection, and whoever takes one."""

import logging
from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from crm_handoff.api.errors import DOMAIN_PROBLEMS, Problem
from crm_handoff.api.fields import Body, Instant
from crm_handoff.api.handoffs import HandoffDetailAnswer, in_detail
from crm_handoff.api.views import PermittedView
from crm_handoff.clock import database_now
from crm_handoff.people import access
from crm_handoff.people.models import User
from definitions.enums import AttemptKind
from routing import assignment, followups, handoffs
from routing.enums import AttemptOutcome
from routing.followups import Plan
from routing.models import Handoff, RejectionReason, Rep

logger = logging.getLogger(__name__)

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
        handoffs.TooFewAttempts: Problem(
            409, "too_few_attempts", "The reason takes more attempts", field="reason"
        ),
        followups.DueInThePast: Problem(
            400, "due_in_the_past", "A task is for later", field="next_step_at"
        ),
        followups.WhatRequired: Problem(
            400, "what_required", "A task says what is to be done", field="next_step"
        ),
        handoffs.NothingToUndo: Problem(409, "nothing_to_undo", "There is nothing to take back"),
        assignment.NoRoom: Problem(409, "no_room", "The rep is full"),
        assignment.PullNotAllowed: Problem(
            409, "pull_not_allowed", "The lead cannot be taken from its queue"
        ),
        handoffs.NotYourAnswer: Problem(403, "not_your_answer", "The answer is somebody else's"),
        handoffs.UndoTooLate: Problem(409, "undo_too_late", "It is too late to take it back"),
    }
)

MOST_TEXT = 10_000


class AnswerBody(Body):
    """What somebody does about a handoff; a key says by whom, a person answers alone.

    `by` is the e-mail address of an active person who may answer the handoff.
    """

    by = serializers.EmailField(required=False, max_length=254)

    server_owned: ClassVar[frozenset[str]] = frozenset({"at", "handoff"})


class AttemptBody(AnswerBody):
    """A contact attempt; it happened now.

    With `next_step_at` the next step becomes a task that is due then; `next_step_kind` is the way
    of contact of that task, that of the attempt unless said.
    """

    kind = serializers.ChoiceField(choices=AttemptKind.choices)
    outcome = serializers.ChoiceField(choices=AttemptOutcome.choices)
    note = serializers.CharField(
        required=False, allow_blank=True, max_length=MOST_TEXT, default=""
    )
    next_step = serializers.CharField(required=False, allow_blank=True, max_length=200, default="")
    next_step_at = Instant(required=False, allow_null=True, default=None)
    next_step_kind = serializers.ChoiceField(choices=AttemptKind.choices, required=False)


class RejectionBody(AnswerBody):
    """Why sales does not want the lead: a reason of the list and a comment, always.

    `criterion` names the criterion of the agreement that the lead misses, where it is about one.
    """

    reason = serializers.SlugRelatedField(
        slug_field="key", queryset=RejectionReason.objects.filter(is_active=True)
    )
    comment = serializers.CharField(max_length=MOST_TEXT)
    criterion = serializers.CharField(
        source="criterion_key", required=False, allow_blank=True, max_length=64, default=""
    )


class AnswerView(PermittedView):
    """Something that the holder of a handoff does about it; answers with the handoff."""

    required_permissions: ClassVar = {"POST": "routing.answer_handoff"}
    body: ClassVar[type[Body]] = AnswerBody

    def post(self, request: Request, handoff: UUID) -> Response:
        """Do it; 404 for a handoff that the caller may not see, 403 for another's."""
        held = get_object_or_404(
            access.handoffs.visible_to(request.user).select_related("rep").defer("packet"),
            public_id=handoff,
        )
        by = _answering(request)
        if not access.handoffs.may_answer(by, held):
            raise PermissionDenied("This handoff is somebody else's.")
        said = self.body.checked(request.data)
        said.pop("by", None)
        self.act(held, by, said)
        return Response(HandoffDetailAnswer.written(in_detail(request, handoff)))

    def act(self, handoff: Handoff, by: User, said: dict[str, Any]) -> None:
        """Call the one operation."""
        raise NotImplementedError


class AttemptView(AnswerView):
    """`/handoffs/{id}/attempts/`: record that the lead was called or written to."""

    body = AttemptBody

    def act(self, handoff: Handoff, by: User, said: dict[str, Any]) -> None:
        due_at, kind = said.pop("next_step_at"), said.pop("next_step_kind", said["kind"])
        if due_at is not None:
            said["next_step"] = Plan(said["next_step"], AttemptKind(kind), due_at)
        handoffs.attempt(handoff.pk, by=by, at=database_now(), **said)


class AcceptView(AnswerView):
    """`/handoffs/{id}/accept/`: take the lead."""

    def act(self, handoff: Handoff, by: User, said: dict[str, Any]) -> None:
        handoffs.accept(handoff.pk, by=by, at=database_now(), held_by=handoff.rep_id)


class RejectView(AnswerView):
    """`/handoffs/{id}/reject/`: refuse the lead, with a reason and a comment."""

    body = RejectionBody

    def act(self, handoff: Handoff, by: User, said: dict[str, Any]) -> None:
        handoffs.reject(handoff.pk, by=by, at=database_now(), held_by=handoff.rep_id, **said)


class TakeView(AnswerView):
    """`/handoffs/{id}/take/`: a rep takes a waiting lead, where its territory allows it."""

    def post(self, request: Request, handoff: UUID) -> Response:
        """Take it; 404 for a lead that does not wait where the rep may help themselves."""
        by = _answering(request)
        waiting = access.handoffs.pullable_by(by).defer("packet")
        found = get_object_or_404(waiting, public_id=handoff)
        self.act(found, by, self.body.checked(request.data))
        return Response(HandoffDetailAnswer.written(in_detail(request, handoff)))

    def act(self, handoff: Handoff, by: User, said: dict[str, Any]) -> None:
        rep = Rep.objects.get(user=by)
        assignment.pull(handoff.pk, rep=rep, by=by, at=database_now())


class UndoView(AnswerView):
    """`/handoffs/{id}/undo/`: take back what was answered a moment ago."""

    def act(self, handoff: Handoff, by: User, said: dict[str, Any]) -> None:
        handoffs.undo(handoff.pk, by=by, at=database_now())


def _answering(request: Request) -> User:
    """Return who answers: the person who is signed in, or the one whom a key names."""
    said = request.data if isinstance(request.data, Mapping) else {}
    if isinstance(request.user, User):
        if "by" in said:
            raise _fault_of_by("You answer yourself; only a key says for whom.", "read_only")
        return request.user
    if not said.get("by"):
        raise _fault_of_by("A key names the person who answers, by e-mail address.", "required")
    person = User.objects.filter(email__iexact=str(said["by"]), is_active=True).first()
    if person is None:
        raise _fault_of_by("Nobody active has this e-mail address.", "does_not_exist")
    logger.info("Key “%s” answers a handoff for person %s", request.user, person.pk)
    return person


def _fault_of_by(detail: str, code: str) -> ValidationError:
    return ValidationError({"by": [ErrorDetail(detail, code=code)]})
