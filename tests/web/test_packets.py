"""A packet in the words of its reader."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone, translation

from crm_handoff.web import packets
from definitions.vocabulary import Authority
from routing.packet import COMPANY, WHO

NOON = datetime(2026, 1, 13, 12, tzinfo=UTC)
DAY = timedelta(days=1)

SHOWN_APART = {"first_name", "last_name", "persona"}
"""Lines of the packet that the page shows without a label of theirs."""


@pytest.mark.parametrize(
    ("then", "said"),
    [
        (NOON, "today"),
        (NOON.replace(hour=0), "today"),
        (NOON - 12 * timedelta(hours=1, seconds=1), "yesterday"),
        (NOON - 2 * DAY, "2 days ago"),
        (NOON - 13 * DAY, "13 days ago"),
        (NOON - 14 * DAY, "2 weeks ago"),
        (NOON - 60 * DAY, "8 weeks ago"),
        (NOON - 61 * DAY, "2 months ago"),
        (NOON + DAY, "today"),
    ],
)
def test_ago_counts_days_then_weeks_then_months(then: datetime, said: str) -> None:
    assert packets.ago(then, at=NOON) == said


def test_ago_counts_days_of_the_readers_zone() -> None:
    midnight = NOON.replace(hour=0, minute=30)

    with timezone.override("America/New_York"):
        assert packets.ago(midnight, at=NOON) == "yesterday"


def test_every_level_of_authority_has_words() -> None:
    assert set(packets.AUTHORITY) == set(Authority)


@pytest.mark.parametrize(
    ("reached", "by_title", "said"),
    [
        ("end_user", "decision_maker", "decision_maker"),
        ("decision_maker", "influencer", "decision_maker"),
        ("unknown", "unknown", "unknown"),
        ("influencer", "", "influencer"),
        ("sponsor", "", "sponsor"),
    ],
)
def test_authority_is_what_the_title_says_or_what_was_confirmed_beyond_it(
    reached: str, by_title: str, said: str
) -> None:
    packet = {"authority": {"level": reached, "by_title": by_title}}

    assert packets.authority_level(packet) == said


def test_every_line_of_a_packet_has_a_label() -> None:
    lines = {key for key, _label in (*WHO, *COMPANY)}

    assert set(packets.LABELS) == lines - SHOWN_APART
    assert {*packets.FIRST_FACTS, *packets.MORE_FACTS} <= lines


@pytest.mark.parametrize(
    ("code", "name"), [("de", "German"), ("fr", "French"), ("xx", "xx"), ("", "")]
)
def test_a_language_is_told_by_its_name(code: str, name: str) -> None:
    with translation.override("en"):
        assert packets.language_name(code) == name


def test_money_and_lists_are_told_as_people_write_them() -> None:
    packet = {
        "who": [
            {"key": "expected_acv", "value": "48000.00 EUR"},
            {"key": "product_line", "value": "payroll"},
        ],
        "company": [
            {"key": "expected_acv", "value": "90000.00 EUR"},
            {"key": "revenue", "value": "a lot"},
            {"key": "tier", "value": "A"},
            {"key": "technologies", "value": ["sap", "salesforce"]},
        ],
    }

    first, more = packets.first_facts_of(packet), packets.more_facts_of(packet)

    assert [fact.value for fact in first] == ["payroll", "48,000 EUR", "A"]
    assert [fact.value for fact in more] == ["a lot", "sap, salesforce"]
