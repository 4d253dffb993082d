"""Every page is opened, wide and narrow, light and dark, and looked at by axe-core.

With SCREENSHOTS naming a folder, each page is also kept there as a picture (`make screenshots`).
With PLACES naming some, say `PLACES=sales-team,rep-queue`, only those are opened.
"""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.tokens import default_token_generator
from django.core.management import call_command
from django.urls import resolve, reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect

from crm_handoff.demo import WEEKS
from crm_handoff.people.demo import DEMO_PASSWORD
from crm_handoff.people.roles import Role
from tests.browser.places import REVOPS, Place, admin_places, send_files, web_places
from tests.test_urls import EXPECTED
from tests.web import world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FOLDER = os.environ.get("SCREENSHOTS", "")

ONLY = frozenset(os.environ.get("PLACES", "").split(",")) - {""}

WEEKS_WALKED = WEEKS if FOLDER else 6
"""Long enough for a row of everything; pictures show the whole year."""

SIZES = ((1440, 900), (390, 844))

SERIOUS = {"serious", "critical"}

WHOLE = {"resultTypes": ["violations"], "preload": False}
OF_COLORS = WHOLE | {"runOnly": ["color-contrast", "link-in-text-block"]}
"""What can differ between light and dark."""

UNFOLD_ISSUES = {
    "aria-input-field-name": "Select2, which Django's autocomplete brings, has an unnamed box",
}
"""Rules of axe-core that the administration's own theme breaks, each with what breaks it.

They are in the templates of Unfold 0.91 or of Django, not in ours.
"""

SWAGGER_ISSUES = {
    "nested-interactive": "each operation's head is a button with a button to copy its path in it",
}
"""Rules that Swagger UI's own elements break on the page of the API's description."""

NO_PAGES = {
    "bell": "a part of every page",
    "team_side": "a part of the team's page",
    "outlook": "a part of a lead's page",
    "away_effect": "a part of what a rep enters",
    "team_absence_effect": "a part of what a manager enters",
    "pull_waiting": "a part of the queue's page",
    "lead_touchpoints": "a part of a lead's page",
    "import_refused": "a file",
    "version_file": "a file",
}
"""Addresses that answer with something else than a whole page."""


class Visitor:
    """Somebody at a browser, with notes of what no page may do."""

    def __init__(self, page: Page, base: str, *, ignored: dict[str, str]) -> None:
        self.page = page
        self.base = base
        self.ignored = ignored
        self.wrong: list[str] = []
        page.on("request", self._asks)
        page.on("console", self._says)
        page.on("pageerror", lambda error: self.wrong.append(f"{page.url}: {error}"))

    def _asks(self, request: Request) -> None:
        if not request.url.startswith((self.base, "data:", "blob:")):
            self.wrong.append(f"{self.page.url} asks {request.url}, which leaves this machine")

    def _says(self, message: ConsoleMessage) -> None:
        is_the_page = message.location.get("url") == self.page.url
        if message.type == "error" and not (is_the_page and "Failed to load" in message.text):
            self.wrong.append(f"{self.page.url} logs: {message.text}")

    def sign_in(self, who: str) -> None:
        """Sign in as somebody of the demo."""
        self.page.goto(f"{self.base}/login/")
        self.page.get_by_label("E-mail").fill(who)
        self.page.get_by_label("Password").fill(DEMO_PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(lambda address: "/login/" not in address)

    def open(self, place: Place) -> bool:
        """Open a page with the parts that it loads itself; false when it did not answer."""
        self.page.emulate_media(color_scheme="light")
        response = self.page.goto(f"{self.base}{place.address}", wait_until="load")
        status = response.status if response is not None else None
        if status != place.status:
            self.wrong.append(f"{place.name} answers {status}")
            return False
        expect(self.page.locator("[aria-busy=true]")).to_have_count(0, timeout=15_000)
        return True

    def look(self, place: Place, *, folder: str, options: Any = WHOLE) -> None:
        """Note what axe-core finds on the open page, and keep its picture."""
        found = issues(self.page, self.ignored, options)
        self.wrong += [f"{place.name} {folder}: {issue}" for issue in found]
        if FOLDER:
            path = Path(FOLDER) / folder / f"{place.name}.png"
            self.page.screenshot(path=path, full_page=True)

    def look_twice(self, place: Place) -> None:
        """Open a page and look at it in light and in dark; it may not be wider than the screen."""
        if not self.open(place):
            return
        width = (self.page.viewport_size or {})["width"]
        beyond = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if beyond > 0:
            self.wrong.append(f"{place.name} is {beyond} px wider than the screen of {width}")
        self.look(place, folder=f"{width}-light")
        self.page.emulate_media(color_scheme="dark")
        self.look(place, folder=f"{width}-dark", options=OF_COLORS)


def issues(page: Page, ignored: dict[str, str], options: Any) -> Iterator[str]:
    """Yield what axe-core finds serious on the page: the rule, how often, and where first."""
    for found in Axe().run(page, options=options).response["violations"]:
        if found["impact"] in SERIOUS and found["id"] not in ignored:
            node = found["nodes"][0]
            yield f"{found['id']} ×{len(found['nodes'])}: {node['target']} {node['html'][:160]}"


@pytest.fixture
def demo_year(transactional_db: None, settings: Any) -> None:
    """The demo, as `make run` plays it."""
    settings.DEMO = True
    call_command("load_defaults")
    call_command("load_demo", weeks=WEEKS_WALKED)
    send_files()


@contextmanager
def visiting(
    browser: Browser,
    base: str,
    *,
    size: tuple[int, int] = SIZES[0],
    ignored: dict[str, str] | None = None,
) -> Iterator[Visitor]:
    viewport: Any = {"width": size[0], "height": size[1]}
    with browser.new_context(viewport=viewport, reduced_motion="reduce") as context:
        context.set_default_timeout(15_000)
        yield Visitor(context.new_page(), base, ignored=ignored or {})


def test_no_page_of_the_product_keeps_anybody_out(
    demo_year: None, live_server: Any, browser: Browser
) -> None:
    wrong: list[str] = []
    places = wanted(web_places())
    for size in SIZES:
        for who in dict.fromkeys(place.who for place in places):
            with visiting(browser, live_server.url, size=size) as visitor:
                visitor.sign_in(who)
                for place in (place for place in places if place.who == who):
                    visitor.look_twice(place)
                wrong += visitor.wrong
    assert not wrong, "\n".join(wrong)
    assert ONLY or opened() - names_of(places) == {"login", "forgot", "set_password"}


def wanted(places: list[Place]) -> list[Place]:
    """Return those of some places that PLACES names; all of them when it names none."""
    return [place for place in places if place.name in ONLY] if ONLY else places


def opened() -> set[str]:
    """Return the names of the product's own pages that somebody can open by their address."""
    return {
        name
        for (space, name, method), answers in EXPECTED.items()
        if space == "web" and method == "GET" and "200" in answers and name not in NO_PAGES
    } | {"team_assign"}


def names_of(places: list[Place]) -> set[str]:
    return {resolve(place.address.partition("?")[0]).url_name or "" for place in places}


def test_no_page_of_the_administration_keeps_anybody_out(
    demo_year: None, live_server: Any, browser: Browser
) -> None:
    with visiting(browser, live_server.url, ignored=UNFOLD_ISSUES) as visitor:
        visitor.sign_in(REVOPS)
        for place in wanted(admin_places()):
            if visitor.open(place):
                visitor.look(place, folder="admin")
    rules = Counter(line.split(": ")[1].split(" ")[0] for line in visitor.wrong if " ×" in line)
    assert not visitor.wrong, f"{rules}\n" + "\n".join(visitor.wrong)


def test_no_page_before_signing_in_keeps_anybody_out(
    live_server: Any, browser: Browser, transactional_db: None
) -> None:
    dana = world.person("Dana Fischer", Role.REP)
    token = default_token_generator.make_token(dana)
    link = {"uidb64": urlsafe_base64_encode(force_bytes(dana.pk)), "token": token}
    places = [
        Place("sign-in", reverse("web:login")),
        Place("forgot", reverse("web:forgot")),
        Place("forgot-sent", f"{reverse('web:forgot')}?sent"),
        Place("choose-password", reverse("web:set_password", kwargs=link)),
        Place("link-used", reverse("web:set_password", kwargs=link | {"token": "made-up"})),
        Place("nowhere", "/nowhere/", status=404),
    ]
    wrong: list[str] = []
    for size in SIZES:
        with visiting(browser, live_server.url, size=size) as visitor:
            for place in places:
                visitor.look_twice(place)
            wrong += visitor.wrong
    assert not wrong, "\n".join(wrong)


def test_the_description_of_the_api_keeps_nobody_out(
    live_server: Any, browser: Browser, transactional_db: None
) -> None:
    place = Place("api-docs", reverse("api-docs"))
    with visiting(browser, live_server.url, ignored=SWAGGER_ISSUES) as visitor:
        assert visitor.open(place)
        # What is further down is drawn when it is scrolled to.
        visitor.page.get_by_role("heading", name="absences").wait_for()
        visitor.look(place, folder="1440-light")
    assert visitor.wrong == []
