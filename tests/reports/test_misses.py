"""Who missed how many first responses, where and when."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm_handoff.reports import misses
from crm_handoff.reports.misses import By, Window
from crm_handoff.reports.rates import Rate
from crm_handoff.reports.weeks import WeekRule
from definitions.models import DefinitionVersion
from leads.models import Source
from routing.models import Rep, SlaTimer
from tests.routing import clockwork
from tests.routing.due import promise, promises

pytestmark = pytest.mark.django_db

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NOON = datetime(2026, 1, 14, 12, tzinfo=UTC)
WINDOW = Window(NOON - 28 * DAY, NOON)
RULE = WeekRule(ZoneInfo("UTC"))


@pytest.fixture
def version() -> DefinitionVersion:
    return clockwork.agreement()


@pytest.fixture
def dana(version) -> Rep:
    return clockwork.rep("Dana", capacity=200)


def counted(**said) -> misses.Misses:
    return misses.misses(WINDOW, rule=RULE, **said)


def lines(by: By, **said) -> list[tuple[str, int, int]]:
    return [(line.name, line.rate.count, line.rate.of) for line in counted(**said).lines[by]]


def test_nothing_that_came_due_is_no_line(version):
    found = counted()

    assert found.overall == Rate(0, 0)
    assert all(found.lines[by] == () for by in By)


def test_missed_of_those_that_came_due_by_every_way(version, dana):
    land = clockwork.territory(dana, name="DACH")
    fair = Source.objects.create(key="fair", name="Spring fair")
    promise(version, dana, at=NOON - HOUR, is_missed=True, territory=land, source=fair)
    promise(version, dana, at=NOON - DAY, territory=land)
    promise(version, dana, at=NOON - 7 * DAY, term="demo_request")

    assert counted().overall == Rate(1, 3)
    assert lines(By.HOLDER) == [(str(dana), 1, 3)]
    assert lines(By.TEAM) == [(str(dana.manager), 1, 3)]
    assert lines(By.TERRITORY) == [("DACH", 1, 2), ("", 0, 1)]
    assert lines(By.TERM) == [("other", 1, 2), ("demo_request", 0, 1)]
    assert lines(By.SOURCE) == [("Spring fair", 1, 1), ("", 0, 2)]
    weeks = counted().lines[By.WEEK]
    assert [(line.starts_at.day, line.rate.count, line.rate.of) for line in weeks] == [
        (5, 0, 1),
        (12, 1, 2),
    ]


def test_the_window_begins_after_its_beginning_and_holds_its_end(version, dana):
    promise(version, dana, at=WINDOW.begins_at, is_missed=True)
    promise(version, dana, at=WINDOW.ends_at, is_missed=True)
    promise(version, dana, at=NOON + HOUR)

    assert counted().overall == Rate(1, 1)


def test_a_miss_is_of_whoever_held_the_lead_when_it_came_due(version, dana):
    other = clockwork.rep("Oskar")
    handoff = promise(version, dana, at=NOON - HOUR, is_missed=True)
    clockwork.hold(handoff, NOON - HOUR / 2, rep=other)

    assert lines(By.HOLDER) == [(str(dana), 1, 1)]


def test_a_promise_that_was_kept_is_of_whoever_kept_it(version, dana):
    other = clockwork.rep("Oskar")
    handoff = promise(version, dana, at=NOON - HOUR)
    clockwork.hold(handoff, NOON - 90 * timedelta(minutes=1), rep=other)
    clockwork.hold(handoff, NOON - timedelta(minutes=30), rep=dana)

    assert lines(By.HOLDER) == [(str(other), 0, 1)]


def test_a_queues_miss_is_its_managers(version):
    queue = clockwork.queue(name="Fallback")
    promise(version, queue, at=NOON - HOUR, is_missed=True)

    assert lines(By.HOLDER) == [(f"{queue.manager} (Fallback)", 1, 1)]
    assert lines(By.TEAM) == [(str(queue.manager), 1, 1)]


def test_a_clock_that_is_due_and_still_runs_has_been_missed(version, dana):
    handoff = promise(version, dana, at=NOON - HOUR)
    SlaTimer.objects.filter(handoff=handoff).update(state="running", stopped_at=None)

    assert lines(By.HOLDER) == [(str(dana), 1, 1)]


@pytest.mark.parametrize("how", ["paused", "cancelled", "of a new owner"])
def test_what_is_no_first_response_that_came_due(version, dana, how):
    handoff = promise(version, dana, at=NOON - HOUR, is_missed=True)
    other = SlaTimer.objects.get(handoff=handoff)
    other.pk, other.milestone = None, "acceptance"
    if how == "of a new owner":
        other.milestone = "re_response"
    if how == "paused":
        other.state, other.paused_at, other.breached_at = "paused", NOON - 2 * HOUR, None
    if how == "cancelled":
        other.milestone, other.state = "first_response", "cancelled"
        other.breached_at = None
    other.save(force_insert=True)

    assert counted().overall == Rate(1, 1)


def test_one_missed_of_one_does_not_lead_the_list(version, dana):
    other = clockwork.rep("Oskar", capacity=200)
    promise(version, other, at=NOON - HOUR, is_missed=True)
    promises(version, dana, missed=15, of=20, at=NOON - HOUR)

    assert [name for name, _missed, _of in lines(By.HOLDER)] == [str(dana), str(other)]


def test_definitions_are_counted_apart(version, dana):
    other = clockwork.agreement()
    promise(version, dana, at=NOON - HOUR, is_missed=True)
    promise(other, dana, at=NOON - HOUR)

    assert counted(definition=version.definition).overall == Rate(1, 1)
    assert misses.rates_of_definitions(misses.rolling(at=NOON)) == {
        version.definition_id: Rate(1, 1),
        other.definition_id: Rate(0, 1),
    }


def test_the_cases_behind_a_line(version, dana):
    other = clockwork.rep("Oskar")
    promise(version, dana, at=NOON - 2 * HOUR, is_missed=True)
    promise(version, dana, at=NOON - HOUR, is_missed=True)
    promise(version, dana, at=NOON - HOUR)
    promise(version, other, at=NOON - 3 * HOUR, is_missed=True)

    def due(**said):
        found = misses.cases(WINDOW, rule=RULE, **said)
        return [SlaTimer.objects.get(pk=one.timer).due_at for one in found]

    assert due() == [NOON - HOUR, NOON - 2 * HOUR, NOON - 3 * HOUR]
    assert due(by=By.HOLDER, key=f"rep:{dana.pk}") == [NOON - HOUR, NOON - 2 * HOUR]
    assert len(due(by=By.HOLDER, key=f"rep:{dana.pk}", is_missed_only=False)) == 3
    assert due(by=By.HOLDER, key="rep:0' OR true --") == []
    for by, found in counted().lines.items():
        for line in found:
            cases = misses.cases(WINDOW, rule=RULE, by=by, key=line.key)
            assert len(cases) == line.rate.count


def test_as_many_queries_for_three_as_for_thirty(version, dana):
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            counted()
        return len(seen)

    promises(version, dana, missed=1, of=3, at=NOON - HOUR)
    few = queries()
    for number in range(9):
        holder = clockwork.rep(f"Rep {number}")
        promise(version, holder, at=NOON - HOUR, is_missed=True)

    assert queries() == few <= 2
