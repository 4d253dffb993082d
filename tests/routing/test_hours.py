"""Hours from the rows that RevOps edit."""

import zoneinfo
from datetime import UTC, date, datetime, time, timedelta

import pytest

from routing import calendar, hours
from routing.models import BusinessCalendar, CalendarClosure
from tests.routing.clockwork import office

pytestmark = pytest.mark.django_db


def test_hours_open_in_the_calendars_windows_and_zone() -> None:
    rows = office("America/New_York", opens=time(8), closes=time(12), weekdays=(1,))

    opened = calendar.open_intervals(
        hours.hours_of(rows),
        start=datetime(2026, 1, 12, tzinfo=UTC),
        end=datetime(2026, 1, 19, tzinfo=UTC),
    )

    assert list(opened) == [
        (datetime(2026, 1, 13, 13, tzinfo=UTC), datetime(2026, 1, 13, 17, tzinfo=UTC))
    ]


def test_hours_are_shut_on_holidays_and_closures() -> None:
    rows = office(holiday_country="DE", holiday_subdivision="BY")
    CalendarClosure.objects.create(calendar=rows, on=date(2026, 1, 7), name="Inventory")
    CalendarClosure.objects.create(
        calendar=rows, on=date(2026, 1, 8), opens=time(12), closes=time(17), name="Party"
    )

    worked = calendar.elapsed(
        hours.hours_of(rows),
        start=datetime(2026, 1, 5, tzinfo=UTC),
        end=datetime(2026, 1, 9, tzinfo=UTC),
    )

    monday, epiphany, inventory, party = 8, 0, 0, 3
    assert worked == timedelta(hours=monday + epiphany + inventory + party)


def test_hours_of_equal_calendars_are_one_object() -> None:
    first, second = office(), office()

    assert hours.hours_of(first) is hours.hours_of(second)


def test_hours_follow_an_edit_at_once() -> None:
    rows = office()
    before = hours.hours_of(rows)

    rows.windows.filter(weekday=4).delete()

    assert len(hours.hours_of(rows).windows) == len(before.windows) - 1


def test_hours_take_two_queries_and_none_when_prefetched(
    django_assert_num_queries: pytest.FixtureRequest,
) -> None:
    rows = office()

    with django_assert_num_queries(2):
        hours.hours_of(rows)
    ready = BusinessCalendar.objects.prefetch_related("windows", "closures").get(pk=rows.pk)
    with django_assert_num_queries(0):
        hours.hours_of(ready)


def test_tzdata_version_names_the_systems_edition(
    tmp_path: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    hours.tzdata_version.cache_clear()
    (tmp_path / "tzdata.zi").write_text("# version 2031c\n# a comment\n")
    monkeypatch.setattr(zoneinfo, "TZPATH", (str(tmp_path),))

    assert hours.tzdata_version() == "2031c"

    hours.tzdata_version.cache_clear()
    monkeypatch.setattr(zoneinfo, "TZPATH", ())
    assert hours.tzdata_version()[:2] == "20"
    hours.tzdata_version.cache_clear()
