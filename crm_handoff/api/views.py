"""What all views share: a permission a method, lists in pages, one system a key."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from crm_handoff.api.errors import ForeignSystem
from crm_handoff.api.filters import Filters, NoFilters
from crm_handoff.api.pagination import CursorPagination
from crm_handoff.people.models import ApiKey

MANUAL = "manual"
"""The system of facts that a person sends without naming one."""


class PermittedView(APIView):
    """A view that names the permission of each of its methods; nobody may do the others."""

    required_permissions: ClassVar[dict[str, str]] = {}


class ListView(PermittedView):
    """A list in pages: `rows` says which, `represent` writes one of them."""

    filters: ClassVar[type[Filters]] = NoFilters

    def get(self, request: Request, **kwargs: Any) -> Response:
        """Answer one page."""
        rows = self.filters.narrow(self.rows(request, **kwargs), request.query_params)
        paginator = CursorPagination()
        page = paginator.paginate_queryset(rows, request, view=self)
        return paginator.get_paginated_response([self.represent(row) for row in page or ()])

    def rows(self, request: Request, **kwargs: Any) -> QuerySet[Any]:
        """Return the rows that the caller may see, with all that `represent` reads."""
        raise NotImplementedError

    def represent(self, row: Any) -> dict[str, Any]:
        """Write one row for the list."""
        raise NotImplementedError


def system_of(request: Request, said: str | None) -> str:
    """Return the external system for which a request speaks: a key's own, or what was said.

    Raises:
        ForeignSystem: a key names a system that is not its own.
    """
    if not isinstance(request.auth, ApiKey):
        return said or MANUAL
    if said and said != request.auth.system:
        raise ForeignSystem(f"This key sends the facts of “{request.auth.system}” alone.")
    return request.auth.system
