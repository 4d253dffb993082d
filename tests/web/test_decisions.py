"""Why a lead went to somebody: on its page, on the handoff's, for old decisions too."""

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.translation import override

from crm_handoff.web import decisions
from routing import drafts, plans
from routing.enums import RuleKind
from routing.models import Rep, RoutingCondition, RoutingDecision, RoutingRule
from tests.routing import sales
from tests.web import world
from tests.web.world import DAY

OLD = {
    "schema": 1,
    "inputs": {"lead_id": 1, "country": "DE", "language": "de", "territory": "dach"},
    "outcomes": [{"rule": "territory", "matched": True, "why": "DACH territory, 3 of 30 open"}],
    "candidates": [
        {"rep": 0, "name": "Lena Vogt", "eligible": False, "why": "30/30 open"},
    ],
}


def latest(handoff):
    found = RoutingDecision.objects.filter(handoff=handoff)
    return decisions.panels_of(decisions.with_names(found))[0]


def published(by, **rule):
    """Rules with one more in front, whose condition asks the score and the size."""
    plan = drafts.start(by=by, at=timezone.now() - DAY)
    first = RoutingRule(plan=plan, kind=RuleKind.TERRITORY, name="Hot and large", **rule)
    drafts.save_rule(first, by=by)
    for fact, wanted in (("points", 1_000), ("employee_count", 50)):
        condition = RoutingCondition(rule=first, fact=fact, operator="at_least", wanted=wanted)
        drafts.save_condition(condition, by=by)
    for _ in range(3):
        drafts.move_rule(first, is_up=True, by=by)
    plan = plans.draft()
    seen = drafts.fingerprint_of(plan)
    return drafts.publish(plan, by=by, at=timezone.now() - DAY, seen=seen)


def test_the_panel_names_the_owner_every_candidate_and_what_was_seen(version, dach, dana):
    lena = world.rep("Lena Vogt", dach)
    sales.away(lena, since=timezone.now() - DAY, until=timezone.now() + 30 * DAY)

    panel = latest(world.handed_over(version))

    assert panel.owner == "Dana Fischer"
    chosen, passed = panel.considered
    assert (chosen.name, chosen.is_chosen) == ("Dana Fischer", True)
    assert passed.name == "Lena Vogt"
    assert passed.why.startswith("away until")
    assert ("Country", "Germany") in panel.seen
    assert ("Company size", "420 people") in panel.seen


def test_rules_that_were_drawn_up_say_why_they_did_not_apply(version, dach, dana, manager):
    published(manager, territory=dach)

    panel = latest(world.handed_over(version))

    first = panel.asked[0]
    assert (first.name, first.is_matched) == ("Hot and large", False)
    assert "conditions do not hold" in first.why
    assert any(name == "Points of the score" for name, _value in panel.seen)
    assert panel.decision.plan.number == 1


def test_a_decision_of_former_times_is_shown_as_it_was_kept(version, dana):
    handoff = world.handed_over(version)
    RoutingDecision.objects.create(
        handoff=handoff, at=timezone.now(), rule="territory", rep=dana, why="DACH", **OLD
    )

    panel = latest(handoff)

    assert panel.seen == [("Country", "Germany"), ("Language", "German")]
    assert [one.name for one in panel.considered] == ["Lena Vogt"]
    assert panel.asked[0].name == ""


def test_the_lead_s_page_shows_it_to_whoever_may_see_the_lead(version, dana, manager, door):
    handoff = world.handed_over(version)
    Rep.objects.filter(pk=dana.pk).update(capacity=1)

    for who in (dana.user, manager):
        page = door(who).get(f"/leads/{handoff.lead.public_id}/").content.decode()
        assert "Why it went where it went" in page
        assert "DACH territory, 0 of 30 open" in page


def test_earlier_decisions_stand_behind_the_latest(version, dach, dana, manager, door):
    lena = world.rep("Lena Vogt", dach)
    handoff = world.handed_over(version)
    other = lena if handoff.rep == dana else dana
    world.handoffs.reassign(
        handoff.pk, by=manager, at=timezone.now(), rep=other, reason="They know each other."
    )

    page = door(manager).get(f"/handoffs/{handoff.public_id}/").content.decode()

    assert "1 earlier decision" in page
    assert "They know each other." in page


def test_it_is_said_in_the_reader_s_language(version, dana):
    handoff = world.handed_over(version)

    with override("de"):
        panel = latest(handoff)

    assert panel.why


def test_the_routing_page_says_what_is_in_force(version, dach, dana, manager, door):
    client = door(manager)
    assert "as they ship" in client.get("/routing/").content.decode()

    published(manager, territory=dach)

    page = client.get("/routing/").content.decode()
    assert "Hot and large" in page
    assert "Points of the score: at least 1,000" in page
    assert "published by Samir Haddad" in page
    assert "as they ship" not in page


def test_a_rep_reads_the_rules_and_sees_no_colleague(version, dach, dana, door):
    world.rep("Lena Vogt", dach)

    page = door(dana.user).get("/routing/").content.decode()

    assert "Accounts that a rep works already" in page
    assert "Dana Fischer" in page
    assert "Lena Vogt" not in page


def test_a_handoff_page_asks_as_often_for_many_decisions_as_for_one(
    version, dach, dana, manager, door
):
    lena = world.rep("Lena Vogt", dach)
    handoff, client = world.handed_over(version), door(manager)
    address = f"/handoffs/{handoff.public_id}/"
    client.get(address)
    with CaptureQueriesContext(connection) as few:
        client.get(address)
    for number in range(6):
        handoff.refresh_from_db()
        other = lena if handoff.rep == dana else dana
        world.handoffs.reassign(
            handoff.pk, by=manager, at=timezone.now(), rep=other, reason=f"Reason {number}"
        )

    with CaptureQueriesContext(connection) as many:
        client.get(address)
    assert len(many) <= len(few)
