"""The pictures that the documentation shows, taken from the demo by `make screenshots`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page

from crm_handoff import defaults, heartbeats
from crm_handoff.models import Heartbeat, Organization
from crm_handoff.people.demo import DEMO_PASSWORD
from crm_handoff.people.models import User
from definitions.enums import VersionState
from definitions.models import DefinitionVersion
from definitions.vocabulary import Process
from launcher.places import ROOT
from leads.models import Account, Opportunity
from routing.enums import HandoffStatus
from routing.models import Handoff, Rejection
from tests.browser.places import AUDITOR, MARKETING, REVOPS, SALES, SDR

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

IMAGES = ROOT / "docs" / "images"

FOUNDER = "you@company.example"
"""Who signs in first to an empty product."""

PHONE = (390, 844)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture by the name of its file, of the page at `address` as `who` sees it.

    size: of the window, in pixels, hence of the picture unless `part` names an element to keep
    alone. press: what is pressed before; it opens a dialog.
    """

    name: str
    who: str
    address: Callable[[], str]
    size: tuple[int, int] = (1280, 800)
    press: str = ""
    part: str = ""


def _page(name: str, query: str = "") -> Callable[[], str]:
    return lambda: f"{reverse(name)}{query}"


def _on(name: str, row: Callable[[], Handoff]) -> Callable[[], str]:
    return lambda: reverse(name, args=[row().public_id])


def _to_call() -> Handoff:
    """Return the rep's lead with most to say, of those of today who are to be called."""
    rows = _held().filter(status=HandoffStatus.ASSIGNED, version__process=Process.CRITERIA_LED)
    return max(rows, key=lambda one: len(one.packet["talking_points"]))


def _to_confirm() -> Handoff:
    """Return the rep's lead with most to say, of those whom sales confirms."""
    rows = _held().filter(status=HandoffStatus.ACCEPTED, version__process=Process.SALES_CONFIRMED)
    return max(rows, key=lambda one: len(one.packet["talking_points"]))


def _held() -> Any:
    return Handoff.objects.filter(rep__user__email=SDR).order_by("pk")


def _rejected_lead() -> str:
    rejection = Rejection.objects.filter(reversal=None).latest("at")
    return reverse("web:lead", args=[rejection.handoff.lead.public_id])


def _target() -> str:
    rows = Account.objects.filter(is_target=True).order_by("pk")
    busiest = max(rows, key=lambda one: Opportunity.objects.filter(lead__account=one).count())
    return reverse("web:account", args=[busiest.public_id])


def _in_review(view: str) -> Callable[[], str]:
    def address() -> str:
        version = DefinitionVersion.objects.get(state=VersionState.IN_REVIEW)
        return reverse(view, args=[version.definition.key, version.number])

    return address


def _draft() -> str:
    version = DefinitionVersion.objects.get(state=VersionState.DRAFT)
    return reverse("admin:definitions_definitionversion_change", args=[version.pk])


PICTURES = (
    Picture("queue", SDR, _page("web:queue"), size=(1280, 700)),
    Picture("queue-phone", SDR, _page("web:queue"), size=PHONE),
    Picture("lead", SDR, _on("web:handoff", _to_call), size=(1280, 860)),
    Picture("lead-phone", SDR, _on("web:handoff", _to_call), size=PHONE),
    Picture("attempt", SDR, _on("web:handoff", _to_call), press="[data-key=c]"),
    Picture("reject", SDR, _on("web:handoff", _to_call), press="[data-key=r]"),
    Picture("confirm", SDR, _on("web:confirm", _to_confirm), size=(1280, 900)),
    Picture("why", SDR, _on("web:handoff", _to_call), size=(1280, 3600), part=".why"),
    Picture("marketing-home", MARKETING, _page("web:home"), size=(1280, 900)),
    Picture("marketing-lead", MARKETING, _rejected_lead, size=(1280, 900)),
    Picture("assets", MARKETING, _page("web:assets"), size=(1280, 620)),
    Picture("funnel", MARKETING, _page("web:funnel"), size=(1280, 760)),
    Picture("sales-home", SALES, _page("web:home"), size=(1280, 900)),
    Picture("team", SALES, _page("web:team"), size=(1280, 800)),
    Picture("team-phone", SALES, _page("web:team"), size=PHONE),
    Picture("sign", SALES, _in_review("web:version_sign"), size=(1280, 900)),
    Picture("agreement", SALES, _in_review("web:version"), size=(1280, 1100)),
    Picture("impact", REVOPS, _in_review("web:version_impact"), size=(1280, 800)),
    Picture("draft", REVOPS, _draft, size=(1280, 1000)),
    Picture("revops-home", REVOPS, _page("web:home"), size=(1280, 800)),
    Picture("administration", REVOPS, _page("admin:index"), size=(1280, 900)),
    Picture("invite", REVOPS, _page("web:invite"), size=(1280, 570)),
    Picture("account", REVOPS, _target, size=(1280, 760)),
    Picture("decision", AUDITOR, _on("web:handoff", _to_call)),
)
"""Every picture of the documentation that the demo gives."""

FIRST_STEPS = Picture("first-steps", FOUNDER, _page("web:start"), size=(1280, 900))
"""What a company sees first; the demo is past it."""


def take(
    browser: Browser, base: str, pictures: tuple[Picture, ...], *, folder: Path = IMAGES
) -> None:
    """Take pictures of the product at `base`, whose database is also this process's."""
    for who in dict.fromkeys(picture.who for picture in pictures):
        with browser.new_context(color_scheme="light", reduced_motion="reduce") as context:
            context.set_default_timeout(20_000)
            page = context.new_page()
            _sign_in(page, base, who)
            for picture in (picture for picture in pictures if picture.who == who):
                _take(page, base, picture, folder=folder)


def _sign_in(page: Page, base: str, who: str) -> None:
    page.goto(f"{base}/login/")
    page.get_by_label("E-mail").fill(who)
    page.get_by_label("Password").fill(DEMO_PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda address: "/login/" not in address)


def _take(page: Page, base: str, picture: Picture, *, folder: Path) -> None:
    for kind in Heartbeat.Kind:
        # A worker and a relay would be there.
        heartbeats.beat(kind, kind, at=timezone.now())
    width, height = picture.size
    page.set_viewport_size({"width": width, "height": height})
    page.goto(f"{base}{picture.address()}", wait_until="networkidle")
    if picture.press:
        page.locator(picture.press).locator("visible=true").first.click()
        page.locator("dialog[open]").wait_for()
    page.wait_for_function("!document.querySelector('[aria-busy=true]')")
    what = page.locator(picture.part).first if picture.part else page
    what.screenshot(path=folder / f"{picture.name}.png", animations="disabled")


@pytest.fixture
def empty_product(transactional_db: None) -> None:
    """The product of somebody who has just installed it, and has taken the first step."""
    founder = User.objects.create_superuser(FOUNDER, DEMO_PASSWORD)
    defaults.load(by=founder)
    Organization.objects.create(name="Your company", time_zone="Europe/Berlin", currency="EUR")


@pytest.fixture
def demo_year(transactional_db: None, settings: Any) -> None:
    """The demo, as `make run` plays it."""
    settings.DEMO = True
    call_command("load_defaults")
    call_command("load_demo")


def test_the_first_steps_have_their_picture(
    empty_product: None, live_server: Any, browser: Browser
) -> None:
    take(browser, live_server.url, (FIRST_STEPS,))


def test_the_demo_gives_every_other_picture(
    demo_year: None, live_server: Any, browser: Browser
) -> None:
    take(browser, live_server.url, PICTURES)
