"""The fact that tipped a lead, among all that came between two judgements."""

from datetime import datetime, timedelta

from definitions.models import DefinitionVersion
from definitions.queries import agreement_of
from leads import qualification, tipping
from leads.models import Lead
from tests import recipes

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def tipped(lead: Lead, version: DefinitionVersion, *, at: datetime) -> datetime | None:
    qualification.judge([lead.pk], at=at)
    lead.refresh_from_db()
    return tipping.fact_received_at(lead, agreement_of(version), "sql")


def test_a_later_fact_that_changed_nothing_does_not_count(active_version, noon):
    """Nobody judged for an hour; the demo request tipped it, the page views did not."""
    lead = recipes.fitting_lead(at=noon - DAY)
    recipes.touch(lead, "blog_view", at=noon - 2 * HOUR)
    recipes.touch(lead, "demo_request", at=noon - HOUR)
    recipes.touch(lead, "page_view", at=noon - 30 * MINUTE)
    recipes.touch(lead, "page_view", at=noon - MINUTE)

    assert tipped(lead, active_version, at=noon) == noon - HOUR


def test_a_fact_counts_from_its_receipt_however_old_it_is(active_version, noon):
    lead = recipes.fitting_lead(at=noon - DAY)
    qualification.judge([lead.pk], at=noon - DAY)
    recipes.touch(lead, "page_view", at=noon - 2 * HOUR, received_at=noon - HOUR)
    recipes.touch(lead, "demo_request", at=noon - 5 * HOUR, received_at=noon - 10 * MINUTE)

    assert tipped(lead, active_version, at=noon) == noon - 10 * MINUTE


def test_the_attribute_that_completed_the_criteria_counts(active_version, noon):
    said = {"account": recipes.TARGET_COMPANY, "email": "lea@example.com"}
    lead = recipes.known_lead(at=noon - DAY, job_title="Analyst", **said)
    recipes.touch(lead, "demo_request", at=noon - 5 * HOUR)
    qualification.judge([lead.pk], at=noon - 4 * HOUR)
    recipes.known_lead(at=noon - HOUR, job_title="Chief Executive Officer", **said)
    recipes.touch(lead, "page_view", at=noon - MINUTE)

    assert tipped(lead, active_version, at=noon) == noon - HOUR


def test_later_judgements_do_not_move_it(active_version, noon):
    lead = recipes.fitting_lead(at=noon - DAY)
    recipes.touch(lead, "demo_request", at=noon - HOUR)
    qualification.judge([lead.pk], at=noon - 50 * MINUTE)
    recipes.touch(lead, "pricing_page_view", at=noon - 40 * MINUTE)

    assert tipped(lead, active_version, at=noon) == noon - HOUR


def test_a_lead_that_never_reached_the_stage_was_not_tipped(active_version, noon):
    lead = recipes.engaged_lead(at=noon)

    assert tipped(lead, active_version, at=noon) is None


def test_one_new_fact_needs_no_judgement(active_version, noon, django_assert_num_queries):
    lead = recipes.fitting_lead(at=noon - DAY)
    qualification.judge([lead.pk], at=noon - DAY)
    recipes.touch(lead, "demo_request", at=noon)
    qualification.judge([lead.pk], at=noon)
    agreement = agreement_of(active_version)

    with django_assert_num_queries(1):
        assert tipping.fact_received_at(lead, agreement, "sql") == noon


def test_nobody_is_tipped_before_they_did_something(
    active_version, noon, django_assert_num_queries
):
    """A form's lead comes first, its touchpoint right after: there is nothing to choose from."""
    lead = recipes.fitting_lead(at=noon)
    recipes.touch(lead, "demo_request", at=noon, received_at=noon + SECOND)
    qualification.judge([lead.pk], at=noon + SECOND)
    agreement = agreement_of(active_version)

    with django_assert_num_queries(1):
        assert tipping.fact_received_at(lead, agreement, "sql") == noon + SECOND


def test_what_came_a_moment_after_the_fact_does_not_count(active_version, noon):
    lead = recipes.fitting_lead(at=noon - DAY)
    recipes.touch(lead, "demo_request", at=noon - HOUR)
    recipes.touch(lead, "page_view", at=noon - HOUR + SECOND / 100)

    assert tipped(lead, active_version, at=noon) == noon - HOUR
