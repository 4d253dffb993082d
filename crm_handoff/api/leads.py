"""Leads: create, upsert by identity, read, list."""

from typing import Any, ClassVar

import django_filters
from django.db.models import Exists, OuterRef, QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from crm_handoff.api import answers
from crm_handoff.api.answers import Answer, InstantField, VersionAnswer
from crm_handoff.api.errors import DOMAIN_PROBLEMS, Problem
from crm_handoff.api.fields import (
    UNSAID,
    Body,
    IdentityBody,
    Instant,
    key,
    money,
    require_currency,
    text,
)
from crm_handoff.api.filters import (
    Filters,
    TruthFilter,
    at_least,
    at_most,
    before,
    id_of,
    key_of,
    same_text,
    since,
)
from crm_handoff.api.spellings import (
    CountryField,
    CurrencyField,
    DomainField,
    EmailField,
    LanguageField,
    dialed,
)
from crm_handoff.api.views import DetailView, ListView, system_of
from crm_handoff.people import access
from leads import attributes, intake, phones
from leads.enums import Stage
from leads.models import Lead, LeadIdentity

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
        "account_reason",
    }
)


class AccountBody(Body):
    """What is known about a lead's company."""

    name = text(200)
    domain = DomainField(**UNSAID)
    parent_domain = DomainField(**UNSAID)
    country = CountryField(**UNSAID)
    region = text(64)
    industry = text(64)
    employee_count = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=BIGGEST_COUNT
    )
    revenue = money()
    expected_acv = money()
    currency = CurrencyField(**UNSAID)
    funding_stage = text(32)
    tier = text(32)
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


class NamedLeadBody(Body):
    """What is said about a lead whose identity stands in the address."""

    email = EmailField(**UNSAID)
    first_name = text(100)
    last_name = text(100)
    job_title = text(200)
    phone = text(phones.LONGEST)
    country = CountryField(**UNSAID)
    region = text(64)
    language = LanguageField(**UNSAID)
    product_line = text(64)
    # A field of that name is a field: the metaclass takes it out of the attributes.
    source = key()  # type: ignore[assignment]
    campaign = key()
    persona = key()
    expected_acv = money()
    currency = CurrencyField(**UNSAID)
    account = AccountBody(required=False, allow_null=True)
    effective_at = Instant(required=False, allow_null=True)

    server_owned: ClassVar[frozenset[str]] = SERVER_OWNED

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        require_currency(attrs, "expected_acv")
        return dialed(attrs)


class LeadBody(NamedLeadBody):
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


class LeadIdentityAnswer(Answer):
    """The name of a lead in another system."""

    system = serializers.CharField()
    external_id = serializers.CharField()


class LeadAccountAnswer(Answer):
    """A lead's company."""

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField()
    domain = serializers.CharField()
    country = serializers.CharField()
    region = serializers.CharField()
    industry = serializers.CharField()
    employee_count = serializers.IntegerField(allow_null=True)
    revenue = answers.amount()
    expected_acv = answers.amount()
    currency = serializers.CharField()
    funding_stage = serializers.CharField()
    tier = serializers.CharField()
    technologies = serializers.ListField(child=serializers.CharField())
    is_target = serializers.BooleanField()


class LeadAnswer(Answer):
    """A lead; reads what `with_relations` loads."""

    id = serializers.UUIDField(source="public_id")
    identities = LeadIdentityAnswer(many=True)
    email = serializers.CharField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    job_title = serializers.CharField()
    phone = serializers.CharField()
    country = serializers.CharField()
    region = serializers.CharField()
    language = serializers.CharField()
    product_line = serializers.CharField()
    # A field of that name is a field: the metaclass takes it out of the attributes.
    source = answers.key("source")  # type: ignore[assignment]
    campaign = answers.key("campaign")
    persona = answers.key("persona")
    expected_acv = answers.amount()
    currency = serializers.CharField()
    account = LeadAccountAnswer(allow_null=True)
    account_reason = serializers.CharField()
    stage = serializers.ChoiceField(choices=Stage.choices)
    stage_at = InstantField(allow_null=True)
    version = VersionAnswer(allow_null=True)
    no_longer_meets = serializers.BooleanField()
    cool_off_until = InstantField(allow_null=True)
    recycle_count = serializers.IntegerField()
    created_at = InstantField()
    updated_at = InstantField()


class LeadOutcomeAnswer(Answer):
    """What became of a lead that was sent."""

    id = serializers.UUIDField()
    url = serializers.CharField()
    stage = serializers.ChoiceField(choices=Stage.choices)
    is_created = serializers.BooleanField()
    changed_fields = serializers.ListField(child=serializers.CharField())


class LeadFilters(Filters):
    """Narrow leads; `stage` may be given more than once."""

    id = django_filters.UUIDFilter(field_name="public_id")
    stage = django_filters.MultipleChoiceFilter(choices=Stage.choices)
    stage_since = since("stage_at")
    stage_before = before("stage_at")
    email = same_text("email")
    first_name = same_text("first_name")
    last_name = same_text("last_name")
    job_title = same_text("job_title")
    phone = django_filters.CharFilter()
    country = same_text("country")
    region = same_text("region")
    language = same_text("language")
    product_line = same_text("product_line")
    source = key_of("source")
    campaign = key_of("campaign")
    persona = key_of("persona")
    account = id_of("account")
    definition = django_filters.CharFilter(field_name="version__definition__key")
    expected_acv_min = at_least("expected_acv")
    expected_acv_max = at_most("expected_acv")
    currency = same_text("currency")
    system = django_filters.CharFilter(method="known_to")
    external_id = django_filters.CharFilter(method="known_as")
    no_longer_meets = TruthFilter()
    cool_off_until_since = since("cool_off_until")
    cool_off_until_before = before("cool_off_until")
    recycle_count_min = at_least("recycle_count")
    recycle_count_max = at_most("recycle_count")
    created_since = since("created_at")
    created_before = before("created_at")
    updated_since = since("updated_at")
    updated_before = before("updated_at")

    class Meta:
        model = Lead
        fields: ClassVar[list[str]] = []

    def known_to(self, leads: QuerySet[Lead], name: str, system: str) -> QuerySet[Lead]:
        """Narrow to the leads that a system knows."""
        return leads.filter(Exists(_identities(system=system)))

    def known_as(self, leads: QuerySet[Lead], name: str, external_id: str) -> QuerySet[Lead]:
        """Narrow to the leads that some system knows by this name."""
        return leads.filter(Exists(_identities(external_id=external_id)))


def _identities(**named: str) -> QuerySet[LeadIdentity]:
    return LeadIdentity.objects.filter(lead=OuterRef("pk"), **named)


class LeadList(ListView):
    """`/leads/`."""

    required_permissions: ClassVar = {"GET": "leads.view_lead", "POST": "leads.add_lead"}
    answer = LeadAnswer
    body = LeadBody
    outcome = LeadOutcomeAnswer
    filters = LeadFilters
    orderings: ClassVar = {"updated_at": "updated_at", "stage": "stage"}
    search_fields = ("email", "first_name", "last_name", "account__name")

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[Lead]:
        return with_relations(access.leads.visible_to(request.user))

    def post(self, request: Request) -> Response:
        """Record a lead; 201 when it is new, 200 when it was known and what is said was added."""
        said = LeadBody.checked(request.data)
        system = system_of(request, said.pop("system", None))
        return _record(system, said.pop("external_id", None) or "", said)


class LeadByIdentity(DetailView):
    """`/leads/by-identity/{system}/{external_id}/`."""

    required_permissions: ClassVar = {"GET": "leads.view_lead", "PUT": "leads.change_lead"}
    answer = LeadAnswer
    body = NamedLeadBody
    outcome = LeadOutcomeAnswer

    def row(self, request: Request, **kwargs: Any) -> Lead:
        IdentityBody.check(kwargs["system"], kwargs["external_id"])
        return get_object_or_404(
            with_relations(access.leads.visible_to(request.user)),
            identities__system=kwargs["system"],
            identities__external_id=kwargs["external_id"],
        )

    def put(self, request: Request, system: str, external_id: str) -> Response:
        """Record what is said about the lead of this name; what is left out stays as it is."""
        IdentityBody.check(system, external_id)
        said = NamedLeadBody.checked(request.data)
        return _record(system_of(request, system), external_id, said)


class LeadDetail(DetailView):
    """`/leads/{id}/`."""

    required_permissions: ClassVar = {"GET": "leads.view_lead"}
    answer = LeadAnswer

    def row(self, request: Request, **kwargs: Any) -> Lead:
        leads = with_relations(access.leads.visible_to(request.user))
        return get_object_or_404(leads, public_id=kwargs["lead"])


def with_relations(leads: QuerySet[Lead]) -> QuerySet[Lead]:
    """Load what `LeadAnswer` reads: one query more, for the identities, however many leads."""
    return leads.select_related(
        "account", "source", "campaign", "persona", "version__definition"
    ).prefetch_related("identities")


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
