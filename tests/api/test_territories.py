import pytest
from django.contrib.admin.models import LogEntry

from crm_handoff.people import keys, roles
from crm_handoff.people.roles import Role
from routing.models import Territory, TerritoryMembership
from tests.api.conftest import Caller
from tests.api.problems import faults_of, problem_of
from tests.routing import clockwork, sales


@pytest.fixture
def revops(signed_in):
    return signed_in(Role.REVOPS)


@pytest.fixture
def queue(db):
    return clockwork.queue(key="waiting")


@pytest.fixture
def office(db):
    return clockwork.office(key="office")


@pytest.fixture
def dach(queue, office):
    return Territory.objects.create(key="dach", name="DACH", queue=queue, calendar=office)


def test_a_territory_is_laid_out(revops, queue, office):
    rita = sales.rep("Rita")
    made = revops.create(
        "/territories/",
        {
            "key": "dach",
            "name": "DACH",
            "position": 10,
            "countries": ["Germany", "at", "CHE", "DE"],
            "industries": ["software"],
            "min_employees": 50,
            "queue": "waiting",
            "calendar": "office",
            "secondary": str(rita.public_id),
        },
    )

    assert made.status_code == 201, made.content
    assert made.json()["countries"] == ["DE", "AT", "CH"]
    assert made.json()["secondary"] == {"id": str(rita.public_id), "name": "Rita"}
    territory = Territory.objects.get()
    assert (territory.countries, territory.secondary) == (["DE", "AT", "CH"], rita)
    assert revops.read("/territories/", country="AT").json()["results"] == [made.json()]


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"countries": ["Atlantis"]}, ("countries.0", "unknown")),
        ({"min_employees": 90, "max_employees": 10}, ("max_employees", "invalid")),
        ({"queue": None}, ("queue", "null")),
        ({"queue": "none"}, ("queue", "does_not_exist")),
        ({"secondary": "not-an-id"}, ("secondary", "invalid")),
        ({"secondary": "00000000-0000-4000-8000-000000000000"}, ("secondary", "does_not_exist")),
        ({"key": "other"}, ("key", "read_only")),
        ({"is_active": "perhaps"}, ("is_active", "invalid")),
    ],
)
def test_a_bad_change_names_its_field(revops, dach, said, fault):
    assert faults_of(revops.send("PATCH", "/territories/dach/", said)) == {fault}


def test_a_change_stands_in_the_history_that_the_administration_shows(revops, operator, dach):
    issued = keys.issue("Terraform", system="iac", created_by=operator, scopes=["config"])
    machine = Caller(headers={"authorization": f"Bearer {issued.token}"})

    revops.send("PATCH", "/territories/dach/", {"name": "German-speaking", "position": 7})
    revops.send("PATCH", "/territories/dach/", {"name": "German-speaking"})
    machine.send("PATCH", "/territories/dach/", {"regions": ["Tyrol"]})

    lines = LogEntry.objects.order_by("pk")
    assert [(line.user.email, line.get_change_message()) for line in lines] == [
        ("revops@example.com", "Changed name, position by the API."),
        ("ops@example.com", "Changed regions by API key “Terraform”."),
    ]
    assert {line.get_edited_object() for line in lines} == {dach}


def test_a_rep_joins_a_territory_and_leaves_it(revops, dach):
    rita = sales.rep("Rita")
    place = f"/territories/dach/members/{rita.public_id}/"

    joined = revops.create("/territories/dach/members/", {"rep": str(rita.public_id), "weight": 2})
    again = revops.create("/territories/dach/members/", {"rep": str(rita.public_id)})
    resting = revops.send("PATCH", place, {"is_active": False})

    assert (joined.status_code, joined["location"]) == (201, f"/api/v1{place}")
    problem_of(again, 409, "already_exists")
    assert (resting.json()["weight"], resting.json()["is_active"]) == (2, False)
    assert revops.read(place).json() == resting.json()
    assert revops.send("DELETE", place).status_code == 204
    assert not TerritoryMembership.objects.exists()
    problem_of(revops.read(place), 404, "not_found")


@pytest.mark.parametrize("weight", [0, -1, 1_001, "much", None])
def test_a_weight_is_a_positive_number(revops, dach, weight):
    rita = sales.rep("Rita")

    response = revops.create(
        "/territories/dach/members/", {"rep": str(rita.public_id), "weight": weight}
    )

    assert {field for field, _ in faults_of(response)} == {"weight"}


def test_a_territory_that_does_not_exist_has_no_members(revops):
    problem_of(revops.read("/territories/none/members/"), 404, "not_found")
    problem_of(
        revops.create("/territories/none/members/", {"rep": str(sales.rep().public_id)}),
        404,
        "not_found",
    )


def test_a_rep_sees_their_own_membership(signed_in, dach):
    rita, olga = sales.rep("Rita"), sales.rep("Olga")
    for rep in (rita, olga):
        TerritoryMembership.objects.create(territory=dach, rep=rep)
    signed_in_rita = signed_in(_as_rep(rita))

    listed = signed_in_rita.read("/territories/dach/members/").json()["results"]

    assert [member["rep"]["name"] for member in listed] == ["Rita"]
    other = f"/territories/dach/members/{olga.public_id}/"
    problem_of(signed_in_rita.read(other), 404, "not_found")


def test_queues_name_their_manager(revops, queue):
    assert revops.read("/queues/waiting/").json()["manager"] == queue.manager.email
    assert revops.create("/queues/", {"key": "other"}).status_code == 405


def _as_rep(rep):
    roles.grant(rep.user, Role.REP)
    return rep.user
