"""A rep reads a lead, writes a note, follows a citation, and does the next step by keyboard."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from definitions.models import DefinitionVersion
from leads.models import Note
from routing.models import Attempt
from tests.browser.screens import fits
from tests.web import world
from tests.web.world import DAY

pytestmark = pytest.mark.browser


@pytest.fixture
def handoff(dana):
    """Maria's, with more days behind her than are shown at once."""
    who, now = world.lead("Maria", "Keller"), timezone.now()
    old = world.asset("guide", title="The handoff guide", question="Where do leads wait?")
    world.did(who, "whitepaper", at=now - 40 * DAY, asset=old.key)
    for days in range(12, 30):
        world.did(who, "blog_view", at=now - days * DAY)
    world.interested(who, at=now)
    return world.handed_over(DefinitionVersion.objects.get(), who)


@pytest.fixture
def lead_page(page, sign_in, dana, handoff, live_server):
    """The page of Maria's handoff, open at Dana's desk."""
    sign_in(page, dana.user)
    page.goto(f"{live_server.url}/handoffs/{handoff.public_id}/")
    return page


def test_a_note_is_written_without_leaving_the_page(lead_page, handoff):
    lead_page.keyboard.press("n")
    lead_page.keyboard.type("Asks for ISO 27001.")
    lead_page.get_by_role("button", name="Add note").click()

    notes = lead_page.get_by_role("region", name="Notes")
    expect(notes.get_by_text("Asks for ISO 27001.")).to_be_visible()
    expect(lead_page.locator("#said")).to_have_text("Note added.")
    expect(notes.get_by_label("New note")).to_be_focused()
    expect(notes.get_by_label("New note")).to_have_value("")
    assert Note.objects.get().lead == handoff.lead


def test_a_citation_opens_the_day_that_it_is_folded_in(lead_page):
    said = lead_page.get_by_role("region", name="What to say")
    timeline = lead_page.get_by_role("region", name="What they did")
    cited = timeline.get_by_text("The handoff guide")
    expect(cited).to_be_hidden()

    said.get_by_role("link", name="The handoff guide").click()

    expect(cited).to_be_visible()
    expect(cited).to_be_in_viewport()


def test_the_next_step_moves_on_with_what_the_rep_does(lead_page):
    step = lead_page.get_by_role("region", name="Next step")
    expect(step).to_contain_text("Call Maria before the time is up.")

    lead_page.keyboard.press("c")
    sheet = lead_page.get_by_role("dialog")
    sheet.get_by_text("Reached", exact=True).click()
    sheet.get_by_role("button", name="Log attempt").click()

    expect(step).to_contain_text("You have reached Maria: accept the lead, or reject it.")
    assert Attempt.objects.get().outcome == "reached"
    lead_page.keyboard.press("a")
    expect(step).to_contain_text("Open an opportunity if there is a project")


def test_on_a_phone_the_next_step_is_under_the_thumb(lead_page):
    lead_page.set_viewport_size({"width": 390, "height": 844})

    expect(lead_page.locator(".thumb").get_by_role("link", name="Call")).to_be_in_viewport()
    assert fits(lead_page)
