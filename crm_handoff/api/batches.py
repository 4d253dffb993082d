"""Marketing's promise: rates of batches, checks against the floor, and batches rejected."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from crm_handoff.api.answers import Answer, InstantField
from crm_handoff.api.errors import DOMAIN_PROBLEMS, Problem
from crm_handoff.api.fields import Body
from crm_handoff.api.filters import (
    Filters,
    TruthFilter,
    at_least,
    before,
    id_of,
    key_of,
    same_text,
    since,
)
from crm_handoff.api.items import ItemView
from crm_handoff.api.response_rates import RateAnswer
from crm_handoff.api.views import DetailView, ListView, PermittedView
from crm_handoff.clock import database_now
from crm_handoff.people import access
from crm_handoff.people.models import User
from crm_handoff.people.roles import SEE_EVERYONES_LEADS
from crm_handoff.reports import criteria
from crm_handoff.reports.criteria import DefinitionRate
from crm_handoff.reports.rates import Rate
from definitions.enums import VersionState
from definitions.models import Definition, DefinitionVersion
from routing import bulk_rejections, floor
from routing.batches import Batch, BatchRate, UnknownBatch
from routing.enums import BatchKind, FloorCheckCause
from routing.floor import NotACriterion
from routing.models import BulkRejection, FloorCheck, RejectionReason

MOST_NAMED = 1_000
"""Handoffs that one request may name."""

DOMAIN_PROBLEMS.update(
    {
        bulk_rejections.NoLimitInForce: Problem(409, "no_limit", "There is no limit to break"),
        bulk_rejections.TooFewHandovers: Problem(
            409, "too_few_handovers", "The batch is too small to judge"
        ),
        bulk_rejections.LimitKept: Problem(409, "limit_kept", "The batch keeps the limit"),
        bulk_rejections.NothingOpen: Problem(
            409, "nothing_open", "Nothing of the batch is open below the floor"
        ),
        bulk_rejections.NotBelowTheFloor: Problem(
            409, "not_below_the_floor", "A lead keeps to the floor", field="handoffs"
        ),
        bulk_rejections.ReasonTakesAttempts: Problem(
            409, "reason_takes_attempts", "The reason is none for a batch", field="reason"
        ),
        NotACriterion: Problem(
            400, "unknown_criterion", "The agreement has no such criterion", field="criterion"
        ),
    }
)


class DefinitionRateAnswer(Answer):
    """Of what a definition handed over, how much misses the floor; `limit_pct` is signed."""

    definition = serializers.SlugField(source="version.definition.key")
    limit_pct = serializers.FloatField()
    is_broken = serializers.BooleanField()
    rate = RateAnswer()


class BatchLine(NamedTuple):
    """A batch with its rate as it is concluded from."""

    found: BatchRate
    rate: Rate


class BatchRateAnswer(Answer):
    """The same of what came by one campaign, source or import, or in one week.

    `kind` and `key` name the batch in addresses. `open` of those that were missed are still open;
    sales may reject them when `is_broken`. `limit_pct` is null when no version is in force.
    """

    definition = serializers.SlugField(source="found.batch.definition.key")
    kind = serializers.ChoiceField(source="found.batch.kind", choices=BatchKind.choices)
    key = serializers.CharField(source="found.batch.key")
    name = serializers.CharField(source="found.batch.name")
    limit_pct = serializers.FloatField(source="found.limit_pct", allow_null=True)
    is_broken = serializers.BooleanField(source="found.is_broken")
    open = serializers.IntegerField(source="found.open_count")
    rate = RateAnswer()


class Counted(NamedTuple):
    """What was handed over in the window, by definition and by batch."""

    begins_at: datetime
    ends_at: datetime
    definitions: Collection[DefinitionRate]
    batches: Collection[BatchLine]


class CriteriaRatesAnswer(Answer):
    """What was handed over in the last 28 days, and how much of it misses the floor."""

    window_begins_at = InstantField(source="begins_at")
    window_ends_at = InstantField(source="ends_at")
    definitions = DefinitionRateAnswer(many=True)
    batches = BatchRateAnswer(many=True)


class CriteriaRates(DetailView):
    """`/criteria-rates/`: the worst first."""

    required_permissions: ClassVar = {"GET": "routing.view_floorcheck"}
    answer = CriteriaRatesAnswer

    def row(self, request: Request, **kwargs: Any) -> Counted:
        if not request.user.has_perm(SEE_EVERYONES_LEADS):
            raise PermissionDenied("Whoever sees everybody's leads sees how they were chosen.")
        at = database_now()
        lines = [
            BatchLine(one, Rate(one.missed_count, one.handed_over_count))
            for one in criteria.by_batch(at=at)
        ]
        return Counted(at - floor.WINDOW, at, criteria.by_definition(at=at), lines)


class BulkRejectionAnswer(Answer):
    """Leads of a batch that were rejected together; the figures are those of that instant."""

    id = serializers.UUIDField(source="public_id")
    definition = serializers.SlugField(source="definition.key")
    kind = serializers.ChoiceField(source="batch_kind", choices=BatchKind.choices)
    key = serializers.CharField(source="batch_key")
    name = serializers.CharField(source="batch_name")
    handed_over = serializers.IntegerField(source="handed_over_count")
    missed = serializers.IntegerField(source="missed_count")
    limit_pct = serializers.DecimalField(max_digits=5, decimal_places=2)
    reason = serializers.SlugField(source="reason.key")
    comment = serializers.CharField()
    by = serializers.EmailField(source="by.email")
    at = InstantField()
    handoffs = serializers.ListField(child=serializers.UUIDField(), source="handoff_ids")


class BulkRejectionFilters(Filters):
    """Narrow what was rejected together; `kind` may be given more than once."""

    id = django_filters.UUIDFilter(field_name="public_id")
    definition = key_of("definition")
    kind = django_filters.MultipleChoiceFilter(field_name="batch_kind", choices=BatchKind.choices)
    key = django_filters.CharFilter(field_name="batch_key")
    reason = key_of("reason")
    by = same_text("by__email")
    handed_over_min = at_least("handed_over_count")
    missed_min = at_least("missed_count")
    limit_pct_min = at_least("limit_pct")
    since = since("at")
    before = before("at")

    class Meta:
        model = BulkRejection
        fields: ClassVar[list[str]] = []


class BulkRejectionList(ListView):
    """`/bulk-rejections/`."""

    required_permissions: ClassVar = {"GET": "routing.view_bulkrejection"}
    answer = BulkRejectionAnswer
    filters = BulkRejectionFilters
    search_fields = ("batch_name", "comment")

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[BulkRejection]:
        return with_relations(access.handoffs.bulk_rejections_visible_to(request.user))


class BulkRejectionDetail(ItemView):
    """`/bulk-rejections/{id}/`."""

    required_permissions: ClassVar = {"GET": "routing.view_bulkrejection"}
    answer = BulkRejectionAnswer
    found_by: ClassVar = {"bulk": "public_id"}

    def rows(self, request: Request) -> QuerySet[BulkRejection]:
        return with_relations(access.handoffs.bulk_rejections_visible_to(request.user))


class RejectBatchBody(Body):
    """Why sales does not want what the batch has below the floor: one reason, one comment.

    `handoffs` names those to reject, all of them below the floor; without it all that are open.
    """

    reason = serializers.SlugRelatedField(
        slug_field="key", queryset=RejectionReason.objects.filter(is_active=True)
    )
    comment = serializers.CharField(max_length=4_000)
    handoffs = serializers.ListField(
        child=serializers.UUIDField(), required=False, allow_empty=False, max_length=MOST_NAMED
    )


class RejectBatch(PermittedView):
    """`/definitions/{key}/batches/{kind}/{batch}/reject/`."""

    required_permissions: ClassVar = {"POST": "routing.view_handoff"}
    body = RejectBatchBody
    outcome = BulkRejectionAnswer
    statuses: ClassVar = {"POST": [201]}

    def post(self, request: Request, definition: str, kind: str, batch: str) -> Response:
        """Reject what the batch has open and below the floor, once its limit is broken.

        Sales' managers may, and the operator of sales whom the version in force names. All of it
        or nothing, but for what its rep accepted within the last 30 seconds: that stays.
        """
        by = request.user
        if not isinstance(by, User):
            raise PermissionDenied("Only a person rejects a batch: nobody signs for a key.")
        at = database_now()
        found = _batch(request, definition, kind, batch, at=at)
        version = DefinitionVersion.objects.filter(
            definition=found.definition, state=VersionState.ACTIVE
        )
        if not access.handoffs.may_reject_batch(by, version.first()):
            raise PermissionDenied("Sales' managers and the operator of sales reject batches.")
        said = RejectBatchBody.checked(request.data)
        named = said.pop("handoffs", None)
        ids = None if named is None else _handoff_ids(by, named)
        bulk = bulk_rejections.reject(found, by=by, at=at, handoff_ids=ids, **said)
        rows = with_relations(BulkRejection.objects.all())
        return Response(BulkRejectionAnswer.written(rows.get(pk=bulk.pk)), status=201)


class FloorCheckAnswer(Answer):
    """A handover was held against the floor; `missed` are criteria, `values` what was seen."""

    handoff = serializers.UUIDField(source="handoff.public_id")
    lead = serializers.UUIDField(source="handoff.lead.public_id")
    at = InstantField()
    cause = serializers.ChoiceField(choices=FloorCheckCause.choices)
    missed = serializers.ListField(child=serializers.CharField())
    values = serializers.JSONField()


class FloorCheckFilters(Filters):
    """Narrow checks; `cause` may be given more than once."""

    handoff = id_of("handoff")
    lead = id_of("handoff__lead")
    cause = django_filters.MultipleChoiceFilter(choices=FloorCheckCause.choices)
    is_missed = TruthFilter(method="by_missed", label="Something was missed")
    since = since("at")
    before = before("at")

    class Meta:
        model = FloorCheck
        fields: ClassVar[list[str]] = []

    def by_missed(
        self, rows: QuerySet[FloorCheck], _name: str, value: bool
    ) -> QuerySet[FloorCheck]:
        """Keep the checks that found something missed, or those that did not."""
        return rows.exclude(missed=[]) if value else rows.filter(missed=[])


class FloorCheckList(ListView):
    """`/floor-checks/`."""

    required_permissions: ClassVar = {"GET": "routing.view_floorcheck"}
    answer = FloorCheckAnswer
    filters = FloorCheckFilters

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[FloorCheck]:
        checks = access.handoffs.floor_checks_visible_to(request.user)
        return checks.select_related("handoff__lead").defer("handoff__packet")


def with_relations(rows: QuerySet[BulkRejection]) -> QuerySet[BulkRejection]:
    """Load what an answer reads."""
    return rows.select_related("definition", "reason", "by").prefetch_related(
        "rejections__handoff"
    )


def _batch(request: Request, definition: str, kind: str, key: str, *, at: datetime) -> Batch:
    if not request.user.has_perm(SEE_EVERYONES_LEADS):
        raise PermissionDenied("Whoever sees everybody's leads sees batches.")
    found: Definition = get_object_or_404(
        access.agreements.definitions_visible_to(request.user), key=definition
    )
    try:
        return criteria.batch_of(found, kind, key, at=at)
    except UnknownBatch as unknown:
        raise Http404 from unknown


def _handoff_ids(by: User, named: Collection[UUID]) -> list[int]:
    """Return the ids of handoffs that were named.

    Raises:
        ValidationError: one of them does not exist, or not for this person.
    """
    visible = access.handoffs.visible_to(by).filter(public_id__in=named)
    ids = dict(visible.values_list("public_id", "pk"))
    unknown = [str(public_id) for public_id in named if public_id not in ids]
    if unknown:
        detail = ErrorDetail(f"There is no handoff {unknown[0]}.", code="does_not_exist")
        raise ValidationError({"handoffs": [detail]})
    return [*ids.values()]
