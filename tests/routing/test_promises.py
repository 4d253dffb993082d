"""Which term applies, and when it falls due."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from definitions.enums import Milestone
from definitions.models import SlaTerm
from routing import calendar, promises
from routing.calendar import BusinessHours, Window
from routing.enums import StepKind
from tests.routing.clockwork import DAY, HOUR, MINUTE, agreement, judgment, office

BERLIN = ZoneInfo("Europe/Berlin")
NINE_TO_FIVE = BusinessHours(
    zone="Europe/Berlin",
    windows=tuple(Window(weekday, time(9), time(17)) for weekday in range(5)),
    country="DE",
)
NIGHT_SHIFT = BusinessHours(
    zone="Europe/Berlin",
    windows=tuple(Window(weekday, time(22), time(6)) for weekday in range(7)),
)


def berlin(*when: int, fold: int = 0) -> datetime:
    return datetime(*when, tzinfo=BERLIN, fold=fold)


@pytest.mark.parametrize(
    ("judged", "key"),
    [
        ({"met": ["demo_requested"]}, "demo_request"),
        ({"met": ["something_else"]}, "other"),
        ({"points": 60}, "high_score"),
        ({"points": 59.99}, "other"),
        ({"stage": "mql", "points": 99}, "behavioral"),
        ({"stage": "mql", "met": ["demo_requested"]}, "demo_request"),
        ({"stage": "pql", "path": "product_led"}, "product"),
        ({"stage": "pql", "path": "standard"}, "other"),
    ],
)
@pytest.mark.django_db
def test_term_for_takes_the_first_whose_conditions_all_hold(judged: dict, key: str) -> None:
    version = agreement()

    term = promises.term_for(
        version, milestone=Milestone.FIRST_RESPONSE, evaluation=judgment(version, **judged)
    )

    assert term is not None
    assert term.key == key


@pytest.mark.django_db
def test_term_for_finds_none_of_a_milestone_that_is_not_promised() -> None:
    version = agreement()

    assert (
        promises.term_for(
            version, milestone=Milestone.ACCEPTANCE, evaluation=judgment(version, met=["x"])
        )
        is None
    )


@pytest.mark.django_db
def test_calendar_for_is_the_terms_own_when_that_exists_and_else_the_default() -> None:
    default, night = office(), office(key="night-shift")
    version = agreement(
        {
            "night": {
                "when_stage": "mql",
                "calendar_key": "night-shift",
                "respond_within": HOUR,
            },
            "unknown": {
                "when_stage": "pql",
                "calendar_key": "not-set-up",
                "respond_within": HOUR,
            },
            "other": {"respond_within": HOUR},
        }
    )

    chosen = {
        stage: promises.calendar_for(
            version, evaluation=judgment(version, stage=stage), default=default
        )
        for stage in ("mql", "pql", "sql")
    }

    assert chosen == {"mql": night, "pql": default, "sql": default}


@pytest.mark.parametrize(
    ("hours", "within", "starts", "due"),
    [
        pytest.param(
            NINE_TO_FIVE,
            5 * MINUTE,
            berlin(2026, 1, 16, 16, 58),
            berlin(2026, 1, 19, 9, 3),
            id="Friday 16:58, five minutes: Monday 09:03",
        ),
        pytest.param(
            NINE_TO_FIVE,
            5 * MINUTE,
            berlin(2026, 1, 16, 16, 55),
            berlin(2026, 1, 16, 17),
            id="Friday 16:55, five minutes: at the closing, not on Monday",
        ),
        pytest.param(
            NINE_TO_FIVE,
            HOUR,
            berlin(2026, 1, 17, 11),
            berlin(2026, 1, 19, 10),
            id="Saturday, one hour: Monday 10:00",
        ),
        pytest.param(
            NINE_TO_FIVE,
            HOUR,
            berlin(2026, 4, 2, 16, 30),
            berlin(2026, 4, 7, 9, 30),
            id="the eve of Good Friday, one hour: Tuesday after Easter",
        ),
        pytest.param(
            NIGHT_SHIFT,
            HOUR,
            berlin(2026, 3, 29, 1, 30),
            berlin(2026, 3, 29, 3, 30),
            id="the night clocks go forward: 01:30 and an hour is 03:30",
        ),
        pytest.param(
            NIGHT_SHIFT,
            HOUR,
            berlin(2026, 10, 25, 2, 30),
            berlin(2026, 10, 25, 2, 30, fold=1),
            id="the night clocks go back: 02:30 and an hour is 02:30 again",
        ),
    ],
)
def test_plan_counts_open_hours(
    hours: BusinessHours, within: timedelta, starts: datetime, due: datetime
) -> None:
    plan = promises.plan(SlaTerm(respond_within=within), hours=hours, start=starts)

    assert plan.due_at == due.astimezone(UTC)


def test_plan_is_due_at_the_backstop_when_that_is_earlier() -> None:
    term = SlaTerm(respond_within=5 * MINUTE, at_latest_within=DAY)

    plan = promises.plan(term, hours=NINE_TO_FIVE, start=berlin(2026, 1, 16, 16, 58))

    assert plan.promised_at == berlin(2026, 1, 19, 9, 3)
    assert plan.due_at == plan.backstop_at == berlin(2026, 1, 17, 16, 58)


def test_plan_warns_at_its_share_and_acts_after_the_breach_in_the_same_hours() -> None:
    term = SlaTerm(
        respond_within=4 * HOUR, escalate_after=HOUR, reassign_after=3 * HOUR, warn_at_pct=25
    )

    plan = promises.plan(term, hours=NINE_TO_FIVE, start=berlin(2026, 1, 15, 12))

    assert plan.steps == {
        (StepKind.WARN, 1): berlin(2026, 1, 15, 13),
        (StepKind.BREACH, 1): berlin(2026, 1, 15, 16),
        (StepKind.ESCALATE, 1): berlin(2026, 1, 15, 17),
        (StepKind.REASSIGN, 1): berlin(2026, 1, 16, 11),
    }


def test_plan_has_no_step_that_the_term_does_not_name() -> None:
    plan = promises.plan(
        SlaTerm(respond_within=HOUR), hours=NINE_TO_FIVE, start=berlin(2026, 1, 15, 12)
    )

    assert set(plan.steps) == {(StepKind.WARN, 1), (StepKind.BREACH, 1)}


minutes = st.integers(min_value=1, max_value=3_000).map(lambda count: count * MINUTE)


@settings(max_examples=150, deadline=None)
@given(
    start=st.datetimes(
        min_value=datetime(2026, 1, 1),  # noqa: DTZ001  # hypothesis wants it naive
        max_value=datetime(2027, 1, 1),  # noqa: DTZ001
        timezones=st.just(UTC),
    ),
    within=minutes,
    at_latest=st.none() | minutes,
    escalate=minutes,
    pct=st.integers(min_value=1, max_value=99),
    hours=st.sampled_from([NINE_TO_FIVE, NIGHT_SHIFT, calendar.always_open()]),
)
def test_plan_keeps_its_promise_and_its_order(
    start: datetime,
    within: timedelta,
    at_latest: timedelta | None,
    escalate: timedelta,
    pct: int,
    hours: BusinessHours,
) -> None:
    term = SlaTerm(
        respond_within=within,
        at_latest_within=at_latest,
        escalate_after=escalate,
        warn_at_pct=pct,
    )

    plan = promises.plan(term, hours=hours, start=start)

    assert calendar.elapsed(hours, start=start, end=plan.promised_at) == within
    assert plan.due_at == min(filter(None, (plan.promised_at, plan.backstop_at)))
    assert start <= plan.steps[StepKind.WARN, 1] <= plan.due_at
    assert plan.steps[StepKind.BREACH, 1] == plan.due_at < plan.steps[StepKind.ESCALATE, 1]
