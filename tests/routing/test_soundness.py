"""What RevOps are told of routing rules that would leave a lead stuck, or lie idle."""

import pytest
from django.utils.translation import override

from routing import drafts, soundness
from routing.enums import RuleKind
from routing.models import RoutingCondition
from tests.routing import rulebook, sales
from tests.routing.clockwork import person

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


def test_every_lead_must_find_an_owner(draft, robin):
    drafts.delete_rule(draft.rules.get(kind="fallback_queue"), by=robin)

    assert any("The last rule must be a fallback queue" in one for one in rulebook.problems(draft))
    with pytest.raises(drafts.PlanUnsound, match="last rule"):
        rulebook.publish(draft)


def test_a_fallback_with_conditions_is_none(draft):
    rulebook.when(draft.rules.get(kind="fallback_queue"))

    assert any("without conditions" in one for one in rulebook.problems(draft))


def test_the_marked_queue_must_exist(robin, db):
    assert any("No queue is marked" in one for one in rulebook.problems(rulebook.drafted(robin)))


def test_a_rule_behind_one_that_takes_it_all_can_never_apply(draft, market):
    rulebook.add(draft, RuleKind.TERRITORY, "All to Germany", territory=market)
    rulebook.when(
        rulebook.add(draft, RuleKind.TERRITORY, "Swiss", territory=market),
        wanted="CH",
    )

    assert any(
        "“Swiss” can never apply: “All to Germany” is asked before" in one
        for one in rulebook.problems(draft)
    )


def test_the_last_fallback_may_stand_behind_a_rule_that_takes_it_all(draft, market):
    rulebook.add(draft, RuleKind.TERRITORY, "All to Germany", territory=market)

    assert rulebook.problems(draft) == []


def test_a_narrower_rule_behind_a_wider_one_can_never_apply(draft, market):
    wide = rulebook.add(draft, RuleKind.TERRITORY, "Big", territory=market)
    rulebook.when(wide, "employee_count", "at_least", 100)
    narrow = rulebook.add(draft, RuleKind.TERRITORY, "Bigger", territory=market)
    rulebook.when(narrow, "employee_count", "at_least", 1000)

    assert any("“Bigger” can never apply" in one for one in rulebook.problems(draft))


def test_a_narrower_rule_before_a_wider_one_is_sound(draft, robin, market):
    narrow = rulebook.add(draft, RuleKind.TERRITORY, "Bigger", territory=market)
    rulebook.when(narrow, "employee_count", "at_least", 1000)
    wide = rulebook.add(draft, RuleKind.TERRITORY, "Big", territory=market)
    rulebook.when(wide, "employee_count", "at_least", 100)

    assert rulebook.problems(draft) == []


def test_verdicts_are_asked_like_facts(draft, market):
    rule = rulebook.add(draft, RuleKind.TERRITORY, "Hot", territory=market)
    rulebook.when(rule, "points", "at_least", 60)
    rulebook.when(rule, "stage", "is", "sql")
    rulebook.when(rule, "path", "one_of", ["direct", "product_led"])

    assert rulebook.problems(draft) == []


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

    with pytest.raises(drafts.ConditionRefused) as refused:
        rulebook.when(rule, fact, operator, wanted)

    assert all(fact in one for one in refused.value.problems)


def test_conditions_that_contradict_each_other_are_found(draft, market):
    rule = rulebook.add(draft, RuleKind.TERRITORY, "Nobody", territory=market)
    rulebook.when(rule, wanted="DE")
    rulebook.when(rule, wanted="FR")

    assert rulebook.problems(draft) == [
        "“Nobody” can never apply: its conditions contradict each other."
    ]


def test_a_fact_that_nobody_knows_any_more_is_found(draft):
    rule = draft.rules.get(kind="territory")
    RoutingCondition.objects.create(rule=rule, fact="shoe_size", operator="is", wanted=42)

    assert any("makes no sense" in one for one in rulebook.problems(draft))


def test_whoever_a_rule_names_must_receive_leads(draft, market):
    rita = market.memberships.get().rep
    rule = rulebook.add(draft, RuleKind.HIGH_VALUE, "Big deals", rep=rita, least_amount=100_000)
    assert rulebook.problems(draft) == []

    rita.user.is_active = False
    rita.user.save()

    assert any(
        "“Big deals” names Rita, who receives no leads" in one for one in rulebook.problems(draft)
    )
    assert rule.rep == rita


def test_a_territory_that_a_rule_names_must_be_active_and_worked(draft, market):
    rulebook.when(rulebook.add(draft, RuleKind.TERRITORY, "Germans", territory=market))
    market.memberships.update(is_active=False)
    market.is_active = False
    market.save()

    found = rulebook.problems(draft)

    assert any("which is not active" in one for one in found)
    assert any("where nobody receives leads" in one for one in found)


def test_an_empty_territory_is_worth_a_look_where_no_rule_names_it(draft):
    sales.team(name="France", countries=["FR"])

    (fault,) = soundness.faults_of(rulebook.reread(draft))

    assert not fault.blocks
    assert "France" in fault.words


def test_problems_are_said_in_the_reader_s_language(draft, robin):
    drafts.delete_rule(draft.rules.get(kind="fallback_queue"), by=robin)

    with override("de"):
        assert rulebook.problems(draft)
