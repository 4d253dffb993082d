"""Sales rejects together what a campaign brought below the floor: above the limit, not at it."""

from itertools import count

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from crm_handoff.people.models import User
from definitions.models import DefinitionVersion
from leads.companies import AccountFacts
from leads.models import Campaign, Lead
from routing.enums import HandoffStatus
from routing.models import Handoff, Rep
from tests.browser.conftest import SignIn
from tests.routing.sales import bring
from tests.web import world
from tests.web.world import HOUR

pytestmark = pytest.mark.browser

serial = count(1)


def handed_over(campaign: Campaign, *, people: int) -> Handoff:
    """A handoff of somebody at a company of so many people, brought by a campaign."""
    number = next(serial)
    account = AccountFacts(
        name=f"Spedition {number}",
        domain=f"spedition{number}.example",
        industry="logistics",
        employee_count=people,
        country="DE",
    )
    who = world.lead(f"Lead{number}", account=account)
    Lead.objects.filter(pk=who.pk).update(campaign=campaign)
    return world.handed_over(DefinitionVersion.objects.get(), who)


@pytest.fixture
def clean(dana: Rep) -> Handoff:
    """One that keeps to the floor, beside five of the same campaign that do not."""
    campaign = Campaign.objects.create(key="spring", name="Spring webinar")
    for _ in range(5):
        handed_over(campaign, people=12)
    return handed_over(campaign, people=300)


@pytest.fixture
def samir(dana: Rep) -> User:
    """Sales' manager."""
    return User.objects.get(email="samir.haddad@example.com")


def test_above_the_limit_sales_rejects_the_open_ones_and_takes_it_back(
    anywhere: Page, live_server, sign_in: SignIn, samir: User, clean: Handoff
) -> None:
    bring(clean, clean=92, at=timezone.now() - HOUR)
    page = anywhere
    sign_in(page, samir)
    page.goto(f"{live_server.url}/sla/criteria/")
    expect(page.get_by_text("batches break their limit")).to_be_visible()
    page.get_by_role("link", name="Spring webinar").click()
    expect(
        page.get_by_text("5 of 98 are below the floor: 5.1 %, the limit is 5 %.")
    ).to_be_visible()

    page.get_by_role("link", name="Reject the 5 open ones").click()
    page.get_by_label("Reason").select_option(label="No fit")
    page.get_by_label("Comment").fill("The list was bought without company sizes.")
    page.get_by_role("button", name="Reject 5 leads").click()

    expect(page.get_by_text("5 leads of Spring webinar rejected: No fit.")).to_be_visible()
    expect(page.get_by_text("Nothing that this batch has below the floor is open")).to_be_visible()
    assert Handoff.objects.filter(floor_missed=True, status=HandoffStatus.REJECTED).count() == 5
    clean.refresh_from_db()
    assert clean.status == HandoffStatus.ASSIGNED

    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Taken back. The leads wait as before.")).to_be_visible()
    assert Handoff.objects.filter(floor_missed=True, status=HandoffStatus.ASSIGNED).count() == 5


def test_at_the_limit_there_is_nothing_to_press_and_the_server_refuses(
    page: Page, live_server, sign_in: SignIn, samir: User, clean: Handoff
) -> None:
    bring(clean, clean=92, at=timezone.now() - HOUR)
    sign_in(page, samir)
    page.goto(f"{live_server.url}/sla/criteria/")
    page.get_by_role("link", name="Spring webinar").click()
    page.get_by_role("link", name="Reject the 5 open ones").click()
    expect(page.get_by_role("heading", name="Reject 5 leads of Spring webinar")).to_be_visible()
    # Two more clean ones come in while the dialog is open: 5 of 100 is the limit, not above it.
    bring(clean, clean=2, at=timezone.now())

    page.get_by_label("Reason").select_option(label="No fit")
    page.get_by_label("Comment").fill("The list was bought without company sizes.")
    page.get_by_role("button", name="Reject 5 leads").click()

    said = "5 of 100 are below the floor: 5.0 %, the limit is 5 %."
    expect(page.locator(".toast", has_text=said)).to_be_visible()
    expect(page.get_by_text("Sales may reject a batch only above the limit.")).to_be_visible()
    expect(page.get_by_role("link", name="Reject the 5 open ones")).to_have_count(0)
    assert not Handoff.objects.filter(floor_missed=True).exclude(status="assigned").exists()


def test_a_rep_names_the_criterion_that_a_lead_misses(
    page: Page, live_server, sign_in: SignIn, dana: Rep, clean: Handoff
) -> None:
    handoff = Handoff.objects.filter(floor_missed=True).earliest("pk")
    sign_in(page, dana.user)
    page.goto(f"{live_server.url}/handoffs/{handoff.public_id}/reject/")
    which = page.get_by_label("Which criterion does the lead miss?")
    expect(which).to_be_hidden()

    page.get_by_label("Reason").select_option(label="No fit")
    which.select_option(label="50 to 2,000 people")
    page.get_by_label("Comment").fill("They are twelve.")
    page.get_by_role("button", name="Reject with reason").click()

    expect(page.get_by_text("the recorded facts bear it out")).to_be_visible()
