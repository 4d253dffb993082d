import pytest

from crm_handoff.people import roles
from crm_handoff.people.roles import Role
from routing.models import NamedAccount
from tests.api.problems import faults_of, problem_of
from tests.routing import sales


@pytest.fixture
def revops(signed_in):
    return signed_in(Role.REVOPS)


def test_an_account_is_named_for_a_rep_then_for_another_then_for_nobody(revops):
    acme, rita, olga = sales.account("Acme"), sales.rep("Rita"), sales.rep("Olga")
    place = f"/named-accounts/{acme.public_id}/"
    body = {"account": str(acme.public_id), "rep": str(rita.public_id)}

    made, again = revops.create("/named-accounts/", body), revops.create("/named-accounts/", body)
    moved = revops.send("PATCH", place, {"rep": str(olga.public_id)})

    assert (made.status_code, made["location"]) == (201, f"/api/v1{place}")
    assert made.json()["account"] == {"id": str(acme.public_id), "name": "Acme"}
    problem_of(again, 409, "already_exists")
    assert moved.json()["rep"]["name"] == "Olga"
    assert NamedAccount.objects.get().rep == olga
    assert revops.send("DELETE", place).status_code == 204
    problem_of(revops.send("DELETE", place), 404, "not_found")


def test_an_account_that_nobody_knows_is_named_at_fault(revops):
    body = {"account": "00000000-0000-4000-8000-000000000000", "rep": "x"}

    assert faults_of(revops.create("/named-accounts/", body)) == {
        ("account", "does_not_exist"),
        ("rep", "invalid"),
    }


def test_a_rep_sees_the_accounts_named_for_them(signed_in):
    rita = sales.rep("Rita")
    NamedAccount.objects.create(account=sales.account("Acme"), rep=rita)
    NamedAccount.objects.create(account=sales.account("Other"), rep=sales.rep("Olga"))
    roles.grant(rita.user, Role.REP)

    rows = signed_in(rita.user).read("/named-accounts/").json()["results"]

    assert [row["account"]["name"] for row in rows] == ["Acme"]
