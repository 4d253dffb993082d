"""The editions of the routing rules, decisions made by them, and leads that reps take."""

import pytest
from django.utils import timezone

from crm_handoff.people import keys
from crm_handoff.people.roles import Role
from routing import drafts, plans
from routing.enums import HandoffStatus, RuleKind
from routing.models import Rep, RoutingCondition, RoutingRule
from tests.api.conftest import Caller
from tests.api.problems import problem_of
from tests.routing import sales
from tests.routing.sales import NOON
from tests.web import world


@pytest.fixture
def revops(signed_in):
    return signed_in(Role.REVOPS)


@pytest.fixture
def germany(db):
    sales.fallback()
    return sales.team(sales.rep("Rita"), key="dach")


def draft_up(by, territory):
    plan = drafts.start(by=by, at=NOON)
    rule = RoutingRule(plan=plan, kind=RuleKind.TERRITORY, name="Germans", territory=territory)
    drafts.save_rule(rule, by=by)
    condition = RoutingCondition(rule=rule, fact="country", operator="is", wanted="DE")
    drafts.save_condition(condition, by=by)
    return plans.draft()


def publish(plan, by):
    return drafts.publish(plan, by=by, at=NOON, seen=drafts.fingerprint_of(plan))


def test_the_rules_in_force_are_read_in_their_order(revops, operator, germany):
    assert revops.read("/routing-plans/").json()["results"] == []
    publish(draft_up(operator, germany), operator)

    (plan,) = revops.read("/routing-plans/", state="published").json()["results"]

    assert (plan["number"], plan["published_by"]) == (1, "ops@example.com")
    assert [rule["kind"] for rule in plan["rules"]] == [
        "named_account",
        "account_owner",
        "territory",
        "territory",
        "fallback_queue",
    ]
    rule = next(rule for rule in plan["rules"] if rule["name"] == "Germans")
    assert rule["territory"] == "dach"
    assert rule["conditions"] == [
        {"fact": "country", "parameters": {}, "operator": "is", "wanted": "DE"}
    ]
    assert revops.read("/routing-plans/1/").json() == plan
    assert revops.read("/routing-plans/2/").status_code == 404


def test_a_draft_is_for_those_who_see_everything(signed_in, revops, operator, germany):
    draft_up(operator, germany)

    assert revops.read("/routing-plans/1/").json()["state"] == "draft"
    rep = signed_in(Role.REP)
    assert rep.read("/routing-plans/1/").status_code == 404
    assert rep.read("/routing-plans/").json()["results"] == []


def test_rules_are_drawn_up_on_the_pages_alone(revops):
    assert revops.create("/routing-plans/", {"note": "By API"}).status_code == 405


def test_plans_ask_as_often_for_three_as_for_one(
    revops, operator, germany, django_assert_num_queries
):
    publish(draft_up(operator, germany), operator)
    with django_assert_num_queries(7) as few:
        revops.read("/routing-plans/")
    for _ in range(2):
        plan = drafts.start(by=operator, at=NOON)
        publish(plans.draft(), operator)
        assert plan.number

    with django_assert_num_queries(len(few)):
        assert len(revops.read("/routing-plans/").json()["results"]) == 3


def test_a_decision_names_rules_candidates_and_the_edition(revops, operator, germany):
    plan = draft_up(operator, germany)
    first = plan.rules.get(name="Germans")
    for _ in range(3):
        drafts.move_rule(first, is_up=True, by=operator)
    publish(plans.draft(), operator)
    handoff = sales.opened(sales.agreement())

    (found,) = revops.read("/routing-decisions/", handoff=handoff.public_id).json()["results"]

    assert (found["plan"], found["territory"]) == (1, "dach")
    assert found["outcomes"][0]["name"] == "Germans"
    assert found["outcomes"][0]["matched"] is True
    assert [one["code"] for one in found["candidates"]] == ["ok"]
    assert revops.read("/routing-decisions/", plan=2).json()["results"] == []
    assert revops.read("/routing-decisions/", territory="dach").json()["results"] == [found]


@pytest.fixture
def waiting(db):
    version = world.company()
    dach = world.territory()
    dach.may_pull = True
    dach.save()
    dana = world.rep("Dana Fischer", dach, capacity=0)
    handoff = world.handed_over(version)
    Rep.objects.filter(pk=dana.pk).update(capacity=1)
    return handoff, dana


def test_a_rep_takes_a_waiting_lead(waiting, signed_in):
    handoff, dana = waiting

    taken = signed_in(dana.user).create(f"/handoffs/{handoff.public_id}/take/", {})

    assert taken.status_code == 200, taken.content
    assert taken.json()["status"] == HandoffStatus.ASSIGNED
    assert taken.json()["rep"]["name"] == "Dana Fischer"
    assert taken.json()["decisions"][-1]["rule"] == "pulled"


def test_a_key_takes_it_for_a_rep(waiting):
    handoff, dana = waiting
    issued = keys.issue(
        "Phone system",
        system="phone",
        created_by=handoff.version.author,
        scopes=["read", "handoff"],
    )
    phone = Caller(headers={"authorization": f"Bearer {issued.token}"})

    taken = phone.create(f"/handoffs/{handoff.public_id}/take/", {"by": dana.user.email})

    assert taken.status_code == 200, taken.content


def test_who_is_full_is_told_so(waiting, signed_in):
    handoff, dana = waiting
    Rep.objects.filter(pk=dana.pk).update(capacity=0)

    refused = signed_in(dana.user).create(f"/handoffs/{handoff.public_id}/take/", {})

    problem_of(refused, 409, "no_room")


def test_who_is_away_is_told_until_when(waiting, signed_in):
    handoff, dana = waiting
    now = timezone.now()
    sales.away(dana, since=now - world.HOUR, until=now + world.DAY)

    refused = signed_in(dana.user).create(f"/handoffs/{handoff.public_id}/take/", {})

    problem = problem_of(refused, 409, "pull_not_allowed")
    assert problem["detail"].startswith("You are away until ")


def test_what_may_not_be_taken_is_not_there(waiting, signed_in):
    handoff, dana = waiting
    handoff.territory.may_pull = False
    handoff.territory.save()

    refused = signed_in(dana.user).create(f"/handoffs/{handoff.public_id}/take/", {})

    assert refused.status_code == 404


def test_a_territory_and_its_members_have_their_own_limits(revops, germany):
    changed = revops.send(
        "PATCH",
        "/territories/dach/",
        {"product_lines": ["Cloud"], "make_up_turns": 0, "may_pull": True},
    )
    assert changed.status_code == 200, changed.content
    assert (changed.json()["product_lines"], changed.json()["may_pull"]) == (["Cloud"], True)
    rita = germany.memberships.get().rep

    limited = revops.send("PATCH", f"/territories/dach/members/{rita.public_id}/", {"capacity": 5})

    assert limited.status_code == 200, limited.content
    assert (limited.json()["capacity"], limited.json()["open_count"]) == (5, 0)


def test_whoever_joins_starts_where_the_others_are(revops, germany):
    germany.memberships.update(credit=4)
    lena = sales.rep("Lena")

    made = revops.create("/territories/dach/members/", {"rep": str(lena.public_id)})

    assert made.status_code == 201, made.content
    assert lena.memberships.get().credit == 4
