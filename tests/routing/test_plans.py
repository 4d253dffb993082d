"""Of the routing rules one edition is in force."""

from datetime import timedelta

import pytest

from routing import plans
from routing.enums import PlanState
from tests.routing import rulebook
from tests.routing.clockwork import person
from tests.routing.sales import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def robin(db):
    return person("Robin Ops")


@pytest.fixture
def market(db):
    return rulebook.market()


@pytest.fixture
def draft(robin, market):
    return rulebook.drafted(robin)


def test_a_published_draft_is_in_force_and_retires_the_one_before(draft, robin):
    first = rulebook.publish(draft)
    second = rulebook.publish(rulebook.drafted(robin), at=NOON + timedelta(days=1))

    assert plans.in_force() == second
    first.refresh_from_db()
    assert (first.state, first.retired_at) == (PlanState.RETIRED, NOON + timedelta(days=1))
    assert second.published_by == robin
    assert plans.before(second) == first
    assert plans.before(first) is None
