"""Times that people choose in a word."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from crm_handoff.web import deadlines


@pytest.mark.parametrize(
    ("at", "kept"),
    [
        ("2026-01-13T10:00", ["today", "tomorrow", "three_days", "next_week"]),
        ("2026-01-13T16:00", ["tomorrow", "three_days", "next_week"]),
        ("2026-01-16T10:00", ["today", "tomorrow", "three_days"]),
        ("2026-01-18T10:00", ["today", "tomorrow", "three_days"]),
    ],
    ids=["Tuesday morning", "Tuesday at four", "Friday", "Sunday"],
)
def test_quick_choices_are_still_to_come_and_named_once(at, kept):
    instant = datetime.fromisoformat(at).replace(tzinfo=UTC)

    assert list(deadlines.instants(at=instant)) == kept


def test_quick_choices_are_hours_of_the_readers_zone():
    at = datetime(2026, 1, 13, 10, tzinfo=UTC)

    with timezone.override(ZoneInfo("Europe/Berlin")):
        chosen = deadlines.instants(at=at)
        words = dict(deadlines.choices(at=at))

    assert chosen["today"] == datetime(2026, 1, 13, 15, tzinfo=UTC)
    assert words["today"] == "Today 16:00"
    assert words["next_week"] == "Next week, Mon 09:00"
