"""Stored decisions, decided again on what they stored, give the same owner."""

import random
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from routing import handoffs, replay, sweeps
from routing.models import NamedAccount, Rep, RoutingCondition, RoutingDecision, RoutingRule
from tests.routing import sales
from tests.routing.sales import NOON
from tests.routing.test_sweeps import published

pytestmark = pytest.mark.django_db

LEADS = 60
SEED = 20260113


def said(*arguments: Any) -> str:
    out = StringIO()
    call_command("replay_decisions", *arguments, stdout=out)
    return out.getvalue()


def a_busy_day() -> None:
    """Leads of all sorts meet reps who are full, away, out of rotation, or the lead's former."""
    dice = random.Random(SEED)
    reps = [
        sales.rep(f"Rep {n}", capacity=dice.randint(1, 8), languages=dice.choice([["de"], []]))
        for n in range(8)
    ]
    sales.team(*reps, language_is_required=True, secondary=reps[0])
    sales.team(*reps[4:], countries=["FR"])
    sales.fallback()
    sales.reason()
    sales.away(reps[1], until=NOON + timedelta(hours=20), delegate=reps[2])
    acme, version = sales.account(), sales.agreement()
    NamedAccount.objects.create(account=acme, rep=reps[1])
    for number in range(LEADS):
        who = sales.lead(
            f"Lead {number}",
            country=dice.choice(["DE", "FR", "US"]),
            language=dice.choice(["", "de", "fr"]),
            account=acme if dice.random() < 0.1 else None,
        )
        handoff = sales.opened(version, who, at=NOON + timedelta(minutes=number))
        if handoff.rep and dice.random() < 0.3:
            by, at = handoff.rep.user, handoff.opened_at
            handoffs.reject(handoff.pk, reason=sales.reason(), comment="No", by=by, at=at)
            sales.opened(version, who, at=at + timedelta(days=1))
    Rep.objects.update(capacity=12)
    sweeps.route_waiting(at=NOON + timedelta(days=1), limit=500)


def test_every_decision_gives_the_same_owner_again() -> None:
    a_busy_day()
    count = replay.decided_by_rules().count()

    found = list(replay.replay_all(replay.decided_by_rules()))

    assert count > LEADS
    assert [one.decision.why for one in found if not one.is_same] == []
    assert [one.decision.why for one in found] == [one.outcome.why for one in found]
    assert said() == f"{count:,} of {count:,} the same\n"
    assert said("--limit", "10") == "10 of 10 the same\n"
    assert said("--since", "2030-01-01") == "0 of 0 the same\n"


def test_conditions_are_replayed_on_the_facts_that_were_seen() -> None:
    big, small = sales.rep("Bea"), sales.rep("Sam")
    enterprise = sales.team(big, name="Enterprise", countries=["XX"])
    sales.team(small, name="DACH")
    rule = RoutingRule(kind="territory", territory=enterprise, name="Large companies")
    conditions = [
        RoutingCondition(fact="employee_count", operator="at_least", wanted=500),
        RoutingCondition(fact="stage", operator="is", wanted="sql"),
        RoutingCondition(fact="expected_acv", operator="unknown"),
    ]
    published(rule, RoutingRule(kind="territory", name="Territories"), where={1: conditions})
    version = sales.agreement()

    large, little = (
        sales.opened(version, sales.lead(account=sales.account(f"A {n}", employee_count=n)))
        for n in (900, 100)
    )

    assert (large.rep, little.rep) == (big, small)
    line = little.decisions.get().outcomes[0]
    assert line == {
        "rule": "territory",
        "name": "Large companies",
        "matched": False,
        "why": "conditions do not hold: company size 100",
    }
    assert all(one.is_same for one in replay.replay_all(replay.decided_by_rules()))


def test_an_owner_that_does_not_follow_from_the_record_is_named() -> None:
    rita, otto = sales.rep("Rita"), sales.rep("Otto")
    sales.team(rita, otto)
    handoff = sales.opened(sales.agreement())
    wrong = handoff.decisions.get()
    wrong.pk, wrong.rep = None, otto if handoff.rep == rita else rita
    wrong.save(force_insert=True)

    with pytest.raises(CommandError, match="1 decisions give another owner"):
        said()


def test_what_people_decided_is_not_replayed() -> None:
    rita, otto = sales.rep("Rita"), sales.rep("Otto")
    sales.team(rita)
    handoff = sales.opened(sales.agreement())
    handoffs.reassign(handoff.pk, by=rita.user, rep=otto, at=NOON, reason="Knows them")

    assert RoutingDecision.objects.count() == 2
    assert replay.decided_by_rules().count() == 1
