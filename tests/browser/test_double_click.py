"""Whoever clicks twice by habit does a thing once."""

import pytest
from playwright.sync_api import expect

from definitions.models import DefinitionVersion
from leads.models import Note
from routing.models import Attempt
from tests.web import world

pytestmark = pytest.mark.browser


@pytest.fixture
def handoff(dana):
    return world.handed_over(DefinitionVersion.objects.get(), world.lead("Maria", "Keller"))


@pytest.mark.parametrize("from_queue", [True, False], ids=["in a dialog", "on a page of its own"])
def test_an_attempt_is_logged_once(page, sign_in, live_server, dana, handoff, from_queue):
    sign_in(page, dana.user)
    if from_queue:
        page.locator("#queue [data-key='c']").first.click()
    else:
        page.goto(f"{live_server.url}/handoffs/{handoff.public_id}/attempt/")
    page.get_by_text("Reached", exact=True).click()
    page.locator("form.sheetform button[type=submit]").dblclick()

    expect(page.get_by_text("Attempt logged for Maria Keller.").first).to_be_visible()
    page.wait_for_timeout(500)
    assert Attempt.objects.count() == 1


def test_a_note_is_kept_once(page, sign_in, live_server, dana, handoff):
    sign_in(page, dana.user)
    page.goto(f"{live_server.url}/handoffs/{handoff.public_id}/")
    page.locator("form.note textarea").fill("Prefers mornings.")

    page.locator("form.note button").dblclick()

    expect(page.locator("#notes li")).to_have_count(1)
    page.wait_for_timeout(500)
    assert Note.objects.count() == 1
