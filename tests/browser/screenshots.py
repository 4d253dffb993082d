"""Take the screenshots of the README from a running demo.

`make run` in one terminal, then `.venv/bin/python -m tests.browser.screenshots` in another
(with requirements-dev.txt installed and Chromium on PATH).
"""

import shutil
import sys

from playwright.sync_api import Page, sync_playwright

from crm_handoff.people.demo import DEMO_LOGINS, DEMO_PASSWORD
from launcher.places import ROOT
from tests.conftest import CHROMIUM_ARGUMENTS, CHROMIUM_NAMES

IMAGES = ROOT / "docs" / "images"
REP = next(login.email for login in DEMO_LOGINS if "SDR" in login.role)


def main(base: str = "http://localhost:8000") -> None:
    """Write the queue and the explanation of an evaluation as the demo's rep sees them."""
    path = next(filter(None, map(shutil.which, CHROMIUM_NAMES)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        page = browser.new_page(viewport={"width": 1200, "height": 560})
        _sign_in(page, base)
        page.screenshot(path=IMAGES / "queue.png")
        page.locator("a[href*='/handoffs/']").first.click()
        page.set_viewport_size({"width": 1200, "height": 1000})
        page.get_by_role("heading", name="Why qualified").scroll_into_view_if_needed()
        page.locator("section", has=page.get_by_role("heading", name="Why qualified")).screenshot(
            path=IMAGES / "evaluation.png"
        )
        browser.close()


def _sign_in(page: Page, base: str) -> None:
    page.goto(f"{base}/login/")
    page.get_by_label("E-mail").fill(REP)
    page.get_by_label("Password").fill(DEMO_PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/queue/")
    page.wait_for_timeout(500)


if __name__ == "__main__":
    main(*sys.argv[1:])
