"""Accounts: record, change, read, list."""

from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from crm_handoff.api.answers import Answer, InstantField
from crm_handoff.api.errors import DOMAIN_PROBLEMS, Problem
from crm_handoff.api.fields import Instant, key, require_currency
from crm_handoff.api.filters import (
    Filters,
    TruthFilter,
    at_least,
    at_most,
    before,
    id_of,
    same_text,
    since,
)
from crm_handoff.api.items import ItemView
from crm_handoff.api.leads import AccountBody, LeadAccountAnswer
from crm_handoff.api.views import ListView, system_of
from crm_handoff.people import access
from leads import accounts, attributes, companies, intake
from leads.models import Account

DOMAIN_PROBLEMS.update(
    {
        accounts.DomainTaken: Problem(
            409, "domain_taken", "The domain is another account's", field="domain"
        ),
        accounts.AccountOwnsItself: Problem(
            400, "account_owns_itself", "An account would own itself", field="parent_domain"
        ),
        companies.AccountNotNamed: Problem(
            400, "account_not_named", "An account needs a name or a domain", field="domain"
        ),
    }
)

SERVER_OWNED = frozenset({"id", "parent", "created_at", "updated_at", "received_at", "owner"})


class AccountAnswer(LeadAccountAnswer):
    """An account: `parent` is the id of the account that owns it."""

    # A field of that name is a field: the metaclass takes it out of the attributes.
    parent = serializers.UUIDField(  # type: ignore[assignment]
        source="parent.public_id", allow_null=True
    )
    created_at = InstantField()
    updated_at = InstantField()


class AccountPatch(AccountBody):
    """What is said about an account whose id stands in the address: null says nothing."""

    system = key()
    effective_at = Instant(required=False, allow_null=True)

    server_owned: ClassVar[frozenset[str]] = SERVER_OWNED

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        require_currency(attrs, "revenue", "expected_acv")
        return attrs


class AccountUpsert(AccountPatch):
    """What is said about an account, found by its domain, else by its name."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return AccountBody.validate(self, attrs)


class AccountOutcomeAnswer(Answer):
    """What became of an account that was sent."""

    id = serializers.UUIDField()
    url = serializers.CharField()
    is_created = serializers.BooleanField()
    changed_fields = serializers.ListField(child=serializers.CharField())


class AccountFilters(Filters):
    """Narrow accounts."""

    id = django_filters.UUIDFilter(field_name="public_id")
    name = same_text("name")
    domain = same_text("domain")
    country = same_text("country")
    region = same_text("region")
    industry = same_text("industry")
    employee_count_min = at_least("employee_count")
    employee_count_max = at_most("employee_count")
    revenue_min = at_least("revenue")
    revenue_max = at_most("revenue")
    expected_acv_min = at_least("expected_acv")
    expected_acv_max = at_most("expected_acv")
    currency = same_text("currency")
    funding_stage = same_text("funding_stage")
    tier = same_text("tier")
    technology = django_filters.CharFilter(method="using", label="One of its technologies")
    is_target = TruthFilter()
    parent = id_of("parent")
    created_since = since("created_at")
    created_before = before("created_at")
    updated_since = since("updated_at")
    updated_before = before("updated_at")

    class Meta:
        model = Account
        fields: ClassVar[list[str]] = []

    def using(self, rows: QuerySet[Account], name: str, technology: str) -> Any:
        """Narrow to the accounts that use a technology."""
        return rows.filter(technologies__contains=[technology])


class AccountList(ListView):
    """`/accounts/`."""

    required_permissions: ClassVar = {"GET": "leads.view_account", "POST": "leads.add_account"}
    answer = AccountAnswer
    body = AccountUpsert
    outcome = AccountOutcomeAnswer
    filters = AccountFilters
    orderings: ClassVar = {"name": "name", "updated_at": "updated_at"}
    search_fields = ("name", "domain")

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[Account]:
        return access.leads.accounts_visible_to(request.user).select_related("parent")

    def post(self, request: Request) -> Response:
        """Record an account; 201 when it is new, 200 when it was known and what is said added."""
        facts, options = _said(request, AccountUpsert.checked(request.data))
        outcome = intake.record_account(facts, received_at=timezone.now(), **options)
        return _answered(outcome)


class AccountDetail(ItemView):
    """`/accounts/{id}/`."""

    required_permissions: ClassVar = {
        "GET": "leads.view_account",
        "PATCH": "leads.change_account",
    }
    answer = AccountAnswer
    body = AccountPatch
    outcome = AccountOutcomeAnswer
    found_by: ClassVar = {"account": "public_id"}

    def rows(self, request: Request) -> QuerySet[Account]:
        return access.leads.accounts_visible_to(request.user).select_related("parent")

    def patch(self, request: Request, account: UUID) -> Response:
        """Record what is said about the account; what is left out stays as it is."""
        rows = access.leads.accounts_reportable_by(request.user).select_related("parent")
        row = get_object_or_404(rows, public_id=account)
        facts, options = _said(request, AccountPatch.checked(request.data))
        return _answered(accounts.revise(row, facts, received_at=timezone.now(), **options))


def _said(request: Request, said: dict[str, Any]) -> tuple[intake.AccountFacts, dict[str, Any]]:
    options = {
        "system": system_of(request, said.pop("system", None)),
        "effective_at": said.pop("effective_at", None),
    }
    return intake.AccountFacts(**said), options


def _answered(outcome: intake.AccountOutcome) -> Response:
    url = reverse("api:account", args=[outcome.account.public_id])
    return Response(
        {
            "id": outcome.account.public_id,
            "url": url,
            "is_created": outcome.is_created,
            "changed_fields": sorted(map(attributes.name_of, outcome.changed_fields)),
        },
        status=201 if outcome.is_created else 200,
        headers={"Location": url},
    )
