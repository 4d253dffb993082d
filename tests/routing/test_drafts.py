"""Routing rules are drafted beside those in force, edited, and published as a whole."""

import threading

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from routing import drafts, plans
from routing.enums import PlanState, RuleKind
from routing.models import RoutingCondition, RoutingPlan, RoutingRule
from tests.routing import rulebook, sales
from tests.routing.clockwork import person
from tests.routing.sales import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def robin(db):
    return person("Robin Ops")


@pytest.fixture
def market(db):
    return rulebook.market()


@pytest.fixture
def draft(robin, market):
    return rulebook.drafted(robin)


def test_the_first_draft_is_a_copy_of_the_rules_that_ship(draft):
    assert plans.in_force() is None
    assert draft.number == 1
    assert rulebook.kinds(draft) == [
        "named_account",
        "account_owner",
        "territory",
        "fallback_queue",
    ]
    assert rulebook.problems(draft) == []


def test_there_is_one_draft_at_a_time(draft, robin):
    with pytest.raises(drafts.DraftExists) as refused:
        rulebook.drafted(robin)

    assert refused.value.plan == draft


def test_a_draft_begins_with_what_is_in_force_conditions_and_all(draft, robin, market):
    rule = rulebook.add(draft, RuleKind.TERRITORY, "Germans", territory=market)
    rulebook.when(rule)
    rulebook.publish(draft)

    copy = rulebook.drafted(robin)

    copied = next(one for one in plans.rules_of(copy) if one.name == "Germans")
    assert copied.territory == market
    (condition,) = plans.conditions_of(copied)
    assert (condition.fact, condition.wanted) == ("country", "DE")
    assert copied.pk != rule.pk


def test_a_draft_can_begin_with_an_edition_of_former_times(draft, robin, market):
    rulebook.add(draft, RuleKind.TERRITORY, "Twice", territory=market)
    first = rulebook.publish(draft)
    second = rulebook.drafted(robin)
    drafts.delete_rule(second.rules.get(name="Twice"), by=robin)
    rulebook.publish(second)

    assert "Twice" in rulebook.names(rulebook.drafted(robin, copy_of=first))


def test_a_new_rule_goes_before_what_takes_everything_else(draft):
    rule = rulebook.add(draft, RuleKind.TERRITORY, "New")

    assert rulebook.names(draft)[-2:] == ["New", "Everything else"]
    assert rule.position < draft.rules.get(kind="fallback_queue").position


def test_rules_move_up_and_down_and_stop_at_the_ends(draft, robin):
    first, second, *_ = plans.rules_of(draft)

    drafts.move_rule(second, is_up=True, by=robin)
    assert rulebook.names(draft)[:2] == [second.name, first.name]
    drafts.move_rule(second, is_up=True, by=robin)
    assert rulebook.names(draft)[:2] == [second.name, first.name]
    drafts.move_rule(second, is_up=False, by=robin)
    assert rulebook.names(draft)[:2] == [first.name, second.name]


def test_a_rule_keeps_only_what_its_kind_names(draft, market):
    rita = market.memberships.get().rep

    rule = rulebook.add(
        draft,
        RuleKind.TERRITORY,
        "Mixed",
        territory=market,
        rep=rita,
        least_amount=5,
    )

    rule.refresh_from_db()
    assert (rule.territory, rule.rep, rule.least_amount) == (market, None, None)


def test_what_was_published_is_not_edited(draft, robin):
    rule = plans.rules_of(draft)[0]
    rulebook.publish(draft)

    for edit in (
        lambda: drafts.delete_rule(rule, by=robin),
        lambda: drafts.move_rule(rule, is_up=False, by=robin),
        lambda: drafts.save_rule(rule, by=robin),
        lambda: drafts.save_note(draft, by=robin),
        lambda: drafts.discard(draft, by=robin),
        lambda: rulebook.when(rule),
    ):
        with pytest.raises(drafts.PlanIsFrozen):
            edit()


def test_a_draft_is_discarded_with_its_rules(draft, robin):
    rulebook.when(rulebook.add(draft, RuleKind.TERRITORY))

    drafts.discard(draft, by=robin)

    assert not RoutingPlan.objects.exists()
    assert not RoutingCondition.objects.exists()


def test_who_publishes_has_read_what_is_published(draft, robin):
    seen = drafts.fingerprint_of(draft)
    rule = rulebook.add(draft, RuleKind.ACCOUNT_OWNER, "Slipped in")
    rulebook.when(rule)

    with pytest.raises(drafts.PlanChanged):
        drafts.publish(draft, by=robin, at=NOON, seen=seen)

    assert plans.in_force() is None


def test_the_fingerprint_heeds_order_targets_conditions_and_note(draft, robin, market):
    prints = [drafts.fingerprint_of(draft)]
    rule = rulebook.add(draft, RuleKind.TERRITORY, "New")
    prints.append(drafts.fingerprint_of(rulebook.reread(draft)))
    rule.territory = market
    drafts.save_rule(rule, by=robin)
    prints.append(drafts.fingerprint_of(rulebook.reread(draft)))
    rulebook.when(rule)
    prints.append(drafts.fingerprint_of(rulebook.reread(draft)))
    drafts.move_rule(rule, is_up=True, by=robin)
    prints.append(drafts.fingerprint_of(rulebook.reread(draft)))
    draft.note = "Germans first"
    drafts.save_note(draft, by=robin)
    prints.append(drafts.fingerprint_of(rulebook.reread(draft)))

    assert len(set(prints)) == len(prints)
    assert drafts.fingerprint_of(rulebook.reread(draft)) == prints[-1]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_start_a_draft_at_once_one_is_sent_to_the_other_s(robin):
    outcomes, gate = [], threading.Barrier(2)

    def start():
        gate.wait()
        try:
            outcomes.append(drafts.start(by=robin, at=NOON).number)
        except drafts.DraftExists as refusal:
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
    plan = rulebook.drafted(robin)
    seen, outcomes, gate = drafts.fingerprint_of(plan), [], threading.Barrier(2)

    def put_in_force():
        gate.wait()
        try:
            outcomes.append(drafts.publish(plan, by=robin, at=NOON, seen=seen).state)
        except drafts.PlanIsFrozen:
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
        plan = rulebook.drafted(robin)
        before = {rule.pk for rule in plans.rules_of(plan)}
        for place, is_up in moves:
            drafts.move_rule(plans.rules_of(rulebook.reread(plan))[place], is_up=is_up, by=robin)

        after = plans.rules_of(rulebook.reread(plan))
        assert {rule.pk for rule in after} == before
        assert len({rule.position for rule in after}) == len(before)
