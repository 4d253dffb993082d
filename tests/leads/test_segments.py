"""Which version judges a lead, which were tried before it, and why."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from definitions.models import DefinitionVersion
from leads import qualification, segments
from leads.models import Lead
from leads.segments import Keeping
from tests import recipes
from tests.leads import editions

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def catch_all(db: None, noon: datetime) -> DefinitionVersion:
    return editions.active(editions.mid_market(), at=noon - 365 * DAY)


@pytest.fixture
def large(catch_all: DefinitionVersion, noon: datetime) -> DefinitionVersion:
    return editions.active(editions.enterprise(), at=noon - 30 * DAY)


def lead_worth(acv: int | None, *, at: datetime) -> Lead:
    said = {} if acv is None else {"expected_acv": acv, "currency": "USD"}
    return recipes.fitting_lead(at=at, **said)


def test_version_for_takes_the_first_segment_that_matches(
    large: DefinitionVersion, catch_all: DefinitionVersion, noon: datetime
) -> None:
    assert segments.version_for(lead_worth(250_000, at=noon), at=noon) == large
    assert segments.version_for(lead_worth(50_000, at=noon), at=noon) == catch_all
    assert segments.version_for(lead_worth(None, at=noon), at=noon) == catch_all


def test_version_for_is_none_where_nobody_takes_the_lead(db: None, noon: datetime) -> None:
    editions.active(editions.enterprise(), at=noon - DAY)

    assert segments.version_for(lead_worth(50_000, at=noon), at=noon) is None


def test_why_tells_every_version_tried_with_the_value_seen(
    large: DefinitionVersion, catch_all: DefinitionVersion, noon: datetime
) -> None:
    lead = lead_worth(50_000, at=noon)

    passed_over, taken = segments.why(lead, at=noon)

    (condition,) = passed_over.conditions
    assert (passed_over.version, passed_over.is_taken) == (large, False)
    assert condition.ref.fact == "expected_acv"
    assert (condition.operator, condition.wanted) == ("at_least", 100_000)
    assert (condition.seen, condition.is_met) == (50_000, False)
    assert (taken.version, taken.is_taken, taken.conditions) == (catch_all, True, ())
    assert taken.is_kept_because is None


def test_why_ends_with_the_version_that_takes_the_lead(
    large: DefinitionVersion, noon: datetime
) -> None:
    (tried,) = segments.why(lead_worth(250_000, at=noon), at=noon)

    assert (tried.version, tried.is_taken) == (large, True)
    assert all(condition.is_met for condition in tried.conditions)


def test_why_is_by_what_had_been_received(large: DefinitionVersion, noon: datetime) -> None:
    lead = lead_worth(250_000, at=noon)

    tried = segments.why(lead, at=noon, known_at=noon - HOUR)

    assert [one.version.definition.key for one in tried] == ["enterprise", "mid-market"]
    assert tried[0].conditions[0].seen is None


@pytest.mark.parametrize(
    ("plan", "days", "reason", "until"),
    [
        ("grandfather", None, Keeping.GRANDFATHER, None),
        ("sunset", 10, Keeping.SUNSET, HOUR + 10 * DAY),
    ],
)
def test_why_says_why_a_lead_keeps_a_former_version(
    catch_all: DefinitionVersion, noon: datetime, plan, days, reason, until
) -> None:
    lead = recipes.engaged_lead(at=noon)
    qualification.judge([lead.pk], at=noon)
    lead.refresh_from_db()
    editions.active(editions.mid_market(plan=plan, days=days), at=noon + HOUR)

    (tried,) = segments.why(lead, at=noon + DAY)

    assert (tried.version, tried.is_kept_because) == (catch_all, reason)
    assert tried.kept_until == (until and noon + until)


def test_why_says_that_sales_has_the_lead(catch_all: DefinitionVersion, noon: datetime) -> None:
    lead = recipes.demanding_lead(at=noon)
    qualification.judge([lead.pk], at=noon)
    lead.refresh_from_db()
    editions.active(editions.mid_market(plan="requalify"), at=noon + HOUR)

    (tried,) = segments.why(lead, at=noon + DAY)

    assert (tried.version, tried.is_kept_because) == (catch_all, Keeping.SALES)


def test_why_names_the_version_that_judge_takes(
    large: DefinitionVersion, catch_all: DefinitionVersion, noon: datetime
) -> None:
    leads = [lead_worth(acv, at=noon) for acv in (250_000, 50_000, None)]
    qualification.judge([lead.pk for lead in leads], at=noon)

    for lead in leads:
        lead.refresh_from_db()
        assert segments.why(lead, at=noon)[-1].version == lead.version


def test_keeping_former_versions_asks_as_often_for_twenty_leads_as_for_two(
    catch_all: DefinitionVersion, noon: datetime
) -> None:
    leads = [recipes.engaged_lead(at=noon).pk for _ in range(22)]
    qualification.judge(leads, at=noon)
    editions.active(editions.mid_market(plan="sunset", days=10), at=noon + HOUR)
    qualification.judge(leads[:1], at=noon + HOUR)

    with CaptureQueriesContext(connection) as for_two:
        qualification.judge(leads[:2], at=noon + 2 * HOUR)
    with CaptureQueriesContext(connection) as for_twenty:
        qualification.judge(leads[2:], at=noon + 2 * HOUR)

    assert len(for_two) == len(for_twenty)
    assert {*Lead.objects.values_list("version", flat=True)} == {catch_all.pk}
