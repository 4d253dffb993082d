"""Instants that people choose in a word: today at four, tomorrow morning, next week."""

from datetime import date, datetime, time, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

MORNING = time(9)
AFTERNOON = time(16)
MONDAY = 0

REACH = timedelta(days=3653)
"""How far from now an instant may be that somebody enters; those at the ends of the calendar
exist in no other zone, so that nobody could read them."""

TOO_FAR = gettext_lazy("Choose a time within ten years from now.")


def choices(*, at: datetime) -> list[tuple[str, str]]:
    """Return the quick choices with what they mean now, in the reader's zone."""
    named = {
        "today": _("Today %(time)s"),
        "tomorrow": _("Tomorrow %(time)s"),
        "three_days": _("In 3 days, %(day)s %(time)s"),
        "next_week": _("Next week, %(day)s %(time)s"),
    }
    return [(key, named[key] % _words(instant)) for key, instant in instants(at=at).items()]


def instants(*, at: datetime) -> dict[str, datetime]:
    """Return the instants of the quick choices, soonest first; what is over is left out."""
    today = timezone.localdate(at)
    moments = {
        "today": _local(today, AFTERNOON),
        "tomorrow": _local(today + timedelta(days=1), MORNING),
        "three_days": _local(today + timedelta(days=3), MORNING),
        "next_week": _local(today + timedelta(days=7 - today.weekday() + MONDAY), MORNING),
    }
    # On a Sunday next week is tomorrow: the first name for an instant is enough.
    named = {instant: key for key, instant in reversed(moments.items()) if instant > at}
    return {key: instant for key, instant in moments.items() if named.get(instant) == key}


def midnight(day: date) -> datetime:
    """Return when a day begins, in the reader's zone."""
    return _local(day, time(0))


def is_in_reach(instant: datetime, *, at: datetime) -> bool:
    """Say whether an instant that somebody entered is no slip of the keyboard."""
    return abs(instant - at) <= REACH


def _words(instant: datetime) -> dict[str, str]:
    local = timezone.localtime(instant)
    return {"day": date_format(local, "D"), "time": date_format(local, "H:i")}


def _local(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, tzinfo=timezone.get_current_timezone())
