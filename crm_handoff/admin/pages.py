"""Lists of the administration, read a page at a time."""

from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.core.paginator import InvalidPage
from django.db import DataError
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.views import ChangeList


class PagedList(ChangeList):
    """A list that reads one page, and orders rows of one value as an index holds them."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._addresses: dict[tuple[str, str], str] = {}
        super().__init__(*args, **options)

    def get_results(self, request: HttpRequest) -> None:
        paginator = self.model_admin.get_paginator(request, self.queryset, self.list_per_page)
        try:
            self.page = paginator.page(self.page_num)
        except (InvalidPage, DataError):
            # No such page, or a filter by what its column cannot hold.
            raise IncorrectLookupParameters from None
        self.paginator = paginator
        self.result_list = self.page.object_list
        self.result_count = len(self.result_list)
        self.multi_page = self.page.has_other_pages()
        self.full_result_count = self.result_count
        self.show_full_result_count = False
        self.show_admin_actions = True
        self.can_show_all = False

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        ordering = list(super().get_ordering(request, queryset))
        first = ordering[0] if ordering else ""
        is_ascending = isinstance(first, str) and not first.startswith("-")
        return [*ordering[:-1], "pk"] if is_ascending and ordering[-1] == "-pk" else ordering

    def get_query_string(self, new_params: Any = None, remove: Any = None) -> str:
        # The theme asks for the addresses of all headers once for each row.
        asked = (str(new_params), str(remove))
        if asked not in self._addresses:
            self._addresses[asked] = super().get_query_string(new_params, remove)
        return self._addresses[asked]

    @property
    def following(self) -> str:
        """The address of the next page, blank on the last."""
        return self._address(self.page_num + 1) if self.page.has_next() else ""

    @property
    def preceding(self) -> str:
        """The address of the page before, blank on the first."""
        return self._address(self.page_num - 1) if self.page.has_previous() else ""

    def _address(self, number: int) -> str:
        address: str = self.get_query_string({"p": number})
        return address
