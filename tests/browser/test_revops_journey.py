"""RevOps on the first day, from an empty installation to an agreement in force; then at work."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from crm_handoff import defaults
from crm_handoff.models import Organization, User
from crm_handoff.people import invitations
from crm_handoff.people.roles import Role
from definitions import versions
from definitions.enums import Side
from definitions.models import DefinitionVersion
from leads.models import Account
from routing.models import BusinessCalendar
from tests.browser.screens import fits
from tests.web import world

pytestmark = pytest.mark.browser

LINES = """\
Maya Lindqvist, maya@example.com, marketing lead
Samir Haddad, samir@example.com, sales manager
Dana Fischer, dana@example.com, SDR, en de
Nobody, not an address, SDR"""


@pytest.fixture
def root(transactional_db):
    """The superuser of an installation in which the defaults are loaded, and nothing else."""
    person = User.objects.create_superuser("root@example.com", world.PASSWORD)
    defaults.load(by=person)
    return person


def come_in(email):
    """Accept an invitation, as the letter's page does."""
    person = User.objects.get(email=email)
    return invitations.accept(person, password=world.PASSWORD, at=timezone.now())


def expect_done(page, *steps):
    for step in steps:
        expect(page.locator(f"#{step}").get_by_text("done", exact=True)).to_be_visible()


@pytest.fixture
def settled(root):
    """The installation once the company is entered, and its people are in."""
    Organization.objects.create(id=1, name="Northwind", time_zone="Europe/Berlin")
    BusinessCalendar.objects.update(time_zone="Europe/Berlin")
    world.person("Maya Lindqvist", Role.MARKETING_LEAD)
    world.person("Samir Haddad", Role.SALES_MANAGER)
    world.rep("Dana Fischer", world.territory())
    return root


def test_the_company_and_its_people_tick_their_steps(anywhere, sign_in, root, live_server):
    page = anywhere
    sign_in(page, root)
    expect(page.get_by_role("heading", level=1, name="First steps")).to_be_visible()
    expect(page.get_by_text("0 of 6 done")).to_be_visible()
    company = page.locator("#organization")
    company.get_by_label("Name").fill("Northwind")
    company.get_by_label("Time zone").fill("Europe/Berlin")
    company.get_by_label("Currency").fill("EUR")
    company.get_by_role("button", name="Save the organization").click()
    expect_done(page, "organization")
    assert fits(page)

    page.locator("#people").get_by_role("link", name="Invite people").click()
    page.get_by_label("A person a line").fill(LINES)
    page.get_by_role("button", name="Invite all of them").click()
    expect(page.get_by_text("3 people are invited")).to_be_visible()
    expect(page.get_by_role("row", name="not an address")).to_be_visible()
    assert fits(page)
    page.goto(f"{live_server.url}/start/")
    expect(page.get_by_text("Sales manager: 1 invited, who has not accepted")).to_be_visible()
    for name in ("maya", "samir", "dana"):
        come_in(f"{name}@example.com")
    page.reload()

    expect_done(page, "people")


def test_the_agreement_and_the_first_lead_finish_the_list(anywhere, sign_in, settled):
    page = anywhere
    sign_in(page, settled)
    expect_done(page, "organization", "people", "calendar", "territories")
    way = page.locator("#agreement .ways > li").first
    way.get_by_label("For marketing").select_option(label="Maya Lindqvist")
    way.get_by_label("For sales").select_option(label="Samir Haddad")
    way.get_by_role("button", name="Name them").click()
    expect(page.get_by_text("Both sides are named. Submit the version")).to_be_visible()

    version, at = DefinitionVersion.objects.exclude(marketing_operator=None).get(), timezone.now()
    versions.submit(version, by=settled, at=at)
    versions.sign(version, side=Side.MARKETING, by=version.marketing_operator, at=at)
    page.reload()
    expect(page.get_by_text("Sales' signature is missing: Samir Haddad")).to_be_visible()
    versions.sign(version, side=Side.SALES, by=version.sales_operator, at=at)
    versions.activate(version, by=settled, at=at)
    world.lead("Maria", "Keller")
    page.reload()

    expect_done(page, "agreement", "leads")
    expect(page.get_by_text("Everything is there")).to_be_visible()
    page.get_by_role("link", name="CRM Handoff").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This week")


def test_the_list_is_put_away_and_found_again(page, sign_in, root):
    Organization.objects.create(id=1, name="Northwind", time_zone="UTC")
    sign_in(page, root)

    page.get_by_role("button", name="Put the list away").click()
    expect(page.get_by_role("heading", level=1, name="First steps")).to_have_count(0)
    page.get_by_label("Your menu").click()
    page.get_by_role("link", name="First steps").click()

    expect(page.get_by_role("heading", level=1, name="First steps")).to_be_visible()


def test_a_lead_is_found_by_e_mail_in_the_administration(page, sign_in, dana, live_server):
    world.lead("Jonas", "Huber")
    wanted = world.lead("Maria", "Keller")
    sign_in(page, User.objects.get(email="robin.ops@example.com"))
    page.get_by_label("Your menu").click()
    page.get_by_role("link", name="Administration").click()
    page.goto(f"{live_server.url}/admin/leads/lead/")
    search = page.get_by_placeholder("Name, e-mail or company")
    search.fill(wanted.email)
    search.press("Enter")

    rows = page.locator("#result_list tbody tr")
    expect(rows).to_have_count(1)
    rows.get_by_role("link", name="Maria Keller").click()
    expect(page.get_by_text(wanted.email).first).to_be_visible()


def test_an_action_on_several_rows_says_what_became_of_each(page, sign_in, dana, live_server):
    world.lead("Jonas", "Huber")
    world.lead("Maria", "Keller")
    was = Account.objects.order_by("pk")[0]
    Account.objects.filter(pk=was.pk).update(is_target=True)
    sign_in(page, User.objects.get(email="robin.ops@example.com"))
    page.goto(f"{live_server.url}/admin/leads/account/")
    for box in page.locator("input.action-select").all():
        box.check()
    page.locator("select[name=action]").select_option("mark_target")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text("Mark these as target accounts?")).to_be_visible()
    page.get_by_role("button", name="Mark as target accounts").click()

    expect(page.get_by_text("is a target account now")).to_be_visible()
    expect(page.get_by_text("was marked so before")).to_be_visible()
    assert Account.objects.filter(is_target=True).count() == 2
