"""What waits is handed out in bulk, most urgent first, whenever somebody is free for it."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import pytest

from crm_handoff import pipeline
from crm_handoff.people.models import User
from crm_handoff.relay import JOBS
from routing import handoffs, sweeps
from routing.enums import HandoffStatus, NoticeKind, PlanState, RuleKind, TimerMilestone
from routing.models import (
    Assignment,
    Handoff,
    NamedAccount,
    Notice,
    Rep,
    RoomMark,
    RoutingCondition,
    RoutingDecision,
    RoutingPlan,
    RoutingRule,
    Territory,
    TerritoryMembership,
)
from tests.routing import sales
from tests.routing.clockwork import queue
from tests.routing.sales import NOON

pytestmark = pytest.mark.django_db

NOWHERE: Mapping[int, Iterable[RoutingCondition]] = MappingProxyType({})
LATER = NOON + timedelta(hours=3)


def free(*reps: Rep, capacity: int = 30) -> None:
    Rep.objects.filter(pk__in=[rep.pk for rep in reps]).update(capacity=capacity)


def waiting(count: int, **fields: Any) -> list[Handoff]:
    version = sales.agreement()
    return [sales.opened(version, sales.lead(f"Lead {n}", **fields)) for n in range(count)]


def published(
    *rules: RoutingRule, where: Mapping[int, Iterable[RoutingCondition]] = NOWHERE, at: Any = NOON
) -> RoutingPlan:
    """Rules in force; `where` has the conditions of each by its place, from 1."""
    plan = RoutingPlan.objects.create(number=1, made_at=NOON)
    for position, rule in enumerate(rules, 1):
        rule.plan, rule.position, rule.name = plan, position, rule.name or f"Rule {position}"
        rule.save()
        for condition in where.get(position, ()):
            condition.rule = rule
            condition.save()
    RoutingPlan.objects.filter(pk=plan.pk).update(state=PlanState.PUBLISHED, published_at=at)
    return plan


def test_a_sweep_gives_each_lead_what_an_assignment_of_its_own_would() -> None:
    rita, otto = sales.rep("Rita", capacity=0), sales.rep("Otto", capacity=0)
    territory = sales.team(rita, otto)
    leads = waiting(4)
    free(rita, otto)

    assert sweeps.route_waiting(at=LATER, limit=10) == 4

    for handoff in leads:
        handoff.refresh_from_db()
        decision = handoff.decisions.order_by("-pk").first()
        assert (handoff.status, handoff.queue) == (HandoffStatus.ASSIGNED, None)
        assert (handoff.assigned_at, handoff.territory) == (LATER, territory)
        assert (decision.rep, decision.rule, decision.at) == (
            handoff.rep,
            RuleKind.TERRITORY,
            LATER,
        )
        assert decision.territory == territory
        assert {row["name"] for row in decision.candidates} == {"Rita", "Otto"}
        segments = list(Assignment.objects.filter(handoff=handoff).order_by("pk"))
        assert [one.ended_at for one in segments] == [LATER, None]
        assert (segments[1].rep, segments[1].decision) == (handoff.rep, decision)
        notice = Notice.objects.get(handoff=handoff, kind=NoticeKind.ASSIGNED)
        assert (notice.recipient, notice.detail) == (handoff.rep.user, {"why": decision.why})
    rita.refresh_from_db()
    otto.refresh_from_db()
    assert (rita.open_count, otto.open_count) == (2, 2)
    assert set(TerritoryMembership.objects.values_list("open_count", "credit")) == {(2, 0)}


def test_a_sweep_asks_as_often_for_three_leads_as_for_thirty(
    django_assert_max_num_queries: Any,
) -> None:
    rita = sales.rep("Rita", capacity=0)
    sales.team(rita)
    waiting(33)
    free(rita, capacity=40)

    with django_assert_max_num_queries(40) as few:
        assert sweeps.route_waiting(at=LATER, limit=3) == 3
    with django_assert_max_num_queries(len(few)):
        assert sweeps.route_waiting(at=LATER, limit=30) == 30


def test_the_most_urgent_go_first_when_there_is_not_room_for_all() -> None:
    rita = sales.rep("Rita", capacity=0)
    sales.team(rita)
    version = sales.agreement()
    order = [3, 1, 2]
    leads = {hour: sales.opened(version, at=NOON + timedelta(hours=hour)) for hour in order}
    free(rita, capacity=2)

    assert sweeps.route_waiting(at=NOON + timedelta(hours=5), limit=10) == 2

    held = Handoff.objects.filter(rep=rita).values_list("pk", flat=True)
    assert set(held) == {leads[1].pk, leads[2].pk}


def test_leads_that_nobody_can_take_do_not_keep_others_waiting_behind_them() -> None:
    speaker = sales.rep("Sven", capacity=0, languages=["sv"])
    sales.team(speaker, language_is_required=True)
    german, swedish = waiting(3, language="de"), waiting(1, language="sv")
    free(speaker)

    assert sweeps.route_waiting(at=LATER, limit=1) == 1
    assert Handoff.objects.get(rep=speaker) == swedish[0]
    assert sweeps.route_waiting(at=LATER, limit=1) == 0
    assert {one.status for one in german} == {HandoffStatus.QUEUED}


def test_contacts_of_one_account_go_to_one_rep_in_one_sweep() -> None:
    reps = [sales.rep(f"Rep {number}", capacity=0) for number in range(3)]
    sales.team(*reps)
    waiting(3, account=sales.account())
    free(*reps)

    sweeps.route_waiting(at=LATER, limit=10)

    (owner,) = set(Handoff.objects.values_list("rep", flat=True))
    rules = list(RoutingDecision.objects.filter(rep=owner).values_list("rule", flat=True))
    assert sorted(rules) == ["account_owner", "account_owner", "territory"]


def test_a_territorys_own_limit_holds_in_a_sweep() -> None:
    rita = sales.rep("Rita", capacity=0)
    territory = sales.team(rita)
    waiting(3)
    TerritoryMembership.objects.filter(territory=territory).update(capacity=2)
    free(rita)

    assert sweeps.route_waiting(at=LATER, limit=10) == 2

    (waits,) = Handoff.objects.filter(status="queued")
    assert waits.queue == territory.queue


def test_a_new_owner_of_a_breached_lead_gets_a_clock_of_their_own() -> None:
    rita = sales.rep("Rita", capacity=0)
    sales.team(rita)
    (handoff,) = waiting(1)
    pipeline.fire_due_steps(at=NOON + timedelta(days=2))
    free(rita)

    assert sweeps.route_waiting(at=NOON + timedelta(days=2), limit=10) == 1

    timers = handoff.timers.values_list("milestone", flat=True)
    assert TimerMilestone.RE_RESPONSE in timers


def test_room_is_marked_where_something_waits_and_forgotten_once_it_is_used() -> None:
    rita = sales.rep("Rita", capacity=1)
    sales.team(rita)
    held, waits = waiting(2)
    RoomMark.objects.all().delete()
    handoffs.reject(held.pk, reason=sales.reason(), comment="No", by=rita.user, at=NOON)
    assert RoomMark.objects.count() >= 1

    assert sweeps.drain(at=LATER, limit=10) == 1
    assert sweeps.drain(at=LATER, limit=10) == 0

    waits.refresh_from_db()
    assert waits.rep == rita
    assert not RoomMark.objects.exists()
    assert "pipeline.drain_queues" in {job.name for job in JOBS}


def test_a_territory_that_is_added_takes_what_waits_in_the_fallback_queue() -> None:
    sales.fallback()
    sales.reason()
    waiting(2, country="FR")
    francoise = sales.rep("Francoise")
    assert sweeps.route_waiting(at=LATER, limit=10) == 0

    sales.team(francoise, countries=["FR"])

    assert sweeps.route_waiting(at=LATER, limit=10) == 2


def test_the_named_rep_of_waiting_leads_takes_them_when_a_place_is_free() -> None:
    nora = sales.rep("Nora", capacity=0)
    sales.team(sales.rep("Frank", capacity=0))
    acme = sales.account()
    NamedAccount.objects.create(account=acme, rep=nora)
    waiting(1, account=acme)
    waiting(1)
    free(nora)

    assert sweeps.route_waiting(at=LATER, limit=10) == 1


def test_rules_that_are_published_move_what_waits_by_the_former_ones() -> None:
    full, other = sales.rep("Frank", capacity=0), sales.rep("Otto")
    sales.team(full, name="DACH")
    north = sales.team(other, name="North", countries=["NO"])
    (handoff,) = waiting(1)
    published(RoutingRule(kind="territory", territory=north))

    assert sweeps.route_waiting(at=LATER, limit=10) == 1

    handoff.refresh_from_db()
    assert (handoff.rep, handoff.territory) == (other, north)
    assert handoff.decisions.order_by("-pk")[0].plan.number == 1


def test_waiting_leads_are_decided_once_by_new_rules_though_they_wait_on() -> None:
    sales.team(sales.rep("Frank", capacity=0))
    (handoff,) = waiting(1)
    elsewhere = queue(name="Students")
    published(RoutingRule(kind="fallback_queue", queue=elsewhere))

    assert sweeps.route_waiting(at=LATER, limit=10) == 0
    assert sweeps.route_waiting(at=LATER, limit=10) == 0

    handoff.refresh_from_db()
    assert (handoff.status, handoff.queue) == (HandoffStatus.QUEUED, elsewhere)
    assert handoff.decisions.count() == 2


def test_a_lead_that_moves_to_a_queue_whose_manager_left_is_told_to_who_stands_in() -> None:
    sales.team(sales.rep("Frank", capacity=0))
    (handoff,) = waiting(1)
    elsewhere, stands_in = queue(name="Students"), sales.fallback().manager
    User.objects.filter(pk=elsewhere.manager_id).update(is_active=False)
    published(RoutingRule(kind="fallback_queue", queue=elsewhere))

    sweeps.route_waiting(at=LATER, limit=10)

    assert Notice.objects.filter(handoff=handoff).latest("pk").recipient == stands_in


def test_what_waits_in_a_territory_that_was_retired_goes_to_the_one_that_covers_it_now() -> None:
    old = sales.team(sales.rep("Full", capacity=0), name="Old", position=10)
    handoff = sales.opened(sales.agreement())
    rita = sales.rep("Rita")
    sales.team(rita, name="New", position=20)
    Territory.objects.filter(pk=old.pk).update(is_active=False)

    assert sweeps.route_waiting(at=NOON, limit=10) == 1

    handoff.refresh_from_db()
    assert handoff.rep == rita


def test_what_a_territory_covers_no_more_goes_to_the_one_that_covers_it_now() -> None:
    old = sales.team(sales.rep("Full", capacity=0), name="Old", position=10)
    old.countries = ["DE", "AT"]
    old.save()
    ((german,), (austrian,)) = waiting(1), waiting(1, country="AT")
    rita = sales.rep("Rita")
    sales.team(rita, name="Austria", countries=["AT"], position=20)
    assert sweeps.drain(at=LATER, limit=10) == 0

    old.countries = ["DE"]
    old.save()

    assert sweeps.drain(at=LATER, limit=10) == 1
    german.refresh_from_db()
    austrian.refresh_from_db()
    assert (german.territory, austrian.rep) == (old, rita)
    assert german.decisions.count() == 1


def test_what_a_new_territory_takes_before_others_waits_in_its_queue_and_is_told_once() -> None:
    old = sales.team(sales.rep("Full", capacity=0), name="Old", position=20)
    (handoff,) = waiting(1)

    new = sales.team(sales.rep("Fuller", capacity=0), name="New", position=10, queue=old.queue)

    for _ in range(2):
        assert sweeps.drain(at=LATER, limit=10) == 0
    handoff.refresh_from_db()
    assert (handoff.queue, handoff.territory) == (old.queue, new)
    assert handoff.decisions.count() == 2
    assert not sweeps.is_room_marked()
    RoomMark.objects.update(marked_at=NOON)
    assert sweeps.is_room_marked()
    sweeps.drain(at=LATER, limit=10)
    assert not RoomMark.objects.exists()


def test_what_a_rule_keeps_where_it_is_is_not_decided_again_for_a_redrawn_territory() -> None:
    sales.team(sales.rep("Full", capacity=0), name="Wide", position=1, countries=["DE", "SE"])
    special = sales.team(sales.rep("Busy", capacity=0), name="Special", countries=["CH"])
    austria = sales.team(sales.rep("Rita", capacity=0), name="Austria", countries=["AT"])
    rules = RoutingRule(kind="territory", territory=special), RoutingRule(kind="territory")
    published(*rules, where={1: [only_from("DE")]}, at=NOON - timedelta(days=3))
    (handoff,) = waiting(1)

    austria.position = 101
    austria.save()

    for _ in range(2):
        assert sweeps.drain(at=LATER, limit=10) == 0
    assert (handoff.territory, handoff.decisions.count()) == (special, 1)


def test_a_new_territory_takes_what_waits_of_an_account_known_by_its_address_alone() -> None:
    sales.team(sales.rep("Full", capacity=0), name="Old", position=20)
    sales.account(industry="software", domain="acme.example")
    (handoff,) = waiting(1, email="ada@acme.example")
    rita = sales.rep("Rita")
    sales.team(rita, name="Software", position=1, industries=["software"], countries=[])

    sweeps.drain(at=LATER, limit=10)

    handoff.refresh_from_db()
    assert handoff.rep == rita


def test_what_waits_in_a_territory_goes_with_it_to_another_queue() -> None:
    old = sales.team(sales.rep("Full", capacity=0), name="Old")
    (handoff,) = waiting(1)
    old.queue = queue(name="Elsewhere")
    old.save()

    sweeps.drain(at=LATER, limit=10)

    handoff.refresh_from_db()
    assert handoff.queue == old.queue


def only_from(country: str) -> RoutingCondition:
    return RoutingCondition(position=1, fact="country", operator="is", wanted=country)


def test_rules_narrowed_for_a_territory_send_on_what_it_takes_no_more_and_leave_the_rest() -> None:
    fallback = sales.fallback()
    dach = sales.team(sales.rep("Frank", capacity=0), name="DACH", countries=["DE", "AT"])
    ((german,), (austrian,)) = waiting(1), waiting(1, country="AT")
    clocks = set(german.timers.values_list("pk", "started_at", "due_at"))
    published(RoutingRule(kind="territory", territory=dach), where={1: [only_from("DE")]})

    assert sweeps.route_waiting(at=LATER, limit=10) == 0

    german.refresh_from_db()
    austrian.refresh_from_db()
    assert (german.queue, german.territory) == (dach.queue, dach)
    assert set(german.timers.values_list("pk", "started_at", "due_at")) == clocks
    assert (austrian.queue, austrian.territory) == (fallback, None)


def test_rules_narrowed_for_a_territory_keep_its_members_from_what_it_takes_no_more() -> None:
    fallback = sales.fallback()
    rita = sales.rep("Rita", capacity=0)
    dach = sales.team(rita, name="DACH", countries=["DE", "AT"])
    ((german,), (austrian,)) = waiting(1), waiting(1, country="AT")
    published(RoutingRule(kind="territory", territory=dach), where={1: [only_from("DE")]})
    free(rita)

    assert sweeps.route_waiting(at=NOON + timedelta(days=3), limit=10) == 1

    german.refresh_from_db()
    austrian.refresh_from_db()
    assert (german.rep, austrian.queue) == (rita, fallback)
