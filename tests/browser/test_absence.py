"""A rep marks an absence of half a day and sees the leads move."""

from datetime import time, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from crm_handoff import absences as jobs
from definitions.models import DefinitionVersion
from routing.models import Absence, BusinessCalendar, CalendarWindow, Handoff, TerritoryMembership
from tests.browser.screens import fits
from tests.web import world

pytestmark = pytest.mark.browser


@pytest.fixture
def ben(dana):
    """A second rep of DACH, who stands in."""
    territory = TerritoryMembership.objects.get(rep=dana).territory
    calendar = BusinessCalendar.objects.create(key="office", name="Office", time_zone="UTC")
    # Half a day that is on now, whenever the test runs.
    CalendarWindow.objects.bulk_create(
        CalendarWindow(calendar=calendar, weekday=day, opens=opens, closes=closes)
        for day in range(7)
        for opens, closes in ((time(0), time(12)), (time(12, 1), time(0)))
    )
    territory.calendar = calendar
    territory.save()
    return world.rep("Ben Roth", territory)


@pytest.fixture
def three(dana):
    """Three leads that Dana has not touched."""
    version = DefinitionVersion.objects.get()
    at = timezone.now() - timedelta(minutes=1)
    return [
        world.handed_over(version, world.lead(first, "Keller"), at=at)
        for first in ("Maria", "Nina", "Olga")
    ]


def test_a_rep_marks_half_a_day_and_sees_the_leads_move(anywhere, sign_in, dana, three, ben):
    page = anywhere
    sign_in(page, dana.user)
    expect(page.get_by_role("link", name="Maria Keller", exact=True)).to_be_visible()

    page.get_by_role("link", name="Away").click()
    sheet = page.locator("#sheet")
    sheet.get_by_text("Half a day").click()
    half = "Morning" if timezone.now().hour < 12 else "Afternoon"
    sheet.get_by_text(half).click()
    sheet.get_by_label("Who stands in").select_option("Ben Roth")
    expect(
        sheet.get_by_text("3 untouched leads go to Ben Roth, or to the rotation of DACH.")
    ).to_be_visible()
    assert fits(page)
    sheet.get_by_role("button", name="Set me away").click()
    expect(page.get_by_text("You are away until")).to_be_visible()
    jobs.begin()
    page.reload()

    expect(page.get_by_role("link", name="Maria Keller", exact=True)).to_be_hidden()
    assert Absence.objects.get().moved_on_at is not None
    assert Handoff.objects.filter(rep=ben).count() == 3
    page.get_by_role("link", name="Your absences").click()
    expect(page.get_by_text("Ben Roth stands in")).to_be_visible()
    assert fits(page)
    page.get_by_role("button", name="I am back").click()

    expect(page.get_by_text("Welcome back.")).to_be_visible()
