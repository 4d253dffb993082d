"""Opportunities: create, upsert by identity, read, list."""

from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from crm_handoff.api import answers
from crm_handoff.api.answers import Answer, InstantField
from crm_handoff.api.errors import DOMAIN_PROBLEMS, Problem
from crm_handoff.api.fields import (
    UNSAID,
    Body,
    IdentityBody,
    Instant,
    LeadReference,
    key,
    money,
    require_currency,
    text,
)
from crm_handoff.api.filters import Filters, at_least, at_most, before, id_of, same_text, since
from crm_handoff.api.spellings import CurrencyField, EmailField
from crm_handoff.api.views import DetailView, ListView, system_of
from crm_handoff.people import access
from crm_handoff.people.models import User
from leads import intake, lifecycle
from leads.enums import Anomaly, OpportunityStage
from leads.models import Lead, Opportunity
from routing import opportunities


class OpportunityOfAnotherLead(Exception):
    """A deal that is known as one lead's is reported as another's."""


DOMAIN_PROBLEMS.update(
    {
        OpportunityOfAnotherLead: Problem(
            409, "opportunity_of_another_lead", "The opportunity is another lead's"
        ),
        lifecycle.InvalidTransition: Problem(
            409, "invalid_transition", "The lead cannot go there from its stage"
        ),
    }
)


class NamedOpportunityBody(Body):
    """What is said about a deal whose identity stands in the address."""

    lead = LeadReference()
    stage = serializers.ChoiceField(choices=OpportunityStage.choices)
    name = text(200)
    amount = money()
    currency = CurrencyField(**UNSAID)
    owner = EmailField(**UNSAID)
    sourced_by = EmailField(**UNSAID)
    opened_at = Instant(required=False, allow_null=True)
    closed_at = Instant(required=False, allow_null=True)
    loss_reason = text(200)

    server_owned: ClassVar[frozenset[str]] = frozenset({"id", "anomalies", "created_at"})

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        require_currency(attrs, "amount")
        if attrs["stage"] == OpportunityStage.OPEN and attrs.get("closed_at"):
            raise ValidationError(
                {"closed_at": ["An open opportunity has not been closed."]}, code="invalid"
            )
        return attrs


class OpportunityBody(NamedOpportunityBody):
    """What is said about a deal."""

    system = key()
    external_id = serializers.CharField(max_length=200)


class OpportunityAnswer(Answer):
    """A deal; reads what `with_relations` loads."""

    id = serializers.UUIDField(source="public_id")
    system = serializers.CharField()
    external_id = serializers.CharField()
    lead = serializers.UUIDField(source="lead.public_id")
    account = serializers.UUIDField(source="account.public_id", allow_null=True)
    name = serializers.CharField()
    stage = serializers.ChoiceField(choices=OpportunityStage.choices)
    amount = answers.amount()
    currency = serializers.CharField()
    owner = serializers.EmailField(source="owner.email", allow_null=True)
    sourced_by = serializers.EmailField(source="sourced_by.email", allow_null=True)
    opened_at = InstantField(allow_null=True)
    closed_at = InstantField(allow_null=True)
    loss_reason = serializers.CharField()
    anomalies = serializers.ListField(child=serializers.ChoiceField(choices=Anomaly.choices))
    created_at = InstantField()
    updated_at = InstantField()


class OpportunityOutcomeAnswer(Answer):
    """What became of a deal that was sent."""

    id = serializers.UUIDField()
    url = serializers.CharField()
    stage = serializers.ChoiceField(choices=OpportunityStage.choices)
    anomalies = serializers.ListField(child=serializers.ChoiceField(choices=Anomaly.choices))
    is_created = serializers.BooleanField()


class OpportunityFilters(Filters):
    """Narrow opportunities; `stage` may be given more than once."""

    id = django_filters.UUIDFilter(field_name="public_id")
    lead = id_of("lead")
    account = id_of("account")
    name = same_text("name")
    stage = django_filters.MultipleChoiceFilter(choices=OpportunityStage.choices)
    amount_min = at_least("amount")
    amount_max = at_most("amount")
    currency = same_text("currency")
    owner = same_text("owner__email")
    sourced_by = same_text("sourced_by__email")
    loss_reason = same_text("loss_reason")
    anomaly = django_filters.ChoiceFilter(method="showing", choices=Anomaly.choices)
    system = django_filters.CharFilter()
    external_id = django_filters.CharFilter()
    opened_since = since("opened_at")
    opened_before = before("opened_at")
    closed_since = since("closed_at")
    closed_before = before("closed_at")
    created_since = since("created_at")
    created_before = before("created_at")
    updated_since = since("updated_at")
    updated_before = before("updated_at")

    class Meta:
        model = Opportunity
        fields: ClassVar[list[str]] = []

    def showing(self, deals: QuerySet[Opportunity], name: str, anomaly: str) -> Any:
        """Narrow to the deals that show an anomaly."""
        return deals.filter(anomalies__contains=[anomaly])


class OpportunityList(ListView):
    """`/opportunities/`."""

    required_permissions: ClassVar = {
        "GET": "leads.view_opportunity",
        "POST": "leads.add_opportunity",
    }
    answer = OpportunityAnswer
    body = OpportunityBody
    outcome = OpportunityOutcomeAnswer
    filters = OpportunityFilters
    orderings: ClassVar = {
        "name": "name",
        "stage": "stage",
        "amount": "amount",
        "opened_at": "opened_at",
        "closed_at": "closed_at",
        "updated_at": "updated_at",
    }
    search_fields = ("name", "external_id", "account__name")

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[Opportunity]:
        return with_relations(access.leads.opportunities_visible_to(request.user))

    def post(self, request: Request) -> Response:
        """Record a deal; 201 when it is new, 200 when it was known."""
        said = OpportunityBody.checked(request.data)
        system = system_of(request, said.pop("system", None))
        return _record(request, system, said.pop("external_id"), said)


class OpportunityByIdentity(DetailView):
    """`/opportunities/by-identity/{system}/{external_id}/`."""

    required_permissions: ClassVar = {
        "GET": "leads.view_opportunity",
        "PUT": "leads.change_opportunity",
    }
    answer = OpportunityAnswer
    body = NamedOpportunityBody
    outcome = OpportunityOutcomeAnswer

    def row(self, request: Request, **kwargs: Any) -> Opportunity:
        IdentityBody.check(kwargs["system"], kwargs["external_id"])
        deals = with_relations(access.leads.opportunities_visible_to(request.user))
        return get_object_or_404(deals, system=kwargs["system"], external_id=kwargs["external_id"])

    def put(self, request: Request, system: str, external_id: str) -> Response:
        """Record what is said about the deal of this name."""
        IdentityBody.check(system, external_id)
        said = NamedOpportunityBody.checked(request.data)
        return _record(request, system_of(request, system), external_id, said)


class OpportunityDetail(DetailView):
    """`/opportunities/{id}/`."""

    required_permissions: ClassVar = {"GET": "leads.view_opportunity"}
    answer = OpportunityAnswer

    def row(self, request: Request, **kwargs: Any) -> Opportunity:
        deals = with_relations(access.leads.opportunities_visible_to(request.user))
        return get_object_or_404(deals, public_id=kwargs["opportunity"])


def with_relations(deals: QuerySet[Opportunity]) -> QuerySet[Opportunity]:
    """Load what `OpportunityAnswer` reads."""
    return deals.select_related("lead", "account", "owner", "sourced_by")


def _record(request: Request, system: str, external_id: str, said: dict[str, Any]) -> Response:
    lead = _lead_of(request, system, said.pop("lead"))
    known = Opportunity.objects.filter(system=system, external_id=external_id).first()
    if known is not None and known.lead_id != lead.pk:
        raise OpportunityOfAnotherLead("This opportunity is known as another lead's.")
    facts = intake.OpportunityFacts(
        system=system,
        external_id=external_id,
        lead=lead,
        owner_id=_person("owner", said.pop("owner", None)),
        sourced_by_id=_person("sourced_by", said.pop("sourced_by", None)),
        **said,
    )
    deal = opportunities.report(facts, received_at=timezone.now())
    url = reverse("api:opportunity", args=[deal.public_id])
    return Response(
        {
            "id": deal.public_id,
            "url": url,
            "stage": deal.stage,
            "anomalies": deal.anomalies,
            "is_created": known is None,
        },
        status=201 if known is None else 200,
        headers={"Location": url},
    )


def _lead_of(request: Request, system: str, named: UUID | dict[str, str]) -> Lead:
    leads = access.leads.reportable_by(request.user)
    if isinstance(named, UUID):
        lead = leads.filter(public_id=named).first()
    else:
        found = intake.find(
            named.get("system", system), named.get("external_id", ""), named.get("email", "")
        )
        lead = leads.filter(pk=found.pk).first() if found else None
    if lead is None:
        raise ValidationError({"lead": [ErrorDetail("No such lead is known.", "unknown_key")]})
    return lead


def _person(field: str, email: str | None) -> int | None:
    if not email:
        return None
    pk = User.objects.filter(email__iexact=email).values_list("pk", flat=True).first()
    if pk is None:
        raise ValidationError({field: [ErrorDetail("Nobody has this e-mail.", "unknown_key")]})
    return pk
