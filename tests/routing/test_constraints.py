"""What must never be untrue about ownership and clocks: each rule broken once by raw SQL."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection

from crm_handoff.people.models import User
from routing import drafts, followups, handoffs, plans, timers
from routing.models import (
    AbsenceSeries,
    BulkRejection,
    BusinessCalendar,
    Confirmation,
    Handoff,
    NamedAccount,
    Notice,
    Queue,
    Rep,
    ReviewTask,
    RoutingCondition,
    RoutingPolicy,
    SlaAlert,
    Suspension,
    TerritoryMembership,
)
from tests.routing import sales
from tests.routing.sales import NOON

pytestmark = pytest.mark.django_db

SOON = NOON + timedelta(minutes=1)

TRIGGERS = {
    "acceptance_is_append_only",
    "assignment_only_ends",
    "attempt_is_append_only",
    "bulk_rejection_is_append_only",
    "confirmation_is_append_only",
    "decision_is_append_only",
    "plan_stays_as_published",
    "routing_condition_frozen_after_draft",
    "rule_frozen_after_draft",
    "floor_check_is_append_only",
    "floor_follows_its_check",
    "handed_over_is_frozen",
    "handoff_is_kept",
    "handoff_moves_along_its_life",
    "open_handoff_has_a_response_clock",
    "rejected_handoff_reopens_by_reversal",
    "rejection_is_append_only",
    "reopened_handoff_has_a_response_clock",
    "response_clock_stays_with_open_handoff",
    "reversal_is_append_only",
    "sla_event_is_append_only",
}
"""Rules that triggers hold, under the names that their errors bear."""


def again(table: str, where: str = "true", **changes: Any) -> str:
    """Insert one row once more, with changes."""
    values = json.dumps({"id": 10**9} | changes).replace("'", "''")
    return (
        f"INSERT INTO routing_{table} SELECT (jsonb_populate_record(one, '{values}')).* "
        f"FROM routing_{table} one WHERE id = (SELECT min(id) FROM routing_{table} WHERE {where})"
    )


def change(table: str, what: str, where: str = "true") -> str:
    return f"UPDATE routing_{table} SET {what} WHERE {where}"


STAMPED = (
    "absence",
    "absenceseries",
    "businesscalendar",
    "handoff",
    "namedaccount",
    "notice",
    "queue",
    "rejectionreason",
    "rep",
    "reviewtask",
    "routingpolicy",
    "routingplan",
    "slaalert",
    "slatimer",
    "suspension",
    "territory",
    "territorymembership",
)
"""Tables whose rows say when they were last changed."""

OTHER_ID = "00000000-0000-4000-8000-000000000000"
HELD, QUEUED, REJECTED = "status = 'assigned'", "status = 'queued'", "status = 'rejected'"
OPEN = "state = 'open'"
DRAFT, PUBLISHED = "state = 'draft'", "state = 'published'"
DRAFTED = "plan_id = (SELECT id FROM routing_routingplan WHERE state = 'draft')"
IN_FORCE = "plan_id = (SELECT id FROM routing_routingplan WHERE state = 'published')"
RUNNING = "milestone = 'first_response' AND state = 'running'"
UNCOUNTED = "SET LOCAL session_replication_role = replica;"
"""Counters follow handoffs by triggers: to write a wrong one these must be off."""

UNANSWERED = {"acknowledged_at": None, "acknowledged_by_id": None}

BROKEN: dict[str, str] = {
    "alert_acknowledged_by_somebody": change("slaalert", "acknowledged_by_id = NULL"),
    "alert_missed_of_counted": change("slaalert", "missed_count = counted + 1"),
    "alert_side_known": change("slaalert", "side = 'ours'"),
    "alert_window_takes_time": change("slaalert", "window_ends_at = window_begins_at"),
    "one_alert_per_window": again("slaalert", public_id=OTHER_ID),
    "one_alert_to_acknowledge": ";".join(
        again(
            "slaalert",
            id=10**9 + number,
            public_id=OTHER_ID[:-1] + str(number),
            window_begins_at=f"2020-01-0{number}",
            **UNANSWERED,
        )
        for number in (1, 2)
    ),
    "one_draft_and_one_published_plan": again("routingplan", DRAFT, public_id=OTHER_ID, number=9),
    "one_rule_per_position": "SET CONSTRAINTS ALL IMMEDIATE;"
    + change("routingrule", "position = 1", DRAFTED),
    "plan_says_when_it_was_in_force": change("routingplan", "published_at = now()", DRAFT),
    "plan_state_known": (
        "ALTER TABLE routing_routingplan DROP CONSTRAINT plan_says_when_it_was_in_force;"
        + change("routingplan", "state = 'lost'", DRAFT)
    ),
    "plan_stays_as_published": change("routingplan", "note = 'Better so'", PUBLISHED),
    "routing_condition_frozen_after_draft": change(
        "routingcondition",
        "wanted = '1'",
        f"rule_id IN (SELECT id FROM routing_routingrule WHERE {IN_FORCE})",
    ),
    "routing_operator_known": change(
        "routingcondition",
        "operator = 'like'",
        f"rule_id IN (SELECT id FROM routing_routingrule WHERE {DRAFTED})",
    ),
    "rule_frozen_after_draft": change("routingrule", "name = 'Mine first'", IN_FORCE),
    "rule_has_a_name": change("routingrule", "name = ' '", DRAFTED),
    "rule_kind_is_planned": change("routingrule", "kind = 'person'", DRAFTED),
    "rule_names_what_its_kind_needs": change("routingrule", "least_amount = 5", DRAFTED),
    "one_routing_policy": again("routingpolicy", id=2),
    "one_running_suspension_per_rep": again("suspension", public_id=OTHER_ID),
    "suspension_is_ended_by_somebody": change("suspension", "ended_at = now()"),
    "suspension_takes_a_miss": change("routingpolicy", "suspend_after_misses = 0"),
    "suspension_window_is_days": change("routingpolicy", "suspend_window_days = 366"),
    "absence_delegate_is_somebody_else": change("absence", "delegate_id = rep_id"),
    "absence_has_a_beginning": change("absence", "span = tstzrange(NULL, upper(span))"),
    "absences_do_not_overlap": again("absence", public_id=OTHER_ID),
    "series_comes_again": change("absenceseries", "every_weeks = 0"),
    "series_delegate_is_somebody_else": change("absenceseries", "delegate_id = rep_id"),
    "series_ends_after_it_starts": change("absenceseries", "ends_on = starts_on - 1"),
    "series_has_both_times_or_none": change("absenceseries", "begins = '13:00'"),
    "series_is_on_weekdays": change("absenceseries", "weekdays = '{7}'"),
    "accepted_handoff_says_when": change("handoff", "status = 'accepted'", HELD),
    "acceptance_is_append_only": "DELETE FROM routing_acceptance",
    "assignment_ends_after_it_began": change("assignment", "ended_at = '2020-01-01'"),
    "assignment_names_one_holder": again(
        "assignment", "rep_id IS NOT NULL", rep_id=None, ended_at="2030-01-01"
    ),
    "assignment_only_ends": change("assignment", "began_at = '2020-01-01'"),
    "asked_answer_holds": change("reviewtask", "valid_days = 0"),
    "asked_of_a_known_side": change("reviewtask", "side = 'ours'"),
    "attempt_is_append_only": change("attempt", "note = 'Never said'"),
    "attempt_kind_known": again("attempt", kind="smoke"),
    "attempt_outcome_known": again("attempt", outcome="magic"),
    "bulk_rejection_above_the_limit": again("bulkrejection", public_id=OTHER_ID, missed_count=1),
    "bulk_rejection_batch_known": again(
        "bulkrejection", public_id=OTHER_ID, batch_kind="full_moon"
    ),
    "bulk_rejection_has_a_comment": again("bulkrejection", public_id=OTHER_ID, comment=" "),
    "bulk_rejection_is_append_only": change("bulkrejection", "missed_count = 20"),
    "closure_has_both_ends_or_none": (
        'INSERT INTO routing_calendarclosure (calendar_id, "on", opens, name) '
        "SELECT id, '2026-01-01', '09:00', '' FROM routing_businesscalendar LIMIT 1"
    ),
    "confirmation_began_before": again("confirmation", began_at="2030-01-01"),
    "confirmation_checklist_known": again("confirmation", checklist="horoscope"),
    "confirmation_is_append_only": change("confirmation", "began_at = NULL"),
    "decision_is_append_only": change("routingdecision", "why = 'Because'"),
    "decision_names_one_owner": again("routingdecision", rep_id=None, queue_id=None),
    "decision_rule_known": again("routingdecision", rule="whim"),
    "floor_cause_known": again("floorcheck", cause="mood"),
    "floor_check_is_append_only": "DELETE FROM routing_floorcheck",
    "floor_follows_its_check": change("handoff", "floor_missed = NOT floor_missed", HELD),
    "followup_done_by_somebody": change("followup", "done_at = now()"),
    "followup_ends_once": change(
        "followup", "cancelled_at = now(), done_at = now(), done_by_id = created_by_id"
    ),
    "followup_kind_known": change("followup", "kind = 'smoke'"),
    "followup_says_what": change("followup", "what = ' '"),
    "handed_over_is_frozen": change("handoff", "packet = '{}'", HELD),
    "handoff_closed_iff_not_open": change("handoff", "status = 'returned'", HELD),
    "handoff_is_kept": f"DELETE FROM routing_handoff WHERE {HELD}",
    "handoff_moves_along_its_life": change(
        "handoff", "status = 'accepted', accepted_at = now()", QUEUED
    ),
    "handoff_status_known": (
        "ALTER TABLE routing_handoff DROP CONSTRAINT handoff_closed_iff_not_open;"
        + again("handoff", HELD, status="lost", public_id=OTHER_ID)
    ),
    "held_handoff_says_since_when": change("handoff", "assigned_at = NULL", HELD),
    "membership_within_capacity": UNCOUNTED
    + change("territorymembership", "capacity = 0, open_count = 1"),
    "membership_weight_positive": change("territorymembership", "weight = 0"),
    "named_criterion_was_checked": again("rejection", criterion_key="company_size"),
    "notice_kind_known": change("notice", "kind = 'gossip'"),
    "one_answer_clock_per_question": again("slatimer", "review_task_id IS NOT NULL"),
    "one_fallback_queue": change("queue", "is_fallback = true"),
    "one_membership_per_rep": again("territorymembership"),
    "one_open_handoff_per_lead": again("handoff", QUEUED, public_id=OTHER_ID),
    "one_open_question_per_lead": again("reviewtask", OPEN, public_id=OTHER_ID),
    "one_response_clock_per_handoff": again(
        "slatimer", RUNNING, state="met", stopped_at="2030-01-01"
    ),
    "one_running_assignment_per_handoff": again("assignment", "ended_at IS NULL"),
    "one_running_timer_per_milestone": ";".join(
        again("slatimer", RUNNING, milestone="re_response", id=10**9 + number)
        for number in range(2)
    ),
    "one_step_per_level": again("slatimerstep"),
    "one_task_per_cadence_step": ";".join(
        [change("followup", "cadence_step = 1"), again("followup", public_id=OTHER_ID)]
    ),
    "one_window_per_opening": again("calendarwindow"),
    "open_handoff_has_a_response_clock": (
        "UPDATE routing_rep SET capacity = 9;"
        + again("handoff", REJECTED, public_id=OTHER_ID, status="assigned", closed_at=None)
    ),
    "open_handoff_has_one_owner": change("handoff", "queue_id = NULL", QUEUED),
    "reason_category_known": change("rejectionreason", "category = 'mood'"),
    "rejected_handoff_reopens_by_reversal": change(
        "handoff", "status = 'assigned', closed_at = NULL", REJECTED
    ),
    "rejection_has_a_comment": again("rejection", comment=" \n "),
    "rejection_is_append_only": change("rejection", "comment = 'Nice lead'"),
    "reopened_handoff_has_a_response_clock": (
        "UPDATE routing_rep SET capacity = 9;"
        + again("handoff", REJECTED, public_id=OTHER_ID)
        + ";"
        + change(
            "handoff",
            "status = 'assigned', closed_at = NULL",
            f"public_id = '{OTHER_ID}'",
        )
    ),
    "rep_excess_not_negative": UNCOUNTED + change("rep", "excess_count = -1"),
    "rep_kind_known": change("rep", "kind = 'bot'"),
    "rep_within_capacity": change(
        "handoff",
        "status = 'assigned', assigned_at = now(), queue_id = NULL, "
        "rep_id = (SELECT id FROM routing_rep WHERE capacity = open_count LIMIT 1)",
        QUEUED,
    ),
    "question_answered_iff_names_answer": change(
        "reviewtask", "state = 'answered', closed_at = now()", OPEN
    ),
    "question_closed_iff_not_open": change("reviewtask", "closed_at = now()", OPEN),
    "question_state_known": change("reviewtask", "state = 'maybe', closed_at = now()", OPEN),
    "response_clock_stays_with_open_handoff": change("slatimer", "state = 'cancelled'", RUNNING),
    "reversal_is_append_only": "DELETE FROM routing_reversal",
    "reversal_is_of_one_answer": again("reversal", acceptance_id=None),
    "sla_event_is_append_only": change("slaevent", "at = now()"),
    "sla_event_kind_known": again("slaevent", kind="snoozed"),
    "step_fires_once": (
        "INSERT INTO routing_slaevent (timer_id, kind, at, detail) "
        "SELECT min(timer.id), 'warned', now(), '{}' "
        "FROM routing_slatimer timer, generate_series(1, 2) twice GROUP BY twice"
    ),
    "step_fired_iff_says_when": change("slatimerstep", "state = 'fired'"),
    "step_kind_known": change("slatimerstep", "kind = 'beg'"),
    "step_never_fires_early": change(
        "slatimerstep", "state = 'fired', fired_at = due_at - interval '1 microsecond'"
    ),
    "step_state_known": change("slatimerstep", "state = 'maybe'"),
    "territory_size_in_order": change("territory", "min_employees = 2, max_employees = 1"),
    "timer_is_of_one_thing": change("slatimer", "handoff_id = NULL", RUNNING),
    "timer_breached_iff_says_when": change("slatimer", "state = 'breached'", RUNNING),
    "timer_due_after_start": change("slatimer", "due_at = started_at - interval '1 second'"),
    "timer_met_says_when": change("slatimer", "state = 'met'", RUNNING),
    "timer_milestone_known": change("slatimer", "milestone = 'lunch'", RUNNING),
    "only_a_paused_timer_says_until_when": change("slatimer", "paused_until = due_at", RUNNING),
    "timer_pause_reason_known": change(
        "slatimer", "state = 'paused', paused_at = started_at, pause_reason = 'tired'", RUNNING
    ),
    "timer_paused_iff_says_when": change("slatimer", "state = 'paused'", RUNNING),
    "timer_state_known": change("slatimer", "state = 'asleep'", RUNNING),
    "window_on_a_weekday": change("calendarwindow", "weekday = 7"),
}
"""The rule's name and the SQL that breaks it."""


def _rules(user: User) -> None:
    """Published routing rules and a draft of others, each with a condition."""
    plan = drafts.start(by=user, at=NOON)
    rule = plan.rules.get(kind="territory")
    drafts.save_condition(
        RoutingCondition(rule=rule, fact="country", operator="is", wanted="DE"), by=user
    )
    found = plans.draft()
    assert found is not None
    drafts.publish(found, by=user, at=NOON, seen=drafts.fingerprint_of(found))
    drafts.start(by=user, at=NOON)


@pytest.fixture
def history() -> None:
    """A rep who is full, and away next week, with handoffs in every state that matters."""
    rita = sales.rep("Rita", capacity=2)
    sales.away(rita, since=NOON + timedelta(days=9), until=NOON + timedelta(days=10))
    AbsenceSeries.objects.create(
        rep=rita, weekdays=[4], starts_on=date(2026, 1, 16), time_zone="UTC"
    )
    sales.team(rita)
    sales.fallback()
    _rules(rita.user)
    version, user = sales.agreement(), rita.user
    rejected, accepted = sales.opened(version), sales.opened(version)
    handoffs.attempt(accepted.pk, by=user, kind="call", outcome="reached", at=NOON)
    followups.add(accepted.pk, kind="call", what="Call again", due_at=SOON, by=user, at=NOON)
    Confirmation.objects.create(handoff=accepted, by=user, at=NOON, checklist="bant")
    handoffs.accept(accepted.pk, by=user, at=NOON)
    handoffs.undo(accepted.pk, by=user, at=NOON)
    handoffs.reject(rejected.pk, reason=sales.reason(), comment="No", by=user, at=NOON)
    sales.opened(version)
    task = ReviewTask.objects.create(
        lead=sales.lead("Asked about"),
        version=version,
        key="ideal_customer",
        question="Is it an ideal customer?",
        side="marketing",
        valid_days=30,
        owner=version.author,
        opened_at=NOON,
    )
    BulkRejection.objects.create(
        definition=version.definition,
        batch_kind="campaign",
        batch_key="1",
        batch_name="Spring",
        handed_over_count=20,
        missed_count=2,
        limit_pct=5,
        reason=sales.reason(),
        comment="Bought list",
        by=user,
        at=NOON,
    )
    timers.start_for_question(task, within=timedelta(hours=4), at=NOON)
    sales.opened(version)
    RoutingPolicy.objects.create(suspend_after_misses=3)
    Suspension.objects.create(rep=rita, began_at=NOON, missed_count=3)
    SlaAlert.objects.create(
        definition=version.definition,
        side="sales",
        window_begins_at=NOON,
        window_ends_at=NOON + timedelta(days=7),
        counted=20,
        missed_count=3,
        limit_pct=10,
        told=user,
        at=NOON,
        acknowledged_at=SOON,
        acknowledged_by=user,
        comment="Two more reps start in May.",
    )
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


@pytest.mark.parametrize(("name", "sql"), BROKEN.items(), ids=BROKEN.keys())
def test_the_database_refuses(history: None, name: str, sql: str) -> None:
    with pytest.raises(IntegrityError) as refused, connection.cursor() as cursor:
        cursor.execute(f"{sql}; SET CONSTRAINTS ALL IMMEDIATE")

    assert refused.value.__cause__.diag.constraint_name == name


def test_every_rule_is_broken_once() -> None:
    named = {
        constraint.name
        for model in apps.get_app_config("routing").get_models()
        for constraint in model._meta.constraints
    }

    assert set(BROKEN) == named | TRIGGERS


def test_every_trigger_is_known() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal "
            "AND tgrelid::regclass::text LIKE 'routing_%'"
        )
        present = {name for (name,) in cursor.fetchall()}

    assert present == {
        *TRIGGERS
        - {"handed_over_is_frozen", "handoff_moves_along_its_life"}
        - {"rejected_handoff_reopens_by_reversal", "floor_follows_its_check"},
        "absence_over",
        "calendar_hours_changed",
        "handoff_freeze",
        "handoff_life",
        "handoff_load_dropped",
        "handoff_load_moved",
        "handoff_load_taken",
        "membership_has_room",
        "membership_joined",
        "membership_load_is_kept",
        "rep_has_room",
        "rep_load_is_kept",
        "suspension_over",
        "territory_drawn",
        "territory_redrawn",
        "calendarclosure_stamps_calendar",
        "calendarwindow_stamps_calendar",
        *(f"{table}_updated_at" for table in STAMPED),
    }


@pytest.mark.parametrize("table", STAMPED)
def test_a_row_says_when_it_was_last_changed_and_nobody_else_does(
    history: None, table: str
) -> None:
    long_ago = "updated_at = '2020-01-01'"
    sales.reason()
    account = sales.account()
    NamedAccount.objects.create(account=account, rep=Rep.objects.get())

    with connection.cursor() as cursor:
        cursor.execute(change(table, long_ago))
        assert cursor.rowcount
        cursor.execute(f"SELECT min(updated_at) > now() FROM routing_{table}")
        assert cursor.fetchone() == (True,)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE routing_calendarwindow SET opens = '08:00'",
        "DELETE FROM routing_calendarwindow",
        """INSERT INTO routing_calendarclosure (calendar_id, "on", name)
           SELECT id, '2026-12-24', '' FROM routing_businesscalendar""",
    ],
)
def test_a_calendar_changes_with_its_windows_and_closures(history: None, statement: str) -> None:
    calendar = BusinessCalendar.objects.exclude(windows=None).first()
    assert calendar is not None
    before = calendar.updated_at

    with connection.cursor() as cursor:
        cursor.execute(statement)

    calendar.refresh_from_db()
    assert calendar.updated_at > before


def test_the_scene_is_as_the_statements_expect(history: None) -> None:
    assert sorted(Handoff.objects.values_list("status", flat=True)) == [
        "assigned",
        "assigned",
        "queued",
        "rejected",
    ]
    assert Notice.objects.exists()
    assert Queue.objects.exists()
    assert TerritoryMembership.objects.exists()
    assert Rep.objects.get().open_count == 2


def test_erasing_a_person_may_change_a_packet(history: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL app.erasing = 'on'")
        cursor.execute(change("handoff", "packet = '{}'"))

    assert not Handoff.objects.exclude(packet={}).exists()
