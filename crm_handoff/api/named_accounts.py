"""Named accounts: companies whose leads go to one rep."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from crm_handoff.api.answers import Answer, InstantField
from crm_handoff.api.edits import EditBody
from crm_handoff.api.filters import Filters, before, id_of, since
from crm_handoff.api.items import EditableListView, RemovableItemView
from crm_handoff.api.reps import RepName, rep_reference
from crm_handoff.people import access
from leads.models import Account
from routing.models import NamedAccount


class AccountName(Answer):
    """An account as other rows name it."""

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField()


class NamedAccountAnswer(Answer):
    """An account and the rep who receives its leads."""

    account = AccountName()
    rep = RepName()
    updated_at = InstantField()


class NamedAccountPatch(EditBody):
    """What may change about a named account."""

    rep = rep_reference()

    server_owned: ClassVar[frozenset[str]] = frozenset({"account", "updated_at"})


class NamedAccountBody(NamedAccountPatch):
    """A new named account."""

    account = serializers.SlugRelatedField(slug_field="public_id", queryset=Account.objects.all())

    server_owned: ClassVar[frozenset[str]] = frozenset({"updated_at"})


class NamedAccountFilters(Filters):
    """Narrow named accounts."""

    account = id_of("account")
    rep = id_of("rep")
    updated_since = since("updated_at")
    updated_before = before("updated_at")

    class Meta:
        model = NamedAccount
        fields: ClassVar[list[str]] = []


class NamedAccountList(EditableListView):
    """`/named-accounts/`."""

    required_permissions: ClassVar = {
        "GET": "routing.view_namedaccount",
        "POST": "routing.add_namedaccount",
    }
    answer = NamedAccountAnswer
    body = NamedAccountBody
    item = "named-account"
    filters = NamedAccountFilters
    orderings: ClassVar = {"account": "account__name", "updated_at": "updated_at"}
    search_fields = ("account__name", "account__domain", "rep__user__email")

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[NamedAccount]:
        return with_relations(access.routing.named_accounts_visible_to(request.user))

    def new(self, request: Request, said: dict[str, Any], **kwargs: Any) -> NamedAccount:
        return NamedAccount(**said)

    def address_of(self, row: NamedAccount) -> list[Any]:
        return [row.account.public_id]


class NamedAccountDetail(RemovableItemView):
    """`/named-accounts/{account}/`."""

    required_permissions: ClassVar = {
        "GET": "routing.view_namedaccount",
        "PATCH": "routing.change_namedaccount",
        "DELETE": "routing.delete_namedaccount",
    }
    answer = NamedAccountAnswer
    body = NamedAccountPatch
    found_by: ClassVar = {"account": "account__public_id"}

    def rows(self, request: Request) -> QuerySet[NamedAccount]:
        return with_relations(access.routing.named_accounts_visible_to(request.user))


def with_relations(rows: QuerySet[NamedAccount]) -> QuerySet[NamedAccount]:
    """Load what an answer reads."""
    return rows.select_related("account", "rep__user")
