"""Repeat non-responders leave the rotation, as the policy has it, until a manager ends it."""

from datetime import UTC, datetime, timedelta

import pytest

from crm_handoff.people.models import User
from definitions.models import DefinitionVersion
from routing import suspensions
from routing.models import Notice, Rep, RoutingPolicy, Suspension
from tests.routing import clockwork
from tests.routing.due import promise, promises

pytestmark = pytest.mark.django_db

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NOON = datetime(2026, 1, 14, 12, tzinfo=UTC)


@pytest.fixture
def version() -> DefinitionVersion:
    return clockwork.agreement()


@pytest.fixture
def dana(version) -> Rep:
    return clockwork.rep("Dana")


@pytest.fixture
def policy() -> RoutingPolicy:
    return RoutingPolicy.objects.create(suspend_after_misses=3, suspend_window_days=14)


def test_without_a_policy_nobody_is_taken_out(version, dana, django_assert_num_queries):
    promises(version, dana, missed=9, of=9, at=NOON - DAY)

    with django_assert_num_queries(1):
        assert suspensions.attend(at=NOON) == []

    RoutingPolicy.objects.create(suspend_after_misses=None)
    with django_assert_num_queries(1):
        assert suspensions.attend(at=NOON) == []


def test_as_many_misses_as_the_policy_says_take_a_rep_out_once(version, dana, policy):
    promises(version, dana, missed=2, of=5, at=NOON - DAY)
    assert suspensions.attend(at=NOON) == []

    promise(version, dana, at=NOON - HOUR, is_missed=True)

    [suspension] = suspensions.attend(at=NOON)
    assert (suspension.rep, suspension.missed_count) == (dana, 3)
    assert suspensions.attend(at=NOON + HOUR) == []


def test_the_rep_and_the_manager_are_told(version, dana, policy):
    promises(version, dana, missed=3, of=3, at=NOON - DAY)

    suspensions.attend(at=NOON)

    told = Notice.objects.filter(kind="suspended")
    assert {notice.recipient for notice in told} == {dana.user, dana.manager}
    assert told[0].detail == {"rep": str(dana), "missed": 3, "days": 14}


def test_for_a_manager_who_left_the_one_of_the_fallback_queue_is_told(version, dana, policy):
    User.objects.filter(pk=dana.manager_id).update(is_active=False)
    stands_in = clockwork.queue(is_fallback=True).manager
    promises(version, dana, missed=3, of=3, at=NOON - DAY)

    suspensions.attend(at=NOON)

    told = Notice.objects.filter(kind="suspended")
    assert {notice.recipient for notice in told} == {dana.user, stands_in}


@pytest.mark.parametrize("excuse", ["long ago", "kept", "of a queue", "has left"])
def test_what_does_not_count(version, dana, policy, excuse):
    holder = clockwork.queue() if excuse == "of a queue" else dana
    at = NOON - 14 * DAY if excuse == "long ago" else NOON - DAY
    promises(version, holder, missed=0 if excuse == "kept" else 3, of=3, at=at)
    if excuse == "has left":
        Rep.objects.filter(pk=dana.pk).update(is_active=False)

    assert suspensions.attend(at=NOON) == []


def test_after_it_is_ended_misses_count_anew(version, dana, policy):
    promises(version, dana, missed=3, of=3, at=NOON - DAY)
    [suspension] = suspensions.attend(at=NOON)

    suspensions.end(suspension, by=dana.manager, at=NOON + HOUR)
    assert suspensions.attend(at=NOON + 2 * HOUR) == []
    promises(version, dana, missed=2, of=2, at=NOON + 3 * HOUR)
    assert suspensions.attend(at=NOON + 4 * HOUR) == []
    promise(version, dana, at=NOON + 4 * HOUR, is_missed=True)

    [second] = suspensions.attend(at=NOON + 5 * HOUR)
    assert second.missed_count == 3
    assert Suspension.objects.filter(ended_at=None).count() == 1


def test_it_is_ended_once(version, dana, policy):
    promises(version, dana, missed=3, of=3, at=NOON - DAY)
    [suspension] = suspensions.attend(at=NOON)
    suspensions.end(suspension, by=dana.manager, at=NOON)

    with pytest.raises(suspensions.SuspensionAlreadyEnded, match="back into the rotation already"):
        suspensions.end(suspension, by=dana.user, at=NOON + HOUR)
    suspension.refresh_from_db()
    assert suspension.ended_by == dana.manager
