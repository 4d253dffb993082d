"""Tasks about handoffs."""

from datetime import datetime, timedelta

import pytest

from crm_handoff.people.models import User
from definitions.enums import AttemptKind
from routing import followups, grace, handoffs
from routing.enums import AttemptOutcome
from routing.followups import Plan
from routing.models import FollowUp, Handoff, Rep
from tests.routing import sales
from tests.routing.clockwork import person
from tests.routing.sales import NOON

pytestmark = pytest.mark.django_db

SOON = NOON + timedelta(minutes=5)
THURSDAY = NOON + timedelta(days=2)


@pytest.fixture
def rita() -> Rep:
    rep = sales.rep("Rita")
    sales.team(rep)
    return rep


@pytest.fixture
def rep(rita: Rep) -> User:
    return sales.user_of(rita)


@pytest.fixture
def handoff(rita: Rep) -> Handoff:
    return sales.opened(sales.agreement())


def task(
    handoff: Handoff,
    rep: User,
    *,
    kind: AttemptKind = AttemptKind.CALL,
    due_at: datetime = THURSDAY,
) -> FollowUp:
    return followups.add(
        handoff.pk, kind=kind, what=" Call about the budget ", due_at=due_at, by=rep, at=NOON
    )


def test_add_sets_a_task_for_the_holder(handoff: Handoff, rep: User) -> None:
    added = task(handoff, rep)

    assert list(followups.open_of(handoff)) == [added]
    assert (added.what, added.due_at) == ("Call about the budget", THURSDAY)
    assert (added.created_by, added.created_at) == (rep, NOON)
    assert str(added) == "Call: Call about the budget"


@pytest.mark.parametrize("what", ["", " \n"], ids=["empty", "blank"])
def test_a_task_says_what_is_to_be_done(handoff: Handoff, rep: User, what: str) -> None:
    with pytest.raises(followups.WhatRequired):
        followups.add(
            handoff.pk, kind=AttemptKind.CALL, what=what, due_at=THURSDAY, by=rep, at=NOON
        )


def test_a_task_is_for_later(handoff: Handoff, rep: User) -> None:
    with pytest.raises(followups.DueInThePast):
        task(handoff, rep, due_at=NOON - timedelta(seconds=1))

    assert not FollowUp.objects.exists()


def test_a_closed_handoff_takes_no_task(handoff: Handoff, rep: User) -> None:
    handoffs.reject(handoff.pk, reason=sales.reason(), comment="No", by=rep, at=SOON)

    with pytest.raises(handoffs.HandoffAlreadyDecided):
        task(handoff, rep)


def test_complete_says_who_and_when_and_only_once(handoff: Handoff, rep: User) -> None:
    done = followups.complete(task(handoff, rep).pk, by=rep, at=SOON)

    assert (done.done_by_id, done.done_at) == (rep.pk, SOON)
    assert not followups.open_of(handoff).exists()
    with pytest.raises(followups.FollowUpEnded):
        followups.complete(done.pk, by=rep, at=SOON)


def test_reopen_takes_it_back_within_the_grace(handoff: Handoff, rep: User) -> None:
    done = followups.complete(task(handoff, rep).pk, by=rep, at=SOON)

    with pytest.raises(grace.NotYourAnswer):
        followups.reopen(done.pk, by=person("Somebody else"), at=SOON)
    with pytest.raises(grace.UndoTooLate):
        followups.reopen(done.pk, by=rep, at=SOON + grace.UNDO_WITHIN + timedelta(microseconds=1))
    followups.reopen(done.pk, by=rep, at=SOON + grace.UNDO_WITHIN)

    assert followups.open_of(handoff).get() == done
    with pytest.raises(followups.FollowUpEnded):
        followups.reopen(done.pk, by=rep, at=SOON)


def test_reschedule_moves_what_is_still_to_be_done(handoff: Handoff, rep: User) -> None:
    later = THURSDAY + timedelta(days=1)
    added = task(handoff, rep)

    followups.reschedule(added.pk, due_at=later, by=rep, at=SOON)

    assert followups.open_of(handoff).get().due_at == later
    with pytest.raises(followups.DueInThePast):
        followups.reschedule(added.pk, due_at=NOON, by=rep, at=SOON)
    followups.complete(added.pk, by=rep, at=SOON)
    with pytest.raises(followups.FollowUpEnded):
        followups.reschedule(added.pk, due_at=THURSDAY, by=rep, at=SOON)


def called(handoff: Handoff, rep: User, *, at: datetime, **more: object) -> None:
    handoffs.attempt(
        handoff.pk,
        by=rep,
        kind=AttemptKind.CALL,
        outcome=AttemptOutcome.NO_ANSWER,
        at=at,
        **more,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("early", "is_done"),
    [
        (-timedelta(days=1), True),
        (timedelta(hours=12), True),
        (timedelta(hours=12, microseconds=1), False),
    ],
    ids=["overdue", "due today", "due tomorrow"],
)
def test_an_attempt_does_the_task_that_is_due(
    handoff: Handoff, rep: User, early: timedelta, is_done: bool
) -> None:
    task(handoff, rep)

    called(handoff, rep, at=THURSDAY - early)

    assert followups.open_of(handoff).exists() is not is_done


def test_an_attempt_leaves_tasks_of_another_kind(handoff: Handoff, rep: User) -> None:
    task(handoff, rep, kind=AttemptKind.EMAIL)

    called(handoff, rep, at=THURSDAY)

    assert followups.open_of(handoff).exists()


def test_an_attempt_sets_the_next_step_as_a_task(handoff: Handoff, rep: User) -> None:
    plan = Plan("Send the offer", AttemptKind.EMAIL, THURSDAY)

    called(handoff, rep, at=SOON, next_step=plan)

    added = followups.open_of(handoff).get()
    assert (added.kind, added.what, added.due_at) == ("email", "Send the offer", THURSDAY)
    assert handoff.attempts.get().next_step == "Send the offer"


def test_a_task_set_by_an_attempt_is_not_done_by_it(handoff: Handoff, rep: User) -> None:
    plan = Plan("Try again", AttemptKind.CALL, SOON + timedelta(hours=2))

    called(handoff, rep, at=SOON, next_step=plan)

    assert followups.open_of(handoff).exists()


@pytest.mark.parametrize(
    ("plan", "refusal"),
    [
        (Plan(" ", AttemptKind.CALL, THURSDAY), followups.WhatRequired),
        (Plan("Call", AttemptKind.CALL, NOON), followups.DueInThePast),
    ],
    ids=["blank", "past"],
)
def test_an_attempt_with_a_wrong_plan_is_not_recorded(
    handoff: Handoff, rep: User, plan: Plan, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        called(handoff, rep, at=SOON, next_step=plan)

    assert not handoff.attempts.exists()


def test_a_next_step_without_an_instant_is_no_task(handoff: Handoff, rep: User) -> None:
    called(handoff, rep, at=SOON, next_step="Send the offer")

    assert not FollowUp.objects.exists()


def test_tasks_end_with_their_handoff_and_come_back_with_it(handoff: Handoff, rep: User) -> None:
    added, other = task(handoff, rep), task(handoff, rep)
    followups.complete(other.pk, by=rep, at=NOON)

    handoffs.reject(handoff.pk, reason=sales.reason(), comment="No", by=rep, at=SOON)

    added.refresh_from_db()
    assert added.cancelled_at == SOON
    with pytest.raises(followups.FollowUpEnded):
        followups.complete(added.pk, by=rep, at=SOON)
    with pytest.raises(followups.FollowUpEnded):
        followups.reopen(other.pk, by=rep, at=SOON)
    handoffs.undo(handoff.pk, by=rep, at=SOON + timedelta(seconds=20))
    assert list(followups.open_of(handoff)) == [added]


def test_tasks_go_with_the_lead_to_its_next_holder(handoff: Handoff, rep: User) -> None:
    added = task(handoff, rep)
    rosa = sales.rep("Rosa")

    handoffs.reassign(handoff.pk, by=rep, at=SOON, rep=rosa)

    assert list(followups.open_of(handoff)) == [added]
