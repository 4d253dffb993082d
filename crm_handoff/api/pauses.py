"""Clocks of a handoff halted for a while and let go on; for managers."""

from typing import Any, ClassVar
from uuid import UUID

from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from crm_handoff.api.errors import DOMAIN_PROBLEMS, Problem
from crm_handoff.api.fields import Body, Instant
from crm_handoff.api.handoffs import HandoffDetailAnswer, in_detail
from crm_handoff.api.views import PermittedView
from crm_handoff.clock import database_now
from crm_handoff.people import access
from crm_handoff.people.models import User
from routing import pauses
from routing.enums import PauseReason

DOMAIN_PROBLEMS.update(
    {
        pauses.ClockNotRunning: Problem(
            409, "clock_not_running", "No clock of the handoff is in that state"
        ),
        pauses.PauseWithoutLimit: Problem(
            400, "pause_without_limit", "A pause ends within 30 days", field="until"
        ),
    }
)

MOST_NOTE = 200


class PauseBody(Body):
    """Why the clocks stand still, and when they go on by themselves."""

    reason = serializers.ChoiceField(choices=PauseReason.choices)
    until = Instant()
    note = serializers.CharField(
        required=False, allow_blank=True, max_length=MOST_NOTE, default=""
    )

    server_owned: ClassVar[frozenset[str]] = frozenset({"at", "by", "handoff"})


class ResumeBody(Body):
    """Nothing needs to be said to let clocks go on."""

    server_owned: ClassVar[frozenset[str]] = frozenset({"at", "by", "handoff"})


class PauseView(PermittedView):
    """`/handoffs/{id}/pause/`: halt its running clocks."""

    required_permissions: ClassVar = {"POST": "routing.change_slatimer"}
    body: ClassVar[type[Body]] = PauseBody

    def post(self, request: Request, handoff: UUID) -> Response:
        """Do it; 404 for a handoff that the caller may not see."""
        visible = access.handoffs.visible_to(request.user)
        found = get_object_or_404(visible.defer("packet"), public_id=handoff)
        by = request.user if isinstance(request.user, User) else None
        self.act(found.pk, by, self.body.checked(request.data))
        return Response(HandoffDetailAnswer.written(in_detail(request, handoff)))

    def act(self, handoff_id: int, by: User | None, said: dict[str, Any]) -> None:
        """Call the one operation."""
        said["reason"] = PauseReason(said["reason"])
        pauses.pause(handoff_id, by=by, at=database_now(), **said)


class ResumeView(PauseView):
    """`/handoffs/{id}/resume/`: let its paused clocks go on."""

    body = ResumeBody

    def act(self, handoff_id: int, by: User | None, said: dict[str, Any]) -> None:
        pauses.resume(handoff_id, by=by, at=database_now())
