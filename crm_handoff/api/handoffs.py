"""Handoffs: list, read, and the answers of the people who hold them."""

import logging
from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from crm_handoff.api import answers, packets
from crm_handoff.api.answers import Answer, InstantField, VersionAnswer
from crm_handoff.api.errors import DOMAIN_PROBLEMS, Problem
from crm_handoff.api.fields import Body, Instant
from crm_handoff.api.filters import Filters, TruthFilter, before, id_of, key_of, since
from crm_handoff.api.views import DetailView, ListView, PermittedView
from crm_handoff.clock import database_now
from crm_handoff.people import access
from crm_handoff.people.models import User
from definitions.enums import AttemptKind
from routing import assignment, followups, handoffs
from routing.enums import (
    AttemptOutcome,
    HandoffStatus,
    RepKind,
    RuleKind,
    TimerMilestone,
    TimerState,
)
from routing.followups import Plan
from routing.models import (
    Acceptance,
    Attempt,
    FollowUp,
    Handoff,
    Rejection,
    RejectionReason,
    Rep,
    RoutingDecision,
    SlaTimer,
)

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


class HandoffLeadAnswer(Answer):
    """The lead of a handoff."""

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField(source="*")


class HandoffRepAnswer(Answer):
    """Who holds a handoff."""

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField(source="*")
    kind = serializers.ChoiceField(choices=RepKind.choices)


class ClockAnswer(Answer):
    """The response clock of a handoff; null when none was promised."""

    state = serializers.ChoiceField(choices=TimerState.choices)
    term = serializers.CharField(source="term_key")
    is_high_intent = serializers.BooleanField()
    is_business_time = serializers.BooleanField()
    stop_kinds = serializers.ListField(child=serializers.CharField())
    started_at = InstantField()
    due_at = InstantField()
    stopped_at = InstantField(allow_null=True)
    breached_at = InstantField(allow_null=True)

    def get_attribute(self, instance: Any) -> Any:
        return next(iter(instance.clocks), None)


class HandoffAnswer(Answer):
    """A handoff without its packet; reads what `with_relations` loads."""

    id = serializers.UUIDField(source="public_id")
    lead = HandoffLeadAnswer()
    status = serializers.ChoiceField(choices=HandoffStatus.choices)
    rep = HandoffRepAnswer(allow_null=True)
    queue = answers.key("queue")
    territory = answers.key("territory")
    version = VersionAnswer()
    response_clock = ClockAnswer(allow_null=True)
    floor_missed = serializers.BooleanField()
    is_over_capacity = serializers.BooleanField()
    qualified_at = InstantField()
    opened_at = InstantField()
    assigned_at = InstantField(allow_null=True)
    first_attempt_at = InstantField(allow_null=True)
    first_contact_at = InstantField(allow_null=True)
    accepted_at = InstantField(allow_null=True)
    closed_at = InstantField(allow_null=True)
    updated_at = InstantField()


class PacketField(serializers.DictField):
    """A handover packet for the outside; one query."""

    def to_representation(self, value: dict[str, Any]) -> dict[str, Any]:
        return packets.public(value)


class AttemptAnswer(Answer):
    """A contact attempt."""

    kind = serializers.ChoiceField(choices=AttemptKind.choices)
    outcome = serializers.ChoiceField(choices=AttemptOutcome.choices)
    note = serializers.CharField()
    next_step = serializers.CharField()
    by = serializers.CharField()
    at = InstantField()


class TaskAnswer(Answer):
    """What is to be done about a handoff, or was.

    `cadence_step` is its place in the promised cadence, null for one that somebody set.
    """

    id = serializers.UUIDField(source="public_id")
    kind = serializers.ChoiceField(choices=AttemptKind.choices)
    what = serializers.CharField()
    due_at = InstantField()
    cadence_step = serializers.IntegerField(allow_null=True)
    done_at = InstantField(allow_null=True)
    cancelled_at = InstantField(allow_null=True)


class AcceptanceAnswer(Answer):
    """Sales took the lead."""

    by = serializers.CharField()
    at = InstantField()
    taken_back_at = InstantField(source="reversal.at", allow_null=True)


class RejectionAnswer(AcceptanceAnswer):
    """Sales refused the lead.

    `criterion` is the one that it is said to miss, blank when none was named; `is_borne_out`
    whether the recorded facts say so too, null when none was.
    """

    reason = serializers.SlugField(source="reason.key")
    comment = serializers.CharField()
    criterion = serializers.CharField(source="criterion_key")
    is_borne_out = serializers.BooleanField(allow_null=True)


class CandidateAnswer(Answer):
    """A rep whom routing considered."""

    name = serializers.CharField(allow_null=True)
    eligible = serializers.BooleanField(allow_null=True)
    code = serializers.CharField(allow_null=True)
    why = serializers.CharField(allow_null=True)


class DecisionAnswer(Answer):
    """Why a handoff went where it went."""

    at = InstantField()
    rule = serializers.ChoiceField(choices=RuleKind.choices)
    why = serializers.CharField()
    rep = serializers.CharField(allow_null=True)
    queue = answers.key("queue")
    candidates = CandidateAnswer(many=True)


class HandoffDetailAnswer(HandoffAnswer):
    """A handoff with its packet, attempts, tasks, answers and routing decisions."""

    packet = PacketField()
    attempts = AttemptAnswer(many=True)
    tasks = TaskAnswer(many=True, source="followups")
    acceptances = AcceptanceAnswer(many=True)
    rejections = RejectionAnswer(many=True)
    decisions = DecisionAnswer(many=True)


class HandoffFilters(Filters):
    """Narrow handoffs; `status` may be given more than once."""

    id = django_filters.UUIDFilter(field_name="public_id")
    lead = id_of("lead")
    status = django_filters.MultipleChoiceFilter(choices=HandoffStatus.choices)
    is_open = TruthFilter(field_name="closed_at", lookup_expr="isnull", label="Not closed yet")
    rep = id_of("rep")
    queue = key_of("queue")
    territory = key_of("territory")
    definition = django_filters.CharFilter(field_name="version__definition__key")
    floor_missed = TruthFilter()
    is_over_capacity = TruthFilter()
    qualified_since = since("qualified_at")
    qualified_before = before("qualified_at")
    opened_since = since("opened_at")
    opened_before = before("opened_at")
    assigned_since = since("assigned_at")
    assigned_before = before("assigned_at")
    first_attempt_since = since("first_attempt_at")
    first_attempt_before = before("first_attempt_at")
    first_contact_since = since("first_contact_at")
    first_contact_before = before("first_contact_at")
    accepted_since = since("accepted_at")
    accepted_before = before("accepted_at")
    closed_since = since("closed_at")
    closed_before = before("closed_at")
    updated_since = since("updated_at")
    updated_before = before("updated_at")

    class Meta:
        model = Handoff
        fields: ClassVar[list[str]] = []


class HandoffList(ListView):
    """`/handoffs/`."""

    required_permissions: ClassVar = {"GET": "routing.view_handoff"}
    answer = HandoffAnswer
    filters = HandoffFilters
    orderings: ClassVar = {
        "opened_at": "opened_at",
        "qualified_at": "qualified_at",
        "closed_at": "closed_at",
        "updated_at": "updated_at",
        "status": "status",
    }
    search_fields = ("lead__email", "lead__first_name", "lead__last_name")

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[Handoff]:
        return with_relations(access.handoffs_visible_to(request.user)).defer("packet")


class HandoffDetail(DetailView):
    """`/handoffs/{id}/`: with its packet, attempts, answers and routing decisions."""

    required_permissions: ClassVar = {"GET": "routing.view_handoff"}
    answer = HandoffDetailAnswer

    def row(self, request: Request, **kwargs: Any) -> Handoff:
        return in_detail(request, kwargs["handoff"])


class AnswerView(PermittedView):
    """Something that the holder of a handoff does about it; answers with the handoff."""

    required_permissions: ClassVar = {"POST": "routing.answer_handoff"}
    body: ClassVar[type[Body]] = AnswerBody

    def post(self, request: Request, handoff: UUID) -> Response:
        """Do it; 404 for a handoff that the caller may not see, 403 for another's."""
        held = get_object_or_404(
            access.handoffs_visible_to(request.user).select_related("rep").defer("packet"),
            public_id=handoff,
        )
        by = _answering(request)
        if not access.may_answer(by, held):
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
        waiting = access.pullable_by(by).defer("packet")
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


def with_relations(rows: QuerySet[Handoff]) -> QuerySet[Handoff]:
    """Load what `HandoffAnswer` reads: one query more, for the clocks, however many handoffs."""
    clocks = SlaTimer.objects.filter(milestone=TimerMilestone.FIRST_RESPONSE).exclude(
        state="cancelled"
    )
    return rows.select_related(
        "lead", "version__definition", "rep__user", "queue", "territory"
    ).prefetch_related(Prefetch("timers", clocks, to_attr="clocks"))


def in_detail(request: Request, public_id: UUID) -> Handoff:
    """Return a handoff with all that `HandoffDetailAnswer` reads.

    Raises:
        Http404: the caller may not see it.
    """
    rows = with_relations(access.handoffs_visible_to(request.user)).prefetch_related(
        Prefetch("attempts", Attempt.objects.select_related("by").order_by("pk")),
        Prefetch("followups", FollowUp.objects.order_by("due_at", "pk")),
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
    return get_object_or_404(rows, public_id=public_id)


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
