"""Two people at once, and what must not be saved by halves."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connections

from crm_handoff.models import User
from crm_handoff.people import keys
from crm_handoff.people.roles import Role
from leads.models import Campaign
from routing.models import Absence, CalendarClosure, CalendarWindow
from tests.api.conftest import Caller
from tests.routing import clockwork, sales

AT_ONCE = 4


@pytest.fixture
def token(transactional_db):
    operator = User.objects.create_user("ops@example.com")
    return keys.issue("Setup", system="iac", created_by=operator, scopes=["config"]).token


def all_at_once(token, send):
    """The statuses of calls that meet at the same instant."""
    start = Barrier(AT_ONCE)

    def call(place):
        caller = Caller(headers={"authorization": f"Bearer {token}"})
        start.wait(timeout=20)
        try:
            return send(caller, place).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return sorted(pool.map(call, range(AT_ONCE)))


def test_of_many_who_make_the_same_thing_one_does(token):
    statuses = all_at_once(
        token, lambda caller, _: caller.create("/campaigns/", {"key": "spring", "name": "Spring"})
    )

    assert statuses == [201] + [409] * (AT_ONCE - 1)
    assert LogEntry.objects.count() == Campaign.objects.count() == 1


def test_of_many_absences_at_the_same_time_one_is_entered(token):
    rita = sales.rep("Rita")
    body = {"rep": str(rita.public_id), "begins_at": "2026-02-02T08:00:00Z"}

    statuses = all_at_once(token, lambda caller, _: caller.create("/absences/", body))

    assert statuses == [201] + [409] * (AT_ONCE - 1)
    assert Absence.objects.count() == 1


def test_changes_of_different_fields_at_once_are_all_kept(token):
    Campaign.objects.create(key="spring", name="Spring")
    said = [
        {"name": "Summer"},
        {"starts_on": "2026-06-01"},
        {"ends_on": "2026-08-31"},
        {"cost": "10.00", "currency": "EUR"},
    ]

    statuses = all_at_once(
        token, lambda caller, place: caller.send("PATCH", "/campaigns/spring/", said[place])
    )

    assert statuses == [200] * AT_ONCE
    campaign = Campaign.objects.get()
    assert (campaign.name, str(campaign.cost)) == ("Summer", "10.00")
    assert (str(campaign.starts_on), str(campaign.ends_on)) == ("2026-06-01", "2026-08-31")


def test_a_removal_stands_in_the_history(signed_in):
    rita = sales.rep("Rita")
    absence = sales.away(rita, until=None)

    response = signed_in(Role.REVOPS).send("DELETE", f"/absences/{absence.public_id}/")

    assert response.status_code == 204
    line = LogEntry.objects.get()
    assert (line.is_deletion(), line.object_repr) == (True, "Rita away")
    assert line.get_change_message() == "Removed by the API."


def test_calendars_changed_at_once_hold_what_one_of_them_said(token):
    clockwork.office(key="office")

    def change(caller, day):
        said = {
            "windows": [{"weekday": day, "opens": "09:00", "closes": "17:00"}],
            "closures": [{"on": f"2026-12-0{day + 1}"}],
        }
        return caller.send("PATCH", "/calendars/office/", said)

    assert all_at_once(token, change) == [200] * AT_ONCE
    window, closure = CalendarWindow.objects.get(), CalendarClosure.objects.get()
    assert closure.on.day == window.weekday + 1


def test_both_ends_of_an_absence_changed_at_once_are_kept(token):
    rita = sales.rep("Rita")
    made = Absence.objects.create(rep=rita, span=(sales.NOON, sales.NOON + timedelta(days=2)))
    said = [
        {"begins_at": "2026-01-10T12:00:00Z"},
        {"ends_at": "2026-01-20T12:00:00Z"},
        {"note": "Fair"},
        {},
    ]

    statuses = all_at_once(
        token,
        lambda caller, place: caller.send("PATCH", f"/absences/{made.public_id}/", said[place]),
    )

    made.refresh_from_db()
    assert statuses == [200] * AT_ONCE
    assert (made.span.lower.day, made.span.upper.day, made.note) == (10, 20, "Fair")


def test_of_many_who_remove_the_same_thing_one_did(token):
    made = Absence.objects.create(rep=sales.rep("Rita"), span=(sales.NOON, None))
    place = f"/absences/{made.public_id}/"

    statuses = all_at_once(token, lambda caller, _: caller.send("DELETE", place))

    assert statuses == [204] + [404] * (AT_ONCE - 1)
    assert LogEntry.objects.count() == 1
