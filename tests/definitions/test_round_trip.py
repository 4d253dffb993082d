"""A whole version is one text that can be kept, and comes back exactly as it was."""

from copy import deepcopy
from datetime import datetime
from typing import Any

from hypothesis import given, settings
from hypothesis.extra.django import TestCase

from crm_handoff.people.models import User
from definitions import differences, document, versions
from definitions.content import content_of
from definitions.validity import problems_in
from tests.definitions.strategies import FEW, Edit, contents, field_edits

AT = datetime.fromisoformat("2026-01-13T12:00Z")
SLOW = settings(FEW, max_examples=20)


def people() -> User:
    """Make those whom the contents name, and return one of them."""
    for name in ("mo", "ada", "sol", "nina", "otto"):
        person = User.objects.create_user(f"{name}@example.com")
    return person


class TestRoundTrip(TestCase):
    """Whatever is sound is kept."""

    @SLOW
    @given(contents())
    def test_a_version_survives_rows_and_text(self, content: dict[str, Any]) -> None:
        author = people()
        assert problems_in(content) == []

        first = versions.create_draft(content, by=author)
        text = versions.canonical_text(first)
        second = versions.load(text, by=author)

        assert versions.canonical_text(second) == text
        assert document.read(text) == content_of(first) == content_of(second)
        written = document.read(text)
        for part, value in content.items():
            assert part in written, part
            if isinstance(value, dict | list):
                assert len(written[part]) == len(value), part

    @SLOW
    @given(contents())
    def test_a_text_that_comes_back_has_the_same_hash(self, content: dict[str, Any]) -> None:
        author = people()
        first = versions.create_draft(content, by=author)
        text = versions.canonical_text(first)
        versions.submit(first, by=author, at=AT)
        versions.withdraw(first, by=author)

        second = versions.submit(versions.load(text, by=author), by=author, at=AT)

        assert second.content == text
        assert versions.submit(first, by=author, at=AT).content_hash == second.content_hash

    @SLOW
    @given(field_edits())
    def test_two_texts_are_the_same_exactly_when_nothing_differs(self, edit: Edit) -> None:
        author = people()
        before, after = deepcopy(edit.before), deepcopy(edit.after)
        if problems_in(after):
            return

        one, other = (versions.create_draft(each, by=author) for each in (before, after))

        is_same = versions.canonical_text(one) == versions.canonical_text(other)
        assert is_same == (differences.compare(content_of(one), content_of(other)) == ())
