import pytest

from crm_handoff.people import roles
from crm_handoff.people.roles import Role
from tests.routing import sales


@pytest.fixture
def rita(db):
    rep = sales.rep("Rita")
    sales.team(rep)
    roles.grant(rep.user, Role.REP)
    return rep


@pytest.fixture
def handoff(rita):
    return sales.opened(sales.agreement(), sales.lead("Anna"))


def test_a_clock_says_what_was_promised(signed_in, handoff):
    (clock,) = signed_in(Role.AUDITOR).read("/timers/", state="running").json()["results"]

    assert clock["handoff"] == str(handoff.public_id)
    assert clock["lead"] == str(handoff.lead.public_id)
    assert (clock["term"], clock["respond_within_seconds"]) == ("other", 4 * 3600)
    assert (clock["started_at"], clock["breached_at"]) == ("2026-01-13T12:00:00Z", None)


def test_clocks_are_ordered_by_what_is_due_first(signed_in, handoff):
    sales.opened(sales.agreement(), at=sales.NOON.replace(hour=10))

    clocks = signed_in(Role.AUDITOR).read("/timers/", ordering="due_at").json()["results"]

    assert [clock["due_at"] for clock in clocks] == sorted(clock["due_at"] for clock in clocks)
    assert len(clocks) == 2


def test_a_decision_says_who_was_passed_over_and_names_no_inner_id(signed_in, handoff):
    auditor = signed_in(Role.AUDITOR)

    listed = auditor.read("/routing-decisions/", handoff=handoff.public_id).json()["results"]

    (decision,) = listed
    assert decision["rep"] == {"id": str(handoff.rep.public_id), "name": "Rita"}
    assert decision["candidates"] == [
        {"name": "Rita", "eligible": True, "code": "ok", "why": "0 of 30 open"}
    ]
    assert (decision["rule"], decision["by"]) == ("territory", None)
    assert [outcome["rule"] for outcome in decision["outcomes"]][-1] == "territory"


@pytest.mark.parametrize("path", ["/timers/", "/routing-decisions/"])
def test_a_rep_reads_of_their_own_handoffs_alone(signed_in, handoff, rita, path):
    olga = sales.rep("Olga")
    roles.grant(olga.user, Role.REP)

    assert len(signed_in(rita.user).read(path).json()["results"]) == 1
    assert signed_in(olga.user).read(path).json()["results"] == []
