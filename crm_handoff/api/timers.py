"""Clocks: what was promised about each handoff or question, and whether it was kept."""

from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django.db.models import Q, QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from crm_handoff.api import answers
from crm_handoff.api.answers import Answer, InstantField
from crm_handoff.api.filters import Filters, TruthFilter, before, id_of, key_of, since
from crm_handoff.api.reps import RepName
from crm_handoff.api.views import ListView
from crm_handoff.people import access
from leads.models import Lead
from routing.enums import PauseReason, TimerMilestone, TimerState
from routing.models import SlaTimer


class TimerAnswer(Answer):
    """A promise about a handoff, or about a question; one of the two is null.

    Who held the handoff when it came due missed it.
    """

    handoff = serializers.UUIDField(source="handoff.public_id", allow_null=True)
    question = serializers.UUIDField(source="review_task.public_id", allow_null=True)
    lead = serializers.SerializerMethodField()
    milestone = serializers.ChoiceField(choices=TimerMilestone.choices)
    state = serializers.ChoiceField(choices=TimerState.choices)
    term = serializers.CharField(source="term_key")
    is_high_intent = serializers.BooleanField()
    is_business_time = serializers.BooleanField()
    respond_within_seconds = serializers.SerializerMethodField()
    stop_kinds = serializers.ListField(child=serializers.CharField())
    started_at = InstantField()
    promised_at = InstantField()
    backstop_at = InstantField(allow_null=True)
    due_at = InstantField()
    stopped_at = InstantField(allow_null=True)
    breached_at = InstantField(allow_null=True)
    given_up_at = InstantField(allow_null=True)
    calendar = answers.key("calendar")
    paused_at = InstantField(allow_null=True)
    paused_until = InstantField(allow_null=True)
    pause_reason = serializers.CharField()
    missed_by_rep = RepName(allow_null=True)
    missed_by_queue = answers.key("missed_by_queue")
    updated_at = InstantField()

    def get_lead(self, timer: SlaTimer) -> UUID:
        subject: Any = timer.handoff or timer.review_task
        about: UUID = subject.lead.public_id
        return about

    def get_respond_within_seconds(self, timer: SlaTimer) -> int:
        return int(timer.respond_within.total_seconds())


class TimerFilters(Filters):
    """Narrow clocks; `state` and `milestone` may be given more than once."""

    handoff = id_of("handoff")
    question = id_of("review_task")
    lead = django_filters.UUIDFilter(method="about_lead")
    milestone = django_filters.MultipleChoiceFilter(choices=TimerMilestone.choices)
    state = django_filters.MultipleChoiceFilter(choices=TimerState.choices)
    term = django_filters.CharFilter(field_name="term_key")
    is_high_intent = TruthFilter()
    is_business_time = TruthFilter()
    started_since = since("started_at")
    started_before = before("started_at")
    due_since = since("due_at")
    due_before = before("due_at")
    stopped_since = since("stopped_at")
    stopped_before = before("stopped_at")
    promised_since = since("promised_at")
    promised_before = before("promised_at")
    backstop_since = since("backstop_at")
    backstop_before = before("backstop_at")
    paused_since = since("paused_at")
    paused_before = before("paused_at")
    paused_until_since = since("paused_until")
    paused_until_before = before("paused_until")
    pause_reason = django_filters.MultipleChoiceFilter(choices=PauseReason.choices)
    calendar = key_of("calendar")
    given_up_since = since("given_up_at")
    given_up_before = before("given_up_at")
    breached_since = since("breached_at")
    breached_before = before("breached_at")
    missed_by_rep = id_of("missed_by_rep")
    missed_by_queue = key_of("missed_by_queue")
    updated_since = since("updated_at")
    updated_before = before("updated_at")

    class Meta:
        model = SlaTimer
        fields: ClassVar[list[str]] = []

    def about_lead(self, rows: QuerySet[SlaTimer], name: str, lead: UUID) -> QuerySet[SlaTimer]:
        """Narrow to the clocks of a lead's handoffs and questions."""
        of_lead = Lead.objects.filter(public_id=lead).values("pk")
        return rows.filter(Q(handoff__lead__in=of_lead) | Q(review_task__lead__in=of_lead))


class TimerList(ListView):
    """`/timers/`."""

    required_permissions: ClassVar = {"GET": "routing.view_slatimer"}
    answer = TimerAnswer
    filters = TimerFilters
    orderings: ClassVar = {
        "due_at": "due_at",
        "started_at": "started_at",
        "updated_at": "updated_at",
    }

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[SlaTimer]:
        return access.handoffs.timers_visible_to(request.user).select_related(
            "handoff__lead",
            "review_task__lead",
            "calendar",
            "missed_by_rep__user",
            "missed_by_queue",
        )
