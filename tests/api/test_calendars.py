from datetime import time

import pytest
from django.contrib.admin.models import LogEntry

from crm_handoff.people.roles import Role
from routing.models import BusinessCalendar
from tests.api.problems import faults_of, problem_of
from tests.routing import clockwork

CLOSURE = {"on": "2026-12-24", "opens": "12:00"}
WORKDAYS = [{"weekday": day, "opens": "09:00", "closes": "17:30"} for day in range(5)]


@pytest.fixture
def revops(signed_in):
    return signed_in(Role.REVOPS)


def test_a_calendar_is_made_with_its_windows_and_closures(revops):
    made = revops.create(
        "/calendars/",
        {
            "key": "berlin",
            "name": "Berlin office",
            "time_zone": "Europe/Berlin",
            "holiday_country": "DE",
            "holiday_subdivision": "BE",
            "windows": WORKDAYS[::-1],
            "closures": [{"on": "2026-12-24", "opens": "12:00", "closes": "00:00"}],
        },
    )

    assert made.status_code == 201, made.content
    assert [window["weekday"] for window in made.json()["windows"]] == [0, 1, 2, 3, 4]
    assert made.json() == revops.read("/calendars/berlin/").json()
    calendar = BusinessCalendar.objects.get()
    assert calendar.windows.get(weekday=0).closes == time(17, 30)
    assert calendar.closures.get().opens == time(12)


def test_windows_are_replaced_whole_and_closures_left_alone(revops):
    calendar = clockwork.office(key="office")
    calendar.closures.create(on="2026-12-24")

    changed = revops.send("PATCH", "/calendars/office/", {"windows": WORKDAYS[:1]}).json()

    assert [window["weekday"] for window in changed["windows"]] == [0]
    assert [closure["on"] for closure in changed["closures"]] == ["2026-12-24"]
    assert LogEntry.objects.get().get_change_message() == "Changed windows by the API."


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"time_zone": "Europe/Atlantis"}, "time_zone"),
        ({"time_zone": "Factory"}, "time_zone"),
        ({"time_zone": "localtime"}, "time_zone"),
        ({"holiday_country": "XX"}, "holiday_country"),
        ({"holiday_subdivision": "BY"}, "holiday_subdivision"),
        ({"windows": [{"weekday": 7, "opens": "09:00", "closes": "17:00"}]}, "windows.0.weekday"),
        ({"windows": [WORKDAYS[0], WORKDAYS[0]]}, "windows"),
        ({"windows": [{}]}, "windows.0.weekday"),
        ({"windows": [{**WORKDAYS[0], "opens": "09:00+02:00"}]}, "windows.0.opens"),
        ({"closures": [{}]}, "closures.0.on"),
        ({"closures": [CLOSURE | {"closes": "13:00Z"}]}, "closures.0.closes"),
        ({"windows": [{**WORKDAYS[0], "name": "x"}]}, "windows.0.name"),
        ({"closures": [{"on": "2026-12-24", "opens": "12:00"}]}, "closures.0.closes"),
        ({"windows": WORKDAYS * 30}, "windows"),
        ({"key": "other"}, "key"),
    ],
)
def test_a_bad_change_names_its_field_and_leaves_all_as_it_was(revops, said, field):
    calendar = clockwork.office(key="office")

    response = revops.send("PATCH", "/calendars/office/", {"name": "New"} | said)

    assert field in {name for name, _ in faults_of(response)}
    calendar.refresh_from_db()
    assert (calendar.name, calendar.windows.count()) == ("Office", 5)


def test_a_calendar_whose_key_is_taken_changes_nothing(revops):
    clockwork.office(key="office")

    response = revops.create(
        "/calendars/", {"key": "office", "name": "X", "time_zone": "UTC", "windows": []}
    )

    problem_of(response, 409, "already_exists")
    assert BusinessCalendar.objects.get().windows.count() == 5
