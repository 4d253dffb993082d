from datetime import timedelta

import pytest

from crm_handoff.people.roles import Role
from definitions import queries
from leads import qualification
from leads.models import Evaluation
from tests import recipes
from tests.api.problems import problem_of


@pytest.fixture
def lead(active_version, noon):
    """Judged when known, then again when a demo was asked for."""
    lead = recipes.fitting_lead(at=noon - timedelta(days=3))
    qualification.judge([lead.pk], at=noon - timedelta(days=2))
    recipes.touch(lead, "demo_request", at=noon)
    qualification.judge([lead.pk], at=noon)
    return lead


def path(lead, at="latest/"):
    return f"/leads/{lead.public_id}/evaluations/{at}"


def test_the_latest_explains_every_criterion(website, lead, active_version):
    body = website.read(path(lead)).json()

    agreement = queries.agreement_of(active_version)
    assert [given["key"] for given in body["criteria"]] == [c.key for c in agreement.criteria]
    assert (body["stage"], body["path"], body["at"]) == ("sql", "direct", "2026-01-13T12:00:00Z")
    assert body["version"] == {
        "definition": active_version.definition.key,
        "number": active_version.number,
    }
    assert set(body["levels"]) == {"fit", "engagement", "intent", "authority", "product"}
    size = next(given for given in body["criteria"] if given["fact"] == "employee_count")
    assert size["seen"] == 300
    assert size["label"]
    assert size["unit"] == "people"
    assert {"operator", "wanted", "met", "dimension", "level", "parameters"} <= size.keys()


def test_points_of_the_rules_add_up(website, lead):
    body = website.read(path(lead)).json()

    assert all(given["label"] for given in body["score"])
    assert sum(float(given["points"]) for given in body["score"]) == float(body["points"])


def test_the_list_names_each_with_its_address(website, lead):
    results = website.read(path(lead, "")).json()["results"]

    assert [result["stage"] for result in results] == ["sql", ""]
    assert len(results) == Evaluation.objects.count()
    for result in results:
        read = website.get(result["url"]).json()
        assert (read["at"], read["stage"]) == (result["at"], result["stage"])


def test_list_filters(website, lead, noon):
    def count(**parameters):
        return len(website.read(path(lead, ""), **parameters).json()["results"])

    assert count(stage="sql") == 1
    assert count(since=noon.isoformat()) == 1
    assert count(before=noon.isoformat()) == 1


def test_list_takes_as_many_queries_for_two_as_for_one(website, lead, django_assert_num_queries):
    with django_assert_num_queries(3):
        website.read(path(lead, ""))
    with django_assert_num_queries(3):
        website.read(path(lead, ""), stage="sql")


@pytest.mark.parametrize(
    "at",
    [
        "yesterday/",
        "2026-01-13T12:00:00/",
        "2026-01-13T12:00:01Z/",
        "2026-13-13T12:00:00Z/",
        "0001-01-01T00:00:00+23:59/",
        "9999-12-31T23:59:59-23:59/",
    ],
)
def test_an_evaluation_that_is_not_is_404(website, lead, at):
    problem_of(website.read(path(lead, at)), 404, "not_found")


def test_a_lead_that_was_not_judged_has_no_latest(website, noon, db):
    lead = recipes.known_lead(at=noon)

    problem_of(website.read(path(lead)), 404, "not_found")


def test_a_rep_does_not_see_anothers(signed_in, lead):
    rep = signed_in(Role.REP)

    problem_of(rep.read(path(lead)), 404, "not_found")
    problem_of(rep.read(path(lead, "")), 404, "not_found")
