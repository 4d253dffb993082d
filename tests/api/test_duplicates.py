import pytest

from crm_handoff.people import roles
from crm_handoff.people.roles import Role
from leads.models import SuspectedDuplicate
from tests.routing import sales


@pytest.fixture
def pair(db):
    rita = sales.rep("Rita")
    sales.team(rita)
    roles.grant(rita.user, Role.REP)
    first, second = sales.lead("Anna"), sales.lead("Ana")
    sales.opened(sales.agreement(), first)
    return SuspectedDuplicate.objects.create(lead=first, other=second, reason="name and company")


def test_a_pair_is_listed_with_the_reason(signed_in, pair):
    caller = signed_in(Role.REVOPS)

    (row,) = caller.read("/suspected-duplicates/", lead=pair.other.public_id).json()["results"]

    assert (row["lead"]["name"], row["other"]["name"]) == ("Anna", "Ana")
    assert row["reason"] == "name and company"
    strangers = caller.read("/suspected-duplicates/", lead=sales.lead().public_id).json()
    assert strangers["results"] == []


def test_a_rep_sees_a_pair_when_both_leads_are_theirs(signed_in, pair):
    caller = signed_in(pair.lead.handoffs.get().rep.user)

    assert caller.read("/suspected-duplicates/").json()["results"] == []
    sales.opened(sales.agreement(), pair.other)
    assert len(caller.read("/suspected-duplicates/").json()["results"]) == 1
