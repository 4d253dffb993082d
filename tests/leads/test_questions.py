"""Which leads wait for a person's answer alone, and for which."""

from datetime import datetime, timedelta

import pytest

from leads import assertions, qualification
from leads.models import Lead
from leads.qualification import Judged
from tests import recipes
from tests.routing import asking
from tests.routing.asking import KEY

DAY = timedelta(days=1)


def judge(lead: Lead, *, at: datetime) -> Judged:
    (judged,) = qualification.judge([lead.pk], at=at)
    lead.refresh_from_db()
    return judged


def say(lead: Lead, value: object, *, at: datetime, what: str = KEY, days: int = 30) -> None:
    assertions.record(
        lead,
        what=what,
        value=value,
        evidence="Their website says so.",
        by=recipes.person(),
        at=at,
        expires_at=at + days * DAY,
    )


@pytest.fixture
def asked(db: None, noon: datetime) -> None:
    asking.active(at=noon - 30 * DAY)


def test_a_lead_waits_when_the_answer_alone_is_missing(asked: None, noon: datetime) -> None:
    lead = recipes.engaged_lead(at=noon)

    judged = judge(lead, at=noon)

    assert judged.questions == (KEY,)
    assert lead.stage != "mql"


def test_nobody_is_asked_while_more_is_missing(asked: None, noon: datetime) -> None:
    assert judge(recipes.fitting_lead(at=noon), at=noon).questions == ()


def test_nobody_is_asked_about_a_lead_that_reaches_the_stage_another_way(
    asked: None, noon: datetime
) -> None:
    lead = recipes.demanding_lead(at=noon)

    assert judge(lead, at=noon).questions == ()
    assert lead.stage == "sql"


@pytest.mark.parametrize(("value", "stage"), [(True, "mql"), (False, "iql")])
def test_an_answer_ends_the_waiting(asked: None, noon: datetime, value: bool, stage: str) -> None:
    lead = recipes.engaged_lead(at=noon)
    judge(lead, at=noon)
    say(lead, value, at=noon)

    judged = judge(lead, at=noon)

    assert judged.questions == ()
    assert lead.stage == stage


@pytest.mark.parametrize("value", [True, False])
def test_an_answer_that_expired_is_asked_for_again(
    asked: None, noon: datetime, value: bool
) -> None:
    lead = recipes.engaged_lead(at=noon)
    say(lead, value, at=noon, days=5)
    judge(lead, at=noon)
    assert lead.reevaluate_at is not None
    assert lead.reevaluate_at <= noon + 5 * DAY

    assert judge(lead, at=noon + 5 * DAY).questions == (KEY,)


def test_of_two_questions_only_those_are_asked_that_are_needed(db: None, noon: datetime) -> None:
    asking.active(asking.content(keys=("one", "two")), at=noon - DAY)
    lead = recipes.engaged_lead(at=noon)
    assert judge(lead, at=noon).questions == ("one", "two")

    say(lead, True, at=noon, what="one")

    assert judge(lead, at=noon).questions == ("two",)


def test_what_only_sql_asks_for_is_left_to_sales(db: None, noon: datetime) -> None:
    asked = asking.content(stage="sql", paths=("standard", "direct"))
    asking.active(asked, at=noon - DAY)
    lead = recipes.courted_lead(at=noon)

    assert judge(lead, at=noon).questions == ()
    assert lead.stage == "mql"
