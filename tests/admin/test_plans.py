"""RevOps draw up routing rules in the administration, and publish what they have read."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from crm_handoff.people.roles import Role
from routing import drafts, plans
from routing.enums import PlanState, RuleKind
from routing.models import (
    RoutingCondition,
    RoutingDecision,
    RoutingPlan,
    RoutingRule,
    TerritoryMembership,
)
from tests.routing import sales
from tests.web import world

MOST_QUERIES = 25


def at(model, page, *args):
    return reverse(f"admin:routing_{model}_{page}", args=args)


@pytest.fixture
def client(sign_in, robin):
    return sign_in(robin)


@pytest.fixture
def germany(db):
    sales.fallback()
    return sales.team(sales.rep("Rita"))


@pytest.fixture
def draft(client, germany):
    client.post(at("routingplan", "add"))
    return RoutingPlan.objects.get()


def page_of(client, plan):
    return client.get(at("routingplan", "change", plan.pk)).content.decode()


def add_rule(client, plan, kind, **typed):
    address = f"{at('routingrule', 'add')}?plan={plan.pk}&kind={kind}"
    return client.post(address, {"name": "Germans"} | typed)


def add_condition(client, rule, fact, **typed):
    return client.post(f"{at('routingcondition', 'add')}?rule={rule.pk}&fact={fact}", typed)


def seen(plan):
    found = plans.with_rules(RoutingPlan.objects.filter(pk=plan.pk)).get()
    return drafts.fingerprint_of(found)


def test_a_draft_begins_as_the_rules_in_force_and_can_be_published(client, draft):
    page = page_of(client, draft)

    assert "Nothing to mend: these rules can be published" in page
    assert "Accounts that a rep works already" in page
    assert "See what changes, and publish" in page


def test_a_second_draft_leads_to_the_first(client, draft):
    response = client.get(at("routingplan", "add"), follow=True)

    assert response.redirect_chain[-1][0] == at("routingplan", "change", draft.pk)
    assert "are a draft already" in response.content.decode()


def test_the_kind_of_a_rule_is_chosen_first_and_says_what_is_asked(client, draft):
    choice = client.get(f"{at('routingrule', 'add')}?plan={draft.pk}").content.decode()
    assert "What shall the rule do?" in choice
    assert "kind=high_value" in choice

    form = client.get(f"{at('routingrule', 'add')}?plan={draft.pk}&kind=high_value")

    assert set(form.context["adminform"].form.fields) == {"name", "rep", "least_amount"}


def test_a_rule_is_added_edited_moved_and_deleted(client, draft, germany):
    assert add_rule(client, draft, "territory", territory=germany.pk).status_code == 302
    rule = RoutingRule.objects.get(name="Germans")
    assert rule.territory == germany
    assert "To the rotation of DACH." in page_of(client, draft)

    client.post(
        at("routingrule", "change", rule.pk), {"name": "Swiss too", "territory": germany.pk}
    )
    client.post(at("routingrule", "move", rule.pk, "up"))

    rule.refresh_from_db()
    assert (rule.name, rule.position) == ("Swiss too", 3)
    client.post(at("routingrule", "delete", rule.pk), {"post": "yes"})
    assert not RoutingRule.objects.filter(pk=rule.pk).exists()


def test_a_high_value_rule_needs_whom_and_from_when(client, draft):
    form = add_rule(client, draft, "high_value").context["adminform"].form

    assert set(form.errors) == {"rep", "least_amount"}


def test_a_condition_offers_facts_and_the_verdict(client, draft):
    rule = draft.rules.get(kind="territory")

    page = client.get(f"{at('routingcondition', 'add')}?rule={rule.pk}").content.decode()

    assert "What judging found" in page
    assert "Product line asked for" in page
    assert "Account tier" in page


@pytest.mark.parametrize(
    ("fact", "typed", "wanted", "words"),
    [
        ("employee_count", {"operator": "at_least", "number": "1000"}, 1000, "1,000 people"),
        ("points", {"operator": "at_least", "number": "60"}, 60, "Points of the score"),
        ("stage", {"operator": "at_least", "rank": "mql"}, "mql", "MQL or above"),
        ("path", {"operator": "one_of", "choices": ["direct"]}, ["direct"], "direct"),
        ("country", {"operator": "is", "choices": ["DE"]}, "DE", "Germany"),
        ("account_tier", {"operator": "one_of", "others": "A, B"}, ["A", "B"], "Account tier"),
    ],
)
def test_a_condition_is_typed_in_the_fact_s_own_inputs(client, draft, fact, typed, wanted, words):
    rule = draft.rules.get(kind="territory")

    assert add_condition(client, rule, fact, **typed).status_code == 302

    condition = RoutingCondition.objects.get()
    assert (condition.fact, condition.wanted) == (fact, wanted)
    assert words in page_of(client, draft)


def test_a_windowed_fact_asks_for_its_days(client, draft):
    rule = draft.rules.get(kind="territory")

    add_condition(client, rule, "touchpoint_count", operator="at_least", number="3", days="30")

    condition = RoutingCondition.objects.get()
    assert condition.parameters == {"days": 30}
    client.post(
        at("routingcondition", "change", condition.pk),
        {"operator": "at_least", "number": "4", "days": "30"},
    )
    condition.refresh_from_db()
    assert condition.wanted == 4


def test_what_makes_no_sense_is_refused_at_the_form(client, draft):
    rule = draft.rules.get(kind="territory")

    refused = add_condition(client, rule, "country", operator="is", choices=["DE", "AT"])

    assert refused.status_code == 200
    assert not RoutingCondition.objects.exists()


def test_a_draft_that_is_not_sound_says_why_and_offers_no_button(client, draft):
    client.post(
        at("routingrule", "delete", draft.rules.get(kind="fallback_queue").pk), {"post": "yes"}
    )

    assert "1 thing must be mended before publishing" in page_of(client, draft)
    page = client.get(at("routingplan", "publish", draft.pk)).content.decode()
    assert "It cannot be published yet" in page
    assert "Publish these rules" not in page
    client.post(at("routingplan", "publish", draft.pk), {"seen": seen(draft)})
    assert plans.in_force() is None


def test_publishing_puts_them_in_force(client, draft, robin):
    page = client.get(at("routingplan", "publish", draft.pk)).content.decode()
    assert "Nothing: the rules are the same." in page
    assert seen(draft) in page

    client.post(at("routingplan", "publish", draft.pk), {"seen": seen(draft)})

    plan = plans.in_force()
    assert (plan, plan.published_by) == (draft, robin)
    assert "Copy as a new draft" in page_of(client, draft)


def test_what_was_edited_meanwhile_is_not_published_unread(client, draft, germany):
    before = seen(draft)
    add_rule(client, draft, "territory", territory=germany.pk)

    response = client.post(at("routingplan", "publish", draft.pk), {"seen": before}, follow=True)

    assert "was edited meanwhile" in response.content.decode()
    assert plans.in_force() is None


def test_others_read_and_do_not_touch(draft, sign_in, mara, saul, ines):
    for person in (mara, saul, ines):
        other = sign_in(person)
        page = page_of(other, draft)
        assert "Accounts that a rep works already" in page
        assert "Add rule" not in page
        assert other.get(at("routingplan", "publish", draft.pk)).status_code == 403
        assert other.post(at("routingplan", "add")).status_code == 403
        assert other.post(at("routingplan", "discard", draft.pk)).status_code == 403
        rule = draft.rules.first()
        assert other.post(at("routingrule", "move", rule.pk, "up")).status_code == 403
        assert other.post(at("routingrule", "delete", rule.pk)).status_code == 403


def test_a_published_plan_is_read_only_and_says_what_it_changed(client, draft, germany):
    add_rule(client, draft, "territory", territory=germany.pk)
    client.post(at("routingplan", "publish", draft.pk), {"seen": seen(draft)})

    page = page_of(client, draft)

    assert "What is different from the rules that ship" in page
    assert "Germans" in page
    assert "Add rule" not in page
    rule = RoutingRule.objects.get(name="Germans")
    assert client.post(at("routingrule", "delete", rule.pk), {"post": "yes"}).status_code == 403
    assert client.get(at("routingrule", "change", rule.pk)).status_code == 200


def test_the_page_asks_as_often_for_thirty_rules_as_for_three(client, draft, germany, robin):
    with CaptureQueriesContext(connection) as few:
        page_of(client, draft)
    for number in range(26):
        rule = RoutingRule(plan=draft, kind=RuleKind.TERRITORY, name=f"Rule {number}")
        drafts.save_rule(rule, by=robin)
        condition = RoutingCondition(rule=rule, fact="points", operator="at_least", wanted=number)
        drafts.save_condition(condition, by=robin)

    with CaptureQueriesContext(connection) as many:
        page_of(client, draft)

    assert len(many) <= len(few)
    assert len(many) <= MOST_QUERIES


def test_the_sample_names_who_would_get_whose_leads(sign_in):
    version = world.company()
    dana = world.rep("Dana Fischer", world.territory())
    france = world.territory("France", ("FR",))
    world.rep("Lena Vogt", france)
    world.handed_over(version, world.lead("Greta", "Big"))
    robin = version.author
    plan = drafts.start(by=robin, at=timezone.now())
    rule = RoutingRule(plan=plan, kind=RuleKind.TERRITORY, name="All to France", territory=france)
    drafts.save_rule(rule, by=robin)
    condition = RoutingCondition(rule=rule, fact="stage", operator="is", wanted="sql")
    drafts.save_condition(condition, by=robin)
    for _ in range(3):
        drafts.move_rule(rule, is_up=True, by=robin)

    page = sign_in(robin).get(at("routingplan", "publish", plan.pk)).content.decode()

    assert "1 of the last 1 leads would go elsewhere" in page
    assert "Greta Big" in page
    assert str(dana) in page
    assert "Lena Vogt" in page


def test_a_decision_s_page_shows_rules_and_candidates(sign_in):
    version = world.company()
    world.rep("Dana Fischer", world.territory())
    handoff = world.handed_over(version)
    decision = RoutingDecision.objects.get(handoff=handoff)

    page = sign_in(version.author).get(at("routingdecision", "change", decision.pk))

    assert "Who came into question" in page.content.decode()
    assert "0 of 30 open" in page.content.decode()


def test_a_new_member_starts_where_the_others_are(client, germany):
    TerritoryMembership.objects.update(credit=4)
    lena = sales.rep("Lena")

    client.post(
        at("territorymembership", "add"),
        {"territory": germany.pk, "rep": lena.pk, "weight": 1, "is_active": "on"},
    )

    assert lena.memberships.get().credit == 4


def test_a_draft_is_discarded(client, draft):
    client.post(at("routingplan", "discard", draft.pk))

    assert not RoutingPlan.objects.filter(state=PlanState.DRAFT).exists()


def test_the_auditor_sees_every_edition_in_the_list(sign_in, draft, client):
    client.post(at("routingplan", "publish", draft.pk), {"seen": seen(draft)})

    page = sign_in(Role.AUDITOR).get(at("routingplan", "changelist")).content.decode()

    assert "Routing rules 1" in page
