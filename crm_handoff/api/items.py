"""One row by the name in its address, and lists that take new rows: for edited resources."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import Model, QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from crm_handoff.api import edits
from crm_handoff.api.edits import EditBody
from crm_handoff.api.views import DetailView, ListView


class ItemView(DetailView):
    """One row; `found_by` says which column each part of the address names."""

    found_by: ClassVar[Mapping[str, str]]

    def rows(self, request: Request) -> QuerySet[Any]:
        """Return the rows that the caller may see, with all that `answer` reads."""
        raise NotImplementedError

    def row(self, request: Request, **kwargs: Any) -> Any:
        names = {self.found_by[part]: value for part, value in kwargs.items()}
        return get_object_or_404(self.rows(request), **names)


class EditableItemView(ItemView):
    """One row that people edit."""

    body: ClassVar[type[EditBody]]

    @transaction.atomic
    def patch(self, request: Request, **kwargs: Any) -> Response:
        """Change what is said; what is left out stays as it is."""
        row = self.held(request, **kwargs)
        edits.change(row, self.values(row), request=request)
        return Response(self.answer.written(row))

    def held(self, request: Request, **kwargs: Any) -> Any:
        """Return the row as `row` does; another change of it waits until this one is saved."""
        names = {self.found_by[part]: value for part, value in kwargs.items()}
        rows = self.rows(request).select_for_update(of=("self",), no_key=True)
        return get_object_or_404(rows, **names)

    def values(self, row: Any) -> dict[str, Any]:
        """Return what the request says about the row, by the names of its columns.

        Raises:
            ValidationError: naming each field at fault.
        """
        return self.body.patched(self.request.data)


class RemovableItemView(EditableItemView):
    """One row that people edit and remove."""

    def delete(self, request: Request, **kwargs: Any) -> Response:
        """Remove it; 204."""
        edits.remove(self.row(request, **kwargs), request=request)
        return Response(status=204)


class EditableListView(ListView):
    """A list of rows that people make; `item` is the name of a row's address."""

    body: ClassVar[type[EditBody]]
    item: ClassVar[str]

    def post(self, request: Request, **kwargs: Any) -> Response:
        """Make one; 201 with it, 409 when there is one of its name."""
        row = self.new(request, self.body.checked(request.data), **kwargs)
        edits.create(row, request=request)
        location = reverse(f"api:{self.item}", args=self.address_of(row))
        return Response(self.answer.written(row), status=201, headers={"Location": location})

    def new(self, request: Request, said: dict[str, Any], **kwargs: Any) -> Model:
        """Return the row that is to be saved."""
        raise NotImplementedError

    def address_of(self, row: Any) -> list[Any]:
        """Return the parts of a row's address."""
        return [row.key]
