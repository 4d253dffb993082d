"""Business time against an independent count of minutes, and by named nights and weekends."""

import copy
import pickle
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routing import calendar
from routing.calendar import BusinessHours, CalendarNeverOpens, Closure, Window

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
MIDNIGHT = time(0)

# Local dates around which clocks jump (Lord Howe by half an hour, Apia by a whole day), a public
# holiday falls, or nothing happens.
DATES_BY_ZONE = {
    "Europe/Berlin": (date(2026, 3, 29), date(2026, 10, 25), date(2026, 12, 25)),
    "America/New_York": (date(2026, 3, 8), date(2026, 11, 1), date(2026, 7, 4)),
    "Australia/Lord_Howe": (date(2026, 4, 5), date(2026, 10, 4), date(2026, 1, 26)),
    "Africa/Casablanca": (date(2026, 2, 15), date(2026, 3, 22), date(2026, 7, 30)),
    "America/St_Johns": (date(2026, 3, 8), date(2026, 11, 1), date(2010, 11, 7)),
    "Asia/Kolkata": (date(2026, 1, 26), date(2026, 8, 15), date(2026, 5, 5)),
    "Pacific/Apia": (date(2011, 12, 30), date(2020, 9, 27), date(2021, 4, 4)),
    "UTC": (date(2026, 1, 1), date(2028, 2, 29), date(2026, 6, 15)),
}
COUNTRY_BY_ZONE = {
    "Europe/Berlin": ("DE", "BY"),
    "America/New_York": ("US", "NY"),
    "Australia/Lord_Howe": ("AU", "NSW"),
    "Africa/Casablanca": ("MA", ""),
    "America/St_Johns": ("CA", "NL"),
    "Asia/Kolkata": ("IN", "MH"),
    "Pacific/Apia": ("WS", ""),
    "UTC": ("GB", "ENG"),
}


def every_day(opens: time, closes: time, *, weekdays: int = 7) -> tuple[Window, ...]:
    return tuple(Window(weekday, opens, closes) for weekday in range(weekdays))


OFFICE = every_day(time(9), time(17, 30), weekdays=5)
WINDOW_SETS = (
    every_day(MIDNIGHT, MIDNIGHT),
    every_day(time(1, 30), time(22)),
    every_day(time(22), time(6)),
    every_day(time(2, 15), time(2, 45)),
    every_day(time(23, 30), time(2, 30)) + OFFICE,
    (*every_day(time(8), time(12)), *every_day(time(13), time(17))),
    (*every_day(time(6), time(14)), *every_day(time(12), MIDNIGHT)),
    OFFICE,
)

zones = st.sampled_from(sorted(DATES_BY_ZONE))
clock_times = st.builds(
    lambda quarter: time(quarter // 4, quarter % 4 * 15), st.integers(0, 4 * 24 - 1)
)
own_windows = st.lists(
    st.builds(Window, st.integers(0, 6), clock_times, clock_times), min_size=1, max_size=9
)
window_sets = st.one_of(st.sampled_from(WINDOW_SETS), own_windows.map(tuple))


@st.composite
def calendars(draw):
    """Draw hours, and an instant within two days of an odd night or a holiday of their zone."""
    zone = draw(zones)
    day = draw(st.sampled_from(DATES_BY_ZONE[zone]))
    near = st.integers(-2, 2).map(lambda days: day + days * DAY)
    closures = st.lists(
        st.one_of(
            st.builds(Closure, near),
            st.builds(
                Closure,
                near,
                st.one_of(st.none(), clock_times),
                st.one_of(st.none(), clock_times),
            ),
        ),
        max_size=2,
    )
    country, subdivision = draw(st.sampled_from((("", ""), COUNTRY_BY_ZONE[zone])))
    hours = BusinessHours(
        zone=zone,
        windows=draw(window_sets),
        country=country,
        subdivision=subdivision,
        closures=tuple(draw(closures)),
    )
    start = datetime.combine(day, MIDNIGHT, UTC) + draw(st.integers(-2 * 1440, 1440)) * MINUTE
    return hours, start


@lru_cache
def public_holidays(country: str, subdivision: str):
    return holidays.country_holidays(country, subdiv=subdivision or None)


def opens_at_all(hours: BusinessHours, day: date) -> bool:
    if any(c.on == day and c.opens is None and c.closes is None for c in hours.closures):
        return False
    return not hours.country or day not in public_holidays(hours.country, hours.subdivision)


def covers(opens: time | None, closes: time | None, *, minute: int) -> bool:
    """Return whether minutes since the midnight of the day of opening lie inside the times."""
    first = 0 if opens is None else opens.hour * 60 + opens.minute
    last = 0 if closes is None else closes.hour * 60 + closes.minute
    if last <= first:
        last += 1440
    return first <= minute < last


def minute_is_open(hours: BusinessHours, minute: datetime) -> bool:
    """Judge one minute by its local wall time alone: the definition that the product must meet."""
    local = minute.astimezone(ZoneInfo(hours.zone))
    of_day = local.hour * 60 + local.minute
    # The same wall time, told from its own date and, for night shifts, from the date before.
    told = ((local.date(), of_day), (local.date() - DAY, of_day + 1440))
    for closure in hours.closures:
        if closure.opens is None and closure.closes is None:
            continue
        for day, since in told:
            if closure.on == day and covers(closure.opens, closure.closes, minute=since):
                return False
    return any(
        window.weekday == day.weekday() and covers(window.opens, window.closes, minute=since)
        for day, since in told
        if opens_at_all(hours, day)
        for window in hours.windows
    )


def open_minutes(hours: BusinessHours, *, start: datetime, minutes: int) -> list[datetime]:
    moments = (start + index * MINUTE for index in range(minutes))
    return [moment for moment in moments if minute_is_open(hours, moment)]


def example(count: int):
    return settings(
        max_examples=count, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )


@example(120)
@given(calendars(), st.integers(1, 2 * 1440))
def test_open_intervals_are_exactly_the_open_minutes(drawn, minutes):
    hours, start = drawn
    end = start + minutes * MINUTE

    intervals = list(calendar.open_intervals(hours, start=start, end=end))

    counted = []
    for opens, closes in intervals:
        assert opens.tzinfo is UTC
        counted += [opens + i * MINUTE for i in range(int((closes - opens) / MINUTE))]
    assert counted == open_minutes(hours, start=start, minutes=minutes)
    assert calendar.elapsed(hours, start=start, end=end) == len(counted) * MINUTE


@example(100)
@given(calendars())
def test_open_intervals_are_ascending_with_a_pause_between(drawn):
    hours, start = drawn
    end = start + 5 * DAY

    intervals = list(calendar.open_intervals(hours, start=start, end=end))

    bounds = [bound for interval in intervals for bound in interval]
    assert bounds == sorted(set(bounds))
    assert all(start <= bound <= end for bound in bounds)


@example(120)
@given(calendars(), st.data())
def test_add_ends_with_the_last_of_the_counted_minutes(drawn, data):
    hours, start = drawn
    counted = open_minutes(hours, start=start, minutes=2 * 1440)
    if not counted:
        return
    amount = data.draw(st.integers(1, len(counted)))

    due_at = calendar.add(hours, start=start, amount=amount * MINUTE)

    assert due_at == counted[amount - 1] + MINUTE


@example(120)
@given(calendars(), st.integers(0, 1440))
def test_is_open_agrees_with_the_wall_clock(drawn, offset):
    hours, start = drawn
    at = start + offset * MINUTE

    assert calendar.is_open(hours, at=at) == minute_is_open(hours, at)
    assert calendar.is_open(hours, at=at + timedelta(seconds=59)) == minute_is_open(hours, at)


amounts = st.integers(0, 10 * 86_400_000).map(lambda millis: timedelta(milliseconds=millis))
some_time = amounts.filter(bool)


@example(150)
@given(calendars(), amounts)
def test_elapsed_until_the_due_instant_is_the_amount(drawn, amount):
    hours, start = drawn

    due_at = calendar.add(hours, start=start, amount=amount)

    assert calendar.elapsed(hours, start=start, end=due_at) == amount


@example(100)
@given(calendars(), amounts, amounts)
def test_more_time_is_never_due_earlier(drawn, one, other):
    hours, start = drawn
    less, more = sorted((one, other))

    assert calendar.add(hours, start=start, amount=less) <= calendar.add(
        hours, start=start, amount=more
    )


@example(100)
@given(calendars(), amounts, st.integers(0, 3 * 86_400))
def test_a_later_start_is_never_due_earlier(drawn, amount, seconds):
    hours, start = drawn
    later = start + timedelta(seconds=seconds)

    assert calendar.add(hours, start=start, amount=amount) <= calendar.add(
        hours, start=later, amount=amount
    )


@example(100)
@given(calendars(), amounts, some_time)
def test_adding_in_two_steps_is_adding_at_once(drawn, first, second):
    hours, start = drawn

    halfway = calendar.add(hours, start=start, amount=first)

    assert calendar.add(hours, start=halfway, amount=second) == calendar.add(
        hours, start=start, amount=first + second
    )


@example(100)
@given(calendars(), st.integers(0, 3 * 86_400), st.integers(0, 3 * 86_400))
def test_elapsed_is_additive(drawn, first, second):
    hours, start = drawn
    middle = start + timedelta(seconds=first)
    end = middle + timedelta(seconds=second)

    whole = calendar.elapsed(hours, start=start, end=end)

    assert whole == calendar.elapsed(hours, start=start, end=middle) + calendar.elapsed(
        hours, start=middle, end=end
    )
    assert timedelta(0) <= whole <= end - start


@example(60)
@given(zones, amounts, st.data())
def test_always_open_is_the_wall_clock(zone, amount, data):
    day = data.draw(st.sampled_from(DATES_BY_ZONE[zone]))
    start = datetime.combine(day, MIDNIGHT, UTC)

    assert calendar.add(calendar.always_open(zone), start=start, amount=amount) == start + amount


# Named nights and weekends.

BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
OFFICE_IN_BERLIN = BusinessHours(
    "Europe/Berlin",
    every_day(time(9), time(17, 40), weekdays=5),
    country="DE",
    subdivision="BY",
)


def berlin(*args: int, fold: int = 0) -> datetime:
    return datetime(*args, tzinfo=BERLIN, fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("start", "minutes", "due_at"),
    [
        pytest.param((2026, 11, 20, 17, 20), 30, (2026, 11, 23, 9, 10), id="over the weekend"),
        pytest.param((2026, 11, 20, 17, 20), 20, (2026, 11, 20, 17, 40), id="at the closing"),
        pytest.param((2026, 11, 20, 17, 20), 21, (2026, 11, 23, 9, 1), id="one minute more"),
        pytest.param((2026, 11, 21, 12, 0), 5, (2026, 11, 23, 9, 5), id="from a Saturday"),
        pytest.param((2026, 11, 20, 17, 40), 0, (2026, 11, 23, 9, 0), id="none, when shut"),
        pytest.param((2026, 11, 20, 17, 39), 0, (2026, 11, 20, 17, 39), id="none, when open"),
        pytest.param((2026, 12, 23, 17, 30), 60, (2026, 12, 28, 9, 50), id="Christmas"),
        pytest.param((2026, 1, 5, 17, 30), 20, (2026, 1, 7, 9, 10), id="Epiphany in Bavaria"),
        pytest.param((2026, 3, 27, 17, 20), 30, (2026, 3, 30, 9, 10), id="clocks go forward"),
        pytest.param((2026, 10, 23, 17, 20), 30, (2026, 10, 26, 9, 10), id="clocks go back"),
    ],
)
def test_add_in_the_office(start, minutes, due_at):
    hours = BusinessHours(
        OFFICE_IN_BERLIN.zone,
        OFFICE_IN_BERLIN.windows,
        country="DE",
        subdivision="BY",
        closures=(Closure(date(2026, 12, 24)),),
    )

    assert calendar.add(hours, start=berlin(*start), amount=minutes * MINUTE) == berlin(*due_at)


def test_a_night_shift_is_an_hour_shorter_when_clocks_go_forward():
    hours = BusinessHours("Europe/Berlin", every_day(time(22), time(6)))

    assert calendar.elapsed(
        hours, start=berlin(2026, 3, 28, 12), end=berlin(2026, 3, 29, 12)
    ) == timedelta(hours=7)
    assert calendar.elapsed(
        hours, start=berlin(2026, 10, 24, 12), end=berlin(2026, 10, 25, 12)
    ) == timedelta(hours=9)


def test_an_opening_inside_the_gap_is_the_instant_of_the_jump():
    hours = BusinessHours("Europe/Berlin", every_day(time(2, 30), time(5)))

    opening = calendar.add(hours, start=berlin(2026, 3, 29, 0), amount=timedelta(0))

    assert opening == datetime(2026, 3, 29, 1, tzinfo=UTC) == berlin(2026, 3, 29, 3)


def test_a_window_wholly_inside_the_gap_does_not_happen():
    hours = BusinessHours("Europe/Berlin", every_day(time(2, 15), time(2, 45)))

    assert (
        list(
            calendar.open_intervals(
                hours, start=berlin(2026, 3, 29, 0), end=berlin(2026, 3, 30, 0)
            )
        )
        == []
    )


def test_wall_times_that_occur_twice_are_open_twice():
    hours = BusinessHours("Europe/Berlin", every_day(time(2, 15), time(2, 45)))

    night = calendar.open_intervals(
        hours, start=berlin(2026, 10, 25, 0), end=berlin(2026, 10, 26, 0)
    )

    assert list(night) == [
        (berlin(2026, 10, 25, 2, 15), berlin(2026, 10, 25, 2, 45)),
        (berlin(2026, 10, 25, 2, 15, fold=1), berlin(2026, 10, 25, 2, 45, fold=1)),
    ]


def test_lord_howe_moves_its_clocks_by_half_an_hour():
    hours = BusinessHours("Australia/Lord_Howe", every_day(time(1, 30), time(22)))
    day = datetime(2026, 4, 5, tzinfo=LORD_HOWE)

    assert calendar.elapsed(hours, start=day, end=day + DAY) == timedelta(hours=21)
    assert calendar.elapsed(hours, start=day + DAY, end=day + 2 * DAY) == timedelta(hours=20.5)


def test_apia_had_no_30_december_2011():
    hours = BusinessHours("Pacific/Apia", every_day(time(9), time(17)))
    apia = ZoneInfo("Pacific/Apia")

    due_at = calendar.add(
        hours,
        start=datetime(2011, 12, 29, 16, tzinfo=apia),
        amount=timedelta(hours=2),
    )

    assert due_at == datetime(2011, 12, 31, 10, tzinfo=apia)


def test_a_night_shift_belongs_to_the_day_it_opens():
    hours = BusinessHours(
        "Europe/Berlin", every_day(time(22), time(6)), closures=(Closure(date(2026, 6, 10)),)
    )

    nights = calendar.open_intervals(
        hours, start=berlin(2026, 6, 9, 12), end=berlin(2026, 6, 12, 12)
    )

    assert list(nights) == [
        (berlin(2026, 6, 9, 22), berlin(2026, 6, 10, 6)),
        (berlin(2026, 6, 11, 22), berlin(2026, 6, 12, 6)),
    ]


@pytest.mark.parametrize(
    ("closure", "open_hours"),
    [
        pytest.param(Closure(date(2026, 6, 10), time(12), time(14)), 6.5, id="midday"),
        pytest.param(Closure(date(2026, 6, 10), time(14)), 5, id="from two o'clock on"),
        pytest.param(Closure(date(2026, 6, 10), None, time(10)), 7.5, id="until ten"),
        pytest.param(Closure(date(2026, 6, 10), time(8), time(9)), 8.5, id="before the opening"),
        pytest.param(Closure(date(2026, 6, 10)), 0, id="all day"),
        pytest.param(Closure(date(2026, 6, 9), time(20), time(11)), 6.5, id="past midnight"),
    ],
)
def test_a_closure_shuts_its_part_of_the_day(closure, open_hours):
    hours = BusinessHours("Europe/Berlin", OFFICE, closures=(closure,))

    assert calendar.elapsed(
        hours, start=berlin(2026, 6, 10, 0), end=berlin(2026, 6, 11, 0)
    ) == timedelta(hours=open_hours)


def test_a_long_promise_may_span_years():
    hours = BusinessHours("Europe/Berlin", (Window(0, time(9), time(10)),))

    due_at = calendar.add(hours, start=berlin(2026, 1, 1, 0), amount=timedelta(hours=100))

    assert due_at == berlin(2027, 11, 29, 10)


@pytest.mark.parametrize(
    "windows", [(), (Window(0, time(9), time(10)),)], ids=["no window", "all closed"]
)
def test_add_refuses_a_calendar_that_never_opens(windows):
    start = datetime(2026, 1, 1, tzinfo=UTC)
    closed = tuple(Closure(start.date() + index * DAY) for index in range(500))
    hours = BusinessHours("Europe/Berlin", windows, closures=closed)

    with pytest.raises(CalendarNeverOpens, match="does not open within 400 days"):
        calendar.add(hours, start=start, amount=MINUTE)


@pytest.mark.parametrize("amount", [timedelta(0), MINUTE])
def test_add_waits_for_an_opening_within_the_horizon(amount):
    start = datetime(2026, 1, 1, tzinfo=UTC)
    closed = tuple(Closure(start.date() + index * DAY) for index in range(399))
    hours = BusinessHours("UTC", every_day(MIDNIGHT, MIDNIGHT), closures=closed)

    assert calendar.add(hours, start=start, amount=amount) == start + 399 * DAY + amount


def test_elapsed_is_nothing_backwards():
    start = berlin(2026, 6, 10, 12)

    assert calendar.elapsed(OFFICE_IN_BERLIN, start=start, end=start - DAY) == timedelta(0)


def test_instants_of_any_zone_give_the_same_answer():
    start = berlin(2026, 6, 10, 12)

    assert calendar.add(
        OFFICE_IN_BERLIN, start=start.astimezone(LORD_HOWE), amount=MINUTE
    ) == calendar.add(OFFICE_IN_BERLIN, start=start, amount=MINUTE)


def test_a_naive_instant_is_refused():
    naive = datetime(2026, 6, 10, 12)  # noqa: DTZ001 - what is refused here

    with pytest.raises(ValueError, match="time zone"):
        calendar.add(OFFICE_IN_BERLIN, start=naive, amount=MINUTE)


def test_a_negative_amount_is_refused():
    with pytest.raises(ValueError, match="negative"):
        calendar.add(OFFICE_IN_BERLIN, start=berlin(2026, 6, 10, 12), amount=-MINUTE)


def test_an_unknown_country_is_refused():
    hours = BusinessHours("UTC", OFFICE, country="QQ")

    with pytest.raises(ValueError, match="QQ"):
        calendar.is_open(hours, at=berlin(2026, 6, 10, 12))


def test_hours_are_values():
    twin = pickle.loads(pickle.dumps(OFFICE_IN_BERLIN))

    assert twin == OFFICE_IN_BERLIN == copy.deepcopy(OFFICE_IN_BERLIN)
    assert len({twin, OFFICE_IN_BERLIN}) == 1
