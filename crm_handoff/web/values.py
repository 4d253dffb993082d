"""Values of facts and what criteria want of them, in people's words and the reader's language."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm_handoff.web import tags
from definitions.vocabulary import Operator

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


def words(value: Any, unit: str = "") -> str:
    """Write a fact's value for people: numbers with thousands and unit, lists, yes and no."""
    if value is None:
        return _("not known")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list | tuple):
        return _choices([words(item) for item in value])
    if isinstance(value, int | float | Decimal):
        return UNITS[unit](_number(value), _count(value))
    return tags.words(value)


def wanted_words(operator: str, wanted: Any, unit: str = "") -> str:
    """Write what a criterion wants: "at least 4 touchpoints", "50 to 2,000 people"."""
    sentence = SENTENCES[operator]()
    if operator == Operator.BETWEEN:
        least, most = wanted
        return sentence % {"least": words(least), "value": words(most, unit)}
    return sentence % {"value": words(wanted, unit)}


def _number(value: float | Decimal) -> str:
    places = 0 if value == int(value) else 2
    return str(number_format(value, decimal_pos=places, use_l10n=True, force_grouping=True))


def _count(value: float | Decimal) -> int:
    """Return the count by which a language chooses its plural."""
    return int(value) if value == int(value) else 2


def _choices(items: list[str]) -> str:
    if len(items) <= MOST_CHOICES:
        return ", ".join(items) or _("none")
    more = len(items) - MOST_CHOICES
    return ngettext("%(items)s and %(count)s more", "%(items)s and %(count)s more", more) % {
        "items": ", ".join(items[:MOST_CHOICES]),
        "count": more,
    }
