"""Values that callers spell in their own ways, stored in one: as files are read, so the API.

Countries and languages by code or by name, currencies, e-mail addresses, domains, telephones.
"""

from typing import Any, ClassVar

from rest_framework import serializers

from leads import addresses, cells, places
from leads.phones import normalize_phone

LONGEST_NAME, LONGEST_EMAIL = 100, 254


class CodeField(serializers.CharField):
    """A text that `code_of` knows; its code is the value."""

    fault: ClassVar[str] = "unknown"

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_length": LONGEST_NAME} | options)

    def to_internal_value(self, data: Any) -> str:
        said = super().to_internal_value(data)
        try:
            return self.code_of(said)
        except ValueError as error:
            raise serializers.ValidationError(f"“{said}” {error}", code=self.fault) from None

    def code_of(self, said: str) -> str:
        """Return the code of a text.

        Raises:
            ValueError: it has none; the message goes on after the text.
        """
        raise NotImplementedError


class CountryField(CodeField):
    """A country by its code or name; its ISO 3166-1 alpha-2 code is the value."""

    def code_of(self, said: str) -> str:
        return places.country_of(said)


class LanguageField(CodeField):
    """A language by its code or name; its ISO 639-1 code is the value."""

    def code_of(self, said: str) -> str:
        return places.language_of(said)


class CurrencyField(CodeField):
    """A currency by its code, in upper or lower case; its ISO 4217 code is the value."""

    fault = "invalid"

    def code_of(self, said: str) -> str:
        return cells.currency(said)


class EmailField(CodeField):
    """An e-mail address; its domain is in lower case."""

    fault = "invalid"

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_length": LONGEST_EMAIL} | options)

    def code_of(self, said: str) -> str:
        return addresses.normalize_email(said)


class DomainField(CodeField):
    """A company's domain, also out of the address of its site."""

    fault = "invalid"

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_length": addresses.LONGEST_DOMAIN} | options)

    def code_of(self, said: str) -> str:
        return addresses.normalize_domain(said)


def dialed(attrs: dict[str, Any]) -> dict[str, Any]:
    """Return values with the telephone number in E.164, by their country or their company's.

    Raises:
        ValidationError: naming the telephone number.
    """
    said = attrs.get("phone")
    if not said:
        return attrs
    region = attrs.get("country") or (attrs.get("account") or {}).get("country") or ""
    try:
        return attrs | {"phone": normalize_phone(said, region=region)}
    except ValueError as reason:
        raise serializers.ValidationError({"phone": [f"“{said}” {reason}"]}) from None


class Spelled(serializers.ListField):
    """A list in which nothing stands twice; the order is kept."""

    def to_internal_value(self, data: Any) -> list[Any]:
        return list(dict.fromkeys(super().to_internal_value(data)))
