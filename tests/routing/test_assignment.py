"""Who receives a lead, and the recorded reason."""

from collections import Counter
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError

from leads.enums import OpportunityStage
from leads.models import Account, Opportunity, Source
from routing import assignment, defaults, handoffs, sweeps
from routing.assignment import ReasonRequired, RepCannotReceive
from routing.enums import HandoffStatus, NoticeKind, RuleKind
from routing.models import Assignment, Handoff, NamedAccount, Notice, Rep, RoutingDecision
from tests.routing import sales
from tests.routing.sales import NOON

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def decision_of(handoff: Handoff) -> RoutingDecision:
    return handoff.decisions.order_by("-pk")[:1].get()


def words(handoff: Handoff) -> dict[str, str]:
    """Why each candidate was or was not eligible, by name."""
    return {row["name"]: row["why"] for row in decision_of(handoff).candidates}


def deal_with(account: Account, *, owner: Rep, at: datetime = NOON) -> Opportunity:
    """An open deal that came of another contact of the account."""
    return Opportunity.objects.create(
        lead=sales.lead("Buyer", account=account),
        account=account,
        system="crm",
        external_id=f"deal of {owner}",
        owner=owner.user,
        opened_at=at,
    )


def test_open_assigns_the_rep_of_the_territory_and_says_why() -> None:
    rita = sales.rep("Rita", languages=["de"])
    sales.team(rita, name="DACH")
    version = sales.agreement()

    handoff = sales.opened(version, sales.lead(language="de"))

    assert (handoff.status, handoff.rep, handoff.queue) == (HandoffStatus.ASSIGNED, rita, None)
    assert decision_of(handoff).why == "DACH territory, German, 0 of 30 open"
    assert decision_of(handoff).rule == RuleKind.TERRITORY
    notice = Notice.objects.get(kind=NoticeKind.ASSIGNED)
    assert (notice.recipient, notice.handoff) == (rita.user, handoff)
    assert Assignment.objects.get(handoff=handoff, ended_at=None).rep == rita


def test_open_takes_turns_so_that_nobody_is_two_ahead() -> None:
    reps = [sales.rep(f"Rep {number}") for number in range(4)]
    sales.team(*reps)
    version = sales.agreement()

    received: Counter[Rep] = Counter(dict.fromkeys(reps, 0))
    for _ in range(11):
        received[sales.opened(version).rep] += 1
        assert max(received.values()) - min(received.values()) <= 1


def test_open_shares_in_proportion_to_weight() -> None:
    senior, junior = sales.rep("Senior"), sales.rep("Junior")
    sales.team(senior, junior)
    sales.weigh(senior, 3)
    version = sales.agreement()

    received = [sales.opened(version).rep for _ in range(8)]

    assert (received.count(senior), received.count(junior)) == (6, 2)


def test_open_skips_who_cannot_and_records_each_of_them() -> None:
    full = sales.rep("Frank", capacity=0)
    absent = sales.rep("Anna")
    gone = sales.rep("Gus", is_active=False)
    mute = sales.rep("Mona", languages=["fr"])
    free = sales.rep("Fritz", languages=["de"])
    sales.away(absent, until=NOON + timedelta(days=3, hours=-3))
    sales.team(full, absent, gone, mute, free, language_is_required=True)

    handoff = sales.opened(sales.agreement(), sales.lead(language="de"))

    assert handoff.rep == free
    assert words(handoff) == {
        "Frank": "0/0 open",
        "Anna": "away until Fri 09:00",
        "Gus": "inactive",
        "Mona": "no German",
        "Fritz": "0 of 30 open",
    }


def test_open_prefers_a_speaker_where_the_language_is_not_required() -> None:
    mute, speaker = sales.rep("Mona"), sales.rep("Sven", languages=["de"])
    sales.team(mute, speaker)
    version = sales.agreement()

    assert [sales.opened(version, sales.lead(language="de")).rep for _ in range(3)] == [
        speaker
    ] * 3
    assert sales.opened(version, sales.lead(language="es")).rep in (mute, speaker)


def test_open_gives_a_named_account_to_its_rep_whatever_the_turn() -> None:
    named, other = sales.rep("Nora"), sales.rep("Otto")
    sales.team(other)
    acme = sales.account()
    NamedAccount.objects.create(account=acme, rep=named)

    handoff = sales.opened(sales.agreement(), sales.lead(account=acme))

    assert handoff.rep == named
    assert decision_of(handoff).why == "Named rep for Acme, 0 of 30 open"


@pytest.mark.parametrize("obstacle", ["away", "full"])
def test_open_goes_to_the_second_contact_when_the_named_rep_cannot(obstacle: str) -> None:
    named = sales.rep("Nora", capacity=0 if obstacle == "full" else 30)
    second, other = sales.rep("Sid"), sales.rep("Otto")
    if obstacle == "away":
        sales.away(named, until=None)
    sales.team(other, secondary=second)
    acme = sales.account()
    NamedAccount.objects.create(account=acme, rep=named)

    handoff = sales.opened(sales.agreement(), sales.lead(account=acme))

    assert handoff.rep == second
    assert decision_of(handoff).rule == RuleKind.SECONDARY


def test_open_goes_to_the_delegate_before_the_second_contact() -> None:
    named, delegate, second = sales.rep("Nora"), sales.rep("Dora"), sales.rep("Sid")
    sales.away(named, until=NOON + timedelta(days=30), delegate=delegate)
    sales.team(second, secondary=second)
    acme = sales.account()
    NamedAccount.objects.create(account=acme, rep=named)

    handoff = sales.opened(sales.agreement(), sales.lead(account=acme))

    assert handoff.rep == delegate
    assert decision_of(handoff).why == (
        "Stands in (Nora, named for Acme: away until 12 Feb 2026), 0 of 30 open"
    )


def test_open_goes_to_who_works_the_account_already() -> None:
    reps = [sales.rep(f"Rep {number}") for number in range(3)]
    sales.team(*reps)
    acme, version = sales.account(), sales.agreement()

    first = sales.opened(version, sales.lead("One", account=acme))
    sales.opened(version)
    second = sales.opened(version, sales.lead("Two", account=acme))

    assert second.rep == first.rep
    assert decision_of(second).rule == RuleKind.ACCOUNT_OWNER


def test_open_goes_to_the_owner_of_the_accounts_open_deal() -> None:
    reps = [sales.rep(f"Rep {number}") for number in range(3)]
    sales.team(*reps)
    acme, version = sales.account(), sales.agreement()
    first = sales.opened(version, sales.lead("One", account=acme))
    owner = first.rep
    assert owner is not None
    handoffs.accept(first.pk, by=owner.user, at=NOON)
    handoffs.open_opportunity(first.pk, name="Acme 2026", by=owner.user, at=NOON)

    found = [
        sales.opened(version, sales.lead(f"Contact {number}", account=acme), at=NOON + HOUR)
        for number in range(3)
    ]

    assert [handoff.rep for handoff in found] == [owner] * 3
    assert {decision_of(handoff).rule for handoff in found} == {RuleKind.ACCOUNT_OWNER}
    assert decision_of(found[0]).why.startswith(f"Works {acme} already")


def test_a_deal_that_was_decided_gives_its_owner_no_more_leads_of_the_account() -> None:
    owner = sales.rep("Olga", capacity=5)
    sales.team(sales.rep("Rita"))
    acme = sales.account()
    deal = deal_with(acme, owner=owner)
    deal.stage, deal.closed_at = OpportunityStage.LOST, NOON
    deal.save()

    handoff = sales.opened(sales.agreement(), sales.lead("Two", account=acme))

    assert decision_of(handoff).rule == RuleKind.TERRITORY


def test_whoever_began_to_work_the_account_last_goes_before_the_one_before() -> None:
    holder, owner = sales.rep("Hanna"), sales.rep("Olga")
    sales.team(holder)
    acme, version = sales.account(), sales.agreement()
    held = sales.opened(version, sales.lead("One", account=acme))
    deal = deal_with(acme, owner=owner, at=NOON - HOUR)

    before = sales.opened(version, sales.lead("Two", account=acme))
    deal.opened_at = NOON + HOUR
    deal.save()
    after = sales.opened(version, sales.lead("Three", account=acme), at=NOON + 2 * HOUR)

    assert (held.rep, before.rep, after.rep) == (holder, holder, owner)


def test_a_waiting_lead_is_found_for_the_owner_of_the_accounts_open_deal() -> None:
    owner = sales.rep("Olga", capacity=0)
    sales.team(sales.rep("Rita", capacity=0))
    acme = sales.account()
    deal_with(acme, owner=owner)
    waiting = sales.opened(sales.agreement(), sales.lead("Two", account=acme))
    assert waiting.status == HandoffStatus.QUEUED
    owner.capacity = 5
    owner.save()

    sweeps.drain(at=NOON + HOUR, limit=10)

    waiting.refresh_from_db()
    assert waiting.rep == owner


def test_open_waits_in_the_queue_of_the_territory_when_nobody_can() -> None:
    territory = sales.team(sales.rep(capacity=0))

    handoff = sales.opened(sales.agreement())

    assert (handoff.status, handoff.rep) == (HandoffStatus.QUEUED, None)
    assert handoff.queue == territory.queue
    notice = Notice.objects.get(kind=NoticeKind.QUEUED)
    assert notice.recipient == territory.queue.manager


def test_open_waits_in_the_fallback_queue_outside_every_territory() -> None:
    sales.team(sales.rep(), countries=["FR"])
    fallback = sales.fallback()
    sales.reason()

    handoff = sales.opened(sales.agreement())

    assert handoff.queue == fallback
    assert decision_of(handoff).rule == RuleKind.FALLBACK_QUEUE


def test_a_new_lead_in_a_queue_that_promises_an_owner_has_one_clock_for_that() -> None:
    sales.team(sales.rep(), countries=["FR"])
    fallback = sales.fallback()
    fallback.assign_within = timedelta(hours=4)
    fallback.save()
    sales.reason()

    handoff = sales.opened(sales.agreement())

    assert handoff.timers.filter(milestone="assignment").count() == 1


def test_the_fallback_queue_ships_with_a_clock_of_its_own() -> None:
    sales.team(sales.rep(), countries=["FR"])
    defaults.load_defaults(manager=sales.rep("Mona").user)

    handoff = sales.opened(sales.agreement())

    assert handoff.queue is not None
    assert handoff.queue.is_fallback
    assert handoff.timers.filter(milestone="assignment").count() == 1


def test_a_fallback_queue_that_is_there_keeps_its_own_promise_when_defaults_are_loaded() -> None:
    there = sales.fallback()

    defaults.load_defaults(manager=there.manager)

    there.refresh_from_db()
    assert there.assign_within is None


def test_territories_are_tried_in_their_order() -> None:
    small, rest = sales.rep("Small"), sales.rep("Rest")
    sales.team(rest, position=20)
    sales.team(small, position=10, max_employees=500)
    version = sales.agreement()

    of_300 = sales.opened(version, sales.lead(account=sales.account("A", employee_count=300)))
    of_501 = sales.opened(version, sales.lead(account=sales.account("B", employee_count=501)))
    unknown = sales.opened(version, sales.lead(account=sales.account("C", employee_count=None)))

    assert [of_300.rep, of_501.rep, unknown.rep] == [small, rest, rest]


def test_open_does_nothing_while_a_handoff_is_open() -> None:
    sales.team(sales.rep())
    version, lead = sales.agreement(), sales.lead()
    sales.opened(version, lead)

    assert handoffs.open(sales.qualified(version, lead), at=NOON) is None


def test_assign_again_never_chooses_the_present_holder() -> None:
    rita, otto = sales.rep("Rita"), sales.rep("Otto")
    sales.team(rita, otto)
    handoff = sales.opened(sales.agreement())
    before = handoff.rep

    assignment.assign(handoff, at=NOON + timedelta(hours=1))

    assert {before, handoff.rep} == {rita, otto}
    assert list(handoff.assignments.order_by("pk").values_list("rep", "began_at", "ended_at")) == [
        (before.pk, NOON, NOON + timedelta(hours=1)),
        (handoff.rep.pk, NOON + timedelta(hours=1), None),
    ]


def test_assign_again_queues_when_the_holder_is_the_only_one_until_the_next_sweep() -> None:
    rita = sales.rep("Rita")
    territory = sales.team(rita)
    handoff = sales.opened(sales.agreement())

    assignment.assign(handoff, at=NOON + timedelta(hours=1))

    assert (handoff.status, handoff.queue) == (HandoffStatus.QUEUED, territory.queue)
    assert sweeps.route_waiting(at=NOON + timedelta(hours=2), limit=10) == 1
    handoff.refresh_from_db()
    assert handoff.rep == rita


def test_a_lead_does_not_return_to_who_gave_it_back() -> None:
    reps = [sales.rep(f"Rep {number}") for number in range(2)]
    sales.team(*reps)
    version, lead = sales.agreement(), sales.lead()
    first = sales.opened(version, lead)
    handoffs.reject(first.pk, reason=sales.reason(), comment="Not now", by=first.rep.user, at=NOON)
    sales.opened(version)

    again = sales.opened(version, lead, at=NOON + timedelta(days=100))

    assert again.rep != first.rep
    assert words(again)[str(first.rep)] == "held it before: gave it back, or was late with it"


def test_a_lead_returns_to_who_gave_it_back_when_nobody_else_is_eligible() -> None:
    rita = sales.rep("Rita")
    sales.team(rita, sales.rep("Frank", capacity=0))
    version, lead = sales.agreement(), sales.lead()
    first = sales.opened(version, lead)
    handoffs.reject(first.pk, reason=sales.reason(), comment="Not now", by=rita.user, at=NOON)

    again = sales.opened(version, lead, at=NOON + timedelta(days=100))

    assert again.rep == rita
    assert "nobody else is eligible" in decision_of(again).why


def test_a_person_assigns_above_capacity_only_with_a_reason() -> None:
    full, other = sales.rep("Frank", capacity=1), sales.rep("Otto")
    sales.team(full, other)
    version, manager = sales.agreement(), sales.rep("Boss").user
    handoff = next(h for h in (sales.opened(version) for _ in range(3)) if h.rep == other)

    with pytest.raises(ReasonRequired):
        assignment.assign(handoff, at=NOON, by=manager, rep=full)
    assignment.assign(handoff, at=NOON, by=manager, rep=full, reason="Knows the client")

    full.refresh_from_db()
    assert (full.open_count, full.excess_count) == (1, 1)
    assert handoff.is_over_capacity
    assert decision_of(handoff).why == "Chosen by a person, 1 of 1 open: Knows the client"
    assert decision_of(handoff).by == manager
    assert Notice.objects.get(kind=NoticeKind.REASSIGNED_AWAY).recipient == other.user


@pytest.mark.parametrize("reason", ["  ", "\u200b\u2060", "\u00a0\ufeff"])
def test_a_reason_that_shows_nothing_is_none(reason: str) -> None:
    rita, ben = sales.rep("Rita"), sales.rep("Ben", capacity=0)
    sales.team(rita, ben)
    handoff = sales.opened(sales.agreement())

    with pytest.raises(ReasonRequired):
        assignment.assign(handoff, at=NOON, by=ben.manager, rep=ben, reason=reason)

    assert handoff.rep == rita


def test_a_person_cannot_assign_to_an_inactive_rep_or_to_the_holder() -> None:
    rita, gone = sales.rep("Rita"), sales.rep("Gus", is_active=False)
    sales.team(rita)
    handoff = sales.opened(sales.agreement())

    for nobody in (gone, rita):
        with pytest.raises(RepCannotReceive):
            assignment.assign(handoff, at=NOON, by=rita.user, rep=nobody)


def test_reassigning_an_accepted_handoff_keeps_it_accepted() -> None:
    sdr, ae = sales.rep("Sid"), sales.rep("Ada", kind="ae")
    sales.team(sdr)
    handoff = sales.opened(sales.agreement())
    handoffs.accept(handoff.pk, by=sdr.user, at=NOON)

    handoff = handoffs.reassign(handoff.pk, by=sdr.user, rep=ae, at=NOON + timedelta(hours=1))

    assert (handoff.status, handoff.rep) == (HandoffStatus.ACCEPTED, ae)


def test_the_queue_drains_most_urgent_first_when_somebody_is_free() -> None:
    rita = sales.rep("Rita", capacity=1)
    sales.team(rita)
    version = sales.agreement()
    held = sales.opened(version, at=NOON)
    later = sales.opened(version, at=NOON + timedelta(hours=2))
    sooner = sales.opened(version, at=NOON + timedelta(hours=1))
    assert sweeps.route_waiting(at=NOON + timedelta(hours=3), limit=10) == 0

    handoffs.reject(held.pk, reason=sales.reason(), comment="No", by=rita.user, at=NOON)
    drained = sweeps.route_waiting(at=NOON + timedelta(hours=3), limit=10)

    assert drained == 1
    sooner.refresh_from_db()
    later.refresh_from_db()
    assert (sooner.rep, sooner.status) == (rita, HandoffStatus.ASSIGNED)
    assert later.status == HandoffStatus.QUEUED


def test_the_queue_drains_only_to_who_speaks_a_required_language() -> None:
    mute = sales.rep("Mona", languages=["fr"])
    sales.team(mute, language_is_required=True)
    queued = sales.opened(sales.agreement(), sales.lead(language="de"))
    assert queued.status == HandoffStatus.QUEUED
    assert sweeps.route_waiting(at=NOON, limit=10) == 0

    Rep.objects.filter(pk=mute.pk).update(languages=["fr", "de"])

    assert sweeps.route_waiting(at=NOON, limit=10) == 1


def test_the_queue_drains_to_the_named_rep_though_the_territory_is_full() -> None:
    named = sales.rep("Nora", capacity=0)
    sales.team(sales.rep("Frank", capacity=0))
    acme = sales.account()
    NamedAccount.objects.create(account=acme, rep=named)
    queued = sales.opened(sales.agreement(), sales.lead(account=acme))
    assert sweeps.route_waiting(at=NOON, limit=10) == 0

    Rep.objects.filter(pk=named.pk).update(capacity=1)

    assert sweeps.route_waiting(at=NOON, limit=10) == 1
    queued.refresh_from_db()
    assert queued.rep == named


def test_the_queue_does_not_drain_to_who_is_away() -> None:
    rita = sales.rep("Rita")
    sales.away(rita, until=NOON + timedelta(days=1))
    sales.team(rita)
    sales.opened(sales.agreement())

    assert sweeps.route_waiting(at=NOON + timedelta(hours=23), limit=10) == 0
    assert sweeps.route_waiting(at=NOON + timedelta(days=1), limit=10) == 1


def test_a_lowered_capacity_leaves_what_is_held_and_gives_nothing_new() -> None:
    rita = sales.rep("Rita")
    sales.team(rita)
    version = sales.agreement()
    held = [sales.opened(version) for _ in range(3)]

    Rep.objects.filter(pk=rita.pk).update(capacity=2)
    rita.refresh_from_db()
    assert (rita.open_count, rita.excess_count) == (2, 1)

    handoffs.reject(held[0].pk, reason=sales.reason(), comment="No", by=rita.user, at=NOON)
    rita.refresh_from_db()
    assert (rita.open_count, rita.excess_count) == (2, 0)
    assert sales.opened(version).status == HandoffStatus.QUEUED


def test_saving_a_rep_with_stale_counters_does_not_change_them() -> None:
    rita = sales.rep("Rita")
    stale = Rep.objects.get(pk=rita.pk)
    sales.team(rita)
    sales.opened(sales.agreement())

    stale.capacity = 40
    stale.save()

    rita.refresh_from_db()
    assert (rita.capacity, rita.open_count) == (40, 1)


def test_the_database_refuses_a_handoff_above_capacity() -> None:
    rita = sales.rep("Rita", capacity=1)
    sales.team(rita)
    version = sales.agreement()
    sales.opened(version)
    queued = sales.opened(version)

    with pytest.raises(IntegrityError, match="rep_within_capacity"):
        Handoff.objects.filter(pk=queued.pk).update(
            status="assigned", rep=rita, queue=None, assigned_at=NOON
        )


def test_pass_on_prefers_who_stands_in_and_keeps_the_clock() -> None:
    rita, dora, otto = sales.rep("Rita"), sales.rep("Dora"), sales.rep("Otto")
    sales.team(rita, otto)
    handoff = sales.opened(sales.agreement())
    clock = handoff.timers.get()

    decision = assignment.pass_on(handoff, at=NOON, reason="Rita is away", prefer=dora)

    assert (decision.rep, decision.rule) == (dora, RuleKind.DELEGATE)
    assert decision.inputs["reason"] == "Rita is away"
    assert handoff.timers.get().due_at == clock.due_at


def test_pass_on_goes_by_the_rules_when_nobody_stands_in_or_they_cannot() -> None:
    rita, full = sales.rep("Rita"), sales.rep("Frank", capacity=0)
    territory = sales.team(rita)
    handoff = sales.opened(sales.agreement())

    decision = assignment.pass_on(handoff, at=NOON, reason="Rita left", prefer=full)

    assert (decision.rule, handoff.queue) == (RuleKind.QUEUE, territory.queue)
    assert words(handoff) == {"Frank": "0/0 open", "Rita": "holds it now"}


def test_a_person_assigns_above_a_territorys_limit_only_with_a_reason() -> None:
    rita, otto = sales.rep("Rita"), sales.rep("Otto")
    territory = sales.team(rita, otto)
    territory.memberships.filter(rep=rita).update(capacity=1)
    version, manager = sales.agreement(), sales.rep("Boss").user
    handoff = next(h for h in (sales.opened(version) for _ in range(3)) if h.rep == otto)

    with pytest.raises(ReasonRequired, match="1/1 open in DACH"):
        assignment.assign(handoff, at=NOON, by=manager, rep=rita)
    assignment.assign(handoff, at=NOON, by=manager, rep=rita, reason="Knows the client")

    place = territory.memberships.get(rep=rita)
    assert (place.open_count, place.excess_count) == (1, 1)


def test_a_lead_that_was_nobodys_fault_costs_its_rep_no_turn_unless_taken_back() -> None:
    rita, otto = sales.rep("Rita"), sales.rep("Otto")
    territory = sales.team(rita, otto)
    handoff = sales.opened(sales.agreement())
    before = dict(territory.memberships.values_list("rep", "credit"))
    by = handoff.rep.user

    reason = sales.reason("competitor")
    handoffs.reject(handoff.pk, reason=reason, comment="Sells the same", by=by, at=NOON)
    assert set(territory.memberships.values_list("credit", flat=True)) == {0}

    handoffs.undo(handoff.pk, by=by, at=NOON)
    assert dict(territory.memberships.values_list("rep", "credit")) == before


def test_open_keeps_by_what_the_lead_came() -> None:
    sales.team(sales.rep())
    source = Source.objects.create(key="fair", name="Fair")

    handoff = sales.opened(sales.agreement(), sales.lead(source=source))

    assert (handoff.source, handoff.campaign, handoff.import_run) == (source, None, None)
