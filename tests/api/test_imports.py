import pytest

from crm_handoff.people import roles
from crm_handoff.people.roles import Role
from leads.models import ImportRow, ImportRun
from tests.api.problems import problem_of
from tests.routing import sales
from tests.routing.sales import NOON

PROBLEM = {"column": "Phone", "reason": "is no number."}


@pytest.fixture
def olga(db):
    user = sales.person("Olga")
    roles.grant(user, Role.REP)
    return user


@pytest.fixture
def run(olga):
    report = {"created": 1, "refused": 1}
    run = ImportRun.objects.create(
        file_name="fair.csv", started_at=NOON, started_by=olga, report=report
    )
    said = {"run": run, "values": ["anna", "x"]}
    ImportRow.objects.create(line=9, state="refused", problems=[PROBLEM], **said)
    ImportRow.objects.create(line=2, state="updated", changes={"phone": ["1", "2"]}, **said)
    return run


def test_an_import_is_read_with_its_report(signed_in, run):
    auditor = signed_in(Role.AUDITOR)

    read = auditor.read(f"/imports/{run.public_id}/").json()

    assert (read["state"], read["report"]) == ("uploaded", {"created": 1, "refused": 1})
    (listed,) = auditor.read("/imports/", file_name="FAIR.csv").json()["results"]
    assert listed == {name: read[name] for name in listed}


def test_imports_that_went_on_are_told_the_oldest_change_first(signed_in, run):
    auditor = signed_in(Role.AUDITOR)
    other = ImportRun.objects.create(file_name="list.csv", started_at=NOON)
    (seen,) = auditor.read("/imports/", file_name="list.csv").json()["results"]
    ImportRun.objects.filter(pk=run.pk).update(state="canceled")

    told = auditor.read(
        "/imports/", updated_since=seen["updated_at"], ordering="updated_at"
    ).json()["results"]

    assert [one["file_name"] for one in told] == ["list.csv", "fair.csv"]
    assert told[1]["state"] == "canceled"
    assert auditor.read(f"/imports/{other.public_id}/").json()["updated_at"] == seen["updated_at"]


def test_its_rows_are_listed_in_the_order_of_the_file(signed_in, run):
    auditor, place = signed_in(Role.AUDITOR), f"/imports/{run.public_id}/rows/"

    rows = auditor.read(place).json()["results"]

    assert [(row["line"], row["state"]) for row in rows] == [(2, "updated"), (9, "refused")]
    assert (rows[0]["changes"], rows[1]["problems"]) == ({"phone": ["1", "2"]}, [PROBLEM])
    assert auditor.read(place, state="refused").json()["results"] == rows[1:]


def test_a_rep_reads_the_imports_that_they_started(signed_in, run, olga):
    rita = sales.person("Rita")
    roles.grant(rita, Role.REP)

    assert len(signed_in(olga).read("/imports/").json()["results"]) == 1
    caller = signed_in(rita)
    assert caller.read("/imports/").json()["results"] == []
    problem_of(caller.read(f"/imports/{run.public_id}/"), 404, "not_found")
    problem_of(caller.read(f"/imports/{run.public_id}/rows/"), 404, "not_found")
