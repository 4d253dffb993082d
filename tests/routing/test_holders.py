"""A lead does not go back to who failed it while anybody else can have it; others it may."""

from datetime import timedelta

import pytest
from django.db import transaction

from routing import absences, assignment, departures, escalation, handoffs, holders, sweeps
from routing.assignment import PullNotAllowed
from routing.models import (
    Handoff,
    NamedAccount,
    Rep,
    RoutingDecision,
    SlaTimer,
    Suspension,
    Territory,
)
from tests.routing import sales
from tests.routing.sales import NOON

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LADDER = {
    "other": {
        "label": "Everyone",
        "respond_within": "4 hours",
        "stop_kinds": ["call"],
        "reassign_after": "30 minutes",
    }
}


def latest(handoff: Handoff) -> RoutingDecision:
    return RoutingDecision.objects.filter(handoff=handoff).latest("pk")


def go_away(rep: Rep, *, since: timedelta, until: timedelta, stand_in: Rep | None = None) -> None:
    absences.enter(
        rep,
        begins_at=NOON + since,
        ends_at=NOON + until,
        by=sales.user_of(rep),
        delegate=stand_in,
    )
    departures.begin_due(at=NOON + since, limit=10)


def test_the_only_rep_of_a_territory_has_the_lead_again_after_an_absence() -> None:
    rita = sales.rep("Rita")
    sales.team(rita)
    handoff = sales.opened(sales.agreement())
    go_away(rita, since=HOUR, until=5 * HOUR)
    handoff.refresh_from_db()
    assert handoff.status == "queued"

    sweeps.drain(at=NOON + 2 * HOUR, limit=10)
    handoff.refresh_from_db()
    assert handoff.status == "queued"
    sweeps.drain(at=NOON + 6 * HOUR, limit=10)

    handoff.refresh_from_db()
    assert handoff.rep == rita


def test_a_named_rep_who_was_away_is_named_again_when_the_stand_in_leaves() -> None:
    rita, ben, carl = (sales.rep(name) for name in ("Rita", "Ben", "Carl"))
    sales.team(rita, ben, carl)
    acme = sales.account("Acme")
    NamedAccount.objects.create(account=acme, rep=rita)
    handoff = sales.opened(sales.agreement(), sales.lead(account=acme))
    go_away(rita, since=HOUR, until=2 * HOUR, stand_in=ben)

    go_away(ben, since=3 * HOUR, until=5 * HOUR)

    handoff.refresh_from_db()
    assert handoff.rep == rita
    assert not holders.former([handoff.lead_id])


def test_who_let_the_clock_run_out_gets_it_back_when_nobody_else_can_have_it_and_no_more() -> None:
    rita = sales.rep("Rita")
    sales.team(rita)
    handoff = sales.opened(sales.agreement(sla_terms=LADDER))
    late = NOON + 5 * HOUR
    escalation.fire_due(at=late, limit=10)
    handoff.refresh_from_db()
    assert handoff.status == "queued"

    sweeps.drain(at=late, limit=10)

    handoff.refresh_from_db()
    assert handoff.rep == rita
    assert latest(handoff).why.endswith("held it before, but nobody else is eligible")
    assert holders.former([handoff.lead_id]) == {handoff.lead_id: {rita.pk}}
    decided = RoutingDecision.objects.count()
    for day in range(1, 6):
        escalation.fire_due(at=late + day * DAY, limit=10)
        sweeps.drain(at=late + day * DAY, limit=10)
    assert RoutingDecision.objects.count() == decided


def test_who_let_the_clock_run_out_comes_after_everybody_else() -> None:
    rita, ben = sales.rep("Rita"), sales.rep("Ben", capacity=0)
    sales.team(rita, ben)
    handoff = sales.opened(sales.agreement(sla_terms=LADDER))
    late = NOON + 5 * HOUR
    escalation.fire_due(at=late, limit=10)
    Rep.objects.filter(pk=ben.pk).update(capacity=5)

    sweeps.drain(at=late, limit=10)

    handoff.refresh_from_db()
    assert handoff.rep == ben


def test_who_moved_a_lead_to_a_colleague_may_have_it_again() -> None:
    rita, ben = sales.rep("Rita"), sales.rep("Ben")
    sales.team(rita, ben)
    handoff = sales.opened(sales.agreement())
    before = handoff.rep
    other = ben if before == rita else rita

    handoffs.reassign(handoff.pk, rep=other, reason="Knows them", by=rita.manager, at=NOON + HOUR)

    assert not holders.former([handoff.lead_id])
    with transaction.atomic():
        decision = assignment.assign(Handoff.objects.get(pk=handoff.pk), at=NOON + 2 * HOUR)
    assert decision.rep == before


def test_who_let_a_lead_expire_untouched_is_a_former_holder_though_their_clock_ran() -> None:
    """What nobody touched for seven days is a breach of who held it as they were over."""
    rita, ben = sales.rep("Rita"), sales.rep("Ben")
    sales.team(rita, ben)
    handoff = sales.opened(sales.agreement())
    before = handoff.rep
    assert before is not None
    last = ben if before == rita else rita
    shortly_before = NOON + 7 * DAY - HOUR
    handoffs.reassign(handoff.pk, rep=last, reason="Late", by=rita.manager, at=shortly_before)

    assert handoffs.expire_untouched(at=NOON + 7 * DAY, limit=10) == [handoff]

    assert not SlaTimer.objects.filter(missed_by_rep=last).exists()
    assert last.pk in holders.former([handoff.lead_id])[handoff.lead_id]


def test_a_deal_that_was_won_keeps_nobody_from_the_lead_s_next_handoff() -> None:
    rita = sales.rep("Rita")
    sales.team(rita)
    handoff = sales.opened(sales.agreement())
    handoffs.accept(handoff.pk, by=rita.user, at=NOON)
    handoffs.convert(handoff.pk, by=rita.user, at=NOON)

    assert not holders.former([handoff.lead_id])


def wait_for_somebody(rep: Rep, **fields: object) -> Handoff:
    """Let a German lead wait in a territory whose members may help themselves."""
    sales.team(sales.rep("Away", capacity=0), rep, may_pull=True, **fields)
    Rep.objects.filter(pk=rep.pk).update(capacity=0)
    handoff = sales.opened(sales.agreement(), sales.lead(language="de"))
    Rep.objects.filter(pk=rep.pk).update(capacity=5)
    assert Territory.objects.filter(may_pull=True).exists()
    return handoff


def test_a_rep_takes_no_lead_whose_language_the_territory_requires_and_they_do_not_speak() -> None:
    ben = sales.rep("Ben", languages=["en"])
    handoff = wait_for_somebody(ben, language_is_required=True)

    with pytest.raises(PullNotAllowed, match="speaks German"):
        assignment.pull(handoff.pk, rep=ben, by=sales.user_of(ben), at=NOON + HOUR)


def test_a_rep_out_of_rotation_takes_no_lead() -> None:
    ben = sales.rep("Ben", languages=["de"])
    handoff = wait_for_somebody(ben)
    Suspension.objects.create(rep=ben, began_at=NOON, missed_count=5)

    with pytest.raises(PullNotAllowed, match="out of rotation"):
        assignment.pull(handoff.pk, rep=ben, by=sales.user_of(ben), at=NOON + HOUR)


def test_a_rep_takes_again_what_an_absence_took_from_them() -> None:
    ben = sales.rep("Ben", languages=["de"])
    handoff = wait_for_somebody(ben)
    sweeps.drain(at=NOON, limit=5)
    go_away(ben, since=HOUR, until=2 * HOUR)

    assignment.pull(handoff.pk, rep=ben, by=sales.user_of(ben), at=NOON + 3 * HOUR)

    handoff.refresh_from_db()
    assert handoff.rep == ben
