"""Bodies field by field: what is unknown or ours alone is refused by its name."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any, ClassVar
from uuid import UUID

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from crm_handoff.api.spellings import EmailField
from definitions.shapes import EARLIEST_YEAR, LATEST_YEAR

MONEY = {"max_digits": 14, "decimal_places": 2, "min_value": 0}
CURRENCY = r"^[A-Za-z]{3}\Z"
UNSAID: dict[str, Any] = {"required": False, "allow_null": True, "allow_blank": True}
"""Options of a field that may be left out; null or blank then says as little."""


class Body(serializers.Serializer[Any]):
    """A body that holds its own fields and no others; null or blank stands for “not said”.

    `server_owned` are names of fields that the product keeps by itself.
    """

    server_owned: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def checked(cls, data: Any) -> dict[str, Any]:
        """Return the values of a request's data.

        Raises:
            ValidationError: naming each field at fault.
        """
        return dict(_shared(cls).run_validation(data))

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping) and not data.keys() <= self.fields.keys():
            raise ValidationError(
                {name: [self._refusal_of(name)] for name in data if name not in self.fields}
            )
        return super().to_internal_value(data)

    def _refusal_of(self, name: str) -> ErrorDetail:
        if name in self.server_owned:
            return ErrorDetail(
                "This is kept by the product and cannot be written.", code="read_only"
            )
        return ErrorDetail("There is no such field.", code="unknown_field")


@cache
def _shared(body: type[Body]) -> Body:
    # Building a body copies its fields, which takes longer than a check; checking changes nothing.
    return body()


class Instant(serializers.DateTimeField):
    """An instant in ISO 8601 with its zone; without one nobody could say when it was."""

    default_error_messages = {
        "zone": "An instant must say its time zone, for example 2026-01-13T12:00:00Z.",
        "year": "This is not in the years that we keep.",
    }

    def enforce_timezone(self, value: datetime) -> datetime:
        if value.tzinfo is None:
            self.fail("zone")
        try:
            moment = value.astimezone(UTC)
        except OverflowError:
            self.fail("year")
        if not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
            self.fail("year")
        return moment


class IdentityBody(Body):
    """The name of a row in another system, as it stands in an address."""

    system = serializers.SlugField(max_length=64)
    external_id = serializers.CharField(max_length=200)

    @classmethod
    def check(cls, system: str, external_id: str) -> None:
        """Refuse a name that nothing can have.

        Raises:
            ValidationError: naming the part.
        """
        cls.checked({"system": system, "external_id": external_id})


class LeadNameBody(Body):
    """A lead as a system names it."""

    system = serializers.SlugField(required=False, max_length=64)
    external_id = serializers.CharField(required=False, max_length=200)
    email = EmailField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs.get("external_id") and not attrs.get("email"):
            raise ValidationError("Name the lead by external_id or email.", code="required")
        return attrs


class LeadReference(serializers.Field[Any, Any, Any, Any]):
    """A lead by our id (a UUID), or by an object with `external_id` or `email`."""

    default_error_messages = {
        "invalid": "Name the lead by its id, or by an object with external_id or email."
    }

    def to_internal_value(self, data: Any) -> UUID | dict[str, str]:
        if isinstance(data, dict):
            return LeadNameBody.checked(data)
        with suppress(ValueError):
            return UUID(str(data))
        raise ValidationError(self.error_messages["invalid"], code="invalid")


def text(max_length: int, **options: Any) -> serializers.CharField:
    """Build an optional text field; blank says that there is none."""
    return serializers.CharField(**UNSAID | options, max_length=max_length)


def key(**options: Any) -> serializers.SlugField:
    """Build an optional field that names something by its key."""
    return serializers.SlugField(
        **{"required": False, "allow_null": True, "max_length": 64} | options
    )


def money(**options: Any) -> serializers.DecimalField:
    """Build an optional amount: never negative, in a currency that another field names."""
    return serializers.DecimalField(**{"required": False, "allow_null": True} | MONEY | options)


def instant(moment: datetime | None) -> str | None:
    """Write an instant as ISO 8601 in UTC."""
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


def amount(value: Decimal | None) -> str | None:
    """Write an amount as text, so that no reader takes it for a binary fraction."""
    return None if value is None else str(value)


def require_currency(attrs: dict[str, Any], *amounts: str) -> None:
    """Refuse an amount without the currency that it is in.

    Raises:
        ValidationError: naming the currency.
    """
    if any(attrs.get(name) is not None for name in amounts) and not attrs.get("currency"):
        raise ValidationError({"currency": ["An amount needs its currency."]}, code="required")
