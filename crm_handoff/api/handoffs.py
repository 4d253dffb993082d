"""Handoffs: list and read, with their packet, attempts, answers and routing decisions."""

from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request

from crm_handoff.api import answers, packets
from crm_handoff.api.answers import Answer, InstantField, VersionAnswer
from crm_handoff.api.filters import Filters, TruthFilter, before, id_of, key_of, since
from crm_handoff.api.views import DetailView, ListView
from crm_handoff.people import access
from definitions.enums import AttemptKind
from routing.enums import (
    AttemptOutcome,
    HandoffStatus,
    RepKind,
    RuleKind,
    TimerMilestone,
    TimerState,
)
from routing.models import (
    Acceptance,
    Attempt,
    FollowUp,
    Handoff,
    Rejection,
    RoutingDecision,
    SlaTimer,
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
        return with_relations(access.handoffs.visible_to(request.user)).defer("packet")


class HandoffDetail(DetailView):
    """`/handoffs/{id}/`: with its packet, attempts, answers and routing decisions."""

    required_permissions: ClassVar = {"GET": "routing.view_handoff"}
    answer = HandoffDetailAnswer

    def row(self, request: Request, **kwargs: Any) -> Handoff:
        return in_detail(request, kwargs["handoff"])


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
    rows = with_relations(access.handoffs.visible_to(request.user)).prefetch_related(
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
