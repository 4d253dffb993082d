"""What a judgement rests on is exactly what it counted."""

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from definitions.queries import agreement_of
from definitions.vocabulary import FACTS
from leads import assertions, citations, intake, qualification
from leads.facts import ANSWERS
from leads.tallies import AGGREGATES
from tests import recipes

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def cited(lead, version, *, at):
    qualification.judge([lead.pk], at=at)
    lead.refresh_from_db()
    evaluation = lead.latest_evaluation
    return evaluation, citations.of(evaluation, agreement_of(version))


def test_every_fact_is_read_off_something_that_can_be_cited():
    assert {*citations.SPOKEN_OF, *AGGREGATES, *ANSWERS} == set(FACTS)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    happened=st.lists(
        st.tuples(
            st.sampled_from(["whitepaper", "demo_request", "pricing_page_view", "unsubscribe"]),
            st.integers(0, 100),
            st.integers(0, 23),
            st.booleans(),
            st.booleans(),
        ),
        max_size=10,
    )
)
def test_as_many_touchpoints_are_cited_as_were_counted(active_version, noon, happened):
    lead = recipes.fitting_lead(at=noon - 120 * DAY)
    for kind, days, hours, is_verified, is_bot in happened:
        at = noon - days * DAY - hours * HOUR
        recipes.touch(lead, kind, at=at, is_verified=is_verified, is_bot=is_bot)

    evaluation, found = cited(lead, active_version, at=noon)

    seen = {row["key"]: row["seen"] for row in evaluation.results}
    for criterion in agreement_of(active_version).criteria:
        behind = found[criterion.ref].touchpoints
        if criterion.ref.fact == "touchpoint_count":
            assert len(behind) == seen[criterion.key]
        if criterion.ref.fact == "touchpoint_channels":
            assert len({one.channel for one in behind}) == seen[criterion.key]


def test_an_attribute_cites_its_field_and_the_system_that_said_it(active_version, noon):
    lead = recipes.fitting_lead(at=noon - DAY)
    intake.record_lead(
        intake.LeadFacts(system="crm", email=lead.email, job_title="CEO"), received_at=noon - HOUR
    )

    _, found = cited(lead, active_version, at=noon)

    by_fact = {ref.fact: citation for ref, citation in found.items()}
    title, size = by_fact["title_authority"], by_fact["employee_count"]
    assert (title.field, title.change.source, title.change.new) == ("lead.job_title", "crm", "CEO")
    assert (size.field, size.change.source) == ("account.employee_count", "website")


def test_an_answer_cites_who_gave_it(active_version, noon, rita):
    lead = recipes.fitting_lead(at=noon - DAY)
    assertions.record(
        lead,
        what="buying_team_confirmed",
        value=True,
        evidence="She signs.",
        by=rita,
        at=noon - HOUR,
    )

    _, found = cited(lead, active_version, at=noon)

    (answer,) = [one.answer for ref, one in found.items() if ref.fact == "buying_team_confirmed"]
    assert (answer.asserted_by, answer.evidence) == (rita, "She signs.")
