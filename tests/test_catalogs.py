"""Every text that people read stands in the catalog of every language that ships."""

from pathlib import Path

import pytest
from django.utils import translation

from crm_handoff import catalogs


@pytest.mark.parametrize("language", catalogs.languages())
def test_every_text_is_translated(language):
    assert catalogs.problems(language) == []


def test_texts_of_templates_code_and_vocabulary_are_found():
    found = {catalogs._text(message) for message in catalogs.extracted()}

    assert "Skip to content" in found  # templates/base.html
    assert "Accepted by sales" in found  # leads/enums.py
    assert "decision maker" in found  # definitions/vocabulary.py


def test_a_text_is_found_whatever_the_call_is_named():
    source = "from django.utils.translation import gettext_lazy as lazy\nHEADING = lazy('Late')"

    assert list(catalogs._in_python(source, "late.py")) == [(None, "Late", "")]


def test_a_language_is_spoken():
    with translation.override("de"):
        assert translation.gettext("Sign out") == "Abmelden"


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalog of its own, to be broken."""
    path = tmp_path / "django.po"
    monkeypatch.setattr(catalogs, "path_of", lambda language: path)
    return path


def test_a_catalog_that_lacks_a_text_is_incomplete(elsewhere):
    catalogs.update("de")
    text = elsewhere.read_text(encoding="utf-8")
    text = text.replace('msgid "Sign out"\nmsgstr ""', 'msgid "Sign off"\nmsgstr "Ab"')
    elsewhere.write_text(text, encoding="utf-8")

    wrong = catalogs.problems("de")

    assert "“Sign out” is new." in wrong
    assert any("is not translated" in problem for problem in wrong)
    assert "The compiled catalog is older than the readable one." in wrong


def test_a_translation_keeps_the_placeholders(elsewhere):
    elsewhere.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
        'msgid "%(n)s leads"\nmsgstr "%(m)s Leads"\n',
        encoding="utf-8",
    )

    assert "“%(n)s leads” is translated with other placeholders." in catalogs.problems("de")


def test_updating_keeps_translations_and_drops_what_is_gone(elsewhere):
    elsewhere.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
        'msgid "Sign out"\nmsgstr "Abmelden"\n\nmsgid "Gone"\nmsgstr "Weg"\n',
        encoding="utf-8",
    )

    catalogs.update("de")

    text = elsewhere.read_text(encoding="utf-8")
    assert 'msgid "Sign out"\nmsgstr "Abmelden"' in text
    assert "Weg" not in text
