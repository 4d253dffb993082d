from datetime import UTC, datetime, timedelta

import pytest
from django.utils import translation

from crm_handoff.web import clocks
from crm_handoff.web.tags import day_of, figure, near, words
from routing import timers
from tests.routing import clockwork

NOON = datetime(2026, 1, 13, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0:00 min"),
        (0, "0:00 min"),
        (272, "4:32 min"),
        (599, "9:59 min"),
        (600, "10 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (12_000, "3 h 20 min"),
        (86_400, "24 h"),
        (97_300, "27 h"),
    ],
)
def test_durations_are_humane(seconds, text):
    assert clocks.duration(timedelta(seconds=seconds)) == text


def test_open_intervals_are_written_in_seconds():
    pairs = [
        (NOON, NOON + timedelta(hours=1)),
        (NOON + timedelta(days=1), NOON + timedelta(days=2)),
    ]

    first, second = clocks.spans(pairs).split(",")

    assert first == f"{int(NOON.timestamp())}-{int(NOON.timestamp()) + 3600}"
    assert second.endswith(str(int((NOON + timedelta(days=2)).timestamp())))


FRIDAY = datetime(2026, 1, 16, 15, 30, tzinfo=UTC)
"""16:30 in Berlin, half an hour before the office closes for the weekend."""

MONDAY = datetime(2026, 1, 19, 8, 30, tzinfo=UTC)
"""When what was promised within an hour on Friday is due."""


@pytest.fixture
def handoff(db):
    """Qualified on Friday at 16:30, to be answered within an hour of office time."""
    evaluation = clockwork.judgment(clockwork.agreement(), stage="mql", at=FRIDAY)
    made = clockwork.handoff(
        evaluation, holder=clockwork.rep(), calendar=clockwork.office(), opened_at=FRIDAY
    )
    timers.start(made, evaluation=evaluation, at=FRIDAY)
    return made


@pytest.mark.parametrize(
    ("after", "state", "said"),
    [
        (timedelta(0), "soon", "due in 1 h"),
        (timedelta(minutes=15), "soon", "due in 45 min"),
        (timedelta(hours=12), "soon", "due in 30 min"),
        (timedelta(days=2, hours=16, minutes=50), "soon", "due in 10 min"),
        (timedelta(days=2, hours=17), "late", "Late"),
        (timedelta(days=2, hours=17, minutes=20), "late", "late by 20 min"),
    ],
    ids=["start", "Friday", "Friday night", "Monday", "on the dot", "late"],
)
def test_clock_counts_business_time_alone(handoff, after, state, said):
    clock = clocks.clock_of(handoff, at=FRIDAY + after)

    assert (clock.state, clock.words) == (state, said)


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (timedelta(days=10, hours=16, minutes=59), "late by 47 h"),
        (timedelta(days=10, hours=17), "late by 8 d"),
        (timedelta(days=60), "late by 57 d"),
    ],
    ids=["below 48 open hours", "48 open hours", "months"],
)
def test_a_clock_that_is_late_by_48_hours_says_days_of_the_calendar(handoff, after, said):
    clock = clocks.clock_of(handoff, at=FRIDAY + after)

    since = f"since {day_of(MONDAY)}" if said.endswith("d") else "business time"
    assert (clock.state, clock.words, clock.how) == ("late", said, since)


def test_a_clock_in_days_says_its_exact_time_on_hover_and_needs_no_intervals(handoff):
    clock = clocks.clock_of(handoff, at=FRIDAY + timedelta(days=60))

    assert clock.title == "Due Mon 19 Jan 2026, 08:30 UTC; late by 335 h of business time"
    assert (clock.is_long, clock.open_text) == (True, "")


@pytest.mark.django_db
def test_what_is_due_in_weeks_says_days_too():
    version = clockwork.agreement({"other": {"respond_within": timedelta(hours=100)}})
    evaluation = clockwork.judgment(version, at=FRIDAY)
    slow = clockwork.handoff(
        evaluation, holder=clockwork.rep(), calendar=clockwork.office(), opened_at=FRIDAY
    )
    timers.start(slow, evaluation=evaluation, at=FRIDAY)

    clock = clocks.clock_of(slow, at=FRIDAY)

    assert (clock.state, clock.words) == ("ontime", "due in 18 d")
    assert clock.how == f"by {day_of(datetime(2026, 2, 4, tzinfo=UTC))}"
    assert clock.title == "Due Wed 4 Feb 2026, 11:30 UTC; 100 h of business time left"


def test_days_are_said_in_the_readers_language(handoff):
    with translation.override("de"):
        clock = clocks.clock_of(handoff, at=FRIDAY + timedelta(days=60))

    assert clock.words == "57 T überfällig"


def test_clock_sends_open_intervals_without_the_weekend(handoff):
    clock = clocks.clock_of(handoff, at=FRIDAY)

    friday, monday = clock.open_text.split(",")
    opens, closes = map(int, friday.split("-"))
    assert (opens, closes - opens) == (int(FRIDAY.timestamp()), 1800)
    assert int(monday.split("-")[0]) == int(datetime(2026, 1, 19, 8, tzinfo=UTC).timestamp())


def test_clock_of_an_answered_handoff_says_in_what_time(handoff):
    timers.heed_attempt(handoff, kind="call", at=FRIDAY + timedelta(minutes=12))

    clock = clocks.clock_of(handoff, at=FRIDAY + timedelta(hours=1))

    assert (clock.state, clock.words, clock.how) == ("met", "answered", "in 12 min")
    assert not clock.is_running


def test_paused_clock_does_not_count(handoff):
    clockwork.pause(handoff, at=FRIDAY + timedelta(minutes=5))

    clock = clocks.clock_of(handoff, at=FRIDAY + timedelta(minutes=20))

    assert (clock.state, clock.is_running) == ("paused", False)


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (8000, "8,000"), (48000.0, "48,000"), (14.65, "14.65")],
)
def test_figures_have_thousands_and_no_idle_decimals(value, text):
    assert figure(value) == text


def test_stored_words_become_peoples_words():
    assert words("decision_maker") == "decision maker"


def test_an_instant_of_another_year_says_the_year():
    assert near(datetime(2018, 3, 5, 9, 30, tzinfo=UTC)) == "5 Mar 2018"
