"""A rep's day, at a desk and on a phone: an answer, a confirmation, a holiday."""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from definitions.models import DefinitionVersion
from leads.models import Lead
from routing.enums import HandoffStatus
from routing.models import Absence, Attempt, Confirmation, FollowUp, Handoff, Rejection
from tests.browser.screens import fits
from tests.web import world

pytestmark = pytest.mark.browser


@pytest.fixture
def maria(dana):
    """A lead who waits for Dana."""
    return world.handed_over(DefinitionVersion.objects.get(), world.lead("Maria", "Keller"))


def log_attempt(page, *, step):
    """Log in the open sheet that the lead was reached, with a reminder of the next step."""
    sheet = page.locator("#sheet")
    sheet.get_by_text("Reached", exact=True).click()
    sheet.get_by_label("Next step").fill(step)
    sheet.get_by_text("Pick a time").click()
    sheet.get_by_label("Day and time").fill(f"{timezone.localtime():%Y-%m-%d}T23:59")
    sheet.get_by_role("button", name="Log attempt").click()


def test_a_lead_is_read_called_accepted_taken_back_and_rejected(anywhere, sign_in, dana, maria):
    page = anywhere
    sign_in(page, dana.user)
    page.get_by_role("link", name="Maria Keller", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="Maria Keller")).to_be_in_viewport()
    expect(page.get_by_text("How do you reconcile marketing's numbers")).to_be_visible()
    assert fits(page)

    page.get_by_role("link", name="Log attempt").filter(visible=True).first.click()
    log_attempt(page, step="Send the offer")
    expect(page.get_by_text("Attempt logged for Maria Keller.")).to_be_visible()
    expect(page.get_by_text("Send the offer").filter(visible=True).first).to_be_visible()
    assert FollowUp.objects.get().what == "Send the offer"

    page.get_by_role("button", name="Accept lead").filter(visible=True).first.click()
    expect(page.get_by_text("You accepted Maria Keller.")).to_be_visible()
    assert Handoff.objects.get().status == HandoffStatus.ACCEPTED
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Taken back.")).to_be_visible()
    assert Handoff.objects.get().status == HandoffStatus.ASSIGNED

    page.get_by_role("link", name="My queue").filter(visible=True).first.click()
    page.get_by_role("link", name="Reject Maria Keller").click()
    sheet = page.locator("#sheet")
    sheet.get_by_label("Reason").select_option("Bad timing")
    sheet.get_by_label("Comment").fill("Renewed with their vendor in May.")
    sheet.get_by_role("button", name="Reject with reason").click()
    expect(page.get_by_text("You rejected Maria Keller: Bad timing.")).to_be_visible()
    expect(page.get_by_text("Nobody is waiting for you")).to_be_visible()
    assert Rejection.objects.get().comment == "Renewed with their vendor in May."
    assert fits(page)


def test_a_lead_is_opened_called_accepted_and_left_by_keys_alone(page, sign_in, dana, maria):
    sign_in(page, dana.user)

    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/handoffs/**")
    expect(page.get_by_role("heading", level=1, name="Maria Keller")).to_be_visible()
    page.keyboard.press("c")
    sheet = page.locator("#sheet")
    expect(sheet.get_by_role("heading", name="Contact Maria Keller")).to_be_visible()
    sheet.get_by_role("radio", name="Reached", exact=True).focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Attempt logged for Maria Keller.")).to_be_visible()
    page.keyboard.press("a")
    expect(page.get_by_text("You accepted Maria Keller.")).to_be_visible()
    page.keyboard.press("u")
    expect(page.get_by_text("Taken back.")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("q")

    expect(page).to_have_url(re.compile(r"/queue/$"))
    assert Attempt.objects.get().outcome == "reached"
    assert Handoff.objects.get().status == HandoffStatus.ASSIGNED


def test_what_was_heard_is_confirmed_item_by_item(anywhere, sign_in, confirming):
    page = anywhere
    handoff, rep = confirming
    sign_in(page, rep.user)
    page.get_by_role("link", name="Maria Keller", exact=True).click()
    page.get_by_role("link", name="Confirm as SQL").filter(visible=True).first.click()
    sheet = page.locator("#sheet")
    expect(sheet.get_by_text("Contact Maria Keller first")).to_be_visible()
    sheet.get_by_role("link", name="Log attempt").click()
    log_attempt(page, step="Book the demo")
    expect(page.get_by_text("Attempt logged for Maria Keller.")).to_be_visible()

    page.get_by_role("link", name="Confirm as SQL").filter(visible=True).first.click()
    asked = sheet.locator(".asked")
    expect(asked).to_have_count(4)
    for item in asked.all():
        item.get_by_label("Answer").fill("Yes, by June.")
        item.get_by_label("How you know").fill("Said so on the call.")
    assert fits(page)
    sheet.get_by_role("button", name="Confirm as SQL").click()

    expect(page.get_by_text("Maria Keller is confirmed as SQL.")).to_be_visible()
    assert Confirmation.objects.get().handoff == handoff
    assert Lead.objects.get(pk=handoff.lead_id).stage == "sql"


def test_a_rep_goes_on_holiday_and_comes_back(anywhere, sign_in, dana, maria):
    page = anywhere
    sign_in(page, dana.user)

    page.get_by_role("link", name="Away").click()
    sheet = page.locator("#sheet")
    sheet.get_by_text("The rest of today").click()
    sheet.get_by_role("button", name="Set me away").click()
    expect(page.get_by_text("You are away until")).to_be_visible()
    assert Absence.objects.get().rep == dana
    assert fits(page)
    page.get_by_role("button", name="I am back").click()

    expect(page.get_by_role("link", name="Away")).to_be_visible()
    assert Absence.objects.get().span.upper <= timezone.now()
