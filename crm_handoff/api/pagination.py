"""Pages that stay put while rows come and go: keyset cursors over any ordering of a list.

Rows are in the order of one column and, where that ties, of the primary key. What is unknown
(null) comes last in ascending order and first in descending order, as PostgreSQL's indexes have
it. A page is found by the row beside it, never by counting: the thousandth costs what the first
does.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, NamedTuple, Self
from urllib.parse import urlencode

from django.contrib.admin.utils import get_fields_from_path
from django.core import signing
from django.core.exceptions import FieldDoesNotExist
from django.core.exceptions import ValidationError as Unusable
from django.db.models import F, Field, Model, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from django.http import QueryDict
from rest_framework.exceptions import ErrorDetail, ValidationError

PAGE_SIZE = 50
MOST_ROWS = 200
"""Rows of a page that names no size, and of the largest one."""

SIZE = re.compile(r"[0-9]{1,9}")

# Without an instant in it, so that the same page is written the same: its ETag depends on it.
SIGNER = signing.Signer(salt="crm_handoff.api.cursor")
KEY = "pk"
POSITION = "cursor_position"
NEWEST_FIRST = "-pk"


@dataclass(frozen=True, slots=True)
class Ordering:
    """How the rows of a list are ordered.

    `name` is as the caller said it (blank: nothing), `path` the column.
    """

    name: str
    path: str
    is_descending: bool

    @classmethod
    def chosen(cls, said: str, orderings: Mapping[str, str], *, otherwise: str) -> Self:
        """Return the ordering that a caller asks for: a name of the list, `-` turns it around.

        `otherwise` is the path (with `-` turned around) of a caller who says nothing.

        Raises:
            ValidationError: the list has no such ordering.
        """
        path = orderings.get(said.removeprefix("-")) if said else otherwise.removeprefix("-")
        if path is None:
            known = ", ".join(orderings) or "none"
            raise _refusal("ordering", f"This list can be ordered by: {known}.")
        return cls(said, path, (said or otherwise).startswith("-"))


class Cursor(NamedTuple):
    """A place between two rows: beside the row of this position and primary key."""

    ordering: str
    is_backward: bool
    position: Any
    pk: int

    def written(self) -> str:
        """Write it so that nobody can make or alter one: signed, and of no meaning outside."""
        return SIGNER.sign_object([*self[:2], _plain(self.position), self.pk])

    @classmethod
    def read(cls, text: str, *, ordering: Ordering) -> Self:
        """Read one of ours.

        Raises:
            ValidationError: it is not, or it belongs to another ordering.
        """
        try:
            cursor = cls(*SIGNER.unsign_object(text))
        except signing.BadSignature:
            raise _refusal("cursor", "This cursor is not one of ours: begin anew.") from None
        if cursor.ordering != ordering.name:
            raise _refusal("cursor", "This cursor belongs to another ordering: begin anew.")
        return cursor


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a list, and the cursors of the pages beside it (blank: there is none)."""

    rows: list[Any]
    next: str
    previous: str


def page_of(
    rows: QuerySet[Any], parameters: QueryDict, *, orderings: Mapping[str, str], otherwise: str
) -> Page:
    """Return the page that the query parameters `ordering`, `cursor` and `page_size` ask for.

    One query for the rows; two where the page spans known and unknown values.

    Raises:
        ValidationError: naming the parameter of no use.
    """
    ordering = Ordering.chosen(parameters.get("ordering", ""), orderings, otherwise=otherwise)
    size = _size_in(parameters.get("page_size"))
    written = parameters.get("cursor")
    cursor = Cursor.read(written, ordering=ordering) if written else None
    is_backward = cursor is not None and cursor.is_backward
    found = _beyond(rows, ordering, cursor, size + 1)
    page = found[:size][::-1] if is_backward else found[:size]
    is_more = len(found) > size
    has_next, has_previous = (cursor, is_more) if is_backward else (is_more, cursor)
    return Page(
        page,
        next=_beside(page[-1], ordering, is_backward=False) if page and has_next else "",
        previous=_beside(page[0], ordering, is_backward=True) if page and has_previous else "",
    )


def link(address: str, parameters: QueryDict, cursor: str) -> str | None:
    """Write the address of the page at a cursor; None when there is none."""
    if not cursor:
        return None
    said = [
        (name, value)
        for name, values in parameters.lists()
        if name != "cursor"
        for value in values
    ]
    return f"{address}?{urlencode([*said, ('cursor', cursor)])}"


def _beyond(
    rows: QuerySet[Any], ordering: Ordering, cursor: Cursor | None, most: int
) -> list[Any]:
    """Return at most `most` rows beyond the cursor, the nearest first."""
    is_backward = cursor is not None and cursor.is_backward
    is_down = ordering.is_descending is not is_backward
    sign = "-" if is_down else ""
    if ordering.path == KEY:
        in_order = rows.order_by(f"{sign}{KEY}")
        parts: Iterable[QuerySet[Any]] = [_past_key(in_order, cursor, is_down=is_down)]
    else:
        positioned = rows.annotate(**{POSITION: F(ordering.path)})
        in_order = positioned.order_by(f"{sign}{POSITION}", f"{sign}{KEY}")
        parts = _parts(in_order, ordering.path, cursor, is_down=is_down)
    found: list[Any] = []
    for part in parts:
        found += part[: most - len(found)]
        if len(found) == most:
            break
    return found


def _parts(
    rows: QuerySet[Any], path: str, cursor: Cursor | None, *, is_down: bool
) -> Iterator[QuerySet[Any]]:
    """Yield the rows beyond a cursor in parts that an index gives in order: known and unknown."""
    if cursor is None:
        yield rows
        return
    known, unknown = rows.filter(**{f"{path}__isnull": False}), {f"{path}__isnull": True}
    if cursor.position is None:
        yield _past_key(rows.filter(**unknown), cursor, is_down=is_down)
        if is_down:
            yield known
        return
    compare = TupleLessThan if is_down else TupleGreaterThan
    place = (_value_in(rows, cursor.position), cursor.pk)
    yield known.filter(compare(Tuple(F(path), F(KEY)), place))
    if not is_down and _may_be_unknown(rows.model, path):
        yield rows.filter(**unknown)


def _past_key(rows: QuerySet[Any], cursor: Cursor | None, *, is_down: bool) -> QuerySet[Any]:
    return rows.filter(**{"pk__lt" if is_down else "pk__gt": cursor.pk}) if cursor else rows


def _may_be_unknown(model: type[Model], path: str) -> bool:
    try:
        return any(field.null for field in get_fields_from_path(model, path))
    except FieldDoesNotExist:
        # Something that the list counts or computes.
        return True


def _beside(row: Any, ordering: Ordering, *, is_backward: bool) -> str:
    position = None if ordering.path == KEY else getattr(row, POSITION)
    return Cursor(ordering.name, is_backward, position, row.pk).written()


def _value_in(rows: QuerySet[Any], written: Any) -> Any:
    field: Field[Any, Any] = rows.query.annotations[POSITION].output_field
    try:
        return field.to_python(written)
    except Unusable:
        # The column became another since the cursor was given out.
        raise _refusal("cursor", "This cursor is of use no more: begin anew.") from None


def _plain(position: Any) -> Any:
    if position is None or isinstance(position, str | int | float):
        return position
    if isinstance(position, datetime | date | time):
        return position.isoformat()
    return str(position)


def _size_in(said: str | None) -> int:
    if said is None:
        return PAGE_SIZE
    if not (SIZE.fullmatch(said) and 1 <= int(said) <= MOST_ROWS):
        raise _refusal("page_size", f"Write a number from 1 to {MOST_ROWS}.")
    return int(said)


def _refusal(parameter: str, detail: str) -> ValidationError:
    return ValidationError({parameter: [ErrorDetail(detail, code="invalid")]})
