"""A sales manager sees what slips, gives a lead to somebody, and enters a holiday."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from crm_handoff.models import User
from definitions.models import DefinitionVersion
from routing import handoffs
from routing.models import Absence, Handoff, Rep, RoutingDecision
from tests.browser.screens import fits
from tests.web import world

pytestmark = pytest.mark.browser


@pytest.fixture
def late(dana):
    """A lead of Dana's whose clock ran out."""
    at = timezone.now() - timedelta(hours=2)
    return world.handed_over(DefinitionVersion.objects.get(), world.lead("Maria", "Keller"), at=at)


def choose(sheet, label, name):
    """Choose a rep, whose load stands beside the name."""
    box = sheet.get_by_label(label)
    box.select_option(box.locator("option", has_text=name).get_attribute("value"))


def test_a_late_lead_goes_to_a_rep_who_is_full_with_a_reason(anywhere, sign_in, dana, lena, late):
    page = anywhere
    samir = User.objects.get(email="samir.haddad@example.com")
    other = world.handed_over(late.version, world.lead("Chloé", "Martin"))
    handoffs.reassign(other.pk, by=samir, rep=lena, at=timezone.now())
    Rep.objects.filter(pk=lena.pk).update(capacity=1)
    sign_in(page, samir)
    expect(page.get_by_role("heading", level=1, name="This week")).to_be_visible()
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Team").click()
    clocks = page.get_by_role("region", name="Running clocks, due first")
    clocks.get_by_role("checkbox", name="Choose Maria Keller").check()
    clocks.get_by_role("button", name="Assign the chosen ones").click()
    sheet = page.locator("#sheet")
    choose(sheet, "Rep", "Lena Vogt")
    sheet.get_by_role("button", name="Assign lead").click()
    expect(sheet.get_by_text("Maria Keller stays:")).to_be_visible()
    assert Handoff.objects.get(pk=late.pk).rep == dana
    sheet.get_by_role("link", name="Back to the team").click()

    clocks.get_by_role("checkbox", name="Choose Maria Keller").check()
    clocks.get_by_role("button", name="Assign the chosen ones").click()
    choose(sheet, "Rep", "Lena Vogt")
    sheet.get_by_label("Reason").fill("Dana is at the fair in Kiel.")
    sheet.get_by_role("button", name="Assign lead").click()

    expect(page.get_by_text("Maria Keller goes to Lena Vogt.")).to_be_visible()
    loads = page.get_by_role("region", name="Load", exact=True)
    expect(loads.get_by_text("1 above capacity")).to_be_visible()
    assert Handoff.objects.get(pk=late.pk).rep == lena
    assert RoutingDecision.objects.latest("pk").inputs["reason"] == "Dana is at the fair in Kiel."
    assert fits(page)


def test_a_holiday_is_entered_and_called_off(anywhere, sign_in, dana, lena, late):
    page = anywhere
    sign_in(page, User.objects.get(email="samir.haddad@example.com"))
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Team").click()

    page.get_by_role("link", name="Enter an absence").click()
    sheet = page.locator("#sheet")
    choose(sheet, "Rep", "Dana Fischer")
    tomorrow = timezone.now() + timedelta(days=1)
    sheet.get_by_label("Away from").fill(f"{tomorrow:%Y-%m-%dT08:00}")
    sheet.get_by_label("Until").fill(f"{tomorrow + timedelta(days=5):%Y-%m-%dT18:00}")
    choose(sheet, "Stands in", "Lena Vogt")
    sheet.get_by_role("button", name="Enter the absence").click()
    expect(page.get_by_text("Dana Fischer is entered as away.")).to_be_visible()
    away = page.get_by_role("region", name="Away")
    expect(away.get_by_text("Lena Vogt stands in")).to_be_visible()
    assert Absence.objects.get().delegate == lena
    away.get_by_role("button", name="Cancel the absence of Dana Fischer").click()

    expect(away.get_by_text("Everybody is there")).to_be_visible()
    assert fits(page)
