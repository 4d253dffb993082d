"""Clocks counted anew when the hours of their calendar are edited."""

from datetime import datetime, time
from threading import Barrier, Thread

import pytest
from django.db import connection, connections, transaction

from leads.models import Lead
from routing import escalation, locks, recounting, review_tasks, timers
from routing.enums import StepState, TimerState
from routing.models import (
    BusinessCalendar,
    CalendarClosure,
    CalendarWindow,
    Handoff,
    ReviewTask,
    SlaTimer,
)
from tests.routing import clockwork, sales
from tests.routing.clockwork import DAY, HOUR, MINUTE, NOON
from tests.routing.test_timers import ledger, response, started

pytestmark = pytest.mark.django_db


def close_at(handoff: Handoff, closes: time) -> None:
    CalendarWindow.objects.filter(calendar=handoff.calendar).update(closes=closes)


def recount(at: datetime = NOON + MINUTE) -> int:
    return recounting.recount(at=at, limit=100)


def is_done(calendar: BusinessCalendar) -> bool:
    calendar.refresh_from_db()
    return calendar.recomputed_at >= calendar.changed_at


def due(timer: SlaTimer) -> dict[str, datetime]:
    return dict(timer.steps.values_list("kind", "due_at"))


def test_a_shorter_day_moves_what_is_left_to_the_next_one() -> None:
    handoff = started(met=())
    was_due_at = response(handoff).due_at

    close_at(handoff, time(15))

    assert recount() == 1
    timer = response(handoff)
    assert timer.due_at == NOON.replace(hour=8) + DAY + 2 * HOUR
    assert due(timer)["breach"] == timer.due_at
    assert due(timer)["warn"] == NOON + 2 * HOUR
    assert due(timer)["escalate"] == timer.due_at + 2 * HOUR
    assert ledger(timer) == ["started", "recomputed"]
    detail = timer.events.get(kind="recomputed").detail
    assert detail == {
        "was_due_at": was_due_at.isoformat(),
        "due_at": timer.due_at.isoformat(),
        "calendar": handoff.calendar.key,
    }
    assert recount() == 0
    assert is_done(handoff.calendar)


def test_a_clock_is_counted_once_an_edit() -> None:
    handoff = started(met=())
    close_at(handoff, time(15))
    recount()
    close_at(handoff, time(16))

    assert (recount(), recount()) == (1, 0)

    assert ledger(response(handoff)) == ["started", "recomputed", "recomputed"]


def test_a_clock_that_starts_meanwhile_is_not_counted_again() -> None:
    handoff = started(met=())
    close_at(handoff, time(15))
    evaluation = clockwork.judgment(handoff.version)
    calendar = BusinessCalendar.objects.get(pk=handoff.calendar_id)
    later = clockwork.handoff(evaluation, holder=handoff.rep, calendar=calendar)
    timers.start(later, evaluation=evaluation, at=NOON)

    assert recount() == 1

    assert ledger(response(later)) == ["started"]


def test_a_clock_that_an_unfinished_transaction_counted_by_former_hours_is_found_later() -> None:
    handoff = started(met=())
    close_at(handoff, time(15))
    SlaTimer.objects.filter(handoff=handoff).update(state="cancelled")
    recount()
    assert is_done(handoff.calendar)

    SlaTimer.objects.filter(handoff=handoff).update(state="running")

    assert recount() == 0
    assert recounting.recount_stragglers(at=NOON + MINUTE, limit=10) == 1
    assert recounting.recount_stragglers(at=NOON + MINUTE, limit=10) == 0


def test_what_has_fired_stays_and_what_has_not_moves() -> None:
    handoff = started(met=())
    escalation.fire_due(at=NOON + 2 * HOUR, limit=10)

    close_at(handoff, time(15))
    recount(NOON + 2 * HOUR)

    timer = response(handoff)
    assert timer.steps.get(kind="warn").state == StepState.FIRED
    assert timer.steps.get(kind="warn").due_at == NOON + 2 * HOUR
    assert timer.due_at == NOON.replace(hour=8) + DAY + 2 * HOUR


def test_longer_hours_never_let_anything_fall_due_before_the_edit_was_heeded() -> None:
    handoff = started(met=(), tipped_at=NOON.replace(hour=15))
    was_due_at = response(handoff).due_at
    assert was_due_at == NOON.replace(hour=8) + DAY + 3 * HOUR
    edited_at = NOON.replace(hour=20)

    close_at(handoff, time(21))
    recount(edited_at)

    timer = response(handoff)
    assert timer.due_at == edited_at
    assert due(timer)["warn"] == edited_at
    assert due(timer)["breach"] == edited_at


def test_a_clock_that_is_late_already_stays_as_it_is() -> None:
    handoff = started(met=())
    was_due_at = response(handoff).due_at

    close_at(handoff, time(15))
    recount(was_due_at + MINUTE)

    assert response(handoff).due_at == was_due_at
    assert ledger(response(handoff)) == ["started"]


def test_a_closure_that_concerns_no_clock_leaves_no_line() -> None:
    handoff = started(met=())

    CalendarClosure.objects.create(calendar=handoff.calendar, on=NOON.date() + 40 * DAY)

    assert recount() == 1
    assert ledger(response(handoff)) == ["started"]


def test_a_paused_clock_is_counted_anew_too() -> None:
    handoff = started(met=())
    clockwork.pause(handoff, at=NOON + HOUR, until=NOON + 2 * HOUR)

    close_at(handoff, time(16))
    recount(NOON + 1.5 * HOUR)

    timer = response(handoff)
    assert timer.state == TimerState.PAUSED
    assert timer.due_at == NOON.replace(hour=8) + DAY + 2 * HOUR


def test_round_the_clock_promises_and_other_calendars_are_left_alone() -> None:
    product = started(met=(), path="product_led")
    other = started(met=())
    edited = started(met=())

    close_at(edited, time(15))

    assert recount() == 1
    assert ledger(response(product)) == ["started"]
    assert ledger(response(other)) == ["started"]


def test_a_calendar_that_never_opens_again_leaves_its_clocks_as_they_are() -> None:
    handoff = started(met=())
    was_due_at = response(handoff).due_at

    CalendarWindow.objects.filter(calendar=handoff.calendar).delete()

    assert recount() == 1
    assert recount() == 0
    assert response(handoff).due_at == was_due_at


def test_the_clock_of_a_question_is_counted_anew() -> None:
    clockwork.office(key="default")
    task = ReviewTask.objects.create(
        lead=Lead.objects.create(last_name="Asked"),
        version=clockwork.agreement(),
        key="sells",
        question="Does this company sell to other companies?",
        side="marketing",
        valid_days=30,
        owner=clockwork.person(),
        opened_at=NOON,
    )
    timer = timers.start_for_question(task, within=4 * HOUR, at=NOON)

    CalendarWindow.objects.all().update(closes=time(14))

    assert recount() == 1
    moved = task.timers.get()
    assert moved.due_at > timer.due_at
    assert list(moved.events.order_by("pk").values_list("kind", flat=True)) == [
        "started",
        "recomputed",
    ]
    assert not review_tasks.fire_next(task.pk, at=timer.due_at)


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE routing_calendarwindow SET closes = '15:00' WHERE calendar_id = %s",
        "UPDATE routing_businesscalendar SET time_zone = 'Asia/Kolkata' WHERE id = %s",
        "DELETE FROM routing_calendarwindow WHERE calendar_id = %s AND weekday = 1",
    ],
)
def test_edits_by_raw_sql_are_heeded_too(edit: str) -> None:
    handoff = started(met=())
    was_due_at = response(handoff).due_at

    with connection.cursor() as cursor:
        cursor.execute(edit, [handoff.calendar_id])

    assert recount() == 1
    assert response(handoff).due_at != was_due_at


def test_a_thousand_clocks_take_as_many_queries_as_ten(
    django_assert_max_num_queries: object,
) -> None:
    first = started(version=sales.agreement(), met=())
    for _ in range(5):
        evaluation = clockwork.judgment(first.version)
        made = clockwork.handoff(evaluation, holder=first.rep, calendar=first.calendar)
        timers.start(made, evaluation=evaluation, at=NOON)
    close_at(first, time(15))

    with django_assert_max_num_queries(16):  # type: ignore[operator]
        assert recount() == 6


@pytest.mark.django_db(transaction=True)
def test_two_workers_count_every_clock_once_and_leave_what_is_locked() -> None:
    with transaction.atomic():
        handoffs = [started(met=())]
        for _ in range(11):
            evaluation = clockwork.judgment(handoffs[0].version)
            made = clockwork.handoff(
                evaluation, holder=handoffs[0].rep, calendar=handoffs[0].calendar
            )
            timers.start(made, evaluation=evaluation, at=NOON)
            handoffs.append(made)
    close_at(handoffs[0], time(15))
    barrier = Barrier(2)

    def work() -> None:
        barrier.wait()
        while recounting.recount(at=NOON + MINUTE, limit=3):
            pass
        connections.close_all()

    workers = [Thread(target=work) for _ in range(2)]
    with transaction.atomic():
        locks.lock_handoff(handoffs[5].pk)
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert not is_done(handoffs[0].calendar)

    assert ledger(response(handoffs[5])) == ["started"]
    assert recount() == 1
    assert recount() == 0
    assert all(ledger(response(handoff)) == ["started", "recomputed"] for handoff in handoffs)
    assert is_done(handoffs[0].calendar)
