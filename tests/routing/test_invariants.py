"""Each invariant finds what it is about, planted past the guards, and nothing on sound data."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from crm_handoff import invariants
from crm_handoff.integrations.models import Delivery
from definitions.models import DefinitionVersion
from leads.enums import Stage
from leads.models import Lead, PendingMark, StageTransition
from routing import escalation, pauses, timers
from routing.models import (
    Assignment,
    Handoff,
    Notice,
    Rejection,
    RejectionReason,
    Rep,
    ReviewTask,
    RoutingDecision,
    SlaEvent,
    SlaTimer,
    SlaTimerStep,
)
from tests.routing import clockwork
from tests.routing.clockwork import MINUTE, NOON, person
from tests.routing.test_timers import response, started

pytestmark = pytest.mark.django_db

AT = NOON + 2 * MINUTE
SECOND = timedelta(seconds=1)


def found(at: datetime = AT) -> dict[str, list[dict[str, object]]]:
    return {check.name: rows for check, rows in invariants.violated(at=at).items()}


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


PLANTS: dict[str, Callable[[], object]] = {
    "two_open_handoffs": two_open_handoffs,
    "qualified_without_handoff": reached_sql,
    "open_handoff_without_owner": open_handoff_without_owner,
    "owner_not_in_history": owner_not_in_history,
    "not_one_response_clock": not_one_response_clock,
    "question_without_clock": question_without_clock,
    "load_not_counted": load_not_counted,
    "rep_over_capacity": rep_over_capacity,
    "owner_outside_territory": owner_outside_territory,
    "pending_too_long": pending_too_long,
    "backlog_too_long": backlog_too_long,
    "step_overdue": step_overdue,
    "step_fired_early": step_fired_early,
    "step_not_in_ledger": step_not_in_ledger,
    "breach_disagrees": breach_disagrees,
    "version_not_signed": version_not_signed,
    "two_active_versions": two_active_versions,
    "rejection_without_comment": rejection_without_comment,
    "notice_not_handled": notice_not_handled,
    "delivery_overdue": delivery_overdue,
}


def test_every_invariant_has_a_plant() -> None:
    assert list(PLANTS) == [check.name for check in invariants.CHECKS]


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
            pauses.pause(handoff, at=NOON + MINUTE)
        if place == 1:
            timers.stop(handoff, kind="call", at=NOON + MINUTE)
        if place == 2:
            timers.stop(handoff, kind="call", at=NOON + 6 * MINUTE)
    escalation.fire_due(at=NOON + 40 * MINUTE, limit=50)
    Notice.objects.update(handled_at=AT)

    assert SlaEvent.objects.filter(kind="reassigned").count() == 2
    assert found(NOON + 40 * MINUTE) == {}


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

    SlaEvent.objects.create(timer=timer, kind="warned", at=AT)

    assert found()["step_not_in_ledger"] == [
        {"timer": timer.pk, "event": "warned", "is_fired": True, "lines": 2}
    ]


def test_a_paused_clock_is_not_overdue() -> None:
    handoff = started()
    pauses.pause(handoff, at=NOON + MINUTE)

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
