"""Leads judged: what is kept, which stages they reach, who goes to sales, and since when."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from definitions.models import DefinitionVersion
from leads import intake, lifecycle, qualification
from leads.enums import Cause, Stage
from leads.models import Evaluation, Lead, PendingMark, StageTransition
from leads.qualification import Judged
from tests import recipes

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def judge(lead: Lead, at: datetime) -> Judged:
    (judged,) = qualification.judge([lead.pk], at=at)
    lead.refresh_from_db()
    return judged


def steps(lead: Lead) -> list[tuple[str, str, str, str]]:
    transitions = StageTransition.objects.filter(lead=lead).order_by("pk")
    return [*transitions.values_list("from_stage", "to_stage", "cause", "path")]


def test_judge_writes_every_stage_of_the_standard_path(
    active_version: DefinitionVersion, noon: datetime
) -> None:
    lead = recipes.courted_lead(at=noon)

    judged = judge(lead, noon)

    assert steps(lead) == [
        ("new", "iql", "evaluation", "standard"),
        ("iql", "mql", "evaluation", "standard"),
        ("mql", "sql", "evaluation", "standard"),
    ]
    assert (lead.stage, lead.stage_at, lead.version_id) == ("sql", noon, active_version.pk)
    assert judged.is_handoff_due
    assert judged.evaluation == lead.latest_evaluation
    assert judged.evaluation is not None
    assert judged.evaluation.engagement == "high"


def test_judge_writes_only_the_stage_of_the_direct_path(
    active_version: DefinitionVersion, noon: datetime
) -> None:
    lead = recipes.demanding_lead(at=noon)

    judged = judge(lead, noon)

    assert steps(lead) == [("new", "sql", "evaluation", "direct")]
    assert judged.is_handoff_due


def test_judge_hands_nobody_over_below_the_handoff_stage(
    active_version: DefinitionVersion, noon: datetime
) -> None:
    lead = recipes.engaged_lead(at=noon)

    judged = judge(lead, noon)

    assert lead.stage == Stage.MQL
    assert not judged.is_handoff_due


def test_judge_hands_over_the_mql_where_sales_confirms(
    sales_confirmed_version: DefinitionVersion, noon: datetime
) -> None:
    engaged = recipes.engaged_lead(at=noon)
    courted = recipes.courted_lead(at=noon)

    judged = qualification.judge([engaged.pk, courted.pk], at=noon)

    assert [one.lead.stage for one in judged] == ["mql", "mql"]
    assert all(one.is_handoff_due for one in judged)


def test_judge_keeps_no_second_evaluation_while_nothing_changes(
    active_version: DefinitionVersion, noon: datetime
) -> None:
    lead = recipes.engaged_lead(at=noon)
    judge(lead, noon)

    judge(lead, noon + MINUTE)

    assert Evaluation.objects.filter(lead=lead).count() == 1
    assert len(steps(lead)) == 2


def test_judge_never_lowers_a_stage_but_flags_who_no_longer_meets(
    active_version: DefinitionVersion, noon: datetime
) -> None:
    lead = recipes.engaged_lead(at=noon)
    judge(lead, noon)

    judged = judge(lead, noon + 40 * DAY)

    assert lead.stage == Stage.MQL
    assert lead.no_longer_meets
    assert not judged.is_handoff_due
    assert lead.latest_evaluation is not None
    assert lead.latest_evaluation.stage == ""


def test_judge_flags_who_meets_again_no_more(
    active_version: DefinitionVersion, noon: datetime
) -> None:
    lead = recipes.engaged_lead(at=noon)
    judge(lead, noon)
    judge(lead, noon + 40 * DAY)
    recipes.touch(lead, "whitepaper", at=noon + 40 * DAY)
    recipes.touch(lead, "ebook", at=noon + 40 * DAY)

    judge(lead, noon + 40 * DAY)

    assert not lead.no_longer_meets


def test_judge_keeps_every_criterion_with_the_value_seen(
    active_version: DefinitionVersion, noon: datetime
) -> None:
    lead = recipes.demanding_lead(at=noon)

    judge(lead, noon)

    assert lead.latest_evaluation is not None
    results = {result["key"]: result for result in lead.latest_evaluation.results}
    assert results["company_size"] == {"key": "company_size", "met": True, "seen": 300}
    assert results["two_touchpoints"] == {"key": "two_touchpoints", "met": False, "seen": 1}
    points = lead.latest_evaluation.points
    assert sum(rule["points"] for rule in lead.latest_evaluation.score) == points


def test_judge_leaves_a_lead_without_an_active_version_alone(db: None, noon: datetime) -> None:
    lead = recipes.known_lead(at=noon)

    judged = judge(lead, noon)

    assert judged.verdict is None
    assert lead.stage == Stage.NEW


def test_judge_tips_when_the_fact_was_received(
    active_version: DefinitionVersion, noon: datetime
) -> None:
    lead = recipes.engaged_lead(at=noon - DAY)
    judge(lead, noon - DAY)
    recipes.touch(lead, "demo_request", at=noon - 5 * HOUR, received_at=noon - 2 * MINUTE)

    judged = judge(lead, noon)

    assert judged.tipped_at == noon - 2 * MINUTE
    assert judged.evaluation is not None
    assert judged.evaluation.tipped_at == noon - 2 * MINUTE


def test_judge_tips_when_an_attribute_was_received(
    active_version: DefinitionVersion, noon: datetime
) -> None:
    lead = recipes.known_lead(at=noon - DAY, account=recipes.TARGET_COMPANY)
    recipes.touch(lead, "demo_request", at=noon - DAY)
    judge(lead, noon - DAY)
    intake.record_lead(
        intake.LeadFacts(system="crm", email=lead.email, job_title="CEO"),
        received_at=noon - 3 * MINUTE,
    )

    judged = judge(lead, noon)

    assert judged.is_handoff_due
    assert judged.tipped_at == noon - 3 * MINUTE


def test_judge_waits_for_a_touchpoint_that_is_dated_ahead(
    active_version: DefinitionVersion, noon: datetime
) -> None:
    lead = recipes.fitting_lead(at=noon - DAY)
    recipes.touch(lead, "demo_request", at=noon + HOUR, received_at=noon)

    judge(lead, noon)

    assert lead.stage == Stage.NEW
    assert lead.reevaluate_at == noon + HOUR


def test_judge_tips_by_time_alone_at_the_instant_it_was_due(
    active_version: DefinitionVersion, noon: datetime
) -> None:
    lead = recipes.fitting_lead(at=noon - DAY)
    recipes.touch(lead, "demo_request", at=noon + HOUR, received_at=noon)
    judge(lead, noon)

    judged = judge(lead, noon + HOUR + MINUTE)

    assert judged.is_handoff_due
    assert judged.tipped_at == noon + HOUR


def test_judge_tells_again_when_the_handoff_was_not_opened(
    active_version: DefinitionVersion, noon: datetime
) -> None:
    lead = recipes.demanding_lead(at=noon)
    judge(lead, noon)

    judged = judge(lead, noon + MINUTE)

    assert judged.is_handoff_due
    assert judged.tipped_at == noon
    assert judged.evaluation == lead.latest_evaluation


def test_judge_keeps_the_version_while_sales_has_the_lead(
    active_version: DefinitionVersion, noon: datetime
) -> None:
    lead = recipes.demanding_lead(at=noon)
    judge(lead, noon)
    newer = recipes.signed_and_active(
        recipes.shipped_text().replace("change_note: As shipped.", "change_note: Again."),
        at=noon + MINUTE,
    )
    other = recipes.engaged_lead(at=noon)

    judge(lead, noon + HOUR)
    judge(other, noon + HOUR)

    assert lead.version == active_version
    assert other.version == newer


def test_judge_judges_by_the_segment_of_the_lead(
    active_version: DefinitionVersion, noon: datetime
) -> None:
    text = (
        recipes.shipped_text()
        .replace("definition: mid-market", "definition: enterprise")
        .replace("is_catch_all: true", "is_catch_all: false")
        .replace("position: 100", "position: 10")
        .replace("wanted: 30000}", "wanted: 100000}")
        .replace("- {fact: expected_acv, operator: at_most, wanted: 99999.99}\n", "")
    )
    enterprise = recipes.signed_and_active(text, at=noon - DAY)
    large = recipes.known_lead(at=noon, expected_acv=250_000, currency="USD")
    unknown = recipes.known_lead(at=noon)

    qualification.judge([large.pk, unknown.pk], at=noon)

    assert [*Lead.objects.order_by("pk").values_list("version", flat=True)] == [
        enterprise.pk,
        active_version.pk,
    ]


@pytest.mark.parametrize("make", [recipes.courted_lead, recipes.engaged_lead])
def test_judge_asks_as_often_for_thirty_leads_as_for_three(
    active_version: DefinitionVersion, noon: datetime, make
) -> None:
    leads = [make(at=noon).pk for _ in range(33)]
    judge_all = qualification.judge
    judge_all(leads[:1], at=noon)

    with CaptureQueriesContext(
        connection,
    ) as for_three:
        judge_all(leads[1:3], at=noon)
    with CaptureQueriesContext(connection) as for_thirty:
        judge_all(leads[3:], at=noon)

    assert len(for_three) == len(for_thirty)
    assert len(for_thirty) < 20


def recycled(
    lead: Lead,
    at: datetime,
    by,
    *,
    accused=(),
    is_firm: bool = False,
) -> None:
    lifecycle.move(lead, Stage.RECYCLED, cause=Cause.REJECT, at=at, by=by)
    lifecycle.cool_off(lead, until=at + 30 * DAY, accused=accused, is_firm=is_firm)


def test_judge_leaves_a_recycled_lead_alone_while_it_cools_off(
    active_version: DefinitionVersion, noon: datetime, rita
) -> None:
    lead = recipes.courted_lead(at=noon)
    judge(lead, noon)
    recycled(lead, noon + HOUR, rita)
    recipes.touch(lead, "whitepaper", at=noon + DAY)

    judged = judge(lead, noon + DAY)

    assert lead.stage == Stage.RECYCLED
    assert not judged.is_handoff_due
    assert lead.reevaluate_at is not None
    assert lead.reevaluate_at <= noon + HOUR + 30 * DAY


def test_judge_ends_the_cool_off_on_new_direct_intent(
    active_version: DefinitionVersion, noon: datetime, rita
) -> None:
    lead = recipes.demanding_lead(at=noon)
    judge(lead, noon)
    recycled(lead, noon + HOUR, rita)
    recipes.touch(lead, "calendar_booking", at=noon + DAY)

    judged = judge(lead, noon + DAY + MINUTE)

    assert steps(lead)[-1] == ("recycled", "sql", "recycle", "direct")
    assert judged.is_handoff_due
    assert judged.tipped_at == noon + DAY
    assert lead.cool_off_until is None


def test_judge_does_not_end_a_firm_cool_off(
    active_version: DefinitionVersion, noon: datetime, rita
) -> None:
    lead = recipes.demanding_lead(at=noon)
    judge(lead, noon)
    recycled(lead, noon + HOUR, rita, is_firm=True)
    recipes.touch(lead, "calendar_booking", at=noon + DAY)

    judge(lead, noon + DAY)

    assert lead.stage == Stage.RECYCLED


def test_judge_brings_nobody_back_for_time_alone(
    active_version: DefinitionVersion, noon: datetime, rita
) -> None:
    lead = recipes.demanding_lead(at=noon)
    judge(lead, noon)
    lifecycle.move(lead, Stage.RECYCLED, cause=Cause.REJECT, at=noon + HOUR, by=rita)
    lifecycle.cool_off(lead, until=noon + 2 * HOUR)

    judge(lead, noon + DAY)

    assert lead.stage == Stage.RECYCLED


def test_judge_brings_nobody_back_while_what_was_accused_stands(
    active_version: DefinitionVersion, noon: datetime, rita
) -> None:
    lead = recipes.demanding_lead(at=noon)
    judge(lead, noon)
    recycled(lead, noon + HOUR, rita, accused=("fit",))
    recipes.touch(lead, "demo_request", at=noon + DAY)

    judge(lead, noon + DAY)
    assert lead.stage == Stage.RECYCLED

    intake.record_account(
        intake.AccountFacts(domain=lead.account.domain, employee_count=900), received_at=noon + DAY
    )
    judge(lead, noon + DAY + MINUTE)
    assert lead.stage == Stage.SQL


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    happened=st.lists(
        st.tuples(
            st.sampled_from(["whitepaper", "demo_request", "pricing_page_view", "unsubscribe"]),
            st.integers(0, 90),
            st.integers(0, 5),
        ),
        max_size=10,
    )
)
def test_verdicts_at_replays_every_evaluation_that_was_kept(
    active_version: DefinitionVersion, noon: datetime, happened: list[tuple[str, int, int]]
) -> None:
    lead = recipes.fitting_lead(at=noon)
    received = sorted((day + lag, day, kind) for kind, day, lag in happened)
    for number, (heard_on, day, kind) in enumerate(received):
        # No two facts at one instant: what was known then would have two meanings.
        heard_at = noon + heard_on * DAY + number * MINUTE
        recipes.touch(lead, kind, at=noon + day * DAY, received_at=heard_at)
        judge(lead, heard_at)
        if heard_on == 3:
            intake.record_lead(
                intake.LeadFacts(system="crm", email=lead.email, job_title="Student"),
                received_at=heard_at + MINUTE / 2,
                effective_at=noon + DAY,
            )

    for kept in Evaluation.objects.filter(lead=lead):
        verdict = qualification.verdicts_at(
            [lead.pk], active_version, at=kept.at, known_at=kept.known_at
        )[lead.pk]
        assert (verdict.stage, verdict.path) == (kept.stage, kept.path)
        assert verdict.points == kept.points
        assert [[key, met, seen] for key, met, seen in verdict.results] == [
            [result["key"], result["met"], result["seen"]] for result in kept.results
        ]


def test_claim_takes_marked_leads_and_those_that_are_due(
    active_version: DefinitionVersion, noon: datetime
) -> None:
    marked, due, idle = (recipes.known_lead(at=noon) for _ in range(3))
    PendingMark.objects.exclude(lead=marked).delete()
    Lead.objects.filter(pk=due.pk).update(reevaluate_at=noon)
    Lead.objects.filter(pk=idle.pk).update(reevaluate_at=noon + HOUR)

    claims = qualification.claim(limit=10, due_by=noon)

    assert {claim.lead_id for claim in claims} == {marked.pk, due.pk}


def test_finish_leaves_marks_that_came_after_the_claim(db: None, noon: datetime) -> None:
    lead = recipes.known_lead(at=noon)
    claims = qualification.claim(limit=10)
    recipes.small_catalog()
    recipes.touch(lead, "page_view", at=noon)

    qualification.finish(claims)

    assert PendingMark.objects.count() == 1
