"""The documentation names pictures and pages that exist."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher.places import ROOT
from tests.browser.screenshots import FIRST_STEPS, IMAGES, PICTURES

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

LINK = re.compile(r"(!?)\[[^\]]*\]\(([^)\s]+)\)")

HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)

MOST_BYTES = 300_000
"""A picture stays small enough to be read on a train."""


def links(page: Path, *, is_image: bool) -> Iterator[str]:
    """Yield the local links of a page, or its images."""
    for mark, target in LINK.findall(page.read_text(encoding="utf-8")):
        if (mark == "!") is is_image and "://" not in target:
            yield target


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = HEADING.findall(page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-") for text in headings}


def shown() -> set[Path]:
    return {
        (page.parent / target).resolve() for page in PAGES for target in links(page, is_image=True)
    }


def test_every_picture_is_there_and_shown():
    assert shown() == set(IMAGES.iterdir())


def test_every_picture_is_one_that_can_be_taken_anew():
    taken = {picture.name for picture in (*PICTURES, FIRST_STEPS)}
    assert {path.stem for path in IMAGES.iterdir()} == taken


def test_every_picture_is_small():
    assert {path.name for path in IMAGES.iterdir() if path.stat().st_size > MOST_BYTES} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    for link in links(page, is_image=False):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link
