"""Recurring absences by the API."""

from datetime import timedelta

import pytest

from crm_handoff.people.roles import Role
from routing.models import Absence, AbsenceSeries
from tests.api.problems import faults_of, problem_of
from tests.routing import sales

DAY = timedelta(days=1)


@pytest.fixture
def manager(signed_in):
    return signed_in(Role.SALES_MANAGER)


@pytest.fixture
def rita(db):
    return sales.rep("Rita")


def fridays(rep, **said):
    return {
        "rep": str(rep.public_id),
        "weekdays": [4],
        "starts_on": "2026-01-01",
        "begins": "13:00",
        "ends": "17:00",
        "time_zone": "Europe/Berlin",
    } | said


def test_a_manager_enters_every_friday_afternoon(manager, rita):
    made = manager.create("/absence-series/", fridays(rita, note="Course"))

    assert made.status_code == 201, made.content
    assert made["location"] == f"/api/v1/absence-series/{made.json()['id']}/"
    assert made.json()["every_weeks"] == 1
    kept = AbsenceSeries.objects.get()
    assert (kept.rep, kept.entered_by.email) == (rita, "sales_manager@example.com")
    listed = manager.read("/absences/", series=made.json()["id"]).json()["results"]
    assert len(listed) == kept.absences.count() > 10
    assert {row["note"] for row in listed} == {"Course"}


def test_days_that_were_called_off_are_said(manager, signed_in, rita):
    made = manager.create("/absence-series/", fridays(rita)).json()
    day = Absence.objects.order_by("span").first()

    signed_in(Role.REVOPS).send("DELETE", f"/absences/{day.public_id}/")

    said = manager.read(f"/absence-series/{made['id']}/").json()
    assert (made["called_off"], said["called_off"]) == ([], [str(day.span.lower.date())])


def test_what_is_left_out_of_a_change_stays(manager, rita):
    made = manager.create("/absence-series/", fridays(rita)).json()
    address = f"/absence-series/{made['id']}/"

    changed = manager.send("PATCH", address, {"weekdays": [0], "every_weeks": 2})

    assert changed.status_code == 200, changed.content
    assert (changed.json()["weekdays"], changed.json()["every_weeks"]) == ([0], 2)
    assert changed.json()["begins"] == "13:00:00"
    days = {row.span.lower.weekday() for row in Absence.objects.all()}
    assert days == {0}


def test_one_is_ended_once(manager, rita):
    made = manager.create("/absence-series/", fridays(rita)).json()

    ended = manager.create(f"/absence-series/{made['id']}/end/", {})
    again = manager.create(f"/absence-series/{made['id']}/end/", {})

    assert ended.status_code == 200, ended.content
    assert ended.json()["ended_at"]
    problem_of(again, 409, "series_ended")
    assert not Absence.objects.exists()
    assert manager.read("/absence-series/", is_running="true").json()["results"] == []


def test_one_that_overlaps_another_names_it(manager, rita):
    manager.create("/absence-series/", fridays(rita))

    over = manager.create("/absence-series/", fridays(rita, begins="16:00"))

    assert "This overlaps the absence from" in problem_of(over, 409, "overlaps")["detail"]
    assert AbsenceSeries.objects.count() == 1


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"weekdays": []}, ("weekdays", "empty")),
        ({"weekdays": [7]}, ("weekdays.0", "max_value")),
        ({"every_weeks": 0}, ("every_weeks", "min_value")),
        ({"time_zone": "Europe/Atlantis"}, ("time_zone", "invalid")),
        ({"ends": None}, ("ends", "required")),
        ({"starts_on": "2199-01-01"}, ("starts_on", "invalid")),
        ({"ended_at": "2026-01-01T00:00:00Z"}, ("ended_at", "read_only")),
    ],
)
def test_a_bad_series_names_its_field(manager, rita, said, fault):
    assert faults_of(manager.create("/absence-series/", fridays(rita, **said))) == {fault}


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"ends": "12:00"}, "ends_before_it_begins"),
        ({"ends_on": "2025-12-31"}, "ends_before_it_begins"),
        ({"ends_on": "2026-01-31"}, "never_takes_place"),
    ],
)
def test_a_series_that_makes_no_sense_is_refused(manager, rita, said, code):
    problem_of(manager.create("/absence-series/", fridays(rita, **said)), 400, code)


def test_a_holiday_takes_the_place_of_recurring_days_and_gives_it_back(manager, signed_in, rita):
    manager.create("/absence-series/", fridays(rita))
    count = Absence.objects.count()
    first = Absence.objects.order_by("span")[1].span
    holiday = manager.create(
        "/absences/",
        {
            "rep": str(rita.public_id),
            "begins_at": first.lower.isoformat(),
            "ends_at": first.upper.isoformat(),
        },
    )
    assert holiday.status_code == 201, holiday.content
    assert Absence.objects.count() == count
    assert holiday.json()["series"] is None
    assert holiday.json()["is_from_calendar"] is False

    signed_in(Role.REVOPS).send("DELETE", f"/absences/{holiday.json()['id']}/")

    assert Absence.objects.filter(series__isnull=False).count() == count


def test_an_absence_of_a_calendar_is_changed_there(manager, rita):
    absence = sales.away(rita, until=None)
    Absence.objects.update(external_id="event-1")

    moved = manager.send(
        "PATCH", f"/absences/{absence.public_id}/", {"ends_at": "2030-01-01T00:00:00Z"}
    )

    problem_of(moved, 409, "comes_from_calendar")
    assert manager.read("/absences/", is_from_calendar="true").json()["results"]
    assert not manager.read("/absences/", is_from_calendar="false").json()["results"]


def test_days_that_were_moved_or_removed_do_not_come_back(manager, signed_in, rita):
    made = manager.create("/absence-series/", fridays(rita)).json()
    first, second, *others = Absence.objects.order_by("span")
    saturday = {
        "begins_at": (first.span.lower + DAY).isoformat(),
        "ends_at": (first.span.upper + DAY).isoformat(),
    }

    moved = manager.send("PATCH", f"/absences/{first.public_id}/", saturday)
    signed_in(Role.REVOPS).send("DELETE", f"/absences/{second.public_id}/")
    manager.send("PATCH", f"/absence-series/{made['id']}/", {"note": "Course"})

    assert moved.status_code == 200, moved.content
    assert moved.json()["series"] is None
    spans = Absence.objects.filter(series__isnull=False).values_list("span", flat=True)
    assert {*spans} == {row.span for row in others}
