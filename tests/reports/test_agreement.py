"""What a version brought about: acceptance, rejections by criterion, won deals beside all SQLs."""

import pytest
from django.utils import timezone

from crm_handoff.reports import agreement
from crm_handoff.reports.agreement import CriterionFigures, Figures
from crm_handoff.reports.rates import Rate
from leads.enums import Cause, OpportunityStage
from leads.models import Opportunity, StageTransition
from routing import handoffs
from routing.models import Confirmation, RejectionReason
from tests.web import world
from tests.web.world import DAY, HOUR

NOW = timezone.now()


@pytest.fixture
def version(db):
    return world.company()


@pytest.fixture
def rep(version):
    return world.rep("Dana Fischer", world.territory(), capacity=500)


def rejected(version, rep, *, category="no_fit", **fields):
    handoff = world.handed_over(version, world.lead(**fields), at=NOW - DAY)
    reason = RejectionReason.objects.filter(category=category).first()
    return handoffs.reject(handoff.pk, reason=reason, comment="No.", by=rep.user, at=NOW - HOUR)


def accepted(version, rep, *, at=NOW - DAY, **fields):
    handoff = world.handed_over(version, world.lead(**fields), at=at)
    handoffs.accept(handoff.pk, by=rep.user, at=at + HOUR)
    return handoff


def became_sql(handoff, *, at=NOW - DAY):
    StageTransition.objects.create(
        lead=handoff.lead,
        from_stage="mql",
        to_stage="sql",
        cause=Cause.EVALUATION,
        evaluation=handoff.evaluation,
        at=at,
    )
    return handoff


def won(handoff, *, at=NOW - HOUR):
    Opportunity.objects.create(
        lead=handoff.lead,
        system="crm",
        external_id=f"deal-{handoff.pk}",
        stage=OpportunityStage.WON,
        closed_at=at,
    )


def row_of(figures, key):
    return next(row for row in figures.rows if row.key == key)


def test_a_version_that_handed_nothing_over_has_figures_of_nothing(
    version, django_assert_max_num_queries
):
    with django_assert_max_num_queries(6):
        figures = agreement.figures_of(version, at=NOW)

    assert (figures.handed_over, figures.sqls, figures.won) == (0, 0, 0)
    assert figures.acceptance == Rate(0, 0)
    assert figures.reasons == ()
    assert figures.since == version.activated_at


def test_acceptance_is_of_those_decided_under_the_version(version, rep):
    accepted(version, rep)
    rejected(version, rep)
    world.handed_over(version, at=NOW - DAY)
    world.handed_over(version, at=NOW - 10 * DAY)
    handoffs.expire_untouched(at=NOW - HOUR, limit=10)
    accepted(version, rep, at=NOW + DAY)

    figures = agreement.figures_of(version, at=NOW)

    assert figures.handed_over == 4
    assert figures.acceptance == Rate(1, 2)
    assert (figures.pending, figures.expired, figures.returned) == (1, 1, 0)


def test_what_was_given_back_was_accepted_and_is_counted_apart(version, rep):
    handoff = accepted(version, rep)
    reason = RejectionReason.objects.filter(category="no_fit").first()
    handoffs.reject(handoff.pk, reason=reason, comment="No.", by=rep.user, at=NOW - HOUR)

    figures = agreement.figures_of(version, at=NOW)

    assert (figures.accepted, figures.rejected, figures.returned) == (1, 0, 1)
    assert figures.reasons == ()


def test_rejections_are_counted_by_reason_and_by_the_criteria_that_the_leads_met(version, rep):
    small = {"account": None}
    for _ in range(2):
        rejected(version, rep, category="no_fit", **small)
    rejected(version, rep, category="bad_timing")
    accepted(version, rep)
    accepted(version, rep, **small)

    figures = agreement.figures_of(version, at=NOW)

    no_fit = RejectionReason.objects.filter(category="no_fit").first()
    assert figures.reason_shares[0] == (no_fit.name, Rate(2, 3))
    row = row_of(figures, "target_industry")
    assert row.rejected_met == Rate(1, 2)
    assert row.rejected_unmet == Rate(2, 3)
    assert row.reason == RejectionReason.objects.filter(category="bad_timing").first().name
    assert row.rejected_change is None


def test_an_answer_that_was_taken_back_names_no_reason(version, rep):
    handoff = world.handed_over(version, at=NOW - DAY)
    reason = RejectionReason.objects.filter(category="no_fit").first()
    handoffs.reject(handoff.pk, reason=reason, comment="No.", by=rep.user, at=NOW - HOUR)
    handoffs.undo(handoff.pk, by=rep.user, at=NOW - HOUR)

    figures = agreement.figures_of(version, at=NOW)

    assert (figures.rejected, figures.pending, figures.reasons) == (0, 1, ())


def test_the_won_stand_beside_all_that_became_sql_by_the_version(version, rep):
    small = {"account": None}
    won(became_sql(accepted(version, rep)))
    became_sql(accepted(version, rep))
    became_sql(accepted(version, rep, **small))
    # Won before it became SQL, and won after the review opened: neither counts as won.
    won(became_sql(accepted(version, rep, **small)), at=NOW - 9 * DAY)
    won(became_sql(accepted(version, rep, **small)), at=NOW + DAY)

    figures = agreement.figures_of(version, at=NOW)

    assert (figures.sqls, figures.won, figures.won_rate) == (5, 1, Rate(1, 5))
    row = row_of(figures, "target_industry")
    assert (row.won, row.sqls) == (Rate(1, 1), Rate(2, 5))


def test_a_lead_counts_once_however_often_it_became_sql_or_was_won(version, rep):
    handoff = accepted(version, rep)
    for days in (1, 2):
        became_sql(handoff, at=NOW - days * DAY)
    won(handoff)

    figures = agreement.figures_of(version, at=NOW)

    assert (figures.sqls, figures.won) == (1, 1)


def test_where_sales_confirms_an_sql_is_what_a_rep_confirmed(version, rep):
    handoff = accepted(version, rep)
    Confirmation.objects.create(handoff=handoff, checklist="bant", by=rep.user, at=NOW - HOUR)

    figures = agreement.figures_of(version, at=NOW)

    assert figures.sqls == 1
    assert row_of(figures, "target_industry").sqls == Rate(1, 1)


def test_leads_of_another_version_do_not_count(version, rep):
    became_sql(accepted(version, rep))
    other = type(version).objects.get(pk=version.pk)
    other.pk = version.pk + 1_000

    figures = agreement.figures_of(other, at=NOW)

    assert (figures.handed_over, figures.sqls) == (0, 0)


def test_figures_are_kept_as_json_and_read_again(version, rep):
    rejected(version, rep)
    won(became_sql(accepted(version, rep)))
    figures = agreement.figures_of(version, at=NOW)

    assert agreement.from_json(figures.as_json()) == figures
    assert agreement.from_json({}) is None


def test_figures_take_as_many_queries_for_many_leads_as_for_three(
    version, rep, django_assert_num_queries
):
    agreement.figures_of(version, at=NOW)
    for count in (3, 12):
        for _ in range(count):
            became_sql(accepted(version, rep))
        with django_assert_num_queries(5):
            agreement.figures_of(version, at=NOW)


def made_of(*criteria, accepted=60, rejected=40, sqls=100, won=30):
    return Figures(
        since=NOW - 90 * DAY,
        until=NOW,
        handed_over=accepted + rejected,
        accepted=accepted,
        rejected=rejected,
        pending=0,
        expired=0,
        returned=0,
        sqls=sqls,
        won=won,
        reasons=(),
        criteria=criteria,
    )


def criterion(key="demo", **counts):
    none = {"decided": 0, "rejected": 0, "reason": "", "sqls": 0, "won": 0}
    return CriterionFigures(key=key, label=key, dimension="", level="", **none | counts)


def test_a_criterion_whose_leads_are_rejected_more_often_than_chance_says_by_how_much():
    row = row_of(made_of(criterion(decided=50, rejected=35)), "demo")

    assert (row.rejected_met, row.rejected_unmet) == (Rate(35, 50), Rate(5, 50))
    assert row.rejected_change == pytest.approx(60)


def test_a_difference_that_may_be_chance_or_is_of_few_says_nothing():
    figures = made_of(
        criterion("even", decided=50, rejected=21), criterion("few", decided=10, rejected=9)
    )

    assert [row.rejected_change for row in figures.rows] == [None, None]


def test_winning_is_compared_with_those_that_did_not_meet_it():
    row = row_of(made_of(criterion(sqls=50, won=28)), "demo")

    assert (row.won, row.sqls) == (Rate(28, 30), Rate(50, 100))
    assert row.won_change == pytest.approx(100 * 28 / 50 - 100 * 2 / 50)


def test_what_stands_out_most_comes_first():
    figures = made_of(
        criterion("every", decided=100, rejected=40, sqls=100, won=30),
        criterion("few", decided=2, rejected=2, sqls=2, won=2),
        criterion("even", decided=50, rejected=21, sqls=50, won=16),
        criterion("webinar", decided=20, rejected=15, sqls=60, won=5),
        criterion("nobody"),
    )

    assert [row.key for row in figures.telling_rejections] == ["webinar", "even", "few", "every"]
    assert [row.key for row in figures.telling_wins] == ["webinar", "few", "even", "every"]
