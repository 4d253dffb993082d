"""Opportunities: create, upsert by identity, read, list."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from crm_handoff.api.errors import DOMAIN_PROBLEMS, Problem
from crm_handoff.api.fields import (
    CURRENCY,
    Body,
    IdentityBody,
    Instant,
    LeadReference,
    amount,
    code,
    instant,
    key,
    money,
    require_currency,
    text,
)
from crm_handoff.api.filters import OpportunityFilters
from crm_handoff.api.views import ListView, PermittedView, system_of
from crm_handoff.people import access
from crm_handoff.people.models import User
from leads import intake, lifecycle
from leads.enums import OpportunityStage
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


class UpsertBody(Body):
    """What is said about a deal whose identity stands in the address."""

    lead = LeadReference()
    stage = serializers.ChoiceField(choices=OpportunityStage.choices)
    name = text(200)
    amount = money()
    currency = code(CURRENCY)
    owner = serializers.EmailField(required=False, allow_null=True)
    sourced_by = serializers.EmailField(required=False, allow_null=True)
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


class OpportunityBody(UpsertBody):
    """What is said about a deal."""

    system = key()
    external_id = serializers.CharField(max_length=200)


class OpportunityList(ListView):
    """`/opportunities/`."""

    required_permissions: ClassVar = {
        "GET": "leads.view_opportunity",
        "POST": "leads.add_opportunity",
    }
    filters = OpportunityFilters

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[Opportunity]:
        return with_relations(access.opportunities_visible_to(request.user))

    def represent(self, row: Opportunity) -> dict[str, Any]:
        return opportunity_of(row)

    def post(self, request: Request) -> Response:
        """Record a deal; 201 when it is new, 200 when it was known."""
        said = OpportunityBody.checked(request.data)
        system = system_of(request, said.pop("system", None))
        return _record(request, system, said.pop("external_id"), said)


class OpportunityByIdentity(PermittedView):
    """`/opportunities/by-identity/{system}/{external_id}/`."""

    required_permissions: ClassVar = {
        "GET": "leads.view_opportunity",
        "PUT": "leads.change_opportunity",
    }

    def get(self, request: Request, system: str, external_id: str) -> Response:
        """Read the deal that another system knows by this name."""
        IdentityBody.check(system, external_id)
        deals = with_relations(access.opportunities_visible_to(request.user))
        deal = get_object_or_404(deals, system=system, external_id=external_id)
        return Response(opportunity_of(deal))

    def put(self, request: Request, system: str, external_id: str) -> Response:
        """Record what is said about the deal of this name."""
        IdentityBody.check(system, external_id)
        said = UpsertBody.checked(request.data)
        return _record(request, system_of(request, system), external_id, said)


class OpportunityDetail(PermittedView):
    """`/opportunities/{id}/`."""

    required_permissions: ClassVar = {"GET": "leads.view_opportunity"}

    def get(self, request: Request, opportunity: UUID) -> Response:
        """Read a deal."""
        deals = with_relations(access.opportunities_visible_to(request.user))
        return Response(opportunity_of(get_object_or_404(deals, public_id=opportunity)))


def with_relations(deals: QuerySet[Opportunity]) -> QuerySet[Opportunity]:
    """Load what `opportunity_of` reads."""
    return deals.select_related("lead", "account", "owner", "sourced_by")


def opportunity_of(deal: Opportunity) -> dict[str, Any]:
    """Write a deal; reads what `with_relations` loads."""
    return {
        "id": deal.public_id,
        "system": deal.system,
        "external_id": deal.external_id,
        "lead": deal.lead.public_id,
        "account": deal.account.public_id if deal.account else None,
        "name": deal.name,
        "stage": deal.stage,
        "amount": amount(deal.amount),
        "currency": deal.currency,
        "owner": deal.owner.email if deal.owner else None,
        "sourced_by": deal.sourced_by.email if deal.sourced_by else None,
        "opened_at": instant(deal.opened_at),
        "closed_at": instant(deal.closed_at),
        "loss_reason": deal.loss_reason,
        "anomalies": deal.anomalies,
        "created_at": instant(deal.created_at),
    }


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
    leads = access.leads_visible_to(request.user)
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
