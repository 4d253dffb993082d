"""What is missing: the smallest change that reaches the next stage, judged before it is told."""

from collections import Counter
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import yaml
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leads import assertions, imagined, lifecycle, outlook, plans, qualification
from leads.enums import Cause, Stage
from leads.models import Assertion, Evaluation, Lead, PendingMark, StageTransition, Touchpoint
from leads.outlook import Goal, Outlook, Status, outlook_of
from leads.plans import Act
from tests import recipes

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
UTC = ZoneInfo("UTC")


def judged(lead: Lead, at: datetime) -> Lead:
    qualification.judge([lead.pk], at=at)
    lead.refresh_from_db()
    return lead


def look(lead: Lead, at: datetime) -> Outlook:
    lead.refresh_from_db()
    return outlook_of(lead, at=at)


def goal_of(lead: Lead, at: datetime, stage: str = "sql") -> Goal:
    return next(goal for goal in look(lead, at).goals if goal.stage == stage)


def do(lead: Lead, acts, *, end: datetime, by) -> None:
    """Do for real what an outlook proposed, through the doors by which facts come in."""
    for act in acts:
        at = imagined.instant_of(act, end=end, zone=UTC)
        if act.kind:
            recipes.touch(lead, act.kind, at=at, channel=act.channel)
        else:
            assertions.record(
                lead, what=act.what, value=act.value, evidence="She said so.", by=by, at=at
            )


def reached(lead: Lead, acts, *, end: datetime, by) -> str:
    """Say which stage the lead reaches when it does this; taken back afterwards."""
    with transaction.atomic():
        do(lead, acts, end=end, by=by)
        (one,) = qualification.judge([lead.pk], at=end)
        transaction.set_rollback(True)
    return one.lead.stage


def test_a_demo_request_is_all_that_a_fitting_decision_maker_is_missing(active_version, noon):
    lead = judged(recipes.engaged_lead(at=noon), noon)

    (goal,) = look(lead, noon).goals

    assert (goal.stage, goal.reaches, goal.path) == ("sql", "sql", "direct")
    (act,) = goal.acts
    assert active_version.day_zone == "UTC"
    assert act.kind in {"demo_request", "contact_sales_form", "trial_request"}
    assert len(act.others) == 2
    assert goal.by is None, "a demo request made later suffices as well"


def test_one_more_touchpoint_makes_an_mql_for_as_long_as_the_first_one_counts(
    active_version, noon
):
    lead = recipes.fitting_lead(at=noon - 10 * DAY)
    recipes.touch(lead, "whitepaper", at=noon - 10 * DAY)
    judged(lead, noon)

    goal = goal_of(lead, noon, "mql")

    assert [act.kind for act in goal.acts] == ["page_view"]
    assert (goal.reaches, goal.path) == ("mql", "standard")
    assert goal.by == noon + 20 * DAY - timedelta(microseconds=1)


def test_the_next_stage_and_the_handoff_are_told_apart(active_version, noon):
    lead = judged(recipes.fitting_lead(at=noon), noon)

    goals = look(lead, noon).goals

    assert [(goal.stage, goal.reaches, len(goal.acts)) for goal in goals] == [
        ("iql", "iql", 1),
        ("sql", "sql", 1),
    ]


def test_an_influencer_may_be_confirmed_a_member_of_the_buying_team(active_version, noon):
    lead = recipes.known_lead(
        at=noon - DAY, account=recipes.TARGET_COMPANY, job_title="Head of IT"
    )
    recipes.touch(lead, "demo_request", at=noon - HOUR)
    judged(lead, noon)

    goal = goal_of(lead, noon)

    assert [(act.what, act.value) for act in goal.acts] == [("buying_team_confirmed", True)]
    assert goal.by == noon - HOUR + 30 * DAY - timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("account", "seen", "is_known"),
    [
        ({"employee_count": 12, "industry": "software"}, 12, True),
        ({"industry": "software"}, None, False),
    ],
    ids=["too small", "size not known"],
)
def test_when_fit_fails_it_says_so_and_proposes_nothing(
    active_version, noon, account, seen, is_known
):
    lead = recipes.known_lead(at=noon - DAY, account=account, **recipes.DECISION_MAKER)
    recipes.touch(lead, "demo_request", at=noon - HOUR)
    judged(lead, noon)

    goal = goal_of(lead, noon)

    assert goal.acts == ()
    (blocker,) = goal.blockers
    assert (blocker.criterion.key, blocker.seen) == ("company_size", seen)
    assert blocker.is_known is is_known


def test_whoever_is_on_the_do_not_pass_list_is_told_so_and_nothing_is_proposed(
    active_version, noon
):
    student = {"job_title": "Student"}
    lead = recipes.known_lead(at=noon - DAY, account=recipes.TARGET_COMPANY, **student)
    recipes.touch(lead, "demo_request", at=noon - MINUTE)
    judged(lead, noon)

    goal = goal_of(lead, noon)

    assert goal.acts == ()
    assert [one.criterion.key for one in goal.blockers] == ["student"]
    assert lead.stage == Stage.IQL


def test_a_lead_in_the_hands_of_sales_is_missing_nothing(active_version, noon):
    lead = judged(recipes.demanding_lead(at=noon), noon)

    assert look(lead, noon).status == Status.COMPLETE


@pytest.mark.parametrize("stage", ["won", "lost", "disqualified"])
def test_a_lead_that_came_to_an_end_is_missing_nothing(active_version, noon, stage):
    lead = judged(recipes.engaged_lead(at=noon), noon)
    Lead.objects.filter(pk=lead.pk).update(stage=stage)

    assert look(lead, noon).status == Status.COMPLETE


def test_without_an_active_version_there_is_nothing_to_reach(db, noon):
    lead = recipes.known_lead(at=noon)

    assert look(lead, noon) == Outlook(Status.UNJUDGED)


def test_a_lead_that_is_about_to_be_judged_is_due(active_version, noon):
    lead = recipes.demanding_lead(at=noon)

    assert all(goal.is_due for goal in look(lead, noon).goals)


def recycle(lead: Lead, at: datetime, by, *, accused=(), is_firm=False) -> None:
    lifecycle.move(lead, Stage.RECYCLED, cause=Cause.REJECT, at=at, by=by)
    lifecycle.cool_off(lead, until=at + 30 * DAY, accused=accused, is_firm=is_firm)


@pytest.mark.parametrize("is_firm", [False, True])
def test_a_lead_that_cools_off_rests_until_then(active_version, noon, rita, is_firm):
    lead = judged(recipes.demanding_lead(at=noon), noon)
    recycle(lead, noon + HOUR, rita, is_firm=is_firm)

    found = look(lead, noon + DAY)

    assert (found.status, found.goals) == (Status.RESTING, ())
    assert (found.until, found.is_firm) == (noon + HOUR + 30 * DAY, is_firm)


def test_a_recycled_lead_returns_with_something_new(active_version, noon, rita):
    lead = judged(recipes.demanding_lead(at=noon), noon)
    recycle(lead, noon, rita)
    later = noon + 31 * DAY
    judged(lead, later)

    goal = goal_of(lead, later)

    assert goal.acts
    assert reached(lead, goal.acts, end=goal.earliest, by=rita) == goal.reaches == "sql"


def test_a_recycled_lead_that_still_meets_returns_with_any_sign_of_life(
    active_version, noon, rita
):
    lead = judged(recipes.demanding_lead(at=noon), noon)
    lifecycle.move(lead, Stage.RECYCLED, cause=Cause.REJECT, at=noon, by=rita)
    lifecycle.cool_off(lead, until=noon + DAY)
    judged(lead, noon + 2 * DAY)

    goal = goal_of(lead, noon + 2 * DAY)

    assert [act.kind for act in goal.acts] == ["page_view"]


def test_a_lead_recycled_for_its_fit_does_not_return_by_what_it_does(active_version, noon, rita):
    lead = judged(recipes.demanding_lead(at=noon), noon)
    recycle(lead, noon, rita, accused=("fit",))
    later = noon + 31 * DAY
    judged(lead, later)

    goal = goal_of(lead, later)

    assert (goal.acts, goal.accused) == ((), ("fit",))


def test_a_lead_recycled_for_its_authority_returns_once_that_is_confirmed(
    active_version, noon, rita
):
    lead = judged(recipes.demanding_lead(at=noon), noon)
    recycle(lead, noon, rita, accused=("authority",))
    later = noon + 31 * DAY
    judged(lead, later)

    goal = goal_of(lead, later)

    assert {act.what for act in goal.acts} == {"", "buying_team_confirmed"}
    assert reached(lead, goal.acts, end=goal.earliest, by=rita) == goal.reaches == "sql"


STANDARD_ALONE = """
- stage: sql
  path: direct
  fit: in
  intent: high
  authority: decision_maker
  criteria: [direct_action]
"""


@pytest.fixture
def standard_version(db, noon):
    """The shipped definition without its direct path: engagement is asked of everybody."""
    text = recipes.shipped_text()
    assert STANDARD_ALONE in text
    return recipes.signed_and_active(text.replace(STANDARD_ALONE, "\n"), at=noon - 365 * DAY)


def test_a_second_channel_is_asked_for_where_one_is_missing(standard_version, noon, rita):
    lead = recipes.fitting_lead(at=noon - 20 * DAY)
    for days in (3, 4, 5):
        recipes.touch(lead, "page_view", at=noon - days * DAY, channel="form")
    recipes.touch(lead, "demo_request", at=noon - 2 * DAY, channel="form")
    judged(lead, noon)

    goal = goal_of(lead, noon)

    (act,) = goal.acts
    assert act.is_new_channel
    assert act.channel != "form"
    assert not act.is_new_day
    assert goal.by == noon + 26 * DAY - timedelta(microseconds=1)


def test_a_second_day_is_asked_for_where_all_happened_today(standard_version, noon, rita):
    lead = recipes.fitting_lead(at=noon - 20 * DAY)
    for hours in (1, 2, 3):
        recipes.touch(lead, "email_click", at=noon - hours * HOUR)
    recipes.touch(lead, "demo_request", at=noon - HOUR)
    judged(lead, noon)

    goal = goal_of(lead, noon)

    (act,) = goal.acts
    assert act.is_new_day
    assert goal.earliest == noon + DAY
    assert reached(lead, goal.acts, end=noon, by=rita) == "mql"
    assert reached(lead, goal.acts, end=goal.earliest, by=rita) == "sql"


def test_days_are_spread_where_two_are_missing(standard_version, noon, rita):
    lead = judged(recipes.fitting_lead(at=noon - 20 * DAY), noon)

    goal = goal_of(lead, noon)

    assert len(goal.acts) == 4
    assert sum(act.is_new_day for act in goal.acts) == 2
    assert sum(act.is_new_channel for act in goal.acts) == 2
    assert goal.earliest == noon + DAY
    assert reached(lead, goal.acts, end=goal.earliest, by=rita) == "sql"


def test_points_are_made_up_where_a_path_wants_them(db, noon, rita):
    content = yaml.safe_load(recipes.shipped_text())
    for rule in content["stages"][1:3]:
        rule["min_points"] = 30
    recipes.signed_and_active(yaml.safe_dump(content, sort_keys=False), at=noon - 365 * DAY)
    lead = recipes.fitting_lead(at=noon - 20 * DAY, job_title="Head of IT")
    recipes.touch(lead, "whitepaper", at=noon - DAY)
    judged(lead, noon)

    goal = goal_of(lead, noon, "mql")

    assert goal.acts
    assert lifecycle.RANKS[goal.reaches] >= lifecycle.RANKS["mql"]
    assert reached(lead, goal.acts, end=goal.earliest, by=rita) == goal.reaches


def test_nothing_of_a_look_is_kept(active_version, noon):
    lead = recipes.fitting_lead(at=noon - 10 * DAY)
    recipes.touch(lead, "whitepaper", at=noon - 10 * DAY)
    judged(lead, noon)
    models = (Touchpoint, Assertion, Evaluation, StageTransition, PendingMark)
    before = [model.objects.count() for model in models], Lead.objects.values().get()

    assert look(lead, noon).goals

    assert ([model.objects.count() for model in models], Lead.objects.values().get()) == before


def test_a_look_at_a_long_history_asks_the_database_a_bounded_number_of_times(
    active_version, noon
):
    lead = recipes.fitting_lead(at=noon - 30 * DAY)
    for hours in range(1, 120):
        recipes.touch(lead, "unsubscribe", at=noon - hours * HOUR)
    judged(lead, noon)

    with CaptureQueriesContext(connection) as asked:
        assert look(lead, noon).goals

    assert len(asked) < 500


def test_a_lead_that_would_take_too_many_judgements_is_told_nothing(
    active_version, noon, monkeypatch
):
    monkeypatch.setattr(outlook, "MOST_JUDGEMENTS", 1)
    lead = judged(recipes.fitting_lead(at=noon), noon)

    assert {(goal.acts, goal.blockers) for goal in look(lead, noon).goals} == {((), ())}


KINDS = ("page_view", "whitepaper", "demo_request", "pricing_page_view", "unsubscribe", "chat")
COMPANIES = st.sampled_from(
    [
        recipes.TARGET_COMPANY,
        {"employee_count": 30, "industry": "software"},
        {"employee_count": 30_000, "industry": "software"},
        {"industry": "software"},
        {"employee_count": 300, "industry": "mining"},
        {"employee_count": 12, "industry": "mining", "is_target": True},
    ]
)
TITLES = st.sampled_from(["CTO", "Head of IT", "Analyst", "Student", ""])
HISTORY = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(0, 40), st.integers(0, 23)), max_size=7
)
ENOUGH = (
    *[Act(kind="demo_request", channel="form", days_before=days) for days in (0, 1, 2)],
    *[Act(kind="product_page_view", channel="web", days_before=days) for days in (0, 1, 2)],
    *[Act(kind="webinar_attended", channel="event", days_before=days) for days in (0, 1)],
    Act(what="buying_team_confirmed", value=True),
)
"""Whatever a lead can do that the shipped definitions ask for, and more of it."""


def proposals(lead: Lead, noon: datetime) -> tuple[Goal, ...]:
    judged(lead, noon)
    return look(lead, noon).goals


@pytest.mark.parametrize(
    "definition", ["active_version", "standard_version", "sales_confirmed_version"]
)
@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(happened=HISTORY, company=COMPANIES, title=TITLES)
def test_what_is_proposed_reaches_the_stage_and_no_part_of_it_does(
    definition, request, noon, rita, happened, company, title
):
    request.getfixturevalue(definition)
    lead = recipes.known_lead(at=noon - 50 * DAY, account=company, job_title=title)
    for kind, days, hours in happened:
        recipes.touch(lead, kind, at=noon - days * DAY - hours * HOUR)

    for goal in proposals(lead, noon):
        rank = lifecycle.RANKS[goal.stage]
        if not goal.acts:
            stage = reached(lead, ENOUGH, end=noon + 3 * DAY, by=rita)
            assert lifecycle.RANKS.get(stage, 0) < rank
            assert goal.blockers
            continue
        assert reached(lead, goal.acts, end=goal.earliest, by=rita) == goal.reaches
        assert lifecycle.RANKS[goal.reaches] >= rank
        for part in plans.smaller(goal.acts):
            if Counter(part) != Counter(goal.acts):
                stage = reached(lead, part, end=goal.earliest, by=rita)
                assert lifecycle.RANKS.get(stage, 0) < rank
        if goal.by:
            stage = reached(lead, goal.acts, end=goal.by, by=rita)
            assert lifecycle.RANKS[stage] >= rank
            later = reached(lead, goal.acts, end=goal.by + timedelta(microseconds=1), by=rita)
            assert lifecycle.RANKS.get(later, 0) < rank
