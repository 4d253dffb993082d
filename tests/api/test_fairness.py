"""What the rotation gave, by territory and rep, as an integration or a person reads it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm_handoff.models import User
from tests.api.problems import problem_of
from tests.routing import sales
from tests.web import world
from tests.web.world import DAY

pytestmark = pytest.mark.django_db


@pytest.fixture
def version():
    return world.company()


@pytest.fixture
def dach(version):
    return world.territory()


@pytest.fixture
def dana(dach):
    return world.rep("Dana Fischer", dach)


@pytest.fixture
def lena(dach):
    return world.rep("Lena Vogt", dach)


@pytest.fixture
def samir(version, signed_in):
    return signed_in(User.objects.get(full_name="Samir Haddad"))


def come(version, count):
    for number in range(count):
        at = timezone.now() - timedelta(seconds=count - number)
        world.handed_over(version, world.lead(), at=at)


def test_each_member_with_what_they_should_have_and_did_receive(version, dach, dana, lena, samir):
    come(version, 6)

    said = samir.read("/fairness/").json()

    (territory,) = said["territories"]
    assert (territory["territory"], territory["name"]) == (dach.key, "DACH")
    assert (territory["turns"], territory["queued"]) == (6, 0)
    assert territory["members"] == [
        {
            "rep": {"id": str(rep.public_id), "name": str(rep)},
            "takes_turns": True,
            "expected": 3.0,
            "received": 3,
            "otherwise": 0,
            "skipped": {},
            "owed": 0.0,
        }
        for rep in (dana, lena)
    ]


def test_who_was_passed_over_is_told_by_reason_and_what_is_owed(version, dana, lena, samir):
    sales.away(lena, since=timezone.now() - 2 * DAY, until=timezone.now() + DAY)
    come(version, 2)

    (territory,) = samir.read("/fairness/").json()["territories"]

    danas, lenas = territory["members"]
    assert (lenas["skipped"], lenas["received"]) == ({"away": 2}, 0)
    assert lenas["owed"] > 0 > danas["owed"]


def test_a_rep_reads_their_own_line(version, dana, lena, signed_in):
    come(version, 2)

    (territory,) = signed_in(dana.user).read("/fairness/").json()["territories"]

    assert [member["rep"]["name"] for member in territory["members"]] == ["Dana Fischer"]


def test_the_window_is_weeks_of_the_organization_up_to_now(version, dana, samir):
    world.handed_over(version, world.lead(), at=timezone.now() - 8 * DAY)

    assert samir.read("/fairness/", weeks="1").json()["territories"][0]["turns"] == 0
    said = samir.read("/fairness/", weeks="3").json()
    assert said["territories"][0]["turns"] == 1
    assert said["window_begins_at"] < said["window_ends_at"]
    assert said["window_begins_at"].endswith("T00:00:00Z")


@pytest.mark.parametrize("weeks", ["0", "53", "x"])
def test_a_window_that_is_no_number_of_weeks_is_refused(samir, weeks):
    problem_of(samir.read("/fairness/", weeks=weeks), 400, "invalid")


def test_it_takes_as_many_queries_for_thirty_reps_as_for_three(
    version, dach, samir, django_assert_num_queries
):
    for number in range(3):
        world.rep(f"Rep {number}", dach)
    samir.read("/fairness/")
    with CaptureQueriesContext(connection) as few:
        samir.read("/fairness/")
    for number in range(27):
        world.rep(f"More {number}", world.territory(f"Sweden {number}", ("SE",)))

    with django_assert_num_queries(len(few)):
        said = samir.read("/fairness/").json()

    assert len(said["territories"]) == 28
    assert len(few) <= 15
