"""A signed version comes into force: at its date, once, for everybody concerned, told to both."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from crm_handoff import pipeline
from crm_handoff.people import roles
from crm_handoff.people.roles import Role
from definitions import versions
from definitions.enums import Side, VersionState
from definitions.models import DefinitionVersion
from leads import impacts, lifecycle, qualification
from leads.enums import Cause, Stage
from leads.models import Lead, PendingMark, StageTransition
from routing import defaults
from routing.models import Handoff, Notice
from tests import recipes
from tests.leads import editions
from tests.routing import sales

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def in_force(db: None, noon: datetime) -> DefinitionVersion:
    return editions.active(editions.mid_market(), at=noon - 365 * DAY)


@pytest.fixture
def sales_team(in_force: DefinitionVersion) -> None:
    defaults.load_defaults(manager=recipes.person("Mona Manager"))
    sales.team(sales.rep("Rita", capacity=1000), countries=[])


def signed(text: str, *, at: datetime) -> DefinitionVersion:
    return recipes.signed(text, at=at)


def stricter(plan: str = "requalify", **parts) -> str:
    return editions.mid_market(plan=plan, mql_touchpoints=3, **parts)


def drain(at: datetime) -> None:
    while pipeline.judge_pending(at=at):
        pass


def test_a_signed_version_without_a_date_comes_into_force_at_once(
    in_force: DefinitionVersion, noon: datetime
) -> None:
    version = signed(stricter(), at=noon)

    assert pipeline.put_due_in_force(at=noon) == 1

    version.refresh_from_db()
    in_force.refresh_from_db()
    assert (version.state, version.activated_at) == (VersionState.ACTIVE, noon)
    assert (in_force.state, in_force.retired_at) == (VersionState.RETIRED, noon)
    assert pipeline.put_due_in_force(at=noon) == 0


@pytest.mark.parametrize(
    ("after", "is_due"),
    [
        pytest.param(DAY - timedelta(microseconds=1), False, id="a moment early"),
        pytest.param(DAY, True, id="on the dot"),
        pytest.param(DAY + MINUTE, True, id="late"),
    ],
)
def test_a_version_waits_for_its_effective_date(
    in_force: DefinitionVersion, noon: datetime, after: timedelta, is_due: bool
) -> None:
    version = signed(stricter(effective_at=(noon + DAY).isoformat()), at=noon)

    pipeline.put_due_in_force(at=noon + after)

    version.refresh_from_db()
    assert (version.state == VersionState.ACTIVE) is is_due


def test_what_one_side_signed_does_not_come_into_force(
    in_force: DefinitionVersion, noon: datetime
) -> None:
    version = editions.draft(stricter())
    version.marketing_operator = version.sales_operator = version.author
    version.save()
    versions.submit(version, by=version.author, at=noon)
    versions.sign(version, side=Side.MARKETING, by=version.author, at=noon)

    assert pipeline.put_due_in_force(at=noon + DAY) == 0

    version.refresh_from_db()
    assert version.state == VersionState.IN_REVIEW


def test_both_teams_are_told_once(in_force: DefinitionVersion, noon: datetime) -> None:
    people = {}
    for role in Role:
        people[role] = recipes.person(f"{role.label} One")
        roles.grant(people[role], role)
    signed(stricter(), at=noon)

    pipeline.put_due_in_force(at=noon)

    told = Notice.objects.filter(kind="version_active").values_list("recipient", flat=True)
    assert sorted(told) == sorted(
        people[role].pk
        for role in (Role.MARKETING_LEAD, Role.SALES_MANAGER, Role.REVOPS, Role.REP)
    )


def test_everybody_before_sales_is_marked_behind_fresh_facts(
    sales_team: None, in_force: DefinitionVersion, noon: datetime
) -> None:
    engaged, demanding = recipes.engaged_lead(at=noon), recipes.demanding_lead(at=noon)
    won = recipes.engaged_lead(at=noon)
    drain(noon)
    lifecycle.move(won, Stage.WON, cause=Cause.EXTERNAL, at=noon)
    signed(stricter(), at=noon)

    pipeline.put_due_in_force(at=noon + HOUR)

    marks = PendingMark.objects.values_list("lead", "is_backlog")
    assert [*marks] == [(engaged.pk, True)]
    assert Handoff.objects.get().lead == demanding


def test_another_definition_s_leads_are_left_alone_while_the_segment_is_the_same(
    in_force: DefinitionVersion, noon: datetime
) -> None:
    editions.active(editions.enterprise(), at=noon - DAY)
    large = recipes.fitting_lead(at=noon, expected_acv=200_000, currency="USD")
    small = recipes.fitting_lead(at=noon, expected_acv=40_000, currency="USD")
    drain(noon)
    signed(editions.enterprise(mql_touchpoints=3), at=noon)

    pipeline.put_due_in_force(at=noon + HOUR)
    assert [*PendingMark.objects.values_list("lead", flat=True)] == [large.pk]
    drain(noon + HOUR)
    signed(editions.enterprise(segment=editions.HUGE), at=noon + HOUR)
    pipeline.put_due_in_force(at=noon + 2 * HOUR)

    assert {*PendingMark.objects.values_list("lead", flat=True)} == {large.pk, small.pk}


def test_open_handoffs_are_not_pulled_back(
    sales_team: None, in_force: DefinitionVersion, noon: datetime
) -> None:
    lead = recipes.demanding_lead(at=noon)
    drain(noon)
    no_direct_path = [rule for rule in editions.stages() if rule["path"] != "direct"]
    signed(editions.mid_market(plan="requalify", stages=no_direct_path), at=noon)

    pipeline.put_due_in_force(at=noon + HOUR)
    recipes.touch(lead, "whitepaper", at=noon + HOUR)
    drain(noon + HOUR)

    lead.refresh_from_db()
    handoff = Handoff.objects.get(lead=lead)
    assert (lead.stage, lead.version, lead.no_longer_meets) == (Stage.SQL, in_force, False)
    assert (handoff.status, handoff.version) == ("assigned", in_force)


def test_a_failed_activation_leaves_the_old_one_active_and_says_why(
    in_force: DefinitionVersion, noon: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    recipes.engaged_lead(at=noon)
    PendingMark.objects.all().delete()
    version = signed(stricter(), at=noon)
    with connection.cursor() as cursor:
        cursor.execute(
            "SET CONSTRAINTS ALL IMMEDIATE; "
            "ALTER TABLE leads_pendingmark ADD CONSTRAINT no_marks CHECK (NOT is_backlog)"
        )

    assert pipeline.put_due_in_force(at=noon) == 1

    version.refresh_from_db()
    in_force.refresh_from_db()
    assert (version.state, in_force.state) == (VersionState.SIGNED, VersionState.ACTIVE)
    assert "no_marks" in version.activation_problem
    assert version.activation_retry_at == noon + MINUTE
    assert {*Notice.objects.values_list("kind", "recipient")} == {
        ("activation_failed", version.marketing_operator_id),
        ("activation_failed", version.sales_operator_id),
    }
    assert pipeline.put_due_in_force(at=noon + MINUTE - timedelta(seconds=1)) == 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE leads_pendingmark DROP CONSTRAINT no_marks"
        )

    assert pipeline.put_due_in_force(at=noon + MINUTE) == 1

    version.refresh_from_db()
    assert (version.state, version.activation_problem) == (VersionState.ACTIVE, "")
    assert version.activation_retry_at is None


def test_a_failed_activation_holds_up_no_other(
    in_force: DefinitionVersion, noon: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = signed(stricter(), at=noon), signed(editions.enterprise(), at=noon)
    with connection.cursor() as cursor:
        cursor.execute(
            "SET CONSTRAINTS ALL IMMEDIATE; "
            "ALTER TABLE definitions_definitionversion ADD CONSTRAINT not_this "
            f"CHECK (id <> {bad.pk} OR state <> 'active')"
        )

    assert pipeline.put_due_in_force(at=noon) == 2

    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.state, good.state) == (VersionState.SIGNED, VersionState.ACTIVE)


def test_withdrawing_forgets_that_it_failed(in_force: DefinitionVersion, noon: datetime) -> None:
    version = signed(stricter(), at=noon)
    versions.postpone(version.pk, problem="A table was locked.", at=noon)
    version.refresh_from_db()

    versions.withdraw(version, by=version.author)

    version.refresh_from_db()
    assert (version.activation_problem, version.activation_retry_at) == ("", None)


@pytest.mark.django_db(transaction=True)
def test_two_relays_put_a_version_in_force_once(noon: datetime) -> None:
    editions.active(editions.mid_market(), at=noon - DAY)
    lead = recipes.engaged_lead(at=noon)
    PendingMark.objects.all().delete()
    version = signed(stricter(), at=noon)
    both_are_ready = Barrier(2)
    tried: list[int] = []

    def look() -> None:
        try:
            both_are_ready.wait(timeout=20)
            tried.append(pipeline.put_due_in_force())
        finally:
            connection.close()

    relays = [Thread(target=look) for _ in range(2)]
    for relay in relays:
        relay.start()
    for relay in relays:
        relay.join()

    version.refresh_from_db()
    assert (version.state, version.activation_problem) == (VersionState.ACTIVE, "")
    assert [*PendingMark.objects.values_list("lead", flat=True)] == [lead.pk]
    assert sum(tried) == 1


def test_fresh_facts_are_judged_before_the_backlog_of_an_activation(
    sales_team: None, in_force: DefinitionVersion, noon: datetime
) -> None:
    crowd = [recipes.engaged_lead(at=noon) for _ in range(6)]
    drain(noon)
    signed(stricter(), at=noon)
    pipeline.put_due_in_force(at=noon)
    newcomer = recipes.known_lead(at=noon + MINUTE)

    with transaction.atomic():
        first = [one.lead_id for one in qualification.claim(limit=3, due_by=noon + MINUTE)]
        fresh = qualification.claim(limit=10, due_by=noon + MINUTE, is_fresh=True)

    assert first == [newcomer.pk, crowd[0].pk, crowd[1].pk]
    assert [one.lead_id for one in fresh] == [newcomer.pk]


def test_fresh_facts_do_not_wait_for_the_handovers_of_the_backlog(
    sales_team: None, in_force: DefinitionVersion, noon: datetime, monkeypatch
) -> None:
    """Many are handed over at once; somebody else qualifies meanwhile."""
    for _ in range(4):
        recipes.engaged_lead(at=noon)
    drain(noon)
    signed(editions.mid_market(plan="requalify", is_sales_confirmed=True), at=noon)
    pipeline.put_due_in_force(at=noon)
    hand_over = pipeline.hand_over
    newcomers: list[Lead] = []

    def hand_over_while_one_comes(lead_id: int, **given) -> None:
        if not newcomers:
            newcomers.append(recipes.engaged_lead(at=noon))
        hand_over(lead_id, **given)

    monkeypatch.setattr(pipeline, "hand_over", hand_over_while_one_comes)

    assert pipeline.judge_pending(at=noon) == 4

    in_order = [*Handoff.objects.order_by("pk").values_list("lead", flat=True)]
    assert len(in_order) == 5
    assert in_order.index(newcomers[0].pk) == 2


@dataclass(frozen=True)
class Story:
    """What a lead is and did before the new version."""

    acv: int | None
    title: str
    kinds: tuple[str, ...]
    is_recycled: bool
    later: tuple[str, ...]


KINDS = ("whitepaper", "webinar_attended", "pricing_page_view", "demo_request", "unsubscribe")

STORIES = st.builds(
    Story,
    acv=st.sampled_from([None, 50_000, 200_000]),
    title=st.sampled_from(["Chief Technology Officer", "Head of IT", "Student"]),
    kinds=st.lists(st.sampled_from(KINDS), max_size=5).map(tuple),
    is_recycled=st.booleans(),
    later=st.lists(st.sampled_from(KINDS), max_size=2).map(tuple),
)

CHANGES = st.fixed_dictionaries(
    {
        "mql_touchpoints": st.sampled_from([2, 3]),
        "sql_touchpoints": st.sampled_from([3, 5]),
        "is_sales_confirmed": st.booleans(),
    }
)


SEGMENTS = st.sampled_from([None, editions.LARGE, editions.HUGE])
"""None: the catch-all."""


@settings(
    max_examples=12,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(stories=st.lists(STORIES, min_size=4, max_size=8), changes=CHANGES, segment=SEGMENTS)
@pytest.mark.parametrize(
    "plan", [{"plan": "grandfather"}, {"plan": "requalify"}, {"plan": "sunset", "days": 9}]
)
def test_the_impact_is_to_the_lead_what_activation_does(
    sales_team: None, rita, noon: datetime, plan, stories, changes, segment
) -> None:
    """Of the catch-all, or of the version for large business with the same or another segment."""
    make = editions.enterprise if segment else editions.mid_market
    changes = changes | plan | ({"segment": segment} if segment else {})
    with transaction.atomic():
        editions.active(editions.enterprise(), at=noon - 100 * DAY)
        for story in stories:
            _live(story, by=rita, at=noon)
        drain(noon)
        _check_impact(make(**changes), at=noon)
        transaction.set_rollback(True)


def _check_impact(text: str, *, at: datetime) -> None:
    version = signed(text, at=at)
    instant = at + MINUTE
    before = {lead.pk: lead for lead in Lead.objects.all()}
    handed = {*Handoff.objects.values_list("lead", flat=True)}
    impact = impacts.ask(version, by=version.author, at=instant)
    while impacts.work():
        pass

    pipeline.put_due_in_force(at=instant)
    drain(instant)

    lines = {line.lead_id: line for line in impact.lines.all()}
    after = {lead.pk: lead for lead in Lead.objects.all()}
    assert {pk for pk, line in lines.items() if line.is_handoff} == (
        {*Handoff.objects.values_list("lead", flat=True)} - handed
    )
    moved = StageTransition.objects.filter(at=instant)
    assert {pk for pk, line in lines.items() if line.change == "up"} == {
        *moved.values_list("lead", flat=True)
    }
    for pk, was in before.items():
        line, now = lines.get(pk), after[pk]
        assert now.stage == (line.stage_after if line else was.stage)
        assert line is None or now.version_id == line.version_after_id
        if was.stage in ("mql", "pql") and not (line and line.change == "up"):
            flips = line is not None and line.change in ("no_longer", "meets_again")
            assert (was.no_longer_meets != now.no_longer_meets) is flips


def _live(story: Story, *, by, at: datetime) -> None:
    said = {} if story.acv is None else {"expected_acv": story.acv, "currency": "USD"}
    lead = recipes.fitting_lead(at=at - 20 * DAY, job_title=story.title, **said)
    for number, kind in enumerate(story.kinds):
        recipes.touch(lead, kind, at=at - (10 - number) * DAY)
    drain(at - 5 * DAY)
    lead.refresh_from_db()
    if story.is_recycled and lead.stage in ("mql", "sql") and not lead.handoffs.exists():
        lifecycle.move(lead, Stage.RECYCLED, cause=Cause.REJECT, at=at - 4 * DAY, by=by)
        lifecycle.cool_off(lead, until=at - 2 * DAY if story.later else at + DAY)
    for kind in story.later:
        recipes.touch(lead, kind, at=at - DAY)
