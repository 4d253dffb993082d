import pytest

from crm_handoff.people.roles import Role
from leads.models import Asset, Persona
from tests.api.problems import faults_of


@pytest.fixture
def marketer(signed_in):
    return signed_in(Role.MARKETING_LEAD)


def test_an_asset_gives_reps_a_talking_point(marketer):
    marketer.create("/personas/", {"key": "ops", "name": "Head of operations", "pains": "Delays"})
    made = marketer.create(
        "/assets/",
        {"key": "guide", "title": "The guide", "persona": "ops", "url": "https://a.example/"},
    )
    said = {"pain": "Late parts.", "question": "How late?", "journey_stage": "decision"}
    changed = marketer.send("PATCH", "/assets/guide/", said)

    assert made.status_code == 201, made.content
    assert changed.json()["persona"] == "ops"
    asset = Asset.objects.get()
    assert (asset.persona, asset.pain) == (Persona.objects.get(), "Late parts.")
    assert marketer.read("/assets/", persona="ops").json()["results"] == [changed.json()]
    assert marketer.read("/assets/", journey_stage="awareness").json()["results"] == []


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"url": "javascript:alert(1)"}, "url"),
        ({"journey_stage": "bought"}, "journey_stage"),
        ({"persona": "nobody"}, "persona"),
        ({"created_at": "2026-01-01T00:00:00Z"}, "created_at"),
    ],
)
def test_a_bad_asset_names_its_field(marketer, said, field):
    response = marketer.create("/assets/", {"key": "guide", "title": "The guide"} | said)

    assert {fault for fault, _ in faults_of(response)} == {field}
    assert not Asset.objects.exists()


def test_a_persona_is_searched_by_what_pains_them(marketer):
    marketer.create("/personas/", {"key": "ops", "name": "Operations", "pains": "Late parts"})
    marketer.create("/personas/", {"key": "cfo", "name": "Finance", "pains": "Cash"})

    found = marketer.read("/personas/", search="late").json()["results"]

    assert [persona["key"] for persona in found] == ["ops"]
