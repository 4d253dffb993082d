"""A marketing lead reads why sales refused a lead, and gives reps something to say."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from crm_handoff.models import User
from definitions.models import DefinitionVersion
from leads.models import Asset
from routing import handoffs
from routing.models import RejectionReason
from tests.browser.screens import fits
from tests.web import world

pytestmark = pytest.mark.browser

QUESTION = "Where do leads wait in your company?"


@pytest.fixture
def guide(dana):
    """An asset of which reps can say nothing yet."""
    return Asset.objects.create(key="guide", title="The handoff guide")


@pytest.fixture
def rejected(dana, guide):
    """A lead who read the guide, and whom Dana refused."""
    version, at = DefinitionVersion.objects.get(), timezone.now()
    who = world.lead("Maria", "Keller")
    world.did(who, "whitepaper", at=at - timedelta(days=8), asset=guide.key)
    world.interested(who, at=at - timedelta(hours=1))
    handoff = world.handed_over(version, who, at=at - timedelta(hours=1))
    handoffs.reject(
        handoff.pk,
        reason=RejectionReason.objects.get(key="bad_timing"),
        comment="Renewed with their vendor in May.",
        by=dana.user,
        at=at,
    )
    return handoff


def test_a_refusal_is_read_to_its_ground(anywhere, sign_in, rejected):
    page = anywhere
    sign_in(page, User.objects.get(email="maya.lindqvist@example.com"))
    said = page.get_by_role("region", name="What sales said last")
    expect(said.get_by_text("Renewed with their vendor in May.")).to_be_visible()
    said.get_by_role("link", name="Maria Keller").click()
    expect(page.get_by_role("heading", level=1, name="Maria Keller")).to_be_visible()
    page.get_by_role("link", name="Full history of this lead").click()

    expect(page.get_by_role("heading", name="Why qualified")).to_be_visible()
    answers = page.get_by_role("region", name="What sales said")
    expect(answers.get_by_text("Bad timing")).to_be_visible()
    expect(page.locator("#outlook[aria-busy]")).to_have_count(0)
    resting = page.get_by_role("region", name="Resting")
    expect(resting).to_contain_text("Sales returned this lead; it rests until")
    assert fits(page)


def test_what_marketing_writes_about_an_asset_is_what_the_next_rep_says(
    anywhere, sign_in, browser, dana, guide, live_server
):
    page = anywhere
    sign_in(page, User.objects.get(email="maya.lindqvist@example.com"))
    page.get_by_role("region", name="What needs me").get_by_role("link", name="Write it").click()
    page.get_by_role("link", name="Write the text of The handoff guide").click()
    sheet = page.locator("#sheet")
    sheet.get_by_label("Question").fill(QUESTION)
    sheet.get_by_role("button", name="Save the text").click()
    expect(page.get_by_text("The text of “The handoff guide” is saved.")).to_be_visible()
    expect(page.get_by_text(QUESTION)).to_be_visible()
    assert fits(page)

    who, at = world.lead("Jonas", "Huber"), timezone.now()
    world.did(who, "whitepaper", at=at - timedelta(days=2), asset=guide.key)
    world.interested(who, at=at)
    handoff = world.handed_over(DefinitionVersion.objects.get(), who, at=at)
    with browser.new_context(viewport=page.viewport_size) as theirs:
        desk = theirs.new_page()
        sign_in(desk, dana.user)
        desk.goto(f"{live_server.url}/handoffs/{handoff.public_id}/")
        said = desk.get_by_role("region", name="What to say")
        expect(said.get_by_text(QUESTION)).to_be_visible()
