"""What another system's JSON means."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_handoff.integrations import payloads
from crm_handoff.integrations.payloads import MappingRefused, PayloadUnreadable
from crm_handoff.integrations.presets import BEGINNINGS

FORM = {
    "lead": {"email": "contact.mail", "source": {"value": "website"}},
    "touchpoint": {"kind": "form", "occurred_at": "at"},
}


@pytest.mark.parametrize("preset", BEGINNINGS)
def test_every_preset_reads_its_own_sample(preset):
    beginning = BEGINNINGS[preset]
    payloads.check(beginning.mapping)

    (item,) = payloads.read(beginning.mapping, beginning.sample)

    assert item.lead["email"] == "anna@acme.example"
    assert item.touchpoint["kind"]


def test_a_path_goes_by_dots_and_places():
    payload = {"a": {"b c": [{"d": 1}, {"d": 2}]}}

    assert payloads.value_at(payload, "a.b c[1].d") == 2
    assert payloads.value_at(payload, "a.b c[2].d") is None
    assert payloads.value_at(payload, "a.x.d") is None


def test_what_is_not_there_was_not_said():
    (item,) = payloads.read(FORM, {"contact": {"mail": "a@b.example"}})

    assert item.lead == {"email": "a@b.example", "source": "website"}
    assert item.touchpoint is None


def test_a_table_says_what_their_texts_stand_for():
    mapping = FORM | {
        "touchpoint": {
            "kind": {"path": "form", "table": {"Demo": "demo_request"}, "otherwise": "form_fill"},
            "occurred_at": "at",
        }
    }

    kinds = [
        payloads.read(mapping, {"form": form, "at": "x"})[0].touchpoint["kind"]
        for form in ("Demo", "Else")
    ]

    assert kinds == ["demo_request", "form_fill"]


def test_a_text_that_the_table_lacks_makes_the_call_unreadable():
    mapping = FORM | {
        "touchpoint": {
            "kind": {"path": "form", "table": {"Demo": "demo_request"}},
            "occurred_at": "at",
        }
    }

    with pytest.raises(PayloadUnreadable, match="“Quote” is not in the table"):
        payloads.read(mapping, {"form": "Quote"})


def test_an_instant_may_be_seconds_or_milliseconds_since_1970():
    mapping = FORM | {
        "touchpoint": {
            "kind": {"value": "demo_request"},
            "occurred_at": {"path": "at", "unit": "milliseconds"},
        }
    }

    (item,) = payloads.read(mapping, {"at": "1768305600000"})

    assert item.touchpoint["occurred_at"] == "2026-01-13T12:00:00+00:00"


def test_one_call_may_tell_of_several_things_and_some_are_left_out():
    mapping = FORM | {"items": "events", "only": {"type": ["created", "updated"]}}
    events = [
        {"type": kind, "contact": {"mail": f"{kind}@b.example"}}
        for kind in ("created", "deleted", "updated")
    ]

    items = payloads.read(mapping, {"events": events})

    assert [item.lead["email"] for item in items] == ["created@b.example", "updated@b.example"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"leads": {}}, "“leads” is no part of a mapping"),
        ({"lead": {"phone": "phone"}}, "needs external_id or email"),
        ({"lead": {"email": "mail", "stage": "x"}}, "there is no field “stage”"),
        ({"lead": {"email": "a..b"}}, "“a..b” is no path"),
        ({"lead": {"email": {"path": "a", "value": "b"}}}, "either a path or a value"),
        ({"lead": {"email": {"path": "a", "eval": "b"}}}, "“eval” is no option"),
        ({"touchpoint": {"kind": "k"}}, "needs kind and occurred_at"),
        ({"only": {"type": "created"}}, "must be a path with a list of texts"),
        ({"items": "a[x]"}, "“a[x]” is no path"),
        ({"only": {"type": ["a\0"]}}, "no NUL"),
        ({"detail": {"a\0": "b"}}, "no NUL"),
        ({"touchpoint": {"kind": "k", "occurred_at": {"path": "t", "unit": "years"}}}, "the unit"),
    ],
)
def test_a_mapping_that_cannot_be_followed_says_why(change, words):
    with pytest.raises(MappingRefused) as refusal:
        payloads.check(FORM | change)

    assert words in str(refusal.value)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b"[" * 100_000, b'{"a": NaN}', b'{"a": "\\u0000"}']
)
def test_a_body_that_is_no_json_is_unreadable(body):
    with pytest.raises(PayloadUnreadable):
        payloads.parse(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(payload=JSON)
def test_any_json_is_read_or_called_unreadable(payload):
    for mapping in (FORM, *(beginning.mapping for beginning in BEGINNINGS.values())):
        with suppress(PayloadUnreadable):
            payloads.read(mapping, payload)


@settings(max_examples=200, deadline=None)
@given(payload=JSON)
def test_each_path_that_is_offered_leads_to_its_value(payload):
    for path, value in payloads.paths_in(payload):
        assert payloads.value_at(payload, path) == value
        assert payloads.PATH.match(path)
