"""The figures of the agreement, from handoffs that were opened, answered, missed and won."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from crm_handoff.reports import scorecard
from crm_handoff.reports.rates import Rate
from crm_handoff.reports.weeks import WeekRule
from definitions.vocabulary import Process
from leads.enums import Cause, OpportunityStage, Stage
from leads.models import Opportunity, StageTransition
from routing import escalation, handoffs
from routing.models import RejectionReason
from tests.web import world
from tests.web.world import DAY, HOUR, MINUTE

WEDNESDAY = datetime(2026, 1, 14, 12, tzinfo=UTC)
LAST_WEEK = WEDNESDAY - 7 * DAY
RULE = WeekRule(ZoneInfo("UTC"))


@pytest.fixture
def version(db):
    return world.company()


@pytest.fixture
def rep(version):
    return world.rep("Dana Fischer", world.territory(), capacity=500)


def card_at(at=WEDNESDAY):
    (found,) = scorecard.scorecards(at=at, rule=RULE)
    return found


def handed_over(version, *, at):
    return world.handed_over(version, at=at)


def reject(handoff, rep, *, at, category="no_fit"):
    reason = RejectionReason.objects.filter(category=category).first()
    return handoffs.reject(handoff.pk, reason=reason, comment="Too small.", by=rep.user, at=at)


def test_nothing_in_force_and_nothing_handed_over_is_no_scorecard(db):
    assert scorecard.scorecards(at=WEDNESDAY, rule=RULE) == ()


def test_acceptance_is_of_those_decided_by_week_of_handoff(version, rep):
    # Handed over last week, answered this week: they count where they were handed over.
    taken, refused, *_waiting = [handed_over(version, at=LAST_WEEK) for _ in range(4)]
    handoffs.accept(taken.pk, by=rep.user, at=WEDNESDAY - HOUR)
    reject(refused, rep, at=WEDNESDAY - HOUR)

    card = card_at()

    assert card.last_week.acceptance == Rate(1, 2)
    assert card.last_week.pending_count == 2
    assert card.last_week.handed_over_count == 4
    assert card.this_week.handed_over_count == 0


def test_what_was_accepted_and_given_back_stays_accepted_and_is_counted_apart(version, rep):
    handoff = handed_over(version, at=WEDNESDAY - 5 * HOUR)
    handoffs.accept(handoff.pk, by=rep.user, at=WEDNESDAY - 4 * HOUR)
    reject(handoff, rep, at=WEDNESDAY - 2 * HOUR)

    week = card_at().this_week

    assert week.acceptance == Rate(1, 1)
    assert week.returned_count == 1
    assert week.rejected_count == 0


def test_an_answer_that_was_taken_back_does_not_count(version, rep):
    handoff = handed_over(version, at=WEDNESDAY - HOUR)
    reject(handoff, rep, at=WEDNESDAY - 10 * MINUTE)
    handoffs.undo(handoff.pk, by=rep.user, at=WEDNESDAY - 10 * MINUTE + timedelta(seconds=20))

    week = card_at().this_week

    assert week.acceptance == Rate(0, 0)
    assert week.pending_count == 1


def test_what_expired_untouched_was_never_decided(version, rep):
    handed_over(version, at=WEDNESDAY - 8 * DAY)
    handoffs.expire_untouched(at=WEDNESDAY - HOUR, limit=10)

    week = card_at().last_week

    assert (week.expired_count, week.pending_count, week.acceptance) == (1, 0, Rate(0, 0))


def test_misses_are_of_the_clocks_that_came_due_in_the_week(version, rep):
    kept = handed_over(version, at=WEDNESDAY - 2 * HOUR)
    handoffs.attempt(
        kept.pk,
        kind="call",
        outcome="reached",
        by=rep.user,
        at=WEDNESDAY - 2 * HOUR + MINUTE,
    )
    handed_over(version, at=WEDNESDAY - HOUR)
    handed_over(version, at=WEDNESDAY)  # Its clock is not due yet.
    escalation.fire_due(at=WEDNESDAY - timedelta(seconds=1), limit=50)

    assert card_at().this_week.response_misses == Rate(1, 2)


def test_a_clock_that_is_due_counts_as_missed_before_anybody_noted_it(version, rep):
    handed_over(version, at=WEDNESDAY - HOUR)

    assert card_at().this_week.response_misses == Rate(1, 1)


def test_below_the_floor_is_of_all_handed_over(version, rep):
    now = timezone.now()
    handed_over(version, at=now)
    # Nothing was known then of these two, so they miss the floor.
    handed_over(version, at=WEDNESDAY - HOUR)
    handed_over(version, at=WEDNESDAY - HOUR)

    assert card_at(now).this_week.floor_misses == Rate(0, 1)
    assert card_at().this_week.floor_misses == Rate(2, 2)


def test_last_week_is_also_counted_up_to_the_same_point(version, rep):
    handed_over(version, at=LAST_WEEK - HOUR)
    handed_over(version, at=LAST_WEEK + DAY)

    week = card_at().last_week

    assert (week.handed_over_count, week.handed_over_by_now_count) == (2, 1)


def test_direct_sqls_stand_on_a_line_of_their_own(version, rep):
    who = handed_over(version, at=WEDNESDAY - HOUR)
    became(who.evaluation, Stage.MQL, Stage.SQL, path="standard", at=WEDNESDAY - HOUR)
    other = handed_over(version, at=WEDNESDAY - HOUR)
    became(other.evaluation, Stage.NEW, Stage.SQL, path="direct", at=WEDNESDAY - HOUR)

    assert card_at().this_week.direct == Rate(1, 2)


def became(evaluation, before, after, *, at, path="standard", cause=Cause.EVALUATION):
    return StageTransition.objects.create(
        lead=evaluation.lead,
        from_stage=before,
        to_stage=after,
        cause=cause,
        path=path,
        evaluation=evaluation,
        at=at,
    )


def test_a_cohort_has_had_its_four_weeks_and_counts_each_lead_once(version, rep):
    then = WEDNESDAY - timedelta(weeks=6)
    in_time, too_late, never, again = [
        handed_over(version, at=WEDNESDAY - DAY).evaluation for _ in range(4)
    ]
    for evaluation in (in_time, too_late, never):
        became(evaluation, Stage.NEW, Stage.MQL, at=then)
    became(in_time, Stage.MQL, Stage.SQL, at=then + 20 * DAY)
    became(too_late, Stage.MQL, Stage.SQL, at=then + 29 * DAY)
    # Known as MQL long before: its return is none of the cohort.
    became(again, Stage.NEW, Stage.MQL, at=then - timedelta(weeks=30))
    became(again, Stage.RECYCLED, Stage.MQL, at=then, cause=Cause.RECYCLE)
    # Too young to be asked.
    became(handed_over(version, at=WEDNESDAY).evaluation, Stage.NEW, Stage.MQL, at=WEDNESDAY - DAY)

    assert card_at().cohort == Rate(1, 3)


def test_won_deals_of_leads_that_were_handed_over_count_by_close_with_their_money(version, rep):
    lead = handed_over(version, at=LAST_WEEK).lead
    won(lead, "a", Decimal(12000), "EUR")
    won(lead, "b", Decimal(500), "USD")
    won(world.lead("Never handed over"), "c", Decimal(9), "EUR")

    week = card_at().this_week

    assert week.won_count == 2
    assert week.won_amounts == {"EUR": Decimal(12000), "USD": Decimal(500)}


def won(lead, external_id, amount, currency):
    Opportunity.objects.create(
        lead=lead,
        system="crm",
        external_id=external_id,
        stage=OpportunityStage.WON,
        opened_at=LAST_WEEK,
        closed_at=WEDNESDAY - HOUR,
        amount=amount,
        currency=currency,
    )


def test_two_processes_are_never_pooled(sales_confirmed_version, noon):
    world.Organization.objects.create(name="Northwind", time_zone="UTC")

    (card,) = scorecard.scorecards(at=noon, rule=RULE)

    assert card.process == Process.SALES_CONFIRMED


@pytest.mark.parametrize("count", [1, 6])
def test_it_takes_eight_queries_at_any_size(count, version, rep, django_assert_num_queries):
    for _ in range(count):
        handed_over(version, at=WEDNESDAY - HOUR)

    with django_assert_num_queries(8):
        card_at()
