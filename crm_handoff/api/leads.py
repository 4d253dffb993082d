"""Leads: create, upsert by identity, read, list."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from crm_handoff.api.errors import DOMAIN_PROBLEMS, Problem
from crm_handoff.api.fields import (
    COUNTRY,
    CURRENCY,
    LANGUAGE,
    Body,
    IdentityBody,
    Instant,
    amount,
    code,
    instant,
    key,
    money,
    require_currency,
    text,
)
from crm_handoff.api.filters import LeadFilters
from crm_handoff.api.views import ListView, PermittedView, system_of
from crm_handoff.people import access
from leads import attributes, intake
from leads.models import Lead

DOMAIN_PROBLEMS.update(
    {
        intake.IdentityConflict: Problem(
            409, "identity_conflict", "E-mail and external id name different leads"
        ),
        intake.UnknownKey: Problem(400, "unknown_key", "A key names nothing"),
    }
)

BIGGEST_COUNT = 2_147_483_647
SERVER_OWNED = frozenset(
    {
        "id",
        "stage",
        "stage_at",
        "score",
        "points",
        "owner",
        "version",
        "latest_evaluation",
        "no_longer_meets",
        "cool_off_until",
        "recycle_count",
        "created_at",
        "updated_at",
        "received_at",
        "identities",
    }
)


class AccountBody(Body):
    """What is known about a lead's company."""

    name = text(200)
    domain = text(253)
    parent_domain = text(253)
    country = code(COUNTRY)
    region = text(64)
    industry = text(64)
    employee_count = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=BIGGEST_COUNT
    )
    revenue = money()
    expected_acv = money()
    currency = code(CURRENCY)
    funding_stage = text(32)
    technologies = serializers.ListField(
        child=serializers.CharField(max_length=64), required=False, allow_null=True, max_length=200
    )
    is_target = serializers.BooleanField(required=False, allow_null=True, default=None)

    server_owned: ClassVar[frozenset[str]] = frozenset({"id", "created_at"})

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs.get("name") and not attrs.get("domain"):
            raise serializers.ValidationError(
                {"domain": ["An account needs a domain or a name."]}, code="required"
            )
        require_currency(attrs, "revenue", "expected_acv")
        return attrs


class UpsertBody(Body):
    """What is said about a lead whose identity stands in the address."""

    email = serializers.EmailField(required=False, allow_null=True, max_length=254)
    first_name = text(100)
    last_name = text(100)
    job_title = text(200)
    phone = text(32)
    country = code(COUNTRY)
    region = text(64)
    language = code(LANGUAGE)
    # A field of that name is a field: the metaclass takes it out of the attributes.
    source = key()  # type: ignore[assignment]
    campaign = key()
    persona = key()
    expected_acv = money()
    currency = code(CURRENCY)
    account = AccountBody(required=False, allow_null=True)
    effective_at = Instant(required=False, allow_null=True)

    server_owned: ClassVar[frozenset[str]] = SERVER_OWNED

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        require_currency(attrs, "expected_acv")
        return attrs


class LeadBody(UpsertBody):
    """What is said about a lead."""

    system = key()
    external_id = text(200)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs.get("external_id") and not attrs.get("email"):
            raise serializers.ValidationError(
                {"external_id": ["A lead needs an external id or an e-mail address."]},
                code="required",
            )
        return super().validate(attrs)


class LeadList(ListView):
    """`/leads/`."""

    required_permissions: ClassVar = {"GET": "leads.view_lead", "POST": "leads.add_lead"}
    filters = LeadFilters

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[Lead]:
        return with_relations(access.leads_visible_to(request.user))

    def represent(self, row: Lead) -> dict[str, Any]:
        return lead_of(row)

    def post(self, request: Request) -> Response:
        """Record a lead; 201 when it is new, 200 when it was known and what is said was added."""
        said = LeadBody.checked(request.data)
        system = system_of(request, said.pop("system", None))
        return _record(system, said.pop("external_id", None) or "", said)


class LeadByIdentity(PermittedView):
    """`/leads/by-identity/{system}/{external_id}/`."""

    required_permissions: ClassVar = {"GET": "leads.view_lead", "PUT": "leads.change_lead"}

    def get(self, request: Request, system: str, external_id: str) -> Response:
        """Read the lead that another system knows by this name."""
        IdentityBody.check(system, external_id)
        lead = get_object_or_404(
            with_relations(access.leads_visible_to(request.user)),
            identities__system=system,
            identities__external_id=external_id,
        )
        return Response(lead_of(lead))

    def put(self, request: Request, system: str, external_id: str) -> Response:
        """Record what is said about the lead of this name; what is left out stays as it is."""
        IdentityBody.check(system, external_id)
        said = UpsertBody.checked(request.data)
        return _record(system_of(request, system), external_id, said)


class LeadDetail(PermittedView):
    """`/leads/{id}/`."""

    required_permissions: ClassVar = {"GET": "leads.view_lead"}

    def get(self, request: Request, lead: UUID) -> Response:
        """Read a lead."""
        leads = with_relations(access.leads_visible_to(request.user))
        return Response(lead_of(get_object_or_404(leads, public_id=lead)))


def with_relations(leads: QuerySet[Lead]) -> QuerySet[Lead]:
    """Load what `lead_of` reads: one query more, for the identities, however many leads."""
    return leads.select_related(
        "account", "source", "campaign", "persona", "version__definition"
    ).prefetch_related("identities")


def lead_of(lead: Lead) -> dict[str, Any]:
    """Write a lead; reads what `with_relations` loads."""
    return {
        "id": lead.public_id,
        "identities": [
            {"system": identity.system, "external_id": identity.external_id}
            for identity in lead.identities.all()
        ],
        "email": lead.email,
        "first_name": lead.first_name,
        "last_name": lead.last_name,
        "job_title": lead.job_title,
        "phone": lead.phone,
        "country": lead.country,
        "region": lead.region,
        "language": lead.language,
        "source": lead.source.key if lead.source else None,
        "campaign": lead.campaign.key if lead.campaign else None,
        "persona": lead.persona.key if lead.persona else None,
        "expected_acv": amount(lead.expected_acv),
        "currency": lead.currency,
        "account": _account_of(lead),
        "stage": lead.stage,
        "stage_at": instant(lead.stage_at),
        "version": version_of(lead.version),
        "no_longer_meets": lead.no_longer_meets,
        "cool_off_until": instant(lead.cool_off_until),
        "recycle_count": lead.recycle_count,
        "created_at": instant(lead.created_at),
        "updated_at": instant(lead.updated_at),
    }


def version_of(version: Any) -> dict[str, Any] | None:
    """Name a version of a definition; reads the definition."""
    if version is None:
        return None
    return {"definition": version.definition.key, "number": version.number}


def _account_of(lead: Lead) -> dict[str, Any] | None:
    account = lead.account
    if account is None:
        return None
    return {
        "id": account.public_id,
        "name": account.name,
        "domain": account.domain,
        "country": account.country,
        "region": account.region,
        "industry": account.industry,
        "employee_count": account.employee_count,
        "revenue": amount(account.revenue),
        "expected_acv": amount(account.expected_acv),
        "currency": account.currency,
        "funding_stage": account.funding_stage,
        "technologies": account.technologies,
        "is_target": account.is_target,
    }


def _record(system: str, external_id: str, said: dict[str, Any]) -> Response:
    account = said.pop("account", None)
    effective_at = said.pop("effective_at", None)
    facts = intake.LeadFacts(
        system=system,
        external_id=external_id,
        account=intake.AccountFacts(**account) if account else None,
        **said,
    )
    outcome = intake.record_lead(facts, received_at=timezone.now(), effective_at=effective_at)
    url = reverse("api:lead", args=[outcome.lead.public_id])
    return Response(
        {
            "id": outcome.lead.public_id,
            "url": url,
            "stage": outcome.lead.stage,
            "is_created": outcome.is_created,
            "changed_fields": sorted(map(attributes.name_of, outcome.changed_fields)),
        },
        status=201 if outcome.is_created else 200,
        headers={"Location": url},
    )
