"""Broken limits, and what is done about them."""

from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from crm_handoff import alerts
from crm_handoff.api.answers import Answer, InstantField
from crm_handoff.api.errors import DOMAIN_PROBLEMS, Problem
from crm_handoff.api.fields import Body
from crm_handoff.api.filters import Filters, TruthFilter, at_least, before, key_of, since
from crm_handoff.api.items import ItemView
from crm_handoff.api.views import ListView, PermittedView
from crm_handoff.clock import database_now
from crm_handoff.people import access
from crm_handoff.people.models import User
from definitions.enums import Side
from routing.models import SlaAlert

DOMAIN_PROBLEMS.update(
    {
        alerts.NothingSaid: Problem(
            400, "comment_required", "Say what is done about it", field="comment"
        ),
        alerts.AlertAlreadyAcknowledged: Problem(
            409, "alert_already_acknowledged", "The alert has been acknowledged"
        ),
    }
)


class AlertAnswer(Answer):
    """A signed limit was broken: `missed` of `counted`, more than `limit_pct` percent.

    `side` is the one that missed, `told` whoever is named to answer for it.
    """

    id = serializers.UUIDField(source="public_id")
    definition = serializers.SlugField(source="definition.key")
    side = serializers.ChoiceField(choices=Side.choices)
    counted = serializers.IntegerField()
    missed = serializers.IntegerField(source="missed_count")
    limit_pct = serializers.DecimalField(max_digits=5, decimal_places=2)
    window_begins_at = InstantField()
    window_ends_at = InstantField()
    told = serializers.EmailField(source="told.email", allow_null=True)
    at = InstantField()
    acknowledged_at = InstantField(allow_null=True)
    acknowledged_by = serializers.EmailField(source="acknowledged_by.email", allow_null=True)
    comment = serializers.CharField()
    updated_at = InstantField()


class AlertFilters(Filters):
    """Narrow alerts; `side` may be given more than once."""

    id = django_filters.UUIDFilter(field_name="public_id")
    definition = key_of("definition")
    side = django_filters.MultipleChoiceFilter(choices=Side.choices)
    told = django_filters.CharFilter(field_name="told__email", lookup_expr="iexact")
    acknowledged_by = django_filters.CharFilter(
        field_name="acknowledged_by__email", lookup_expr="iexact"
    )
    is_acknowledged = TruthFilter(
        field_name="acknowledged_at", lookup_expr="isnull", exclude=True, label="Was answered"
    )
    counted_min = at_least("counted")
    missed_min = at_least("missed_count")
    limit_pct_min = at_least("limit_pct")
    window_begins_since = since("window_begins_at")
    window_begins_before = before("window_begins_at")
    window_ends_since = since("window_ends_at")
    window_ends_before = before("window_ends_at")
    acknowledged_since = since("acknowledged_at")
    acknowledged_before = before("acknowledged_at")
    updated_since = since("updated_at")
    updated_before = before("updated_at")
    since = since("at")
    before = before("at")

    class Meta:
        model = SlaAlert
        fields: ClassVar[list[str]] = []


class AlertList(ListView):
    """`/alerts/`."""

    required_permissions: ClassVar = {"GET": "routing.view_slaalert"}
    answer = AlertAnswer
    filters = AlertFilters
    orderings: ClassVar = {"at": "at", "updated_at": "updated_at"}

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[SlaAlert]:
        return with_relations(access.handoffs.alerts_visible_to(request.user))


class AlertDetail(ItemView):
    """`/alerts/{id}/`."""

    required_permissions: ClassVar = {"GET": "routing.view_slaalert"}
    answer = AlertAnswer
    found_by: ClassVar = {"alert": "public_id"}

    def rows(self, request: Request) -> QuerySet[SlaAlert]:
        return with_relations(access.handoffs.alerts_visible_to(request.user))


class AcknowledgeBody(Body):
    """What is done about it."""

    comment = serializers.CharField(max_length=2000)


class AcknowledgeView(PermittedView):
    """`/alerts/{id}/acknowledge/`."""

    required_permissions: ClassVar = {"POST": "routing.acknowledge_slaalert"}
    body = AcknowledgeBody
    outcome = AlertAnswer
    statuses: ClassVar = {"POST": [200]}

    def post(self, request: Request, alert: UUID) -> Response:
        """Keep what is done about it; reminders end.

        Whoever was told may, who signs for that side, and RevOps.
        """
        rows = with_relations(access.handoffs.alerts_visible_to(request.user))
        found = get_object_or_404(rows, public_id=alert)
        by = request.user
        if not isinstance(by, User) or not alerts.may_acknowledge(by, found):
            raise PermissionDenied("Whoever answers for that side acknowledges.")
        said = AcknowledgeBody.checked(request.data)
        alerts.acknowledge(found, by=by, at=database_now(), comment=said["comment"])
        return Response(AlertAnswer.written(rows.get(pk=found.pk)))


def with_relations(rows: QuerySet[SlaAlert]) -> QuerySet[SlaAlert]:
    """Load what an answer reads."""
    return rows.select_related("definition", "told", "acknowledged_by")
