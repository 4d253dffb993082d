"""Lists in pages of which one knows only whether another follows: a table is never counted."""

from collections.abc import Sequence
from typing import Any

from django.core.paginator import EmptyPage, InvalidPage, Page, PageNotAnInteger, Paginator

MOST_PAGES = 200
"""Pages that can be leafed through; further on, the database would read all rows before."""


class RowsPage(Page[Any]):
    """One page of rows; `is_followed`: there are rows after it."""

    def __init__(
        self, rows: Sequence[Any], number: int, paginator: "LookAhead", *, is_followed: bool
    ) -> None:
        super().__init__(rows, number, paginator)
        self.is_followed = is_followed

    def has_next(self) -> bool:
        return self.is_followed and self.number < MOST_PAGES

    def has_other_pages(self) -> bool:
        return self.has_previous() or self.has_next()

    def start_index(self) -> int:
        return self.paginator.per_page * (self.number - 1) + 1

    def end_index(self) -> int:
        return self.start_index() + len(self.object_list) - 1


class LookAhead(Paginator[Any]):
    """Read the rows of a page and one more, in one query."""

    template_name = "admin/pages.html"

    def validate_number(self, number: Any) -> int:
        """Return the page's number.

        Raises:
            PageNotAnInteger: it is no number.
            EmptyPage: there is no such page, or it is too far on.
        """
        try:
            valid = int(number)
        except (TypeError, ValueError):
            raise PageNotAnInteger("Pages are numbered.") from None
        if not 1 <= valid <= MOST_PAGES:
            raise EmptyPage("Narrow the list down to see rows further on.")
        return valid

    def get_page(self, number: Any) -> RowsPage:
        """Return a page, the first when there is none of that number; one query."""
        try:
            return self.page(number)
        except InvalidPage:
            return self.page(1)

    def page(self, number: Any) -> RowsPage:
        """Return a page; one query.

        Raises:
            InvalidPage: as `validate_number` says.
        """
        valid = self.validate_number(number)
        begin = (valid - 1) * self.per_page
        rows = list(self.object_list[begin : begin + self.per_page + 1])
        return RowsPage(rows[: self.per_page], valid, self, is_followed=len(rows) > self.per_page)
