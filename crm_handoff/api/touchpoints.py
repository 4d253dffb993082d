"""Touchpoints: record one or a list, list."""

import json
from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from crm_handoff.api import answers, errors
from crm_handoff.api.answers import Answer, InstantField, ProblemFault
from crm_handoff.api.fields import Body, Instant, LeadReference, key, text
from crm_handoff.api.filters import Filters, KeysFilter, TruthFilter, before, id_of, key_of, since
from crm_handoff.api.views import ListView, system_of
from crm_handoff.people import access
from crm_handoff.people.roles import SEE_EVERYONES_LEADS
from leads import intake
from leads.models import Touchpoint

MOST_AT_ONCE = 1_000
MOST_DETAIL = 20_000
"""Characters of `detail` as JSON."""

UNKNOWN_LEAD = 0
"""The id of no lead: what a lead becomes that the caller may not see."""


class TouchpointBody(Body):
    """One dated thing that a lead did."""

    lead = LeadReference()
    kind = key(required=True, allow_null=False)
    occurred_at = Instant()
    channel = text(32)
    system = key()
    external_id = text(200)
    campaign = key()
    asset = key()
    is_verified = serializers.BooleanField(required=False)
    is_bot = serializers.BooleanField(required=False)
    detail = serializers.DictField(required=False, allow_null=True)

    server_owned: ClassVar[frozenset[str]] = frozenset({"received_at"})

    def validate_detail(self, detail: dict[str, Any] | None) -> dict[str, Any] | None:
        if detail and len(json.dumps(detail)) > MOST_DETAIL:
            raise ValidationError(
                f"No more than {MOST_DETAIL} characters of JSON.", code="max_length"
            )
        return detail


class TouchpointAnswer(Answer):
    """A touchpoint; reads lead, kind, campaign and asset."""

    lead = serializers.UUIDField(source="lead.public_id")
    kind = serializers.SlugField(source="kind.key")
    channel = serializers.CharField()
    occurred_at = InstantField()
    received_at = InstantField()
    system = serializers.CharField()
    external_id = serializers.CharField()
    campaign = answers.key("campaign")
    asset = answers.key("asset")
    is_verified = serializers.BooleanField()
    is_bot = serializers.BooleanField()
    detail = serializers.DictField()


class TouchpointResult(Answer):
    """What became of one touchpoint that was sent; `row` is its place, from 0."""

    row = serializers.IntegerField()
    status = serializers.ChoiceField(choices=["created", "repeated", "refused"])
    # A field of that name is a field: the metaclass takes it out of the attributes.
    errors = ProblemFault(many=True, required=False)  # type: ignore[assignment]


class TouchpointResults(Answer):
    """What became of each touchpoint of a list, in order."""

    results = TouchpointResult(many=True)


class TouchpointFilters(Filters):
    """Narrow touchpoints; `kind` may name several, parted by commas."""

    lead = id_of("lead")
    kind = KeysFilter(field_name="kind__key")
    channel = django_filters.CharFilter()
    campaign = key_of("campaign")
    asset = key_of("asset")
    system = django_filters.CharFilter()
    external_id = django_filters.CharFilter()
    is_verified = TruthFilter()
    is_bot = TruthFilter()
    occurred_since = since("occurred_at")
    occurred_before = before("occurred_at")
    received_since = since("received_at")
    received_before = before("received_at")

    class Meta:
        model = Touchpoint
        fields: ClassVar[list[str]] = []


class TouchpointList(ListView):
    """`/touchpoints/`."""

    required_permissions: ClassVar = {
        "GET": "leads.view_touchpoint",
        "POST": "leads.add_touchpoint",
    }
    answer = TouchpointAnswer
    body = TouchpointBody
    most_at_once = MOST_AT_ONCE
    outcome = PolymorphicProxySerializer(
        "TouchpointOutcome", [TouchpointResult, TouchpointResults], resource_type_field_name=None
    )
    filters = TouchpointFilters
    orderings: ClassVar = {"occurred_at": "occurred_at"}

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[Touchpoint]:
        return access.leads.touchpoints_visible_to(request.user).select_related(
            "lead", "kind", "campaign", "asset"
        )

    def post(self, request: Request) -> Response:
        """Record one touchpoint, or up to a thousand.

        One: 201 when it is new, 200 when it was known, 400 with its faults. A list: 201 when any
        is new, else 200, with a result for each, in order; a bad one spoils no other.
        """
        said = request.data
        if not isinstance(said, list):
            result = _record(request, [said])[0]
            if result["status"] == "refused":
                raise ValidationError(
                    {
                        fault["field"]: [ErrorDetail(fault["detail"], code=fault["code"])]
                        for fault in result["errors"]
                    }
                )
            return Response(result, status=201 if result["status"] == "created" else 200)
        if len(said) > MOST_AT_ONCE:
            raise errors.BodyTooLarge(f"No more than {MOST_AT_ONCE} touchpoints at once.")
        results = _record(request, said)
        any_is_new = any(result["status"] == "created" for result in results)
        return Response({"results": results}, status=201 if any_is_new else 200)


def _record(request: Request, said: Sequence[Any]) -> list[dict[str, Any]]:
    checked = [_checked(item) for item in said]
    good = [item for item in checked if not isinstance(item, ValidationError)]
    system = _one_system(request, good)
    hidden = _hidden_leads(request, good)
    facts = [_facts(item, hidden, system) for item in good]
    outcomes = iter(
        intake.record_touchpoints(facts, system=system, received_at=timezone.now())
        if facts
        else ()
    )
    return [
        _faulty(row, errors.errors_in(item.detail, row=row))
        if isinstance(item, ValidationError)
        else _result(row, next(outcomes))
        for row, item in enumerate(checked)
    ]


def _checked(item: Any) -> dict[str, Any] | ValidationError:
    try:
        values = TouchpointBody.checked(item)
    except ValidationError as error:
        return error
    return {name: value for name, value in values.items() if value is not None}


def _one_system(request: Request, items: Sequence[dict[str, Any]]) -> str:
    systems = {item.pop("system", None) for item in items} or {None}
    if len(systems) > 1:
        raise ValidationError(
            {"system": [ErrorDetail("One list speaks for one system.", code="invalid")]}
        )
    return system_of(request, systems.pop())


def _hidden_leads(request: Request, items: Sequence[dict[str, Any]]) -> set[UUID]:
    if request.user.has_perm(SEE_EVERYONES_LEADS):
        return set()
    named = {item["lead"] for item in items if isinstance(item["lead"], UUID)}
    leads = access.leads.visible_to(request.user).filter(public_id__in=named)
    return named.difference(leads.values_list("public_id", flat=True))


def _facts(item: dict[str, Any], hidden: set[UUID], system: str) -> intake.TouchpointFacts:
    named = item.pop("lead")
    lead: int | UUID | intake.Identity
    if isinstance(named, UUID):
        lead = UNKNOWN_LEAD if named in hidden else named
    else:
        lead = intake.Identity(**{"system": system} | named)
    return intake.TouchpointFacts(lead=lead, **item)


def _result(row: int, outcome: intake.TouchpointOutcome) -> dict[str, Any]:
    if outcome.status != "refused":
        return {"row": row, "status": outcome.status}
    field, _, reason = outcome.reason.partition(": ")
    return _faulty(row, [{"field": field, "row": row, "code": "unknown_key", "detail": reason}])


def _faulty(row: int, faults: list[dict[str, Any]]) -> dict[str, Any]:
    return {"row": row, "status": "refused", "errors": faults}
