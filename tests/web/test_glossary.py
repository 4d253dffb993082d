"""Every figure explains itself, and nothing is explained that no page shows."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template import Context, Template

from crm_handoff.web.glossary import AREAS, GLOSSARY

ROOT = Path(settings.BASE_DIR)
IN_TEMPLATE = re.compile(r"""\{%\s*explain\s+["']([a-z0-9_]+)["']\s*%\}""")
IN_CODE = re.compile(r"""explains=["']([a-z0-9_]+)["']""")


def named():
    keys = set()
    for file in (ROOT / "templates").rglob("*.html"):
        keys |= set(IN_TEMPLATE.findall(file.read_text(encoding="utf-8")))
    for file in (ROOT / "crm_handoff" / "web").glob("*.py"):
        keys |= set(IN_CODE.findall(file.read_text(encoding="utf-8")))
    return keys


def test_every_key_that_a_page_names_is_explained_and_no_other():
    assert named() == set(GLOSSARY)


@pytest.mark.parametrize("area", AREAS, ids=lambda area: area.__name__.rpartition(".")[2])
def test_keys_of_an_area_stand_in_alphabetical_order(area):
    assert list(area.EXPLANATIONS) == sorted(area.EXPLANATIONS)


def test_no_key_stands_in_two_areas():
    assert len(GLOSSARY) == sum(len(area.EXPLANATIONS) for area in AREAS)


@pytest.mark.parametrize("key", GLOSSARY)
def test_an_explanation_says_what_the_figure_means_in_sentences(key):
    about = GLOSSARY[key]

    assert str(about.name)
    for text in (about.meaning, about.window, about.source):
        assert not str(text) or str(text).endswith(".")
    assert str(about.meaning)


def test_the_mark_is_a_button_that_opens_and_describes():
    page = Template('{% load web %}{% explain "acceptance" %}').render(Context())

    target = re.search(r'popovertarget="([^"]+)"', page).group(1)
    assert f'id="{target}" popover' in page
    assert f'aria-describedby="{target}"' in page
    assert "What “Acceptance” means" in page
    assert "accepted ÷ (accepted + rejected)" in page


def test_two_marks_of_one_page_do_not_share_their_text():
    page = Template('{% load web %}{% explain "won" %}{% explain "won" %}').render(Context())

    assert len(set(re.findall(r'popovertarget="([^"]+)"', page))) == 2


def test_a_figure_without_explanation_is_a_mistake():
    with pytest.raises(KeyError):
        Template('{% load web %}{% explain "nonsense" %}').render(Context())
