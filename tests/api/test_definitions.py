import pytest

from crm_handoff.people.roles import Role
from definitions import versions
from tests.api.problems import problem_of

PLACE = "/definitions/mid-market/"


@pytest.fixture
def auditor(signed_in):
    return signed_in(Role.AUDITOR)


def test_a_definition_says_which_version_is_in_force(auditor, active_version):
    definition = auditor.read(PLACE).json()

    assert definition["active_version"] == active_version.number
    assert auditor.read("/definitions/", active_version=1).json()["results"] == [definition]


def test_a_version_is_read_with_its_content_and_signatures(auditor, active_version):
    version = auditor.read(f"{PLACE}versions/1/").json()

    assert (version["state"], version["content_hash"]) == ("active", active_version.content_hash)
    assert version["content"]["definition"] == "mid-market"
    assert {one["side"] for one in version["signatures"]} == {"marketing", "sales"}
    (listed,) = auditor.read(f"{PLACE}versions/", state="active").json()["results"]
    assert listed == {name: version[name] for name in listed}


def test_signatures_of_a_round_that_was_withdrawn_do_not_show(auditor, active_version, noon):
    draft = versions.revise(active_version, by=active_version.author)
    versions.submit(draft, by=draft.author, at=noon)
    versions.sign(draft, side="marketing", by=active_version.marketing_operator, at=noon)
    versions.withdraw(draft, by=draft.author)

    read = auditor.read(f"{PLACE}versions/2/").json()

    assert (read["state"], read["signatures"], read["content"]) == ("draft", [], None)


def test_a_rep_reads_what_was_agreed_and_no_drafts(signed_in, active_version):
    versions.revise(active_version, by=active_version.author)
    rep = signed_in(Role.REP)

    assert [row["number"] for row in rep.read(f"{PLACE}versions/").json()["results"]] == [1]
    problem_of(rep.read(f"{PLACE}versions/2/"), 404, "not_found")


@pytest.mark.parametrize("path", ["none/", "none/versions/", "none/versions/1/"])
def test_what_does_not_exist_is_not_found(auditor, path):
    problem_of(auditor.read(f"/definitions/{path}"), 404, "not_found")
