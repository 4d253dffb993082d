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


def test_the_agreement_in_force_is_read_in_words_with_both_signatures(auditor, active_version):
    told = auditor.read(f"{PLACE}published/").json()

    assert (told["definition"], told["number"]) == ("mid-market", 1)
    assert {one["side"]: one["content_hash"] for one in told["signatures"]} == {
        "marketing": active_version.content_hash,
        "sales": active_version.content_hash,
    }
    standard = next(path for path in told["paths"] if path["key"] == "standard")
    engagement = next(row for row in standard["rows"] if row["key"] == "engagement")
    place = [stage["stage"] for stage in standard["stages"]].index("sql")
    (level,) = engagement["cells"][place]["levels"]
    assert level["criteria"][0]["words"].startswith("4+ touchpoints in 30 days")
    assert told["terms"][0]["promise"] == "5 minutes of business time, 24 hours at the latest"


def test_a_definition_without_a_version_in_force_has_none_published(auditor, active_version, noon):
    versions.retire(active_version, by=active_version.author, at=noon)

    problem_of(auditor.read(f"{PLACE}published/"), 404, "not_found")


def test_what_changed_is_read_in_sentences(auditor, active_version):
    draft = versions.revise(active_version, by=active_version.author)
    draft.criterion_set.filter(key="four_touchpoints").update(wanted=5)

    compared = auditor.read(f"{PLACE}versions/2/differences/").json()

    assert (compared["number"], compared["compared_with"]) == (2, 1)
    (difference,) = compared["differences"]
    assert difference["where"] == "criteria.four_touchpoints"
    assert difference["sentence"].startswith("SQL engagement: 4+ touchpoints in 30 days")
    said = {"from": 2}
    assert auditor.read(f"{PLACE}versions/2/differences/", **said).json()["differences"] == []


def test_the_first_version_is_compared_with_none(auditor, active_version):
    compared = auditor.read(f"{PLACE}versions/1/differences/").json()

    assert (compared["compared_with"], compared["differences"]) == (None, [])


@pytest.mark.parametrize("number", ["0", "x", "-1", "99999999999"])
def test_what_is_no_number_of_a_version_is_refused(auditor, active_version, number):
    said = {"from": number}

    problem_of(auditor.read(f"{PLACE}versions/1/differences/", **said), 400, "invalid")


def test_a_version_that_is_not_there_cannot_be_compared_with(auditor, active_version):
    said = {"from": 7}

    problem_of(auditor.read(f"{PLACE}versions/1/differences/", **said), 404, "not_found")


def test_a_version_is_read_as_one_file(auditor, active_version):
    read = auditor.read(f"{PLACE}versions/1/text/").json()

    assert read["text"] == active_version.content
    assert read["content_hash"] == active_version.content_hash


def test_a_rep_compares_no_drafts(signed_in, active_version):
    versions.revise(active_version, by=active_version.author)
    rep = signed_in(Role.REP)
    said = {"from": 2}

    problem_of(rep.read(f"{PLACE}versions/1/differences/", **said), 404, "not_found")
    problem_of(rep.read(f"{PLACE}versions/2/text/"), 404, "not_found")
