"""Rates of batches: what a campaign, a source, an import or a week brought below the floor."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from pytest_django.fixtures import DjangoAssertNumQueries

from definitions.models import DefinitionVersion
from leads.models import Campaign, ImportRun, Source
from routing import batches, handoffs
from routing.batches import BatchRate, UnknownBatch, Week
from routing.enums import BatchKind
from routing.models import Handoff
from tests.routing import sales
from tests.routing.sales import NOON

pytestmark = pytest.mark.django_db

WEEK = Week(
    date(2026, 1, 12),
    datetime(2026, 1, 12, tzinfo=UTC),
    datetime(2026, 1, 19, tzinfo=UTC),
)


@pytest.fixture
def version() -> DefinitionVersion:
    sales.team(sales.rep("Rita"))
    return sales.put_in_force(sales.agreement())


@pytest.fixture
def campaign() -> Campaign:
    source = Source.objects.create(key="list", name="Bought list")
    return Campaign.objects.create(key="spring", name="Spring", source=source)


@pytest.fixture
def first(version: DefinitionVersion, campaign: Campaign) -> Handoff:
    """A clean handover, three days old, by the campaign and its source."""
    who = sales.lead(campaign=campaign, source=campaign.source)
    return sales.opened(version, who, at=NOON - timedelta(days=3))


def found(kind: BatchKind, *, at: datetime = NOON) -> list[BatchRate]:
    return batches.rates(at=at, weeks=[WEEK], kinds=[kind])


def counts(rate: BatchRate) -> tuple[int, int, int]:
    return rate.missed_count, rate.handed_over_count, rate.open_count


def test_handovers_are_counted_by_campaign_source_and_week(
    first: Handoff, campaign: Campaign
) -> None:
    sales.bring(first, clean=3, missed=1)

    for kind, name in (("campaign", "Spring"), ("source", "Bought list")):
        [rate] = found(BatchKind(kind))
        assert (rate.batch.name, counts(rate)) == (name, (1, 5, 0))
    [week] = found(BatchKind.WEEK)
    # The first one was handed over the week before, on a Saturday.
    assert (week.batch.name, week.batch.key) == ("Week of Jan. 12, 2026", "2026-01-12")
    assert counts(week) == (1, 4, 0)


def test_what_an_import_brought_is_a_batch(first: Handoff) -> None:
    first.import_run = ImportRun.objects.create(
        file_name="fair.csv", file_hash="0" * 64, started_at=NOON
    )
    sales.bring(first, missed=2, clean=1)

    [rate] = found(BatchKind.IMPORT_RUN)
    assert (rate.batch.name, counts(rate)) == ("fair.csv", (2, 3, 0))


def test_open_ones_below_the_floor_are_counted_apart(
    version: DefinitionVersion, first: Handoff, campaign: Campaign
) -> None:
    who = sales.lead(campaign=campaign)
    below = handoffs.open(sales.qualified(version, who, met=[]), at=NOON)
    sales.bring(first, missed=1)

    [rate] = found(BatchKind.CAMPAIGN)
    assert counts(rate) == (2, 3, 1)
    assert [*rate.batch.offending()] == [below]


def test_only_the_last_28_days_count(first: Handoff) -> None:
    sales.bring(first, missed=4, at=NOON - timedelta(days=28))
    sales.bring(first, missed=2, at=NOON - timedelta(days=28) + timedelta(seconds=1))

    [rate] = found(BatchKind.CAMPAIGN)
    assert counts(rate) == (2, 3, 0)
    assert batches.rate(rate.batch) == rate


@pytest.mark.parametrize(
    ("missed", "clean", "is_broken"),
    [(5, 95, False), (5, 93, True), (1, 18, False), (1, 19, False), (2, 18, True), (2, 17, False)],
)
def test_a_limit_is_broken_strictly_above_it_and_from_twenty_handovers_on(
    first: Handoff, missed: int, clean: int, is_broken: bool
) -> None:
    sales.bring(first, missed=missed, clean=clean - 1)

    [rate] = found(BatchKind.CAMPAIGN)
    assert (rate.handed_over_count, rate.limit_pct) == (missed + clean, Decimal(5))
    assert rate.is_broken is is_broken


def test_without_a_version_in_force_there_is_no_limit_to_break() -> None:
    sales.team(sales.rep("Rita"))
    handoff = sales.opened(sales.agreement())
    sales.bring(handoff, missed=30)

    [rate] = found(BatchKind.WEEK)
    assert (rate.limit_pct, rate.is_broken) == (None, False)


def test_the_worst_batch_comes_first_and_those_too_small_last(
    version: DefinitionVersion, first: Handoff
) -> None:
    sales.bring(first, clean=30, missed=1)
    for name, missed, clean in (("Bad", 3, 20), ("Worse", 9, 20), ("Tiny", 2, 1)):
        first.campaign = Campaign.objects.create(key=name.lower(), name=name)
        sales.bring(first, missed=missed, clean=clean)

    names = [rate.batch.name for rate in found(BatchKind.CAMPAIGN)]
    assert names == ["Worse", "Bad", "Spring", "Tiny"]


def test_a_definition_is_not_mixed_with_another(first: Handoff) -> None:
    other = sales.opened(sales.put_in_force(sales.agreement()))
    other.campaign = first.campaign
    sales.bring(other, missed=3)
    sales.bring(first, clean=2)

    assert sorted(counts(rate) for rate in found(BatchKind.CAMPAIGN)) == [(0, 3, 0), (3, 3, 0)]


def test_a_key_names_a_batch_or_nothing(version: DefinitionVersion, campaign: Campaign) -> None:
    definition = version.definition
    batch = batches.find(definition, BatchKind.CAMPAIGN, str(campaign.pk), at=NOON)
    assert (batch.name, batch.ends_at) == ("Spring", NOON + batches.MOMENT)

    unknown = ("0", "spring", "-1", "²", "9" * 19, "9" * 5_000)
    for kind, key in (*(("campaign", key) for key in unknown), ("source", "-1"), ("week", "")):
        with pytest.raises(UnknownBatch):
            batches.find(definition, BatchKind(kind), key, at=NOON)


def test_all_batches_take_six_queries_however_many(
    first: Handoff, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(5):
        assert len(batches.rates(at=NOON, weeks=[WEEK])) == 2
    for number in range(20):
        first.campaign = Campaign.objects.create(key=f"c{number}", name=f"Campaign {number}")
        sales.bring(first, clean=2)
    with django_assert_num_queries(5):
        assert len(batches.rates(at=NOON, weeks=[WEEK])) == 23
