import pytest

from crm_handoff.people import roles
from crm_handoff.people.roles import Role
from routing.models import Rep
from tests.api.problems import faults_of, problem_of
from tests.routing import sales


@pytest.fixture
def revops(signed_in):
    return signed_in(Role.REVOPS)


@pytest.fixture
def rita(db):
    return sales.rep("Rita", languages=["de"])


def test_a_rep_takes_fewer_leads_and_speaks_another_language(revops, rita):
    response = revops.send(
        "PATCH", f"/reps/{rita.public_id}/", {"capacity": 12, "languages": ["German", "fr", "de"]}
    )

    assert response.status_code == 200, response.content
    assert response.json()["languages"] == ["de", "fr"]
    rita.refresh_from_db()
    assert (rita.capacity, rita.languages) == (12, ["de", "fr"])
    assert revops.read("/reps/", language="fr").json()["results"] == [response.json()]


def test_a_lowered_capacity_leaves_what_is_held_above_it(revops, rita):
    Rep.objects.filter(pk=rita.pk).update(capacity=30)
    sales.team(rita)
    for _ in range(3):
        sales.opened(sales.agreement())

    changed = revops.send("PATCH", f"/reps/{rita.public_id}/", {"capacity": 1}).json()

    assert (changed["open_count"], changed["excess_count"]) == (3, 2)
    assert revops.read(f"/reps/{rita.public_id}/").json() == changed


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"capacity": -1}, "capacity"),
        ({"capacity": 40_000}, "capacity"),
        ({"open_count": 0}, "open_count"),
        ({"email": "rita@example.com"}, "email"),
        ({"languages": ["Klingonish"]}, "languages.0"),
        ({"languages": "de"}, "languages"),
        ({"manager": "nobody@example.com"}, "manager"),
        ({"kind": "boss"}, "kind"),
    ],
)
def test_a_bad_change_names_its_field(revops, rita, said, field):
    response = revops.send("PATCH", f"/reps/{rita.public_id}/", said)

    assert {name for name, _ in faults_of(response)} == {field}


def test_a_manager_is_named_by_address_or_taken_away(revops, rita):
    boss = sales.person("Manuela")

    named = revops.send("PATCH", f"/reps/{rita.public_id}/", {"manager": boss.email}).json()
    gone = revops.send("PATCH", f"/reps/{rita.public_id}/", {"manager": None}).json()

    assert (named["manager"], gone["manager"]) == (boss.email, None)


def test_a_rep_sees_themselves_alone(signed_in, rita):
    olga = sales.rep("Olga")
    roles.grant(rita.user, Role.REP)
    caller = signed_in(rita.user)

    assert [rep["name"] for rep in caller.read("/reps/").json()["results"]] == ["Rita"]
    problem_of(caller.read(f"/reps/{olga.public_id}/"), 404, "not_found")
    assert caller.send("PATCH", f"/reps/{rita.public_id}/", {"capacity": 1}).status_code == 403
