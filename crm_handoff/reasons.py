"""Reasons that the product keeps in English, said in the reader's language.

Why a lead went to somebody, why a row of a file cannot be taken: such sentences are kept as they
were written, since whoever reads them later may speak another language than whoever caused them.
Here each is known by its form again.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_noop as _

ROUTING = (
    _("%(why)s; held it before, but nobody else is eligible"),
    _("Stands in (%(why)s), %(load)s"),
    _("%(rep)s, named for %(account)s: %(why)s"),
    _("Named rep for %(account)s, %(load)s"),
    _("Works %(account)s already, %(load)s"),
    _("Taken from %(queue)s by %(rep)s, %(held)s of %(capacity)s open"),
    _("Chosen by a person, %(held)s of %(capacity)s open: %(comment)s"),
    _("Chosen by a person, %(held)s of %(capacity)s open"),
    _("%(territory)s territory, %(language)s, %(held)s of %(capacity)s open"),
    _("%(territory)s territory, %(held)s of %(capacity)s open"),
    _("Nobody in %(territory)s can take it now: waits in %(queue)s"),
    _("No territory covers it: waits in %(queue)s"),
    _("nobody eligible in %(territory)s"),
    _("no territory covers the lead"),
    _("conditions do not hold: %(misses)s"),
    _("the account is nobody's by name"),
    _("nobody works it"),
    _("nobody stands in"),
    _("%(held)s of %(capacity)s open"),
    _("%(held)s/%(capacity)s open in %(territory)s"),
    _("%(held)s/%(capacity)s open"),
    _("out of rotation"),
    _("no %(language)s"),
    _("away until %(when)s"),
    _("holds it now"),
    _("holds it now or held it last"),  # as of decisions made before
    _("held it before: gave it back, or was late with it"),
    _("held it before and gave it back"),  # as of decisions made before
    _("inactive"),
    _("No territory covers this lead: mark one queue as the fallback."),
    _("%(rep)s holds this lead already."),
    _("%(rep)s is not active."),
    _("This opportunity is %(stage)s already."),
    _("Write no more than %(most)s characters."),
    _("%(rep)s has %(held)s/%(capacity)s open: say why this one goes on top."),
)
"""Why a lead is where it is, and why a person's choice is refused."""

MATCHING = (
    _("domain %(domain)s, below %(other)s"),
    _("domain %(domain)s"),
    _("name “%(name)s” but for the legal form of “%(other)s”"),
    _("name “%(name)s” %(share)s like “%(other)s”"),
    _("name %(name)s"),
)
"""Why a lead is taken to belong to an account."""

PASSED = (_("%(rep)s: %(why)s"),)
"""Why somebody who came into question was passed over."""

CELLS = (
    _("“%(text)s” is no e-mail address: %(detail)s"),
    _("“%(text)s” is no e-mail address."),
    _("An email address must have an @-sign."),
    _("There must be something after the @-sign."),
    _("There must be something before the @-sign."),
    _("“%(text)s” is no domain."),
    _("“%(text)s” is not in the mapping's table."),
    _("“%(text)s” is longer than %(longest)s characters."),
    _("“%(text)s” was rounded by a spreadsheet: its last digits are lost."),
    _("“%(text)s” is no currency of ISO 4217."),
    _("“%(text)s” is none of %(words)s: say which in a table."),
    _("“%(text)s” is no IANA time zone, like Europe/Berlin."),
    _("“%(text)s” does not exist in %(zone)s: the clocks went forward."),
    _("“%(text)s” is two instants in %(zone)s: say `fold: first` or `second`."),
    _("“%(text)s” has characters that are no text."),
    _("“%(text)s” is no key (letters, digits, - and _): give it one in a table."),
    _("“%(text)s” has an entry that is longer than 64 characters."),
    _("“%(text)s” is no whole number."),
    _("“%(text)s” is no amount with at most two decimal places."),
    _("“%(text)s” is not written as %(form)s."),
    _("“%(text)s” can be read as %(form)s and as %(other)s."),
    _("“%(text)s” is out of the calendar's range."),
    _("“%(text)s” has an extension, which a number in E.164 cannot hold."),
    _("“%(text)s” is no valid telephone number in %(country)s."),
    _("“%(text)s” is no valid telephone number."),
    _("“%(text)s” is too long for a telephone number."),
    _("“%(text)s” begins with a minus: a spreadsheet computed it."),
    _("“%(text)s” is a decimal fraction: a spreadsheet made a number of it."),
    _("“%(text)s” is no telephone number."),
    _("“%(text)s” names %(words)s in different languages."),
    _("“%(text)s” is no %(what)s by code (%(codes)s) or name."),
    _("“%(text)s” is not a known %(what)s."),
    _("is blank, but the row needs it."),
    _("the database refuses it: %(detail)s"),
    _("cost: is below zero."),
    _("currency: a cost needs one."),
    _("ends_on: the campaign would end on %(end)s, before it starts on %(start)s."),
)
"""Why a row of a file, or a webhook's call, cannot be taken."""

FILES = (
    _("The file is not written in %(encoding)s."),
    _("The file is empty: its first line must name the columns."),
    _("The file is empty."),
    _("The sheet is empty: its first row must name the columns."),
    _("The file has no sheet “%(name)s”."),
    _("This file is %(what)s. Save it as XLSX or CSV and send that."),
    _("This file is no text and no XLSX. Save it as XLSX or CSV and send that."),
    _("This file would unpack to %(size)s MB: send its rows in parts, or as CSV."),
    _("This workbook holds too much text: send its rows in parts, or as CSV."),
    _(
        "The first line is one value, but the lines below have %(count)s: remove what stands "
        "above the header."
    ),
    _("“%(encoding)s” is no known encoding of text."),
    _("A table has between 1 and %(most)s columns with names."),
    _("Two columns have one name, “%(other)s” and “%(name)s”: give each its own."),
    _(
        "The header has bytes that are no text (“%(name)s”): the file is written in another "
        "encoding, or is no table."
    ),
    _(
        "The first line is no header: “%(name)s” is longer than %(longest)s characters. Is this "
        "file a table?"
    ),
    _(
        "The first line must name the columns, but “%(name)s” is %(what)s: put a header above the "
        "rows."
    ),
    _("This XLSX file is damaged: open it in a spreadsheet and save it anew, or as CSV."),
    _("The delimiter is one character, for example “,” or “;”."),
    _('The quote is one character, for example “"”, or none.'),
    _("The mapping leaves the mode open: choose history or live."),
    _("The mapping gives leads a stage: that goes in history mode alone."),
    _("The mapping's kind of touchpoint “%(kind)s” is not known."),
)
"""Why a file as a whole cannot be read."""

THINGS = (
    _("an old Excel file (XLS), or protected by a password"),
    _("protected by a password"),
    _("a binary workbook (XLSB)"),
    _("an archive, but no XLSX"),
    _("a PDF"),
    _("an image"),
    _("an empty archive"),
    _("a compressed file"),
    _("a database"),
    _("a Parquet file"),
    _("a text document"),
    _("a web page or XML"),
    _("JSON"),
    _("an e-mail address"),
    _("a date"),
    _("a number"),
    _("country"),
    _("language"),
    _("region"),
    _("campaign"),
    _("persona"),
    _("asset"),
    _("kind of touchpoint"),
)
"""What something is, within a reason."""

LEFT = (
    _("it was changed since."),
    _("it was qualified or answered since."),
    _("it got another name since."),
    _("it has an opportunity."),
    _("its lead stays."),
    _("its lead went on since."),
    _("%(what)s refers to it."),
    _("%(what)s was changed since."),
)
"""Why an undo leaves a thing."""

MAPPINGS = (
    _("“%(name)s” is no part of a mapping."),
    _("%(where)s: “%(path)s” is no path."),
    _("lead: needs external_id or email, to say who is meant."),
    _("touchpoint: needs kind and occurred_at."),
    _("%(where)s: there is no field “%(name)s”."),
    _("%(where)s: must be a path, or say what it is."),
    _("%(where)s: needs either a path or a value."),
    _("%(where)s: the table must map texts."),
    _("%(where)s: “%(text)s” is not in the table."),
    _("“%(text)s” is not in the table."),
    _("%(where)s: “%(text)s” is no instant."),
    _("“%(text)s” is no instant."),
    _("No more than %(most)s things at once."),
)
"""Why a webhook's mapping cannot be followed."""

HEALTH = (
    _("no worker has done anything for %(count)s seconds"),
    _("no relay has done anything for %(count)s seconds"),
)
"""What is the matter with the product's processes."""

BROKEN = (
    _("Something went wrong that should not: the log says more. Ask for the preview again."),
    _("Something went wrong that should not: the log says more. What was saved stays."),
)
"""Why work in the background ended before its time."""

NESTED = frozenset({"detail", "load", "stage", "what", "why"})
"""Places that hold a reason themselves."""

PLACE = re.compile(r"%\((\w+)\)s")


def said(reason: str) -> str:
    """Say a reason in the reader's language; one that nobody knows stays as it is."""
    if (get_language() or settings.LANGUAGE_CODE) == settings.LANGUAGE_CODE:
        return reason
    return _said(reason)


def _said(reason: str) -> str:
    for text, form in _forms().items():
        if found := form.fullmatch(reason):
            return gettext(text) % {
                place: _inner(place, value) for place, value in found.groupdict().items()
            }
    return reason


def _inner(place: str, value: str) -> str:
    if place == "language":
        return gettext(value)
    if place == "when":
        return _day(value)
    return _said(value) if place in NESTED else value


def _day(written: str) -> str:
    """Write "01 Dec 2026" or "Tue 09:00" as the reader does."""
    try:
        day = datetime.strptime(written, "%d %b %Y")  # noqa: DTZ007 - a day has no zone
    except ValueError:
        weekday, _space, clock = written.partition(" ")
        return f"{gettext(weekday)} {clock}"
    return date_format(day, gettext("j M Y"))


@cache
def _forms() -> Mapping[str, re.Pattern[str]]:
    kept = (*ROUTING, *CELLS, *FILES, *LEFT, *MAPPINGS, *HEALTH, *BROKEN)
    texts = (*kept, *MATCHING, *THINGS, *PASSED)
    return {text: _form_of(text) for text in texts}


def _form_of(text: str) -> re.Pattern[str]:
    """Return what finds a text, by its places."""
    parts = PLACE.split(text)
    fixed, places = parts[::2], parts[1::2]
    written = re.escape(fixed[0])
    for place, after in zip(places, fixed[1:], strict=True):
        written += f"(?P<{place}>.+?){re.escape(after)}"
    return re.compile(written, re.DOTALL)
