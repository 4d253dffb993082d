"""How days and instants are written: formats, and fast ways to read the common ones."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime

CLOCK_DIRECTIVES = re.compile(r"%[HIcXfs]")
DIRECTIVE = re.compile("%(.?)")
KNOWN = frozenset("YymbBdjHIMSfpzaA%")
"""Directives that say what they read; a zone's name, for one, would be read and forgotten."""

ISO_FORM = re.compile(r"%Y-%m-%d(?:[T ]%H:%M(?::%S(?:\.%f)?)?(?:%z)?)?")
PADDED: Mapping[str, str] = {
    "Y": "[0-9]{4}",
    "m": "[0-9]{2}",
    "d": "[0-9]{2}",
    "H": "[0-9]{2}",
    "M": "[0-9]{2}",
    "S": "[0-9]{2}",
    "f": "[0-9]{1,6}",
    "z": "(?:Z|[-+][0-9]{2}:?[0-9]{2})",
}
"""How strptime's directives look with their leading zeros."""

ORDER = "YmdHMS"

Parse = Callable[[str], datetime | None]
"""Returns what a text says, None when it is written otherwise."""


def has_clock(form: str) -> bool:
    """Say whether a format has a time of day, not a day alone."""
    return bool(CLOCK_DIRECTIVES.search(form))


def parser(form: str) -> Parse:
    """Make a parser of a format of strptime, several times as fast for the common ones."""
    if ISO_FORM.fullmatch(form):
        return _quick(form, _pattern(form, is_grouped=False), None)
    directives = DIRECTIVE.findall(form)
    if sorted(directives, key=ORDER.find) == [*ORDER[: len(directives)]] and len(directives) >= 3:
        place = [directives.index(letter) + 1 for letter in ORDER[: len(directives)]]
        return _quick(form, _pattern(form, is_grouped=True), place)
    return lambda text: _slow(text, form)


def _quick(form: str, pattern: re.Pattern[str], place: list[int] | None) -> Parse:
    """Parse what has all its leading zeros at once, and leave the rest to strptime.

    place: which groups of the pattern are the year, the month and so on; None for ISO 8601.
    """

    def parse(text: str) -> datetime | None:
        found = pattern.fullmatch(text)
        if found is None:
            return _slow(text, form)
        try:
            if place is None:
                return datetime.fromisoformat(text)
            return datetime(*map(int, found.group(*place)))  # type: ignore[arg-type]  # noqa: DTZ001  # the zone follows
        except ValueError:
            return None

    return parse


def _pattern(form: str, *, is_grouped: bool) -> re.Pattern[str]:
    opening = "(" if is_grouped else "(?:"
    escaped = re.sub("%(.)", r"\0\1", form)
    parts = re.split("\0(.)", escaped)
    return re.compile(
        "".join(
            f"{opening}{PADDED[part]})" if place % 2 else re.escape(part)
            for place, part in enumerate(parts)
        )
    )


def _slow(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)  # noqa: DTZ007  # the zone follows
    except ValueError:
        return None
