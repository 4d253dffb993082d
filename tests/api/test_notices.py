import pytest

from crm_handoff.people import roles
from crm_handoff.people.roles import Role
from routing import notices
from routing.enums import NoticeKind
from routing.models import Notice
from tests.api.problems import faults_of, problem_of
from tests.routing import sales
from tests.routing.sales import NOON


@pytest.fixture
def rita(db):
    user = sales.person("Rita")
    roles.grant(user, Role.REP)
    return user


@pytest.fixture
def told(rita):
    """Rita was told twice, her manager once."""
    people = {"a": rita, "b": rita, "c": sales.person("Manuela")}
    for key, who in people.items():
        notices.tell(NoticeKind.QUEUED, recipient=who, handoff=None, at=NOON, key=key)
    return Notice.objects.filter(recipient=rita)


def test_somebody_reads_what_they_were_told_and_nobody_elses(signed_in, rita, told):
    caller = signed_in(rita)
    other = Notice.objects.exclude(recipient=rita).get()

    listed = caller.read("/notices/").json()["results"]

    assert {notice["id"] for notice in listed} == {str(one.public_id) for one in told}
    assert caller.read(f"/notices/{listed[0]['id']}/").json() == listed[0]
    problem_of(caller.read(f"/notices/{other.public_id}/"), 404, "not_found")
    problem_of(caller.create(f"/notices/{other.public_id}/read/", {}), 404, "not_found")


def test_a_notice_is_read_once(signed_in, rita, told):
    caller, first = signed_in(rita), told.earliest("pk")

    once = caller.create(f"/notices/{first.public_id}/read/", {}).json()
    twice = caller.create(f"/notices/{first.public_id}/read/", {}).json()

    assert once["read_at"] is not None
    assert twice == once
    assert caller.read("/notices/", is_read="true").json()["results"] == [once]
    assert len(caller.read("/notices/", is_read="false").json()["results"]) == 1


def test_a_copy_learns_of_what_was_read_and_marked_unread(signed_in, rita, told):
    caller, first = signed_in(rita), told.earliest("pk")
    seen = told.latest("updated_at").updated_at

    def changed():
        listed = caller.read("/notices/", updated_since=seen.isoformat(), ordering="updated_at")
        return [(row["id"], row["read_at"] is not None) for row in listed.json()["results"]]

    caller.create(f"/notices/{first.public_id}/read/", {})
    assert changed()[-1] == (str(first.public_id), True)

    notices.unread(told)
    assert changed()[-1] == (str(first.public_id), False)


def test_all_of_ones_own_are_read_at_once(signed_in, rita, told):
    caller = signed_in(rita)

    assert caller.create("/notices/read/", {}).json() == {"read_count": 2}
    assert caller.create("/notices/read/", {}).json() == {"read_count": 0}
    assert Notice.objects.filter(read_at=None).count() == 1


def test_when_a_notice_was_read_is_not_for_the_caller_to_say(signed_in, rita, told):
    body = {"read_at": "2026-01-01T00:00:00Z"}

    response = signed_in(rita).create(f"/notices/{told[0].public_id}/read/", body)

    assert faults_of(response) == {("read_at", "read_only")}


def test_an_integration_is_told_nothing(website, told):
    assert website.read("/notices/").json()["results"] == []
    assert website.create("/notices/read/", {}).json() == {"read_count": 0}
