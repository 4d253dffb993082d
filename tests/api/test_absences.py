from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm_handoff.people import roles
from crm_handoff.people.roles import Role
from routing import series
from routing.models import Absence
from routing.series import Pattern
from tests.api.problems import faults_of, problem_of
from tests.routing import races, sales

MONDAY, FRIDAY = "2026-02-02T08:00:00Z", "2026-02-06T17:00:00Z"
LATER = "2026-02-09T08:00:00Z"


@pytest.fixture
def manager(signed_in):
    return signed_in(Role.SALES_MANAGER)


@pytest.fixture
def rita(db):
    return sales.rep("Rita")


def absence(rep, **said):
    return {"rep": str(rep.public_id), "begins_at": MONDAY, "ends_at": FRIDAY} | said


def test_a_manager_enters_a_week_off(manager, rita):
    olga = sales.rep("Olga")

    made = manager.create(
        "/absences/", absence(rita, delegate=str(olga.public_id), note="Holidays")
    )

    assert made.status_code == 201, made.content
    assert made["location"] == f"/api/v1/absences/{made.json()['id']}/"
    kept = Absence.objects.get()
    assert (kept.rep, kept.delegate) == (rita, olga)
    assert kept.entered_by.email == made.json()["entered_by"] == "sales_manager@example.com"
    assert (made.json()["begins_at"], made.json()["ends_at"]) == (MONDAY, FRIDAY)
    assert manager.read("/absences/", at="2026-02-03T12:00:00+01:00").json()["results"]
    assert not manager.read("/absences/", at=FRIDAY).json()["results"]


def test_recurring_absences_are_locked_before_single_ones_as_everywhere(manager, rita):
    with CaptureQueriesContext(connection) as captured:
        assert manager.create("/absences/", absence(rita)).status_code == 201

    asked = [query["sql"] for query in captured]
    held = next(n for n, one in enumerate(asked) if "absenceseries" in one and "FOR NO KEY" in one)
    touched = next(
        n
        for n, one in enumerate(asked)
        if one.startswith(("DELETE", "INSERT INTO")) and '"routing_absence"' in one
    )
    assert held < touched


@pytest.mark.django_db(transaction=True)
def test_a_day_off_takes_the_place_of_a_recurring_one_while_the_series_changes(manager, rita):
    at = datetime(2026, 1, 13, tzinfo=UTC)
    mondays = Pattern([0], date(2026, 2, 2), "UTC", ends_on=date(2026, 4, 30))
    entered = series.enter(rita, mondays, by=rita.user, at=at)
    change = partial(series.change, delegate=None, note="", by=rita.user, at=at)
    days = [mondays.starts_on + timedelta(weeks=weeks) for weeks in range(12)]

    with races.racing(2, races.dice()) as race:
        for day in days:
            said = {"begins_at": f"{day}T00:00:00Z", "ends_at": f"{day + timedelta(1)}T00:00:00Z"}
            acts = {
                "day off": partial(manager.create, "/absences/", absence(rita, **said)),
                "change": partial(change, entered.pk, mondays),
            }
            assert race(acts)["day off"].status_code == 201

    off = Absence.objects.filter(series=None).values_list("span", flat=True)
    assert sorted(span.lower.date() for span in off) == days


def test_absences_of_a_rep_do_not_overlap(manager, rita):
    manager.create("/absences/", absence(rita))
    later = manager.create("/absences/", absence(rita, begins_at=LATER, ends_at=None)).json()

    over = manager.create("/absences/", absence(rita, begins_at="2026-02-05T08:00:00Z"))
    moved = manager.send("PATCH", f"/absences/{later['id']}/", {"begins_at": MONDAY})

    for response in (over, moved):
        assert "overlaps" in problem_of(response, 409, "overlaps")["detail"]
    assert Absence.objects.count() == 2


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"ends_at": MONDAY}, ("ends_at", "invalid")),
        ({"begins_at": "2026-02-02T08:00:00"}, ("begins_at", "zone")),
        ({"begins_at": None}, ("begins_at", "null")),
        ({"rep": "00000000-0000-4000-8000-000000000000"}, ("rep", "does_not_exist")),
        ({"note": "x" * 201}, ("note", "max_length")),
        ({"entered_by": "a@example.com"}, ("entered_by", "read_only")),
    ],
)
def test_a_bad_absence_names_its_field(manager, rita, said, fault):
    assert faults_of(manager.create("/absences/", absence(rita) | said)) == {fault}


def test_nobody_stands_in_for_themselves(manager, rita):
    response = manager.create("/absences/", absence(rita, delegate=str(rita.public_id)))

    assert faults_of(response) == {("delegate", "invalid")}


def test_somebody_comes_back_earlier_and_the_end_alone_moves(manager, rita):
    made = manager.create("/absences/", absence(rita)).json()

    changed = manager.send(
        "PATCH", f"/absences/{made['id']}/", {"ends_at": "2026-02-04T12:00:00Z"}
    )

    assert (changed.json()["begins_at"], changed.json()["ends_at"]) == (
        MONDAY,
        "2026-02-04T12:00:00Z",
    )


def test_revops_remove_an_absence_and_a_manager_does_not(manager, signed_in, rita):
    made = manager.create("/absences/", absence(rita)).json()

    assert manager.send("DELETE", f"/absences/{made['id']}/").status_code == 403
    assert signed_in(Role.REVOPS).send("DELETE", f"/absences/{made['id']}/").status_code == 204
    assert not Absence.objects.exists()


def test_a_rep_sees_their_own_absences_and_whom_they_stand_in_for(manager, signed_in, rita):
    olga, paul = sales.rep("Olga"), sales.rep("Paul")
    manager.create("/absences/", absence(rita))
    manager.create("/absences/", absence(olga, delegate=str(rita.public_id)))
    hidden = manager.create("/absences/", absence(paul, note="At the dentist")).json()
    roles.grant(rita.user, Role.REP)
    caller = signed_in(rita.user)

    seen = caller.read("/absences/").json()["results"]

    assert {row["rep"]["name"] for row in seen} == {"Rita", "Olga"}
    problem_of(caller.read(f"/absences/{hidden['id']}/"), 404, "not_found")
