from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from crm_handoff.people.models import Organization
from crm_handoff.reports.funnel import Funnel, funnel, percent, systems
from leads import opportunities
from leads.enums import Anomaly
from leads.models import Lead
from leads.opportunities import OpportunityFacts
from tests import recipes

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
MARCH = datetime(2018, 3, 8, tzinfo=UTC)


@pytest.fixture(autouse=True)
def kinds(db):
    recipes.small_catalog()


def met_lead(at: datetime | None = MARCH, **said) -> Lead:
    """A lead first met at an instant, of a source that it said or not."""
    lead = recipes.known_lead(at=at or MARCH, **said)
    if at:
        recipes.touch(lead, "first_contact", at=at)
        recipes.touch(lead, "page_view", at=at + DAY)
    return lead


def deal(lead: Lead, *, closed_at: datetime | None, stage: str = "won") -> None:
    opportunities.record(
        OpportunityFacts(
            system="crm",
            external_id=f"deal-{recipes.number()}",
            lead=lead,
            stage=stage,
            closed_at=closed_at,
        ),
        received_at=max(closed_at or MARCH, MARCH),
    )


def won_lead(days: float, at: datetime = MARCH, **said) -> Lead:
    lead = met_lead(at, **said)
    deal(lead, closed_at=at + days * DAY)
    return lead


def by_key(slices) -> dict[str, tuple[int, int]]:
    return {one.key: (one.lead_count, one.won_count) for one in slices}


def test_funnel_of_nothing_is_all_zero():
    nothing = funnel(zone="UTC")

    assert (nothing.lead_count, nothing.opportunity_count, nothing.won_count) == (0, 0, 0)
    assert (nothing.won_pct, nothing.median_days_to_won) == (Decimal("0.000"), None)
    assert (nothing.by_source, nothing.by_month, nothing.flagged) == ((), (), ())


def test_funnel_counts_leads_not_deals():
    twice = won_lead(3)
    deal(twice, closed_at=MARCH + 5 * DAY)
    lost = met_lead()
    deal(lost, closed_at=MARCH + DAY, stage="lost")
    met_lead()

    found = funnel(zone="UTC")

    assert (found.lead_count, found.opportunity_count, found.won_count) == (3, 2, 1)
    assert found.won_pct == Decimal("33.333")
    assert found.median_days_to_won == 3


@pytest.mark.parametrize(
    ("days", "median"), [([14.5], 14.5), ([1, 3], 2), ([1, 2, 90], 2), ([-1, 3], 1)]
)
def test_median_runs_from_first_contact_to_the_first_won_deal(days, median):
    for each in days:
        won_lead(each)
    met_lead()

    assert funnel(zone="UTC").median_days_to_won == pytest.approx(median)


def test_not_said_stands_apart_from_a_source_named_unknown_and_last():
    met_lead(source="unknown")
    won_lead(2, source="unknown")
    met_lead(source="social")
    for _ in range(3):
        met_lead()

    slices = funnel(zone="UTC").by_source

    assert [(one.key, one.label, one.lead_count, one.won_count) for one in slices] == [
        ("unknown", "Unknown", 2, 1),
        ("social", "Social", 1, 0),
        ("", "not said", 3, 0),
    ]
    assert slices[0].won_pct == Decimal("50.000")
    assert [one.median_days_to_won for one in slices] == [2, None, None]


def test_months_are_counted_in_the_zone_and_leads_never_met_stand_last():
    late = datetime(2018, 1, 31, 23, 30, tzinfo=UTC)
    met_lead(late)
    met_lead(MARCH)
    met_lead(None)

    assert by_key(funnel(zone="UTC").by_month) == {
        "2018-01": (1, 0),
        "2018-03": (1, 0),
        "": (1, 0),
    }
    assert list(by_key(funnel(zone="Europe/Berlin").by_month)) == ["2018-02", "2018-03", ""]


def test_days_of_first_contact_narrow_the_funnel():
    for day in (7, 8, 9):
        met_lead(datetime(2018, 3, day, 23, 30, tzinfo=UTC))
    met_lead(None)

    def count(zone: str, **days: date) -> int:
        return funnel(zone=zone, **days).lead_count

    assert count("UTC") == 4
    assert count("UTC", start=date(2018, 3, 8)) == 2
    assert count("UTC", end=date(2018, 3, 8)) == 2
    assert count("UTC", start=date(2018, 3, 8), end=date(2018, 3, 8)) == 1
    assert count("Europe/Berlin", start=date(2018, 3, 10)) == 1


def test_a_system_narrows_the_funnel_to_the_leads_it_knows():
    won_lead(1, system="olist")
    met_lead(system="website")

    assert funnel(zone="UTC", system="olist").won_count == 1
    assert funnel(zone="UTC", system="website").won_count == 0
    assert funnel(zone="UTC", system="nobody").lead_count == 0
    assert systems() == ["olist", "website"]


def test_a_deal_won_before_first_contact_is_flagged_listed_and_counted():
    early = won_lead(-1.25)
    won_lead(1)

    found = funnel(zone="UTC")

    assert found.won_count == 2
    assert {one.anomaly: one.count for one in found.anomalies} == {
        Anomaly.WON_BEFORE_CONTACT: 1,
        Anomaly.NO_HANDOFF: 2,
    }
    (flagged,) = found.flagged
    assert flagged.lead_public_id == str(early.public_id)
    assert flagged.lead == str(early)
    assert flagged.days_to_won == -1.25


def test_a_flagged_lead_without_a_name_is_called_as_everywhere():
    lead = won_lead(-1, first_name="", last_name="", email=None)

    assert funnel(zone="UTC").flagged[0].lead == str(lead)


def test_funnel_costs_three_queries_whatever_the_size(django_assert_num_queries):
    for _ in range(5):
        won_lead(-1, source="social")

    with django_assert_num_queries(3):
        found = funnel(zone="UTC")

    assert len(found.flagged) == 5
    assert isinstance(found, Funnel)


def test_percent_has_three_decimals():
    assert percent(842, 8000) == Decimal("10.525")
    assert percent(1, 0) == Decimal("0.000")


def test_the_command_prints_the_funnel():
    won_lead(2, source="social", system="olist")
    met_lead(system="olist")
    out = StringIO()

    call_command("funnel", system="olist", stdout=out)

    lines = {" ".join(line.split()) for line in out.getvalue().splitlines()}
    assert lines >= {
        "All leads 2 leads 1 won 50.000 % 2.00 days",
        "Social 1 leads 1 won 100.000 % 2.00 days",
        "not said 1 leads 0 won 0.000 %",
        "Won before first contact: 0",
    }


@pytest.mark.parametrize(
    ("option", "message"),
    [({"system": "nobody"}, "No lead is known by “nobody”"), ({"zone": "Mars"}, "“Mars” must be")],
)
def test_the_command_refuses_what_nobody_knows(option, message):
    met_lead()

    with pytest.raises(CommandError, match=message):
        call_command("funnel", **option)


def test_the_page_counts_in_the_organizations_zone_whoever_reads(client):
    Organization.objects.create(name="Acme", time_zone="Europe/Berlin")
    reader = get_user_model().objects.create_superuser(
        "root@acme.com", time_zone="America/New_York"
    )
    met_lead(datetime(2018, 1, 31, 23, 30, tzinfo=UTC), source="social")
    won_lead(-2)
    client.force_login(reader)

    page = client.get("/funnel/").content.decode()

    assert "50.000 %" in page
    assert "Feb 2018" in page
    assert "Jan 2018" not in page
    assert "Europe/Berlin" in page
