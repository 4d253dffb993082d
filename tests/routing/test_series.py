"""Absences that come again and again: DST-right, planned ahead, changed from now on."""

from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_handoff.people.models import User
from routing import absences, occurrences, series
from routing.models import Absence, AbsenceSeries, Rep
from routing.series import Pattern
from tests.routing import races, sales
from tests.routing.sales import NOON

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
FRIDAY = 4
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def rita(db: None) -> Rep:
    return sales.rep("Rita")


@pytest.fixture
def user(rita: Rep) -> User:
    return sales.user_of(rita)


def fridays(**changes: object) -> Pattern:
    """Every Friday from 13:00 to 17:00 in Berlin, from Tuesday 13 January 2026 on."""
    values = {
        "weekdays": [FRIDAY],
        "starts_on": date(2026, 1, 13),
        "begins": time(13),
        "ends": time(17),
        "time_zone": "Europe/Berlin",
    }
    return Pattern(**values | changes)  # type: ignore[arg-type]


def times_of(pattern: Pattern, first: date, last: date) -> list[tuple[datetime, datetime]]:
    found = occurrences.occurrences(AbsenceSeries(**pattern.values()), first=first, last=last)
    return [(one.begins_at, one.ends_at) for one in found]


def test_a_weekly_afternoon_keeps_its_wall_time_when_clocks_change() -> None:
    times = times_of(fridays(), date(2026, 3, 27), date(2026, 4, 3))

    assert times == [
        (datetime(2026, 3, 27, 12, tzinfo=UTC), datetime(2026, 3, 27, 16, tzinfo=UTC)),
        (datetime(2026, 4, 3, 11, tzinfo=UTC), datetime(2026, 4, 3, 15, tzinfo=UTC)),
    ]


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 7), 24)],
    ids=["spring forward", "fall back", "an ordinary day"],
)
def test_a_whole_day_is_as_long_as_the_day(day: date, hours: int) -> None:
    sundays = fridays(weekdays=[6], begins=None, ends=None)

    ((begins_at, ends_at),) = times_of(sundays, day, day)

    assert ends_at - begins_at == hours * HOUR


def test_a_time_that_the_clock_jumps_over_is_taken_as_late_as_it_jumps() -> None:
    early = fridays(weekdays=[6], begins=time(2, 30), ends=time(4))

    ((begins_at, ends_at),) = times_of(early, date(2026, 3, 29), date(2026, 3, 29))

    assert begins_at.astimezone(BERLIN).time() == time(3, 30)
    assert ends_at.astimezone(BERLIN).time() == time(4)


@pytest.mark.parametrize(
    ("begins", "ends", "minutes"),
    [
        (time(1, 30), time(2, 30), 60),
        (time(2, 15), time(2, 45), 30),
        (time(2), time(3), 0),
        (time(2, 15), time(3), 0),
    ],
)
def test_the_night_in_which_the_clock_jumps_has_no_time_backwards(
    rita: Rep, user: User, begins: time, ends: time, minutes: int
) -> None:
    early = fridays(
        weekdays=[6],
        starts_on=date(2026, 3, 29),
        begins=begins,
        ends=ends,
        ends_on=date(2026, 4, 5),
    )

    series.enter(rita, early, by=user, at=datetime(2026, 3, 28, tzinfo=UTC))

    spans = [absence.span for absence in Absence.objects.order_by("span")]
    lengths = [(span.upper - span.lower) // timedelta(minutes=1) for span in spans]
    ordinary = (ends.hour - begins.hour) * 60 + ends.minute - begins.minute
    assert lengths == [length for length in (minutes, ordinary) if length]


def test_every_other_week_counts_from_the_week_it_starts_in() -> None:
    times = times_of(fridays(every_weeks=2), date(2026, 1, 1), date(2026, 2, 28))

    assert [begins_at.date() for begins_at, _ in times] == [
        date(2026, 1, 16),
        date(2026, 1, 30),
        date(2026, 2, 13),
        date(2026, 2, 27),
    ]


@given(
    weekdays=st.sets(st.integers(0, 6), min_size=1),
    every_weeks=st.integers(1, 5),
    start=st.dates(date(2025, 1, 1), date(2027, 1, 1)),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]),
)
@settings(max_examples=60, deadline=None)
def test_days_are_those_that_a_calendar_on_the_wall_has(
    weekdays: set[int], every_weeks: int, start: date, zone: str
) -> None:
    pattern = fridays(
        weekdays=sorted(weekdays), every_weeks=every_weeks, starts_on=start, time_zone=zone
    )
    monday = start - start.weekday() * DAY

    times = times_of(pattern, start, start + 70 * DAY)

    expected = [
        day
        for day in (start + n * DAY for n in range(71))
        if day.weekday() in weekdays and (day - monday).days // 7 % every_weeks == 0
    ]
    local = [(b.astimezone(ZoneInfo(zone)), e.astimezone(ZoneInfo(zone))) for b, e in times]
    assert [begins.date() for begins, _ in local] == expected
    assert all((b.time(), e.time()) == (time(13), time(17)) for b, e in local)


def test_enter_writes_the_days_of_three_months(rita: Rep, user: User) -> None:
    rosa = sales.rep("Rosa")

    entered = series.enter(rita, fridays(), by=user, at=NOON, delegate=rosa, note="Course")

    rows = list(entered.absences.order_by("span"))
    assert len(rows) == 13
    assert rows[0].span.lower == datetime(2026, 1, 16, 12, tzinfo=UTC)
    assert {(row.delegate, row.note, row.entered_by_id) for row in rows} == {
        (rosa, "Course", user.pk)
    }
    assert entered.planned_until == date(2026, 4, 13)


def test_a_series_that_starts_today_begins_now(rita: Rep, user: User) -> None:
    tuesdays = fridays(weekdays=[1], begins=None, ends=None)

    entered = series.enter(rita, tuesdays, by=user, at=NOON)

    first = entered.absences.order_by("span").first()
    assert first is not None
    assert (first.span.lower, first.span.upper) == (NOON, datetime(2026, 1, 13, 23, tzinfo=UTC))


def test_plan_ahead_writes_what_came_within_reach_and_nothing_twice(rita: Rep, user: User) -> None:
    entered = series.enter(rita, fridays(), by=user, at=NOON)
    called_off = entered.absences.order_by("span")[2]
    absences.end(called_off.pk, by=user, at=NOON)

    assert series.plan_ahead(at=NOON + DAY) == 0
    assert series.plan_ahead(at=NOON + 4 * WEEK) == 1
    assert series.plan_ahead(at=NOON + 4 * WEEK) == 0

    begins = sorted(span.lower for span in entered.absences.values_list("span", flat=True))
    assert len(begins) == 13 - 1 + 4
    assert called_off.span.lower not in begins


def test_plan_ahead_leaves_out_a_day_on_which_the_rep_is_away_anyway(
    rita: Rep, user: User
) -> None:
    entered = series.enter(rita, fridays(), by=user, at=NOON)
    sales.away(rita, since=datetime(2026, 4, 16, tzinfo=UTC), until=None)

    series.plan_ahead(at=NOON + 4 * WEEK)

    assert entered.absences.count() == 13


def test_change_leaves_what_has_begun(rita: Rep, user: User) -> None:
    entered = series.enter(rita, fridays(), by=user, at=NOON)
    during = datetime(2026, 1, 23, 13, tzinfo=UTC)

    series.change(entered.pk, fridays(weekdays=[0]), delegate=None, note="", by=user, at=during)

    rows = [
        span.lower for span in entered.absences.order_by("span").values_list("span", flat=True)
    ]
    assert rows[:3] == [
        datetime(2026, 1, 16, 12, tzinfo=UTC),
        datetime(2026, 1, 23, 12, tzinfo=UTC),
        datetime(2026, 1, 26, 12, tzinfo=UTC),
    ]
    assert {instant.weekday() for instant in rows[2:]} == {0}


def test_end_leaves_what_has_begun_and_nothing_more_comes(rita: Rep, user: User) -> None:
    entered = series.enter(rita, fridays(), by=user, at=NOON)

    series.end(entered.pk, by=user, at=datetime(2026, 1, 16, 13, tzinfo=UTC))

    assert entered.absences.count() == 1
    assert series.plan_ahead(at=NOON + 20 * WEEK) == 0
    with pytest.raises(series.SeriesEnded):
        series.end(entered.pk, by=user, at=NOON + WEEK)


def test_two_series_do_not_overlap_and_the_refusal_names_the_other(rita: Rep, user: User) -> None:
    series.enter(rita, fridays(), by=user, at=NOON)

    with pytest.raises(absences.AbsenceOverlaps, match=r"16 January 2026|Jan\. 16, 2026"):
        series.enter(rita, fridays(begins=time(16), ends=time(18)), by=user, at=NOON)

    assert AbsenceSeries.objects.count() == 1


def test_a_day_that_a_holiday_covers_is_left_out_one_covered_in_part_refuses(
    rita: Rep, user: User
) -> None:
    holiday = sales.away(
        rita, since=datetime(2026, 1, 16, tzinfo=UTC), until=datetime(2026, 1, 18, tzinfo=UTC)
    )
    entered = series.enter(rita, fridays(), by=user, at=NOON)
    assert entered.absences.count() == 12
    series.end(entered.pk, by=user, at=NOON)

    holiday.span = (holiday.span.lower, datetime(2026, 1, 16, 14, tzinfo=UTC))
    holiday.save()
    with pytest.raises(absences.AbsenceOverlaps):
        series.enter(rita, fridays(), by=user, at=NOON)


def test_a_holiday_takes_the_place_of_recurring_days_and_gives_it_back(
    rita: Rep, user: User
) -> None:
    entered = series.enter(rita, fridays(), by=user, at=NOON)
    begins = datetime(2026, 1, 15, tzinfo=UTC)

    holiday = absences.enter(rita, begins_at=begins, ends_at=begins + 2 * WEEK, by=user)
    assert entered.absences.count() == 11

    absences.end(holiday.pk, by=user, at=begins + 4 * DAY)
    rows = list(entered.absences.order_by("span"))
    assert len(rows) == 12
    assert rows[0].span.lower == datetime(2026, 1, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("pattern", "refusal"),
    [
        (fridays(ends_on=date(2026, 1, 12)), absences.AbsenceEndsBeforeItBegins),
        (fridays(ends=time(13)), absences.AbsenceEndsBeforeItBegins),
        (fridays(ends_on=date(2026, 1, 15)), series.SeriesNeverTakesPlace),
    ],
    ids=["backwards", "no time", "no Friday"],
)
def test_what_makes_no_series_is_refused(
    rita: Rep, user: User, pattern: Pattern, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        series.enter(rita, pattern, by=user, at=NOON)


def test_nobody_stands_in_for_themselves_again_and_again(rita: Rep, user: User) -> None:
    with pytest.raises(absences.CannotStandInForThemselves):
        series.enter(rita, fridays(), by=user, at=NOON, delegate=rita)

    assert not Absence.objects.exists()


def days_of(entered: AbsenceSeries) -> list[date]:
    spans = entered.absences.order_by("span").values_list("span", flat=True)
    return [span.lower.astimezone(BERLIN).date() for span in spans]


FRIDAY_16, FRIDAY_23 = date(2026, 1, 16), date(2026, 1, 23)


def call_off_the_first(entered: AbsenceSeries, user: User, at: datetime = NOON) -> None:
    first = entered.absences.order_by("span")[0]
    absences.end(first.pk, by=user, at=at)


def test_a_friday_that_was_called_off_stays_so_when_somebody_else_stands_in(
    rita: Rep, user: User
) -> None:
    entered = series.enter(rita, fridays(), by=user, at=NOON)
    call_off_the_first(entered, user)

    series.change(
        entered.pk, fridays(), delegate=sales.rep("Rosa"), note="", by=user, at=NOON + HOUR
    )

    assert days_of(entered)[0] == FRIDAY_23
    entered.refresh_from_db()
    assert entered.called_off == [FRIDAY_16]


def test_two_fridays_are_called_off_each_by_itself(rita: Rep, user: User) -> None:
    entered = series.enter(rita, fridays(), by=user, at=NOON)
    call_off_the_first(entered, user)
    call_off_the_first(entered, user)

    series.change(entered.pk, fridays(), delegate=None, note="x", by=user, at=NOON + HOUR)

    assert days_of(entered)[0] == date(2026, 1, 30)


def test_a_friday_that_was_called_off_stays_so_when_what_lay_over_it_is_called_off(
    rita: Rep, user: User
) -> None:
    entered = series.enter(rita, fridays(), by=user, at=NOON)
    call_off_the_first(entered, user)
    trip = absences.enter(rita, begins_at=NOON + DAY, ends_at=NOON + 5 * DAY, by=user)

    absences.end(trip.pk, by=user, at=NOON + HOUR)

    assert days_of(entered)[0] == FRIDAY_23


def test_what_is_entered_on_a_friday_that_was_called_off_is_in_the_way_of_nothing(
    rita: Rep, user: User
) -> None:
    entered = series.enter(rita, fridays(), by=user, at=NOON)
    call_off_the_first(entered, user)
    begins_at = datetime(2026, 1, 16, 15, tzinfo=UTC)
    absences.enter(rita, begins_at=begins_at, ends_at=begins_at + DAY, by=user)

    series.change(entered.pk, fridays(), delegate=None, note="x", by=user, at=NOON + HOUR)

    assert days_of(entered)[0] == FRIDAY_23


def test_who_came_back_today_is_not_away_again_when_the_note_changes(
    rita: Rep, user: User
) -> None:
    tuesdays = fridays(weekdays=[1], begins=time(9), ends=time(17))
    entered = series.enter(rita, tuesdays, by=user, at=NOON - 5 * HOUR)
    call_off_the_first(entered, user, at=NOON - 2 * HOUR)

    series.change(entered.pk, tuesdays, delegate=None, note="Course", by=user, at=NOON - HOUR)

    assert absences.running(rita, at=NOON) is None
    assert days_of(entered)[:2] == [date(2026, 1, 13), date(2026, 1, 20)]


def test_change_leaves_today_as_it_was(rita: Rep, user: User) -> None:
    mornings = fridays(weekdays=[1], begins=time(9), ends=time(11))
    entered = series.enter(rita, mornings, by=user, at=NOON - 5 * HOUR)
    days = fridays(weekdays=[1], begins=time(9), ends=time(17))

    series.change(entered.pk, days, delegate=None, note="", by=user, at=NOON)

    assert absences.running(rita, at=NOON + MINUTE) is None
    assert days_of(entered)[:2] == [date(2026, 1, 13), date(2026, 1, 20)]


def test_a_note_is_changed_on_the_last_day(rita: Rep, user: User) -> None:
    today = fridays(weekdays=[1], begins=time(9), ends=time(17), ends_on=date(2026, 1, 13))
    entered = series.enter(rita, today, by=user, at=NOON - 5 * HOUR)

    series.change(entered.pk, today, delegate=None, note="Course", by=user, at=NOON)

    assert days_of(entered) == [date(2026, 1, 13)]


def test_who_comes_back_from_a_holiday_on_a_friday_is_back(rita: Rep, user: User) -> None:
    entered = series.enter(rita, fridays(), by=user, at=NOON)
    holiday = absences.enter(rita, begins_at=NOON, ends_at=NOON + 2 * WEEK, by=user)
    friday = datetime(2026, 1, 16, 13, tzinfo=UTC)

    absences.end(holiday.pk, by=user, at=friday)
    series.change(entered.pk, fridays(), delegate=None, note="x", by=user, at=friday + HOUR)

    assert absences.running(rita, at=friday + HOUR) is None
    assert days_of(entered)[0] == FRIDAY_23


def test_a_friday_that_is_moved_to_thursday_is_no_longer_of_the_series(
    rita: Rep, user: User
) -> None:
    entered = series.enter(rita, fridays(), by=user, at=NOON)
    first = entered.absences.order_by("span")[0]
    thursday = first.span.lower - DAY
    said = {"delegate": None, "note": "", "by": user, "at": NOON}

    absences.change(first.pk, begins_at=thursday, ends_at=thursday + 4 * HOUR, **said)
    series.change(entered.pk, fridays(), delegate=None, note="x", by=user, at=NOON + HOUR)

    assert days_of(entered)[0] == FRIDAY_23
    moved = Absence.objects.get(pk=first.pk)
    assert (moved.span.lower, moved.series) == (thursday, None)


def test_who_stands_in_on_one_friday_alone_stays_when_the_series_changes(
    rita: Rep, user: User
) -> None:
    rosa, rudi = sales.rep("Rosa"), sales.rep("Rudi")
    entered = series.enter(rita, fridays(), by=user, at=NOON)
    first = entered.absences.order_by("span")[0]
    times = {"begins_at": first.span.lower, "ends_at": first.span.upper}
    absences.change(first.pk, **times, delegate=rosa, note="Fair", by=user, at=NOON)

    series.change(entered.pk, fridays(), delegate=rudi, note="", by=user, at=NOON + HOUR)

    found = [(row.delegate, row.note) for row in entered.absences.order_by("span")[:2]]
    assert found == [(rosa, "Fair"), (rudi, "")]


@pytest.mark.parametrize("own", ["note", "delegate"])
def test_of_a_day_only_what_is_its_own_stays_when_the_series_changes(
    rita: Rep, user: User, own: str
) -> None:
    rosa, rudi, rolf = sales.rep("Rosa"), sales.rep("Rudi"), sales.rep("Rolf")
    entered = series.enter(rita, fridays(), by=user, at=NOON, delegate=rosa, note="Course")
    first = entered.absences.order_by("span")[0]
    times = {"begins_at": first.span.lower, "ends_at": first.span.upper}
    said = {"delegate": rosa, "note": "Course"} | {own: {"note": "Fair", "delegate": rolf}[own]}
    absences.change(first.pk, **times, **said, by=user, at=NOON)

    series.change(entered.pk, fridays(), delegate=rudi, note="Exam", by=user, at=NOON + HOUR)

    found = entered.absences.order_by("span")[0]
    assert (found.delegate, found.note) == ((rudi, "Fair") if own == "note" else (rolf, "Exam"))


def test_what_is_called_off_stays_so_beyond_the_days_that_are_written(
    rita: Rep, user: User
) -> None:
    entered = series.enter(rita, fridays(), by=user, at=NOON)
    AbsenceSeries.objects.update(called_off=[date(2026, 4, 17)])

    series.plan_ahead(at=NOON + 4 * WEEK)

    days = days_of(entered)
    assert date(2026, 4, 24) in days
    assert date(2026, 4, 17) not in days


@pytest.mark.django_db(transaction=True)
def test_days_are_called_off_at_once_while_the_series_is_changed() -> None:
    rita, thrown = sales.rep("Rita"), races.dice()
    user = sales.user_of(rita)
    entered = series.enter(rita, fridays(), by=user, at=NOON)

    def call_off(pk: int) -> None:
        absences.end(pk, by=user, at=NOON)

    def change() -> None:
        series.change(entered.pk, fridays(), delegate=None, note="x", by=user, at=NOON)

    with races.racing(3, thrown) as race:
        for _round in range(5):
            first, second = entered.absences.order_by("span").values_list("pk", flat=True)[:2]
            acts = {
                "first": partial(call_off, first),
                "second": partial(call_off, second),
                "change": change,
            }
            assert race(acts) == dict.fromkeys(acts)

    entered.refresh_from_db()
    days = days_of(entered)
    assert len(days) == 13 - len(entered.called_off)
    assert not {*days} & {*entered.called_off}
