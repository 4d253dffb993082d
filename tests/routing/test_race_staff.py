"""Reps who go away, leave, or may hold fewer leads while eight processes route."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from crm_handoff.clock import database_now
from routing import absences, departures
from routing.enums import HandoffStatus, RuleKind
from routing.models import Absence, Handoff, Rep
from tests.routing import races, sales
from tests.routing.test_race_plans import decided, has_room, judged, route
from tests.routing.test_race_routing import counters_are_true
from tests.routing.test_race_sweeps import finish, start

pytestmark = pytest.mark.django_db(transaction=True)

PROCESSES, LEADS, EDITS = 8, 160, 60
HOUR = timedelta(hours=1)


@dataclass
class Spell:
    """While a rep surely could not receive: from the commit until somebody took it back."""

    rep: int
    since: datetime
    until: datetime | None = None


@dataclass
class Staff:
    """A team whose people come and go, and what was done to it, by the database's clock."""

    reps: list[Rep]
    manager: sales.User
    dice: random.Random
    spells: list[Spell] = field(default_factory=list)
    capacities: dict[int, list[tuple[int, datetime, datetime]]] = field(default_factory=dict)
    gone: dict[int, Callable[[], object]] = field(default_factory=dict)

    def change(self) -> None:
        """Let somebody go away or leave, or come back, or hold more or fewer leads."""
        rep = self.dice.choice(self.reps)
        if rep.pk in self.gone and self.dice.random() < 0.7:
            self._end(rep)
        elif rep.pk not in self.gone and self.dice.random() < 0.6:
            self._begin(rep)
        else:
            self._hold(rep, self.dice.randint(0, 12))

    def _begin(self, rep: Rep) -> None:
        if self.dice.random() < 0.6:
            now = database_now()
            begins_at = now - timedelta(hours=self.dice.choice((0, 1)))
            row = absences.enter(rep, begins_at=begins_at, ends_at=now + HOUR, by=self.manager)
            self.gone[rep.pk] = Absence.objects.filter(pk=row.pk).delete
        elif self.dice.random() < 0.5:
            Rep.objects.filter(pk=rep.pk).update(is_active=False)
            self.gone[rep.pk] = lambda: Rep.objects.filter(pk=rep.pk).update(is_active=True)
        else:
            people = sales.User.objects.filter(pk=rep.user_id)
            people.update(is_active=False)
            self.gone[rep.pk] = lambda: people.update(is_active=True)
        self.spells.append(Spell(rep.pk, database_now()))

    def _end(self, rep: Rep) -> None:
        spell = next(one for one in self.spells if one.rep == rep.pk and one.until is None)
        spell.until = database_now()
        self.gone.pop(rep.pk)()

    def _hold(self, rep: Rep, capacity: int) -> None:
        began_at = database_now()
        Rep.objects.filter(pk=rep.pk).update(capacity=capacity)
        self.capacities.setdefault(rep.pk, []).append((capacity, began_at, database_now()))

    def could_receive(self, rep_id: int, began_at: datetime, ended_at: datetime) -> bool:
        """Say whether a rep was there at some moment of a call."""
        return not any(
            one.rep == rep_id
            and one.since <= began_at
            and (one.until is None or ended_at <= one.until)
            for one in self.spells
        )

    def allowed(self, rep: Rep, began_at: datetime, ended_at: datetime) -> set[int]:
        """Return the capacities that a rep had at some moment of a call."""
        changes = [(rep.capacity, datetime.min.replace(tzinfo=began_at.tzinfo), began_at)]
        changes += self.capacities.get(rep.pk, [])
        ends = [done_at for _, _, done_at in changes[1:]]
        return {
            capacity
            for (capacity, since, _), until in zip(changes, [*ends, ended_at], strict=True)
            if since <= ended_at and began_at <= until
        }


def test_people_come_and_go_while_eight_processes_route(tmp_path: Path) -> None:
    dice = races.dice()
    reps = [sales.rep(f"Rep {n}", capacity=dice.randint(4, 12)) for n in range(8)]
    sales.team(*reps)
    sales.fallback()
    waiting, reason = judged(LEADS), sales.reason()
    staff = Staff(reps, sales.person("Manuela"), dice)

    workers = start(
        PROCESSES, lambda number: route(number, waiting[number::PROCESSES], tmp_path, reason)
    )
    for _ in range(EDITS):
        staff.change()
        departures.begin_due(at=database_now(), limit=5)
        departures.empty_due(at=database_now(), limit=5)
    finish(workers)

    assert [process.exitcode for process in workers] == [0] * PROCESSES
    by_id = {rep.pk: rep for rep in reps}
    for decision, (began_at, ended_at) in decided(tmp_path):
        if decision.rep_id is None or decision.rule == RuleKind.PERSON:
            continue
        rep = by_id[decision.rep_id]
        (row,) = (row for row in decision.candidates if row["rep"] == rep.pk)
        assert staff.could_receive(rep.pk, began_at, ended_at), decision.why
        assert has_room(decision)
        assert row["of"] in staff.allowed(rep, began_at, ended_at)
    assert not Handoff.objects.filter(is_over_capacity=True).exists()
    assert counters_are_true()
    assert races.flaws(at=database_now()) == {}
    nobody_is_left_behind()


def nobody_is_left_behind() -> None:
    """What the people who are gone held has moved on, as soon as nobody works on it."""
    at = database_now()
    departures.begin_due(at=at, limit=100)
    while departures.empty_due(at=at, limit=100):
        pass
    held = Handoff.objects.filter(status__in=sorted(HandoffStatus.HELD))
    assert not held.filter(rep__is_active=False).exists()
    assert not held.filter(rep__user__is_active=False).exists()
