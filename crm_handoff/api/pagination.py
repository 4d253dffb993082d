"""Pages that stay put while rows are added: keyset cursors over the order of arrival."""

from typing import Any

from rest_framework import pagination
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.pagination import Cursor
from rest_framework.request import Request
from rest_framework.response import Response

BIGGEST_POSITION = 2**63 - 1


class CursorPagination(pagination.CursorPagination):
    """Newest first, by primary key: unique, so that no two rows share a place."""

    page_size_query_param = "page_size"
    max_page_size = 200
    ordering = "-pk"

    def decode_cursor(self, request: Request) -> Cursor | None:
        cursor = super().decode_cursor(request)
        if cursor is None or cursor.position is None:
            return cursor
        position = str(cursor.position)
        # A hand-made cursor must not reach the database as something that it cannot compare.
        is_digits = position.isascii() and position.isdigit()
        if not is_digits or int(position[:20]) > BIGGEST_POSITION:
            raise ValidationError(
                {"cursor": [ErrorDetail("This cursor is not one of ours.", code="invalid")]}
            )
        return cursor

    def get_paginated_response(self, data: Any) -> Response:
        return Response(
            {"next": self.get_next_link(), "previous": self.get_previous_link(), "results": data}
        )
