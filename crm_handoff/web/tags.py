"""Template tags of the product's pages."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django import template
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from crm_handoff import reasons
from crm_handoff.agreements import values
from crm_handoff.web.glossary import GLOSSARY
from crm_handoff.web.shares import with_sign
from routing.enums import PauseReason

register = template.Library()

END_OF_DAY = "24:00"
"""How the midnight that ends a day is written, so that nobody takes it for the day after."""

ICONS = {
    "ontime": "M12 7v5l3 2 M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z",
    "soon": "M6 3h12 M6 21h12 M8 3v4l4 5-4 5v4 M16 3v4l-4 5 4 5v4",
    "late": "M12 8v5 M12 16.5v.5 M10.3 3.9 2.5 17.5A2 2 0 0 0 4.2 20.5h15.6"
    "a2 2 0 0 0 1.7-3L13.7 3.9a2 2 0 0 0-3.4 0z",
    "met": "M5 12.5l4.5 4.5L19 7.5",
    "paused": "M9 6v12 M15 6v12",
    "yes": "M5 12.5l4.5 4.5L19 7.5",
    "no": "M7 7l10 10 M17 7L7 17",
    "bell": "M18 9a6 6 0 1 0-12 0c0 6-2.5 7.5-2.5 7.5h17S18 15 18 9z M10 20a2.2 2.2 0 0 0 4 0",
    "search": "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14z M20 20l-4-4",
    "phone": "M5 4h4l1.5 5-2.5 1.5a12 12 0 0 0 5.5 5.5L15 13.5l5 1.5v4a2 2 0 0 1-2 2"
    "A15 15 0 0 1 3 6a2 2 0 0 1 2-2z",
    "sound": "M4 10v4h3l5 4V6L7 10z M16 9a4 4 0 0 1 0 6 M18.5 6.5a8 8 0 0 1 0 11",
    "mute": "M4 10v4h3l5 4V6L7 10z M16.5 9.5l5 5 M21.5 9.5l-5 5",
    "task": "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z",
    "away": "M4 6h16v14H4z M4 10h16 M8 3v5 M16 3v5 M9.5 13.5l5 4 M14.5 13.5l-5 4",
    "filter": "M4 6h16 M7 12h10 M10 18h4",
    "inbox": "M3 13l3-8h12l3 8v6H3z M3 13h5l1.5 3h5l1.5-3h5",
    "back": "M15 5l-7 7 7 7",
    "speech": "M4 5h16v11H9l-5 4z",
    "flame": "M12 3s5 4.5 5 10a5 5 0 0 1-10 0c0-2 1-3.5 1-3.5s.5 2 2 2.5c0-4 2-9 2-9z",
    "dot": "M12 13.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3z",
    "user": "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8z M4 21a8 8 0 0 1 16 0",
    "handoff": "M3 7h11 M10 3l4 4-4 4 M21 17H10 M14 13l-4 4 4 4",
    "flag": "M5 21V4h11l-2 4 2 4H5",
    "upload": "M12 15V4 M7.5 8.5L12 4l4.5 4.5 M4 15v4a1 1 0 0 0 1 1h14a1 1 0 0 0 1-1v-4",
    "download": "M12 4v11 M7.5 10.5L12 15l4.5-4.5 M4 15v4a1 1 0 0 0 1 1h14a1 1 0 0 0 1-1v-4",
}
"""Paths on a 24 by 24 grid, drawn as strokes."""


@register.simple_tag
@cache
def icon(name: str, css: str = "") -> SafeString:
    """Draw an icon that a word beside it explains."""
    return format_html(
        '<svg class="icon {}" viewBox="0 0 24 24" aria-hidden="true"><path d="{}"/></svg>',
        css,
        ICONS[name],
    )


@register.inclusion_tag("web/partials/explain.html")
def explain(key: str) -> dict[str, Any]:
    """Draw the mark beside a figure that explains it on hover, focus and tap.

    Raises:
        KeyError: the glossary has no such key.
    """
    return {"about": GLOSSARY[key], "id": f"about-{uuid4().hex[:8]}"}


@register.filter
def words(value: object) -> str:
    """Turn a stored word ("decision_maker") into people's words ("decision maker")."""
    return values.plain(value)


@register.filter
def within(label: object) -> str:
    """Write a label within a sentence: small, but for languages that write nouns large."""
    return values.within(label)


@register.filter
def reason(text: object) -> str:
    """Say a kept reason in the reader's language."""
    return reasons.said(str(text or ""))


@register.filter
def pause_reason(key: str) -> str:
    """Say in words why a clock was paused; what is no such reason stays as it is."""
    return str(PauseReason(key).label) if key in PauseReason.values else key


@register.filter
def moment(value: datetime | str | None) -> SafeString:
    """Show an instant humanely, with the full one and its zone on hover; accepts ISO text."""
    instant = datetime.fromisoformat(value) if isinstance(value, str) else value
    if instant is None:
        return SafeString()
    local = timezone.localtime(instant)
    return _time(local, near(local))


def _time(local: datetime, words: str) -> SafeString:
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', local.isoformat(), absolute(local), words
    )


def absolute(instant: datetime) -> str:
    """Write an instant in full with its zone, for example "Tue 13 Jan 2026, 12:00 UTC"."""
    return values.absolute(instant)


@register.filter
def ending(value: datetime) -> SafeString:
    """Show when something is over; at midnight, that is the end of the day before."""
    return _time(timezone.localtime(value), over_at(value))


def over_at(instant: datetime) -> str:
    """Write when something is over as shortly as today allows: "12:04", "tomorrow 24:00"."""
    local = timezone.localtime(instant)
    if local.time() != time(0):
        return near(local)
    return on_day(local.date() - timedelta(days=1), END_OF_DAY)


def near(local: datetime) -> str:
    """Write a local instant as shortly as today allows: "12:04", "yesterday 12:04", "3 Jan"."""
    return on_day(local.date(), date_format(local, "H:i"))


def on_day(day: date, clock: str) -> str:
    """Write a time of a day as shortly as today allows."""
    days = (timezone.localdate() - day).days
    if days == 0:
        return clock
    if days == 1:
        return gettext("yesterday %(time)s") % {"time": clock}
    if days == -1:
        return gettext("tomorrow %(time)s") % {"time": clock}
    if 1 < days < 7 or -7 < days < 0:
        return f"{date_format(day, 'D')} {clock}"
    return day_of(day)


@register.filter(expects_localtime=True)
def day_of(day: date) -> str:
    """Write a day, or a local instant's, as shortly as this year allows: "3 Jan", "3 Jan 2025"."""
    # Translators: a day as Django's date format, for example “3 Jan” and “3 Jan 2025”.
    this_year, other_year = gettext("j M"), gettext("j M Y")
    return date_format(day, this_year if day.year == timezone.localdate().year else other_year)


@register.filter(expects_localtime=True)
def weekday_of(day: date) -> str:
    """Write a day, or a local instant's, with its weekday: "Tue 3 Jan", "Tue 3 Jan 2025"."""
    # Translators: a day as Django's date format, for example “Tue 3 Jan” and “Tue 3 Jan 2025”.
    this_year, other_year = gettext("D j M"), gettext("D j M Y")
    return date_format(day, this_year if day.year == timezone.localdate().year else other_year)


@register.filter(expects_localtime=True)
def in_full(instant: datetime) -> str:
    """Write an instant in full with its zone, for what is shown on hover."""
    return absolute(instant)


@register.filter
def figure(value: Decimal | float | None) -> str:
    """Write a number as the reader does, with thousands and no idle decimals.

    A dash when there is none.
    """
    if value is None:
        return "–"  # noqa: RUF001 - a dash is meant
    number = Decimal(str(value)).normalize()
    places = 0 if number == number.to_integral() else 2
    return number_format(round(number, places), places, force_grouping=True)


@register.filter
def share(value: Decimal | float) -> str:
    """Write a number of percent as the reader does, "5 %" or "4.25 %"."""
    return with_sign(figure(value))


@register.filter
def count_of(counts: Mapping[str, int], key: str) -> int:
    """Return what is counted under a key, 0 where nothing is."""
    return counts.get(key, 0)


@register.filter
def initials(value: object) -> str:
    """Take the first letters of up to two words, for an avatar."""
    return "".join(word[0] for word in str(value).split()[:2]).upper()


@register.simple_tag(takes_context=True)
def with_query(context: Any, **changes: str) -> str:
    """Return the page's own address with some query parameters changed; "" takes one away."""
    request = context["request"]
    query = {key: value for key, value in request.GET.items() if key not in changes} | {
        key: value for key, value in changes.items() if value
    }
    return f"?{urlencode(query)}" if query else request.path
