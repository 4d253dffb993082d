"""How the values of a column are written: what a page offers, and asks where two readings fit."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext
from django_stubs_ext import StrOrPromise

from crm_handoff.web.import_fields import Field, Kind
from crm_handoff.web.import_forms import OTHER
from leads import cells, dates, samples
from leads.cells import Cell, Read
from leads.fields import SECTIONS

MOST_TEXTS = 20
"""Texts of a column that are offered to be given a meaning."""
LONGEST_SAMPLE = 40


@dataclass(frozen=True, slots=True)
class Option:
    """One of several choices."""

    value: str
    label: StrOrPromise
    is_chosen: bool


def formats_of(
    field: Field, cell: Mapping[str, Any], texts: Sequence[str], *, is_fixed: bool
) -> tuple[tuple[Option, ...], str]:
    """Return the ways in which a column's instants may be written, and what has to be settled."""
    if field.kind not in (Kind.INSTANT, Kind.DAY):
        return (), ""
    said = "|".join(cell.get("formats") or ())
    found = samples.dates_of(() if is_fixed else texts)
    shown = found.formats if said in ("", *found.formats) else (said, *found.formats)
    is_other = not said and "formats" in cell
    options = [Option("", gettext("Choose how it is written"), not said and not is_other)]
    options += [Option(form, _example(form, texts), form == said) for form in shown]
    options.append(Option(OTHER, gettext("Another way …"), is_other))
    return tuple(options), "" if said else _unsettled(found, texts)


def _unsettled(found: samples.Dates, texts: Sequence[str]) -> str:
    if found.is_ambiguous:
        text = _telling(found.formats, texts)
        said = gettext("“%(text)s” can be read in %(n)s ways. Which one is meant?")
        return said % {"text": text, "n": len(found.formats)}
    if texts and not found.formats:
        return gettext("No usual way reads its values. Write out how they are written.")
    return gettext("Say how it is written.")


def _telling(formats: Sequence[str], texts: Sequence[str]) -> str:
    """Return a text that the formats read differently, else the first."""
    for text in texts:
        if len({_read(form, text) for form in formats}) > 1:
            return text
    return texts[0] if texts else ""


def _read(form: str, text: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)  # noqa: DTZ007  # shown, never stored
    except (ValueError, re.error):
        # What is typed may be no way to write anything; the mapping's own reading says so.
        return None


def _example(form: str, texts: Sequence[str]) -> str:
    """Say by an example what a format makes of a text of the column."""
    if "|" in form:
        return gettext(" or ").join(form.split("|"))
    # Translators: a day, and a day with a time, as Django's date formats.
    wanted = gettext("j F Y, H:i") if dates.has_clock(form) else gettext("j F Y")
    readings = ((text, _read(form, text)) for text in texts)
    telling = ((text, read) for text, read in readings if read and read.day != read.month)
    text, read = next(telling, ("", None))
    if read is None:
        return form
    return gettext("%(text)s is %(day)s") % {"text": text, "day": date_format(read, wanted)}


def table_of(key: str, field: Field, cell: Mapping[str, Any], texts: Sequence[str]) -> str:
    """Return the lines that give texts a meaning: those said, and texts that need one."""
    if field.kind not in (Kind.KEY, Kind.WORD):
        return ""
    table = cell.get("table") or {}
    lines = [f"{text} = {meaning}" for text, meaning in table.items()]
    if cell.get("otherwise") is None and not cell.get("slug"):
        needing = texts if table else unread(key, field, texts)
        lines += [f"{text} = " for text in needing[:MOST_TEXTS] if text not in table]
    return "\n".join(lines)


def slug_example(texts: Sequence[str]) -> str:
    """Say by an example what a key is made of."""
    read = cells.key(Cell(slug=True))
    text = next((text for text in texts if _is_read(read, text) and read(text) != text), "")
    return f"{shortened(text)} becomes {read(text)}" if text else ""


def unread(key: str, field: Field, texts: Sequence[str]) -> list[str]:
    """Return the texts that say nothing as they are: no key, or none of the known words."""
    if field.kind not in (Kind.KEY, Kind.WORD):
        return []
    read = SECTIONS[key.partition(".")[0]][field.name](Cell())
    return [text for text in texts if not _is_read(read, text)]


def _is_read(read: Read, text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True


def shortened(text: str) -> str:
    """Return a text that is short enough to stand beside others."""
    return text if len(text) <= LONGEST_SAMPLE else f"{text[: LONGEST_SAMPLE - 1]}…"
