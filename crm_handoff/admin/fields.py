"""Form fields that several administration pages share."""

import zoneinfo
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django import forms
from django.contrib.postgres.forms import SimpleArrayField
from unfold.widgets import UnfoldAdminSelect2Widget, UnfoldAdminTextInputWidget

Choices = list[tuple[str, str]]


class ZoneField(forms.ChoiceField):
    """One of the IANA zones that this machine knows."""

    def __init__(self, *, blank_label: str = "", **options: Any) -> None:
        super().__init__(
            choices=lambda: [("", blank_label or "Choose a zone"), *_zones()],
            widget=UnfoldAdminSelect2Widget,
            required=not blank_label,
            **options,
        )


class ListField(SimpleArrayField):
    """Several values in one line, separated by commas; `spelled` makes each alike."""

    widget = UnfoldAdminTextInputWidget

    def __init__(
        self, *, spelled: Callable[[Any], Any] = str, value: forms.Field, **options: Any
    ) -> None:
        super().__init__(value, required=False, **options)
        self.spelled = spelled

    def to_python(self, value: Any) -> list[Any]:  # type: ignore[override]
        values = [self.spelled(part) for part in super().to_python(value) if part]
        return list(dict.fromkeys(values))

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list) else value


def country_codes(**options: Any) -> ListField:
    """Return a field for countries: ISO 3166-1 alpha-2."""
    return _codes("Two-letter country codes: DE, AT, CH.", spelled=str.upper, **options)


def language_codes(**options: Any) -> ListField:
    """Return a field for languages: ISO 639-1."""
    return _codes("Two-letter language codes: en, de.", spelled=str.lower, **options)


def words(help_text: str, **options: Any) -> ListField:
    """Return a field for short texts, 64 characters each at most."""
    return ListField(value=forms.CharField(max_length=64), help_text=help_text, **options)


def _codes(help_text: str, **options: Any) -> ListField:
    code = forms.RegexField(
        r"^[A-Za-z]{2}$",
        strip=True,
        error_messages={"invalid": "Write two letters, for example DE."},
    )
    return ListField(value=code, help_text=help_text, **options)


@lru_cache(maxsize=1)
def _zones() -> Choices:
    return [(name, name.replace("_", " ")) for name in sorted(zoneinfo.available_timezones())]
