"""Values of facts and what criteria want of them, in people's words and the reader's language."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal
from unicodedata import normalize

from babel import Locale, UnknownLocaleError
from babel.lists import format_list
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from definitions.vocabulary import Operator
from leads import places

MOST_CHOICES = 4
"""Choices that are written out; the rest are counted."""

UNITS: dict[str, Callable[[str, Any], str]] = {
    "": lambda number, _count: number,
    "assets": lambda number, count: (
        ngettext("%(number)s asset", "%(number)s assets", count) % {"number": number}
    ),
    "channels": lambda number, count: (
        ngettext("%(number)s channel", "%(number)s channels", count) % {"number": number}
    ),
    "days": lambda number, count: (
        ngettext("%(number)s day", "%(number)s days", count) % {"number": number}
    ),
    "organization's currency": lambda number, _count: number,
    "people": lambda number, count: (
        ngettext("%(number)s person", "%(number)s people", count) % {"number": number}
    ),
    "percent": lambda number, _count: _("%(number)s percent") % {"number": number},
    "touchpoints": lambda number, count: (
        ngettext("%(number)s touchpoint", "%(number)s touchpoints", count) % {"number": number}
    ),
}
"""How a number is written with each unit of the vocabulary; total."""

SENTENCES: dict[str, Callable[[], str]] = {
    Operator.AT_LEAST: lambda: _("at least %(value)s"),
    Operator.AT_MOST: lambda: _("at most %(value)s"),
    Operator.IS: lambda: _("%(value)s"),
    Operator.IS_NOT: lambda: _("not %(value)s"),
    Operator.ONE_OF: lambda: _("one of %(value)s"),
    Operator.NONE_OF: lambda: _("none of %(value)s"),
    Operator.ANY_OF: lambda: _("any of %(value)s"),
    Operator.KNOWN: lambda: _("known"),
    Operator.UNKNOWN: lambda: _("not known"),
    Operator.BETWEEN: lambda: _("%(least)s to %(value)s"),
}
"""What each operator wants of a value; total."""


LARGE_NOUNS = frozenset({"de"})
"""Languages in which a noun begins large wherever it stands."""

DURATIONS: dict[int, Callable[[int], str]] = {
    3600: lambda count: ngettext("%(n)s hour", "%(n)s hours", count),
    60: lambda count: ngettext("%(n)s minute", "%(n)s minutes", count),
    1: lambda count: ngettext("%(n)s second", "%(n)s seconds", count),
}
"""Units of a duration by their seconds, largest first."""


def words(value: Any, unit: str = "", *, most: int | None = MOST_CHOICES) -> str:
    """Write a fact's value for people: numbers with thousands and unit, lists, yes and no.

    most: choices of a list that are written out; None writes all.
    """
    if value is None:
        return _("not known")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list | tuple):
        return _choices([words(item) for item in value], most)
    if isinstance(value, int | float | Decimal):
        return UNITS[unit](_number(value), _count(value))
    return plain(value)


def wanted_words(
    operator: str, wanted: Any, unit: str = "", *, most: int | None = MOST_CHOICES
) -> str:
    """Write what a criterion wants: "at least 4 touchpoints", "50 to 2,000 people".

    most: as with `words`.
    """
    sentence = SENTENCES[operator]()
    if operator == Operator.BETWEEN:
        least, high = wanted
        return sentence % {"least": words(least), "value": words(high, unit)}
    return sentence % {"value": words(wanted, unit, most=most)}


def plain(value: object) -> str:
    """Turn a stored word ("decision_maker") into people's words ("decision maker")."""
    text = str(value).replace("_", " ")
    return _(text) if text else ""


def within(label: object) -> str:
    """Write a label within a sentence: small, but for languages that write nouns large."""
    text = str(label)
    return text if get_language() in LARGE_NOUNS else text.lower()


def listed(items: Iterable[str], *, style: Literal["standard", "or"] = "standard") -> str:
    """Write a list as the reader's language does: "a, b, and c", "a or b"."""
    return format_list(list(items), style=style, locale=locale())


def duration(value: timedelta) -> str:
    """Write a duration in its largest whole unit up to hours: "15 minutes", "24 hours"."""
    seconds = int(value.total_seconds())
    unit = next(unit for unit in DURATIONS if seconds % unit == 0)
    count = seconds // unit
    return DURATIONS[unit](count) % {"n": _number(count)}


def absolute(instant: datetime) -> str:
    """Write an instant in full with its zone, for example "Tue 13 Jan 2026, 12:00 UTC"."""
    # Translators: an instant as Django's date format, for example “Tue 13 Jan 2026, 12:00 UTC”.
    return date_format(timezone.localtime(instant), _("D j M Y, H:i T"))


def country(code: str) -> str:
    """Write a country by its ISO 3166-1 code; what is no code stays as it is."""
    return str(locale().territories.get(code.upper(), code))


def countries() -> list[tuple[str, str]]:
    """Return the countries by ISO 3166-1 code, ordered by their names."""
    names = locale().territories
    known = [(code, name) for code, name in names.items() if places.is_country(code)]
    return sorted(known, key=lambda one: normalize("NFKD", one[1]).casefold())


def language(code: str) -> str:
    """Write a language by its ISO 639-1 code; what is no code stays as it is."""
    return str(locale().languages.get(code.lower(), code))


def locale() -> Locale:
    """Return how the reader's language writes things."""
    try:
        return Locale.parse(get_language() or "en", sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def _number(value: float | Decimal) -> str:
    places = 0 if value == int(value) else 2
    return str(number_format(value, decimal_pos=places, use_l10n=True, force_grouping=True))


def _count(value: float | Decimal) -> int:
    """Return the count by which a language chooses its plural."""
    return int(value) if value == int(value) else 2


def _choices(items: list[str], most: int | None) -> str:
    if most is None or len(items) <= most:
        return ", ".join(items) or _("none")
    more = len(items) - most
    return ngettext("%(items)s and %(count)s more", "%(items)s and %(count)s more", more) % {
        "items": ", ".join(items[:most]),
        "count": more,
    }
