from datetime import UTC, datetime, timedelta

import pytest

from crm_handoff.reports.rates import Rate
from crm_handoff.reports.rejections import ReasonShare, RejectionMix, mix
from definitions.vocabulary import Process
from leads.models import Campaign
from routing import handoffs
from routing.enums import ReasonCategory
from routing.models import RejectionReason
from tests.web import world
from tests.web.world import DAY, HOUR, MINUTE

NOW = datetime(2026, 1, 14, 12, tzinfo=UTC)


def share(category, count, of):
    return ReasonShare(category.label, category, Rate(count, of), ())


def mixed(**counts):
    total = sum(counts.values())
    return RejectionMix(
        total, tuple(share(ReasonCategory(key), count, total) for key, count in counts.items())
    )


@pytest.mark.parametrize(
    ("counts", "alarms"),
    [
        pytest.param({"no_fit": 19}, (), id="too few"),
        pytest.param({"no_fit": 20}, (ReasonCategory.NO_FIT,), id="all of twenty"),
        pytest.param({"no_fit": 5, "other": 15}, (), id="a quarter of twenty may be chance"),
        pytest.param(
            {"no_fit": 35, "other": 65}, (ReasonCategory.NO_FIT,), id="a third of a hundred"
        ),
        pytest.param({"bad_timing": 40, "other": 60}, (), id="timing at its limit"),
        pytest.param(
            {"bad_timing": 60, "other": 40}, (ReasonCategory.BAD_TIMING,), id="timing above"
        ),
        pytest.param(
            {"unreachable": 9, "other": 8, "no_fit": 3},
            (ReasonCategory.UNREACHABLE,),
            id="could not reach is the largest",
        ),
        pytest.param({"unreachable": 10, "other": 10}, (), id="as large as another"),
    ],
)
def test_a_mix_is_alarming_when_it_is_more_than_chance(counts, alarms):
    assert mixed(**counts).alarms == alarms


@pytest.mark.django_db
def test_reasons_are_counted_with_the_campaigns_they_came_from(django_assert_num_queries):
    version = world.company()
    rep = world.rep("Dana Fischer", world.territory())
    fair = Campaign.objects.create(key="fair", name="Trade fair")
    no_fit = RejectionReason.objects.filter(category="no_fit").first()
    timing = RejectionReason.objects.filter(category="bad_timing").first()

    def refused(reason, *, at, campaign=None):
        handoff = world.handed_over(version, at=at - HOUR)
        handoff.lead.campaign = campaign
        handoff.lead.save(update_fields=["campaign"])
        handoffs.reject(handoff.pk, reason=reason, comment="No.", by=rep.user, at=at)
        return handoff

    refused(no_fit, at=NOW - DAY, campaign=fair)
    refused(no_fit, at=NOW - 2 * DAY, campaign=fair)
    refused(no_fit, at=NOW - 2 * DAY)
    refused(timing, at=NOW - DAY)
    refused(timing, at=NOW - 40 * DAY)
    back = refused(timing, at=NOW - MINUTE)
    handoffs.undo(back.pk, by=rep.user, at=NOW - MINUTE + timedelta(seconds=20))

    with django_assert_num_queries(1):
        found = mix(Process.CRITERIA_LED, start=NOW - 28 * DAY, end=NOW)

    assert found.rejection_count == 4
    first, second = found.reasons
    assert (first.name, first.share) == (no_fit.name, Rate(3, 4))
    assert [(part.name, part.count) for part in first.campaigns] == [("Trade fair", 2), ("", 1)]
    assert (second.name, second.share) == (timing.name, Rate(1, 4))
    assert mix(Process.SALES_CONFIRMED, start=NOW - 28 * DAY, end=NOW).reasons == ()
