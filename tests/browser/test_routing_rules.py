"""RevOps draw up routing rules, see what they would change, and publish them."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from crm_handoff.models import User
from definitions.models import DefinitionVersion
from leads.companies import AccountFacts
from routing.enums import PlanState
from routing.models import RoutingPlan
from tests.browser.screens import fits
from tests.web import world

pytestmark = pytest.mark.browser

BIG = {"name": "Rheinwerk AG", "domain": "rheinwerk.example", "country": "DE"}


def test_revops_draw_up_and_publish_rules(anywhere, sign_in, dana, lena, live_server):
    page, revops = anywhere, User.objects.get(email="robin.ops@example.com")
    version = DefinitionVersion.objects.get()
    big = AccountFacts(**BIG, industry="logistics", employee_count=1_800)
    world.handed_over(version, world.lead("Greta", "Big", account=big))
    world.handed_over(version, world.lead("Sven", "Small"))
    sign_in(page, revops)

    page.goto(f"{live_server.url}/routing/")
    expect(page.get_by_text("as they ship")).to_be_visible()
    assert fits(page)
    page.get_by_role("link", name="Draw up new rules").click()
    page.get_by_role("button", name="Start the draft").click()
    expect(page.get_by_text("Nothing to mend: these rules can be published")).to_be_visible()

    draw_up(page, lena)
    publish(page)

    page.goto(f"{live_server.url}/routing/")
    expect(page.get_by_text("Routing rules 1")).to_be_visible()
    expect(page.get_by_role("heading", level=3).first).to_have_text("Large companies")
    assert RoutingPlan.objects.get().state == PlanState.PUBLISHED
    assert RoutingPlan.objects.get().published_at <= timezone.now()


def draw_up(page, lena):
    """Send companies of a thousand people and more to France, before all else."""
    page.get_by_role("link", name="Add rule").click()
    page.get_by_role("link", name="Territory rotation").click()
    page.get_by_label("Name").fill("Large companies")
    page.locator("#id_territory").evaluate(
        "(select, pk) => { select.append(new Option('France', pk, true, true)); }",
        lena.memberships.get().territory_id,
    )
    page.get_by_role("button", name="Save", exact=True).first.click()
    heading = page.get_by_role("heading", name="Large companies")
    rule = page.locator("li.sheet-part").filter(has=heading)
    expect(rule).to_contain_text("To the rotation of France.")

    rule.get_by_role("link", name="Add condition").click()
    page.get_by_role("link", name="Company size (people)").click()
    page.get_by_label("Value").fill("1000")
    page.get_by_role("button", name="Save", exact=True).first.click()
    expect(rule).to_contain_text("Company size: at least 1,000 people")
    for _ in range(3):
        rule.get_by_role("button", name="Ask earlier").click()
    expect(page.locator("li.sheet-part").first).to_contain_text("Large companies")
    assert fits(page)


def publish(page):
    page.get_by_role("link", name="See what changes, and publish").click()
    expect(page.get_by_role("heading", name="Publish Routing rules 1?")).to_be_visible()
    expect(page.get_by_text("1 of the last 2 leads would go elsewhere")).to_be_visible()
    expect(page.get_by_role("row", name="Greta Big")).to_contain_text("Lena Vogt")
    assert fits(page)
    page.get_by_role("button", name="Publish these rules").click()
    expect(page.get_by_text("are in force: every lead is routed by them")).to_be_visible()
