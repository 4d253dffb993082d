"""Each invariant finds what it is about, planted past the guards, and nothing on sound data."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from crm_handoff import invariants
from crm_handoff.integrations.models import Delivery
from crm_handoff.models import User
from definitions.models import DefinitionVersion
from leads.enums import Stage
from leads.models import Lead, PendingMark, StageTransition
from routing import escalation, timers
from routing.invariants import Check, violations
from routing.models import (
    Absence,
    Assignment,
    BusinessCalendar,
    FloorCheck,
    Handoff,
    Notice,
    Rejection,
    RejectionReason,
    Rep,
    ReviewTask,
    RoomMark,
    RoutingDecision,
    RoutingPlan,
    RoutingRule,
    SlaEvent,
    SlaTimer,
    SlaTimerStep,
    Suspension,
    TerritoryMembership,
)
from tests.routing import clockwork, sales
from tests.routing.clockwork import MINUTE, NOON, person
from tests.routing.test_timers import response, started

pytestmark = pytest.mark.django_db

AT = NOON + 2 * MINUTE
SECOND = timedelta(seconds=1)


def found(at: datetime = AT) -> dict[str, list[dict[str, object]]]:
    # Planting past a guard takes it away, which is a violation of its own.
    return {
        check.name: rows
        for check, rows in invariants.violated(at=at).items()
        if check.name != "guard_missing"
    }


def unguarded(table: str, *statements: str) -> None:
    """Take the guards of a table away until the test's transaction is rolled back."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for statement in statements:
            cursor.execute(statement)


def drop(table: str, constraint: str) -> str:
    return f"ALTER TABLE {table} DROP CONSTRAINT {constraint}"


def two_open_handoffs() -> None:
    first = started()
    unguarded("routing_handoff", "DROP INDEX one_open_handoff_per_lead")
    clockwork.handoff(first.evaluation, holder=clockwork.rep(), calendar=first.calendar)


def reached_sql(cause: str = "evaluation") -> Lead:
    evaluation = clockwork.judgment(clockwork.agreement())
    lead = evaluation.lead
    Lead.objects.filter(pk=lead.pk).update(stage=Stage.SQL, version=evaluation.version)
    StageTransition.objects.create(
        lead=lead,
        from_stage=Stage.NEW,
        to_stage=Stage.SQL,
        cause=cause,
        evaluation=evaluation,
        at=NOON,
    )
    return lead


def open_handoff_without_owner() -> None:
    handoff = started()
    unguarded("routing_handoff", drop("routing_handoff", "open_handoff_has_one_owner"))
    Handoff.objects.filter(pk=handoff.pk).update(rep=None)


def owner_not_in_history() -> None:
    handoff = started()
    Assignment.objects.filter(handoff=handoff).update(ended_at=NOON)


def not_one_response_clock() -> None:
    started()
    unguarded("routing_slatimer")
    SlaTimer.objects.update(state="cancelled")


def question_without_clock() -> None:
    version = clockwork.agreement()
    ReviewTask.objects.create(
        lead=Lead.objects.create(last_name="Asked about"),
        version=version,
        key="ideal_customer",
        question="Is it an ideal customer?",
        side="marketing",
        valid_days=30,
        owner=version.author,
        opened_at=NOON,
    )


def load_not_counted() -> None:
    started()
    unguarded("routing_rep")
    Rep.objects.update(open_count=7)


def rep_over_capacity() -> None:
    started()
    unguarded("routing_rep", drop("routing_rep", "rep_within_capacity"))
    Rep.objects.update(open_count=31)


def owner_outside_territory() -> None:
    handoff = started()
    land = clockwork.territory(clockwork.rep("Somebody else"))
    Handoff.objects.filter(pk=handoff.pk).update(territory=land)
    RoutingDecision.objects.create(
        handoff=handoff,
        at=AT,
        rule="territory",
        rep=handoff.rep,
        inputs={},
        outcomes=[],
        candidates=[],
        why="Rotation",
    )


def pending_too_long() -> None:
    lead = Lead.objects.create(last_name="Waiting")
    PendingMark.objects.create(lead=lead, marked_at=AT - 31 * SECOND)


def backlog_too_long() -> None:
    lead = Lead.objects.create(last_name="Waiting")
    PendingMark.objects.create(lead=lead, marked_at=AT - timedelta(minutes=61), is_backlog=True)


def step_overdue() -> None:
    SlaTimerStep.objects.filter(timer=response(started()), kind="warn").update(
        due_at=AT - 16 * SECOND
    )


def step_fired_early() -> None:
    timer = response(started())
    unguarded("routing_slatimerstep", drop("routing_slatimerstep", "step_never_fires_early"))
    timer.steps.filter(kind="escalate").update(state="fired", fired_at=NOON)


def step_not_in_ledger() -> None:
    response(started()).steps.filter(kind="warn").update(state="fired", fired_at=NOON + 3 * MINUTE)


def breach_disagrees() -> None:
    SlaTimer.objects.filter(pk=response(started()).pk).update(state="breached", breached_at=AT)


def activated(version: DefinitionVersion) -> None:
    content = "agreed"
    DefinitionVersion.objects.filter(pk=version.pk).update(
        state="active",
        content=content,
        content_hash=sha256(content.encode()).hexdigest(),
        activated_at=NOON,
    )


def version_not_signed() -> None:
    version = clockwork.agreement()
    unguarded("definitions_definitionversion")
    activated(version)


def two_active_versions() -> None:
    first = clockwork.agreement()
    second = clockwork.agreement(definition=first.definition, number=2)
    unguarded("definitions_definitionversion", "DROP INDEX one_active_version_per_definition")
    activated(first)
    activated(second)


def rejection_without_comment() -> None:
    handoff = started()
    unguarded("routing_rejection", drop("routing_rejection", "rejection_has_a_comment"))
    reason = RejectionReason.objects.create(key="other", name="Other", category="other")
    Rejection.objects.create(handoff=handoff, reason=reason, comment=" \n", by=person(), at=AT)


def notice_not_handled() -> None:
    Notice.objects.create(key="one", kind="assigned", recipient=person(), at=AT - 31 * SECOND)


def delivery_overdue() -> None:
    Delivery.objects.create(
        key="one", channel="email", address="a@b.c", payload={}, next_at=AT - 61 * SECOND
    )


def handed_back_unsaid() -> None:
    former = started()
    reason = RejectionReason.objects.create(key="other", name="Other", category="other")
    Rejection.objects.create(handoff=former, reason=reason, comment="No.", by=person(), at=AT)
    unguarded("routing_handoff")
    unguarded("routing_slatimer")
    Handoff.objects.filter(pk=former.pk).update(status="rejected", closed_at=AT)
    again = clockwork.judgment(former.version, lead=former.lead)
    handoff = clockwork.handoff(again, holder=former.rep, calendar=former.calendar)
    timers.start(handoff, evaluation=again, at=NOON)
    RoutingDecision.objects.create(
        handoff=handoff,
        at=AT,
        rule="named_account",
        rep=handoff.rep,
        inputs={},
        outcomes=[],
        candidates=[],
        why="Named rep",
    )


def untouched_too_long() -> None:
    handoff = started()
    unguarded("routing_handoff")
    Handoff.objects.filter(pk=handoff.pk).update(opened_at=AT - timedelta(days=7, hours=2))


def room_not_used() -> None:
    RoomMark.objects.create(marked_at=AT - 31 * SECOND)


def floor_disagrees() -> None:
    handoff = started()
    unguarded("routing_floorcheck")
    FloorCheck.objects.create(handoff=handoff, at=NOON, cause="handover", missed=["company_size"])
    Handoff.objects.filter(pk=handoff.pk).update(floor_missed=False)


def territory_load_not_counted() -> None:
    clockwork.territory(clockwork.rep())
    unguarded("routing_territorymembership")
    TerritoryMembership.objects.update(open_count=7)


def territory_over_capacity() -> None:
    clockwork.territory(clockwork.rep())
    unguarded(
        "routing_territorymembership",
        drop("routing_territorymembership", "membership_within_capacity"),
    )
    TerritoryMembership.objects.update(open_count=3, capacity=2)


def away_with_untouched_leads() -> None:
    handoff = started()
    span = DateTimeTZRange(NOON + SECOND, NOON + timedelta(days=1))
    Absence.objects.create(rep=handoff.rep, span=span)
    unguarded("routing_absence")
    Absence.objects.update(updated_at=NOON)


def left_with_leads() -> None:
    handoff = started()
    User.objects.filter(rep=handoff.rep).update(is_active=False)
    unguarded("routing_rep")
    Rep.objects.update(updated_at=NOON)


def queue_without_owner() -> None:
    queue = clockwork.territory(clockwork.rep()).queue
    User.objects.filter(pk=queue.manager_id).update(is_active=False)


def suspended_in_rotation() -> None:
    handoff = started()
    Suspension.objects.create(rep=handoff.rep, began_at=NOON - MINUTE, missed_count=5)
    RoutingDecision.objects.create(
        handoff=handoff,
        at=AT,
        rule="territory",
        rep=handoff.rep,
        inputs={},
        outcomes=[],
        candidates=[],
        why="Rotation",
    )


def no_fallback() -> None:
    version = clockwork.agreement()
    unguarded("definitions_definitionversion")
    activated(version)


def rules_without_end() -> None:
    plan = RoutingPlan.objects.create(number=1, made_at=NOON)
    RoutingRule.objects.create(plan=plan, position=1, name="Any", kind="territory")
    RoutingPlan.objects.update(state="published", published_at=NOON, published_by=person())


def step_without_effect() -> None:
    timer = response(started())
    SlaEvent.objects.create(timer=timer, kind="escalated", at=AT, detail={"to": person("Olga").pk})


def paused_past_its_limit() -> None:
    timer = response(started())
    SlaTimer.objects.filter(pk=timer.pk).update(
        state="paused", paused_at=NOON, paused_until=AT - 31 * SECOND, pause_reason="other"
    )


def calendar_not_recounted() -> None:
    clockwork.office()
    unguarded("routing_businesscalendar")
    BusinessCalendar.objects.update(changed_at=AT - 61 * SECOND, recomputed_at=NOON)


PLANTS: dict[str, Callable[[], object]] = {
    "two_open_handoffs": two_open_handoffs,
    "qualified_without_handoff": reached_sql,
    "open_handoff_without_owner": open_handoff_without_owner,
    "owner_not_in_history": owner_not_in_history,
    "owner_outside_territory": owner_outside_territory,
    "handed_back_unsaid": handed_back_unsaid,
    "untouched_too_long": untouched_too_long,
    "pending_too_long": pending_too_long,
    "backlog_too_long": backlog_too_long,
    "room_not_used": room_not_used,
    "floor_disagrees": floor_disagrees,
    "load_not_counted": load_not_counted,
    "territory_load_not_counted": territory_load_not_counted,
    "rep_over_capacity": rep_over_capacity,
    "territory_over_capacity": territory_over_capacity,
    "away_with_untouched_leads": away_with_untouched_leads,
    "left_with_leads": left_with_leads,
    "queue_without_owner": queue_without_owner,
    "suspended_in_rotation": suspended_in_rotation,
    "no_fallback": no_fallback,
    "rules_without_end": rules_without_end,
    "not_one_response_clock": not_one_response_clock,
    "question_without_clock": question_without_clock,
    "step_overdue": step_overdue,
    "step_fired_early": step_fired_early,
    "step_not_in_ledger": step_not_in_ledger,
    "step_without_effect": step_without_effect,
    "breach_disagrees": breach_disagrees,
    "paused_past_its_limit": paused_past_its_limit,
    "calendar_not_recounted": calendar_not_recounted,
    "version_not_signed": version_not_signed,
    "two_active_versions": two_active_versions,
    "rejection_without_comment": rejection_without_comment,
    "notice_not_handled": notice_not_handled,
    "delivery_overdue": delivery_overdue,
}


def test_every_invariant_has_a_plant() -> None:
    assert [*PLANTS, "guard_missing"] == [check.name for check in invariants.CHECKS]


GONE = {
    "constraint": drop("routing_rep", "rep_within_capacity"),
    "index": "DROP INDEX one_open_handoff_per_lead",
    "trigger": "DROP TRIGGER rejection_is_append_only ON routing_rejection",
    "trigger, switched off": (
        "ALTER TABLE routing_rejection DISABLE TRIGGER rejection_is_append_only"
    ),
}


@pytest.mark.parametrize("kind", GONE)
def test_a_guard_that_is_gone_is_found(kind: str) -> None:
    [check] = [one for one in invariants.CHECKS if one.name == "guard_missing"]
    assert violations(check, at=AT) == []

    with connection.cursor() as cursor:
        cursor.execute(GONE[kind])

    [row] = violations(check, at=AT)
    assert str(row["guard"]) in GONE[kind]


@pytest.mark.parametrize("check", invariants.CHECKS, ids=lambda check: check.name)
def test_every_invariant_says_what_is_wrong_and_what_helps(check: Check) -> None:
    assert check.says.endswith(".")
    assert check.todo.endswith(".")


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_violation_is_found(name: str) -> None:
    assert name not in found()

    PLANTS[name]()

    assert len(found()[name]) >= 1


def test_nothing_is_found_on_an_empty_database() -> None:
    assert found() == {}


def test_nothing_is_found_while_clocks_run_fire_pause_and_stop() -> None:
    land = clockwork.territory(clockwork.rep("Slow"), clockwork.rep("Quick"))
    version = clockwork.agreement()
    for place in range(5):
        evaluation = clockwork.judgment(version, met=["demo_requested"])
        handoff = clockwork.handoff(
            evaluation,
            holder=Rep.objects.order_by("pk")[place % 2],
            calendar=land.calendar,
            territory=land,
        )
        timers.start(handoff, evaluation=evaluation, at=NOON)
        if place == 0:
            clockwork.pause(handoff, at=NOON + MINUTE)
        if place == 1:
            timers.heed_attempt(handoff, kind="call", at=NOON + MINUTE)
        if place == 2:
            timers.heed_attempt(handoff, kind="call", at=NOON + 6 * MINUTE)
    escalation.fire_due(at=NOON + 40 * MINUTE, limit=50)
    Notice.objects.update(handled_at=AT)

    assert SlaEvent.objects.filter(kind="reassigned").count() == 2
    assert found(NOON + 40 * MINUTE) == {}


def test_who_leaves_a_territory_keeps_what_the_rotation_gave_them() -> None:
    rita = sales.rep("Rita")
    sales.team(rita, sales.rep("Ben"))
    handoff = sales.opened(sales.agreement())
    while handoff.rep != rita:
        handoff = sales.opened(handoff.version)

    TerritoryMembership.objects.filter(rep=rita).delete()

    assert "owner_outside_territory" not in found()


def test_a_stand_in_of_a_rotation_that_was_no_member_is_found() -> None:
    handoff = started()
    land = clockwork.territory(clockwork.rep("Somebody else"))
    Handoff.objects.filter(pk=handoff.pk).update(territory=land)
    RoutingDecision.objects.create(
        handoff=handoff,
        at=AT,
        rule="territory",
        rep=handoff.rep,
        inputs={},
        outcomes=[],
        candidates=[{"rep": handoff.rep_id, "eligible": True, "outside": True}],
        why="Rotation",
    )

    assert len(found()["owner_outside_territory"]) == 1


@pytest.mark.parametrize("excuse", ["no longer meets", "pending", "by an import", "handed over"])
def test_a_qualified_lead_without_handoff_may_have_an_excuse(excuse: str) -> None:
    lead = reached_sql("external" if excuse == "by an import" else "evaluation")
    if excuse == "no longer meets":
        Lead.objects.filter(pk=lead.pk).update(no_longer_meets=True)
    if excuse == "pending":
        PendingMark.objects.create(lead=lead, marked_at=AT)
    if excuse == "handed over":
        evaluation = lead.evaluations.get()
        handoff = clockwork.handoff(
            evaluation, holder=clockwork.rep(), calendar=clockwork.office()
        )
        timers.start(handoff, evaluation=evaluation, at=NOON)

    assert found() == {}


def test_a_line_of_the_ledger_written_twice_is_found() -> None:
    handoff = started()
    escalation.fire_due(at=NOON + 3 * MINUTE, limit=10)
    timer = response(handoff)
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX step_fires_once")  # which would refuse it

    SlaEvent.objects.create(timer=timer, kind="warned", at=AT)

    assert found()["step_not_in_ledger"] == [
        {"timer": timer.pk, "event": "warned", "steps": 1, "lines": 2}
    ]


def test_a_paused_clock_is_not_overdue() -> None:
    handoff = started()
    clockwork.pause(handoff, at=NOON + MINUTE)

    assert "step_overdue" not in found(NOON + 3 * MINUTE)


def test_command_says_that_all_hold() -> None:
    out = StringIO()

    call_command("check_invariants", stdout=out)

    assert out.getvalue() == f"All {len(invariants.CHECKS)} invariants hold.\n"


def test_command_lists_the_rows_and_fails() -> None:
    pending_too_long()
    out = StringIO()

    with pytest.raises(SystemExit) as stop:
        call_command("check_invariants", stdout=out)

    lead = Lead.objects.get()
    heading, columns, row = out.getvalue().strip().split("\n")
    assert stop.value.code == 1
    assert heading.startswith("pending_too_long: New facts have waited")
    assert columns.split() == ["lead", "since"]
    assert row.split()[0] == str(lead.pk)


def test_command_writes_json() -> None:
    pending_too_long()
    out = StringIO()

    with pytest.raises(SystemExit):
        call_command("check_invariants", "--json", stdout=out)

    told = json.loads(out.getvalue())
    assert told["checked"] == len(invariants.CHECKS)
    assert [row["lead"] for row in told["violated"]["pending_too_long"]] == [Lead.objects.get().pk]
