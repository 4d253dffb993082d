"""Every page speaks German to whoever reads German; what people wrote stays as they wrote it."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.utils import timezone, translation

from crm_handoff import catalogs, demo, reasons
from crm_handoff.people.models import User
from crm_handoff.web import tags
from crm_handoff.web.forms import OpportunityForm
from definitions.models import Criterion, TouchpointKind
from routing.models import RejectionReason
from tests.browser import places

AT = datetime(2026, 11, 20, 10, 37, tzinfo=UTC)
"""A Friday in office hours."""
WEEKS = 6
WORDS = 3
"""From so many words on a text is a sentence that no data says by chance."""
PLACE = re.compile(r"%\(\w+\)[sd]|%%|%s|\{\w*\}")
ROLES = (places.SDR, places.AE, places.MARKETING, places.SALES, places.REVOPS, places.AUDITOR)
SAME_SHAPE = 2
"""Pages that differ in the row alone are opened so often."""


@pytest.fixture(scope="module", autouse=True)
def year(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Some weeks of the demo, gone again after the module."""
    with django_db_blocker.unblock(), transaction.atomic():
        demo.load(at=AT, weeks=WEEKS)
        yield
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    """Begin and end in the language of the texts, whatever a request made of it."""
    translation.activate(settings.LANGUAGE_CODE)
    yield
    translation.activate(settings.LANGUAGE_CODE)


pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def english(year: None, django_db_blocker: Any) -> list[str]:
    """What no German page may say: texts whose translation differs, without their places."""
    catalog = catalogs._read("de")
    found = set()
    for message in catalog:
        for text, translated in zip(_both(message.id), _both(message.string), strict=False):
            if text and text != translated:
                found |= set(_parts(text))
    with django_db_blocker.unblock():
        written = {
            *Criterion.objects.values_list("label", flat=True),
            *TouchpointKind.objects.values_list("name", flat=True),
            *RejectionReason.objects.values_list("name", flat=True),
        }
    return sorted(found - written)


def _parts(text: str) -> Iterator[str]:
    """Return what a text says around its places, where it is long enough to be known by."""
    parts = [part.strip() for part in PLACE.split(text)]
    least = WORDS if len(parts) == 1 else WORDS + 1
    yield from (part for part in parts if len(re.findall(r"[\w'-]+", part)) >= least)


def _both(text: Any) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


@pytest.mark.parametrize("who", ROLES)
def test_no_page_says_an_english_sentence(who, english):
    wrong = [
        f"{address}: {text}"
        for address, page in pages(who)
        for text in english
        if text in page or not re.search(r'<html lang="de"|^(?!.*<html)', page, re.DOTALL)
    ]

    assert wrong == []


def pages(who: str) -> Iterator[tuple[str, str]]:
    """Open every page that somebody comes to by links, a few of each shape."""
    client = Client(headers={"accept-language": "de"})
    client.force_login(User.objects.get(email=who), settings.AUTHENTICATION_BACKENDS[-1])
    todo, seen, shapes = ["/"], set[str](), Counter[str]()
    while todo:
        address = todo.pop(0)
        shape = re.sub(r"[0-9a-f-]{36}|\d+|(?<=/assets/)[\w-]+|\?.*", "#", address)
        if address in seen or shapes[shape] >= SAME_SHAPE:
            continue
        seen.add(address)
        shapes[shape] += 1
        response = client.get(address, follow=True)
        if response.status_code == 200 and response["Content-Type"].startswith("text/html"):
            page = unescape(response.content.decode())
            yield address, page
            todo += list(_links(address, page))


def _links(address: str, page: str) -> Iterator[str]:
    for link in re.findall(r'(?:href|hx-get)="([^"#]+)"', page):
        whole = f"{address.split('?')[0]}{link}" if link.startswith("?") else link
        if whole.startswith("/") and not whole.startswith(("/static", "/admin", "/api")):
            yield whole


def test_pages_before_signing_in_speak_german(english):
    client = Client(headers={"accept-language": "de"})
    for address in ("/login/", "/forgot/", "/nowhere/"):
        page = unescape(client.get(address, follow=True).content.decode())
        assert 'lang="de"' in page
        assert [text for text in english if text in page] == []


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ("DACH territory, German, 2 of 30 open", "Gebiet DACH, Deutsch, 2 von 30 offen"),
        (
            "Stands in (Jonas Weber, named for Hansekontor SE: away until 01 Dec 2026), "
            "5 of 30 open",
            "Vertretung (Jonas Weber, benannt für Hansekontor SE: abwesend bis 1. Dez. 2026), "
            "5 von 30 offen",
        ),
        ("away until Tue 09:00", "abwesend bis Di 09:00"),
        ("“12 people” is no whole number.", "„12 people“ ist keine ganze Zahl."),
        (
            "This file is a PDF. Save it as XLSX or CSV and send that.",
            "Diese Datei ist ein PDF. Speichern Sie sie als XLSX oder CSV und senden Sie diese.",
        ),
        ("What nobody knows.", "What nobody knows."),
        ("", ""),
    ],
)
def test_kept_reasons_are_said_in_the_readers_language(kept, said):
    assert reasons.said(kept) == kept
    with translation.override("de"):
        assert reasons.said(kept) == said


def test_an_amount_is_read_with_a_comma_and_a_thousand_is_no_fraction():
    said = {"name": "Line one", "currency": "eur"}
    with translation.override("de"):
        small = OpportunityForm(said | {"amount": "48,50"})
        unclear = OpportunityForm(said | {"amount": "48.000"})

        assert small.is_valid()
        assert small.cleaned_data["amount"] == Decimal("48.50")
        assert "amount" in unclear.errors


def test_days_instants_and_labels_are_written_as_in_german():
    day = datetime(2025, 3, 3, 9, 5, tzinfo=UTC)
    with translation.override("de"), timezone.override("UTC"):
        assert tags.day_of(day) == "3. März 2025"
        assert tags.weekday_of(day) == "Mo, 3. März 2025"
        assert tags.absolute(day) == "Mo, 3. März 2025, 09:05 UTC"
        assert tags.figure(12345.5) == "12.345,50"
        assert tags.within("Nachricht hinterlassen") == "Nachricht hinterlassen"
    assert tags.within("Left a message") == "left a message"
