"""The text of a version is read strictly and written in one way."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from definitions import document
from definitions.document import DocumentUnreadable

NAMES = st.text(min_size=1, max_size=12)
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=30)
LEAVES |= st.decimals(-1000, 1000, places=2).map(float).filter(lambda value: value % 1 != 0)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4)
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"),
        ("yes", "yes"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("2026-01-13", "2026-01-13"),
        ("010", "010"),
        ("0x10", "0x10"),
        (".inf", ".inf"),
        ("true", True),
        ("~", None),
        ("", None),
        ("-3", -3),
        ("0.5", 0.5),
    ],
)
def test_read_takes_words_for_words(text: str, value: Any) -> None:
    assert document.read(f"it: {text}") == {"it": value}


@pytest.mark.parametrize(
    "text",
    ["", "- a", "word", "a: [", "a: 1\na: 2", "a: {b: 1, b: 2}", "a: !!python/name:os.x", "\0"],
)
def test_read_refuses_what_is_no_document(text: str) -> None:
    with pytest.raises(DocumentUnreadable):
        document.read(text)


def test_read_refuses_a_text_that_is_too_long() -> None:
    with pytest.raises(DocumentUnreadable, match="longer than"):
        document.read("a: " + "b" * 1_000_000)


def test_read_says_which_key_stands_twice() -> None:
    with pytest.raises(DocumentUnreadable, match=r"demo twice(.|\n)*line 3"):
        document.read("levels: 1\ndemo: 1\ndemo: 2")


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 100_000 + "]" * 100_000,
        "a: " + "{a: " * 20_000 + "1" + "}" * 20_000,
    ],
)
def test_read_refuses_to_nest_without_end(text: str) -> None:
    with pytest.raises(DocumentUnreadable, match="30 parts within parts"):
        document.read(text)


@pytest.mark.parametrize(
    "text",
    [
        "? [a, b]\n: 1",
        "? {a: b}\n: 1",
        "a: !!int x",
        "a: !!float x",
        "a: !!bool x",
        "a: !!timestamp 2026-99-01",
        "a: " + "9" * 100_000,
    ],
)
def test_read_refuses_what_is_not_what_it_claims(text: str) -> None:
    with pytest.raises(DocumentUnreadable):
        document.read(text)


@pytest.mark.parametrize(
    "merging",
    ["<<: [" + ",".join(["*a"] * 3_000) + "]", "<<: *a\n  <<: *a", "<<: 3", "<<: [1, 2]"],
)
def test_read_merges_one_part_at_a_time(merging: str) -> None:
    shared = ", ".join(f"k{number}: 1" for number in range(1_000))

    with pytest.raises(DocumentUnreadable):
        document.read(f"a: &a {{{shared}}}\nb:\n  {merging}\n")


def test_read_refuses_to_merge_without_end() -> None:
    shared = ", ".join(f"k{number}: 1" for number in range(1_000))
    copies = "\n".join(["  - <<: *a"] * 1_000)

    with pytest.raises(DocumentUnreadable, match="too much"):
        document.read(f"a: &a {{{shared}}}\nb:\n{copies}\n")


def test_read_merges_a_shared_part() -> None:
    text = "a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}"

    assert document.read(text)["b"] == {"x": 1, "y": 3}


def test_render_repeats_equal_parts_in_full() -> None:
    shared = ["a", "b"]

    assert document.render({"one": shared, "two": shared}) == "one: [a, b]\ntwo: [a, b]\n"


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_read_gives_back_what_was_rendered(content: dict[str, Any]) -> None:
    text = document.render(content)

    assert document.read(text) == content
    assert document.render(document.read(text)) == text
