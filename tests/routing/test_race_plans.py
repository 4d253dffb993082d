"""Rules published, members changed, and reps going away while eight processes route."""

import json
import logging
import random
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.db.models import F

from crm_handoff.clock import database_now
from routing import drafts, handoffs, plans, replay, rotation, sweeps
from routing.models import (
    Handoff,
    RejectionReason,
    Rep,
    RoutingCondition,
    RoutingDecision,
    RoutingPlan,
    RoutingRule,
    Territory,
    TerritoryMembership,
)
from tests.routing import races, sales
from tests.routing.test_race_routing import counters_are_true
from tests.routing.test_race_sweeps import finish, start

pytestmark = pytest.mark.django_db(transaction=True)

PROCESSES, LEADS, EDITS = 8, 160, 40

Call = tuple[datetime, datetime]
"""When a process began and ended to route something; decisions made there are as of the first."""


def route(number: int, share: list[sales.Qualified], notes: Path, reason: RejectionReason) -> None:
    """Open handoffs, hand out what waits, and refuse some; note when, for each."""
    logging.disable(logging.CRITICAL)
    dice = random.Random(races.SEED + number)
    with (notes / str(number)).open("w") as written:

        def noted(act: Callable[[datetime], Any]) -> Any:
            began_at = database_now()
            came = act(began_at)
            written.write(json.dumps([began_at.isoformat(), database_now().isoformat()]) + "\n")
            return came

        for one in share:
            opened = noted(lambda at, one=one: handoffs.open(one, at=at))
            noted(lambda at: sweeps.route_waiting(at=at, limit=3))
            if opened.rep is not None and dice.random() < 0.3:
                refuse(opened, reason)


def refuse(opened: Handoff, reason: RejectionReason) -> None:
    by, at = sales.user_of(opened.rep), database_now()
    handoffs.reject(opened.pk, reason=reason, comment="No", by=by, at=at)


def calls_in(notes: Path) -> dict[datetime, datetime]:
    """Return by its beginning when each call ended."""
    lines = (line for path in notes.iterdir() for line in path.read_text().splitlines())
    ends: dict[datetime, datetime] = {}
    for began_at, ended_at in (map(datetime.fromisoformat, json.loads(line)) for line in lines):
        ends[began_at] = max(ended_at, ends.get(began_at, ended_at))
    return ends


def decided(notes: Path) -> Iterator[tuple[RoutingDecision, Call]]:
    """Yield what the processes decided, with the call in which they did."""
    ends = calls_in(notes)
    made = RoutingDecision.objects.filter(at__in=ends).order_by("pk")
    assert made.count() >= LEADS
    for decision in made:
        yield decision, (decision.at, ends[decision.at])


def judged(count: int) -> list[sales.Qualified]:
    version, at = sales.agreement(), database_now()
    accounts = [sales.account(f"A {size}", employee_count=size) for size in range(100, 1100, 50)]
    return [
        sales.qualified(version, sales.lead(account=accounts[n % len(accounts)]), at=at)
        for n in range(count)
    ]


def publish(large: Territory, dice: random.Random) -> RoutingPlan:
    """Put rules in force that send companies from some size on to a territory of their own."""
    by, size = sales.person("Rolf RevOps"), dice.randrange(200, 1000, 50)
    draft = drafts.start(by=by, at=database_now())
    condition = RoutingCondition.objects.filter(rule__plan=draft).first()
    if condition is None:
        rule = RoutingRule(plan=draft, kind="territory", territory=large, name="Large companies")
        drafts.save_rule(rule, by=by)
        drafts.move_rule(rule, is_up=True, by=by)
        condition = RoutingCondition(rule=rule, fact="employee_count", operator="at_least")
    condition.wanted = size
    drafts.save_condition(condition, by=by)
    read = plans.draft()
    assert read is not None
    return drafts.publish(read, by=by, at=database_now(), seen=drafts.fingerprint_of(read))


def change_members(territory: Territory, spare: Rep, dice: random.Random) -> None:
    """Change who works a territory, and how much."""
    members = TerritoryMembership.objects.filter(territory=territory)
    one = members.filter(pk=dice.choice(list(members.values_list("pk", flat=True))))
    what = dice.choice(["comes or goes", "weight", "limit", "takes turns"])
    if what == "comes or goes":
        theirs = members.filter(rep=spare)
        if not theirs.delete()[0]:
            credit = rotation.join_credit(territory)
            TerritoryMembership.objects.create(territory=territory, rep=spare, credit=credit)
    elif what == "weight":
        one.update(weight=dice.randint(1, 3))
    elif what == "limit":
        one.update(capacity=dice.choice([None, 2, 4, 8]))
    else:
        one.update(is_active=dice.random() < 0.7)


def test_rules_and_members_change_while_eight_processes_route(tmp_path: Path) -> None:
    dice = races.dice()
    reps = [sales.rep(f"Rep {n}", capacity=dice.randint(5, 12)) for n in range(8)]
    spare = sales.rep("Spare", capacity=6)
    large = sales.team(*reps[:5], name="Enterprise", countries=["XX"])
    other = sales.team(*reps[3:], spare, name="DACH")
    sales.fallback()
    waiting, reason = judged(LEADS), sales.reason()
    in_force: list[tuple[int | None, datetime, datetime]] = []

    workers = start(
        PROCESSES, lambda number: route(number, waiting[number::PROCESSES], tmp_path, reason)
    )
    for number in range(EDITS):
        change_members(dice.choice([large, other]), spare, dice)
        if number % 4 == 0:
            began_at = database_now()
            in_force.append((publish(large, dice).pk, began_at, database_now()))
    finish(workers)

    assert [process.exitcode for process in workers] == [0] * PROCESSES
    assert not Handoff.objects.filter(is_over_capacity=True).exists()
    assert not Rep.objects.filter(open_count__gt=F("capacity")).exists()
    assert not Rep.objects.exclude(excess_count=0).exists()
    named = set()
    for decision, (began_at, ended_at) in decided(tmp_path):
        assert decision.plan_id in in_force_during(in_force, began_at, ended_at)
        assert has_room(decision)
        named.add(decision.plan_id)
    assert len(named) > 1
    replayed = list(replay.replay_all(replay.decided_by_rules()))
    assert [one.decision.why for one in replayed if not one.is_same] == []
    assert counters_are_true()
    assert races.flaws(at=database_now()) == {}


def in_force_during(
    editions: list[tuple[int | None, datetime, datetime]], began_at: datetime, ended_at: datetime
) -> set[int | None]:
    """Return what was in force at some moment of a call; at first the rules that ship are."""
    found: set[int | None] = set()
    before: int | None = None
    since: datetime | None = None
    for pk, publishing_at, published_at in editions:
        if began_at <= published_at and (since is None or since <= ended_at):
            found.add(before)
        before, since = pk, publishing_at
    if since is None or since <= ended_at:
        found.add(before)
    return found


def has_room(decision: RoutingDecision) -> bool:
    """Whoever was chosen had room by the record of the decision."""
    rows = [row for row in decision.candidates if row["rep"] == decision.rep_id]
    return decision.rep_id is None or all(row["open"] < row["of"] for row in rows)
