"""Notices: what the caller, a person, was told; an integration is told nothing."""

from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from crm_handoff.api.answers import Answer, InstantField
from crm_handoff.api.fields import Body
from crm_handoff.api.filters import Filters, TruthFilter, before, id_of, since
from crm_handoff.api.items import ItemView
from crm_handoff.api.views import ListView, PermittedView
from crm_handoff.people import access
from routing import notices
from routing.enums import NoticeKind
from routing.models import Notice


class NoticeAnswer(Answer):
    """A notice: `detail` is what its text needs."""

    id = serializers.UUIDField(source="public_id")
    kind = serializers.ChoiceField(choices=NoticeKind.choices)
    handoff = serializers.UUIDField(source="handoff.public_id", allow_null=True)
    lead = serializers.UUIDField(source="handoff.lead.public_id", allow_null=True)
    detail = serializers.DictField()
    at = InstantField()
    read_at = InstantField(allow_null=True)
    updated_at = InstantField()


class NoticeFilters(Filters):
    """Narrow notices; `kind` may be given more than once."""

    kind = django_filters.MultipleChoiceFilter(choices=NoticeKind.choices)
    handoff = id_of("handoff")
    lead = id_of("handoff__lead")
    is_read = TruthFilter(
        field_name="read_at", lookup_expr="isnull", exclude=True, label="Has been read"
    )
    read_since = since("read_at")
    read_before = before("read_at")
    updated_since = since("updated_at")
    updated_before = before("updated_at")
    since = since("at")
    before = before("at")

    class Meta:
        model = Notice
        fields: ClassVar[list[str]] = []


class NoticeList(ListView):
    """`/notices/`."""

    required_permissions: ClassVar = {"GET": "routing.view_notice"}
    answer = NoticeAnswer
    filters = NoticeFilters
    orderings: ClassVar = {"at": "at", "read_at": "read_at", "updated_at": "updated_at"}

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[Notice]:
        return with_relations(access.people.notices_visible_to(request.user))


class NoticeDetail(ItemView):
    """`/notices/{id}/`."""

    required_permissions: ClassVar = {"GET": "routing.view_notice"}
    answer = NoticeAnswer
    found_by: ClassVar = {"notice": "public_id"}

    def rows(self, request: Request) -> QuerySet[Notice]:
        return with_relations(access.people.notices_visible_to(request.user))


class NoBody(Body):
    """Reading says nothing more."""

    server_owned: ClassVar[frozenset[str]] = frozenset({"read_at", "updated_at"})


class NoticeRead(PermittedView):
    """`/notices/{id}/read/`."""

    required_permissions: ClassVar = {"POST": "routing.view_notice"}
    body = NoBody
    outcome = NoticeAnswer

    def post(self, request: Request, notice: UUID) -> Response:
        """Mark it read; a second time changes nothing."""
        NoBody.checked(request.data)
        mine = access.people.notices_visible_to(request.user).filter(public_id=notice)
        notices.read(mine, at=timezone.now())
        row = with_relations(mine).first()
        if row is None:
            raise Http404
        return Response(NoticeAnswer.written(row))


class ReadCountAnswer(Answer):
    """How many notices were marked read just now."""

    read_count = serializers.IntegerField()


class NoticesRead(PermittedView):
    """`/notices/read/`."""

    required_permissions: ClassVar = {"POST": "routing.view_notice"}
    body = NoBody
    outcome = ReadCountAnswer

    def post(self, request: Request) -> Response:
        """Mark every notice of the caller read."""
        NoBody.checked(request.data)
        count = notices.read(access.people.notices_visible_to(request.user), at=timezone.now())
        return Response({"read_count": count})


def with_relations(rows: QuerySet[Notice]) -> QuerySet[Notice]:
    """Load what an answer reads."""
    return rows.select_related("handoff__lead")
