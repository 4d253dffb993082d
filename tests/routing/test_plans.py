"""Routing rules are drafted beside those in force, found sound, and published as a whole."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils.translation import override
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from routing import plans
from routing.enums import PlanState, RuleKind
from routing.models import RoutingCondition, RoutingPlan, RoutingRule
from tests.routing import sales
from tests.routing.clockwork import person
from tests.routing.sales import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def robin(db):
    return person("Robin Ops")


@pytest.fixture
def market(db):
    """Germany worked by Rita, and a fallback queue."""
    sales.fallback()
    return sales.team(sales.rep("Rita"))


@pytest.fixture
def draft(robin, market):
    return drafted(robin)


def drafted(by, **options):
    return reread(plans.start_draft(by=by, at=NOON, **options))


def reread(plan):
    return plans.with_rules(RoutingPlan.objects.filter(pk=plan.pk)).get()


def kinds(plan):
    return [rule.kind for rule in plans.rules_of(reread(plan))]


def names(plan):
    return [rule.name for rule in plans.rules_of(reread(plan))]


def add(plan, kind, name="A rule", **fields):
    rule = RoutingRule(plan=plan, kind=kind, name=name, **fields)
    plans.save_rule(rule, by=plan.made_by)
    return rule


def when(rule, fact="country", operator="is", wanted="DE", **parameters):
    condition = RoutingCondition(
        rule=rule, fact=fact, operator=operator, wanted=wanted, parameters=parameters
    )
    plans.save_condition(condition, by=rule.plan.made_by)
    return condition


def publish(plan, *, at=NOON, by=None):
    plan = reread(plan)
    seen = plans.fingerprint_of(plan)
    return plans.publish(plan, by=by or plan.made_by, at=at, seen=seen)


def problems(plan):
    return plans.problems_in(reread(plan))


def test_the_first_draft_is_a_copy_of_the_rules_that_ship(draft):
    assert plans.in_force() is None
    assert draft.number == 1
    assert kinds(draft) == ["named_account", "account_owner", "territory", "fallback_queue"]
    assert problems(draft) == []


def test_there_is_one_draft_at_a_time(draft, robin):
    with pytest.raises(plans.DraftExists) as refused:
        drafted(robin)

    assert refused.value.plan == draft


def test_a_published_draft_is_in_force_and_retires_the_one_before(draft, robin):
    first = publish(draft)
    second = publish(drafted(robin), at=NOON + timedelta(days=1))

    assert plans.in_force() == second
    first.refresh_from_db()
    assert (first.state, first.retired_at) == (PlanState.RETIRED, NOON + timedelta(days=1))
    assert second.published_by == robin
    assert plans.before(second) == first
    assert plans.before(first) is None


def test_a_draft_begins_with_what_is_in_force_conditions_and_all(draft, robin, market):
    rule = add(draft, RuleKind.TERRITORY, "Germans", territory=market)
    when(rule)
    publish(draft)

    copy = drafted(robin)

    copied = next(one for one in plans.rules_of(copy) if one.name == "Germans")
    assert copied.territory == market
    (condition,) = plans.conditions_of(copied)
    assert (condition.fact, condition.wanted) == ("country", "DE")
    assert copied.pk != rule.pk


def test_a_draft_can_begin_with_an_edition_of_former_times(draft, robin, market):
    add(draft, RuleKind.TERRITORY, "Twice", territory=market)
    first = publish(draft)
    second = drafted(robin)
    plans.delete_rule(second.rules.get(name="Twice"), by=robin)
    publish(second)

    assert "Twice" in names(drafted(robin, copy_of=first))


def test_a_new_rule_goes_before_what_takes_everything_else(draft):
    rule = add(draft, RuleKind.TERRITORY, "New")

    assert names(draft)[-2:] == ["New", "Everything else"]
    assert rule.position < draft.rules.get(kind="fallback_queue").position


def test_rules_move_up_and_down_and_stop_at_the_ends(draft, robin):
    first, second, *_ = plans.rules_of(draft)

    plans.move_rule(second, is_up=True, by=robin)
    assert names(draft)[:2] == [second.name, first.name]
    plans.move_rule(second, is_up=True, by=robin)
    assert names(draft)[:2] == [second.name, first.name]
    plans.move_rule(second, is_up=False, by=robin)
    assert names(draft)[:2] == [first.name, second.name]


def test_a_rule_keeps_only_what_its_kind_names(draft, market):
    rita = market.memberships.get().rep

    rule = add(draft, RuleKind.TERRITORY, "Mixed", territory=market, rep=rita, least_amount=5)

    rule.refresh_from_db()
    assert (rule.territory, rule.rep, rule.least_amount) == (market, None, None)


def test_what_was_published_is_not_edited(draft, robin):
    rule = plans.rules_of(draft)[0]
    publish(draft)

    for edit in (
        lambda: plans.delete_rule(rule, by=robin),
        lambda: plans.move_rule(rule, is_up=False, by=robin),
        lambda: plans.save_rule(rule, by=robin),
        lambda: plans.save_note(draft, by=robin),
        lambda: plans.discard(draft, by=robin),
        lambda: when(rule),
    ):
        with pytest.raises(plans.PlanIsFrozen):
            edit()


def test_a_draft_is_discarded_with_its_rules(draft, robin):
    when(add(draft, RuleKind.TERRITORY))

    plans.discard(draft, by=robin)

    assert not RoutingPlan.objects.exists()
    assert not RoutingCondition.objects.exists()


def test_who_publishes_has_read_what_is_published(draft, robin):
    seen = plans.fingerprint_of(draft)
    rule = add(draft, RuleKind.ACCOUNT_OWNER, "Slipped in")
    when(rule)

    with pytest.raises(plans.PlanChanged):
        plans.publish(draft, by=robin, at=NOON, seen=seen)

    assert plans.in_force() is None


def test_the_fingerprint_heeds_order_targets_conditions_and_note(draft, robin, market):
    prints = [plans.fingerprint_of(draft)]
    rule = add(draft, RuleKind.TERRITORY, "New")
    prints.append(plans.fingerprint_of(reread(draft)))
    rule.territory = market
    plans.save_rule(rule, by=robin)
    prints.append(plans.fingerprint_of(reread(draft)))
    when(rule)
    prints.append(plans.fingerprint_of(reread(draft)))
    plans.move_rule(rule, is_up=True, by=robin)
    prints.append(plans.fingerprint_of(reread(draft)))
    draft.note = "Germans first"
    plans.save_note(draft, by=robin)
    prints.append(plans.fingerprint_of(reread(draft)))

    assert len(set(prints)) == len(prints)
    assert plans.fingerprint_of(reread(draft)) == prints[-1]


def test_every_lead_must_find_an_owner(draft, robin):
    plans.delete_rule(draft.rules.get(kind="fallback_queue"), by=robin)

    assert any("The last rule must be a fallback queue" in one for one in problems(draft))
    with pytest.raises(plans.PlanUnsound, match="last rule"):
        publish(draft)


def test_a_fallback_with_conditions_is_none(draft):
    when(draft.rules.get(kind="fallback_queue"))

    assert any("without conditions" in one for one in problems(draft))


def test_the_marked_queue_must_exist(robin, db):
    assert any("No queue is marked" in one for one in problems(drafted(robin)))


def test_a_rule_behind_one_that_takes_it_all_can_never_apply(draft, market):
    add(draft, RuleKind.TERRITORY, "All to Germany", territory=market)
    when(add(draft, RuleKind.TERRITORY, "Swiss", territory=market), wanted="CH")

    assert any(
        "“Swiss” can never apply: “All to Germany” is asked before" in one
        for one in problems(draft)
    )


def test_the_last_fallback_may_stand_behind_a_rule_that_takes_it_all(draft, market):
    add(draft, RuleKind.TERRITORY, "All to Germany", territory=market)

    assert problems(draft) == []


def test_a_narrower_rule_behind_a_wider_one_can_never_apply(draft, market):
    wide = add(draft, RuleKind.TERRITORY, "Big", territory=market)
    when(wide, "employee_count", "at_least", 100)
    narrow = add(draft, RuleKind.TERRITORY, "Bigger", territory=market)
    when(narrow, "employee_count", "at_least", 1000)

    assert any("“Bigger” can never apply" in one for one in problems(draft))


def test_a_narrower_rule_before_a_wider_one_is_sound(draft, robin, market):
    narrow = add(draft, RuleKind.TERRITORY, "Bigger", territory=market)
    when(narrow, "employee_count", "at_least", 1000)
    wide = add(draft, RuleKind.TERRITORY, "Big", territory=market)
    when(wide, "employee_count", "at_least", 100)

    assert problems(draft) == []


def test_verdicts_are_asked_like_facts(draft, market):
    rule = add(draft, RuleKind.TERRITORY, "Hot", territory=market)
    when(rule, "points", "at_least", 60)
    when(rule, "stage", "is", "sql")
    when(rule, "path", "one_of", ["direct", "product_led"])

    assert problems(draft) == []


@pytest.mark.parametrize(
    ("fact", "operator", "wanted"),
    [
        ("shoe_size", "is", 42),
        ("country", "at_least", "DE"),
        ("employee_count", "at_least", "many"),
        ("touchpoint_count", "at_least", 3),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused(draft, fact, operator, wanted):
    rule = draft.rules.get(kind="territory")

    with pytest.raises(plans.ConditionRefused) as refused:
        when(rule, fact, operator, wanted)

    assert all(fact in one for one in refused.value.problems)


def test_conditions_that_contradict_each_other_are_found(draft, market):
    rule = add(draft, RuleKind.TERRITORY, "Nobody", territory=market)
    when(rule, wanted="DE")
    when(rule, wanted="FR")

    assert problems(draft) == ["“Nobody” can never apply: its conditions contradict each other."]


def test_a_fact_that_nobody_knows_any_more_is_found(draft):
    rule = draft.rules.get(kind="territory")
    RoutingCondition.objects.create(rule=rule, fact="shoe_size", operator="is", wanted=42)

    assert any("makes no sense" in one for one in problems(draft))


def test_whoever_a_rule_names_must_receive_leads(draft, market):
    rita = market.memberships.get().rep
    rule = add(draft, RuleKind.HIGH_VALUE, "Big deals", rep=rita, least_amount=100_000)
    assert problems(draft) == []

    rita.user.is_active = False
    rita.user.save()

    assert any("“Big deals” names Rita, who receives no leads" in one for one in problems(draft))
    assert rule.rep == rita


def test_a_territory_that_a_rule_names_must_be_active_and_worked(draft, market):
    when(add(draft, RuleKind.TERRITORY, "Germans", territory=market))
    market.memberships.update(is_active=False)
    market.is_active = False
    market.save()

    found = problems(draft)

    assert any("which is not active" in one for one in found)
    assert any("where nobody receives leads" in one for one in found)


def test_an_empty_territory_is_worth_a_look_where_no_rule_names_it(draft):
    sales.team(name="France", countries=["FR"])

    (fault,) = plans.faults_of(reread(draft))

    assert not fault.blocks
    assert "France" in fault.words


def test_problems_are_said_in_the_reader_s_language(draft, robin):
    plans.delete_rule(draft.rules.get(kind="fallback_queue"), by=robin)

    with override("de"):
        assert problems(draft)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_start_a_draft_at_once_one_is_sent_to_the_other_s(robin):
    outcomes, gate = [], threading.Barrier(2)

    def start():
        gate.wait()
        try:
            outcomes.append(plans.start_draft(by=robin, at=NOON).number)
        except plans.DraftExists as refusal:
            outcomes.append(refusal.plan.number)
        finally:
            connection.close()

    threads = [threading.Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes == [1, 1]
    assert RoutingPlan.objects.count() == 1
    assert RoutingRule.objects.count() == len(plans.SHIPPED)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_publish_at_once_one_is_told_that_it_is_done(robin):
    sales.fallback()
    sales.team(sales.rep("Rita"))
    plan = drafted(robin)
    seen, outcomes, gate = plans.fingerprint_of(plan), [], threading.Barrier(2)

    def put_in_force():
        gate.wait()
        try:
            outcomes.append(plans.publish(plan, by=robin, at=NOON, seen=seen).state)
        except plans.PlanIsFrozen:
            outcomes.append("told")
        finally:
            connection.close()

    threads = [threading.Thread(target=put_in_force) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == [PlanState.PUBLISHED, "told"]


class MovesKeepTheRules(TestCase):
    """Whatever is moved, the same rules stay, each at a place of its own."""

    @given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=12))
    @settings(max_examples=20, deadline=None)
    def test_any_moves(self, moves):
        robin = person("Robin Ops")
        plan = drafted(robin)
        before = {rule.pk for rule in plans.rules_of(plan)}
        for place, is_up in moves:
            plans.move_rule(plans.rules_of(reread(plan))[place], is_up=is_up, by=robin)

        after = plans.rules_of(reread(plan))
        assert {rule.pk for rule in after} == before
        assert len({rule.position for rule in after}) == len(before)
