"""Absences kept equal to a calendar: while they run, beside recurring ones, and made of several.

The calendar is Rita's. It is Tuesday, 13 January 2026, noon in UTC, an hour later in Berlin.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_handoff.people.models import User
from routing import absences, mirrors, series, sweeps
from routing.enums import HandoffStatus
from routing.mirrors import Busy
from routing.models import Absence, AbsenceSeries, Rep, RoomMark
from routing.series import Pattern
from tests.routing import races, sales
from tests.routing.sales import NOON

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
NEXT_TUESDAY = NOON + WEEK

Times = tuple[datetime, datetime]


@pytest.fixture
def rita(db: None) -> Rep:
    return sales.rep("Rita")


@pytest.fixture
def user(rita: Rep) -> User:
    return sales.user_of(rita)


def read(rita: Rep, *said: Busy, at: datetime = NOON) -> list[str]:
    """Read the calendar; returns the names of what was left out."""
    return [one.external_id for one in mirrors.keep(rita, said, by=rita.user, at=at)]


def times(rita: Rep) -> list[Times]:
    """Return when Rita is away by her calendar."""
    rows = Absence.objects.filter(rep=rita).exclude(external_id="").order_by("span")
    return [(span.lower, span.upper) for span in rows.values_list("span", flat=True)]


def january(day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, 1, day, hour, minute, tzinfo=UTC)


def fridays(rita: Rep, **changes: object) -> AbsenceSeries:
    """Every Friday afternoon, from 12:00 to 16:00 UTC."""
    values = {
        "weekdays": [4],
        "starts_on": date(2026, 1, 12),
        "begins": time(13),
        "ends": time(17),
        "time_zone": "Europe/Berlin",
    }
    pattern = Pattern(**values | changes)  # type: ignore[arg-type]
    return series.enter(rita, pattern, by=rita.user, at=NOON)


def is_away(rita: Rep, at: datetime) -> bool:
    return absences.is_away(rita.user, at=at)


# What runs.


def test_a_vacation_that_is_moved_to_next_week_while_it_runs_ends_now_and_comes_then(
    rita: Rep,
) -> None:
    read(rita, Busy("vacation", NOON - HOUR, NOON + 5 * DAY), at=NOON - HOUR)

    read(rita, Busy("vacation", NEXT_TUESDAY, NEXT_TUESDAY + DAY))

    assert times(rita) == [(NOON - HOUR, NOON), (NEXT_TUESDAY, NEXT_TUESDAY + DAY)]
    assert not is_away(rita, NOON + MINUTE)
    assert is_away(rita, NEXT_TUESDAY)


def test_who_stands_in_goes_with_a_vacation_that_is_moved_while_it_runs(
    rita: Rep, user: User
) -> None:
    rosa = sales.rep("Rosa")
    read(rita, Busy("vacation", NOON - HOUR, NOON + DAY), at=NOON - HOUR)
    Absence.objects.update(delegate=rosa, note="Ask Rosa")

    read(rita, Busy("vacation", NEXT_TUESDAY, NEXT_TUESDAY + DAY))

    found = {(row.delegate, row.note) for row in Absence.objects.all()}
    assert found == {(rosa, "Ask Rosa")}


def test_a_vacation_that_is_deleted_while_it_runs_is_over(rita: Rep) -> None:
    read(rita, Busy("vacation", NOON - HOUR, NOON + 5 * DAY), at=NOON - HOUR)

    assert read(rita) == []

    assert times(rita) == [(NOON - HOUR, NOON)]


def test_one_that_comes_back_in_the_calendar_comes_back_here(rita: Rep) -> None:
    vacation = Busy("vacation", NOON - HOUR, NOON + 5 * DAY)
    read(rita, vacation, at=NOON - HOUR)
    read(rita)

    read(rita, vacation, at=NOON + HOUR)

    assert times(rita) == [(NOON - HOUR, NOON), (NOON + HOUR, NOON + 5 * DAY)]


def test_who_is_back_by_the_calendar_gets_what_waits(rita: Rep) -> None:
    sales.team(rita)
    read(rita, Busy("vacation", NOON - HOUR, NOON + 5 * DAY), at=NOON - HOUR)
    waiting = sales.opened(sales.agreement())
    assert waiting.status == HandoffStatus.QUEUED

    RoomMark.objects.all().delete()

    read(rita, at=NOON + HOUR)
    assert sweeps.is_room_marked()
    sweeps.route_waiting(at=NOON + HOUR, limit=10)

    waiting.refresh_from_db()
    assert (waiting.status, waiting.rep) == (HandoffStatus.ASSIGNED, rita)


def test_an_event_of_the_past_that_is_dragged_to_next_week_comes_then(rita: Rep) -> None:
    read(rita, Busy("vacation", NOON - 3 * DAY, NOON - 2 * DAY), at=NOON - 3 * DAY)

    read(rita, Busy("vacation", NEXT_TUESDAY, NEXT_TUESDAY + DAY))

    assert times(rita)[1:] == [(NEXT_TUESDAY, NEXT_TUESDAY + DAY)]


def test_one_that_runs_and_now_reaches_into_an_own_entry_stays_and_is_said(rita: Rep) -> None:
    read(rita, Busy("vacation", NOON - HOUR, NOON + DAY), at=NOON - HOUR)
    sales.away(rita, since=NOON + 2 * DAY, until=NOON + 3 * DAY)

    assert read(rita, Busy("vacation", NOON - HOUR, NOON + 4 * DAY)) == ["vacation"]

    assert times(rita) == [(NOON - HOUR, NOON + DAY)]


# Beside recurring absences.


def test_a_vacation_takes_the_place_of_recurring_days_and_gives_it_back(rita: Rep) -> None:
    half_days = fridays(rita)
    begins, ends = january(14, 23), january(28, 23)

    assert read(rita, Busy("vacation", begins, ends)) == []
    assert times(rita) == [(begins, ends)]
    assert half_days.absences.count() == 11

    read(rita, at=NOON + HOUR)
    assert times(rita) == []
    assert half_days.absences.count() == 13


def test_a_vacation_ends_where_a_half_day_begins_that_it_covers_in_part(rita: Rep) -> None:
    half_days = fridays(rita)
    vacation = Busy("vacation", january(14, 23), january(16, 14))

    assert read(rita, vacation) == []
    assert times(rita) == [(january(14, 23), january(16, 12))]
    assert half_days.absences.count() == 13
    row = Absence.objects.exclude(external_id="").get()

    read(rita, vacation, at=NOON + HOUR)
    assert Absence.objects.exclude(external_id="").get() == row


def test_a_vacation_begins_where_a_half_day_ends_that_runs(rita: Rep) -> None:
    fridays(rita)

    read(rita, Busy("vacation", january(16, 13), january(20)), at=january(16, 13))

    assert times(rita) == [(january(16, 16), january(20))]
    assert all(is_away(rita, january(16, hour)) for hour in range(12, 24))


def test_a_vacation_that_is_cut_short_while_it_runs_leaves_no_hole_before_the_half_day(
    rita: Rep,
) -> None:
    fridays(rita)
    read(rita, Busy("vacation", NOON, january(20)))

    read(rita, Busy("vacation", NOON, january(16, 14)), at=NOON + DAY)

    assert times(rita) == [(NOON, january(16, 12))]
    assert is_away(rita, january(16, 15))
    assert not is_away(rita, january(16, 16))


def test_a_vacation_that_is_prolonged_during_a_half_day_goes_on_as_one(rita: Rep) -> None:
    fridays(rita)
    read(rita, Busy("vacation", NOON, january(20)))
    friday = january(16, 13)

    read(rita, Busy("vacation", NOON, january(24)), at=friday)

    assert times(rita) == [(NOON, january(24))]
    running = absences.running(rita, at=friday)
    assert running is not None
    assert running.external_id == "vacation"


def test_half_days_that_are_entered_after_the_calendar_was_read_come_beside_its_events(
    rita: Rep,
) -> None:
    holiday = Busy("holiday", january(31), january(31) + WEEK)
    read(
        rita,
        Busy("trip", january(15), january(16, 14)),
        Busy("meeting", january(23, 13), january(23, 14)),
        Busy("dinner", january(30, 15), january(30, 20)),
        holiday,
    )

    half_days = fridays(rita)

    assert times(rita) == [
        (january(15), january(16, 12)),
        (january(30, 16), january(30, 20)),
        (holiday.begins_at, holiday.ends_at),
    ]
    assert half_days.absences.count() == 13 - 1


def test_half_days_that_come_within_reach_come_beside_events_of_the_calendar(rita: Rep) -> None:
    half_days = fridays(rita)
    friday = datetime(2026, 4, 17, tzinfo=UTC)
    read(rita, Busy("trip", friday, friday + 12 * HOUR))

    series.plan_ahead(at=NOON + 4 * WEEK)

    assert times(rita) == [(friday, friday + 11 * HOUR)]
    assert half_days.absences.filter(span__startswith=friday + 11 * HOUR).exists()


def test_a_meeting_within_a_half_day_adds_nothing(rita: Rep) -> None:
    half_days = fridays(rita)

    assert read(rita, Busy("meeting", january(16, 13), january(16, 14))) == []

    assert times(rita) == []
    assert half_days.absences.count() == 13


def test_an_own_entry_still_goes_before_the_calendar(rita: Rep) -> None:
    fridays(rita)
    sales.away(rita, since=january(20), until=january(21))

    assert read(rita, Busy("vacation", january(14, 23), january(28, 23))) == ["vacation"]

    assert times(rita) == []


def test_stopping_to_read_a_calendar_gives_recurring_days_back(rita: Rep) -> None:
    half_days = fridays(rita)
    read(rita, Busy("vacation", january(14, 23), january(28, 23)))

    mirrors.forget(rita, at=NOON + HOUR)

    assert half_days.absences.count() == 13


# Made of several.


def test_of_two_that_touch_the_second_stays_when_the_first_is_over(rita: Rep) -> None:
    first, second = Busy("a", NOON - DAY, NOON), Busy("b", NOON, NOON + DAY)
    read(rita, first, second, at=NOON - DAY)

    assert read(rita, second, at=NOON + HOUR) == []

    assert times(rita) == [(NOON - DAY, NOON + DAY)]


def test_of_two_that_touch_the_second_can_be_cancelled_when_the_first_is_over(rita: Rep) -> None:
    first, second = Busy("a", NOON - DAY, NOON), Busy("b", NOON, NOON + DAY)
    read(rita, first, second, at=NOON - DAY)
    read(rita, second, at=NOON + HOUR)

    assert read(rita, at=NOON + 2 * HOUR) == []

    assert times(rita) == [(NOON - DAY, NOON + 2 * HOUR)]


def test_of_two_that_touch_the_first_can_be_cancelled_and_the_stand_in_stays(rita: Rep) -> None:
    rosa = sales.rep("Rosa")
    first, second = Busy("a", NOON + DAY, NOON + 2 * DAY), Busy("b", NOON + 2 * DAY, NOON + WEEK)
    read(rita, first, second)
    Absence.objects.update(delegate=rosa)

    read(rita, second)

    assert times(rita) == [(NOON + 2 * DAY, NOON + WEEK)]
    assert Absence.objects.get().delegate == rosa


def test_who_came_back_from_several_is_not_away_again_as_the_next_of_them_begins(
    rita: Rep, user: User
) -> None:
    first, second = Busy("a", NOON, NOON + 2 * HOUR), Busy("b", NOON + 2 * HOUR, NOON + DAY)
    read(rita, first, second)
    absences.end(Absence.objects.get().pk, by=user, at=NOON + HOUR)

    for later in (2 * HOUR - MINUTE, 3 * HOUR):
        read(
            rita, *(one for one in (first, second) if one.ends_at > NOON + later), at=NOON + later
        )

    assert times(rita) == [(NOON, NOON + HOUR)]


def test_what_is_new_in_the_calendar_counts_after_somebody_came_back(
    rita: Rep, user: User
) -> None:
    vacation = Busy("vacation", NOON, NOON + 3 * DAY)
    read(rita, vacation)
    absences.end(Absence.objects.get().pk, by=user, at=NOON + HOUR)
    dentist = Busy("dentist", NOON + DAY, NOON + DAY + HOUR)
    longer = Busy("vacation", NOON, NOON + 4 * DAY)

    read(rita, longer, dentist, at=NOON + 2 * HOUR)

    assert times(rita)[1:] == [
        (NOON + DAY, NOON + DAY + HOUR),
        (NOON + 3 * DAY, NOON + 4 * DAY),
    ]


def test_a_vacation_that_was_ended_early_and_is_moved_comes_when_it_says(
    rita: Rep, user: User
) -> None:
    read(rita, Busy("vacation", NOON, NOON + 5 * DAY))
    absences.end(Absence.objects.get().pk, by=user, at=NOON + HOUR)

    read(rita, Busy("vacation", NOON + 3 * DAY, NOON + 8 * DAY), at=NOON + 2 * HOUR)

    assert times(rita)[1:] == [(NOON + 3 * DAY, NOON + 8 * DAY)]


@pytest.mark.parametrize("ends_at", [NOON + DAY, None], ids=["until tomorrow", "open-ended"])
def test_who_came_back_from_an_own_entry_is_not_sent_away_by_what_had_begun_in_the_calendar(
    rita: Rep, user: User, ends_at: datetime | None
) -> None:
    own = absences.enter(rita, begins_at=NOON - HOUR, ends_at=ends_at, by=user)
    meeting, dentist = (
        Busy("meeting", NOON - HOUR, NOON + 5 * HOUR),
        Busy("dentist", NOON + 2 * HOUR, NOON + 3 * HOUR),
    )
    read(rita, meeting, dentist)
    absences.end(own.pk, by=user, at=NOON + HOUR)

    for later in (HOUR + MINUTE, 4 * HOUR):
        assert read(rita, meeting, dentist, at=NOON + later) == []

    assert times(rita) == [(dentist.begins_at, dentist.ends_at)]


def test_who_came_back_from_a_recurring_afternoon_is_not_sent_away_by_what_had_begun(
    rita: Rep, user: User
) -> None:
    fridays(rita)
    workshop = Busy("workshop", january(16, 13), january(16, 18))
    read(rita, workshop)
    running = absences.running(rita, at=january(16, 14))
    assert running is not None
    absences.end(running.pk, by=user, at=january(16, 14))

    read(rita, workshop, at=january(16, 14, 30))

    assert not any(is_away(rita, january(16, hour)) for hour in (15, 17))


@pytest.mark.parametrize("name", ["vacation", "another"])
def test_one_of_before_its_events_were_kept_that_was_ended_stays_so_by_its_name(
    rita: Rep, name: str
) -> None:
    vacation = Busy("vacation", NOON - DAY, NOON + DAY)
    Absence.objects.create(rep=rita, span=(NOON - DAY, NOON - HOUR), external_id=name)

    read(rita, vacation)

    assert is_away(rita, NOON + HOUR) == (name != "vacation")


def test_one_of_before_its_events_were_kept_that_runs_is_prolonged(rita: Rep) -> None:
    Absence.objects.create(rep=rita, span=(NOON - DAY, NOON + DAY), external_id="vacation")

    read(rita, Busy("vacation", NOON - DAY, NOON + 2 * DAY))

    assert times(rita) == [(NOON - DAY, NOON + 2 * DAY)]


def test_who_is_away_longer_again_after_a_mistaken_return_is_away_by_the_calendar_then(
    rita: Rep, user: User
) -> None:
    times = {"begins_at": NOON - HOUR, "ends_at": NOON + 5 * HOUR}
    own = absences.enter(rita, **times, by=user)  # type: ignore[arg-type]
    absences.end(own.pk, by=user, at=NOON)
    again = {**times, "delegate": None, "note": ""}
    absences.change(own.pk, **again, by=user, at=NOON + MINUTE)  # type: ignore[arg-type]

    read(rita, Busy("trip", NOON + 4 * HOUR, NOON + 2 * DAY), at=NOON + 6 * HOUR)

    assert is_away(rita, NOON + DAY)


def test_a_vacation_of_whole_days_that_is_noted_after_a_return_counts_from_tomorrow(
    rita: Rep, user: User
) -> None:
    own = absences.enter(rita, begins_at=NOON - HOUR, ends_at=NOON + 5 * HOUR, by=user)
    absences.end(own.pk, by=user, at=NOON)

    read(rita, Busy("vacation", january(13), january(21)), at=NOON + 3 * HOUR)

    assert not is_away(rita, NOON + 4 * HOUR)
    assert is_away(rita, january(14, 12))


@pytest.mark.django_db(transaction=True)
def test_the_first_recurring_absence_of_a_rep_loses_no_day_to_a_calendar_read_beside() -> None:
    rita, thrown = sales.rep("Rita"), races.dice()
    trip = Busy("trip", january(16, 8), january(16, 14))
    with races.racing(2, thrown) as race:
        race({"read": partial(read, rita, trip), "enter": partial(fridays, rita)})

    read(rita, trip, at=NOON + MINUTE)

    assert is_away(rita, january(16, 9))
    assert is_away(rita, january(16, 15))


def test_an_own_entry_that_ended_by_itself_leaves_the_rest_to_the_calendar(
    rita: Rep, user: User
) -> None:
    absences.enter(rita, begins_at=NOON - HOUR, ends_at=NOON + HOUR, by=user)
    meeting = Busy("meeting", NOON, NOON + 3 * HOUR)
    read(rita, meeting)

    read(rita, meeting, at=NOON + 2 * HOUR)

    assert times(rita) == [(NOON + 2 * HOUR, NOON + 3 * HOUR)]


@pytest.mark.django_db(transaction=True)
def test_who_comes_back_while_the_calendar_is_read_is_back() -> None:
    rita, thrown = sales.rep("Rita"), races.dice()
    with races.racing(2, thrown) as race:
        for day in range(10):
            begins, at = NOON + day * DAY, NOON + day * DAY + HOUR
            read(rita, Busy(f"day-{day}", begins, begins + 5 * HOUR), at=begins)
            pk = absences.running(rita, at=at).pk  # type: ignore[union-attr]
            longer = Busy(f"day-{day}", begins, begins + 8 * HOUR)
            acts = {
                "back": partial(absences.end, pk, by=rita.user, at=at),
                "read": partial(read, rita, longer, at=at),
            }

            assert race(acts) == {"back": None, "read": []}
            assert not is_away(rita, at)


# Whatever a calendar says.

SPANS = st.tuples(st.integers(-48, 400), st.integers(1, 60))


def at_hours(said: list[tuple[int, int]], at: datetime) -> list[Busy]:
    """Return events by when they begin, in hours from noon, and how long they take."""
    found = [
        Busy(f"event-{number}", NOON + begins * HOUR, NOON + (begins + hours) * HOUR)
        for number, (begins, hours) in enumerate(said)
    ]
    return [one for one in found if one.ends_at > at]


def assert_away_by(rita: Rep, said: list[Busy], *, since: int) -> None:
    """Look every hour from so many hours after noon on."""
    away = list(Absence.objects.filter(rep=rita).values_list("span", flat=True))
    for hours in range(since, 470):
        instant = NOON + hours * HOUR
        is_friday = instant.weekday() == 4 and 12 <= instant.hour < 16
        expected = is_friday or any(one.begins_at <= instant < one.ends_at for one in said)
        assert any(span.lower <= instant < span.upper for span in away) == expected, instant


@given(
    said=st.lists(SPANS, max_size=6),
    said_then=st.lists(SPANS, max_size=6),
    later=st.integers(0, 100),
    is_series_first=st.booleans(),
)
@settings(max_examples=40, deadline=None)
@pytest.mark.django_db
def test_a_rep_is_away_when_the_calendar_or_a_series_says_and_only_then(
    said: list[tuple[int, int]],
    said_then: list[tuple[int, int]],
    later: int,
    is_series_first: bool,
) -> None:
    rita, at = sales.rep("Rita"), NOON + later * HOUR
    acts = [partial(fridays, rita), partial(read, rita, *at_hours(said, NOON))]
    for act in acts if is_series_first else reversed(acts):
        act()
    assert_away_by(rita, at_hours(said, NOON), since=0)
    then = at_hours(said_then, at)

    assert read(rita, *then, at=at) == []
    before = list(Absence.objects.filter(rep=rita).order_by("pk"))
    assert read(rita, *then, at=at) == []

    assert list(Absence.objects.filter(rep=rita).order_by("pk")) == before
    assert_away_by(rita, then, since=later)
