"""Attempts to contact a lead: what they keep, and what takes several of them."""

from datetime import datetime, timedelta

import pytest

from definitions.enums import AttemptKind
from routing import attempts, handoffs
from routing.enums import AttemptOutcome, HandoffStatus
from routing.models import Handoff, RejectionReason, Rep
from tests.routing import sales
from tests.routing.clockwork import HOUR, office
from tests.routing.sales import NOON

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def rita() -> Rep:
    rep = sales.rep("Rita")
    sales.team(rep, calendar=office("Asia/Tokyo"))
    return rep


@pytest.fixture
def handoff(rita: Rep) -> Handoff:
    return sales.opened(sales.agreement())


@pytest.fixture
def could_not_reach() -> RejectionReason:
    return sales.reason("could_not_reach")


def tried(
    handoff: Handoff,
    rita: Rep,
    at: datetime,
    outcome: AttemptOutcome = AttemptOutcome.NO_ANSWER,
    kind: AttemptKind = AttemptKind.CALL,
) -> None:
    handoffs.attempt(handoff.pk, by=sales.user_of(rita), kind=kind, outcome=outcome, at=at)


def rejected(handoff: Handoff, rita: Rep, reason: RejectionReason, at: datetime) -> None:
    by = sales.user_of(rita)
    handoffs.reject(handoff.pk, reason=reason, comment="No answer", by=by, at=at)


def test_no_answer_is_an_attempt_but_no_contact(handoff: Handoff, rita: Rep) -> None:
    tried(handoff, rita, NOON + HOUR)
    tried(handoff, rita, NOON + 2 * HOUR, AttemptOutcome.LEFT_MESSAGE)
    handoff.refresh_from_db()
    assert (handoff.first_attempt_at, handoff.first_contact_at) == (NOON + HOUR, None)

    tried(handoff, rita, NOON + 3 * HOUR, AttemptOutcome.REACHED, AttemptKind.MEETING)
    tried(handoff, rita, NOON + 4 * HOUR, AttemptOutcome.REACHED)

    handoff.refresh_from_db()
    assert (handoff.first_attempt_at, handoff.first_contact_at) == (
        NOON + HOUR,
        NOON + 3 * HOUR,
    )


def test_could_not_reach_takes_three_attempts_on_two_days(
    handoff: Handoff, rita: Rep, could_not_reach: RejectionReason
) -> None:
    tried(handoff, rita, NOON + HOUR)

    with pytest.raises(handoffs.TooFewAttempts) as refused:
        rejected(handoff, rita, could_not_reach, NOON + 2 * HOUR)

    assert str(refused.value) == (
        "“Could not reach” takes 3 attempts (1 so far) on 2 different days (1 so far)."
        " Log what is missing, or choose another reason."
    )
    assert attempts.lacking(handoff) == {could_not_reach: attempts.Tried(1, 1, 3, 2)}
    assert not handoff.rejections.exists()

    tried(handoff, rita, NOON + 2 * HOUR)
    tried(handoff, rita, NOON + DAY)
    rejected(handoff, rita, could_not_reach, NOON + DAY + HOUR)

    handoff.refresh_from_db()
    assert handoff.status == HandoffStatus.REJECTED
    assert attempts.lacking(handoff) == {}


def test_days_are_those_of_the_handoffs_calendar(
    handoff: Handoff, rita: Rep, could_not_reach: RejectionReason
) -> None:
    for hours in (1, 2, 3.5):  # 22:00, 23:00 and 00:30 in Tokyo, one day in UTC
        tried(handoff, rita, NOON + hours * HOUR)

    rejected(handoff, rita, could_not_reach, NOON + 4 * HOUR)

    assert handoff.rejections.get().reason == could_not_reach


def test_an_attempt_that_reached_somebody_does_not_count(
    handoff: Handoff, rita: Rep, could_not_reach: RejectionReason
) -> None:
    tried(handoff, rita, NOON + HOUR, AttemptOutcome.REACHED)
    tried(handoff, rita, NOON + 2 * HOUR)
    tried(handoff, rita, NOON + DAY)

    assert attempts.tried(handoff, reason=could_not_reach).count == 2
    with pytest.raises(handoffs.TooFewAttempts):
        rejected(handoff, rita, could_not_reach, NOON + DAY + HOUR)


@pytest.mark.parametrize(
    ("least", "days", "sentence"),
    [
        (1, 0, "takes 1 attempt (0 so far)"),
        (2, 1, "takes 2 attempts (0 so far)"),
        (0, 2, "takes 2 attempts (0 so far) on 2 different days (0 so far)"),
    ],
)
def test_what_a_reason_takes_is_the_teams_policy(
    handoff: Handoff, rita: Rep, least: int, days: int, sentence: str
) -> None:
    reason = sales.reason("bad_timing")
    reason.min_attempts, reason.min_attempt_days = least, days
    reason.save()

    with pytest.raises(handoffs.TooFewAttempts, match="“Bad timing” ") as refused:
        rejected(handoff, rita, reason, NOON)

    assert sentence in str(refused.value)


def test_other_reasons_take_no_attempts_and_no_query(
    handoff: Handoff, django_assert_num_queries: object
) -> None:
    reason = sales.reason("no_fit")

    with django_assert_num_queries(0):  # type: ignore[operator]
        attempts.check_tried(handoff, reason=reason)
