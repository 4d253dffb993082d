"""What the scripts of pages say, they say in the reader's language."""

import re

import pytest
from playwright.sync_api import Page, expect

from definitions.models import DefinitionVersion
from routing.models import Rep
from tests.browser.conftest import SignIn
from tests.web import world

pytestmark = pytest.mark.browser


def test_a_clock_counts_in_german(anywhere: Page, sign_in: SignIn, dana: Rep) -> None:
    dana.user.language = "de"
    dana.user.save(update_fields=["language"])
    world.handed_over(DefinitionVersion.objects.get(), world.lead("Maria", "Keller"))
    sign_in(anywhere, dana.user)

    clock = anywhere.locator(".clock .words").first
    expect(clock).to_have_text(re.compile(r"^fällig in \d+(:\d\d)? (min|h)"))
    first = clock.inner_text()
    expect(clock).not_to_have_text(first, timeout=5000)
    expect(clock).to_have_text(re.compile(r"^fällig in \d"))
