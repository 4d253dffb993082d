"""The signed limits that a process stands or falls by."""

from datetime import timedelta

import pytest
import yaml

from crm_handoff.reports import limits
from crm_handoff.reports.limits import Limit
from crm_handoff.reports.rates import Rate
from definitions.models import DefinitionVersion
from routing.models import FloorCheck, Handoff
from tests import recipes
from tests.routing import clockwork
from tests.routing.clockwork import DAY, NOON
from tests.routing.due import promises
from tests.web import world

pytestmark = pytest.mark.django_db


@pytest.fixture
def version() -> DefinitionVersion:
    return world.company()


def second_definition() -> DefinitionVersion:
    """One in force of the same process that lets sales miss 20 %."""
    content = yaml.safe_load(recipes.shipped_text())
    content |= {"definition": "enterprise"}
    content["about"] |= {"name": "Enterprise", "position": 50, "is_catch_all": False}
    content["segment"] = [{"fact": "expected_acv", "operator": "at_least", "wanted": 100000}]
    content["limits"] |= {"response_pct": 20}
    return recipes.signed_and_active(yaml.safe_dump(content, sort_keys=False), at=NOON - 90 * DAY)


@pytest.fixture
def dana(version):
    return clockwork.rep("Dana", capacity=200)


def limits_at(at=NOON):
    (found,) = limits.limits_in_force(at=at).values()
    return found


def test_nothing_in_force_promises_nothing():
    assert limits.limits_in_force(at=NOON) == {}


def test_limits_are_those_signed_with_the_people_who_answer_for_them(version):
    found = limits_at()

    assert found.response == Limit(
        float(version.response_limit_pct), Rate(0, 0), str(version.sales_operator)
    )
    assert found.criteria == Limit(
        float(version.criteria_limit_pct), Rate(0, 0), str(version.marketing_operator)
    )


def test_shares_are_those_of_the_28_days_up_to_now_across_calendar_weeks(version, dana):
    promises(version, dana, missed=3, of=20, at=NOON - 27 * DAY)
    promises(version, dana, missed=5, of=5, at=NOON - 29 * DAY)
    for handoff in Handoff.objects.order_by("pk")[:2]:
        FloorCheck.objects.create(handoff=handoff, at=NOON, cause="handover", missed=["size"])
        Handoff.objects.filter(pk=handoff.pk).update(floor_missed=True)

    found = limits_at()

    assert found.response.kept == Rate(3, 20)
    assert found.response.is_broken
    assert found.criteria.kept == Rate(2, 20)
    assert found.criteria.is_broken


def test_of_several_definitions_the_broken_one_decides_and_is_named(version, dana):
    lenient = second_definition()
    promises(version, dana, missed=1, of=20, at=NOON - DAY)
    promises(lenient, dana, missed=5, of=20, at=NOON - DAY)

    found = limits_at()

    assert (found.response.pct, found.response.definition) == (20, "Enterprise")
    assert found.response.is_broken


def test_with_none_broken_the_strictest_with_cases_enough_decides(version, dana):
    lenient = second_definition()
    assert limits_at().response.pct == 10

    promises(lenient, dana, missed=1, of=20, at=NOON - DAY)

    found = limits_at().response

    assert (found.pct, found.kept, found.definition) == (20, Rate(1, 20), "Enterprise")


def test_limits_take_three_queries_at_any_size(version, dana, django_assert_num_queries):
    promises(version, dana, missed=1, of=9, at=NOON - timedelta(hours=1))

    with django_assert_num_queries(3):
        limits_at()
