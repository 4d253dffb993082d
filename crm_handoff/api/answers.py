"""Answers: what a row looks like to a caller, field by field, whole or in part."""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any, Self

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from crm_handoff.api.fields import instant


class Answer(serializers.Serializer[Any]):
    """How a row is written; each field says where it comes from."""

    @classmethod
    def written(cls, row: Any, fields: str | None = None) -> dict[str, Any]:
        """Write one row; `fields` names the wanted fields, parted by commas (None: all).

        Raises:
            ValidationError: `fields` names something that the row does not have.
        """
        return cls._choosing(fields).to_representation(row)

    @classmethod
    def written_each(cls, rows: Iterable[Any], fields: str | None = None) -> list[dict[str, Any]]:
        """Write rows one by one; see `written`."""
        answer = cls._choosing(fields)
        return [answer.to_representation(row) for row in rows]

    @classmethod
    def _choosing(cls, names: str | None) -> Self:
        answer: Self = _shared(cls)
        if names is None:
            return answer
        wanted = {name.strip() for name in names.split(",")}
        if unknown := sorted(wanted - answer.fields.keys()):
            known = ", ".join(answer.fields)
            detail = f"There is no field “{unknown[0]}”; there are: {known}."
            raise ValidationError({"fields": [ErrorDetail(detail, code="unknown_field")]})
        chosen = cls()
        for name in answer.fields.keys() - wanted:
            del chosen.fields[name]
        return chosen


class InstantField(serializers.DateTimeField):
    """An instant as ISO 8601 in UTC, whatever zone the caller lives in."""

    def to_representation(self, value: datetime) -> Any:
        return instant(value)


def key(source: str) -> serializers.SlugField:
    """Build a field that names another row by its key; null when there is none."""
    return serializers.SlugField(source=f"{source}.key", allow_null=True)


def amount(**options: Any) -> serializers.DecimalField:
    """Build an amount of money, as text with two decimal places; null when it is not known."""
    return serializers.DecimalField(
        max_digits=14, decimal_places=2, **{"allow_null": True} | options
    )


class VersionAnswer(Answer):
    """A version of a definition; reads the definition."""

    definition = serializers.SlugField(source="definition.key")
    number = serializers.IntegerField()


class ListAnswer(Answer):
    """A page of a list; each kind of list adds what its `results` are."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class ProblemFault(Answer):
    """One thing that is wrong with a request."""

    field = serializers.CharField()
    row = serializers.IntegerField(required=False)
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemDetails(Answer):
    """Why a request was refused (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    # A field of that name is a field: the metaclass takes it out of the attributes.
    errors = ProblemFault(many=True, required=False)  # type: ignore[assignment]


@cache
def _shared(answer: type[Any]) -> Any:
    # Building an answer copies its fields, which takes longer than writing a row.
    return answer()
