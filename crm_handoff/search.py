"""Rows that hold the words somebody searches for, found by the trigram indexes."""

from collections.abc import Iterator, Sequence
from functools import reduce
from operator import or_
from typing import Any

from django.contrib.admin.utils import get_fields_from_path
from django.db.models import F, Lookup, Model, Q, QuerySet, Value

MOST_SEARCH = 200
MOST_RELATED = 2000
"""Related rows that hold a text, up to which they are looked for first."""
LITERALLY = str.maketrans({character: f"\\{character}" for character in "\\%_"})
"""What stands for itself in a pattern, and must be written otherwise there."""


class UnsearchableText(ValueError):
    """The text is longer than anybody searches for, or holds what no text column can."""


class Like(Lookup[bool]):
    """`ILIKE`: a text holds another in upper or lower case, found by a trigram index."""

    lookup_name = "ilike"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, column_values = self.process_lhs(compiler, connection)
        pattern, values = self.process_rhs(compiler, connection)
        return f"{column} ILIKE {pattern}", (*column_values, *values)


def search(rows: QuerySet[Any], said: str, columns: Sequence[str]) -> QuerySet[Any]:
    """Narrow rows to those in which each word occurs in one of the text columns.

    `columns` may be paths to related texts, such as `account__name`; each relation is asked once
    for each word, at once.

    Raises:
        UnsearchableText: the text is of no use; the message says why.
    """
    if len(said) > MOST_SEARCH or "\0" in said:
        raise UnsearchableText(f"Write no more than {MOST_SEARCH} characters.")
    for word in said.split():
        pattern = f"%{word.translate(LITERALLY)}%"
        rows = rows.filter(reduce(or_, _holding(rows.model, pattern, columns)))
    return rows


def _holding(model: type[Model], pattern: str, columns: Sequence[str]) -> Iterator[Q]:
    """Yield conditions that an index can answer, of which a row that holds the text meets one.

    Texts of related rows are looked for first, since a condition across tables reads all rows; of
    a text that many hold, a page is soon full, and the condition does no harm.
    """
    of_relation: dict[str, list[str]] = {}
    for column in columns:
        relation, _, text = column.rpartition("__")
        of_relation.setdefault(relation, []).append(text)
    for relation, texts in of_relation.items():
        ids = _related(model, relation, pattern, texts) if relation else None
        if ids is not None and len(ids) <= MOST_RELATED:
            yield Q(**{f"{relation}__in": ids})
            continue
        for text in texts:
            yield Q(Like(F(f"{relation}__{text}" if relation else text), Value(pattern)))


def _related(model: type[Model], relation: str, pattern: str, texts: Sequence[str]) -> list[Any]:
    related: Any = get_fields_from_path(model, relation)[-1].related_model
    held = reduce(or_, (Q(Like(F(text), Value(pattern))) for text in texts))
    rows = related._default_manager.filter(held)
    return list(rows.values_list("pk", flat=True)[: MOST_RELATED + 1])
