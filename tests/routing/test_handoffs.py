"""Opening, turning into deals, and expiring."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest

from crm_handoff.people.models import User
from definitions.enums import AttemptKind
from definitions.models import DefinitionVersion
from leads import qualification
from leads.enums import Anomaly, OpportunityStage, Stage
from leads.models import Lead
from routing import escalation, handoffs, pauses
from routing.enums import (
    AttemptOutcome,
    HandoffStatus,
    NoticeKind,
    PauseReason,
    TimerMilestone,
    TimerState,
)
from routing.models import Handoff, Notice, Rep, SlaTimer
from tests import recipes
from tests.routing import sales
from tests.routing.clockwork import office
from tests.routing.sales import NOON

pytestmark = pytest.mark.django_db

SOON = NOON + timedelta(minutes=5)
WEEK = timedelta(days=7)


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


def test_open_starts_one_response_clock_from_qualification(rita: Rep) -> None:
    judged = sales.qualified(sales.agreement(), at=NOON)

    handoff = handoffs.open(judged, at=SOON)

    clock = SlaTimer.objects.get(handoff=handoff)
    assert clock.milestone == TimerMilestone.FIRST_RESPONSE
    assert (clock.started_at, clock.due_at) == (NOON, NOON + timedelta(hours=4))
    assert (handoff.qualified_at, handoff.opened_at) == (NOON, SOON)


def test_open_fixes_the_calendar_that_the_agreement_names_else_the_territorys(rita: Rep) -> None:
    night = office("UTC", key="night-shift", opens=time(20), closes=time(4))
    named = {"label": "Night", "respond_within": "4 hours", "calendar": "night-shift"}

    handoff = sales.opened(sales.agreement(sla_terms={"night": named}))

    assert handoff.territory is not None
    assert handoff.territory.calendar != night
    assert handoff.calendar == night
    clock = SlaTimer.objects.get(handoff=handoff)
    assert clock.due_at == datetime(2026, 1, 14, 0, tzinfo=UTC)


def test_open_uses_the_stored_evaluation_when_none_is_new(rita: Rep) -> None:
    judged = sales.qualified(sales.agreement())
    lead = judged.lead
    lead.latest_evaluation = judged.evaluation
    lead.save(update_fields=["latest_evaluation"])

    handoff = handoffs.open(sales.Qualified(lead, judged.version, None, None), at=SOON)

    assert handoff.evaluation == judged.evaluation
    assert handoff.qualified_at == judged.evaluation.tipped_at


def test_open_marks_what_misses_the_floor(rita: Rep) -> None:
    version = sales.agreement()

    above = handoffs.open(sales.qualified(version), at=NOON)
    below = handoffs.open(sales.qualified(version, met=[]), at=NOON)

    assert (above.floor_missed, below.floor_missed) == (False, True)


def test_an_opportunity_converts_the_handoff_and_frees_the_rep(
    handoff: Handoff, rita: Rep, rep: User
) -> None:
    deal = handoffs.open_opportunity(
        handoff.pk, name="Acme", amount=Decimal(40_000), currency="EUR", by=rep, at=SOON
    )

    handoff.refresh_from_db()
    rita.refresh_from_db()
    assert handoff.status == HandoffStatus.CONVERTED
    assert rita.open_count == 0
    assert Lead.objects.get(pk=handoff.lead_id).stage == Stage.OPPORTUNITY
    assert (deal.owner, deal.sourced_by, deal.opened_at) == (rep, rep, SOON)
    assert SlaTimer.objects.get(handoff=handoff).state == TimerState.MET


@pytest.mark.parametrize(
    ("is_won", "stage"), [(True, Stage.WON), (False, Stage.LOST)], ids=["won", "lost"]
)
def test_a_closed_deal_takes_its_lead_along(
    handoff: Handoff, rep: User, is_won: bool, stage: str
) -> None:
    sales.touch(handoff.lead, "webinar", at=NOON - timedelta(days=1))
    deal = handoffs.open_opportunity(handoff.pk, name="Acme", by=rep, at=SOON)

    closed = handoffs.close_opportunity(deal.pk, is_won=is_won, at=SOON + WEEK)

    assert closed.stage == (OpportunityStage.WON if is_won else OpportunityStage.LOST)
    assert Lead.objects.get(pk=handoff.lead_id).stage == stage
    assert Anomaly.NO_HANDOFF not in closed.anomalies
    with pytest.raises(handoffs.OpportunityAlreadyClosed):
        handoffs.close_opportunity(deal.pk, is_won=True, at=SOON + WEEK)


def test_a_lead_that_bought_goes_back_to_whom_it_knows(handoff: Handoff, rep: User) -> None:
    handoffs.open_opportunity(handoff.pk, name="Acme", by=rep, at=SOON)

    again = sales.opened(handoff.version, handoff.lead, at=SOON + WEEK)

    assert again.rep == handoff.rep


def test_untouched_handoffs_expire_after_seven_days(
    handoff: Handoff, rita: Rep, rep: User
) -> None:
    assert handoffs.expire_untouched(at=NOON + WEEK - timedelta(seconds=1), limit=10) == []

    expired = handoffs.expire_untouched(at=NOON + WEEK, limit=10)

    assert expired == [handoff]
    handoff.refresh_from_db()
    rita.refresh_from_db()
    assert (handoff.status, rita.open_count) == (HandoffStatus.EXPIRED, 0)
    assert Lead.objects.get(pk=handoff.lead_id).stage == Stage.RECYCLED
    assert SlaTimer.objects.get(handoff=handoff).state == TimerState.BREACHED
    told = Notice.objects.filter(kind=NoticeKind.EXPIRED)
    assert {str(notice.recipient) for notice in told} == {"Rita", "Manuel", "Marta", "Sam"}
    assert handoffs.expire_untouched(at=NOON + WEEK, limit=10) == []


@pytest.mark.parametrize("touch", ["attempt", "accept"])
def test_touched_handoffs_do_not_expire(handoff: Handoff, rep: User, touch: str) -> None:
    if touch == "accept":
        handoffs.accept(handoff.pk, by=rep, at=SOON)
    else:
        handoffs.attempt(
            handoff.pk, by=rep, kind=AttemptKind.EMAIL, outcome=AttemptOutcome.NO_ANSWER, at=SOON
        )

    assert handoffs.expire_untouched(at=NOON + 2 * WEEK, limit=10) == []


def test_a_handoff_whose_clock_is_paused_does_not_expire_and_has_seven_days_after_that(
    handoff: Handoff, rita: Rep
) -> None:
    over = NOON + 2 * WEEK
    pauses.pause(handoff.pk, reason=PauseReason.LEAD_AWAY, until=over, at=SOON, by=rita.manager)
    assert handoffs.expire_untouched(at=NOON + WEEK, limit=10) == []
    pauses.resume_due(at=over, limit=10)

    assert handoffs.expire_untouched(at=over + WEEK - timedelta(seconds=1), limit=10) == []
    assert handoffs.expire_untouched(at=over + WEEK, limit=10) == [handoff]


def test_a_reassigned_handoff_after_a_breach_has_a_clock_for_the_new_owner(
    handoff: Handoff, rep: User
) -> None:
    other = sales.rep("Otto")
    tomorrow = NOON + timedelta(days=1)
    escalation.fire_due(at=tomorrow, limit=10)

    handoffs.reassign(handoff.pk, rep=other, by=rep, at=tomorrow)

    clocks = SlaTimer.objects.filter(handoff=handoff).order_by("pk")
    assert [(clock.milestone, clock.state) for clock in clocks] == [
        (TimerMilestone.FIRST_RESPONSE, TimerState.BREACHED),
        (TimerMilestone.RE_RESPONSE, TimerState.RUNNING),
    ]


def test_what_qualification_says_is_handed_over(
    rita: Rep, active_version: DefinitionVersion, noon: datetime
) -> None:
    lead = recipes.demanding_lead(at=noon)
    claims = qualification.claim(limit=10)

    (judged,) = qualification.judge([claim.lead_id for claim in claims], at=noon)
    handoff = handoffs.open(judged, at=noon)

    assert judged.is_handoff_due
    assert (handoff.lead, handoff.rep, handoff.version) == (lead, rita, active_version)
    assert handoff.packet["intent"][0]["key"] == "demo_request"
    assert handoff.qualified_at == noon
