"""Leads under way when a version comes into force: who keeps the former one, and how long."""

from datetime import datetime, timedelta

import pytest

from definitions import versions
from definitions.models import DefinitionVersion
from leads import intake, lifecycle, qualification
from leads.enums import Cause, Stage
from leads.models import Lead
from tests import recipes
from tests.leads import editions

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def judge(lead: Lead, at: datetime) -> Lead:
    qualification.judge([lead.pk], at=at)
    lead.refresh_from_db()
    return lead


@pytest.fixture
def first(db: None, noon: datetime) -> DefinitionVersion:
    """The agreement that everybody qualified under so far."""
    return editions.active(editions.mid_market(), at=noon - 365 * DAY)


@pytest.fixture
def qualified(first: DefinitionVersion, noon: datetime) -> Lead:
    """An MQL by the first version: two touchpoints, no more."""
    return judge(recipes.engaged_lead(at=noon), noon)


def stricter(plan: str, *, at: datetime, days: int | None = None, **parts) -> DefinitionVersion:
    """In force since `at`, and asks an MQL for three touchpoints."""
    text = editions.mid_market(plan=plan, days=days, mql_touchpoints=3, sql_touchpoints=5, **parts)
    return editions.active(text, at=at)


def test_grandfather_leaves_a_lead_the_version_that_it_qualified_under(
    first: DefinitionVersion, qualified: Lead, noon: datetime
) -> None:
    stricter("grandfather", at=noon + HOUR)

    judge(qualified, noon + 2 * HOUR)

    assert qualified.version == first
    assert not qualified.no_longer_meets


def test_grandfather_lets_a_lead_go_on_by_the_version_that_it_keeps(
    first: DefinitionVersion, qualified: Lead, noon: datetime
) -> None:
    stricter("grandfather", at=noon + HOUR)
    recipes.touch(qualified, "webinar_attended", at=noon + HOUR)
    recipes.touch(qualified, "demo_request", at=noon + 2 * HOUR)

    judge(qualified, noon + 2 * HOUR)

    assert (qualified.stage, qualified.version) == (Stage.SQL, first)
    assert qualified.latest_evaluation is not None
    assert qualified.latest_evaluation.version == first


def test_requalify_judges_everybody_before_sales_by_the_new_version(
    qualified: Lead, noon: datetime
) -> None:
    second = stricter("requalify", at=noon + HOUR)

    judge(qualified, noon + HOUR)

    assert (qualified.stage, qualified.version) == (Stage.MQL, second)
    assert qualified.no_longer_meets


@pytest.mark.parametrize(
    ("after", "is_kept"),
    [
        pytest.param(10 * DAY - timedelta(microseconds=1), True, id="a moment before"),
        pytest.param(10 * DAY, False, id="on the dot"),
        pytest.param(10 * DAY + HOUR, False, id="after"),
    ],
)
def test_sunset_ends_after_its_days(
    first: DefinitionVersion, qualified: Lead, noon: datetime, after: timedelta, is_kept: bool
) -> None:
    second = stricter("sunset", days=10, at=noon + HOUR)

    judge(qualified, noon + HOUR + after)

    assert qualified.version == (first if is_kept else second)


def test_sunset_has_the_lead_looked_at_when_it_ends(qualified: Lead, noon: datetime) -> None:
    stricter("sunset", days=2, at=noon + HOUR)

    judge(qualified, noon + 2 * HOUR)

    assert qualified.reevaluate_at == noon + HOUR + 2 * DAY


@pytest.mark.parametrize("plan", ["grandfather", "requalify", "sunset"])
def test_leads_that_are_not_qualified_yet_are_judged_by_the_version_in_force(
    first: DefinitionVersion, noon: datetime, plan: str
) -> None:
    lead = recipes.fitting_lead(at=noon)
    recipes.touch(lead, "whitepaper", at=noon)
    assert judge(lead, noon).stage == Stage.IQL
    second = stricter(plan, days=30 if plan == "sunset" else None, at=noon + HOUR)

    judge(lead, noon + 2 * HOUR)

    assert lead.version == second


def test_recycled_leads_come_back_by_the_version_in_force(
    qualified: Lead, noon: datetime, rita
) -> None:
    lifecycle.move(qualified, Stage.RECYCLED, cause=Cause.REJECT, at=noon + HOUR, by=rita)
    lifecycle.cool_off(qualified, until=noon + 2 * HOUR)
    second = stricter("grandfather", at=noon + HOUR)

    judge(qualified, noon + 3 * HOUR)

    assert qualified.version == second


def test_somebody_at_a_stage_that_the_version_never_found_is_not_grandfathered(
    first: DefinitionVersion, noon: datetime
) -> None:
    """The CRM said MQL; the agreement never did."""
    lead = recipes.fitting_lead(at=noon)
    lifecycle.move(lead, Stage.MQL, cause=Cause.EXTERNAL, at=noon)
    assert judge(lead, noon).version == first
    second = stricter("grandfather", at=noon + HOUR)

    judge(lead, noon + 2 * HOUR)

    assert lead.version == second


@pytest.mark.parametrize("plan", ["requalify", "sunset"])
def test_a_lead_with_sales_keeps_its_version_whatever_the_plan(
    first: DefinitionVersion, noon: datetime, plan: str
) -> None:
    lead = judge(recipes.demanding_lead(at=noon), noon)
    assert lead.stage == Stage.SQL
    stricter(plan, days=1 if plan == "sunset" else None, at=noon + HOUR)

    judge(lead, noon + 5 * DAY)

    assert lead.version == first


def test_the_earliest_end_among_later_versions_counts(
    first: DefinitionVersion, qualified: Lead, noon: datetime
) -> None:
    stricter("sunset", days=30, at=noon + HOUR)
    stricter("sunset", days=3, at=noon + DAY)
    third = stricter("grandfather", at=noon + 2 * DAY)

    assert judge(qualified, noon + 3 * DAY).version == first
    assert qualified.reevaluate_at == noon + 4 * DAY
    assert judge(qualified, noon + 4 * DAY).version == third


def test_a_sunset_that_ran_is_not_revived_by_a_grandfather_clause(
    first: DefinitionVersion, qualified: Lead, noon: datetime
) -> None:
    stricter("requalify", at=noon + HOUR)
    third = stricter("grandfather", at=noon + 2 * HOUR)

    judge(qualified, noon + 3 * HOUR)

    assert qualified.version == third


def test_a_lead_that_meets_the_new_version_qualifies_anew_and_keeps_that(
    first: DefinitionVersion, qualified: Lead, noon: datetime
) -> None:
    recipes.touch(qualified, "ebook", at=noon)
    second = stricter("requalify", at=noon + HOUR)
    assert judge(qualified, noon + HOUR).version == second
    stricter("grandfather", at=noon + 2 * HOUR)

    judge(qualified, noon + 3 * HOUR)

    assert qualified.version == second


def test_a_definition_that_was_ended_is_kept_by_nobody(
    first: DefinitionVersion, noon: datetime
) -> None:
    large = editions.active(editions.enterprise(), at=noon - DAY)
    lead = recipes.engaged_lead(at=noon)
    _say(lead, acv=200_000, at=noon)
    assert judge(lead, noon).version == large
    versions.retire(large, by=large.author, at=noon + HOUR)

    judge(lead, noon + 2 * HOUR)

    assert lead.version == first


def test_a_lead_leaves_its_kept_version_with_the_segment(
    first: DefinitionVersion, noon: datetime
) -> None:
    large = editions.active(editions.enterprise(), at=noon - DAY)
    lead = recipes.engaged_lead(at=noon)
    _say(lead, acv=200_000, at=noon)
    assert judge(lead, noon).version == large
    editions.active(editions.enterprise(mql_touchpoints=3), at=noon + HOUR)
    assert judge(lead, noon + 2 * HOUR).version == large
    _say(lead, acv=40_000, at=noon + 3 * HOUR)

    judge(lead, noon + 3 * HOUR)

    assert lead.version == first


def test_a_kept_version_takes_whom_its_own_segment_takes(
    first: DefinitionVersion, noon: datetime
) -> None:
    """The new version is for huge business alone; those under way stay with the old one."""
    large = editions.active(editions.enterprise(), at=noon - DAY)
    lead, newcomer = recipes.engaged_lead(at=noon), recipes.engaged_lead(at=noon)
    for one in (lead, newcomer):
        _say(one, acv=200_000, at=noon)
    assert judge(lead, noon).version == large
    editions.active(editions.enterprise(segment=editions.HUGE), at=noon + HOUR)

    assert judge(lead, noon + 2 * HOUR).version == large
    assert judge(newcomer, noon + 2 * HOUR).version == first


def test_a_kept_catch_all_loses_whom_another_segment_takes(
    first: DefinitionVersion, qualified: Lead, noon: datetime
) -> None:
    _say(qualified, acv=200_000, at=noon)
    judge(qualified, noon)
    stricter("grandfather", at=noon + HOUR)
    large = editions.active(editions.enterprise(), at=noon + HOUR)

    judge(qualified, noon + 2 * HOUR)

    assert qualified.version == large


def _say(lead: Lead, *, acv: int, at: datetime) -> None:
    intake.record_lead(
        intake.LeadFacts(system="crm", email=lead.email, expected_acv=acv, currency="USD"),
        received_at=at,
    )
