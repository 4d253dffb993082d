from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_handoff.people.models import Organization
from crm_handoff.reports.weeks import WeekRule, rule_of_organization

START = datetime(2020, 1, 1, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("at", "starts_on", "first"),
    [
        pytest.param(datetime(2026, 1, 14, 12, tzinfo=UTC), 0, "2026-01-12", id="a Wednesday"),
        pytest.param(datetime(2026, 1, 14, 12, tzinfo=UTC), 6, "2026-01-11", id="from Sunday on"),
        pytest.param(datetime(2026, 1, 11, 22, 59, tzinfo=UTC), 0, "2026-01-05", id="Sunday late"),
        pytest.param(datetime(2026, 1, 11, 23, tzinfo=UTC), 0, "2026-01-12", id="Monday there"),
    ],
)
def test_a_week_begins_at_midnight_of_the_organization(at, starts_on, first):
    week = WeekRule(BERLIN, starts_on).week_of(at)

    assert week.starts_at.isoformat().startswith(f"{first}T00:00:00")
    assert week.ends_at.date() - week.starts_at.date() == timedelta(days=7)


def test_the_week_in_which_clocks_change_is_an_hour_shorter():
    week = WeekRule(BERLIN).week_of(datetime(2026, 3, 25, tzinfo=UTC))

    real = week.ends_at.astimezone(UTC) - week.starts_at.astimezone(UTC)
    assert real == timedelta(days=7) - timedelta(hours=1)


@settings(max_examples=40)
@given(
    st.integers(0, 10 * 365 * 24).map(lambda hours: START + timedelta(hours=hours)),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "UTC"]),
    st.integers(0, 6),
)
def test_weeks_follow_each_other_without_gap(at, zone, starts_on):
    weeks = WeekRule(ZoneInfo(zone), starts_on).weeks_until(at, count=5)

    assert len(weeks) == 5
    assert weeks[-1].starts_at <= at < weeks[-1].ends_at
    assert [week.ends_at for week in weeks[:-1]] == [week.starts_at for week in weeks[1:]]


def test_the_rule_is_the_organizations_and_there_before_it(db, django_assert_num_queries):
    assert rule_of_organization() == WeekRule(ZoneInfo("UTC"), 0)
    Organization.objects.create(name="Northwind", time_zone="Europe/Berlin", week_starts_on=6)

    with django_assert_num_queries(1):
        assert rule_of_organization() == WeekRule(BERLIN, 6)
