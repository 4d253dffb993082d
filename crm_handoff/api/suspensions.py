"""Reps out of rotation because promises were missed again and again."""

from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from crm_handoff.api.answers import Answer, InstantField
from crm_handoff.api.errors import DOMAIN_PROBLEMS, Problem
from crm_handoff.api.fields import Body
from crm_handoff.api.filters import Filters, TruthFilter, at_least, before, id_of, since
from crm_handoff.api.items import ItemView
from crm_handoff.api.reps import RepName
from crm_handoff.api.views import ListView, PermittedView
from crm_handoff.clock import database_now
from crm_handoff.people import access
from crm_handoff.people.models import User
from routing import suspensions
from routing.models import Suspension

DOMAIN_PROBLEMS.update(
    {
        suspensions.SuspensionAlreadyEnded: Problem(
            409, "suspension_already_ended", "The rep is in the rotation again"
        ),
    }
)


class SuspensionAnswer(Answer):
    """A rep is out of rotation until a manager ends it; `missed` promises in the days before."""

    id = serializers.UUIDField(source="public_id")
    rep = RepName()
    began_at = InstantField()
    missed = serializers.IntegerField(source="missed_count")
    ended_at = InstantField(allow_null=True)
    ended_by = serializers.EmailField(source="ended_by.email", allow_null=True)
    updated_at = InstantField()


class SuspensionFilters(Filters):
    """Narrow suspensions."""

    id = django_filters.UUIDFilter(field_name="public_id")
    rep = id_of("rep")
    is_running = TruthFilter(field_name="ended_at", lookup_expr="isnull", label="Not ended yet")
    ended_by = django_filters.CharFilter(field_name="ended_by__email", lookup_expr="iexact")
    missed_min = at_least("missed_count")
    began_since = since("began_at")
    began_before = before("began_at")
    ended_since = since("ended_at")
    ended_before = before("ended_at")
    updated_since = since("updated_at")
    updated_before = before("updated_at")

    class Meta:
        model = Suspension
        fields: ClassVar[list[str]] = []


class SuspensionList(ListView):
    """`/suspensions/`."""

    required_permissions: ClassVar = {"GET": "routing.view_suspension"}
    answer = SuspensionAnswer
    filters = SuspensionFilters
    orderings: ClassVar = {"began_at": "began_at", "updated_at": "updated_at"}

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[Suspension]:
        return with_relations(access.people.suspensions_visible_to(request.user))


class SuspensionDetail(ItemView):
    """`/suspensions/{id}/`."""

    required_permissions: ClassVar = {"GET": "routing.view_suspension"}
    answer = SuspensionAnswer
    found_by: ClassVar = {"suspension": "public_id"}

    def rows(self, request: Request) -> QuerySet[Suspension]:
        return with_relations(access.people.suspensions_visible_to(request.user))


class EndBody(Body):
    """Ending a suspension says nothing more."""

    server_owned: ClassVar[frozenset[str]] = frozenset({"ended_at", "ended_by"})


class SuspensionEnd(PermittedView):
    """`/suspensions/{id}/end/`."""

    required_permissions: ClassVar = {"POST": "routing.change_suspension"}
    body = EndBody
    outcome = SuspensionAnswer
    statuses: ClassVar = {"POST": [200]}

    def post(self, request: Request, suspension: UUID) -> Response:
        """Put the rep back into the rotation; misses are counted anew from now."""
        EndBody.checked(request.data)
        rows = with_relations(access.people.suspensions_visible_to(request.user))
        found = get_object_or_404(rows, public_id=suspension)
        if not isinstance(request.user, User):
            raise PermissionDenied("A person ends it.")
        suspensions.end(found, by=request.user, at=database_now())
        return Response(SuspensionAnswer.written(rows.get(pk=found.pk)))


def with_relations(rows: QuerySet[Suspension]) -> QuerySet[Suspension]:
    """Load what an answer reads."""
    return rows.select_related("rep__user", "ended_by")
