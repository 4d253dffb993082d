"""Shares and sums of money in words."""

from collections.abc import Mapping
from decimal import Decimal

from babel import Locale, UnknownLocaleError
from babel.numbers import format_currency
from django.utils.formats import number_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from crm_handoff.reports.rates import Rate


def percent(rate: Rate) -> str:
    """Write a share as "64.3 %", a dash when there is no case."""
    if rate.pct is None:
        return "–"  # noqa: RUF001 - a dash is meant
    return pct(rate.pct)


def pct(value: float) -> str:
    """Write a percentage with at most one decimal, "10 %" or "4.5 %"."""
    rounded = round(value, 1)
    places = 0 if rounded == int(rounded) else 1
    return with_sign(number_format(rounded, places))


def with_sign(number: str) -> str:
    """Write a number of percent with its sign, between which no line may end."""
    return (_("%(number)s %%") % {"number": number}).replace(" ", "\N{NO-BREAK SPACE}")


def money(amounts: Mapping[str, Decimal]) -> str:
    """Write sums by currency, "€12,400 + US$3,000", without cents; blank when there are none."""
    locale = _locale()
    return " + ".join(
        format_currency(amount, currency, format="¤#,##0", locale=locale, currency_digits=False)
        for currency, amount in sorted(amounts.items())
    )


def _locale() -> Locale:
    try:
        return Locale.parse(get_language() or "en", sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")
