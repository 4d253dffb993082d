"""What a page looks like on the screen it is shown on."""

from playwright.sync_api import Page


def fits(page: Page) -> bool:
    """Return whether nothing of the page is wider than its window.

    Asks its body, which is waited for: between two pages there is none to measure.
    """
    page.wait_for_load_state()
    script = "body => body.ownerDocument.documentElement.scrollWidth <= window.innerWidth"
    return bool(page.locator("body").evaluate(script))
