"""The cadence of tasks that a response term promises."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from definitions.enums import AttemptKind
from definitions.models import DefinitionVersion
from routing import cadences, followups, handoffs
from routing.enums import AttemptOutcome
from routing.models import FollowUp, Handoff, Rep
from tests.routing import sales
from tests.routing.clockwork import HOUR, MINUTE
from tests.routing.sales import NOON

pytestmark = pytest.mark.django_db

CADENCE = [
    {"kind": "call", "after": "1 hour", "what": "Call"},
    {"kind": "email", "after": "4 hours", "what": "Introduce us by e-mail"},
    {"kind": "call", "after": "8 hours", "what": "Call again"},
    {"kind": "email", "after": "16 hours", "what": "Send the reference"},
]
"""In business hours: today 13:00 and 16:00, tomorrow noon, the day after noon."""

TERM = {"label": "Everyone", "respond_within": "4 hours", "cadence": CADENCE}
DAY = timedelta(days=1)
DUE = [NOON + HOUR, NOON + 4 * HOUR, NOON + DAY, NOON + 2 * DAY]


def agreement(**changes: Any) -> DefinitionVersion:
    return sales.agreement(sla_terms={"other": TERM | changes})


@pytest.fixture
def rita() -> Rep:
    rep = sales.rep("Rita")
    sales.team(rep)
    return rep


@pytest.fixture
def handoff(rita: Rep) -> Handoff:
    return sales.opened(agreement())


def dues(handoff: Handoff) -> dict[str, datetime]:
    """What is still to be done of the cadence: words and instants."""
    return {task.what: task.due_at for task in followups.open_of(handoff).order_by("cadence_step")}


def attempted(
    handoff: Handoff,
    rita: Rep,
    *,
    at: datetime,
    kind: AttemptKind = AttemptKind.CALL,
    outcome: AttemptOutcome = AttemptOutcome.NO_ANSWER,
) -> None:
    handoffs.attempt(handoff.pk, by=sales.user_of(rita), kind=kind, outcome=outcome, at=at)


def test_assignment_sets_the_tasks_in_the_hours_of_the_term(handoff: Handoff) -> None:
    assert dues(handoff) == dict(zip([step["what"] for step in CADENCE], DUE, strict=True))
    first = followups.open_of(handoff).order_by("cadence_step")[0]
    assert (first.kind, first.cadence_step, first.created_by) == ("call", 1, None)


def test_around_the_clock_they_come_sooner(rita: Rep) -> None:
    handoff = sales.opened(agreement(is_business_time=False))

    assert list(dues(handoff).values()) == [NOON + n * HOUR for n in (1, 4, 8, 16)]


def test_doing_it_twice_for_one_assignment_changes_nothing(handoff: Handoff) -> None:
    before = list(FollowUp.objects.values_list("pk", "due_at").order_by("pk"))

    assert cadences.begin(handoff, at=NOON + HOUR) == 0

    assert list(FollowUp.objects.values_list("pk", "due_at").order_by("pk")) == before


def test_a_queue_has_no_cadence() -> None:
    sales.team()
    handoff = sales.opened(agreement())

    assert not handoff.followups.exists()
    assert cadences.begin(handoff, at=NOON) == 0


def test_a_term_without_one_asks_nothing_and_costs_nothing(
    rita: Rep, django_assert_num_queries: Any
) -> None:
    handoff = sales.opened(agreement(cadence=None))

    with django_assert_num_queries(0):
        assert cadences.begin(handoff, at=NOON) == 0


def test_a_new_owner_of_an_untouched_lead_starts_over(handoff: Handoff, rita: Rep) -> None:
    first = followups.open_of(handoff).order_by("cadence_step")[0]
    followups.complete(first.pk, by=sales.user_of(rita), at=NOON + MINUTE)
    handoff.assigned_at = NOON + DAY

    cadences.begin(handoff, at=NOON + DAY)

    assert list(dues(handoff).values()) == [due + DAY for due in DUE[1:]]


def test_a_new_owner_of_a_lead_that_was_tried_goes_on_where_it_stands(
    handoff: Handoff, rita: Rep
) -> None:
    attempted(handoff, rita, at=NOON + HOUR)
    handoff.refresh_from_db()
    handoff.assigned_at = NOON + DAY

    assert cadences.begin(handoff, at=NOON + DAY) == 0

    assert list(dues(handoff).values()) == DUE[1:]


def test_a_task_that_a_person_moved_keeps_its_day_with_a_new_owner(
    handoff: Handoff, rita: Rep
) -> None:
    thursday = NOON + 2 * DAY + HOUR
    first = followups.open_of(handoff).order_by("cadence_step")[0]
    followups.reschedule(first.pk, due_at=thursday, by=sales.user_of(rita), at=NOON + MINUTE)
    handoff.assigned_at = NOON + DAY

    cadences.begin(handoff, at=NOON + DAY)

    assert list(dues(handoff).values()) == [thursday, *(due + DAY for due in DUE[1:])]


def test_a_task_that_a_person_moved_is_asked_also_where_a_new_term_has_no_place_for_it(
    handoff: Handoff, rita: Rep
) -> None:
    quick = [{"kind": "chat", "after": "1 hour", "what": "Chat"}]
    terms = {"quick": TERM | {"cadence": quick, "when": {"stage": "pql"}}, "other": TERM}
    opened = sales.opened(sales.agreement(sla_terms=terms))
    last = followups.open_of(opened).order_by("cadence_step").last()
    assert last is not None
    followups.reschedule(last.pk, due_at=NOON + 9 * DAY, by=sales.user_of(rita), at=NOON)
    opened.timers.update(term_key="quick")
    opened.assigned_at = NOON + DAY

    cadences.begin(opened, at=NOON + DAY)

    assert dues(opened) == {"Chat": NOON + DAY + HOUR, last.what: NOON + 9 * DAY}


def test_new_high_intent_brings_the_cadence_of_its_own_term(handoff: Handoff) -> None:
    quick = [{"kind": "chat", "after": "1 hour", "what": "Chat"}]
    terms = {"quick": TERM | {"cadence": quick, "when": {"stage": "pql"}}, "other": TERM}
    version = sales.agreement(sla_terms=terms)
    opened = sales.opened(version)
    opened.timers.update(term_key="quick")
    opened.assigned_at = NOON + DAY

    cadences.begin(opened, at=NOON + DAY)

    assert dues(opened) == {"Chat": NOON + DAY + HOUR}


def test_an_attempt_does_one_task_of_its_kind(handoff: Handoff, rita: Rep) -> None:
    attempted(handoff, rita, at=NOON + HOUR)

    assert list(dues(handoff)) == [step["what"] for step in CADENCE[1:]]


def test_after_a_late_attempt_the_next_tasks_keep_their_distance(
    handoff: Handoff, rita: Rep
) -> None:
    late = NOON + 3 * HOUR

    attempted(handoff, rita, at=late)

    assert list(dues(handoff).values()) == [
        NOON + DAY - 2 * HOUR,  # 3 hours of business time after the call of 15:00
        NOON + DAY + 2 * HOUR,
        NOON + 2 * DAY + 2 * HOUR,
    ]


def test_after_an_early_attempt_nothing_comes_earlier_than_planned(
    handoff: Handoff, rita: Rep
) -> None:
    attempted(handoff, rita, at=NOON + MINUTE)

    assert list(dues(handoff).values()) == DUE[1:]


def test_a_late_attempt_leaves_a_task_that_a_person_moved_on_its_day(
    handoff: Handoff, rita: Rep
) -> None:
    second = followups.open_of(handoff).order_by("cadence_step")[1]
    followups.reschedule(second.pk, due_at=NOON + 6 * HOUR, by=sales.user_of(rita), at=NOON)

    attempted(handoff, rita, at=NOON + 3 * HOUR)

    assert dues(handoff)[second.what] == NOON + 6 * HOUR
    assert dues(handoff)["Call again"] == NOON + DAY + 2 * HOUR


def test_an_attempt_of_another_kind_moves_nothing(handoff: Handoff, rita: Rep) -> None:
    attempted(handoff, rita, at=NOON + 3 * HOUR, kind=AttemptKind.MESSAGE)

    assert list(dues(handoff).values()) == DUE


def test_whoever_is_reached_needs_no_more_of_it(handoff: Handoff, rita: Rep) -> None:
    own = followups.add(
        handoff.pk,
        kind=AttemptKind.EMAIL,
        what="Send the offer",
        due_at=NOON + DAY,
        by=sales.user_of(rita),
        at=NOON,
    )

    attempted(handoff, rita, at=NOON + HOUR, outcome=AttemptOutcome.REACHED)

    assert followups.open_of(handoff).get() == own
    handoff.refresh_from_db()
    assert cadences.begin(handoff, at=NOON + DAY) == 0


def test_a_wrong_number_is_not_called_again(handoff: Handoff, rita: Rep) -> None:
    attempted(handoff, rita, at=NOON + HOUR, outcome=AttemptOutcome.WRONG_CONTACT)

    assert list(dues(handoff)) == ["Introduce us by e-mail", "Send the reference"]


def test_a_batch_costs_the_same_however_large(rita: Rep) -> None:
    version = agreement()
    few, many = ([sales.opened(version) for _ in range(count)] for count in (2, 6))
    FollowUp.objects.all().delete()

    def queries_of(batch: list[Handoff]) -> int:
        keys = [handoff.pk for handoff in batch]
        fresh = list(Handoff.objects.filter(pk__in=keys))
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert cadences.begin_many(fresh, at=NOON) == len(batch) * len(CADENCE)
        return len(captured)

    assert queries_of(few) == queries_of(many)
