"""People come in by letters: invited by RevOps, or with a password that they forgot."""

import re

import pytest
from playwright.sync_api import expect

from crm_handoff.integrations import deliveries
from crm_handoff.models import User
from crm_handoff.people import roles
from crm_handoff.people.roles import Role
from tests.browser.screens import fits
from tests.web import world

pytestmark = pytest.mark.browser

CHOSEN = "a new one that nobody guesses"


@pytest.fixture
def letter(settings, live_server, mailoutbox):
    """Return what does the relay's work and answers with the link of the letter that left."""
    settings.SITE_URL = live_server.url

    def read():
        mailoutbox.clear()
        while deliveries.send_due():
            pass
        (mail,) = mailoutbox
        return mail, re.search(r"https?://\S+", mail.body)[0]

    return read


def choose(page, *passwords):
    """Fill in the two passwords of a letter's page."""
    for label, password in zip(("New password", "The same again"), passwords, strict=True):
        page.get_by_label(label).fill(password)


def invite(page, name, email):
    """Invite a rep from the menu, as RevOps."""
    page.get_by_label("Your menu").click()
    page.get_by_role("banner").get_by_role("link", name="Invite people").click()
    one = page.get_by_role("region", name="One person")
    one.get_by_label("E-mail").fill(email)
    one.get_by_label("Name").fill(name)
    one.get_by_text("Rep", exact=True).click()
    one.get_by_role("button", name="Send the invitation").click()
    waiting = page.get_by_role("region", name="Invited, not here yet")
    expect(waiting.get_by_text(name).first).to_be_visible()


def test_somebody_is_invited_and_comes_in_by_their_letter(
    anywhere, sign_in, dana, letter, browser
):
    sign_in(anywhere, User.objects.get(email="robin.ops@example.com"))
    invite(anywhere, "Noor Jansen", "noor@example.com")

    mail, link = letter()
    assert mail.to == ["noor@example.com"]
    with browser.new_context(viewport=anywhere.viewport_size) as theirs:
        page = theirs.new_page()
        page.goto(link)
        assert link not in page.url
        expect(page.get_by_label("Your name")).to_have_value("Noor Jansen")
        choose(page, CHOSEN, "something else entirely")
        page.get_by_label("Your time zone").fill("berlin")
        page.get_by_role("button", name="Come in").click()
        expect(page.locator(".wrong")).to_be_visible()
        choose(page, CHOSEN, CHOSEN)
        page.get_by_role("button", name="Come in").click()

        expect(page.get_by_role("heading", level=1, name="My queue")).to_be_visible()
        expect(page.get_by_text("Welcome, Noor Jansen. This is where you start.")).to_be_visible()
        assert fits(page)
    noor = User.objects.get(email="noor@example.com")
    assert (roles.roles_of(noor), noor.time_zone) == ({Role.REP}, "Europe/Berlin")


def test_a_forgotten_password_is_chosen_again_by_a_letter(anywhere, dana, letter, live_server):
    page = anywhere
    page.goto(f"{live_server.url}/login/")
    page.get_by_role("link", name="I forgot my password").click()
    page.get_by_label("E-mail").fill(dana.user.email)
    page.get_by_role("button", name="Send me a link").click()
    expect(page.get_by_role("heading", name="Look at your e-mail")).to_be_visible()

    mail, link = letter()
    assert mail.to == [dana.user.email]
    page.goto(link)
    choose(page, CHOSEN, CHOSEN)
    page.get_by_role("button", name="Save the new password").click()
    expect(page.get_by_text("Your password is changed.")).to_be_visible()
    page.get_by_label("E-mail").fill(dana.user.email)
    page.get_by_label("Password").fill(CHOSEN)
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("heading", level=1, name="My queue")).to_be_visible()
    page.goto(link)
    expect(page.get_by_role("heading", name="This link works no longer")).to_be_visible()


def test_nobody_learns_whether_an_address_is_known(page, dana, live_server, mailoutbox):
    page.goto(f"{live_server.url}/forgot/")
    page.get_by_label("E-mail").fill("nobody@example.com")
    page.get_by_role("button", name="Send me a link").click()

    expect(page.get_by_role("heading", name="Look at your e-mail")).to_be_visible()
    assert deliveries.send_due() == 0
    assert mailoutbox == []


def test_a_wrong_password_says_what_to_do(page, dana, live_server):
    page.goto(f"{live_server.url}/login/")
    page.get_by_label("E-mail").fill(dana.user.email)
    page.get_by_label("Password").fill(world.PASSWORD.upper())
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("alert")).to_contain_text("do not belong together")
